"""What is known of a file is read once, and never taken for another file's, another version's or an older state's."""

from __future__ import annotations

import json
import logging
import os
from fractions import Fraction
from pathlib import Path

import pytest
from videos import make_video

from actscribe import file_cache as module
from actscribe.file_cache import cached, cached_digest
from actscribe.files import content_hash
from actscribe.video import probe as probe_module
from actscribe.video.contained import contained
from actscribe.video.probe import probe


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "files"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "a.bin", b"one")


def written(path: Path, data: bytes, age_s: int = 100) -> Path:
    path.write_bytes(data)
    then = path.stat().st_mtime_ns - age_s * 10**9
    os.utime(path, ns=(then, then))
    return path


def asked(path: Path, what: str = "size") -> tuple[dict[str, int], int]:
    """Return the answer, and how often the file was looked into."""
    times = []
    value = cached(path, what, lambda: times.append(1) or {"size": len(path.read_bytes())})
    return value, len(times)


def test_a_file_is_looked_into_once(file: Path) -> None:
    assert [asked(file) for _ in range(3)] == [({"size": 3}, 1), ({"size": 3}, 0), ({"size": 3}, 0)]
    assert asked(file, "another question")[1] == 1


def test_by_its_other_names_too(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked(file)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.bin").symlink_to(file)
    assert asked(Path("a.bin"))[1] == asked(tmp_path / "link.bin")[1] == 0


@pytest.mark.parametrize("data", [b"four", b"two"])
def test_one_that_changed_is_looked_into_again(file: Path, data: bytes) -> None:
    asked(file)
    written(file, data, 50)
    assert asked(file) == ({"size": len(data)}, 1)


def test_one_that_was_replaced_with_the_same_times_too(file: Path, tmp_path: Path) -> None:
    asked(file)
    state = file.stat()
    other = written(tmp_path / "b.bin", b"six")
    os.utime(other, ns=(state.st_atime_ns, state.st_mtime_ns))
    other.replace(file)
    assert asked(file)[1] == 1


def test_one_that_was_just_written_may_still_change(tmp_path: Path) -> None:
    fresh = written(tmp_path / "c.bin", b"one", 0)
    assert asked(fresh)[1] == asked(fresh)[1] == 1


@pytest.mark.parametrize("damage", ["{", "[]", '{"looks": 1}', "other answer"])
def test_a_damaged_note_is_no_answer(file: Path, cache: Path, damage: str) -> None:
    asked(file)
    (note,) = cache.rglob("*.json")
    if damage == "other answer":
        damage = json.dumps(json.loads(note.read_text()) | {"facts": {"size": 7}})
    note.write_text(damage)
    assert asked(file) == ({"size": 3}, 1)


def test_a_cache_that_cannot_be_written_only_costs_time(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(file))
    assert asked(file) == asked(file) == ({"size": 3}, 1)


def test_a_note_costs_as_little_beside_a_thousand_others(cache: Path, tmp_path: Path) -> None:
    for index in range(1000):
        asked(written(tmp_path / f"{index}.bin", b"one"))
    assert len(list(cache.rglob("*.json"))) == 1000
    assert max(len(list(folder.iterdir())) for folder in cache.iterdir()) < 25  # each write looks through its folder


def test_content_is_that_of_the_bytes(file: Path) -> None:
    assert cached_digest(file) == cached_digest(file) == content_hash(file)
    with pytest.raises(FileNotFoundError):
        cached_digest(file.with_name("gone.bin"))


def test_a_video_is_measured_once_and_its_doubts_are_said_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    video = make_video(tmp_path / "v.mkv", 20, pts=lambda n: 40 * n + 8000, time_base=Fraction(1, 1000), sound_s=2.0)
    monkeypatch.setattr(module, "FRESH_S", -1)
    direct = probe_module.measure(video)
    assert direct.doubts, "this video comes late"
    measured = []
    monkeypatch.setattr(probe_module, "measure", lambda path: measured.append(path) or direct)
    for _ in range(3):
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            assert probe(video) == direct
        assert [record.getMessage() for record in caplog.records] == [f"{video}: {one}" for one in direct.doubts]
    assert measured == [video]


def test_the_child_that_decodes_measures_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = make_video(tmp_path / "v.mp4", 20)
    monkeypatch.setattr(module, "FRESH_S", 10**9)
    with contained():
        assert probe(video) == probe_module.measure(video)
