"""Which videos an archive is of, and what their timelines are called."""

from __future__ import annotations

from pathlib import Path

import archives
import pytest

from actscribe.archive.listing import Video, list_archive, shard
from actscribe.errors import ActScribeError


def test_shards_are_all_and_none_twice() -> None:
    videos = [Video(str(index), str(index), "", 0, "") for index in range(23)]
    for count in (1, 2, 7, 30):
        parts = [shard(videos, number, count) for number in range(1, count + 1)]
        assert sorted((video.key for part in parts for video in part), key=int) == [video.key for video in videos]


def test_names_that_would_be_one_file_are_told_apart(tmp_path: Path) -> None:
    names = ["a.mp4", "a.mkv", "A.mp4", "x/a.mp4", "b.mp4"]
    videos = list_archive(archives.fill(tmp_path, dict.fromkeys(names, b"x")))
    stems = {video.name: video.stem for video in videos}
    assert stems["b.mp4"] == "b"
    assert stems["x/a.mp4"] == "x/a"
    assert len({stem.casefold() for stem in stems.values()}) == len(names)


def test_names_that_would_be_one_file_in_two_formats_are_told_apart(tmp_path: Path) -> None:
    videos = list_archive(archives.fill(tmp_path, dict.fromkeys(["a.mp4", "a.via.mp4", "b.via.mp4"], b"x")))
    stems = {video.name: video.stem for video in videos}
    assert stems["b.via.mp4"] == "b.via"
    written = [f"{stems[name]}{ending}" for name in ("a.mp4", "a.via.mp4") for ending in (".json", ".via.json")]
    assert len(set(written)) == 4


def test_lists_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    archives.fill(tmp_path, {"a.mp4": b"x"})
    for text, message in (
        ("film\na.mp4\n", "no column 'video'"),
        ("video\na.mp4\na.mp4\n", "list.csv:3: this video is in line 2 already"),
        ("video\n", "lists no video"),
    ):
        (tmp_path / "list.csv").write_text(text)
        with pytest.raises(ActScribeError, match=message):
            list_archive(tmp_path / "list.csv")
    (tmp_path / "none").mkdir()
    with pytest.raises(ActScribeError, match="no video in this folder"):
        list_archive(tmp_path / "none")
    (tmp_path / "one.MP4").write_bytes(b"a video")
    with pytest.raises(ActScribeError, match=r"one\.MP4: is one video") as refused:
        list_archive(tmp_path / "one.MP4")
    assert "actscribe annotate" in refused.value.hint
    with pytest.raises(ActScribeError, match="neither a folder of videos nor a table"):
        list_archive(tmp_path / "gone")
