"""Indicators from files and the command line: recomputed by hand from a BORIS export; what cannot be asked is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from actscribe.cli import app
from actscribe.errors import ActScribeError
from actscribe.evaluation.icc import consistency, icc
from actscribe.indicator_settings import Indicator
from actscribe.labels import load_label_set

#: A tabular export of BORIS 8: start and stop rows of state events, a point event.
EXPORT = """Observation id\tMedia file path\tMedia duration (s)\tSubject\tBehavior\tBehavior type\tTime
visit\tvisit.mp4\t100.0\tNo focal subject\tBaby visible\tSTART\t4.0
visit\tvisit.mp4\t100.0\tNo focal subject\tStimulation\tSTART\t10.0
visit\tvisit.mp4\t100.0\tNo focal subject\tStimulation\tSTOP\t22.0
visit\tvisit.mp4\t100.0\tNo focal subject\tPPV\tSTART\t30.0
visit\tvisit.mp4\t100.0\tNo focal subject\tPPV\tSTOP\t41.0
visit\tvisit.mp4\t100.0\tNo focal subject\tSuctioning\tSTART\t42.0
visit\tvisit.mp4\t100.0\tNo focal subject\tSuctioning\tSTOP\t47.0
visit\tvisit.mp4\t100.0\tNo focal subject\tPPV\tSTART\t51.0
visit\tvisit.mp4\t100.0\tNo focal subject\tPPV\tSTOP\t80.0
visit\tvisit.mp4\t100.0\tNo focal subject\tBaby visible\tSTOP\t94.0
"""
#: By hand. Ventilation 30-41 and 51-80: of its first 30 s (30-60) it ran 11 + 9; its pause is 41-51, of which suction
#: took 42-47. Of the 90 s with the newborn, 12 were stimulation, 40 ventilation, 5 suction: 33 without any.
BY_HAND = {
    "ventilation after birth": 30 + 25,
    "ventilation after arrival": 30 - 4,
    "ventilated in its first 30 s": 20 / 30,
    "longest pause of ventilation": 10,
    "in pauses of ventilation: Suction": 0.5,
    "in pauses of ventilation: Stimulation": 0,
    "in pauses of ventilation: nothing else": 0.5,
    "without any intervention": 33 / 90,
}


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "visit.events.tsv"
    path.write_text(EXPORT, encoding="utf-8")
    (tmp_path / "visit.mp4").write_bytes(b"")
    (tmp_path / "manifest.csv").write_text(
        "video,annotations,birth_s,arrival_s\nvisit.mp4,visit.events.tsv,-25,0:04.0\n", encoding="utf-8"
    )
    return path


def run(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(one) for one in arguments], env={"COLUMNS": "80"})
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".parquet"])
def test_the_preset_of_newborns_recomputed_by_hand(export: Path, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"table{ending}"
    labels = ("--labels", "newborn_resuscitation", "--manifest", tmp_path / "manifest.csv")
    output = run("indicators", export, *labels, "--out", out)
    reading = {".csv": pd.read_csv, ".xlsx": pd.read_excel, ".parquet": pd.read_parquet}
    table = reading[ending](out).fillna({"part": ""})
    values = {f"{one.indicator}: {one.part}".removesuffix(": "): one.value for one in table.itertuples()}
    assert values == pytest.approx(BY_HAND)
    assert (table["state"] == "measured").all()
    assert table.set_index("indicator").loc["ventilation after birth", "verdict"] == "met"
    assert "67 %" in output
    assert max(len(line) for line in output.splitlines() if not line.startswith(str(tmp_path))) <= 80


def test_a_page_that_loads_nothing(export: Path, tmp_path: Path) -> None:
    out = tmp_path / "audit.html"
    run("indicators", export, "--labels", "newborn_resuscitation", "--out", out)
    page = out.read_text(encoding="utf-8")
    assert "the manifest gives no birth_s" in page
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    assert "<script" not in page


def test_what_cannot_be_asked_is_said(export: Path, tmp_path: Path) -> None:
    for arguments, words in (
        (("--labels", "falls_at_home"), "has no indicators"),
        ((), "a YAML file with `indicators:`."),
        (("--table", "time-budget"), "Add --labels, a preset's name or a YAML file."),
        (("--labels", tmp_path), "is a folder, expected a label preset or a YAML file."),
        (("--labels", "newborn_resuscitation", "--table", "transition"), "Did you mean 'transitions'"),
        (("--labels", "newborn_resuscitation", "--out", tmp_path / "x.pdf"), ".parquet"),
        (("--labels", "newborn_resuscitation", "--table", "errors"), "not known"),
    ):
        done = CliRunner().invoke(app, ["indicators", str(export), *map(str, arguments)])
        assert done.exit_code == 2
        assert words in " ".join(done.output.split())


def test_moments_are_of_a_column_of_the_studys_own_in_any_case(export: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("video,annotations,Birth_S\nvisit.mp4,visit.events.tsv,-25\n", encoding="utf-8")
    words = ["indicators", export, "--labels", "newborn_resuscitation", "--manifest", manifest]
    assert "ventilation after birth 55.0 s" in " ".join(run(*words).split())
    labels = tmp_path / "labels.yaml"
    asked = "{name: a, measure: latency, of: V, after: {manifest: split}}"
    labels.write_text(f"name: x\nlabels: [V]\nindicators: [{asked}]\nignored: [Baby visible, PPV]\n", encoding="utf-8")
    done = CliRunner().invoke(app, [str(one) for one in (*words[:2], "--labels", labels, "--manifest", manifest)])
    assert done.exit_code == 2
    assert "column 'split', which holds no moments" in " ".join(done.output.split())


def test_moments_that_are_no_times_name_their_line(export: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.csv"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("-25", "at dawn"), encoding="utf-8")
    done = CliRunner().invoke(
        app, ["indicators", str(export), "--labels", "newborn_resuscitation", "--manifest", str(manifest)]
    )
    assert done.exit_code == 2
    assert "line 2 of the manifest: birth_s of visit.mp4 is 'at dawn'" in " ".join(done.output.split())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "measure: latncy\n    of: Aa",
            "x.yaml:4: indicators.0.measure: no measure is called 'latncy'. Did you mean 'latency'?",
        ),
        (
            "measure: latency\n    of: Aaa",
            "x.yaml:3: indicators.0: 'i' names 'Aaa', which is not a label. Did you mean 'Aa'?",
        ),
        ("measure: latency\n    of: Aa\n    aftr: {event: E}", "x.yaml:6: unknown key 'aftr'. Did you mean 'after'?"),
        ("measure: latency\n    of: Aa\n    limit: 60", "x.yaml:6"),
        ("measure: latency\n    of: Aa\n    limit: <= 60 %\n    source: s", "write '<= 60 s' or '<= 60 min'"),
        ("measure: latency\n    of: Aa\n    limit: <= 60 s", "has no 'source'"),
        ("measure: total\n    of: E", "'E' is a point event, which lasts no time; count it instead"),
        ("measure: total\n    of: Aa\n    after: {start_of: Aa, event: E}", "found start_of and event"),
        ("measure: total", "write exactly one of them"),
        ("measure: overlap\n    of: Aa", "belong together"),
        ("measure: total\n    of: Aa\n    after: {end_of: E}", "'E' is a point event, which has no end"),
        (
            "measure: total\n    of: Aa\n    after: {manifest: ''}",
            "x.yaml:6: indicators.0.after.manifest: expected a text",
        ),
        (
            "measure: total\n    of: Aa\n    after: {start_of: Aa, nth: true}",
            "nth: expected a whole number (found True)",
        ),
        ("measure: total\n    of: Aa\n    lasting: true", "lasting: expected a number (found True)"),
        ("measure: total\n    of: Aa\n    limit: <= 60 s\n    source: ' '", "has no 'source'"),
        ("measure: [total]\n    of: Aa", "no measure is called '['total']'"),
        ("measure: during pauses\n    without: Aa", "write 'of' in place of 'without'"),
        ("measure: during pauses\n    of: Aa\n    limit: <= 5 %\n    source: s", "no one limit"),
        ("measure: during pauses\n    of: Aa\n    among: Aa", "never runs in its own pauses"),
        ("measure: during pauses\n    of: [Aa, B]", "no other label is left"),
    ],
)
def test_mistakes_in_a_label_set_are_told_with_their_line(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(f"name: x\nindicators:\n  - name: i\n    {text}\nlabels: [Aa, B]\nevents: [E]\n")
    with pytest.raises(ActScribeError) as error:
        load_label_set(path)
    assert words in str(error.value)


def test_presets_say_what_they_measure() -> None:
    newborn = load_label_set("newborn_resuscitation")
    assert newborn.moments() == ("birth_s", "arrival_s")
    lab = load_label_set("behaviour_lab")
    assert lab.time_budget.out_of_sight == ("Out of sight",)
    assert all(isinstance(one, Indicator) for one in lab.indicators)


def test_two_annotators_by_icc(tmp_path: Path) -> None:
    totals = np.array([[10.0, 12], [20, 21], [5, 9], [30, 30], [14, 13], [22, 25]])
    for side, who in enumerate(("anna", "ben")):
        (tmp_path / who).mkdir()
        for index, row in enumerate(totals):
            text = f"label,start_s,end_s\nA,{2 + index + side},{2 + index + side + row[side]}\n"
            (tmp_path / who / f"v{index}.csv").write_text(text, encoding="utf-8")
    (tmp_path / "labels.yaml").write_text("name: x\nlabels: [A]\n", encoding="utf-8")
    out = tmp_path / "icc.csv"
    run(
        "indicators",
        tmp_path / "anna",
        "--second",
        tmp_path / "ben",
        "--labels",
        tmp_path / "labels.yaml",
        "--out",
        out,
    )
    table = pd.read_csv(out).set_index("indicator")
    row, own = table.loc["A: total"], icc(totals)
    assert row[["icc", "icc_low", "icc_high"]].tolist() == pytest.approx([own.value, own.low, own.high])
    assert row["icc3"] == pytest.approx(consistency(totals).value)
    assert row["off_by"] == pytest.approx(np.abs(totals[:, 0] - totals[:, 1]).mean())
    assert table.loc["A: latency", "off_by"] == pytest.approx(1)
    assert table.loc["A: latency", "icc3"] == pytest.approx(1)  # always a second later: consistent
    assert table.loc["A: latency", "icc"] < 1


def compared(folder: Path, *words: object, code: int = 0) -> str:
    """Return what `indicators` says of two annotators, in one line."""
    (folder / "labels.yaml").write_text("name: x\nlabels: [A]\n", encoding="utf-8")
    given = ["indicators", *words, "--labels", folder / "labels.yaml"]
    done = CliRunner().invoke(app, [str(word) for word in given])
    assert done.exit_code == code, done.output
    return " ".join(done.output.split())


def test_videos_that_cannot_be_compared_are_said(tmp_path: Path) -> None:
    for who, names in (("anna", ("v0", "v1", "v2")), ("ben", ("v0", "v1", "v3")), ("chris", ("v0",))):
        (tmp_path / who).mkdir()
        for name in names:
            (tmp_path / who / f"{name}.csv").write_text("label,start_s,end_s\nA,1,2\n", encoding="utf-8")
    anna, ben, chris = (tmp_path / who for who in ("anna", "ben", "chris"))
    assert "Only one of the two annotators has v2, v3: left out." in compared(tmp_path, anna, "--second", ben)
    words = compared(tmp_path, anna, chris, "--second", ben, code=2)
    assert "One annotator has several files of v0" in words


def limited(limit: str) -> str:
    """Return why a limit of a share is refused."""
    with pytest.raises(ValueError, match="limit") as caught:
        Indicator(name="x", measure="fraction", of=("A",), limit=limit, source="ours")
    return str(caught.value)


def test_a_share_is_limited_in_percent_and_at_most_by_all() -> None:
    assert "'>= 90 %'" in limited(">= 0.9")
    assert "'>= 90 %'" in limited(">= 90")
    assert "100 % at most" in limited(">= 900 %")
    share = Indicator(name="x", measure="fraction", of=("A",), limit=">= 100 %", source="ours")
    assert share.bound is not None
    assert share.bound.value == 1.0


LAMPS = "name: lamps\nlabels: [A, B]\nevents: [P]\nindicators: [{name: a, measure: count, of: A"


def asked(folder: Path, rows: str, *words: object, more: str = "", end: str = "]", code: int = 0) -> str:
    """Return what `indicators` says of an annotation file, in one line."""
    (folder / "labels.yaml").write_text(f"{LAMPS}{more}}}{end}\n")
    (folder / "v.csv").write_text(f"video,label,start_s,end_s,subject\n{rows}")
    given = ["indicators", folder / "v.csv", "--labels", folder / "labels.yaml", *words]
    done = CliRunner().invoke(app, [str(word) for word in given])
    assert done.exit_code == code, done.output
    return " ".join(done.output.split())


def test_a_subject_that_nothing_is_of_is_refused_and_not_counted_as_idle(tmp_path: Path) -> None:
    rows = "v.mp4,A,1,2,Animal 1\nv.mp4,A,3,4,Animal 2\nv.mp4,A,5,6,Animal 2\n"
    assert "'Animal 3'" in asked(tmp_path, rows, "--subject", "Animal 3", code=2)
    assert "Did you mean 'Animal" in asked(tmp_path, rows, "--subject", "animal 1", code=2)
    assert "No subject is named" in asked(tmp_path, "v.mp4,A,1,2,\n", "--subject", "Animal 1", code=2)
    assert " a 2 " in asked(tmp_path, rows, "--subject", "Animal 2")


def test_why_a_window_is_empty_is_said(tmp_path: Path) -> None:
    rows = "v.mp4,A,10,20,\nv.mp4,B,15,30,\n"
    assert "ends where it begins" in asked(tmp_path, rows, more=", after: {start_of: A}, until: {start_of: A}")
    assert "ends before it begins" in asked(tmp_path, rows, more=", after: {start_of: B}, until: {start_of: A}")
    assert "how long the video is, is not known" in asked(tmp_path, "")


def test_of_many_videos_it_is_said_of_how_many_and_why_of_none(tmp_path: Path) -> None:
    rows = "".join(f"v{n}.mp4,A,10,20,\n" for n in range(6))
    output = asked(tmp_path, rows, more=", after: {manifest: birth_s}")
    assert "0/6" in output
    assert "Note: a: the manifest gives no birth_s, in 6 of 6 videos." in output
    assert "6/6" in asked(tmp_path, rows)


def test_no_transitions_are_no_empty_table(tmp_path: Path) -> None:
    output = asked(tmp_path, "v.mp4,A,1,2,\n", "--table", "transitions", end="]\ntime_budget: {lags: 0}", code=2)
    assert "lags: 0" in output


def test_lines_of_json_are_no_annotation_file(tmp_path: Path) -> None:
    (tmp_path / "cam.live.jsonl").write_text('{"kind": "session"}\n{"kind": "end"}\n')
    done = CliRunner().invoke(app, ["indicators", str(tmp_path / "cam.live.jsonl"), "--labels", "behaviour_lab"])
    assert done.exit_code == 2
    assert "live.jsonl, name the file that was made of it" in " ".join(done.output.split())
