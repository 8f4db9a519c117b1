"""Whether annotations fit their video, and what a label set makes of them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actscribe.annotations import Annotations, Interval, check, overlaps, resolve
from actscribe.annotations.checks import merge
from actscribe.errors import ActScribeError
from actscribe.labels import LabelSet

SOURCE = Path("notes.eaf")
VIDEO = Path("v.mp4")
LABELS = LabelSet.model_validate(
    {
        "name": "small",
        "labels": [{"name": "Ventilation", "aliases": ["CPAP", "PPV"]}, {"name": "Suction"}],
        "ignored": ["Stimulation extremities"],
    }
)


def test_ends_just_past_the_video_are_cut() -> None:
    annotations = Annotations.of(
        [Interval("a", 1, 10.9), Interval("b", 10.5, 11.0), Interval("c", 2, 3)], duration=10.8
    )
    gaps = (Interval("", 9.5, 10.5),)
    cut = check(Annotations(annotations.intervals, gaps, (), 10.8), 10.0, SOURCE, VIDEO)
    assert cut.intervals == (Interval("a", 1, 10.0), Interval("c", 2, 3), Interval("b", 10.0, 10.0))
    assert cut.gaps == (Interval("", 9.5, 10.0),)


@pytest.mark.parametrize("length", [8.9, 11.1])
def test_a_file_about_a_video_of_another_length_is_refused(length: float) -> None:
    with pytest.raises(ActScribeError, match=rf"notes.eaf: is about a video of {length}0 s, but v.mp4 lasts 10.00 s"):
        check(Annotations((), duration=length), 10.0, SOURCE, VIDEO)


def test_intervals_after_the_video_are_refused_with_the_last_one() -> None:
    annotations = Annotations.of([Interval("a", 1, 12), Interval("b", 14, 15.5), Interval("c", 0, 9)])
    with pytest.raises(
        ActScribeError, match=r"2 intervals end after its video, v.mp4.* 10.00 s.* 'b' from 14.00 s to 15.50 s"
    ):
        check(annotations, 10.0, SOURCE, VIDEO)


def test_overlaps_of_one_label_and_subject_are_refused_with_their_times() -> None:
    annotations = Annotations.of(
        [
            Interval("Suction", 1, 4, "nurse"),
            Interval("Suction", 3.5, 5, "nurse"),
            Interval("Suction", 2, 3, "doctor"),
            Interval("CPAP", 1, 5),
            Interval("PPV", 2, 3),
        ]
    )
    with pytest.raises(ActScribeError) as caught:
        check(annotations, 10.0, SOURCE, VIDEO)
    assert "'Suction' of nurse: 1.000 s to 4.000 s and 3.500 s to 5.000 s" in caught.value.message
    assert "doctor" not in caught.value.message
    assert "PPV" not in caught.value.message


def test_rounding_and_points_are_no_overlap() -> None:
    intervals = [Interval("a", 0, 1.0005), Interval("a", 1, 2), Interval("a", 1.5, 1.5), Interval("a", 2, 3)]
    assert overlaps(intervals) == []
    assert overlaps([*intervals, Interval("a", 2.5, 2.6)]) == [(Interval("a", 2, 3), Interval("a", 2.5, 2.6))]


def test_an_overlap_behind_a_short_interval_is_found() -> None:
    long, short, late = Interval("a", 0, 10), Interval("a", 1, 2), Interval("a", 5, 6)
    assert overlaps([late, short, long]) == [(long, short), (long, late)]


def test_aliases_fold_ignored_names_go_unknown_ones_are_counted() -> None:
    annotations = Annotations(
        (
            Interval("CPAP", 0, 3),
            Interval("ppv ", 3, 5),
            Interval("PPV", 4, 6),
            Interval("Ventilation", 8, 9),
            Interval("Stimulation extremities", 0, 9),
            Interval("Sucktion", 1, 2),
            Interval("Sucktion", 3, 4),
            Interval("Drying", 3, 4),
        ),
        (Interval("", 9, 10), Interval("PPV", 9, 9.5), Interval("Warming", 9, 10)),
        ("a.mp4",),
        10.0,
    )
    resolved, unknown = resolve(annotations, LABELS)
    assert resolved.intervals == (Interval("Ventilation", 0, 6), Interval("Ventilation", 8, 9))
    assert resolved.gaps == (Interval("Ventilation", 9, 9.5), Interval("", 9, 10))
    assert unknown == {"Drying": 1, "Sucktion": 2, "Warming": 1}
    assert (resolved.media, resolved.duration) == (("a.mp4",), 10.0)


def test_subjects_stay_apart_and_the_higher_score_stays() -> None:
    intervals = [Interval("CPAP", 0, 2, "A", 0.25), Interval("PPV", 1, 3, "B", 0.5), Interval("PPV", 1, 3, "A", 0.75)]
    resolved, _ = resolve(Annotations.of(intervals), LABELS)
    assert resolved.intervals == (Interval("Ventilation", 0, 3, "A", 0.75), Interval("Ventilation", 1, 3, "B", 0.5))


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 50), st.integers(0, 9)), max_size=12))
def test_merging_covers_the_same_seconds_without_touching(spans: list[tuple[str, int, int]]) -> None:
    intervals = [Interval(label, start, start + length) for label, start, length in spans]
    merged = merge(intervals)
    for label in "ab":
        seconds = np.arange(60) + 0.5
        before, after = (
            np.array([any(i.label == label and i.start < s < i.end for i in part) for s in seconds])
            for part in (intervals, merged)
        )
        np.testing.assert_array_equal(before, after)
        mine = [i for i in merged if i.label == label]
        assert all(one.end < other.start for one, other in pairwise(mine))
    assert merge(merged) == merged
