"""Intervals and annotations: what they refuse, how they are ordered, how gaps travel."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from annotation_examples import intervals, seconds
from hypothesis import given
from hypothesis import strategies as st

from actscribe.annotations import GAP_LABEL, Annotations, Interval, write
from actscribe.annotations.interval import sort_key
from actscribe.errors import ActScribeError


@pytest.mark.parametrize(
    ("start", "end"),
    [(-0.1, 1.0), (2.0, 1.0), (math.nan, 1.0), (0.0, math.nan), (0.0, math.inf), (-math.inf, 0.0)],
)
def test_impossible_times_are_refused_by_name(start: float, end: float) -> None:
    with pytest.raises(ActScribeError, match="'Suction' from"):
        Interval("Suction", start, end)


def test_a_point_event_has_no_length() -> None:
    assert Interval("Birth", 3.0, 3.0).duration == 0.0
    assert Interval("Suction", 1.25, 3.5).duration == 2.25


def test_gaps_are_told_from_intervals_by_their_label() -> None:
    annotations = Annotations.of(
        [
            Interval("Suction", 5, 6),
            Interval(GAP_LABEL, 7, 9),
            Interval(f"{GAP_LABEL} Suction", 1, 2),
            Interval("(not annotated)ly", 0, 1),
        ]
    )
    assert annotations.intervals == (Interval("(not annotated)ly", 0, 1), Interval("Suction", 5, 6))
    assert annotations.gaps == (Interval("Suction", 1, 2), Interval("", 7, 9))
    assert annotations.labels == ("(not annotated)ly", "Suction")


@given(st.lists(intervals(seconds())), st.lists(intervals(seconds(), st.sampled_from(("", "Suction", "a b")))))
def test_gaps_survive_as_labels(intervals: list[Interval], gaps: list[Interval]) -> None:
    annotations = Annotations(tuple(sorted(intervals, key=sort_key)), tuple(sorted(gaps, key=sort_key)))
    again = Annotations.of(annotations.as_intervals())
    assert sorted(again.intervals, key=sort_key) == sorted(intervals, key=sort_key)
    assert sorted(again.gaps, key=sort_key) == sorted(gaps, key=sort_key)


@given(st.permutations([Interval("b", 0, 1), Interval("a", 0, 1), Interval("a", 0, 2), Interval("a", 0, 1, "P")]))
def test_the_order_does_not_depend_on_the_file(shuffled: list[Interval]) -> None:
    assert Annotations.of(shuffled).intervals == (
        Interval("a", 0, 1),
        Interval("a", 0, 1, "P"),
        Interval("b", 0, 1),
        Interval("a", 0, 2),
    )


@pytest.mark.parametrize("media", ["new.mp4", Path("new.mp4"), ["new.mp4"], [Path("new.mp4")]])
def test_one_video_needs_no_list(media: str | Path | list[str | Path]) -> None:
    made = Annotations.of([Interval("Walk", 1, 3)], media, labels="Walk", notes="By hand.")
    assert (made.media, made.labels, made.notes) == (("new.mp4",), ("Walk",), ("By hand.",))


def test_what_is_no_annotations_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ActScribeError, match=r"Annotations\.of"):
        write(tmp_path / "a.csv", [Interval("Walk", 1, 3)], "csv")  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())
