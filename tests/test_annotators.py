"""A second annotator: from the manifest to kappa between two people, beside kappa of every recognizer."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from comparisons import SKILLS, made_up
from html_page import Page
from sklearn.metrics import cohen_kappa_score
from small_studies import LEFT, RIGHT, film, interval_text, write_manifest, write_study
from systems import MULTI_CLASS, NAMES, Field, field, system
from typer.testing import CliRunner

from actscribe import load_data, load_study
from actscribe.annotations.interval import Annotations, Interval
from actscribe.cli import app
from actscribe.compare.compare import rewrite_report
from actscribe.compare.result import assemble
from actscribe.data.clips import Window, cut, targets
from actscribe.data.manifest import read_manifest
from actscribe.data.recording import Recording
from actscribe.errors import ActScribeError
from actscribe.evaluation.annotators import FIRST, SECOND, annotator_table, between
from actscribe.evaluation.comparison.systems import share
from actscribe.labels import LabelSet
from actscribe.report.comparison import sentences
from actscribe.report.comparison.show import show
from actscribe.run_folder.comparison import Provenance


def late(recording: Recording, seconds: float) -> Annotations:
    """The same bouts, begun and ended later."""
    return Annotations.of(
        replace(one, start=one.start + seconds, end=min(one.end + seconds, recording.duration))
        for one in recording.intervals or ()
        if one.start + seconds < recording.duration
    )


def two_sides(where: Field, second: dict[str, Annotations]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of the clips that two annotated, and targets of both annotators there."""
    window = Window(3.0, 1.5) if where.labels.task == "multi-label" else Window(None)
    rows = [index for index, clip in enumerate(where.clips) if clip.recording in second]
    clips = []
    for one in where.recordings:
        if one.name in second:
            own = second[one.name]
            clips += cut(replace(one, intervals=own.intervals, gaps=own.gaps), where.labels, window)
    first = targets(where.clips, where.labels.task)[rows]
    return np.array(rows), first, targets(clips, where.labels.task)


def test_kappa_is_that_of_scikit_learn_on_the_clips_that_both_annotated() -> None:
    where = field(10)
    systems = [system(where, "weak", 0.2), system(where, "good", 0.75, seeds=(4, 5))]
    shared = share(systems, np.array([0.6, 0.3, 0.2]), seed=0)
    second = {one.name: late(one, 1.0) for one in where.recordings[:8]}
    gap = Interval("Suction", 20.0, 30.0)
    second["r1"] = replace(second["r1"], gaps=(gap,))
    table = annotator_table(systems, shared, second, 0.5)
    assert table is not None
    rows, first, other = two_sides(where, second)
    known = ~(np.isnan(first) | np.isnan(other))
    assert not known.all()
    indexed = table.set_index(["system", "against", "label"])
    assert len(indexed) == (1 + 2 + 2) * 4
    for column, name in enumerate(NAMES):
        held = known[:, column]
        row = indexed.loc[(SECOND, FIRST, name)]
        assert row["kappa"] == pytest.approx(cohen_kappa_score(first[held, column], other[held, column]))
        assert row["alike"] == pytest.approx((first[held, column] == other[held, column]).mean())
        assert row["clips"] == held.sum()
        assert row["low"] < row["kappa"] < row["high"]
        for side, reference in ((FIRST, first), (SECOND, other)):
            runs = [run.decisions()[rows][held, column] for run in systems[1].runs]
            kappas = [cohen_kappa_score(reference[held, column], decided.astype(float)) for decided in runs]
            assert indexed.loc[("good", side, name), "kappa"] == pytest.approx(np.mean(kappas))
    by_label = [indexed.loc[(SECOND, FIRST, name), "kappa"] for name in NAMES]
    assert indexed.loc[(SECOND, FIRST, "all"), "kappa"] == pytest.approx(np.mean(by_label))
    assert annotator_table(systems, shared, {}, 0.5) is None


def test_classes_are_compared_all_at_once() -> None:
    where = field(count=30, labels=MULTI_CLASS)
    systems = [system(where, "good", 0.7)]
    shared = share(systems, np.full(3, 1 / 3), seed=0)
    second = {
        one.name: Annotations.of([Interval(NAMES[n % 3], 0.0, one.duration)]) for n, one in enumerate(where.recordings)
    }
    table = annotator_table(systems, shared, second, 0.5)
    assert table is not None
    _, first, other = two_sides(where, second)
    row = table.set_index(["system", "against", "label"]).loc[(SECOND, FIRST, "all")]
    assert row["kappa"] == pytest.approx(cohen_kappa_score(first.argmax(axis=1), other.argmax(axis=1)))
    assert row["alike"] == pytest.approx((first.argmax(axis=1) == other.argmax(axis=1)).mean())


