"""`actscribe agreement`: two files, two folders, two observations, and what is refused or said."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from actscribe.annotations import Annotations, Interval, write
from actscribe.cli import app
from actscribe.cli.agreement import _some
from actscribe.data.pairs import Reading, read_pairs
from actscribe.errors import ActScribeError

FIRST = [("Sit", 0.0, 10.0), ("Walk", 10.0, 20.0)]
SECOND = [("Sit", 0.5, 9.0), ("Walk", 11.0, 20.0)]


def annotated(path: Path, shown: list[tuple[str, float, float]], format: str = "csv", media: str = "") -> Path:
    path.parent.mkdir(exist_ok=True)
    held = Annotations.of((Interval(*one) for one in shown), [media] if media else [], 20.0)
    write(path, held, format)
    return path


def compare(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["agreement", *map(str, words)])
    return done.exit_code, " ".join(done.output.split())


def test_two_files_of_two_formats_give_a_table(tmp_path: Path) -> None:
    """By hand, moments 0 to 20: they differ at 0 (Sit or nothing) and at 10 (both or nothing)."""
    first, second = annotated(tmp_path / "a.csv", FIRST), annotated(tmp_path / "b.eaf", SECOND, "elan")
    code, words = compare(first, second, "--tolerance", 1, "--out", tmp_path / "t.csv")
    assert code == 0, words
    table = pd.read_csv(tmp_path / "t.csv").set_index("label")
    assert table.loc["all", "alike"] == pytest.approx(19 / 21)
    assert table.loc["Sit", ["start_s", "end_s", "f1"]].tolist() == pytest.approx([0.5, -1.0, 1.0])
    assert f"kappa {table.loc['all', 'kappa']:.3f}, within 1 s" in words
    assert "what BORIS prints" in words
    assert "sed_eval" in words
    code, words = compare(first, second, "--out", tmp_path / "t.csv")
    assert (code, "exists already" in words) == (2, True)
    assert compare(first, second, "--out", tmp_path / "t.csv", "--overwrite")[0] == 0


def test_what_one_of_the_two_did_not_annotate_is_said_and_no_moment_of_it_counts(tmp_path: Path) -> None:
    """By hand: of moments 0 to 20 both annotated 0 to 4, and agree on 1 to 4; of nothing, no moment."""
    first = annotated(tmp_path / "a.csv", FIRST)
    for until, moments in ((5.0, 5), (0.0, 0)):
        shown = [Interval("Sit", 0.5, until)] if until else []
        second = tmp_path / f"{until}.csv"
        write(second, Annotations(tuple(shown), (Interval("", until, 20.0),), (), 20.0, ("Sit", "Walk")), "csv")
        code, words = compare(first, second, "--out", tmp_path / "t.csv", "--overwrite")
        assert code == 0, words
        assert pd.read_csv(tmp_path / "t.csv").set_index("label").loc["all", "moments"] == moments
        assert f"one label at least, and left out: a ({20 - until:.1f} s)" in words


def test_names_that_only_one_has_are_said_and_aliases_help(tmp_path: Path) -> None:
    first, second = annotated(tmp_path / "a.csv", FIRST), annotated(tmp_path / "b.csv", [("sitting", 0.5, 9.0)])
    _, words = compare(first, second)
    assert "only the first has: Sit, Walk" in words
    assert "only the second has: sitting" in words
    labels = tmp_path / "labels.yaml"
    labels.write_text("name: l\nlabels:\n- {name: Sit, aliases: [sitting]}\n", encoding="utf-8")
    code, words = compare(first, second, "--labels", labels)
    assert code == 0
    assert "unknown to the label set, left out: 'Walk' (1x)" in words
    assert "spelled in two ways" not in words


def test_with_a_label_set_no_label_set_is_advised(tmp_path: Path) -> None:
    first, second = annotated(tmp_path / "a.csv", FIRST), annotated(tmp_path / "b.csv", [("Sit", 0.5, 9.0)])
    labels = tmp_path / "labels.yaml"
    labels.write_text("name: l\nlabels:\n- {name: Sit}\n- {name: Walk}\n", encoding="utf-8")
    assert "only the first has: Walk; spelled in two ways? See --labels" in compare(first, second)[1]
    words = compare(first, second, "--labels", labels)[1]
    assert "only the first has: Walk" in words
    assert "spelled in two ways" not in words


def test_folders_are_paired_by_name(tmp_path: Path) -> None:
    for name in ("one", "Two"):
        annotated(tmp_path / "a" / f"{name}.mp4.csv", FIRST)
        annotated(tmp_path / "b" / f"{name.lower()}.eaf", SECOND, "elan")
    annotated(tmp_path / "b" / "three.json", SECOND, "json")
    paired = read_pairs(tmp_path / "a", tmp_path / "b")
    assert [pair.name for pair in paired.pairs] == ["one", "Two"]
    assert paired.alone == ("three",)
    code, words = compare(tmp_path / "a", tmp_path / "b")
    assert code == 0
    assert "only one of the two has: three; left out" in words
    assert "2 recordings" in words


def test_two_observations_of_one_project(tmp_path: Path) -> None:
    rows = [
        f"{label},{start},{end},{video}" for video, its in (("x", FIRST), ("y", SECOND)) for label, start, end in its
    ]
    both = tmp_path / "both.csv"
    both.write_text("label,start_s,end_s,video\n" + "\n".join(rows) + "\n", encoding="utf-8")
    code, words = compare(both, both, "--observation", "x", "--observation-2", "y")
    assert code == 0, words
    apart = [annotated(tmp_path / "a.csv", FIRST), annotated(tmp_path / "b.csv", SECOND)]
    assert compare(*apart)[1] == words


def test_subjects_are_told_apart_on_request(tmp_path: Path) -> None:
    for name, shift in (("a", 0), ("b", 2)):
        held = [Interval("Sit", 0, 10, "Ann"), Interval("Sit", 5 + shift, 20, "Ben")]
        write(tmp_path / f"{name}.csv", Annotations.of(held), "csv")
    files = tmp_path / "a.csv", tmp_path / "b.csv"
    assert "subjects are not distinguished (Ann, Ben)" in compare(*files)[1]
    ann, ben = (read_pairs(*files, Reading(subject=who)).pairs[0] for who in ("Ann", "Ben"))
    assert ann.first.intervals == ann.second.intervals
    assert [one.start for one in (*ben.first.intervals, *ben.second.intervals)] == [5, 7]
    code, words = compare(*files, "--out", tmp_path / "t.csv")
    table = pd.read_csv(tmp_path / "t.csv").fillna({"subject": ""}).set_index(["subject", "label"])
    assert list(dict.fromkeys(table.index.get_level_values(0))) == ["", "Ann", "Ben"]
    assert table.loc[("Ann", "all"), ["kappa_near", "f1"]].isna().tolist() == [True, False]  # both say one throughout
    assert table.loc[("Ben", "Sit"), "start_s"] == pytest.approx(2)
    assert "Each subject alone" in words
    assert "Each subject alone" not in compare(*files, "--subject", "Ben")[1]
    code, words = compare(*files, "--subject", "Bem")
    assert (code, "Did you mean 'Ben'" in words) == (2, True)


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    first = annotated(tmp_path / "a.csv", FIRST)
    (tmp_path / "empty.csv").write_text("label,start_s,end_s\n", encoding="utf-8")
    (tmp_path / "none").mkdir()
    annotated(tmp_path / "x" / "x.csv", FIRST)
    annotated(tmp_path / "y" / "y.csv", FIRST)
    for other, expected in [
        ("a.csv", "compared with itself"),
        ("gone.csv", "no such file"),
        ("none", "one is a folder"),
    ]:
        with pytest.raises(ActScribeError, match=expected):
            read_pairs(first, tmp_path / other)
    with pytest.raises(ActScribeError, match="nothing is annotated"):
        read_pairs(tmp_path / "empty.csv", annotated(tmp_path / "no.json", [], "json"))
    with pytest.raises(ActScribeError, match="no video in common: x here, y there"):
        read_pairs(tmp_path / "x", tmp_path / "y")
    with pytest.raises(ActScribeError, match="no annotation file"):
        read_pairs(tmp_path / "x", tmp_path / "none")
    assert compare(first, tmp_path / "none", "--unit", 0)[0] == 2


def test_tables_fit_into_80_columns_in_one_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Names of labels are folded rather than columns put below: with intervals, large counts and negative numbers."""
    label = "Positive pressure ventilation by mask"
    for index in range(6):
        for name, shift in (("a", 0.0), ("b", 0.6 - 0.1 * index)):
            shown = [(label, 5 + shift, 900.0), ("Walk", 10.0, 1200.0 + shift), ("Sit", 1250.0, 1290.0 + shift)]
            path = tmp_path / name / f"{index}.csv"
            path.parent.mkdir(exist_ok=True)
            held = [Interval(*one, who) for one in shown for who in ("Ann", "Ben")]
            write(path, Annotations.of(held, [], 1300.0), "csv")
    done = CliRunner().invoke(app, ["agreement", str(tmp_path / "a"), str(tmp_path / "b")])
    assert done.exit_code == 0, done.output
    assert "low" in done.output
    assert "continued" not in done.output
    assert max(map(len, done.output.splitlines())) <= 80


