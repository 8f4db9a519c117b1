"""A user's own files are never deleted or replaced unasked, whatever command is pointed at them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from small_studies import LEFT, RIGHT, Bouts, film, interval_text, write_manifest, write_study
from typer.testing import CliRunner

from actscribe import load_study
from actscribe.cli import app
from actscribe.data.loading import load_data
from actscribe.demo import MARKER as DEMO_MARKER
from actscribe.demo import WORDS as DEMO_WORDS
from actscribe.demo import _clear
from actscribe.errors import ActScribeError
from actscribe.leftovers import is_temporary
from actscribe.run_folder.run import Facts, Run
from actscribe.training.checkpoints import last_checkpoint, note_checkpoint, remove_checkpoints

BOTH: Bouts = [(LEFT, 0, 1500), (RIGHT, 1000, 2500)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of three videos of three seconds, one a split."""
    folder = tmp_path_factory.mktemp("made")
    rows = []
    for place, split in enumerate(("train", "validation", "test")):
        film(folder / f"r{place}.mp4", BOTH, 3.0, place)
        interval_text(folder / f"r{place}.txt", BOTH)
        rows.append({"video": f"r{place}.mp4", "annotations": f"r{place}.txt", "group": f"p{place}", "split": split})
    write_manifest(folder, rows)
    write_study(folder)
    return folder


@pytest.fixture
def study(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "study")


def state(folder: Path) -> dict[str, object]:
    """Return everything below a folder: bytes of files, targets of links, None for folders."""
    return {
        path.relative_to(folder).as_posix(): str(path.readlink())
        if path.is_symlink()
        else (path.read_bytes() if path.is_file() else None)
        for path in sorted(folder.rglob("*"))
    }


def actscribe(*words: object, code: int = 0) -> str:
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == code, (done.output, done.exception)
    assert "Traceback" not in done.output
    return done.output


def a_run(folder: Path, study: Path, status: str = "complete", recognizer: str = "timesformer") -> Run:
    loaded = load_study(study)
    data = load_data(loaded)
    facts = Facts(status=status, recognizer=recognizer, settings={}, seed=1, study="lamps")
    return Run.create(folder, loaded, data.labels, data.recordings, facts)


def folder_of_files(folder: Path) -> Path:
    """A folder as a user may have one, with names that we use too."""
    for name in ("model/w.bin", "checkpoints/checkpoint-5/w.bin", "tables/a.csv", "study.yaml", "report.html", ".env"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"mine: {name}")
    return folder


def only_dotfiles(folder: Path) -> Path:
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "HEAD").write_text("ref")
    return folder


def a_file(folder: Path) -> Path:
    folder.write_text("mine")
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
    said = actscribe(*COMMANDS[command](study, out), code=2)
    assert "Error: " in said
    assert "theirs" in said.replace("\n", "")
    assert "Reading recordings" not in said
    assert state(study.parent) == before


@pytest.mark.parametrize("folder", [a_file, below_a_file, a_link_to_nowhere], ids=lambda made: made.__name__)
def test_a_folder_for_exports_or_a_new_study_that_is_none(study: Path, folder: Callable[[Path], Path]) -> None:
    run = a_run(study / "runs" / "timesformer", study)
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
    monkeypatch.setattr("actscribe.runs.train._job", _stop)
    with pytest.raises(StopIteration):
        CliRunner().invoke(app, ["train", str(study), "--out", str(tmp_path / "run")], catch_exceptions=False)
    assert (tmp_path / "run").is_symlink()
    assert Run.open(tmp_path / "disk").facts.status == "training"


def _stop(*args: object) -> None:
    raise StopIteration


