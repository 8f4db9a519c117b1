import numpy as np
from hypothesis import given
from timelines import frames, intervals, whole_second_spans

from actscribe.data import spans as sp


@given(whole_second_spans, whole_second_spans)
def test_arithmetic_agrees_with_one_flag_per_second(one, other):
    first, second = sp.union(intervals(one)), sp.union(intervals(other))
    a, b = frames(first, 60), frames(second, 60)
    assert (a == frames([span[1:] for span in one], 60)).all()
    assert (frames(sp.intersect(first, second), 60) == (a & b)).all()
    assert (frames(sp.subtract(first, second), 60) == (a & ~b)).all()
    assert (sp.covers(first, np.arange(60.0)) == a).all()
    assert sp.total(first) == a.sum()


@given(whole_second_spans, whole_second_spans)
def test_results_are_in_order_disjoint_and_not_empty(one, other):
    first, second = sp.union(intervals(one)), sp.union(intervals(other))
    for spans in (first, sp.intersect(first, second), sp.subtract(first, second)):
        assert (spans[:, 1] > spans[:, 0]).all()
        assert (spans[1:, 0] > spans[:-1, 1]).all()


def test_edges_are_copied_exactly():
    spans = sp.intersect(np.array([[0.1, 0.7]]), np.array([[0.30000000000000004, 2.0]]))
    assert spans.tolist() == [[0.30000000000000004, 0.7]]


def test_point_events_cover_no_time_and_touching_spans_do_not_overlap():
    assert sp.union(intervals([("A", 3.0, 3.0)])).shape == (0, 2)
    assert len(sp.intersect(np.array([[0.0, 1.0]]), np.array([[1.0, 2.0]]))) == 0
    assert sp.whole(0.0).shape == (0, 2)
