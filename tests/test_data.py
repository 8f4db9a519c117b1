"""Windows, targets, splits by group, leakage, manifests."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actscribe.annotations.interval import Interval
from actscribe.data.clips import Clip, Window, cut, merge_spans, spans, targets
from actscribe.data.groups import not_known
from actscribe.data.manifest import Row, read_manifest
from actscribe.data.recording import Recording
from actscribe.data.splits import assign_splits, check_leakage
from actscribe.errors import ActScribeError
from actscribe.labels import LabelSet

LABELS = LabelSet.model_validate({"name": "t", "labels": ["A", "B"]})
SHARES = {"train": 0.6, "validation": 0.2, "test": 0.2}


def recording(name: str = "r", duration: float = 10.0, group: str = "", **changes: object) -> Recording:
    values = {"content": name, "group": group or name, "intervals": (), **changes}
    return Recording(name, Path(f"{name}.mp4"), duration, **values)  # type: ignore[arg-type]


def test_windows_cover_a_video_and_the_last_ends_with_it() -> None:
    assert spans(5.5, Window(3, 1)) == [(0, 3), (1, 4), (2, 5), (2.5, 5.5)]
    assert spans(5.0, Window(3, 1)) == [(0, 3), (1, 4), (2, 5)]
    assert spans(2.0, Window(3, 1)) == [(0, 2.0)]
    assert spans(7.0, Window(None)) == [(0, 7.0)]


@given(st.floats(0.5, 400), st.floats(0.5, 10), st.floats(0.1, 1))
def test_every_moment_of_a_video_lies_in_a_window(duration: float, length: float, part: float) -> None:
    windows = spans(duration, Window(length, length * part))
    assert windows[0][0] == 0
    assert windows[-1][1] == pytest.approx(duration)
    assert all(later[0] <= earlier[1] + 1e-9 for earlier, later in pairwise(windows))
    assert all(0 <= start < end <= duration + 1e-9 for start, end in windows)


def test_a_target_is_the_covered_fraction_by_hand() -> None:
    # A covers 1.0-2.5 and, overlapping, 2.0-4.0: the union is 1.0-4.0. B covers nothing.
    intervals = (Interval("A", 1.0, 2.5), Interval("A", 2.0, 4.0))
    clips = cut(recording(duration=5, intervals=intervals), LABELS, Window(2, 1))
    assert [clip.fractions for clip in clips] == [(0.5, 0), (1, 0), (1, 0), (0.5, 0)]
    assert targets(clips, "multi-label", 0.5).tolist() == [[1, 0]] * 4
    assert targets(clips, "multi-label", 0.51)[:, 0].tolist() == [0, 1, 1, 0]


@given(st.lists(st.tuples(st.integers(0, 900), st.integers(1, 300)), max_size=6))
def test_covered_fractions_equal_counting_milliseconds(drawn: list[tuple[int, int]]) -> None:
    intervals = tuple(Interval("A", start / 100, (start + length) / 100) for start, length in drawn)
    held = recording(duration=12, intervals=tuple(i for i in intervals if i.end <= 12))
    axis = np.zeros(1200, dtype=bool)
    for interval in held.intervals or ():
        axis[round(interval.start * 100) : round(interval.end * 100)] = True
    for clip in cut(held, LABELS, Window(3, 1.5)):
        counted = axis[round(clip.start * 100) : round(clip.end * 100)].mean()
        assert clip.fractions[0] == pytest.approx(counted, abs=1e-6)


def test_what_nobody_annotated_is_masked_not_absent() -> None:
    gaps = (Interval("", 0, 2), Interval("B", 4, 10))
    clips = cut(recording(gaps=gaps, intervals=(Interval("A", 3, 4),)), LABELS, Window(2, 2))
    rows = targets(clips, "multi-label", 0.5)
    np.testing.assert_array_equal(rows, [[np.nan, np.nan], [1, 0], [0, np.nan], [0, np.nan], [0, np.nan]])


def test_the_annotated_part_of_a_clip_decides() -> None:
    # Of 0-4, half is not annotated; A covers 2-3, half of the annotated half.
    held = recording(duration=4, gaps=(Interval("", 0, 2),), intervals=(Interval("A", 2, 3),))
    assert cut(held, LABELS, Window(4, 4))[0].fractions == (0.5, 0)


def test_a_video_without_annotations_has_clips_without_targets() -> None:
    assert cut(recording(intervals=None, duration=3), LABELS, Window(3, 1)) == [Clip("r", 0, 3)]


def test_classes_are_one_hot_and_a_clip_of_none_is_left_out() -> None:
    clips = [Clip("r", 0, 1, (0.2, 0.7)), Clip("r", 1, 2, (0, 0)), Clip("r", 2, 3, (0.4, 0.3))]
    np.testing.assert_array_equal(targets(clips, "multi-class"), [[0, 1], [np.nan, np.nan], [1, 0]])


def test_spans_are_merged() -> None:
    merged = merge_spans([Interval("A", 3, 4), Interval("A", 0, 1), Interval("A", 1, 2), Interval("A", 0.5, 0.6)])
    assert merged == [(0, 2), (3, 4)]


def many(groups: int = 12) -> list[Recording]:
    rng = np.random.default_rng(5)
    out = []
    for index in range(groups * 2):
        length = float(rng.uniform(20, 60))
        rare = (Interval("B", 0, 5),) if index % 8 == 0 else ()
        intervals = (Interval("A", 0, length * rng.uniform(0.2, 0.8)), *rare)
        out.append(recording(f"r{index}", length, f"g{index // 2}", intervals=intervals))
    return out


def test_groups_never_straddle_and_every_split_sees_every_label() -> None:
    split = assign_splits(many(), LABELS, SHARES, seed=0)
    by_group: dict[str, set[str]] = {}
    for one in split:
        by_group.setdefault(one.group, set()).add(one.split)
    assert all(len(splits) == 1 for splits in by_group.values())
    for name in SHARES:
        assert {i.label for one in split if one.split == name for i in one.intervals or ()} == {"A", "B"}
    shares = {s: sum(o.duration for o in split if o.split == s) for s in SHARES}
    assert all(abs(shares[s] / sum(shares.values()) - SHARES[s]) < 0.12 for s in SHARES)


def test_the_same_seed_gives_the_same_split_whatever_the_order() -> None:
    recordings = many()
    first = {one.name: one.split for one in assign_splits(recordings, LABELS, SHARES, seed=3)}
    again = {one.name: one.split for one in assign_splits(recordings[::-1], LABELS, SHARES, seed=3)}
    assert first == again
    assert first != {one.name: one.split for one in assign_splits(recordings, LABELS, SHARES, seed=4)}


@settings(max_examples=15)
@given(st.integers(3, 9), st.integers(0, 1000))
def test_no_split_is_left_empty(groups: int, seed: int) -> None:
    recordings = [recording(f"r{i}", 10.0 + 7 * (i % 3)) for i in range(groups)]
    assert {one.split for one in assign_splits(recordings, LABELS, SHARES, seed)} == set(SHARES)


def test_too_few_groups_are_refused() -> None:
    with pytest.raises(ActScribeError, match="1 group cannot be split into train, validation, test"):
        assign_splits([recording("a", group="g"), recording("b", group="g")], LABELS, SHARES, 0)


def test_half_a_split_column_is_refused() -> None:
    with pytest.raises(ActScribeError, match="1 recording names a split and 1 does not \\(first: b\\)"):
        assign_splits([recording("a", split="train"), recording("b")], LABELS, SHARES, 0)


def test_half_a_split_column_is_refused_with_the_splits_of_before() -> None:
    old = [recording(f"r{index}", 10.0 + index) for index in range(5)]
    before = {one.group: one.split for one in assign_splits(old, LABELS, SHARES, 3)}
    with pytest.raises(ActScribeError) as refused:
        assign_splits([*old, recording("new", split="train")], LABELS, SHARES, 3)
    parts = [part.split(" has ") for part in refused.value.hint.partition("drawn so: ")[2].rstrip(".").split("; ")]
    assert {group: split for split, groups in parts for group in groups.split(", ")} == before


@pytest.mark.parametrize(
    ("changes", "expected"),
    [({"content": "a"}, "the same file content"), ({"group": "a"}, "the same group")],
)
def test_leakage_is_an_error(changes: dict[str, str], expected: str) -> None:
    pair = [recording("a", split="train"), recording("b", split="test", **changes)]
    with pytest.raises(ActScribeError, match=rf"Leakage: a \(train\) and b \(test\) have {expected}"):
        check_leakage(pair, {})
    check_leakage([pair[0], recording("b", split="train", **changes)], {})


def test_overlapping_cuts_of_one_source_are_leakage() -> None:
    pair = [recording("a", split="train"), recording("b", split="test")]

    def rows(start: float) -> dict[Path, Row]:
        values = [("a", 0.0, 10.0), ("b", start, start + 10)]
        return {Path(f"{n}.mp4"): Row(0, Path(f"{n}.mp4"), None, "", n, "", "tape", s, e) for n, s, e in values}

    with pytest.raises(ActScribeError, match="overlap in tape from 9 s on"):
        check_leakage(pair, rows(9.0))
    check_leakage(pair, rows(10.0))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"source": "long.mp4"}, {"source": "long.mp4"}),
        ({"source": "long.mp4", "source_start": 0.0, "source_end": 1.0}, {"source": "long.mp4"}),
        ({}, {"source": "a.mp4", "source_start": 3.0, "source_end": 4.0}),
        ({}, {"source": "sub/../A.mp4"}),
        ({"source": "./long.mp4"}, {"source": "sub/../long.mp4"}),
        ({"source": "caf\u00e9.mp4"}, {"source": "Cafe\u0301.mp4"}),
    ],
)
def test_a_source_is_the_same_however_it_is_named_and_whole_without_times(
    tmp_path: Path, first: dict, second: dict
) -> None:
    videos = {name: tmp_path / f"{name}.mp4" for name in "ab"}
    pair = [replace(recording(name, split=s), video=videos[name]) for name, s in (("a", "train"), ("b", "test"))]
    rows = {videos[n]: Row(0, videos[n], None, "", n, "", **more) for n, more in (("a", first), ("b", second))}
    with pytest.raises(ActScribeError, match=r"Leakage: .* overlap in"):
        check_leakage(pair, rows, tmp_path)
    check_leakage([replace(one, split="test") for one in pair], rows, tmp_path)


@pytest.mark.parametrize("groups", [("P1", "p1"), ("caf\u00e9", "cafe\u0301")])
def test_groups_that_are_spelled_almost_alike_are_refused(tmp_path: Path, groups: tuple[str, str]) -> None:
    rows = read_manifest(manifest(tmp_path, f"video,group\na.mp4,{groups[0]}\nb.mp4,{groups[1]}\n"))
    with pytest.raises(ActScribeError, match=r"in line 2 and .* in line 3 differ only in upper and lower case"):
        not_known(rows, False)


@pytest.mark.parametrize("stride", [1e-6, 1e-300, 1e-3])
def test_more_clips_than_memory_holds_are_counted_and_not_cut(stride: float) -> None:
    with pytest.raises(ActScribeError, match=r"cut a video of 1002\.0 s into .*,... clips|into inf clips"):
        spans(1002.0, Window(2.0, stride))
    assert len(spans(1002.0, Window(2.0, 0.002))) == 500_001


def manifest(folder: Path, text: str) -> Path:
    for name in ("a.mp4", "b.mp4", "a.eaf"):
        (folder / name).touch()
    (folder / "manifest.csv").write_text(text, encoding="utf-8")
    return folder / "manifest.csv"


def test_a_manifest_is_read_relative_to_itself(tmp_path: Path) -> None:
    path = manifest(tmp_path, "\ufeffvideo, annotations,group,split\r\na.mp4,a.eaf,p1,val\r\n\r\nb.mp4,,,Test\r\n")
    first, second = read_manifest(path)
    assert (first.video, first.annotations, first.group, first.split) == (
        tmp_path / "a.mp4",
        tmp_path / "a.eaf",
        "p1",
        "validation",
    )
    assert (second.annotations, second.group, second.split) == (None, "b.mp4", "test")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("video\nc.mp4\n", r"manifest\.csv:2: no such video: .*c\.mp4"),
        (
            "video\n.\n",
            r":2: expected the path of a file in column 'video', found a folder: .*\n.*row for each recording",
        ),
        ("video,camera_2\na.mp4,.\n", r":2: expected the path of a file in column 'camera_2', found a folder"),
        (
            "video,annotations\na.mp4,.\n",
            r":2: .* column 'annotations', found a folder: .*\n.*path of its annotation file",
        ),
        ("video,annotations\na.mp4,x.eaf\n", r":2: no such annotation file"),
        ("file\na.mp4\n", r":1: no column 'video'; found file"),
        ("video,grup\na.mp4,1\n", r":1: unknown column 'grup'. Did you mean 'group'"),
        ("video,split\na.mp4,tset\n", r":2: unknown split 'tset'. Did you mean 'test'"),
        ("video,label,annotations\na.mp4,x,a.eaf\n", r":2: both 'annotations' and 'label'"),
        ("video,source,source_start\na.mp4,t,soon\n", r":2: source_start must be seconds, found 'soon'"),
        ("video,source,source_start,source_end\na.mp4,t,0,0\n", r":2: the source goes from '0' to '0'"),
        ("video\n", "names no video"),
    ],
)
def test_a_bad_manifest_is_answered_with_its_line(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(ActScribeError, match=expected):
        read_manifest(manifest(tmp_path, text))


def test_a_manifest_from_another_system_names_files_in_its_own_case_and_accents(tmp_path: Path) -> None:
    folder = tmp_path / "Ka\u0308fig"  # as macOS writes it
    folder.mkdir()
    for name in ("a.mp4", "a.eaf", "x.mp4", "X.mp4"):
        (folder / name).touch()
    manifest = tmp_path / "m.csv"
    manifest.write_text("video,annotations\nkäfig/A.MP4,Käfig/a.EAF\nkäfig/X.mp4,\n", encoding="utf-8")
    first, second = read_manifest(manifest)
    assert (first.video, first.annotations) == (folder / "a.mp4", folder / "a.eaf")
    assert second.video == folder / "X.mp4"
    manifest.write_text("video\nKäfig/X.MP4\n", encoding="utf-8")
    with pytest.raises(ActScribeError, match=r"m\.csv:2: no such video"):
        read_manifest(manifest)


def test_a_folder_pairs_videos_with_annotations_of_the_same_name(tmp_path: Path) -> None:
    (tmp_path / "s1").mkdir()
    for name in ("s1/x.mp4", "s1/x.eaf", "y.MOV", "notes.txt"):
        (tmp_path / name).touch()
    rows = read_manifest(tmp_path)
    assert [(row.video.name, row.annotations and row.annotations.name, row.group) for row in rows] == [
        ("x.mp4", "x.eaf", "s1"),
        ("y.MOV", None, "y"),
    ]
    (tmp_path / "s1" / "x.csv").touch()
    with pytest.raises(ActScribeError, match=r"x\.csv and x\.eaf could both"):
        read_manifest(tmp_path)
