"""Indicators of a run: written when it is evaluated, in its report, and beside new timelines with their errors."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import report_runs
from typer.testing import CliRunner

from actscribe.annotations import Annotations, Interval, write
from actscribe.archive.audit import audited, stored
from actscribe.archive.record import Done, read_done, write_record
from actscribe.cli import app
from actscribe.evaluation.audit import table as tables
from actscribe.evaluation.audit.measure import measured
from actscribe.evaluation.audit.presence import observed
from actscribe.evaluation.audit.table import ANNOTATED, PREDICTED
from actscribe.indicator_settings import Indicator
from actscribe.run_folder.listed import Listed
from actscribe.run_folder.run import Run
from actscribe.runs.audit import known_of
from actscribe.runs.evaluate import evaluate

INDICATORS = (
    Indicator(name="to ventilation", measure="latency", of=("Ventilation",), limit="<= 60 s", source="here"),
    Indicator(name="ventilated", measure="fraction", of=("Ventilation",)),
    Indicator(name="in pauses", measure="during pauses", of=("Ventilation",)),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a run that was evaluated: six test recordings of six groups, 12 bouts each."""
    made = report_runs.multi_label(tmp_path_factory.mktemp("run"), indicators=INDICATORS)
    made.run.save_scores("test", made.scored)
    made.run.save_info()
    evaluate(made.run, "test")
    return made.run


def test_an_evaluation_writes_them_and_their_errors(run: Run) -> None:
    table = pd.read_csv(run.folder / "indicators-test.csv")
    assert set(table["source"]) == {ANNOTATED, PREDICTED}
    errors = pd.read_csv(run.folder / "indicator-errors-test.csv").fillna({"part": ""}).set_index(["indicator", "part"])
    own = table[table["indicator"] == "ventilated"].pivot(index="recording", columns="source", values="value")
    off = (own[PREDICTED] - own[ANNOTATED]).abs()
    assert errors.loc[("ventilated", ""), "off_by"] == pytest.approx(off.mean())
    assert errors.loc[("ventilated", ""), "margin"] == pytest.approx(off.max())
    assert errors.loc[("ventilated", ""), "often"] == pytest.approx(len(off.dropna()) / (len(off.dropna()) + 1))
    assert (run.folder / "indicators-test.xlsx").is_file()
    report = (run.folder / "report-test.html").read_text(encoding="utf-8")
    assert "How far the recognizer is off." in report
    assert ">Indicators</h2>" in report