@pytest.mark.parametrize("written", [0, 1, 2, 3, 4])
def test_a_run_killed_while_its_folder_is_made_begins_anew(
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
    monkeypatch.setattr("actscribe.runs.train._job", _stop)
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
        (tmp_path / "checkpoints" / name / "x").write_text("x")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x").write_text("x")
    (tmp_path / "checkpoints" / "checkpoint-7").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "checkpoints" / "checkpoint-12" / "trainer_state.json").write_text("{}")
    note_checkpoint(tmp_path / "checkpoints" / "checkpoint-12")
    last = last_checkpoint(tmp_path / "checkpoints")
    assert last is not None
    assert last.name == "checkpoint-12"
    assert not (tmp_path / "checkpoints" / "checkpoint-5").exists()  # broken: without a state
    remove_checkpoints(tmp_path)
    left = {path.name for path in (tmp_path / "checkpoints").iterdir()}
    assert left == {"mine", "checkpoint-best", "checkpoint-7"}
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
    said = actscribe("compare", study, "--out", folder, "--resume", code=2)
    assert "tables: holds notes.docx" in said.replace("\n", "")
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
    for place in (plan.name, plan.run_name(False, 0)):
        mine = out / place / "notes.txt"
        mine.parent.mkdir(parents=True, exist_ok=True)
        mine.write_text("mine")
        before = state(out)
        for resume in (False, True):
            with pytest.raises(ActScribeError, match=r"was not written by|a benchmark was run here|is not empty"):
                benchmark(plan, out, resume)
            assert state(out) == before
        shutil.rmtree(mine.parent)


def test_convert_replaces_a_file_only_when_told_to(study: Path, tmp_path: Path) -> None:
    source, target = study / "r0.txt", tmp_path / "out.csv"
    target.write_text("mine")
    said = actscribe("convert", source, target, code=2)
    assert "exists already" in said
    assert "--overwrite" in said
    assert target.read_text() == "mine"
    actscribe("convert", source, target, "--overwrite")
    assert "Left lamp" in target.read_text()


@pytest.mark.parametrize("reached", ["itself", "hard link", "link", "other spelling"])
def test_convert_never_writes_into_its_source(study: Path, tmp_path: Path, reached: str) -> None:
    source = study / "r0.txt"
    target = {
        "itself": source,
        "hard link": tmp_path / "hard.txt",
        "link": tmp_path / "soft.txt",
        "other spelling": study / ".." / "study" / "r0.txt",
    }[reached]
    if reached == "hard link":
        target.hardlink_to(source)
    if reached == "link":
        target.symlink_to(source)
    before = source.read_bytes()
    said = actscribe("convert", source, target, "--to", "csv", "--overwrite", code=2)
    assert "is the source itself" in said.replace("\n", " ")
    assert source.read_bytes() == before


def test_convert_refuses_folders_devices_links_and_the_video(study: Path, tmp_path: Path) -> None:
    source = study / "r0.txt"
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "dangling.csv").symlink_to(tmp_path / "gone.csv")
    assert "is a folder" in actscribe("convert", source, tmp_path / "folder.csv", "--overwrite", code=2)
    assert "exists already" in actscribe("convert", source, tmp_path / "dangling.csv", code=2)
    video = study / "r0.mp4"
    before = video.read_bytes()
    said = actscribe("convert", source, video, "--to", "csv", "--video", video, "--overwrite", code=2)
    assert "is the video itself" in said
    assert video.read_bytes() == before
    os.mkfifo(tmp_path / "pipe.csv")
    assert "no ordinary file" in actscribe("convert", source, tmp_path / "pipe.csv", "--overwrite", code=2)


def test_new_leaves_what_is_there_a_link_to_nowhere_too(tmp_path: Path) -> None:
    for name in ("study.yaml", "manifest.csv", "labels.yaml"):
        (tmp_path / name).symlink_to(tmp_path / "gone")
        assert f"{name} exists already" in actscribe("new", tmp_path, code=2).replace("\n", "")
        assert [path.name for path in tmp_path.iterdir()] == [name]
        (tmp_path / name).unlink()
    actscribe("new", tmp_path)


