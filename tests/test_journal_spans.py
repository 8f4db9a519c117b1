"""Arithmetic of spans against sets of whole seconds."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actscribe.journal.spans import Spans, added, joined, left_of, removed, seconds, shared, within, without

LONGEST = 24
edges = st.integers(0, LONGEST)
pieces = st.lists(st.tuples(edges, edges), max_size=6)


def cells(spans: Spans) -> set[int]:
    """Return the whole seconds that spans cover."""
    return {second for start, end in spans for second in range(int(start), int(end))}


def is_normal(spans: Spans) -> bool:
    """Tell whether spans are in order, apart and not empty."""
    flat = [edge for span in spans for edge in span]
    return all(one < other for one, other in pairwise(flat))


@given(pieces, edges, edges)
def test_like_sets_of_seconds(first: list[tuple[int, int]], start: int, end: int) -> None:
    spans = joined(first)
    assert is_normal(spans)
    assert cells(spans) == {second for one, other in first for second in range(one, other)}
    span = set(range(start, end))
    for changed, expected in (
        (added(spans, start, end), cells(spans) | span),
        (removed(spans, start, end), cells(spans) - span),
    ):
        assert is_normal(changed)
        assert cells(changed) == expected
        assert seconds(changed) == len(expected)


@given(pieces, pieces, st.integers(0, LONGEST))
def test_both_and_the_rest(first: list[tuple[int, int]], second: list[tuple[int, int]], duration: int) -> None:
    one, other = joined(first), joined(second)
    both, rest = shared(one, other), left_of(duration, one)
    assert is_normal(both)
    assert cells(both) == cells(one) & cells(other)
    assert is_normal(rest)
    assert cells(rest) == set(range(duration)) - cells(one)


@given(pieces, pieces, edges, edges)
def test_the_part_within_and_what_is_left(
    first: list[tuple[int, int]], second: list[tuple[int, int]], start: int, end: int
) -> None:
    one, other = joined(first), joined(second)
    part, left = within(one, start, end), without(one, other)
    assert is_normal(part)
    assert cells(part) == cells(one) & set(range(start, end))
    assert is_normal(left)
    assert cells(left) == cells(one) - cells(other)


def test_by_hand() -> None:
    assert added(((1.0, 2.0), (3.0, 4.0)), 2.0, 3.0) == ((1.0, 4.0),)
    assert added(((1.0, 2.0),), 5.0, 5.0) == ((1.0, 2.0),)
    assert removed(((1.0, 4.0),), 2.0, 3.0) == ((1.0, 2.0), (3.0, 4.0))
    assert left_of(10.0, ((0.0, 2.0), (9.0, 12.0))) == ((2.0, 9.0),)
    assert seconds(((0.25, 1.0), (2.0, 2.5))) == pytest.approx(1.25)
