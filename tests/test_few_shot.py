"""Few-shot draws, split lists of other people, base and novel classes, and the way into a study."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_benchmarks import HMDB, UCF, hmdb, made_up, touch, ucf, write_lines, write_list
from small_studies import LEFT, film

from actscribe.data.benchmarks.base import Benchmark, BenchmarkClip, Source
from actscribe.data.benchmarks.convert import Probes, availability, label_set, missing_table, study_data, study_of
from actscribe.data.benchmarks.few_shot import (
    ClipSplit,
    base_and_novel,
    check_overlap,
    few_shot,
    full_split,
    halves,
    hold_out,
    restrict,
    shared_groups,
)
from actscribe.data.benchmarks.lists import read_labels, read_list
from actscribe.data.benchmarks.registry import read_benchmark
from actscribe.data.clips import Window, cut, targets
from actscribe.errors import ActScribeError


def names(clips) -> list[str]:
    return [clip.name for clip in clips]


@pytest.mark.parametrize("seed", range(3))
def test_draws_are_nested_and_exactly_k_a_class(tmp_path: Path, seed: int) -> None:
    benchmark = read_benchmark("ucf101", ucf(tmp_path, groups=12))
    draws = {shots: few_shot(benchmark, shots, seed) for shots in (2, 4, 8)}
    for shots, draw in draws.items():
        assert Counter(clip.class_id for clip in draw.train) == dict.fromkeys(range(6), shots)
        assert draw.validation == draws[2].validation
        assert draw.test == benchmark.of_split("test")
    assert set(names(draws[2].train)) < set(names(draws[4].train)) < set(names(draws[8].train))


def test_draws_differ_by_seed_and_not_by_run(tmp_path: Path) -> None:
    benchmark = read_benchmark("ucf101", ucf(tmp_path, groups=12))
    assert few_shot(benchmark, 4, 0) == few_shot(benchmark, 4, 0)
    drawn = {frozenset(names(few_shot(benchmark, 4, seed).train)) for seed in range(5)}
    assert len(drawn) == 5


def test_groups_are_spread_first_and_never_straddle(tmp_path: Path) -> None:
    benchmark = read_benchmark("ucf101", ucf(tmp_path, groups=8))  # 6 groups of 2 clips to draw from, 1 for validation
    draw = few_shot(benchmark, 7, 0)
    for class_id in range(6):
        held = Counter(clip.group for clip in draw.train if clip.class_id == class_id)
        assert sorted(held.values()) == [1, 1, 1, 2, 2]
    assert shared_groups(draw.train, draw.test) == shared_groups(draw.train, draw.validation) == 0
    assert {clip.split for clip in draw.validation} == {"validation"}
    assert Counter(clip.class_id for clip in draw.validation) == dict.fromkeys(range(6), 2)


def test_an_unreadable_clip_gives_way_to_the_next_of_its_class(tmp_path: Path) -> None:
    benchmark = read_benchmark("ucf101", ucf(tmp_path, groups=10, clips=3))
    healthy = {shots: few_shot(benchmark, shots, 0) for shots in (2, 4, 12)}
    assert few_shot(benchmark, 4, 0, readable=lambda clip: True) == healthy[4]
    order = [clip for clip in healthy[12].train if clip.class_id == 0]
    broken = {order[0].name, order[2].name, healthy[2].validation[0].name}
    asked: list[str] = []

    def readable(clip: BenchmarkClip) -> bool:
        asked.append(clip.name)
        return clip.name not in broken

    draws = {shots: few_shot(benchmark, shots, 0, readable=readable) for shots in (12, 4, 2)}
    assert [clip for clip in draws[2].train if clip.class_id == 0] == [order[1], order[3]]
    assert set(names(draws[2].train)) < set(names(draws[4].train)) < set(names(draws[12].train))
    assert [clip for clip in draws[4].train if clip.class_id] == [clip for clip in healthy[4].train if clip.class_id]
    assert Counter(clip.class_id for clip in draws[2].validation) == Counter(c.class_id for c in healthy[2].validation)
    assert not broken & {*names(draws[12].train), *names(draws[2].validation)}
    asked.clear()
    few_shot(benchmark, 2, 0, readable=readable)
    used = names((*draws[2].validation, *draws[2].train))
    assert sorted(asked) == sorted((*used, order[0].name, order[2].name, healthy[2].validation[0].name))


def test_a_clip_whose_group_is_tested_is_never_drawn(tmp_path: Path) -> None:
    train = made_up(tmp_path, {"a": {"p1": 3, "p2": 3, "p3": 3}})
    tested = BenchmarkClip("a/t", tmp_path / "t.mp4", 0, "p2", "test")
    benchmark = type(train)("s", "corrected", train.classes, (*train.clips, tested))
    for seed in range(10):
        draw = few_shot(benchmark, 3, seed)
        assert "p2" not in {clip.group for clip in (*draw.train, *draw.validation)}


GROUPS = st.dictionaries(st.sampled_from([f"p{i}" for i in range(8)]), st.integers(1, 5), min_size=3, max_size=8)


@settings(max_examples=20)
@given(groups=st.fixed_dictionaries({"a": GROUPS, "b": GROUPS, "c": GROUPS}), seed=st.integers(0, 99))
def test_people_who_do_everything_stay_on_one_side(groups, seed: int) -> None:
    benchmark = made_up(Path(), groups)
    held = hold_out(benchmark, 0.3, seed, "test")
    assert shared_groups(held.of_split("train"), held.of_split("test")) == 0
    assert sorted(names(held.clips)) == sorted(names(benchmark.clips))
    assert {clip.class_id for clip in held.of_split("train")} == {0, 1, 2}
    try:
        draw = few_shot(held, 1, seed, validation=2)
    except ActScribeError as error:
        assert "too few groups" in error.message  # noqa: PT017
        return
    assert shared_groups(draw.train, (*draw.validation, *draw.test)) == 0
    assert shared_groups(draw.validation, draw.test) == 0
    assert Counter(clip.class_id for clip in draw.train) == {0: 1, 1: 1, 2: 1}


def test_too_few_clips_are_counted(tmp_path: Path) -> None:
    benchmark = read_benchmark("hmdb51", hmdb(tmp_path))
    assert len(few_shot(benchmark, 3, 0, validation=0).train) == 15
    with pytest.raises(ActScribeError, match=r"5 of 5 classes have fewer than 4 clips to draw from; first brush_hair"):
        few_shot(benchmark, 4, 0, validation=0)
    alone = made_up(tmp_path, {"a": {"p1": 4}})
    with pytest.raises(ActScribeError, match="no test clips"):
        few_shot(alone, 1, 0)
    with pytest.raises(ActScribeError, match=r"1 class \(first: id 0\) of too few groups"):
        hold_out(alone, 0.5, 0)
    with pytest.raises(ActScribeError, match="between 0 and 1"):
        hold_out(alone, 1.0, 0)
    with pytest.raises(ActScribeError, match="0 shots"):
        few_shot(benchmark, 0, 0)


def test_a_set_with_its_own_validation_keeps_it(tmp_path: Path) -> None:
    for split in ("train", "val", "test"):
        for number in range(3):
            touch(tmp_path / split / "a" / f"{split}{number}.mp4")
    benchmark = read_benchmark("folder", Source(tmp_path))
    draw = few_shot(benchmark, 3, 0)
    assert names(draw.validation) == ["a/val0", "a/val1", "a/val2"]
    assert len(draw.train) == 3
    assert full_split(benchmark).train == benchmark.of_split("train")


def test_overlap_of_shots_and_test_counts_the_clips(tmp_path: Path) -> None:
    benchmark = read_benchmark("ucf101", ucf(tmp_path))
    train, test = benchmark.of_split("train"), benchmark.of_split("test")
    check_overlap(train, test)
    with pytest.raises(ActScribeError, match=r"3 of 48 training clips are test clips as well"):
        check_overlap(train, (*test, *train[:3]))
    with pytest.raises(ActScribeError, match=r"2 of 48 training clips are test clips as well"):
        ClipSplit("theirs", train, (), (*test, *train[:2]))
    with pytest.raises(ActScribeError, match=r"1 of 48 training clips are validation clips as well"):
        ClipSplit("theirs", train, train[:1], test)


def test_split_lists_of_other_people(tmp_path: Path) -> None:
    benchmark = read_benchmark("ucf101", ucf(tmp_path))
    by_name = {clip.name: clip for clip in benchmark.clips}
    wanted = [by_name["HammerThrow/v_HammerThrow_g03_c01"], by_name["JumpRope/v_JumpRope_g04_c02"]]
    forms = {
        "space.txt": ["HammerThrow/v_HammerThrow_g03_c01.avi 2", "data/JumpRope/v_JumpRope_g04_c02.mp4 5"],
        "bare.txt": ["v_HammerThrow_g03_c01.avi", "v_jumprope_G04_c02.avi"],
        "names.csv": ["path,label", "v_HammerThrow_g03_c01.avi,HammerThrow", '"v_JumpRope_g04_c02.avi",jump rope'],
    }
    for name, lines in forms.items():
        assert read_list(write_lines(tmp_path / name, lines), benchmark).clips == tuple(wanted), name
    write_list(tmp_path / "mine.txt", wanted)
    assert (tmp_path / "mine.txt").read_text().splitlines()[0] == "HammerThrow/v_HammerThrow_g03_c01.avi 2"
    assert read_list(tmp_path / "mine.txt", benchmark).clips == tuple(wanted)


def test_a_list_may_count_its_classes_again(tmp_path: Path) -> None:
    benchmark = read_benchmark("ucf101", ucf(tmp_path))
    path = write_lines(tmp_path / "base.txt", ["v_HammerThrow_g03_c01.avi 0", "v_JumpRope_g04_c02.avi 1"])
    labels = write_lines(tmp_path / "labels.csv", ["id,name", "0,Hammer Throw", "1,JumpRope"])
    with pytest.raises(ActScribeError, match=r"2 clips have another class .*base.txt:1: 0 means 'ApplyEyeMakeup'"):
        read_list(path, benchmark)
    assert [clip.class_id for clip in read_list(path, benchmark, labels).clips] == [2, 5]
    base = restrict(benchmark, read_labels(labels))
    assert [one.name for one in base.classes] == ["HammerThrow", "JumpRope"]
    assert [clip.class_id for clip in read_list(path, base).clips] == [0, 1]


def test_the_published_label_swap_is_found_by_comparing(tmp_path: Path) -> None:
    benchmark = read_benchmark("hmdb51", hmdb(tmp_path))
    listed = write_lines(
        tmp_path / "l.txt", [f"{clip.video.name} {clip.class_id}" for clip in benchmark.of_split("test")]
    )
    assert len(read_list(listed, benchmark).clips) == 10
    swapped = ["id,name", "0,brush hair", "1,kick ball", "2,kick", "3,sword exercise", "4,sword"]
    labels = write_lines(tmp_path / "l.csv", swapped)
    with pytest.raises(ActScribeError, match="8 clips have another class than in hmdb51"):
        read_list(listed, benchmark, labels)


def test_shots_of_another_split_are_counted_as_tested_and_unused(tmp_path: Path) -> None:
    """Split 2 tests the clips that split 1 trains on, but for one clip of a class, which it leaves out."""
    source = hmdb(tmp_path)
    for path in sorted((tmp_path / "splits").glob("*_split1.txt")):
        lines = [line.rsplit(maxsplit=1) for line in path.read_text(encoding="utf-8").splitlines()]
        codes = {"1": iter("202"), "2": iter("11"), "0": iter("1")}  # three train, two test, one unused
        second = [f"{file} {next(codes[code])}" for file, code in lines]
        write_lines(path.with_name(path.name.replace("split1", "split2")), second)
    shots = [clip for clip in read_benchmark("hmdb51", source).of_split("train") if clip.class_id < 3]
    write_list(tmp_path / "shots.txt", shots)
    benchmark = read_benchmark("hmdb51", replace(source, split=2))
    message = (
        r"shots.txt: of its 9 clips of hmdb51, 6 are test clips of this split and 3 are in no part of it; first .*:2: "
    )
    with pytest.raises(ActScribeError, match=message) as caught:
        read_list(tmp_path / "shots.txt", benchmark)
    assert "--split 1" in caught.value.hint
    with pytest.raises(ActScribeError, match=r"of its 6 clips .* 4 are test clips .* 2 are in no part of it"):
        few = tmp_path / "few.txt"
        write_list(few, [clip for clip in shots if clip.class_id < 2])
        read_list(few, restrict(benchmark, HMDB[:2]))
    assert [name.partition("/")[0] for name in restrict(benchmark, HMDB[3:]).unused] == list(HMDB[3:])


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["a/v_Nobody_g01_c01.avi 0"], "1 clip is unknown to ucf101"),
        (["v_JumpRope_g04_c02.avi 5", "x/v_JumpRope_g04_c02.avi 5"], ":2: .* is in line 1 already"),
        (["v_JumpRope_g04_c02.avi 1 3 5"], "several classes a clip"),
        (["v_JumpRope_g04_c02.avi 6"], "no class 6; ids go from 0 to 5"),
        (["v_JumpRope_g04_c02.avi \u00b2"], "'\u00b2' is not a class"),
        (["v_JumpRope_g04_c02.avi Jumping"], "'Jumping' is not a class"),
        (["frames/v_JumpRope_g04_c02 30 5"], ":1: expected 'path/video.mp4 LABEL'"),
    ],
)
def test_odd_lists_are_refused(tmp_path: Path, lines: list[str], message: str) -> None:
    benchmark = read_benchmark("ucf101", ucf(tmp_path))
    with pytest.raises(ActScribeError, match=message):
        read_list(write_lines(tmp_path / "odd.txt", lines), benchmark)


def test_listed_clips_that_are_gone_are_told(tmp_path: Path) -> None:
    source = ucf(tmp_path)
    (source.videos / "JumpRope" / "v_JumpRope_g04_c02.avi").unlink()
    benchmark = read_benchmark("ucf101", source)
    read = read_list(
        write_lines(tmp_path / "l.txt", ["v_JumpRope_g04_c02.avi 5", "v_JumpRope_g04_c01.avi 5"]), benchmark
    )
    assert read.missing == ("JumpRope/v_JumpRope_g04_c02",)
    assert names(read.clips) == ["JumpRope/v_JumpRope_g04_c01"]
    table = availability(benchmark).set_index("split")
    assert table.loc["train"].tolist() == [48, 47, 1, 0]
    assert table.loc["test"].tolist() == [24, 24, 0, 0]
    assert missing_table(benchmark).to_numpy().tolist() == [
        ["JumpRope/v_JumpRope_g04_c02", "JumpRope", "train", "no file"]
    ]


def test_bad_label_files_and_classes(tmp_path: Path) -> None:
    with pytest.raises(ActScribeError, match=r":2: expected '1,class name', found '2,b'"):
        read_labels(write_lines(tmp_path / "l.csv", ["0,a", "2,b"]))
    benchmark = made_up(tmp_path, {"jump": {"g": 1}, "run": {"g": 1}})
    with pytest.raises(ActScribeError, match="no class 'jumq'") as caught:
        restrict(benchmark, ["jumq"])
    assert "jump" in caught.value.hint
    with pytest.raises(ActScribeError, match="named twice"):
        restrict(benchmark, ["run", "Run"])


def with_test_clips(benchmark: Benchmark) -> Benchmark:
    """Return the set with one test clip of each class more."""
    more = [
        BenchmarkClip(f"{one.name}/t", Path("t.mp4"), index, "t", "test") for index, one in enumerate(benchmark.classes)
    ]
    return replace(benchmark, clips=(*benchmark.clips, *more))


def test_base_classes_are_the_frequent_half(tmp_path: Path) -> None:
    counts = {"a": {"g": 2}, "b": {"g": 5}, "c": {"g": 2}, "d": {"g": 1}, "e": {"g": 7}}
    base, novel = base_and_novel(with_test_clips(made_up(tmp_path, counts)))
    assert [one.name for one in base.classes] == ["b", "c", "e"]
    assert [one.name for one in novel.classes] == ["a", "d"]
    assert Counter(clip.class_id for clip in base.of_split("train")) == {0: 5, 1: 2, 2: 7}
    assert Counter(clip.class_id for clip in novel.of_split("train")) == {0: 2, 1: 1}


def test_base_classes_of_hmdb51_are_the_last_names_as_published(tmp_path: Path) -> None:
    # ViFi-CLIP's hmdb_51_base_labels.csv begins with pour (25) and ends with wave (50); every class has 70 clips.
    base, novel = base_and_novel(
        with_test_clips(made_up(tmp_path, {f"class {index:02d}": {"g": 3} for index in range(51)}))
    )
    assert [one.name for one in base.classes] == [f"class {index:02d}" for index in range(25, 51)]
    assert [one.name for one in novel.classes] == [f"class {index:02d}" for index in range(25)]


def test_halves_that_could_only_be_right_or_cannot_be_tested_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ActScribeError, match="has 3 classes: too few"):
        base_and_novel(with_test_clips(made_up(tmp_path, {"a": {"g": 1}, "b": {"g": 1}, "c": {"g": 1}})))
    benchmark = with_test_clips(made_up(tmp_path, {"a": {"g": 1}, "b": {"g": 1}, "c": {"g": 1}, "d": {"g": 1}}))
    clips = tuple(clip for clip in benchmark.clips if clip.split == "train" or clip.class_id > 1)
    with pytest.raises(ActScribeError, match="No novel class of made-up has a test clip"):
        base_and_novel(replace(benchmark, clips=clips))


@pytest.mark.parametrize(
    ("base", "novel", "message"),
    [
        (["a", "b"], ["c", "x"], "has no class 'x'"),
        (["a", "b"], ["B", "c"], "1 class is base and novel at once .first: 'b'"),
        (["a", "b", "a"], ["c", "d"], "named twice"),
        (["a"], ["c", "d"], "two base classes or more, found 1"),
        (["a", "b"], [], "two novel classes or more, found 0"),
    ],
)
def test_halves_by_name_are_whole_and_apart(tmp_path: Path, base: list[str], novel: list[str], message: str) -> None:
    benchmark = with_test_clips(made_up(tmp_path, {name: {"g": 1} for name in "abcd"}))
    with pytest.raises(ActScribeError, match=message):
        halves(benchmark, base, novel)


def test_a_draw_becomes_a_study_of_trimmed_videos(tmp_path: Path) -> None:
    for split in ("train", "val", "test"):
        for name in ("lamp_on", "lamp_off"):
            film(tmp_path / split / name / f"{split}.mp4", [(LEFT, 0, 1000)], 1.5)
    touch(tmp_path / "test" / "lamp_on" / "broken.mp4", b"no video")
    benchmark = read_benchmark("folder", Source(tmp_path))
    probes = Probes()
    data = study_data(benchmark, full_split(benchmark), probes)
    assert [(lost.name, lost.split) for lost in probes.unreadable(benchmark.clips)] == [("lamp_on/broken", "test")]
    assert data.labels.names == ("lamp_off", "lamp_on")
    assert data.labels.task == "multi-class"
    assert data.labels.labels[1].described() == "lamp on"
    assert len({recording.name for recording in data.recordings}) == 6
    for split in ("train", "validation", "test"):
        clips = [clip for one in data.of_split(split) for clip in cut(one, data.labels, Window(None))]
        assert targets(clips, "multi-class").tolist() == [[1, 0], [0, 1]]
        assert [clip.end for clip in clips] == pytest.approx([1.5, 1.5])
    study = study_of(benchmark, {"timesformer": {"epochs": 1}}, 4, 3)
    assert study.windows.length is None
    assert study.label_set() == label_set(benchmark) == data.labels


def test_videos_are_read_once_for_several_splits(tmp_path: Path) -> None:
    for split in ("train", "val", "test"):
        film(tmp_path / split / "lamp" / f"{split}.mp4", [(LEFT, 0, 1000)], 1.5)
    benchmark = read_benchmark("folder", Source(tmp_path))
    probes = Probes()
    first = study_data(benchmark, full_split(benchmark), probes)
    for clip in benchmark.clips:
        clip.video.unlink()
    assert study_data(benchmark, full_split(benchmark), probes) == first
    with pytest.raises(ActScribeError, match="can be read"):
        study_data(benchmark, full_split(benchmark))


def test_no_readable_clip_is_an_error(tmp_path: Path) -> None:
    benchmark = read_benchmark("ucf101", ucf(tmp_path, groups=3))
    assert len(benchmark.classes) == len(UCF)
    with pytest.raises(ActScribeError, match="none of the 12 train clips of ucf101 can be read"):
        study_data(benchmark, full_split(benchmark))
