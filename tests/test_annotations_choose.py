"""Which of several videos in one file is meant."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner
from videos import make_video

from actscribe import load_study
from actscribe.annotations import Annotations, FrameClock, Interval, read, read_all, read_matched, write
from actscribe.cli import app
from actscribe.data.loading import load_data, load_recording
from actscribe.data.manifest import read_manifest
from actscribe.errors import ActScribeError
from actscribe.labels import LabelSet


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


def test_rows_of_one_video_are_all_read_however_they_spell_it(tmp_path: Path) -> None:
    named = ["caf\u00e9.mp4", "CAFE\u0301.MP4", "./caf\u00e9.mp4", "caf\u00e9"]
    spellings = [*named, "day 1\\caf\u00e9.mp4", "C:/study/day 1/caf\u00e9.mp4"]
    path = table(tmp_path, *spellings, "other.mp4")
    for asked in ("/data/day 1/caf\u00e9.mp4", "day 1/cafe\u0301.mp4", "Caf\u00e9.mp4"):
        assert read(path, asked).labels == tuple(f"label {number}" for number in range(6))
    assert read(table(tmp_path, *spellings)).labels == tuple(f"label {number}" for number in range(6))


def test_rows_that_may_be_of_two_videos_are_refused(tmp_path: Path) -> None:
    path = table(tmp_path, "a.mp4", "Fall/a.mp4", "/home/me/day 1/Fall/a.mp4", "Fall/a.avi", "ADL/a.mp4")
    with pytest.raises(ActScribeError, match=r"'a.mp4' may be '/data/day 1/Fall/a.mp4' or 'ADL/a.mp4'"):
        read(path, "/data/day 1/Fall/a.mp4")
    path = table(tmp_path, "Fall/a.mp4", "/home/me/day 1/Fall/a.mp4", "Fall/a.avi", "ADL/a.mp4")
    assert read(path, "/data/day 1/Fall/a.mp4").labels == ("label 0", "label 1")
    path = table(tmp_path, "a", "a.mp4", "a.avi")
    with pytest.raises(ActScribeError, match=r"'a' may be 'a.mp4' or 'a.avi'"):
        read(path, "a.mp4")


def test_rows_without_a_video_among_rows_with_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ActScribeError, match="rows that name no video"):
        read(table(tmp_path, "a.mp4", ""), "a.mp4")


def test_names_that_are_two_files_are_two_videos(tmp_path: Path) -> None:
    for name in ("a.mp4", "A.mp4", "a.avi"):
        (tmp_path / name).touch()
    path = table(tmp_path, "a.mp4", "A.mp4", "a.avi")
    assert [read(path, str(tmp_path / name)).labels for name in ("a.mp4", "A.mp4", "a.avi")] == [
        ("label 0",),
        ("label 1",),
        ("label 2",),
    ]


def test_a_relative_path_is_read_as_the_absolute_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "v1.mp4").touch()
    path = table(tmp_path / "study", "D:/lab/videos/v1.mp4", "D:/lab/videos/v2.mp4")
    monkeypatch.chdir(tmp_path)
    for asked in ("study/v1.mp4", str(tmp_path / "study" / "v1.mp4"), "./study/../study/v1.mp4"):
        assert read_matched(path, asked) == (read(path, "v1.mp4"), "the file name, in another folder")


def test_names_are_relative_to_the_file_that_holds_them(tmp_path: Path) -> None:
    (tmp_path / "ann").mkdir()
    for folder in ("old", "new"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "v.mp4").touch()
    path = table(tmp_path / "ann", "../old/v.mp4", "../new/v.mp4")
    assert read_matched(path, str(tmp_path / "new" / "v.mp4"))[0].labels == ("label 1",)
    assert read_matched(path, str(tmp_path / "new" / "v.mp4"))[1] == "the path"


def test_a_link_has_the_name_of_the_video(tmp_path: Path) -> None:
    (tmp_path / "store-8f3a").touch()
    (tmp_path / "cam1.mp4").symlink_to(tmp_path / "store-8f3a")
    path = table(tmp_path, "elsewhere.mp4", "/lab/cam1.mp4")
    assert read(path, str(tmp_path / "cam1.mp4")).labels == ("label 1",)


@pytest.mark.parametrize(
    ("named", "asked", "by"),
    [
        ("cam1.mp4", "cam1.mp4", "the path"),
        ("D:/study/cam1.mp4", "/data/cam1.mp4", "the file name, in another folder"),
        ("study/cam1.mp4", "/data/cam1.mp4", "the file name, in another folder"),
        ("CAM1.mp4", "/data/cam1.mp4", "the file name, spelled in another way"),
        ("my%20cam.mp4", "/data/my cam.mp4", "the file name"),
        ("cam1", "/data/cam1.mp4", "the file name without an ending, spelled in another way"),
        ("cam1.wav", "/data/cam1.mp4", "the file name, ending apart, spelled in another way"),
        (None, "/data/any.mp4", "the file names no video, so all of it is taken"),
        ("cam1.mp4", None, "the file holds no other video"),
    ],
)
def test_it_is_said_by_what_a_video_was_found(tmp_path: Path, named: str | None, asked: str | None, by: str) -> None:
    path = tmp_path / "a.json"
    write(path, Annotations((Interval("x", 0, 1),), (), (named,) if named else ()), "json")
    assert read_matched(path, asked)[1] == by


@pytest.mark.parametrize("format", ["elan", "json", "via", "cvat", "boris", "boris-tabular", "boris-aggregated", "csv"])
def test_a_file_about_another_video_is_refused(tmp_path: Path, format: str) -> None:
    path = tmp_path / f"a.{format}"
    annotations = Annotations((Interval("x", 0, 1),), (), ("/lab/b.mp4",))
    write(path, annotations, format, FrameClock(10))
    with pytest.raises(ActScribeError, match=r"/data/a\.mp4'.*:\n  .*b\.mp4"):
        read(path, "/data/a.mp4", FrameClock(10))
    assert read(path, "/data/b.mp4", FrameClock(10)).labels == ("x",)
    assert read(path, "/lab/b.mp4", FrameClock(10)).labels == ("x",)


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
    assert caught.value.hint.endswith(", for instance video='Fall/a.mp4'.")
    done = CliRunner().invoke(
        app, ["convert", str(path), str(tmp_path / "b.json"), *(["--video", asked] if asked else [])]
    )
    assert "for instance --video Fall/a.mp4." in " ".join(done.output.split())
    assert "column" not in done.output
    assert "in Python" not in done.output


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


def test_names_that_can_be_no_path_are_other_videos(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    path = table(tmp_path, "a.mp4", "x" * 5000 + "/a.mp4", "y" * 5000, "..", "/", "a" * 300 + ".mp4")
    assert read(path, str(tmp_path / "a.mp4")).labels[0] == "label 0"
    with pytest.raises(ActScribeError, match="has nothing for"):
        read(path, "z" * 5000)


def test_a_video_that_nothing_names_is_only_taken_alone(tmp_path: Path) -> None:
    path = tmp_path / "live.boris"
    live = {"type": "LIVE", "file": [], "events": []}
    path.write_text(json.dumps({"behaviors_conf": {}, "observations": {"session 1": live}}))
    assert read_matched(path, "/data/any.mp4")[1] == "the file names no video, so all of it is taken"
    path.write_text(json.dumps({"behaviors_conf": {}, "observations": {"session 1": live, "any": live}}))
    assert read_matched(path, "/data/any.mp4")[1] == "the file name without an ending, spelled in another way"
    with pytest.raises(ActScribeError, match="has nothing for"):
        read(path, "/data/other.mp4")


def test_a_manifest_says_what_the_file_calls_its_video(tmp_path: Path) -> None:
    video = make_video(tmp_path / "P01.mp4", 50)
    path = tmp_path / "a.json"
    write(path, Annotations((Interval("walk", 0, 1),), (), ("mother visit.mp4",)), "json")
    (tmp_path / "m.csv").write_text("video,annotations,observation\nP01.mp4,a.json,mother visit\n")
    (row,) = read_manifest(tmp_path / "m.csv")
    labels = LabelSet.model_validate({"name": "x", "task": "multi-label", "labels": ["walk"]})
    loaded = load_recording(row, "P01", labels)
    assert (loaded.recording.intervals, loaded.recording.video) == ((Interval("walk", 0, 1),), video)
    with pytest.raises(ActScribeError, match="is not about"):
        load_recording(replace(row, observation=""), "P01", labels)
    words = ["convert", str(path), str(tmp_path / "b.csv"), "--video", str(video)]
    refused = CliRunner().invoke(app, words)
    assert (refused.exit_code, "--observation 'mother visit.mp4'" in refused.output) == (2, True)
    done = CliRunner().invoke(app, [*words, "--observation", "mother visit.mp4"])
    assert (done.exit_code, "found by the path" in done.output) == (0, True)


@pytest.fixture
def moved(tmp_path: Path) -> Path:
    """A table that names the folders in which its two videos lay before they were moved into another one."""
    (tmp_path / "videos").mkdir()
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / "videos" / name).touch()
    (tmp_path / "tables").mkdir()
    return table(tmp_path / "tables", "ADL/a.mp4", "Fall/b.mp4")


def test_a_file_name_that_is_the_only_one_fits_whatever_the_folders(moved: Path) -> None:
    videos = moved.parents[1] / "videos"
    assert read_matched(moved, str(videos / "a.mp4"))[1] == "the file name, in another folder"
    assert [read(moved, str(videos / name)).labels for name in ("a.mp4", "b.mp4")] == [("label 0",), ("label 1",)]
    with pytest.raises(ActScribeError, match="has nothing for"):
        read(moved, "videos/a.mp4")  # no such file: whether there are others of its name is not known


def test_a_file_name_does_not_do_where_another_file_has_it(moved: Path) -> None:
    root = moved.parents[1]
    video = str(root / "videos" / "a.mp4")
    (root / "ADL").mkdir()
    (root / "ADL" / "a.mp4").touch()
    same = r"has nothing for '.*/videos/a.mp4'; the file name is the same, the folder ADL/ is not:\n  ADL/a.mp4\n"
    with pytest.raises(ActScribeError, match=same):
        read(moved, video)
    (root / "ADL" / "a.mp4").unlink()
    assert read(moved, video).labels == ("label 0",)
    two = table(root / "tables", "ADL/a.mp4", "Fall/a.mp4", "b.mp4")
    with pytest.raises(ActScribeError, match=r"the folders ADL/, Fall/ are not"):
        read(two, video)


def test_a_manifest_with_two_videos_of_one_name_is_refused_once(moved: Path) -> None:
    root = moved.parents[1]
    names = [f"{folder}/a.mp4" for folder in ("old", "new")]
    for name in names:
        (root / name).parent.mkdir()
        make_video(root / name, 50)
    (root / "m.csv").write_text("video,annotations\n" + "".join(f"{name},tables/all.csv\n" for name in names))
    (root / "labels.yaml").write_text("name: x\ntask: multi-label\nlabels: [label 0, label 1]\n")
    (root / "study.yaml").write_text(
        "name: x\nrecordings: m.csv\nlabels: labels.yaml\nwindows: {length: 1, stride: 1}\nrecognizers: {probe: {}}\n"
    )
    with pytest.raises(ActScribeError) as caught:
        load_data(load_study(root / "study.yaml"))
    text = str(caught.value)
    assert text.count("all.csv") == 1
    assert "Nor does it say what belongs to 1 more video: a.mp4." in text
    assert text.endswith("Say which one is meant, for instance 'ADL/a.mp4' in the manifest's column 'observation'.")
    assert "--video" not in text
