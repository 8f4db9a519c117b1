"""Doubtful moments and recordings, on scores of which they can be computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from actscribe.journal import Suggestion
from actscribe.labels import Label, LabelSet
from actscribe.review.doubtful import LONGEST_DOUBT_S, MARGIN, doubt, doubtful, nearness
from actscribe.timeline.curves import Confidence, Curve
from actscribe.timeline.scores import TimeScores
from actscribe.timeline.segments import LabelOperatingPoint, TimelineSettings

LABELS = LabelSet(name="x", task="multi-label", labels=(Label(name="sit"), Label(name="walk")))
SETTINGS = TimelineSettings(operating_points={"sit": LabelOperatingPoint(on=0.2, off=0.2)})


def scored(*columns: list[float], step: float = 1.0) -> TimeScores:
    values = np.array(columns).T
    steps = len(values)
    return TimeScores((np.arange(steps) + 0.5) * step, values, step, np.isfinite(values).any(axis=1), steps * step)


def test_nearness_is_measured_from_where_each_label_is_decided() -> None:
    near = nearness(scored([0.2, 0.1, 0.17, 0.32, 0.9], [0.5, 0.0, 0.575, 0.35, np.nan]), SETTINGS, LABELS)
    # Of sit's way from 0.2 to 0, 0.17 is 15 %, of that to 1, 0.32 is 15 %; of walk's from 0.5 to 1, 0.575 is 15 %.
    half = 1 - 0.15 / MARGIN
    np.testing.assert_allclose(near[:, 0], [1, 0, half, half, 0], atol=1e-12)
    np.testing.assert_allclose(near[:, 1], [1, 0, half, 0, 0], atol=1e-12)


def test_a_low_threshold_makes_no_recording_doubtful_and_recordings_differ() -> None:
    sure = scored([0.02] * 10 + [0.8] * 10, [0.0] * 20)
    half_doubtful = scored([0.02] * 10 + [0.2] * 10, [0.0] * 20)
    doubts = [doubt(nearness(one, SETTINGS, LABELS), one) for one in (sure, half_doubtful)]
    assert doubts == pytest.approx([0.0, 0.5])


def test_calibrated_scores_count_where_a_label_has_a_curve() -> None:
    # logit(p) = 3 logit(s): at 0.6 it is 0.771, at 0.5 it stays: 54 % of the way to 1 and no doubt, not 20 %.
    curve = Confidence(curves={"walk": Curve(slope=3, intercept=0, low=0, high=1)})
    scores = scored([0.0], [0.6])
    assert nearness(scores, SETTINGS, LABELS)[0, 1] == pytest.approx(1 - 0.2 / MARGIN)
    assert nearness(scores, SETTINGS, LABELS, curve)[0, 1] == 0


def test_of_exclusive_labels_the_first_two_are_doubtful_by_their_distance() -> None:
    labels = LabelSet(name="x", task="multi-class", labels=(Label(name="sit"), Label(name="walk"), Label(name="fall")))
    near = nearness(scored([0.5, 0.9], [0.35, 0.05], [0.15, 0.05]), TimelineSettings(), labels)
    np.testing.assert_allclose(near, [[1 - 0.15 / MARGIN] * 2 + [0], [0, 0, 0]], atol=1e-12)


def test_doubtful_spans_are_short_and_begin_where_it_is_worst() -> None:
    sit = np.full(600, 0.15)
    sit[300:340] = 0.2
    scores = scored(sit.tolist(), [0.0] * 600, step=0.1)
    (one,) = doubtful((), nearness(scores, SETTINGS, LABELS), scores, LABELS.names)
    assert (one.label, one.why) == ("sit", "almost there")
    assert one.end - one.start == pytest.approx(LONGEST_DOUBT_S)
    assert one.start <= 30.0
    assert one.end >= 34.0


def test_what_is_in_a_bout_says_how_sure_it_is_and_edges_are_passed_over() -> None:
    walk = [0.0] * 10 + [0.45, 0.6] + [0.95] * 10 + [0.55] * 10
    scores = scored([0.0] * 32, walk, step=0.1)
    bouts = (
        Suggestion(label="walk", start=1.1, end=2.2, run="r", score=0.9),
        Suggestion(label="walk", start=2.2, end=3.2, run="r", score=0.61),
    )
    doubts = doubtful(bouts, nearness(scores, SETTINGS, LABELS), scores, LABELS.names)
    assert [(one.label, one.why) for one in doubts] == [("walk", "within a suggestion that is 61% sure")]
    assert (doubts[0].start, doubts[0].end) == pytest.approx((2.2, 3.2))
