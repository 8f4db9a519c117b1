"""Runs that cannot be used, full disks, Ctrl-C: one message with what, where and what to do, nothing half-written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError
from short_studies import BOTH, a_run, refused, replaced, state, text_as_video
from small_studies import LEFT, RIGHT, film, interval_text, write_study
from typer.testing import CliRunner

from actscribe import load_study
from actscribe.cli import app
from actscribe.data.loading import load_data
from actscribe.errors import ActScribeError
from actscribe.files import write_beside
from actscribe.leftovers import PREFIX, sweep_below
from actscribe.run_folder.run import Run
from actscribe.runs import train as train_module
from actscribe.runs.moved import moved_groups
from actscribe.runs.replace import clear


def test_a_folder_that_is_no_run(study: Path) -> None:
    for command in (["evaluate", study], ["annotate", study / "r0.mp4", "--run", study]):
        message = refused(*command)
        assert "no run here" in message
        assert "actscribe train" in message
    run = a_run(study, study / "runs" / "timesformer", "complete").folder
    assert f"Name one of the runs below it:\n  {run}" in refused("evaluate", study)


def test_an_incomplete_run_says_how_to_go_on_and_a_complete_one_is_not_replaced(study: Path) -> None:
    run = a_run(study, study / "runs" / "timesformer", "training").folder
    for command in (["evaluate", run], ["annotate", study / "r0.mp4", "--run", run]):
        assert "--resume" in refused(*command)
    assert "Go on with --resume" in refused("train", study)
    a_run(study, study / "runs" / "timesformer", "complete")
    before = (run / "run.json").read_bytes()
    for command in (["train", study], ["train", study, "--resume"]):
        assert "--out" in refused(*command)
    assert (run / "run.json").read_bytes() == before


@pytest.mark.parametrize(
    ("spoil", "changed"),
    [
        (replaced("study.yaml", "seed: 1", "seed: 2"), "seed"),
        (replaced("study.yaml", "seed: 1", "seed: 1\nrecognizers: {timesformer: {epochs: 3}}"), "settings (epochs)"),
        (lambda study: interval_text(study / "r0.txt", [(LEFT, 0, 1600), (RIGHT, 1000, 2500)]), "annotations"),
    ],
)
def test_resuming_under_a_changed_study_is_refused(study: Path, spoil, changed: str) -> None:
    run = a_run(study, study / "runs" / "timesformer", "training").folder
    facts = Run.open(run)
    facts.info.settings = load_settings()
    facts.save_info()
    spoil(study)
    message = refused("train", study, "--resume")
    assert "this run used different settings or data; it differs in" in message
    assert changed in message


def load_settings() -> dict[str, object]:
    from actscribe.settings.recognizers.video_classifier import TimesformerSettings

    return TimesformerSettings().model_dump(mode="json")


def test_annotate_refuses_before_it_loads_a_model(study: Path, tmp_path: Path) -> None:
    run = a_run(study, study / "runs" / "timesformer", "complete").folder
    video = study / "r0.mp4"
    assert "gone.mp4: no such file" in refused("annotate", study / "gone.mp4", "--run", run)
    text_as_video(study)
    assert "expected a video file" in refused("annotate", study / "r1.mp4", "--run", run, "--out", tmp_path / "out")
    assert "Did you mean 'elan'?" in refused("annotate", video, "--run", run, "--format", "csv,elann")
    assert "Known: " in refused("annotate", video, "--run", run, "--format", ",")
    (study / "other").mkdir()
    twin = shutil.copy(video, study / "other" / "r0.mp4")
    message = refused("annotate", video, twin, "--run", run, "--out", tmp_path / "out")
    assert str(video) in message.replace("\n", "")
    assert "two folders" in message
    assert not (tmp_path / "out").exists()


def test_annotate_does_not_replace_a_persons_annotations(study: Path) -> None:
    run = a_run(study, study / "runs" / "timesformer", "complete").folder
    before = (study / "r0.txt").read_bytes()
    message = refused("annotate", study / "r0.mp4", "--run", run, "--format", "json,intervals")
    assert "r0.txt exists already" in message
    assert "--overwrite" in message
    assert (study / "r0.txt").read_bytes() == before
    assert not (study / "r0.json").exists()


def test_evaluate_names_the_splits_and_a_video_that_is_gone_or_changed(study: Path) -> None:
    run = a_run(study, study / "runs" / "timesformer", "complete").folder
    assert "Did you mean 'test'?" in refused("evaluate", run, "--split", "tets")
    film(study / "r2.mp4", BOTH, 3.0, 99)
    assert "not the file the run was made with" in refused("evaluate", run)
    (study / "r2.mp4").unlink()
    message = refused("evaluate", run)
    assert "r2.mp4" in message
    assert "--videos DIR" in message
    assert not (run / "scores-test.parquet").exists()


def full_disk(*args: object, **kwargs: object) -> object:
    with open("/dev/full", "w") as file:  # noqa: PTH123 - the kernel answers every write with "no space left"
        file.write("x" * 100_000)
    return None


def full_disk_in_words(*args: object, **kwargs: object) -> None:
    # What `save_file` raises on a full file system; it would replace /dev/full by a file of its own.
    raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")


@pytest.mark.parametrize(
    "write",
    [
        full_disk,
        full_disk_in_words,
        lambda *args, **kwargs: torch.save({"x": torch.zeros(40_000)}, "/dev/full"),
    ],
    ids=["python", "safetensors", "torch"],
)
def test_a_full_disk_while_training_is_answered_whoever_writes(
    study: Path, monkeypatch: pytest.MonkeyPatch, write
) -> None:
    monkeypatch.setattr("actscribe.runs.train.train", write)
    message = refused("train", study)
    assert "the disk is full" in message
    assert "--resume" in message


def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    target = tmp_path / "scores.json"
    target.write_text("old")
    with pytest.raises(ActScribeError, match=r"disk is full.*Nothing was left half-written"), write_beside(target):
        full_disk()
    assert set(state(tmp_path)) == {"scores.json"}
    assert target.read_text() == "old"


def test_a_defect_is_not_dressed_up_as_bad_input(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("actscribe.runs.train.train", broken)
    done = CliRunner().invoke(app, ["train", str(study)])
    assert isinstance(done.exception, ZeroDivisionError)


@pytest.mark.parametrize(("command", "way_on"), [("check", "same command again"), ("train", "--resume")])
def test_ctrl_c_says_how_to_go_on(study: Path, monkeypatch: pytest.MonkeyPatch, command: str, way_on: str) -> None:
    def interrupted(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("actscribe.settings.study.load_study", interrupted)
    message = refused(command, study, code=130)
    assert "Interrupted" in message
    assert way_on in message


def test_ctrl_c_does_not_lead_to_overwriting_what_annotate_did_not_write(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: object) -> None:
        raise KeyboardInterrupt

    run = a_run(study, study / "runs" / "timesformer", "complete")
    monkeypatch.setattr("actscribe.run_folder.run.Run.open", interrupted)
    message = refused("annotate", study / "r0.mp4", "--run", run.folder, code=130)
    assert "Run the same command again, with --overwrite only if it listed files" in message


def test_the_installed_command_exits_with_2_and_one_message(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("name: x\nrecordings: here\nlables: y\n")
    command = [sys.executable, "-c", "from actscribe.cli import main; main()", "check", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ), timeout=300)
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == f"Error: {tmp_path / 'study.yaml'}:1: 'labels' is missing."
    assert done.stderr.splitlines()[1].endswith("study.yaml:3: unknown key 'lables'. Did you mean 'labels'?")
    assert done.stdout == ""


def test_runs_below_a_folder_are_listed_ready_to_type(study: Path) -> None:
    run = a_run(study, study / "runs" / "timesformer", "complete").folder
    comparison = study / "my comparison"
    for folder in ("runs/clip-seed0", "curve/3-recordings/clip-seed0"):
        (comparison / folder).parent.mkdir(parents=True)
        shutil.copytree(run, comparison / folder)
    (comparison / "runs" / "clip-seed1").mkdir()
    (comparison / "runs" / "clip-seed1" / "run.json").write_text("{}", encoding="utf-8")
    for command in (
        ["evaluate", comparison],
        ["annotate", study / "r0.mp4", "--run", comparison],
        ["report", comparison],
    ):
        lines = refused(*command).splitlines()
        shown = [line.strip() for line in lines[lines.index("Name one of the runs below it:") + 1 :]]
        assert shown == [
            f"'{comparison}/curve/3-recordings/clip-seed0'",
            f"'{comparison}/runs/clip-seed0'",
            f"'{comparison}/runs/clip-seed1' (its training did not finish)",
        ]


@pytest.mark.parametrize("status", ["training", "complete"])
def test_overwrite_replaces_what_the_tool_wrote_and_nothing_else(study: Path, status: str) -> None:
    run = a_run(study, study / "runs" / "timesformer", status).folder
    assert "--overwrite" in refused("train", study)
    assert "Both --resume and --overwrite" in refused("train", study, "--resume", "--overwrite")
    (run / "notes.txt").write_text("mine", encoding="utf-8")
    assert "holds notes.txt, which ActScribe did not write" in refused("train", study, "--overwrite")
    (run / "notes.txt").rename(study / "notes.txt")
    (run / "model").mkdir()
    (run / "model" / "mine.txt").touch()
    assert "was not written by ActScribe" in refused("train", study, "--overwrite")
    (run / "model" / "mine.txt").unlink()
    before = sorted(path.read_bytes() for path in run.iterdir() if path.is_file())
    write_study(study, recognizers={"timesformer": {"model": "nowhere"}})
    assert "nowhere" in refused("train", study, "--overwrite")  # all else is checked before anything goes
    assert sorted(path.read_bytes() for path in run.iterdir() if path.is_file()) == before


def test_a_damaged_run_is_cleared_as_a_whole(study: Path) -> None:
    run = a_run(study, study / "runs" / "timesformer", "complete").folder
    (run / "table-notes.txt").touch()
    for name in (
        "timelines-test/r2.json",
        "tensorboard/events.out.tfevents.1.host",
        "checkpoints/checkpoint-3/optimizer.pt",
    ):
        (run / name).parent.mkdir(parents=True)
        (run / name).touch()
    (run / "labels.yaml").unlink()
    assert "Replace it with --overwrite" in refused("train", study)
    clear(run)
    assert list(run.iterdir()) == []


@pytest.mark.parametrize("moved", range(6))
def test_a_run_whose_clearing_is_killed_is_no_whole_one_and_is_cleared_again(
    study: Path, monkeypatch: pytest.MonkeyPatch, moved: int
) -> None:
    made = a_run(study, study / "runs" / "timesformer", "complete")
    run, digests = made.folder, made.info.digests
    rename, count = Path.rename, [0]

    def killed(path: Path, target: Path) -> Path:
        count[0] += 1
        if count[0] > moved:
            raise KeyboardInterrupt
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", killed)
        with suppress(KeyboardInterrupt):
            clear(run)
    if all((run / name).is_file() for name in digests) and (run / "run.json").is_file():
        assert Run.open(run).info.status == "complete"  # nothing that counts is gone yet
    else:
        with pytest.raises(ActScribeError):
            Run.open(run)
    if (run / "run.json").is_file():
        (run / "notes.txt").write_text("mine", encoding="utf-8")
        assert "holds notes.txt" in refused("train", study, "--overwrite")
        assert (run / "notes.txt").read_text(encoding="utf-8") == "mine"
        (run / "notes.txt").unlink()
        clear(run)
    sweep_below(run)
    assert all(path.name.startswith(PREFIX) for path in run.iterdir())  # of this process, which lives


def test_a_run_that_another_process_begins_meanwhile_is_not_written_over(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded, out = load_study(study), study / "runs" / "timesformer"
    data = load_data(loaded)

    def meanwhile(*given: object) -> list[str]:
        a_run(study, out, "training")
        return []

    monkeypatch.setattr(train_module, "check_targets", meanwhile)
    with pytest.raises(ActScribeError, match="an unfinished run is here"):
        train_module.train(loaded, "timesformer", out=out, data=data)


LIKE_OURS = (
    "report-final.html",
    "metrics-mine.json",
    "scores-before_fix.parquet",
    "captions-corrected.json",
    "time-budget-for_paper.xlsx",
    "timelines-test/r0-corrected-by-hand.json",
    "timelines-mine/r2.json",
    "tensorboard/events.out.tfevents.mine",
    "checkpoints/checkpoint-9/my-notes.txt",
    "checkpoints/features/my-features.safetensors",
    "checkpoints/probe/my-head.safetensors",
)


@pytest.mark.parametrize("name", LIKE_OURS)
def test_files_of_the_user_that_are_called_like_ours_are_not_replaced(study: Path, name: str) -> None:
    run = a_run(study, study / "runs" / "timesformer").folder
    (run / name).parent.mkdir(parents=True, exist_ok=True)
    (run / name).write_text("mine", encoding="utf-8")
    assert f"holds {name}, which ActScribe did not write" in refused("train", study, "--overwrite")
    assert (run / name).read_text(encoding="utf-8") == "mine"


def test_a_run_that_was_killed_before_its_recordings_were_written_is_no_earlier_run(study: Path) -> None:
    run = a_run(study, study / "runs" / "timesformer", "training")
    run.info.status = "begun"
    run.save_info()
    (run.folder / "recordings.json").unlink()
    assert moved_groups(load_study(study), load_data(study)) == []