def test_a_simulated_study_that_was_edited_is_not_written_again(tmp_path: Path) -> None:
    command = ["simulate", tmp_path / "s", "--minutes", 0.1, "--size", 64, "--recordings"]
    actscribe(*command, 1)
    edited = (tmp_path / "s" / "study.yaml").read_text() + "seed: 5\n"
    (tmp_path / "s" / "study.yaml").write_text(edited)
    actscribe(*command, 2)
    assert (tmp_path / "s" / "study.yaml").read_text() == edited
    manifest = tmp_path / "s" / "manifest.csv"
    assert manifest.read_text().count("\n") == 3
    manifest.write_text(manifest.read_text().replace(",\n", ",train\n"))
    before = state(tmp_path)
    said = actscribe(*command, 3, code=2)
    assert "was edited since" in said.replace("\n", " ")
    assert state(tmp_path) == before


def test_an_earlier_demo_is_deleted_only_when_told_to(tmp_path: Path) -> None:
    out = tmp_path / "demo"
    _clear(out, overwrite=False)
    assert (out / DEMO_MARKER).read_text() == DEMO_WORDS
    (out / "study").mkdir()
    (out / "study" / "notes.txt").write_text("x")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x").write_text("x")
    (out / "link").symlink_to(tmp_path / "elsewhere")
    assert "--overwrite" in actscribe("demo", "--out", out, code=2)
    assert (out / "study" / "notes.txt").exists()
    _clear(out, overwrite=True)
    assert [path.name for path in out.iterdir()] == [DEMO_MARKER]
    assert (tmp_path / "elsewhere" / "x").read_text() == "x"


def test_models_merge_refuses_what_is_there(study: Path, tmp_path: Path) -> None:
    run = a_run(tmp_path / "run", study, recognizer="vlm-lora")
    (tmp_path / "dangling").symlink_to(tmp_path / "gone")
    for out in (folder_of_files(tmp_path / "theirs"), a_file(tmp_path / "file"), tmp_path / "dangling"):
        before = state(tmp_path)
        assert "exists" in actscribe("models", "merge", run.folder, out, code=2)
        assert state(tmp_path) == before


def test_leftovers_in_a_run_go_with_the_next_evaluation_and_nothing_else(study: Path) -> None:
    run = a_run(study / "runs" / "timesformer", study)
    dead = run.folder / f".actscribe-part-{'0' * 12}-{'0' * 12}-1-1-{'0' * 8}"
    assert is_temporary(dead.name)
    dead.mkdir()
    (dead / "weights").write_text("w")
    for path in (dead, dead / "weights"):
        os.utime(path, (0, 0))
    users = run.folder / ".model-x8f3k2q1"
    users.write_text("mine")
    actscribe("evaluate", run.folder, "--split", "nothing", code=2)
    assert not dead.exists()
    assert users.read_text() == "mine"


def test_checkpoints_of_a_complete_run_go_with_the_next_evaluation_those_of_an_unfinished_one_stay(study: Path) -> None:
    """A training that is killed after it was noted as complete leaves several times the weights."""
    run = a_run(study / "runs" / "timesformer", study)
    left = run.folder / "checkpoints" / "checkpoint-12"
    left.mkdir(parents=True)
    (left / "optimizer.pt").write_text("w")
    for status, stays in (("training", True), ("complete", False)):
        run.facts.status = status  # type: ignore[assignment]
        run.save_facts()
        actscribe("evaluate", run.folder, "--split", "nothing", code=2)
        assert left.exists() == stays


def test_a_frame_cache_in_a_users_folder_leaves_the_users_arrays(tmp_path: Path, made: Path) -> None:
    import numpy as np

    from actscribe.files import content_hash
    from actscribe.video.cache import FrameCache

    root = tmp_path / "frames"
    root.mkdir()
    theirs = ["a.npy", f"{'0' * 32}.npy", ".a-1.npy"]
    for name in theirs:
        np.save(root / name, np.zeros(1000))
        os.utime(root / name, (0, 0))
    video = made / "r0.mp4"
    cache = FrameCache(root, 48 * 64 * 3 + 1000)
    for time in (0.05, 1.05, 2.05):
        cache.frames(video, content_hash(video), np.array([time]), None)
    assert all((root / name).exists() for name in theirs)
    assert len(list(root.iterdir())) == len(theirs) + 1
