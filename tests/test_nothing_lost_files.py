"""A user's own files are never deleted or replaced unasked: conversions, simulations, runs, the frame cache."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from short_studies import a_file, a_run, actscribe, folder_of_files, state

from actscribe.leftovers import is_temporary
from actscribe_sim.demo import MARKER as DEMO_MARKER
from actscribe_sim.demo import _clear


def test_convert_replaces_a_file_only_when_told_to(study: Path, tmp_path: Path) -> None:
    source, target = study / "r0.txt", tmp_path / "out.csv"
    target.write_text("mine")
    output = actscribe("convert", source, target, code=2)
    assert "exists already" in output
    assert "--overwrite" in output
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
    output = actscribe("convert", source, target, "--to", "csv", "--overwrite", code=2)
    assert "is the source itself" in output.replace("\n", " ")
    assert source.read_bytes() == before


def test_convert_refuses_folders_devices_links_and_the_video(study: Path, tmp_path: Path) -> None:
    source = study / "r0.txt"
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "dangling.csv").symlink_to(tmp_path / "gone.csv")
    assert "is a folder" in actscribe("convert", source, tmp_path / "folder.csv", "--overwrite", code=2)
    assert "exists already" in actscribe("convert", source, tmp_path / "dangling.csv", code=2)
    video = study / "r0.mp4"
    before = video.read_bytes()
    output = actscribe("convert", source, video, "--to", "csv", "--video", video, "--overwrite", code=2)
    assert "is the video itself" in output
    assert video.read_bytes() == before
    os.mkfifo(tmp_path / "pipe.csv")
    assert "not a regular file" in actscribe("convert", source, tmp_path / "pipe.csv", "--overwrite", code=2)


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
    output = actscribe(*command, 3, code=2)
    assert "was edited since" in output.replace("\n", " ")
    assert state(tmp_path) == before


def test_an_earlier_demo_is_deleted_only_when_told_to(tmp_path: Path) -> None:
    out = tmp_path / "demo"
    _clear(out, overwrite=False)
    assert "actscribe demo" in (out / DEMO_MARKER).read_text()
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
    run = a_run(study, tmp_path / "run", recognizer="vlm-lora")
    (tmp_path / "dangling").symlink_to(tmp_path / "gone")
    for out in (folder_of_files(tmp_path / "theirs"), a_file(tmp_path / "file"), tmp_path / "dangling"):
        before = state(tmp_path)
        assert "exists" in actscribe("models", "merge", run.folder, out, code=2)
        assert state(tmp_path) == before


def test_leftovers_in_a_run_go_with_the_next_evaluation_and_nothing_else(study: Path) -> None:
    run = a_run(study, study / "runs" / "timesformer")
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
    run = a_run(study, study / "runs" / "timesformer")
    left = run.folder / "checkpoints" / "checkpoint-12"
    left.mkdir(parents=True)
    (left / "optimizer.pt").write_text("w")
    for status, stays in (("training", True), ("complete", False)):
        run.info.status = status  # type: ignore[assignment]
        run.save_info()
        actscribe("evaluate", run.folder, "--split", "nothing", code=2)
        assert left.exists() == stays


def test_a_frame_cache_in_a_users_folder_leaves_the_users_arrays(tmp_path: Path, short_study: Path) -> None:
    import numpy as np

    from actscribe.files import content_hash
    from actscribe.video.cache import FrameCache

    root = tmp_path / "frames"
    root.mkdir()
    theirs = ["a.npy", f"{'0' * 32}.npy", ".a-1.npy"]
    for name in theirs:
        np.save(root / name, np.zeros(1000))
        os.utime(root / name, (0, 0))
    video = short_study / "r0.mp4"
    cache = FrameCache(root, 48 * 64 * 3 + 1000)
    for time in (0.05, 1.05, 2.05):
        cache.frames(video, content_hash(video), np.array([time]), None)
    assert all((root / name).exists() for name in theirs)
    assert len(list(root.iterdir())) == len(theirs) + 1
