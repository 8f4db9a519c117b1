"""The whole road on small videos, from `new` to `convert`; every number against a truth of its own."""

from __future__ import annotations

import html
import json
import math
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
import yaml
from sklearn.metrics import f1_score
from small_studies import FPS, LEFT, RIGHT, WINDOWS, bouts, film, lamp_study
from tiny_models import tiny_timesformer
from typer.testing import CliRunner

from actscribe import Run, annotate, load_data, load_study, read_annotations, summarise
from actscribe.cli import app
from actscribe.runs import train as train_module
from actscribe.runs.scoring import score_recordings
from actscribe.video import cache, windows
from actscribe.video.reading import frames_at
from actscribe.video.sampling import sample_times

SCRIPT = Path(__file__).parent / "killed_command.py"
LABELS = (LEFT, RIGHT)
SETTINGS = {
    "epochs": 4,
    "batch_size": 8,
    "learning_rate": 3e-3,
    "head_learning_rate": 1e-2,
    "precision": "float32",
    "patience": 4,
}
FORMATS = ("elan", "boris", "csv", "json", "vtt")
NEW_SEED, NEW_S = 77, 11.0


def actscribe(*arguments: object, code: int = 0) -> str:
    """Run a command in this process and return what it printed."""
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == code, (done.output, done.exception)
    return done.output


@dataclass(frozen=True)
class Road:
    """What the commands made: the study, its run, a timeline, what they printed, which videos training decoded."""

    root: Path
    study: Path
    run: Path
    printed: dict[str, str]
    decoded: frozenset[str]


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    root = tmp_path_factory.mktemp("road")
    study, run = root / "study", root / "study" / "runs" / "timesformer"
    labels = root / "lamps.yaml"
    labels.write_text(yaml.safe_dump({"name": "lamps", "labels": list(LABELS)}))
    settings = {**SETTINGS, "model": str(tiny_timesformer(root / "checkpoint"))}
    printed, decoded = {}, set()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACTSCRIBE_CACHE", str(root / "cache"))
        printed["new"] = actscribe("new", study, "--labels", labels)
        edited = yaml.safe_load((study / "study.yaml").read_text())
        edited |= {"windows": WINDOWS, "recognizers": {"timesformer": settings}, "seed": 1}
        lamp_study(study)
        (study / "study.yaml").write_text(yaml.safe_dump(edited))
        printed["check"] = actscribe("check", study)
        with pytest.MonkeyPatch.context() as spy:
            for asks in (cache, windows):  # whoever decodes asks by one of these
                spy.setattr(
                    asks, "frames_at", lambda path, *more: decoded.add(Path(path).stem) or frames_at(path, *more)
                )
            printed["train"] = actscribe("train", study)
        printed["evaluate"] = actscribe("evaluate", run)
        film(root / "new.mp4", bouts(NEW_SEED, NEW_S), NEW_S, NEW_SEED)
        printed["annotate"] = actscribe(
            "annotate",
            root / "new.mp4",
            "--run",
            run,
            "--format",
            ",".join(FORMATS),
            "--out",
            root / "out",
            "--time-budget",
            root / "budget.xlsx",
        )
        yield Road(root, study, run, printed, frozenset(decoded))


def split_of(road: Road) -> dict[str, str]:
    return {recording.name: recording.split for recording in Run.open(road.run).recordings()}


def duration_of(name: str) -> float:
    return 8.0 + int(name[1:]) % 5


def test_check_counts_what_is_in_the_files(road: Road) -> None:
    study = load_study(road.study)
    tables = summarise(study, load_data(study)).tables
    assert tables["Recordings"]["hours"].sum() * 3600 == pytest.approx(sum(8.0 + n % 5 for n in range(9)))
    made = [bout for number in range(9) for bout in bouts(number, 8.0 + number % 5)]
    for label in LABELS:
        own = tables["Labels"][tables["Labels"]["label"] == label]
        assert own["intervals"].sum() == sum(bout[0] == label for bout in made)
        assert own["minutes"].sum() * 60_000 == pytest.approx(sum(e - s for name, s, e in made if name == label))
    assert "No leakage" in road.printed["check"]


