"""Bad input: exit code 2 (130 for Ctrl-C), one message with what, where and what to do, and nothing half-written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError
from small_studies import LEFT, RIGHT, Bouts, film, interval_text, write_manifest, write_study
from typer.testing import CliRunner

from actscribe.cli import app
from actscribe.data.loading import load_data
from actscribe.errors import ActScribeError
from actscribe.files import write_beside
from actscribe.run_folder.run import Facts, Run
from actscribe.runs.replace import clear
from actscribe.study import load_study

BOTH: Bouts = [(LEFT, 0, 1500), (RIGHT, 1000, 2500)]
SPLITS = ("train", "validation", "test")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three videos of three seconds, one a split, both lamps in each, with annotations, manifest and study."""
    folder = tmp_path_factory.mktemp("made")
    rows = []
    for place, split in enumerate(SPLITS):
        film(folder / f"r{place}.mp4", BOTH, 3.0, place)
        interval_text(folder / f"r{place}.txt", BOTH)
        rows.append({"video": f"r{place}.mp4", "annotations": f"r{place}.txt", "group": f"p{place}", "split": split})
    write_manifest(folder, rows)
    write_study(folder)
    return folder


@pytest.fixture
def study(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "study")


def refused(*arguments: object, code: int = 2) -> str:
    """Run a command that must end with `code` and without a traceback; return its message."""
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == code, (done.output, done.exception)
    assert isinstance(done.exception, SystemExit)
    assert "Traceback" not in done.output
    assert done.stderr.count("Error: ") == (code == 2)
    return done.stderr


def files(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*")}


def test_the_study_itself_is_good(study: Path) -> None:
    assert CliRunner().invoke(app, ["check", str(study)]).exit_code == 0


def missing_video(study: Path) -> None:
    (study / "r1.mp4").unlink()


def text_as_video(study: Path) -> None:
    (study / "r1.mp4").write_text("these are words\n" * 200)


def other_video(study: Path) -> None:
    interval_text(study / "r1.txt", [*BOTH, (LEFT, 3000, 4200)])


def overlapping(study: Path) -> None:
    interval_text(study / "r1.txt", [*BOTH, (LEFT, 1200, 2000)])


def negative(study: Path) -> None:
    interval_text(study / "r1.txt", [(LEFT, -500, 1500)])


def reversed_interval(study: Path) -> None:
    interval_text(study / "r1.txt", [(RIGHT, 1500, 500)])


def unknown_labels(study: Path) -> None:
    interval_text(study / "r1.txt", [*BOTH, ("Left lmap", 2000, 2200), ("Door", 0, 1), ("Door", 5, 9)])
    interval_text(study / "r2.txt", [("Door", 0, 1)])


def leaking_file(study: Path) -> None:
    shutil.copy(study / "r0.mp4", study / "r2.mp4")


def leaking_group(study: Path) -> None:
    replace(study / "manifest.csv", "p2", "p0")


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def study_text(old: str, new: str):
    return lambda study: replace(study / "study.yaml", old, new)


def manifest_text(old: str, new: str):
    return lambda study: replace(study / "manifest.csv", old, new)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (missing_video, ["manifest.csv:3", "no such video", "r1.mp4", "relative to the manifest"]),
        (text_as_video, ["r1.mp4", "expected a video file"]),
        (other_video, ["r1.txt", "lasts 3.00 s", "from 3.00 s to 4.20 s", "another video"]),
        (overlapping, ["r1.txt", "overlap", LEFT, "0.000 s to 1.500 s and 1.200 s to 2.000 s", "Merge or correct"]),
        (negative, ["r1.txt", "line 1", LEFT, "-0.5"]),
        (reversed_interval, ["r1.txt", "line 1", RIGHT]),
        (
            unknown_labels,
            ["'Door' (3x in 2 files)", "did you mean 'Left lamp'?", "'Left lmap' (1x)", "alias", "ignored"],
        ),
        (leaking_file, ["Leakage", "r0 (train)", "r2 (test)", "same file content"]),
        (leaking_group, ["Leakage", "r0 (train)", "r2 (test)", "same group"]),
        (study_text("stride: 1.0", "strid: 1.0"), ["study.yaml:10", "'strid'", "Did you mean 'stride'?"]),
        (study_text("stride: 1.0", "stride: fast"), ["study.yaml:10", "stride", "'fast'"]),
        (study_text("stride: 1.0", "stride: [1"), ["study.yaml:", "not valid YAML"]),
        (study_text("name: lamps\nrec", "name: a\x07b\nrec"), ["study.yaml:1", "control character"]),
        (study_text("seed: 1", "recognizers: {timesfromer: {}}"), ["study.yaml:13", "Did you mean 'timesformer'?"]),
        (study_text("seed: 1", "recognizers: {timesformer: {epoch: 3}}"), ["study.yaml:13", "Did you mean 'epochs'?"]),
        (study_text("recordings: manifest", "recordings: manifst"), ["manifst.csv", "neither a manifest nor a folder"]),
        (manifest_text("validation", "valdation"), ["manifest.csv:3", "Did you mean 'validation'?"]),
        (manifest_text("p1,validation", "p1,"), ["2 recordings name a split and 1 do not", "r1"]),
        (manifest_text("r1.mp4", "r0.mp4"), ["manifest.csv:3", "in line 2 already"]),
        (manifest_text("p1", "p1,p1"), ["manifest.csv:3", "more cells than columns"]),
    ],
)
def test_bad_data_is_refused_by_check_and_train_before_anything_is_written(study: Path, spoil, said: list[str]) -> None:
    spoil(study)
    before = files(study)
    for command in (["check", study], ["train", study]):
        message = refused(*command)
        for part in said:
            assert part in message
    assert files(study) == before