def test_a_run_says_them_again_and_lends_its_errors_to_new_timelines(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "again.csv"
    done = CliRunner().invoke(app, ["indicators", str(run.folder), "--out", str(out)])
    assert done.exit_code == 0, done.output
    again, written = pd.read_csv(out), pd.read_csv(run.folder / "indicators-test.csv")
    pd.testing.assert_frame_equal(again, written)
    known = known_of(run)
    assert known is not None
    margin = known.errors["to ventilation", ""].margin
    assert math.isfinite(margin)
    for at, verdict in ((60 - margin / 2, "undecided"), (60 - margin - 1, "met"), (60 + margin + 1, "not met")):
        new = Annotations.of([Interval("Ventilation", at, 100.0, score=0.9)], duration=120.0)
        write(tmp_path / "new.json", new, "json")
        arguments = [
            "indicators",
            str(tmp_path / "new.json"),
            "--run",
            str(run.folder),
            "--out",
            str(out),
            "--overwrite",
        ]
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output
        assert pd.read_csv(out).set_index("indicator").loc["to ventilation", "verdict"] == verdict
        assert "test recordings" in " ".join(done.output.split())


def test_what_a_run_made_is_predicted_in_formats_without_scores_too(run: Run, tmp_path: Path) -> None:
    new, out = Annotations.of([Interval("Ventilation", 60.0, 100.0, score=0.9)], duration=120.0), tmp_path / "out.csv"
    for name in ("new.eaf", "new.json"):
        write(tmp_path / "made" / name, new, {"new.eaf": "elan"}.get(name, "json"))
    known = ["--run", str(run.folder), "--out", str(out), "--overwrite"]
    done = CliRunner().invoke(app, ["indicators", str(tmp_path / "made" / "new.eaf"), *known])
    assert done.exit_code == 0, done.output
    table = pd.read_csv(out).set_index("indicator")
    assert (table["source"] == PREDICTED).all()
    assert table.loc["to ventilation", "verdict"] == "undecided"
    done = CliRunner().invoke(app, ["indicators", str(tmp_path / "made"), *known])
    assert done.exit_code == 0, done.output
    assert list(pd.read_csv(out)["recording"].unique()) == ["new"]  # one timeline in two formats


def test_a_corrected_file_beside_the_timeline_is_a_row_that_names_it(run: Run, tmp_path: Path) -> None:
    made, out = tmp_path / "made", tmp_path / "out.csv"
    write(made / "new.json", Annotations.of([Interval("Ventilation", 60.0, 100.0, score=0.9)], duration=120.0), "json")
    for name, start in (("new.boris", 60.001), ("new.eaf", 50.0)):
        corrected = Annotations.of([Interval("Ventilation", start, 100.0)], duration=120.0)
        write(made / name, corrected, {".eaf": "elan", ".boris": "boris"}[Path(name).suffix])
    arguments = ["indicators", str(made), "--run", str(run.folder), "--out", str(out)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    table = pd.read_csv(out).drop_duplicates("recording").set_index("recording")
    assert table["source"].to_dict() == {"new.eaf": ANNOTATED, "new.json": PREDICTED}
    assert "Files of one video differ, so each is a row and is counted: new.eaf, new.json." in " ".join(
        done.output.split()
    )


def test_a_record_of_an_archive_keeps_them(run: Run, tmp_path: Path) -> None:
    recording = run.recordings("test")[0]
    labels = run.labels
    measurements = measured(observed(recording, ()), labels)
    done = Done("k", "v", 1, "t", "c", 120.0, "h", 1.0, {}, {}, stored(measurements))
    write_record(tmp_path / "r.json", done)
    again = read_done(tmp_path / "r.json")
    assert again is not None
    (actual,) = audited([("v", again)], labels)
    columns = ["indicator", "part", "text", "low", "high", "state", "why"]
    expected = tables.Audited("v", PREDICTED, measurements)
    pd.testing.assert_frame_equal(tables.table([actual])[columns], tables.table([expected])[columns])


def test_a_run_remembers_events_and_moments(run: Run) -> None:
    recording = replace(
        run.recordings("test")[0], events=(Interval("Cord clamped", 3.0, 3.0),), moments=(("birth_s", -4.5),)
    )
    listed = Listed.of(recording, run.folder)
    assert Listed.model_validate_json(listed.model_dump_json()).recording(recording.video) == recording


def test_a_run_counts_from_a_manifest_that_has_moments_since(run: Run, tmp_path: Path) -> None:
    labels, manifest, out = tmp_path / "labels.yaml", tmp_path / "manifest.csv", tmp_path / "out.csv"
    labels.write_text(
        f"name: later\nlabels: {json.dumps(run.labels.names)}\nindicators:\n"
        "  - {name: late, measure: latency, of: Ventilation, after: {manifest: birth_s}, unseen: absent}\n"
        "  - {name: start, measure: latency, of: Ventilation}\n"
    )
    videos = [one.video for one in run.recordings("test")]
    for video in videos:
        video.touch()
    manifest.write_text("video,birth_s\n" + "".join(f"{video},-7\n" for video in videos))
    words = ["indicators", str(run.folder), "--labels", str(labels), "--manifest", str(manifest), "--out", str(out)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    table = pd.read_csv(out).pivot(index=["recording", "source"], columns="indicator", values="value")
    assert (table["late"] - table["start"]).dropna().to_list() == pytest.approx([7.0] * 12)
    errors = CliRunner().invoke(app, [*words[:-1], str(tmp_path / "errors.csv"), "--table", "errors"])
    assert errors.exit_code == 0, errors.output
    off = pd.read_csv(tmp_path / "errors.csv").set_index("indicator")
    assert off.loc["late", "off_by"] == pytest.approx(off.loc["start", "off_by"])


def test_errors_of_one_run_are_not_those_of_another(run: Run, tmp_path: Path) -> None:
    other = report_runs.multi_label(tmp_path / "other", indicators=INDICATORS).run
    other.save_info()
    new = tmp_path / "new.json"
    write(new, Annotations.of([Interval("Ventilation", 60.0, 100.0)], duration=120.0), "json")
    for words, sentence in (
        ([run.folder, other.folder], "Name one run at a time."),
        ([run.folder, "--run", other.folder], "Name one run at a time."),
        ([new, "--run", run.folder, "--second", new, "--table", "errors"], "--table errors would change nothing"),
    ):
        done = CliRunner().invoke(app, ["indicators", *map(str, words)])
        assert done.exit_code == 2, done.output
        assert sentence in " ".join(done.output.split())