def test_two_annotators_of_a_study_are_compared_without_any_recognizer() -> None:
    """Counted by hand: of ten clips of 1 s both say yes in 3, no in 4, one alone in 2, the other alone in 1."""
    labels = LabelSet.model_validate({"name": "t", "labels": ["A"]})
    mine, theirs = Interval("A", 0.0, 5.0), Annotations.of([Interval("A", 2.0, 6.0)])
    one = Recording("r", Path("r.mp4"), 10.0, "c", "g", "test", (mine,))
    table = between([one, replace(one, name="other")], {"r": theirs}, labels, Window(1.0, 1.0), 0.5)
    assert table["label"].tolist() == ["A", "all"]
    assert table["recordings"].tolist() == [1, 1]
    assert table["clips"].tolist() == [10, 10]
    assert table["alike"].tolist() == pytest.approx([0.7, 0.7])
    # By chance (5 * 4 + 5 * 6) / 100 = 0.5.
    assert table["kappa"].tolist() == pytest.approx([0.4, 0.4])


def lamps(folder: Path, name: str = RIGHT) -> Path:
    """Three short recordings, the last of which two annotated; `name` is what the second one calls a lamp."""
    folder.mkdir()
    rows = []
    for index, split in enumerate(("train", "validation", "test")):
        shown = [(LEFT, 0, 2000), (RIGHT, 3000, 5000)]
        film(folder / f"r{index}.mp4", shown, 6.0, index)
        interval_text(folder / f"r{index}.txt", shown)
        rows.append({"video": f"r{index}.mp4", "annotations": f"r{index}.txt", "split": split, "annotations_2": ""})
    interval_text(folder / "again.txt", [(LEFT, 0, 2000), (name, 4000, 5000)])
    rows[2]["annotations_2"] = "again.txt"
    write_manifest(folder, rows)
    return write_study(folder)


def test_a_second_file_is_read_checked_and_shown_by_check(tmp_path: Path) -> None:
    study = lamps(tmp_path / "good")
    data = load_data(load_study(study))
    assert data.second.keys() == {"r2"}
    assert [(one.label, one.start, one.end) for one in data.second["r2"].intervals] == [(LEFT, 0, 2), (RIGHT, 4, 5)]
    assert len(data.recordings[2].intervals or ()) == 2
    done = CliRunner().invoke(app, ["check", str(study)])
    assert done.exit_code == 0, done.output
    assert "Two annotators on the same clips" in done.output
    wrong = CliRunner().invoke(app, ["check", str(lamps(tmp_path / "wrong", "Middle lamp"))])
    assert wrong.exit_code == 2
    assert "'Middle lamp' (1x)" in wrong.output


def test_a_copy_is_noticed(tmp_path: Path) -> None:
    study = lamps(tmp_path / "copy")
    (study.parent / "again.txt").write_bytes((study.parent / "r2.txt").read_bytes())
    assert "the very same intervals" in CliRunner().invoke(app, ["check", str(study)]).output


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("video,annotations_2\na.mp4,a.eaf\n", r":2: 'annotations_2' without 'annotations'"),
        ("video,annotations,annotations_2\na.mp4,a.eaf,a.eaf\n", r":2: .*are the same file"),
        ("video,annotations,annotations_2\na.mp4,a.eaf,x.eaf\n", r":2: no such annotation file: .*x\.eaf"),
        ("video,label,label_2,annotations_2\na.mp4,x,y,a.eaf\n", r":2: both 'annotations_2' and 'label_2'"),
        ("video,annotation_2\na.mp4,a.eaf\n", r":1: unknown column 'annotation_2'. Did you mean 'annotations_2'"),
    ],
)
def test_a_bad_second_column_is_answered_with_its_line(tmp_path: Path, text: str, expected: str) -> None:
    for name in ("a.mp4", "a.eaf"):
        (tmp_path / name).touch()
    (tmp_path / "manifest.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ActScribeError, match=expected):
        read_manifest(tmp_path / "manifest.csv")


def test_the_report_holds_the_second_annotator_beside_the_recognizers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    provenance = made_up(tmp_path, count=4, seeds=1, curve=())
    recordings = {r.name: r for r in assemble(tmp_path, provenance).shared.recordings}
    provenance.second = {name: late(one, 0.7) for name, one in recordings.items()}
    provenance.write(tmp_path)
    kept = Provenance.read(tmp_path)
    assert kept.second == provenance.second
    done = assemble(tmp_path, kept)
    page = Page(rewrite_report(tmp_path).read_text(encoding="utf-8"))
    assert "annotators" in page.ids
    table = done.tables["annotators"]
    rows = page.tables["Agreement beyond chance, on the clips that two annotators annotated."]
    assert len(rows) == 1 + len(table) == 1 + (1 + 2 * len(SKILLS)) * 4
    two = table[(table["system"] == SECOND) & (table["label"] == "all")].iloc[0]
    sentence = sentences.annotators(done)
    assert sentence.startswith(f"Two annotators agree with kappa {two['kappa']:.2f} on {two['clips']} clips")
    assert sentence in page.text
    assert [title for title in page.tables if title.startswith(("Moments", "Events"))] == [
        "Moments, one every 1 s.",
        "Events.",
    ]
    assert "By moments: All behaviours at once, 4 recordings: kappa" in sentence
    assert "are what BORIS prints" in page.text
    show(done)
    assert "Kappa against the annotator, where two annotated" in capsys.readouterr().out
    values = json.loads((tmp_path / "provenance.json").read_text())
    del values["second"]  # made before there were second annotators
    (tmp_path / "provenance.json").write_text(json.dumps(values))
    assert "annotators" not in assemble(tmp_path, Provenance.read(tmp_path)).tables
