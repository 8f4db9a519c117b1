"""Which videos an archive is of, and what their timelines are called."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import archives
import pytest

from actscribe.archive.listing import Video, list_archive, shard
from actscribe.errors import ActScribeError, UnreadableVideo
from actscribe.video.opening import check_video_file


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


def test_no_timeline_is_called_like_the_folder_of_another(tmp_path: Path) -> None:
    names = ["a.mp4", "A.json/b.mp4", "A.json/c.eaf/d.mp4", "A.json/c.mp4"]
    videos = list_archive(archives.fill(tmp_path, dict.fromkeys(names, b"x")))
    stems = {video.name: video.stem for video in videos}
    assert (stems["A.json/b.mp4"], stems["A.json/c.eaf/d.mp4"]) == ("A.json/b", "A.json/c.eaf/d")
    assert stems["a.mp4"] not in ("a", "A")
    assert stems["A.json/c.mp4"] != "A.json/c"


def test_links_are_followed_once_and_those_that_lead_nowhere_are_listed(tmp_path: Path) -> None:
    source = archives.fill(tmp_path / "in", {"a.mp4": b"x", "ward/b.mp4": b"y"})
    archives.fill(tmp_path / "disk", {"c.mp4": b"z", "more/d.mp4": b"zz"})
    (source / "other disk").symlink_to(tmp_path / "disk")
    (source / "the same disk").symlink_to(tmp_path / "disk")
    (source / "a part of it").symlink_to(tmp_path / "disk" / "more")
    (source / "the ward again").symlink_to("ward")
    (source / "ward" / "up").symlink_to("../..")
    (tmp_path / "disk" / "more" / "back").symlink_to(source)
    (source / "not fetched.mp4").symlink_to("../annex/1.mp4")
    (source / "itself.mp4").symlink_to("itself.mp4")
    names = {video.name for video in list_archive(source)}
    real, linked = {"a.mp4", "ward/b.mp4"}, {"a part of it/d.mp4", "other disk/c.mp4"}
    assert names == real | linked | {"not fetched.mp4", "itself.mp4"}


def test_what_cannot_be_looked_into_is_listed_and_keeps_no_other_from_its_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = archives.fill(tmp_path, {"a.mp4": b"x", "lost+found/b.mp4": b"y", "in names only/more/c.mp4": b"z"})
    os.mkfifo(source / "pipe.mp4")
    closed, scandir, stat = source / "lost+found", os.scandir, Path.stat

    def look(path: Any) -> Any:
        if Path(path) == closed:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    def ask(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if source / "in names only" in path.parents:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return stat(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(os, "scandir", look)
    monkeypatch.setattr(Path, "stat", ask)
    videos = {video.name: video for video in list_archive(source)}
    assert list(videos) == ["a.mp4", "in names only/more/c.mp4", "lost+found", "pipe.mp4"]
    assert [video.bytes for video in videos.values()] == [1, 0, 0, 0]
    for name, message in (
        ("in names only/more/c.mp4", "permission denied"),
        ("lost+found", "a folder that cannot be looked into"),
        ("pipe.mp4", "a named pipe, expected a video file"),
    ):
        with pytest.raises(UnreadableVideo, match=message):
            check_video_file(Path(videos[name].path))
    with pytest.raises(ActScribeError, match="this folder cannot be read"):
        list_archive(closed)


def test_names_that_are_spelled_alike_are_two_videos_and_stand_on_one_line(tmp_path: Path) -> None:
    try:
        archives.fill(tmp_path, {"a\nb.mp4": b"x", "a\\nb.mp4": b"x", "c\x1b[2J\r.mp4": b"x"})
    except OSError:
        pytest.skip("this file system takes no such names")
    videos = list_archive(tmp_path)
    assert sorted(video.name for video in videos) == ["a\\nb.mp4", "a\\nb.mp4", "c\\x1b[2J\\r.mp4"]
    assert len({video.key for video in videos}) == 3
    assert len({video.stem for video in videos}) == 3


def test_lists_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    archives.fill(tmp_path, {"a.mp4": b"x"})
    for text, message in (
        ("film\na.mp4\n", "no column 'video'"),
        ("video\na.mp4\na.mp4\n", "list.csv:3: this video is in line 2 already"),
        ("video\n", "lists no video"),
        ("video,Video\na.mp4,b.mp4\n", "list.csv:1: has the column 'video' twice"),
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