def test_a_label_of_two_lines_breaks_no_sentence() -> None:
    assert _some(["a\nb", "c"]) == "a b, c"


def test_a_label_without_a_kappa_has_its_reason(tmp_path: Path) -> None:
    throughout = [("Sit", 0.0, 20.0), ("Walk", 10.0, 20.0)]
    first, second = annotated(tmp_path / "a.csv", throughout), annotated(tmp_path / "b.csv", throughout)
    code, words = compare(first, second)
    assert code == 0
    assert "No kappa of Sit: both say yes throughout, so that chance would agree as well." in words
    assert "No kappa of Walk" not in words


def test_events_between_two_moments_are_not_said_to_be_none(tmp_path: Path) -> None:
    first = annotated(tmp_path / "a.csv", [("Sit", 0.0, 11.0), ("Eat", 5.1, 5.8)])
    second = annotated(tmp_path / "b.csv", [("Sit", 0.0, 11.0)])
    words = compare(first, second)[1]
    assert "Events of Eat lie between two moments, one every 1 s: kappa and similarity do not see them." in words
    assert "No kappa of Sit: both say yes throughout" in words
    assert "both say no" not in words
    assert "lie between" not in compare(first, second, "--unit", "0.1")[1]


def test_subjects_that_one_of_the_two_does_not_name_are_not_compared_one_by_one(tmp_path: Path) -> None:
    for name, who in (("a", "Ann"), ("b", "")):
        write(tmp_path / f"{name}.csv", Annotations.of([Interval("Sit", 0, 10, who)], [], 20.0), "csv")
    words = compare(tmp_path / "a.csv", tmp_path / "b.csv")[1]
    assert "No subject is named by both, so subjects are not compared one by one." in words
    assert "Each subject alone" not in words


def test_a_time_budget_is_one_table_of_80_columns_for_all_videos(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for number in range(4):
        annotated(tmp_path / "files" / f"subject{number}_take_10.csv", [*FIRST, ("Sit", 19.5, 19.75)])
    (tmp_path / "labels.yaml").write_text("name: x\ntask: multi-label\nlabels: [Sit, Walk]\n")
    words = ["indicators", tmp_path / "files", "--labels", tmp_path / "labels.yaml", "--table", "time-budget"]
    output = CliRunner().invoke(app, [str(word) for word in words]).output
    assert output.count("Time budget: ") == 1
    assert "continued" not in output
    heading = next(line for line in output.splitlines() if " video " in line)
    assert heading.split()[:3] == ["video", "label", "events"]
    assert heading.split()[-1] == "share"
