import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from timelines import intervals, label_set, time_scores, whole_second_spans

from actscribe.data import spans as sp
from actscribe.timeline.rules import apply_rules

rules = st.tuples(
    st.dictionaries(st.sampled_from("ABC"), st.lists(st.sampled_from("ABC"), max_size=2, unique=True), max_size=3),
    st.lists(st.sampled_from([("A", "B"), ("A", "C"), ("C", "B")]), max_size=3, unique=True),
)
scores = st.integers(0, 2**31).map(lambda seed: time_scores(np.random.default_rng(seed).random((60, 3))))
FLAT = time_scores(np.full((60, 3), 0.5))


def present(bouts, name):
    return sp.union(interval for interval in bouts if interval.label == name)


def timeline(bouts):
    return [(interval.label, interval.start, interval.end) for interval in bouts]


@given(whole_second_spans, scores, rules, st.integers(0, 5))
def test_the_result_keeps_every_rule_and_adds_nothing(some, values, chosen, shortest):
    requires, excludes = chosen
    labels = label_set("A", "B", "C", requires=requires, excludes=excludes)
    before = intervals(some)
    minimum = {"A": float(shortest), "C": 2.0}
    after = apply_rules(before, values, labels, minimum)
    for name, needed in requires.items():
        for other in needed:
            assert sp.total(sp.subtract(present(after, name), present(after, other))) == 0
    for one, other in excludes:
        assert len(sp.intersect(present(after, one), present(after, other))) == 0
    for name in "ABC":
        assert sp.total(sp.subtract(present(after, name), present(before, name))) == 0
    assert all(interval.duration >= minimum.get(interval.label, 0) for interval in after)
    assert apply_rules(after, values, labels, minimum) == after


@given(whole_second_spans, scores)
def test_without_rules_nothing_changes(some, values):
    before = intervals(some)
    after = apply_rules(before, values, label_set("A", "B", "C"))
    assert sorted(timeline(after)) == sorted(some)


def test_what_is_required_cuts_and_gives_the_mean_score_of_what_is_left():
    labels = label_set("A", "B", "C", requires={"A": ["B"]})
    values = time_scores([[k / 100, 0.5, 0.5] for k in range(60)])
    kept = apply_rules(intervals([("A", 0, 10), ("B", 2, 4), ("B", 8, 20)]), values, labels)
    assert timeline(kept) == [("A", 2, 4), ("B", 2, 4), ("A", 8, 10), ("B", 8, 20)]
    np.testing.assert_allclose([i.score for i in kept if i.label == "A"], [0.025, 0.085])
    assert all(i.score is None for i in kept if i.label == "B")  # left as it was


def test_the_higher_score_keeps_each_overlap():
    labels = label_set("A", "B", "C", excludes=[("A", "B")])
    values = time_scores([[0.9, 0.1, 0]] * 10 + [[0.2, 0.8, 0]] * 50)
    kept = apply_rules(intervals([("A", 0, 20), ("B", 5, 8), ("B", 15, 30)]), values, labels)
    assert timeline(kept) == [("A", 0, 15), ("B", 15, 30)]


def test_the_first_of_the_pair_keeps_a_tie():
    for pair in (("A", "B"), ("B", "A")):
        labels = label_set("A", "B", "C", excludes=[pair])
        kept = apply_rules(intervals([("A", 0, 10), ("B", 0, 10)]), FLAT, labels)
        assert timeline(kept) == [(pair[0], 0, 10)]


def test_a_piece_that_is_dropped_takes_with_it_what_requires_it():
    labels = label_set("A", "B", "C", requires={"A": ["B"]}, excludes=[("C", "B")])
    # C takes all but two seconds of B; those are too short for B; so A has nothing left to stand on.
    given_intervals = intervals([("A", 0, 10), ("B", 0, 10), ("C", 2, 30)])
    kept = apply_rules(given_intervals, FLAT, labels, {"B": 3.0})
    assert timeline(kept) == [("C", 2, 30)]
