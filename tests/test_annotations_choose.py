"""Which of several videos in one file is meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from actscribe.annotations import Interval, read, read_all
from actscribe.errors import ActScribeError


def table(folder: Path, *videos: str) -> Path:
    path = folder / "all.csv"
    rows = [f'"{name}",label {number},{number},{number + 1}' for number, name in enumerate(videos)]
    path.write_text("\n".join(["video,label,start_s,end_s", *rows]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("Fall/a.mp4", 0),
        ("/data/study/Fall/a.mp4", 0),
        ("ADL/a.mp4", 1),
        ("C:\\study\\ADL\\a.mp4", 1),
        ("b.avi", 2),
        ("b", 2),
        ("/elsewhere/b.mp4", 2),
        ("observation 1.5", 4),
        ("c.mp4", 3),
    ],
)
def test_names_fit_by_path_file_name_or_stem(tmp_path: Path, asked: str, expected: int) -> None:
    path = table(tmp_path, "Fall/a.mp4", "ADL/a.mp4", "b.avi", "/home/me/c.mp4", "observation 1.5")
    assert read(path, asked).intervals == (Interval(f"label {expected}", float(expected), expected + 1.0),)


def test_the_name_that_agrees_furthest_wins(tmp_path: Path) -> None:
    path = table(tmp_path, "a.mp4", "Fall/a.mp4", "/home/me/day 1/Fall/a.mp4", "Fall/a.avi")
    assert read(path, "/data/day 1/Fall/a.mp4").labels == ("label 2",)
    assert read(path, "/data/day 2/a.mp4").labels == ("label 0",)


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        (None, "holds 4 videos or observations"),
        ("d.mp4", "has nothing for 'd.mp4'"),
        ("a.mp4", "'a.mp4' fits 2 of its entries"),
        ("Other/a.mp4", "has nothing for 'Other/a.mp4'"),
        ("/data/Other/a.mp4", "has nothing for"),
        ("P1.mp4", "has nothing for 'P1.mp4'"),
        ("", "has nothing for ''"),
    ],
)
def test_what_is_not_clear_is_listed(tmp_path: Path, asked: str | None, problem: str) -> None:
    path = table(tmp_path, "Fall/a.mp4", "ADL/a.mp4", "b.avi", "P1.2")
    with pytest.raises(ActScribeError, match=problem) as caught:
        read(path, asked)
    assert "\n  Fall/a.mp4\n  ADL/a.mp4" in caught.value.message
    assert "--video NAME" in caught.value.hint


def test_long_lists_are_cut_but_counted(tmp_path: Path) -> None:
    path = table(tmp_path, *(f"video {number}.mp4" for number in range(45)))
    with pytest.raises(ActScribeError, match="and 25 more"):
        read(path)
    assert len(read_all(path)) == 45


def test_a_table_that_names_its_videos_is_not_taken_for_another_one(tmp_path: Path) -> None:
    path = table(tmp_path, "a.mp4")
    assert read(path).labels == ("label 0",)
    with pytest.raises(ActScribeError, match=r"has nothing for 'b.mp4'") as caught:
        read(path, "b.mp4")
    assert "empty label" in caught.value.hint


def test_a_file_about_one_video_is_taken_for_it_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text("label,start,end\nx,0,1\n")
    assert read(path, "b.mp4").labels == ("x",)
