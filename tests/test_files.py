"""Files appear whole or not at all."""

from __future__ import annotations

import errno
import hashlib
from pathlib import Path

import pytest

from actscribe.errors import ActScribeError, did_you_mean
from actscribe.files import content_hash, folder_beside, write_beside, write_text
from actscribe.progress import clock, progress_line, track


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    write_text(target, "old")
    with pytest.raises(RuntimeError), write_beside(target) as beside:
        beside.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


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
    assert progress_line("Scoring", 25, 100, 10.0) == "Scoring: 25/100, about 0:30 left"
    assert (clock(59.6), clock(3600), clock(3725)) == ("1:00", "1:00:00", "1:02:05")
    assert list(track([1, 2, 3], "Counting")) == [1, 2, 3]
    assert capsys.readouterr().err.startswith("Counting: 3 done in 0:0")
