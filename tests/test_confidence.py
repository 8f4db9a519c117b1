"""Calibrated confidences against scikit-learn and by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from timelines import label_set, time_scores

from actscribe.annotations import read, write
from actscribe.annotations.interval import Annotations, Interval
from actscribe.timeline.confidence import with_confidence
from actscribe.timeline.curves import Confidence, Curve, fit_confidence


def drawn(clips: int, slope: float, intercept: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Targets, and scores of which expit(slope · logit + intercept) is the true probability."""
    rng = np.random.default_rng(seed)
    scores = expit(rng.normal(0, 2, (clips, 1)))
    truth = expit(slope * logit(scores) + intercept)
    return (rng.random((clips, 1)) < truth).astype(float), scores


def test_many_clips_give_the_curve_of_scikit_learn() -> None:
    targets, scores = drawn(4000, 0.5, -1.0)
    curve = fit_confidence(targets, scores, ["A"]).curves["A"]
    other = LogisticRegression(C=1e9).fit(logit(scores), targets[:, 0])
    assert curve.slope == pytest.approx(other.coef_[0, 0], abs=0.01)
    assert curve.intercept == pytest.approx(other.intercept_[0], abs=0.01)


def test_few_clips_never_make_sure() -> None:
    targets, scores = np.array([[1.0]] * 6 + [[0.0]] * 6), np.array([[1.0]] * 6 + [[0.0]] * 6)
    confidence = fit_confidence(targets, scores, ["A"])
    # Perfect scores: Platt's targets of six clips that show it and six that do not; of twelve at most 13 in 14.
    assert confidence.curves["A"](np.array([0.0, 1.0])).tolist() == pytest.approx([1 / 8, 7 / 8], abs=0.02)
    assert (confidence.curves["A"].low, confidence.curves["A"].high) == pytest.approx((1 / 14, 13 / 14))
    assert "fewer than 10 validation clips show it" in confidence.notes["A"]
    # Half of each window is seen again by the next: six clips' worth, so seven of eight at most.
    assert fit_confidence(targets, scores, ["A"], 0.5).curves["A"].high == pytest.approx(7 / 8)


def test_a_label_of_few_clips_leans_on_the_common_curve() -> None:
    many, scores = drawn(2000, 0.5, -1.0)
    few = np.full((2000, 1), np.nan)
    few[:2, 0] = [1.0, 0.0]
    both = fit_confidence(np.hstack([many, few]), np.hstack([scores, scores]), ["A", "B"])
    a, b = both.curves["A"], both.curves["B"]
    assert (b.slope, b.intercept) == (pytest.approx(a.slope, abs=0.3), pytest.approx(a.intercept, abs=0.5))
    assert "leans on the other labels" in both.notes["B"]
    assert "A" not in both.notes


def test_what_cannot_be_calibrated_is_said_and_has_no_confidence() -> None:
    confidence = fit_confidence(np.array([[0.0, 1.0], [0.0, 1.0]]), np.full((2, 2), 0.9), ["A", "B"])
    assert confidence.curves == {}
    assert confidence.notes["A"] == "not calibrated, so without a confidence: no validation clip that shows it"
    assert "does not show it" in confidence.notes["B"]
    assert "no validation clip" in fit_confidence(np.empty((0, 1)), np.empty((0, 1)), ["A"]).notes["A"]


def test_a_bout_has_scores_of_six_decimals() -> None:
    labels = label_set("A")
    scores = time_scores(np.full((10, 1), 1 / 3))
    confidence = Confidence(curves={"A": Curve(slope=0.7, intercept=0.1, low=0.1, high=0.9)})
    (one,) = with_confidence([Interval("A", 2, 6, score=2 / 3)], scores, confidence, labels)
    assert one.raw_score == 0.666667
    assert one.score is not None
    assert one.score == round(one.score, 6)


def test_a_bout_has_the_mean_confidence_and_keeps_its_score() -> None:
    labels = label_set("A", "B")
    values = np.zeros((10, 2))
    values[2:6, 0] = [0.9, 0.9, 0.5, 0.5]
    confidence = Confidence(curves={"A": Curve(slope=1, intercept=0, low=0.2, high=0.8)})
    bouts = [Interval("A", 2, 6, score=0.7), Interval("B", 0, 3, score=0.4)]
    one, other = with_confidence(bouts, time_scores(values), confidence, labels)
    assert one.score == pytest.approx((0.8 + 0.8 + 0.5 + 0.5) / 4)
    assert one.raw_score == 0.7
    assert (other.score, other.raw_score) == (None, 0.4)


@pytest.mark.parametrize("format", ["json", "csv"])
def test_both_scores_come_back_and_notes_from_json(tmp_path: Path, format: str) -> None:
    made = Annotations.of(
        [Interval("Stimulation: Rücken", 1, 2, score=0.81, raw_score=0.99), Interval("B", 3, 4, raw_score=0.5)],
        notes=["That is no better than always answering yes."],
    )
    write(tmp_path / "x", made, format)
    annotations = read(tmp_path / "x")
    assert annotations.intervals == made.intervals
    if format == "json":
        assert annotations.notes == made.notes
    else:  # Excel opens umlauts by the mark alone
        assert (tmp_path / "x").read_bytes().startswith(b"\xef\xbb\xbflabel,start_s,end_s,score,raw_score\n")


@pytest.mark.parametrize("format", ["vtt", "elan", "boris"])
def test_formats_with_comments_say_what_the_run_says_of_itself(tmp_path: Path, format: str) -> None:
    note = "No better than always answering yes --> beware."
    write(tmp_path / "x", Annotations.of([Interval("A", 1, 2)], ["a.mp4"], notes=[note]), format)
    assert "No better than always answering yes" in (tmp_path / "x").read_text()
    assert [interval.label for interval in read(tmp_path / "x").intervals] == ["A"]
