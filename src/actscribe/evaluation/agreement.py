"""Agreement beyond chance on clips: Cohen's kappa and Matthews' correlation of decisions with an annotator's.

Both are functions of counts that add up over clips, so they take intervals as F1 does. Two annotators are compared in
the same way (`evaluation.annotators`): one's targets stand for the decisions.
"""

from __future__ import annotations

import numpy as np


def four_counts(targets: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Return each clip's (tp, fp, fn, tn) per label, shape (clips, labels, 4); nothing where not annotated.

    Args:
        targets: shape (clips, labels), nan not annotated.
        predicted: bool, shape (clips, labels).
    """
    targets, predicted = np.asarray(targets, dtype=float), np.asarray(predicted, dtype=bool)
    known, true = ~np.isnan(targets), targets > 0
    parts = [true & predicted, known & ~true & predicted, true & ~predicted, known & ~true & ~predicted]
    return np.stack(parts, axis=-1).astype(float)


def kappa(counts: np.ndarray) -> np.ndarray:
    """Return Cohen's kappa from (tp, fp, fn, tn) on the last axis (Cohen 1960).

    1 is full agreement, 0 what chance gives; nan without a clip, or where both sides give one and the same answer
    throughout, so that chance agrees fully too.
    """
    tp, fp, fn, tn = np.moveaxis(np.asarray(counts, dtype=float), -1, 0)
    clips = tp + fp + fn + tn
    beyond = 2 * (tp * tn - fp * fn)
    most = (tp + fp) * (fp + tn) + (tp + fn) * (fn + tn)
    return np.asarray(np.divide(beyond, most, out=np.full(clips.shape, np.nan), where=most > 0))


def mcc(counts: np.ndarray) -> np.ndarray:
    """Return Matthews' correlation coefficient from (tp, fp, fn, tn) on the last axis (Matthews 1975).

    In [-1, 1]; 0 where decisions or targets are all alike (as scikit-learn has it), nan without a clip.
    """
    tp, fp, fn, tn = np.moveaxis(np.asarray(counts, dtype=float), -1, 0)
    size = np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    none = np.where(tp + fp + fn + tn > 0, 0.0, np.nan)
    return np.asarray(np.divide(tp * tn - fp * fn, size, out=none, where=size > 0))


def where_varied(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return kappa or MCC of labels, nan where the targets of a label are all alike, for means over labels.

    Nothing can be agreed on beyond chance there, and kappa would be 0 for who says otherwise once, but not known for
    who never does: means would be over other labels for one than for the other.

    Args:
        values: of labels, shape (..., labels).
        counts: (tp, fp, fn, tn) of each, shape (..., labels, 4).
    """
    tp, fp, fn, tn = np.moveaxis(np.asarray(counts, dtype=float), -1, 0)
    return np.where((tp + fn > 0) & (fp + tn > 0), values, np.nan)


def class_kappa(counts: np.ndarray) -> np.ndarray:
    """Return Cohen's kappa of one class out of several, all classes at once: (..., classes, 4) to (...).

    Args:
        counts: (tp, fp, fn, tn) of each class; every clip has one true and one predicted class. nan as in `kappa`.
    """
    tp, fp, fn, tn = np.moveaxis(np.asarray(counts, dtype=float), -1, 0)
    clips = (tp + fp + fn + tn).max(axis=-1, initial=0.0)
    by_chance = ((tp + fp) * (tp + fn)).sum(axis=-1)
    beyond, most = clips * tp.sum(axis=-1) - by_chance, clips**2 - by_chance
    return np.asarray(np.divide(beyond, most, out=np.full(clips.shape, np.nan), where=most > 0))


def class_mcc(counts: np.ndarray) -> np.ndarray:
    """Return Matthews' correlation of one class out of several, all at once: (..., classes, 4) to (...).

    Gorodkin 2004; arguments as in `class_kappa`, 0 and nan as in `mcc`.
    """
    tp, fp, fn, tn = np.moveaxis(np.asarray(counts, dtype=float), -1, 0)
    clips = (tp + fp + fn + tn).max(axis=-1, initial=0.0)
    covariance = clips * tp.sum(axis=-1) - ((tp + fp) * (tp + fn)).sum(axis=-1)
    predicted, true = (clips**2 - ((tp + wrong) ** 2).sum(axis=-1) for wrong in (fp, fn))
    size = np.sqrt(np.maximum(predicted * true, 0))
    return np.asarray(np.divide(covariance, size, out=np.where(clips > 0, 0.0, np.nan), where=size > 0))


def raw_agreement(counts: np.ndarray) -> np.ndarray:
    """Return the share of clips that both sides call alike, from (tp, fp, fn, tn) on the last axis; nan of none."""
    tp, fp, fn, tn = np.moveaxis(np.asarray(counts, dtype=float), -1, 0)
    clips = tp + fp + fn + tn
    return np.asarray(np.divide(tp + tn, clips, out=np.full(clips.shape, np.nan), where=clips > 0))
