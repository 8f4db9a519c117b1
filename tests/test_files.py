"""Files appear whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import save_file

from actscribe import leftovers, progress
from actscribe.errors import ActScribeError, did_you_mean
from actscribe.files import check_writable, content_hash, folder_beside, write_beside, write_text
from actscribe.leftovers import is_temporary, sweep_below, temporary_name
from actscribe.ownership import MARKER, check_free, check_replaceable
from actscribe.progress import clock, progress_line, track
from actscribe.recognizers.answers import AnswerStore


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    write_text(target, "old")
    with pytest.raises(RuntimeError), write_beside(target) as beside:
        beside.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("durable", [True, False])
def test_only_what_cannot_be_computed_again_waits_for_the_disk(
    tmp_path: Path, durable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[int] = []
    monkeypatch.setattr(os, "fsync", waited.append)
    write_text(tmp_path / "a.txt", "whole", durable=durable)
    assert ((tmp_path / "a.txt").read_text(), len(waited)) == ("whole", int(durable))


def test_ctrl_c_while_writing_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), write_beside(tmp_path / "new" / "a.txt") as beside:
        beside.write_text("half")
        raise KeyboardInterrupt
    assert list((tmp_path / "new").iterdir()) == []


def test_a_full_disk_is_explained(tmp_path: Path) -> None:
    with (
        pytest.raises(ActScribeError, match=r"the disk is full \(\d+ MiB free\)"),
        write_beside(tmp_path / "a") as beside,
    ):
        beside.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_a_full_device_is_explained_when_it_really_is_full() -> None:
    with pytest.raises(OSError) as caught:
        Path("/dev/full").write_bytes(b"x" * 10_000)
    from actscribe.files import explain_os_error

    assert "the disk is full" in str(explain_os_error(caught.value, Path("/dev/full")))


def test_a_folder_replaces_the_old_one_only_when_it_is_whole(tmp_path: Path) -> None:
    for content in ("one", "two"):
        with folder_beside(tmp_path / "model") as beside:
            (beside / "w").write_text(content)
    with pytest.raises(RuntimeError), folder_beside(tmp_path / "model") as beside:
        (beside / "w").write_text("three")
        raise RuntimeError
    assert (tmp_path / "model" / "w").read_text() == "two"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_content_hash_is_blake2b_of_the_bytes(tmp_path: Path) -> None:
    data = bytes(range(256)) * 5000
    (tmp_path / "v").write_bytes(data)
    assert content_hash(tmp_path / "v") == hashlib.blake2b(data, digest_size=16).hexdigest()


def test_the_closest_word_is_offered_and_else_all() -> None:
    assert did_you_mean("LENGHT", ["length", "stride"]) == "Did you mean 'length'?"
    assert did_you_mean("zzz", ["b", "a"]) == "Known: a, b."


def test_progress_says_how_long_is_left_in_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert progress_line("Scoring", 25, 100, 10.0, 30.0) == "Scoring: 25/100, about 0:30 left"
    assert progress_line("Scoring", 1, 77, 40.0, None) == "Scoring: 1/77"
    assert (clock(59.6), clock(3600), clock(3725)) == ("1:00", "1:00:00", "1:02:05")
    assert list(track([1, 2, 3], "Counting")) == [1, 2, 3]
    assert capsys.readouterr().err.startswith("Counting: 3 done in 0:0")


@pytest.mark.parametrize("way", ["lines", "listener", "bar"])
def test_what_the_first_item_takes_foretells_nothing(
    way: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.5)
    reports: list[float | None] = []

    def step(seconds: float) -> None:
        now[0] += seconds

    items = progress._reported(range(77), "Scoring test", 77, lambda report: reports.append(report.left))
    if way == "bar":
        monkeypatch.setattr(progress, "clock", lambda left: reports.append(left) or "")
        items = progress._bar(range(77), "Scoring test", 77)
    if way == "lines":
        items = progress._lines(range(77), "Scoring test", 77)
    for index, _ in enumerate(items):
        step(0.6 if index else 40.0)
    printed = capsys.readouterr().err
    if way == "lines":
        assert "Scoring test: 1/77\n" in printed
        assert "Scoring test: 6/77, about 0:43 left" in printed
    assert max(left for left in reports if left is not None) < 46 if reports else "about 0:43" in printed


def test_a_bar_shows_a_name_in_brackets_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(progress._bar([1], "Annotating [/b] [left].mp4", 1)) == [1]
    assert "Annotating [/b] [left].mp4" in capsys.readouterr().err


def test_few_long_items_are_foretold_after_a_while() -> None:
    pace = progress.Pace()
    assert [pace.left(done, 5, now) for done, now in ((1, 90.0), (2, 110.0), (2, 120.0), (3, 150.0))] == [
        None, None, 90.0, 60.0
    ]  # fmt: skip


def modes(folder: Path) -> dict[str, int]:
    return {
        path.relative_to(folder).as_posix(): stat.S_IMODE(path.stat().st_mode) for path in sorted(folder.rglob("*"))
    }


@pytest.fixture(params=[0o022, 0o002, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.mark.skipif(os.name == "nt", reason="no modes there")
def test_modes_follow_the_umask_whoever_writes_the_file(tmp_path: Path, umask: int) -> None:
    with write_beside(tmp_path / "one.safetensors") as beside:
        save_file({"a": torch.zeros(2)}, beside)  # makes it 0600
    write_text(tmp_path / "two.txt", "x")
    with write_beside(tmp_path / "three.parquet") as beside:
        pd.DataFrame({"a": [1]}).to_parquet(beside)
    store = AnswerStore(tmp_path / "answers.sqlite")
    store.put({"a": 1})
    with folder_beside(tmp_path / "model") as beside:
        (beside / "deep").mkdir()
        save_file({"a": torch.zeros(2)}, beside / "deep" / "w.safetensors")
    for name, mode in modes(tmp_path).items():
        assert mode == (0o777 if (tmp_path / name).is_dir() else 0o666) & ~umask, name


@pytest.mark.skipif(os.name == "nt", reason="no groups there")
def test_a_folder_that_hands_its_group_down_keeps_doing_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o2775)
    with folder_beside(tmp_path / "model") as beside:
        (beside / "w").write_text("x")
    assert (tmp_path / "model").stat().st_mode & stat.S_ISGID


def test_a_folder_of_somebody_else_is_not_replaced_and_found_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "mine.txt").write_text("x")
    began = []
    with pytest.raises(ActScribeError, match=r"model: was not written by ActScribe"), folder_beside(tmp_path / "model"):
        began.append(1)
    assert not began
    assert modes(tmp_path).keys() == {"model", "model/mine.txt"}


@pytest.mark.parametrize("marker", ["", "[]", "{}", '{"made_by": "other", "files": []}', '{"made_by": "actscribe"}'])
def test_a_file_that_is_only_called_like_the_marker_proves_nothing(tmp_path: Path, marker: str) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / MARKER).write_text(marker)
    with pytest.raises(ActScribeError, match="not written by ActScribe"), folder_beside(tmp_path / "model"):
        pass


@pytest.mark.parametrize("foreign", ["notes.docx", ".hidden", "deep/er.txt"])
def test_a_file_that_was_put_into_our_folder_is_not_deleted_with_it(tmp_path: Path, foreign: str) -> None:
    with folder_beside(tmp_path / "tables") as beside:
        (beside / "a.csv").write_text("1")
    (tmp_path / "tables" / foreign).parent.mkdir(exist_ok=True)
    (tmp_path / "tables" / foreign).write_text("x")
    with pytest.raises(ActScribeError, match=f"tables: holds {foreign}, which ActScribe did not write"):
        check_replaceable(tmp_path / "tables")
    (tmp_path / "tables" / foreign).unlink()
    (tmp_path / "tables" / ".DS_Store").write_text("x")
    with folder_beside(tmp_path / "tables") as beside:
        (beside / "a.csv").write_text("2")
    assert (tmp_path / "tables" / "a.csv").read_text() == "2"


def test_what_is_put_there_during_the_work_is_not_deleted_either(tmp_path: Path) -> None:
    with pytest.raises(ActScribeError, match="not written by ActScribe"), folder_beside(tmp_path / "t"):
        (tmp_path / "t").mkdir()
        (tmp_path / "t" / "mine.txt").write_text("x")
    assert (tmp_path / "t" / "mine.txt").read_text() == "x"
    assert [path.name for path in tmp_path.iterdir()] == ["t"]


def test_a_link_to_a_folder_of_our_own_is_no_folder_of_our_own(tmp_path: Path) -> None:
    with folder_beside(tmp_path / "real") as beside:
        (beside / "w").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(ActScribeError, match="link: is a link"), folder_beside(tmp_path / "link"):
        pass
    assert (tmp_path / "real" / "w").read_text() == "x"


def test_which_folders_are_free(tmp_path: Path) -> None:
    for free in ("none", "empty", "link"):
        folder = tmp_path / free
        if free == "empty":
            folder.mkdir()
            (folder / ".DS_Store").write_text("")
            (folder / temporary_name("run.json")).write_text("")
        if free == "link":
            folder.symlink_to(tmp_path / "empty")
        check_free(folder, "")
    (tmp_path / "dots").mkdir()
    (tmp_path / "dots" / ".git").mkdir()
    (tmp_path / "file").write_text("x")
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    wrong = {
        "dots": "is not empty, .git lies in it",
        "file": "is a file, expected a folder",
        "nowhere": "a place that does not exist",
    }
    for name, words in wrong.items():
        with pytest.raises(ActScribeError, match=words):
            check_free(tmp_path / name, "hint")


def test_whether_a_folder_can_be_written_to_is_tried_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_writable(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("x")
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    for name in ("file", "file/deeper", "nowhere"):
        with pytest.raises(ActScribeError, match="expected a folder"):
            check_writable(tmp_path / name)

    def refused(*args: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refused)  # root may write anywhere, and tests may be run by root
    with pytest.raises(ActScribeError, match="cannot be written: Permission denied"):
        check_writable(tmp_path)


KILLED = """
import os, signal, sys
from pathlib import Path
from actscribe.files import folder_beside, write_beside
with folder_beside(Path(sys.argv[1]) / "model") as beside, write_beside(Path(sys.argv[1]) / "labels.yaml") as text:
    (beside / "deep").mkdir()
    (beside / "deep" / "weights").write_text("w")
    text.write_text("x")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def temporary(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if is_temporary(path.name)}


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL there")
def test_what_a_killed_process_left_is_removed_by_the_next_write_of_the_same_target(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    assert subprocess.run(command, env=dict(os.environ), timeout=120).returncode == -9
    assert len(temporary(tmp_path)) == 2
    write_text(tmp_path / "other.txt", "x")
    assert len(temporary(tmp_path)) == 2
    write_text(tmp_path / "labels.yaml", "y")
    assert len(temporary(tmp_path)) == 1
    with folder_beside(tmp_path / "model"):
        pass
    assert temporary(tmp_path) == set()
    assert (tmp_path / "labels.yaml").read_text() == "y"


def test_only_what_no_living_process_may_own_is_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = tmp_path / "deep" / temporary_name("a")
    mine.parent.mkdir()
    mine.write_text("x")
    users = tmp_path / ".a-x8f3k2.txt"
    users.write_text("x")
    parts = mine.name.split("-")
    gone = mine.with_name("-".join([*parts[:5], "1", *parts[6:]]))  # the same process id, begun at another time
    gone.mkdir()
    (gone / "weights").write_text("w")
    monkeypatch.setattr(leftovers, "_machine", lambda: "0" * 12)
    elsewhere, forgotten = mine.with_name(temporary_name("a")), mine.with_name(temporary_name("b"))
    monkeypatch.undo()
    for path in (elsewhere, forgotten):
        path.mkdir()
        (path / "weights").write_text("w")
    for path in (forgotten, forgotten / "weights"):
        os.utime(path, (0, 0))
    sweep_below(tmp_path)
    assert set(mine.parent.iterdir()) == {mine, elsewhere}
    assert users.exists()


def test_a_temporary_name_is_short_whatever_the_target_is_called(tmp_path: Path) -> None:
    for target in ("é" * 120 + ".mp4", "x." + "y" * 250, "a.b c"):
        write_text(tmp_path / target, target)
        assert (tmp_path / target).read_text() == target
    assert temporary_name("v.mp4").endswith(".mp4")
