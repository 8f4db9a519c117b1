"""Splits within recordings: parts by hand, no frame in two splits, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_studies import LEFT, RIGHT, film, interval_text, write_manifest, write_study

from actscribe import load_study
from actscribe.annotations.interval import Annotations, Interval
from actscribe.data.clips import Window, cut, targets
from actscribe.data.loading import load_data
from actscribe.data.recording import Recording
from actscribe.data.within import WITHIN, part_of, split_within
from actscribe.errors import ActScribeError
from actscribe.labels import Label, LabelSet

SHARES = {"train": 0.5, "validation": 0.25, "test": 0.25}
LABELS = LabelSet(name="room", labels=(Label(name="Walk"),))


def recording(duration: float = 100.0, *found: Interval) -> Recording:
    return Recording("r", Path("r.mp4"), duration, "digest", "g", "", found)


def test_parts_are_those_computed_by_hand() -> None:
    """100 s less two gaps of 10 s are 80 s: 40, 20 and 20 of them."""
    walk = (Interval("Walk", 30, 55), Interval("Walk", 80, 81), Interval("Walk", 95, 95))
    train, validation, test = split_within([recording(100.0, *walk)], SHARES, 10.0, 3.0)
    assert [one.recording.name for one in (train, validation, test)] == ["r-train", "r-validation", "r-test"]
    assert train.outside == (Interval("", 40.0, 100.0),)
    assert validation.outside == (Interval("", 0.0, 50.0), Interval("", 70.0, 100.0))
    assert test.outside == (Interval("", 0.0, 80.0),)
    assert train.recording.intervals == (Interval("Walk", 30, 40.0),)
    assert validation.recording.intervals == (Interval("Walk", 50.0, 55),)
    assert test.recording.intervals == (Interval("Walk", 80, 81), Interval("Walk", 95, 95))
    assert {one.recording.content for one in (train, validation, test)} == {"digest"}


def test_a_share_of_nothing_has_no_part_and_no_gap() -> None:
    parts = split_within([recording()], SHARES | {"validation": 0.0, "train": 0.75}, 10.0, 3.0)
    assert [one.recording.split for one in parts] == ["train", "test"]
    assert [one.outside for one in parts] == [(Interval("", 67.5, 100.0),), (Interval("", 0.0, 77.5),)]


@given(
    duration=st.floats(40, 400),
    length=st.floats(0.5, 4),
    more=st.floats(0, 5),
    train=st.floats(0.3, 0.6),
    stride=st.floats(0.2, 1),
)
def test_no_moment_is_learned_from_and_tested_on(
    duration: float, length: float, more: float, train: float, stride: float
) -> None:
    shares = {"train": train, "validation": 0.5 * (1 - train), "test": 0.5 * (1 - train)}
    walk = Interval("Walk", 0, duration)
    ends = []
    for part in split_within([recording(duration, walk)], shares, length + more, length):
        clips = cut(part.recording, LABELS, Window(length, length * stride))
        known = ~np.isnan(targets(clips, "multi-label")[:, 0])
        assert known.any()
        seen = [clip for clip, one in zip(clips, known, strict=True) if one]
        ends.append((min(clip.start for clip in seen), max(clip.end for clip in seen)))
    assert all(first[1] <= second[0] + 1e-6 for first, second in pairwise(ends))


def test_a_second_annotator_is_divided_alike() -> None:
    part = split_within([recording()], SHARES, 10.0, 3.0)[1]
    second = Annotations.of([Interval("Walk", 45, 52), Interval("Walk", 90, 99)])
    divided = part_of(second, part)
    assert divided.intervals == (Interval("Walk", 50.0, 52),)
    assert divided.gaps == part.outside


def test_what_cannot_be_divided_is_refused() -> None:
    with pytest.raises(ActScribeError, match=r"r: 20\.0 s are too short for 3 parts .* at least 32\.0 s are needed"):
        split_within([recording(20.0)], SHARES, 10.0, 3.0)
    with pytest.raises(ActScribeError, match="the manifest names a split"):
        split_within([replace(recording(), split="train")], SHARES, 10.0, 3.0)


@pytest.fixture
def one_subject(tmp_path: Path) -> Path:
    shown = [(LEFT, 0, 2000), (RIGHT, 4000, 7000), (LEFT, 9000, 11000)]
    film(tmp_path / "a.mp4", shown, 12.0)
    interval_text(tmp_path / "a.txt", shown)
    write_manifest(tmp_path, [{"video": "a.mp4", "annotations": "a.txt", "group": "anna"}])
    return tmp_path


def test_a_study_of_one_recording_is_split_and_says_so(one_subject: Path) -> None:
    write_study(one_subject)
    with pytest.raises(ActScribeError, match="1 groups cannot be split") as refused:
        load_data(load_study(one_subject))
    assert "within: recordings" in refused.value.hint
    write_study(one_subject, split={"within": "recordings", "train": 0.4, "validation": 0.3, "test": 0.3})
    data = load_data(load_study(one_subject))
    assert {one.name: one.split for one in data.recordings} == {
        "a-train": "train",
        "a-validation": "validation",
        "a-test": "test",
    }
    assert data.not_known == (WITHIN,)
    write_study(one_subject, split={"within": "recordings", "gap": 0.5})
    with pytest.raises(ActScribeError, match="could be seen in two splits"):
        load_data(load_study(one_subject))
