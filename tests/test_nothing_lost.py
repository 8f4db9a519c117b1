"""A user's own folders are never deleted or written into unasked, whatever command is pointed at them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from short_studies import a_file, a_run, actscribe, folder_of_files, state
from small_studies import film
from typer.testing import CliRunner

from actscribe.cli import app
from actscribe.errors import ActScribeError
from actscribe.run_folder.run import Run
from actscribe.training.checkpoints import last_checkpoint, note_checkpoint, remove_checkpoints
from actscribe_sim.demo import MARKER as DEMO_MARKER


def only_dotfiles(folder: Path) -> Path:
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "HEAD").write_text("ref")
    return folder


def below_a_file(folder: Path) -> Path:
    return a_file(folder) / "out"


def a_link_to_a_full_folder(folder: Path) -> Path:
    folder.symlink_to(folder_of_files(folder.with_name("real")))
    return folder


def a_link_to_nowhere(folder: Path) -> Path:
    folder.symlink_to(folder.with_name("gone"))
    return folder


def foreign_markers(folder: Path) -> Path:
    """Files of other programs that are called as ours are."""
    folder_of_files(folder)
    for name in ("run.json", "provenance.json", "simulation.json", "tabletop.json", DEMO_MARKER):
        (folder / name).write_text(json.dumps({"recognizer": "x", "seed": 1, "status": "training"}))
    return folder


FOLDERS = [
    folder_of_files,
    only_dotfiles,
    a_file,
    below_a_file,
    a_link_to_a_full_folder,
    a_link_to_nowhere,
    foreign_markers,
]
COMMANDS: dict[str, Callable[[Path, Path], list[object]]] = {
    "train": lambda study, out: ["train", study, "--out", out],
    "train --resume": lambda study, out: ["train", study, "--out", out, "--resume"],
    "compare": lambda study, out: ["compare", study, "--out", out],
    "compare --resume": lambda study, out: ["compare", study, "--out", out, "--resume"],
    "simulate": lambda study, out: ["simulate", out, "--recordings", 1, "--minutes", 0.1],
    "simulate --tabletop": lambda study, out: ["simulate", out, "--tabletop", 1, "--actions", "tap"],
    "demo": lambda study, out: ["demo", "--out", out],
    "demo --overwrite": lambda study, out: ["demo", "--out", out, "--overwrite"],
}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda made: made.__name__)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_that_is_not_ours_is_refused_before_any_work(
    study: Path, command: str, folder: Callable[[Path], Path]
) -> None:
    out = folder(study.parent / "theirs")
    before = state(study.parent)
    output = actscribe(*COMMANDS[command](study, out), code=2)
    assert "Error: " in output
    assert "theirs" in output.replace("\n", "")
    assert "Reading recordings" not in output
    assert state(study.parent) == before


@pytest.mark.parametrize("folder", [a_file, below_a_file, a_link_to_nowhere], ids=lambda made: made.__name__)
def test_a_folder_for_exports_or_a_new_study_that_is_none(study: Path, folder: Callable[[Path], Path]) -> None:
    run = a_run(study, study / "runs" / "timesformer")
    out = folder(study.parent / "theirs")
    before = state(study.parent)
    actscribe("annotate", study / "r0.mp4", "--run", run.folder, "--out", out, code=2)
    actscribe("new", out, code=2)
    actscribe("convert", study / "r0.txt", out / "r0.eaf", code=2)
    assert state(study.parent) == before


def test_an_empty_folder_or_a_link_to_one_is_taken(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / ".DS_Store").write_text("")
    (tmp_path / "run").symlink_to(tmp_path / "disk")
    monkeypatch.setattr("actscribe.runs.train._training_inputs", _stop)
    with pytest.raises(StopIteration):
        CliRunner().invoke(app, ["train", str(study), "--out", str(tmp_path / "run")], catch_exceptions=False)
    assert (tmp_path / "run").is_symlink()
    assert Run.open(tmp_path / "disk").info.status == "training"


def _stop(*args: object) -> None:
    raise StopIteration


@pytest.mark.parametrize("written", [0, 1, 2, 3, 4])
def test_a_run_killed_while_its_folder_is_made_starts_over(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    from actscribe.run_folder import run as run_folder

    write, count = run_folder.write_text, [0]

    def killed(path: Path, text: str) -> None:
        if count[0] == written:
            raise KeyboardInterrupt
        count[0] += 1
        write(path, text)

    with monkeypatch.context() as patch:
        patch.setattr(run_folder, "write_text", killed)
        actscribe("train", study, "--out", tmp_path / "run", code=130)
    monkeypatch.setattr("actscribe.runs.train._training_inputs", _stop)
    for options in ([], ["--resume"]):
        with pytest.raises(StopIteration):
            CliRunner().invoke(
                app, ["train", str(study), "--out", str(tmp_path / "run"), *options], catch_exceptions=False
            )
        if not options:
            assert "unfinished run" in actscribe("train", study, "--out", tmp_path / "run", code=2)


def test_only_folders_of_the_trainer_are_removed_with_the_checkpoints(tmp_path: Path) -> None:
    for name in ("checkpoint-5", "checkpoint-12", "probe", "features", "mine", "checkpoint-best"):
        (tmp_path / "checkpoints" / name).mkdir(parents=True)
        (tmp_path / "checkpoints" / name / "optimizer.pt").write_text("x")
    (tmp_path / "checkpoints" / "probe" / "my-notes.txt").write_text("mine")
    (tmp_path / "checkpoints" / "checkpoint-5" / "my-notes.txt").write_text("mine")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x").write_text("x")
    (tmp_path / "checkpoints" / "checkpoint-7").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "checkpoints" / "checkpoint-12" / "trainer_state.json").write_text("{}")
    note_checkpoint(tmp_path / "checkpoints" / "checkpoint-12")
    last = last_checkpoint(tmp_path / "checkpoints")
    assert last is not None
    assert last.name == "checkpoint-12"
    left = {path.name for path in (tmp_path / "checkpoints" / "checkpoint-5").iterdir()}
    assert left == {"my-notes.txt"}  # broken: without a state
    remove_checkpoints(tmp_path)
    left = {path.name for path in (tmp_path / "checkpoints").iterdir()}
    assert left == {"mine", "checkpoint-best", "checkpoint-7", "checkpoint-5", "probe", "features"}
    assert state(tmp_path / "checkpoints" / "probe") == {"my-notes.txt": b"mine", "optimizer.pt": b"x"}
    assert (tmp_path / "elsewhere" / "x").read_text() == "x"
    shutil.rmtree(tmp_path / "checkpoints")
    (tmp_path / "checkpoints" / "checkpoint-1").mkdir(parents=True)
    remove_checkpoints(tmp_path)
    assert not (tmp_path / "checkpoints").exists()


def test_a_comparison_of_ours_is_kept_and_a_file_among_its_tables_too(study: Path, tmp_path: Path) -> None:
    from comparisons import made_up

    from actscribe.compare.compare import _is_begun
    from actscribe.run_folder.comparison import write_tables

    folder = tmp_path / "comparison"
    made_up(folder, count=4, seeds=1, curve=())
    write_tables(folder, {})
    assert "--resume" in actscribe("compare", study, "--out", folder, code=2)
    assert _is_begun(folder, resume=True)
    (folder / "tables" / "notes.docx").write_text("mine")
    output = actscribe("compare", study, "--out", folder, "--resume", code=2)
    assert "tables: holds notes.docx" in output.replace("\n", "")
    assert (folder / "tables" / "notes.docx").read_text() == "mine"


def test_benchmark_tables_replace_only_their_own_folder(tmp_path: Path) -> None:
    for group in range(2):
        for action in ("tap", "fold"):
            film(tmp_path / "set" / action / f"{group}.mp4", [], 1.0, group)
    out = tmp_path / "out"
    from actscribe.benchmark.benchmark import benchmark
    from actscribe.benchmark.plan import Plan
    from actscribe.data.benchmarks.base import Source

    plan = Plan("folder", Source(tmp_path / "set"), "clip", 0)
    for name in (plan.name, plan.run_name(False, 0)):
        mine = out / name / "notes.txt"
        mine.parent.mkdir(parents=True, exist_ok=True)
        mine.write_text("mine")
        before = state(out)
        for resume in (False, True):
            with pytest.raises(ActScribeError, match=r"was not written by|a benchmark was run here|is not empty"):
                benchmark(plan, out, resume)
            assert state(out) == before
        shutil.rmtree(mine.parent)