def test_every_problem_is_listed_at_once(study: Path) -> None:
    text_as_video(study)
    interval_text(study / "r0.txt", [(LEFT, 0, 9000)])
    interval_text(study / "r2.txt", [("Door", 0, 9)])
    message = refused("check", study)
    assert all(part in message for part in ("r1.mp4", "r0.txt", "'Door' (1x)"))


def test_a_manifest_in_another_encoding(study: Path) -> None:
    text = (study / "manifest.csv").read_text(encoding="utf-8").replace("p1", "Jürgen")
    (study / "manifest.csv").write_text(text, encoding="latin-1")
    message = refused("check", study)
    assert "manifest.csv" in message
    assert "UTF-8" in message


def test_two_videos_of_one_name_in_one_folder_are_two_recordings(study: Path) -> None:
    (study / "r0.mp4").rename(study / "r1.mkv")
    replace(study / "manifest.csv", "r0.mp4", "r1.mkv")
    names = [recording.name for recording in load_data(load_study(study)).recordings]
    assert len(set(names)) == 3


def test_an_empty_label_in_a_split_is_refused_unless_allowed(study: Path) -> None:
    interval_text(study / "r2.txt", [(LEFT, 0, 1500)])
    message = refused("train", study)
    assert f"no clip of test shows: {RIGHT}" in message
    assert "empty_labels: allow" in message
    assert not (study / "runs").exists()


def test_check_says_what_a_training_would_be_refused_for(study: Path) -> None:
    def warned() -> bool:
        done = CliRunner().invoke(app, ["check", str(study)])
        assert done.exit_code == 0
        return f"timesformer: Some labels cannot be learned or judged: no clip of test shows: {RIGHT}." in " ".join(
            done.output.split()
        )

    assert not warned()
    interval_text(study / "r2.txt", [(LEFT, 0, 1500)])
    assert warned()
    (study / "study.yaml").write_text(
        (study / "study.yaml").read_text(encoding="utf-8") + "\nempty_labels: allow\n", encoding="utf-8"
    )
    assert not warned()


def test_one_bad_row_of_a_shared_table_is_one_problem(study: Path) -> None:
    rows = "".join(f"r{place}.mp4,{LEFT},{start},1.0\n" for place, start in enumerate(("0.0", "2.0", "0.0")))
    (study / "all.csv").write_text(f"video,label,start_s,end_s\n{rows}", encoding="utf-8")
    for place in range(3):
        replace(study / "manifest.csv", f"r{place}.txt", "all.csv")
    assert refused("check", study).count("all.csv: line 3") == 1


def test_an_interval_beyond_the_end_names_the_video(study: Path) -> None:
    interval_text(study / "r1.txt", [(LEFT, 0, 9000)])
    assert "r1.txt: 1 interval ends after its video, r1.mp4" in refused("check", study)


def test_names_that_do_not_exist_are_answered_with_the_ones_that_do(study: Path, tmp_path: Path) -> None:
    assert "Did you mean 'timesformer'?" in refused("train", study, "--recognizer", "timesfromer")
    source = study / "r0.txt"
    assert "elan" in refused("convert", source, tmp_path / "x.eaf", "--to", "elann")
    assert "newborn_resuscitation" in refused("new", tmp_path / "new", "--labels", "newborn_resusitation")
    assert not (tmp_path / "new").exists()
    assert not (tmp_path / "x.eaf").exists()


def test_a_missing_checkpoint_leaves_no_run(study: Path) -> None:
    write_study(study, recognizers={"timesformer": {"model": "facebook/timesformer-base-finetuned-ssv2"}})
    assert "actscribe models pull" in refused("train", study)
    assert not (study / "runs").exists()


