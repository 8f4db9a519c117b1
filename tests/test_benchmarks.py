"""Benchmark sets from miniature copies of their official files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from small_benchmarks import HMDB, ODD, UCF, hmdb, kinetics_csv, touch, ucf, write_lines, write_list

from actscribe.data.benchmarks.base import Source
from actscribe.data.benchmarks.files import plain, words
from actscribe.data.benchmarks.lists import read_list
from actscribe.data.benchmarks.registry import BENCHMARKS, read_benchmark
from actscribe.errors import ActScribeError


def test_ucf_ids_are_those_of_class_ind_and_not_of_sorted_names(tmp_path: Path) -> None:
    benchmark = read_benchmark("ucf101", ucf(tmp_path))
    assert tuple(one.name for one in benchmark.classes) == UCF
    ids = {clip.name: clip.class_id for clip in benchmark.clips}
    assert ids["HammerThrow/v_HammerThrow_g01_c01"] == 2
    assert ids["HandstandPushups/v_HandStandPushups_g01_c01"] == 3
    assert ids["JumpRope/v_JumpRope_g05_c02"] == 5
    assert Counter(clip.split for clip in benchmark.clips) == {"train": 6 * 4 * 2, "test": 6 * 2 * 2}
    assert not benchmark.missing
    assert benchmark.notes == ("UCF101 has 101 classes, its lists here name 6.",)


def test_ucf_test_lines_have_no_id_and_groups_are_of_one_split(tmp_path: Path) -> None:
    benchmark = read_benchmark("ucf101", ucf(tmp_path))
    for clip in benchmark.clips:
        name, _, stem = clip.name.partition("/")
        assert benchmark.classes[clip.class_id].name == name
        assert clip.video.parent.name == name
        assert clip.video.stem == stem
    groups = {split: {clip.group for clip in benchmark.of_split(split)} for split in ("train", "test")}
    assert not groups["train"] & groups["test"]
    assert "HammerThrow-g01" in groups["test"]
    assert "Hammering-g01" in groups["test"]


@pytest.mark.parametrize("spell", [str.lower, str.upper])
def test_ucf_files_are_found_in_any_case_and_with_any_ending(tmp_path: Path, spell) -> None:
    source = ucf(tmp_path)
    for path in sorted(source.videos.rglob("*.avi")):
        path.rename(path.with_name(f"{spell(path.stem)}.MP4"))
    for folder in sorted(source.videos.iterdir()):
        folder.rename(folder.with_name(spell(folder.name) + "x"))
    benchmark = read_benchmark("ucf101", source)
    assert len(benchmark.clips) == 6 * 6 * 2
    assert not benchmark.missing


def test_ucf_prompts_are_words_or_as_published(tmp_path: Path) -> None:
    source = ucf(tmp_path)
    prompts = [one.prompt for one in read_benchmark("ucf101", source).classes]
    assert prompts[:3] == ["apply eye makeup", "hammering", "hammer throw"]
    published = read_benchmark("ucf101", Source(source.videos, source.lists, mode="as_published"))
    assert [one.prompt for one in published.classes] == list(UCF)


@pytest.mark.parametrize(
    ("list_name", "line", "message"),
    [
        (
            "trainlist01.txt",
            "HammerThrow/v_HammerThrow_g09_c09.avi 2",
            r":1: says 2, .* HammerThrow as 3",
        ),
        ("testlist01.txt", "Hopping/v_Hopping_g01_c01.avi", r"testlist01.txt:1: 'Hopping' is not a class"),
        ("testlist01.txt", "Hammering/holiday.avi", r"testlist01.txt:1: expected a file called v_Class"),
        ("testlist01.txt", "what is this", r"testlist01.txt:1: expected 'ClassName/v_"),
        ("classInd.txt", "2 ApplyEyeMakeup", r"classInd.txt:1: expected '1 ClassName'"),
        ("testlist01.txt", "JumpRope/v_JumpRope_g05_c02.avi", r"1 clip is listed more than once; .*train and test"),
    ],
)
def test_malformed_ucf_lists_are_named_with_their_line(tmp_path: Path, list_name: str, line: str, message: str) -> None:
    source = ucf(tmp_path)
    write_lines(tmp_path / "ucfTrainTestlist" / list_name, [line])
    with pytest.raises(ActScribeError, match=message):
        read_benchmark("ucf101", source)


def test_hmdb_codes_and_odd_file_names(tmp_path: Path) -> None:
    benchmark = read_benchmark("hmdb51", hmdb(tmp_path))
    assert tuple(one.name for one in benchmark.classes) == HMDB
    assert Counter(clip.split for clip in benchmark.clips) == {"train": 5 * 3, "test": 5 * 2}
    names = {clip.name for clip in benchmark.clips}
    assert f"kick/{ODD[1].format('kick', 0)}" in names
    assert f"kick/{ODD[1].format('kick', 1)}" not in names  # code 0
    assert benchmark.notes[-1] == "5 clips belong to no part of this split."
    first = next(clip for clip in benchmark.clips if clip.class_id == 2)
    assert first.group == "kick_ball-#122_Cleaning_Up_(Part_1)_kick_ball"
    assert len({clip.group for clip in benchmark.clips}) == 5 * 3


def test_hmdb_ids_follow_class_names_not_file_names(tmp_path: Path) -> None:
    source = hmdb(tmp_path)
    by_file = [path.name.removesuffix("_test_split1.txt") for path in sorted((tmp_path / "splits").iterdir())]
    assert by_file != sorted(by_file)  # the trap: kick_ball_test sorts before kick_test
    assert [one.name for one in read_benchmark("hmdb51", source).classes] == sorted(by_file)


def test_files_that_macos_leaves_beside_lists_and_videos_are_passed_over(tmp_path: Path) -> None:
    source = hmdb(tmp_path)
    touch(tmp_path / "splits" / "._kick_test_split1.txt", b"\x00\x05\x16\x07\xff")
    assert tuple(one.name for one in read_benchmark("hmdb51", source).classes) == HMDB
    for path in ("a/1.mp4", "a/._1.mp4", ".Trashes/2.mp4"):
        touch(tmp_path / "set" / path)
    assert [clip.name for clip in read_benchmark("folder", Source(tmp_path / "set")).clips] == ["a/1"]


def test_hmdb_prompts_are_swapped_only_as_published(tmp_path: Path) -> None:
    source = hmdb(tmp_path)
    right = {one.name: one.prompt for one in read_benchmark("hmdb51", source).classes}
    published = read_benchmark("hmdb51", Source(source.videos, source.lists, mode="as_published"))
    wrong = {one.name: one.prompt for one in published.classes}
    assert right == {name: name.replace("_", " ") for name in HMDB}
    assert wrong["kick"] == right["kick_ball"]
    assert wrong["kick_ball"] == right["kick"]
    assert wrong["sword"] == right["sword_exercise"]
    assert wrong["sword_exercise"] == right["sword"]
    assert wrong["brush_hair"] == right["brush_hair"]


def test_a_bad_hmdb_code_and_absent_lists_are_errors(tmp_path: Path) -> None:
    source = hmdb(tmp_path)
    with pytest.raises(ActScribeError, match=r"expected files such as brush_hair_test_split2.txt"):
        read_benchmark("hmdb51", Source(source.videos, source.lists, split=2))
    write_lines(tmp_path / "splits" / "kick_test_split1.txt", ["a (1).avi 1", "b.avi 3"])
    with pytest.raises(ActScribeError, match=r"kick_test_split1.txt:2: expected .* found 'b.avi 3'"):
        read_benchmark("hmdb51", source)


def kinetics_400(root: Path) -> Source:
    train = [("tai chi", "-abcDEF_123", 7, "train"), ("abseiling", "AAAAAAAAAAA", 12, "train")]
    train += [("zumba, fast", "aaaaaaaaaaa", 123456, "train"), ("abseiling", "gone_______", 0, "train")]
    kinetics_csv(root / "lists" / "train.csv", train)
    kinetics_csv(root / "lists" / "validate.csv", [("abseiling", "v_l_d______", 3, "validate")])
    touch(root / "videos" / "train" / "tai_chi" / "-abcDEF_123_000007_000017.mp4")
    touch(root / "videos" / "train" / "abseiling" / "AAAAAAAAAAA_000012_000022.mkv")
    touch(root / "videos" / "train" / "aaaaaaaaaaa.mp4")
    touch(root / "videos" / "val" / "v_l_d_______000003_000013.mp4", b"")
    return Source(root / "videos", root / "lists")


def test_kinetics_counts_what_is_gone(tmp_path: Path) -> None:
    benchmark = read_benchmark("kinetics400", kinetics_400(tmp_path))
    assert [one.name for one in benchmark.classes] == ["abseiling", "tai chi", "zumba, fast"]
    assert [(clip.name, clip.class_id, clip.group) for clip in benchmark.clips] == [
        ("tai chi/-abcDEF_123_000007_000017", 1, "-abcDEF_123"),
        ("abseiling/AAAAAAAAAAA_000012_000022", 0, "AAAAAAAAAAA"),
        ("zumba, fast/aaaaaaaaaaa_123456_123466", 2, "aaaaaaaaaaa"),
    ]
    assert [(gone.name, gone.split, gone.reason) for gone in benchmark.missing] == [
        ("abseiling/gone________000000_000010", "train", "no file"),
        ("abseiling/v_l_d_______000003_000013", "test", "empty file"),
    ]


def test_youtube_ids_differ_in_case(tmp_path: Path) -> None:
    source = kinetics_400(tmp_path)
    (tmp_path / "videos" / "train" / "aaaaaaaaaaa.mp4").unlink()
    gone = read_benchmark("kinetics400", source).missing
    assert "zumba, fast/aaaaaaaaaaa_123456_123466" in {one.name for one in gone}


def test_a_list_may_name_a_kinetics_clip_by_its_youtube_id(tmp_path: Path) -> None:
    benchmark = read_benchmark("kinetics400", kinetics_400(tmp_path))
    listed = ["aaaaaaaaaaa.mp4 2", "train/AAAAAAAAAAA_000012_000022.mp4 0", "x/-abcDEF_123.mp4 1", "gone_______.mp4 0"]
    read = read_list(write_lines(tmp_path / "list.txt", listed), benchmark)
    assert [clip.class_id for clip in read.clips] == [2, 0, 1]
    assert read.missing == ("abseiling/gone________000000_000010",)
    write_list(tmp_path / "mine.txt", benchmark.clips)
    assert "zumba, fast/aaaaaaaaaaa.mp4 2" in (tmp_path / "mine.txt").read_text()
    assert read_list(tmp_path / "mine.txt", benchmark).clips == benchmark.clips


def test_mini_kinetics_takes_its_classes_from_the_csv(tmp_path: Path) -> None:
    source = kinetics_400(tmp_path)
    write_lines(tmp_path / "lists" / "train_ytid_list.txt", ["aaaaaaaaaaa", "AAAAAAAAAAA", "unknown_id_"])
    write_lines(tmp_path / "lists" / "val_ytid_list.txt", ["v_l_d______"])
    benchmark = read_benchmark("mini-kinetics200", source)
    assert [one.name for one in benchmark.classes] == ["abseiling", "zumba, fast"]
    assert [(clip.class_id, clip.split) for clip in benchmark.clips] == [(1, "train"), (0, "train")]
    assert [(one.name, one.class_id, one.reason) for one in benchmark.missing] == [
        ("unknown_id_", None, "not in the csv files of Kinetics-400"),
        ("abseiling/v_l_d_______000003_000013", 0, "empty file"),
    ]


def test_a_list_without_header_is_no_kinetics_csv(tmp_path: Path) -> None:
    source = kinetics_400(tmp_path)
    write_lines(tmp_path / "lists" / "train.csv", ["train/abc_000001_000011.mp4 0"])
    with pytest.raises(ActScribeError, match=r"train.csv:1: no column 'label'") as caught:
        read_benchmark("kinetics400", source)
    assert "SlowFast" in caught.value.hint


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('"abseiling,abc,1,11,train', "expected seconds"),
        ("abseiling,abc,one,11,train", "expected seconds"),
        ("abseiling,abc", "expected seconds"),
        (",abc,1,11,train", "expected a label"),
    ],
)
def test_malformed_kinetics_lines_are_named(tmp_path: Path, line: str, message: str) -> None:
    source = kinetics_400(tmp_path)
    path = tmp_path / "lists" / "train.csv"
    before = path.read_text(encoding="utf-8").splitlines()
    write_lines(path, [before[0], line, *before[1:]])
    with pytest.raises(ActScribeError, match=rf"train.csv:2: {message}"):
        read_benchmark("kinetics400", source)


def test_absent_lists_and_videos_are_explained(tmp_path: Path) -> None:
    source = kinetics_400(tmp_path)
    (tmp_path / "lists" / "train.csv").unlink()
    with pytest.raises(ActScribeError, match=r"expected train.csv or .* found validate.csv"):
        read_benchmark("kinetics400", source)
    other = ucf(tmp_path / "u")
    with pytest.raises(ActScribeError, match=r"none of the 72 videos .* found 4 videos of other names"):
        read_benchmark("ucf101", Source(source.videos, other.lists))
    with pytest.raises(ActScribeError, match="no such folder"):
        read_benchmark("ucf101", Source(tmp_path / "nowhere", other.lists))
    with pytest.raises(ActScribeError, match="Did you mean 'ucf101'"):
        read_benchmark("ucf-101", other)


def test_copies_of_a_video_are_told_apart_by_their_folder_or_refused(tmp_path: Path) -> None:
    source = ucf(tmp_path)
    copy = touch(source.videos / "old" / "v_JumpRope_g01_c01.avi")
    kept = [clip.video for clip in read_benchmark("ucf101", source).clips if clip.video.stem == copy.stem]
    assert kept == [source.videos / "JumpRope" / copy.name]
    touch(source.videos / "old" / "Jump Rope" / copy.name)
    with pytest.raises(ActScribeError, match=r"3 files could be JumpRope/v_JumpRope_g01_c01"):
        read_benchmark("ucf101", source)


def test_a_folder_set_with_splits_and_groups(tmp_path: Path) -> None:
    for split, person in (("train", "p1"), ("Val", "p2"), ("test", "p3")):
        touch(tmp_path / split / "open_door" / f"a_{person}_1.mp4")
        touch(tmp_path / split / "CloseDoor" / f"b_{person}_1.MOV")
    touch(tmp_path / "train" / "open_door" / "empty_p1.mp4", b"")
    touch(tmp_path / "train" / "open_door" / "readme.txt")
    benchmark = read_benchmark("folder", Source(tmp_path, groups=r"_(p\d)"))
    assert [(one.name, one.prompt) for one in benchmark.classes] == [
        ("CloseDoor", "close door"),
        ("open_door", "open door"),
    ]
    assert {(clip.split, clip.group) for clip in benchmark.clips} == {
        ("train", "p1"),
        ("validation", "p2"),
        ("test", "p3"),
    }
    assert [(one.name, one.reason) for one in benchmark.missing] == [("open_door/empty_p1", "empty file")]
    assert not benchmark.notes
    touch(tmp_path / "wave" / "deep" / "1.mp4")
    touch(tmp_path / "lists" / "readme.txt")
    assert read_benchmark("folder", Source(tmp_path, groups=r"_(p\d)")).notes == (
        "folders beside Val, test, train are in no split and are not read: wave.",
    )


def test_a_folder_set_without_splits_is_all_training(tmp_path: Path) -> None:
    touch(tmp_path / "a" / "deep" / "1.mp4")
    touch(tmp_path / "b" / "1.mp4")
    benchmark = read_benchmark("folder", Source(tmp_path))
    assert [clip.name for clip in benchmark.clips] == ["a/deep/1", "b/1"]
    assert {clip.split for clip in benchmark.clips} == {"train"}
    assert len({clip.group for clip in benchmark.clips}) == 2
    assert "every clip is in the training split" in benchmark.notes[0]
    assert benchmark.notes[1].startswith("no group was given")
    touch(tmp_path.parent / "elsewhere" / "2.mp4")
    (tmp_path / "c").symlink_to(tmp_path.parent / "elsewhere", target_is_directory=True)
    assert [clip.name for clip in read_benchmark("folder", Source(tmp_path)).clips] == ["a/deep/1", "b/1", "c/2"]


@pytest.mark.parametrize(
    ("groups", "message"),
    [("(p", "not a regular"), ("p", "one group"), (r"(q\d)", "does not match"), (r"x_(q\d)?", "does not match")],
)
def test_bad_groups_are_errors(tmp_path: Path, groups: str, message: str) -> None:
    touch(tmp_path / "a" / "x_p1.mp4")
    with pytest.raises(ActScribeError, match=message):
        read_benchmark("folder", Source(tmp_path, groups=groups))


@pytest.mark.parametrize(
    ("name", "choices", "message"),
    [
        ("folder", {"split": 2}, "folder has one split, there is no split 2"),
        ("ucf101", {"split": 4}, "ucf101 has 3 official splits, there is no split 4"),
        ("folder", {"lists": Path("lists")}, "no official lists"),
        ("hmdb51", {"groups": "(p)"}, "groups of its own"),
    ],
)
def test_choices_that_a_set_does_not_have_are_refused(name: str, choices: dict, message: str) -> None:
    with pytest.raises(ActScribeError, match=message):
        read_benchmark(name, Source(Path("videos"), **choices))


def test_odd_folders_are_explained(tmp_path: Path) -> None:
    with pytest.raises(ActScribeError, match="no videos in folders"):
        read_benchmark("folder", Source(tmp_path))
    touch(tmp_path / "a" / "1.mp4")
    touch(tmp_path / "a" / "1.avi")
    with pytest.raises(ActScribeError, match="are both a/1"):
        read_benchmark("folder", Source(tmp_path))
    touch(tmp_path / "2.mp4")
    with pytest.raises(ActScribeError, match="lies in no class folder"):
        read_benchmark("folder", Source(tmp_path))


def test_names_as_words() -> None:
    assert words("YoYo") == "yo yo"
    assert words("UCFSport_run") == "ucf sport run"
    assert words("shoot_ball") == "shoot ball"
    assert plain("Brush_Hair") == plain("brush hair") == plain("BrushHair")


def test_every_set_says_what_it_reads() -> None:
    assert set(BENCHMARKS) == {"ucf101", "hmdb51", "kinetics400", "mini-kinetics200", "folder"}
    assert all(kind.summary for kind in BENCHMARKS.values())
