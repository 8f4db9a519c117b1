"""Whether a video looks like a run's own recordings: distances as SciPy has them, and what is flagged."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from actscribe.archive.drift import BINS, Reference, Sight, mean_certainty, reference, see
from actscribe.data.clips import Clip
from actscribe.labels import Label, LabelSet
from actscribe.run_folder.scored_clips import ScoredClips
from actscribe.timeline.curves import Confidence, Curve

LABELS = LabelSet(name="x", labels=(Label(name="a"), Label(name="b")))
MIDDLES = (np.arange(BINS) + 0.5) / BINS


class MadeUp:
    """What `reference` asks of a run."""

    labels = LABELS

    class operating_point:
        confidence = Confidence()

    def __init__(self, scores: list[np.ndarray], split: str = "validation") -> None:
        self._split = split
        rows = [(index, float(row)) for index, own in enumerate(scores) for row in range(len(own))]
        clips = [Clip(f"r{index}", row, row + 1.0, (0.0, 0.0)) for index, row in rows]
        self._scored = ScoredClips(clips, [np.zeros(1)] * len(clips), np.concatenate(scores))

    def has_scores(self, split: str) -> bool:
        return split == self._split

    def scores(self, split: str) -> ScoredClips:
        return self._scored


def test_scores_are_counted_in_equal_parts_and_unseen_ones_left_out() -> None:
    sights = see(np.array([[0.0, 1.0], [0.049, 0.5], [0.05, math.nan]]), LABELS, Confidence())
    assert sights["a"].counts[:2] == (2, 1)
    assert sum(sights["b"].counts) == 2
    assert sights["b"].certainty == pytest.approx((1.0 + 0.5) / 2)


def test_certainty_is_that_of_calibrated_scores() -> None:
    curve = Curve(slope=2.0, intercept=0.0, low=0.0, high=1.0)
    scores = np.array([[0.8, 0.8]])
    sights = see(scores, LABELS, Confidence(curves={"a": curve}))
    assert sights["a"].certainty == pytest.approx(16 / 17)  # odds 4 to 1, squared
    assert sights["b"].certainty == pytest.approx(0.8)
    assert mean_certainty(sights) == pytest.approx((16 / 17 + 0.8) / 2)


def test_the_distance_is_scipys_of_the_label_that_lies_farthest() -> None:
    rng = np.random.default_rng(1)
    runs = [rng.beta(2, 5, (40, 2)) for _ in range(4)]
    baseline = reference(MadeUp(runs))
    assert baseline is not None
    assert (baseline.split, baseline.recordings) == ("validation", 4)
    video = rng.beta(5, 2, (30, 2))
    sights = see(video, LABELS, Confidence())
    expected = max(
        wasserstein_distance(MIDDLES, MIDDLES, sights[name].counts, baseline.counts[name]) for name in ("a", "b")
    )
    assert baseline.distance(sights) == pytest.approx(expected)
    each = []
    for index in range(4):
        own = see(runs[index], LABELS, Confidence())
        rest = see(np.concatenate(runs[:index] + runs[index + 1 :]), LABELS, Confidence())
        each.append(max(wasserstein_distance(MIDDLES, MIDDLES, own[n].counts, rest[n].counts) for n in ("a", "b")))
    assert baseline.farthest == pytest.approx(max(each))
    assert baseline.is_unlike(sights)
    assert not any(baseline.is_unlike(see(one, LABELS, Confidence())) for one in runs)


def test_a_video_at_which_it_is_less_certain_than_ever_is_unsure() -> None:
    runs = [np.full((5, 2), value) for value in (0.1, 0.05, 0.9)]
    baseline = reference(MadeUp(runs, "test"))
    assert baseline is not None
    assert baseline.least_certain == pytest.approx(0.9)
    assert baseline.is_unsure(see(np.full((5, 2), 0.15), LABELS, Confidence()))
    assert not baseline.is_unsure(see(np.full((5, 2), 0.05), LABELS, Confidence()))


def test_nothing_is_said_where_there_is_nothing_to_compare_with() -> None:
    two = [np.full((5, 2), 0.1)] * 2
    assert reference(MadeUp(two)) is None
    assert reference(MadeUp(two, "none of them")) is None
    empty = {"a": Sight((0,) * BINS, math.nan)}
    baseline = Reference("test", 3, {"a": np.ones(BINS)}, 0.1, 0.9)
    assert math.isnan(baseline.distance(empty))
    assert not baseline.is_unlike(empty)
    assert not baseline.is_unsure(empty)