def a_run(study: Path, status: str) -> Path:
    loaded = load_study(study)
    data = load_data(loaded)
    facts = Facts(status=status, recognizer="timesformer", settings={}, seed=1, study="lamps")
    return Run.create(study / "runs" / "timesformer", loaded, data.labels, data.recordings, facts).folder


def test_a_folder_that_is_no_run(study: Path) -> None:
    for command in (["evaluate", study], ["annotate", study / "r0.mp4", "--run", study]):
        message = refused(*command)
        assert "no run here" in message
        assert "actscribe train" in message
    run = a_run(study, "complete")
    assert f"Name one of the runs below it:\n  {run}" in refused("evaluate", study)


def test_an_incomplete_run_says_how_to_go_on_and_a_complete_one_is_not_replaced(study: Path) -> None:
    run = a_run(study, "training")
    for command in (["evaluate", run], ["annotate", study / "r0.mp4", "--run", run]):
        assert "--resume" in refused(*command)
    assert "Go on with --resume" in refused("train", study)
    a_run(study, "complete")
    before = (run / "run.json").read_bytes()
    for command in (["train", study], ["train", study, "--resume"]):
        assert "--out" in refused(*command)
    assert (run / "run.json").read_bytes() == before


@pytest.mark.parametrize(
    ("spoil", "changed"),
    [
        (study_text("seed: 1", "seed: 2"), "seed"),
        (study_text("seed: 1", "seed: 1\nrecognizers: {timesformer: {epochs: 3}}"), "recognizers"),
        (lambda study: interval_text(study / "r0.txt", [(LEFT, 0, 1600), (RIGHT, 1000, 2500)]), "annotations"),
    ],
)
def test_resuming_under_a_changed_study_is_refused(study: Path, spoil, changed: str) -> None:
    run = a_run(study, "training")
    facts = Run.open(run)
    facts.facts.settings = load_settings()
    facts.save_facts()
    spoil(study)
    message = refused("train", study, "--resume")
    assert "the study has changed" in message
    assert changed in message


def load_settings() -> dict[str, object]:
    from actscribe.recognizers.settings import TimesformerSettings

    return TimesformerSettings().model_dump(mode="json")


def test_annotate_refuses_before_it_loads_a_model(study: Path, tmp_path: Path) -> None:
    run = a_run(study, "complete")
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
    run = a_run(study, "complete")
    before = (study / "r0.txt").read_bytes()
    message = refused("annotate", study / "r0.mp4", "--run", run, "--format", "json,intervals")
    assert "r0.txt exists already" in message
    assert "--overwrite" in message
    assert (study / "r0.txt").read_bytes() == before
    assert not (study / "r0.json").exists()


def test_evaluate_names_the_splits_and_a_video_that_is_gone_or_changed(study: Path) -> None:
    run = a_run(study, "complete")
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
    assert files(tmp_path) == {Path("scores.json")}
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

    monkeypatch.setattr("actscribe.study.load_study", interrupted)
    message = refused(command, study, code=130)
    assert "Interrupted" in message
    assert way_on in message


def test_the_installed_command_exits_with_2_and_one_message(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("name: x\nrecordings: here\nlables: y\n")
    command = [sys.executable, "-c", "from actscribe.cli import main; main()", "check", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ), timeout=300)
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == f"Error: {tmp_path / 'study.yaml'}:1: 'labels' is missing."
    assert done.stderr.splitlines()[1].endswith("study.yaml:3: unknown key 'lables'. Did you mean 'labels'?")
    assert done.stdout == ""


def test_runs_below_a_folder_are_listed_ready_to_type(study: Path) -> None:
    run = a_run(study, "complete")
    comparison = study / "my comparison"
    for place in ("runs/clip-seed0", "curve/3-recordings/clip-seed0"):
        (comparison / place).parent.mkdir(parents=True)
        shutil.copytree(run, comparison / place)
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
            f"'{comparison}/runs/clip-seed1' (its training did not end)",
        ]


@pytest.mark.parametrize("status", ["training", "complete"])
def test_overwrite_replaces_what_the_tool_wrote_and_nothing_else(study: Path, status: str) -> None:
    run = a_run(study, status)
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
    run = a_run(study, "complete")
    for name in ("timelines-test/r0.json", "tensorboard/events.out.tfevents.1.host", "checkpoints/checkpoint-3/a.bin"):
        (run / name).parent.mkdir(parents=True)
        (run / name).touch()
    (run / "labels.yaml").unlink()
    assert "Replace it with --overwrite" in refused("train", study)
    clear(run)
    assert list(run.iterdir()) == []