def test_groups_stay_whole_and_every_split_is_there(road: Road) -> None:
    held = {(int(name[1:]) // 2, split) for name, split in split_of(road).items()}
    assert len(held) == 5
    assert {split for _, split in held} == {"train", "validation", "test"}


def test_training_decodes_no_test_video(road: Road) -> None:
    split = split_of(road)
    assert road.decoded == {name for name in split if split[name] != "test"}


@pytest.mark.parametrize("split", ["validation", "test"])
def test_scores_have_a_row_for_every_window_with_the_frames_that_were_seen(road: Road, split: str) -> None:
    table = pd.read_parquet(road.run / f"scores-{split}.parquet")
    expected = []
    for name in [name for name, own in split_of(road).items() if own == split]:
        # Windows of 2 s, 1 s apart; all lengths are whole seconds, so none is left over.
        expected += [(name, float(start), float(start + 2)) for start in range(int(duration_of(name)) - 1)]
    assert list(zip(table["recording"], table["start_s"], table["end_s"], strict=True)) == expected
    for row in table.itertuples():
        shown = [math.floor(moment * FPS + 1e-6) / FPS for moment in sample_times(row.start_s, row.end_s, 4)]
        np.testing.assert_allclose(row.frame_times_s, shown, atol=1e-6)
    for label in LABELS:
        truth = [_covered(name, label, start, end) for name, start, end in expected]
        np.testing.assert_allclose(table[f"fraction: {label}"], truth, atol=1e-6)
        assert table[f"score: {label}"].between(0, 1).all()


def _covered(name: str, label: str, start: float, end: float) -> float:
    axis = np.zeros(20_000, dtype=bool)
    for shown, begin, stop in bouts(int(name[1:]), duration_of(name)):
        axis[begin:stop] |= shown == label
    return axis[round(start * 1000) : round(end * 1000)].mean()


def test_macro_f1_is_that_of_scikit_learn_and_above_always_yes(road: Road) -> None:
    values = json.loads((road.run / "metrics-test.json").read_text(), parse_constant=pytest.fail)
    thresholds = json.loads((road.run / "operating-point.json").read_text())["thresholds"]
    table = pd.read_parquet(road.run / "scores-test.parquet")
    truth = np.column_stack([table[f"fraction: {label}"] >= 0.5 for label in LABELS])
    decided = np.column_stack([table[f"score: {label}"] >= thresholds[label] for label in LABELS])
    assert values["macro_f1"] == pytest.approx(f1_score(truth, decided, average="macro"), abs=1e-9)
    always = f1_score(truth, np.ones_like(decided), average="macro")
    assert values["macro_f1"] > always + 0.1
    baseline = next(row for row in values["baselines"]["always yes"] if row["label"] == "macro")
    assert baseline["f1"] == pytest.approx(always)


def test_thresholds_come_from_validation(road: Road) -> None:
    table = pd.read_parquet(road.run / "scores-validation.parquet")
    thresholds = Run.open(road.run).operating_point.thresholds
    for label in LABELS:
        truth, scores = table[f"fraction: {label}"] >= 0.5, table[f"score: {label}"]
        chosen = f1_score(truth, scores >= thresholds[label])
        assert chosen == pytest.approx(max(f1_score(truth, scores >= cut) for cut in scores))


def test_a_run_that_was_moved_gives_the_same_scores(road: Road, tmp_path: Path) -> None:
    run = Run.open(shutil.copytree(road.run, tmp_path / "moved"))
    again = score_recordings(run.recognizer(), run.recordings("test"), run.labels, run.study.windows, "Again")
    kept = pd.read_parquet(road.run / "scores-test.parquet")[[f"score: {label}" for label in LABELS]]
    np.testing.assert_allclose(again.scores, kept, atol=1e-5)


def test_a_second_evaluation_reads_no_video(road: Road) -> None:
    before = (road.run / "metrics-test.json").read_bytes()
    aside = road.root / "aside"
    aside.mkdir()
    videos = list(road.study.glob("*.mp4"))
    for video in videos:
        video.rename(aside / video.name)
    try:
        printed = actscribe("evaluate", road.run)
    finally:
        for video in videos:
            (aside / video.name).rename(video)
    assert "are measured again" in printed
    assert (road.run / "metrics-test.json").read_bytes() == before
    assert Run.open(road.run).info.reads == {"test": 1}
    assert (road.run / "report-test.html").read_text(encoding="utf-8").lstrip().lower().startswith("<!doctype html")


def test_the_run_folder_holds_what_made_it_and_no_pickle(road: Road) -> None:
    run = Run.open(road.run)
    assert run.info.status == "complete"
    assert (run.info.seed, run.info.recognizer) == (1, "timesformer")
    assert run.info.settings["epochs"] == 4
    for package in ("torch", "transformers", "av", "numpy"):
        assert run.info.versions[package] == __import__(package).__version__.partition("+")[0]
    assert run.study.windows.model_dump() == WINDOWS | {"square_pixels": True}
    assert run.labels.names == LABELS
    files = [path for path in road.run.rglob("*") if path.is_file()]
    events = [path for path in files if path.name.startswith("events.out.tfevents")]  # ends in a count of the process
    assert [path.parent.name for path in events] == ["tensorboard"]
    assert events[0].stat().st_size > 200
    suffixes = {path.suffix for path in files if path not in events and path.name != "table-notes.txt"}
    assert suffixes <= {".json", ".yaml", ".parquet", ".html", ".safetensors", ".csv", ".xlsx"}
    assert (road.run / "model" / "model.safetensors").is_file()
    assert not [path for path in files if path.name.startswith(".")]


def test_the_timeline_of_a_new_video_reads_back_from_every_format(road: Road, tmp_path: Path) -> None:
    done = annotate([road.root / "new.mp4"], Run.open(road.run), out=tmp_path)[0]
    expected = [(interval.label, interval.start, interval.end) for interval in done.intervals]
    assert len(expected) >= 2
    files = sorted((road.root / "out").iterdir())
    assert [path.suffix for path in files] == sorted([".eaf", ".boris", ".csv", ".json", ".vtt"])
    for path in files:
        read = read_annotations(path).intervals
        assert [interval.label for interval in read] == [label for label, _, _ in expected]
        times = [(interval.start, interval.end) for interval in read]
        np.testing.assert_allclose(times, [bout[1:] for bout in expected], atol=1e-3)
        assert str(path) in road.printed["annotate"].replace("\n", "")


def test_a_timeline_says_how_its_run_stands(road: Road) -> None:
    """The sentence of the report, in the terminal and in what was written; confidences that clips can support."""
    annotations = read_annotations(road.root / "out" / "new.json")
    note = " ".join(annotations.notes[0].split())  # without the narrow spaces before percent signs
    report = " ".join(html.unescape((road.run / "report-test.html").read_text(encoding="utf-8")).split())
    assert note.startswith("The run that made this timeline, measured on test: Macro F1 0.")
    assert note in " ".join(road.printed["annotate"].split())
    holding = {path.suffix for path in (road.root / "out").iterdir() if "measured on test" in path.read_text("utf-8")}
    assert holding == {".eaf", ".boris", ".json", ".vtt"}
    assert "The files hold these notes as well, except csv, which can hold none." in road.printed["annotate"]
    headline = note.partition("measured on test: ")[2].partition("On average")[0].strip()
    assert headline in report
    timelines = note[note.index("Its timelines: ") :]
    assert timelines.startswith("Its timelines: F1 of time ")
    assert timelines in report
    clips = len(pd.read_parquet(road.run / "scores-validation.parquet"))
    most = (clips / 2 + 1) / (clips / 2 + 2)  # windows of 2 s, one every second
    for interval in annotations.intervals:
        assert interval.raw_score is not None
        assert interval.score is not None
        assert 1 - most <= interval.score <= most
    rows = list(openpyxl.load_workbook(road.root / "budget.xlsx").active.iter_rows(values_only=True))
    assert [row[:3] for row in rows[1:]] == [("new", label, "predicted") for label in LABELS]
    for row in rows[1:]:
        assert row[3] == pytest.approx(sum(i.duration for i in annotations.intervals if i.label == row[1]), abs=0.002)


def test_report_writes_what_was_measured_and_measures_nothing(road: Road) -> None:
    assert str(road.run / "report-test.html") in actscribe("report", road.run).replace("\n", "")
    output = actscribe("report", road.run, "--split", "train", code=2)
    assert "was not measured on train" in output
    assert f"actscribe evaluate {road.run} --split train" in " ".join(output.split()).replace("\n", "")
    assert not (road.run / "scores-train.parquet").exists()


def test_a_figure_of_a_run_has_scores_and_both_lanes(road: Road, tmp_path: Path) -> None:
    name = next(name for name, split in split_of(road).items() if split == "test")
    actscribe("plot", name, "--run", road.run, "--out", tmp_path / "x.svg")
    text = (tmp_path / "x.svg").read_text()
    assert text.count("#333333") >= 2
    assert text.count("#56b4e9") >= 2
    assert text.count("stroke: #0072b2") >= 2
    other = next(name for name, split in split_of(road).items() if split == "train")
    output = actscribe("plot", other, "--run", road.run, "--out", tmp_path / "y.svg", code=2)
    assert "--split train" in " ".join(output.split())


def test_exports_offer_every_label_and_lead_to_the_video(road: Road) -> None:
    for ending in (".eaf", ".boris", ".json"):
        path = road.root / "out" / f"new{ending}"
        annotations = read_annotations(path)
        assert annotations.labels == LABELS
        assert (path.parent / annotations.media[0]).samefile(road.root / "new.mp4")


def test_the_timeline_follows_the_lamps(road: Road) -> None:
    intervals = read_annotations(road.root / "out" / "new.json").intervals
    middles = np.arange(0.05, NEW_S, 0.1)
    for label in LABELS:
        truth = _lit(middles, [(s / 1000, e / 1000) for name, s, e in bouts(NEW_SEED, NEW_S) if name == label])
        predicted = _lit(middles, [(i.start, i.end) for i in intervals if i.label == label])
        assert (truth == predicted).mean() > 0.7


def _lit(moments: np.ndarray, spans: list[tuple[float, float]]) -> np.ndarray:
    return np.array([any(start <= moment < end for start, end in spans) for moment in moments])


def test_convert_carries_the_timeline_into_the_papers_text(road: Road, tmp_path: Path) -> None:
    printed = actscribe("convert", road.root / "out" / "new.eaf", tmp_path / "new.txt", "--to", "intervals")
    rows = [line.split("\t") for line in (tmp_path / "new.txt").read_text().splitlines()]
    expected = read_annotations(road.root / "out" / "new.json").intervals
    for (label, *numbers), interval in zip(rows, expected, strict=True):
        start, end, length = map(int, numbers)
        assert label == interval.label
        assert (start, end) == pytest.approx((interval.start * 1000, interval.end * 1000), abs=1)
        assert length == end - start
    for label in LABELS:
        assert f"{label}: {sum(i.label == label for i in expected)}" in printed


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGKILL", "SIGINT"])
def test_a_training_that_was_stopped_resumes_to_the_same_scores(road: Road, tmp_path: Path, name: str) -> None:
    arguments = ["train", str(road.study), "--out", str(tmp_path / "run")]
    steps = len(list(road.study.glob("*.mp4")))  # more than an epoch has, fewer than two
    died = subprocess.run(
        [sys.executable, str(SCRIPT), name, str(steps), *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        timeout=400,
    )
    assert died.returncode == (130 if name == "SIGINT" else -signal.SIGKILL), died.stderr
    assert list((tmp_path / "run" / "checkpoints").glob("checkpoint-*/trainer_state.json"))
    if name == "SIGINT":
        assert "Go on with the same command and --resume" in died.stderr
        assert "Traceback" not in died.stderr
    assert "its training did not finish" in actscribe("evaluate", tmp_path / "run", code=2)
    assert "unfinished run" in actscribe(*arguments, code=2)
    actscribe(*arguments, "--resume")
    _same_scores(road.run, tmp_path / "run")


def test_a_run_stopped_after_its_training_resumes_to_the_same_scores(
    road: Road, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["train", road.study, "--out", tmp_path / "run"]

    def interrupted(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(train_module, "decide", interrupted)
        assert "--resume" in actscribe(*arguments, code=130)
    assert "its training did not finish" in actscribe(
        "annotate", road.root / "new.mp4", "--run", tmp_path / "run", code=2
    )
    actscribe(*arguments, "--resume")
    _same_scores(road.run, tmp_path / "run")


def _same_scores(first: Path, second: Path) -> None:
    assert Run.open(second).info.status == "complete"
    one, other = (pd.read_parquet(run / "scores-validation.parquet") for run in (first, second))
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    assert Run.open(first).operating_point == Run.open(second).operating_point
