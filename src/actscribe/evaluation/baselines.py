"""What a table must be compared with: always yes, always no, and guessing with the prior.

The tables have the columns and rows of `clips.clip_table`. All numbers are exact expectations, not draws; only the
`micro` F1 of guessing is that of the expected counts (the ratio's expectation differs from it by O(1 / clips)).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import binom

from actscribe.evaluation.clips import class_table, clip_table, micro_row, row_of, with_averages


def label_baselines(
    targets: np.ndarray, names: Sequence[str], priors: np.ndarray | None = None
) -> dict[str, pd.DataFrame]:
    """Return the tables of `always yes`, `always no` and `prior` for a multi-label set.

    `prior` says yes to each clip with the label's prior probability, by itself. A constant score has the average
    precision of the share of positives.

    Args:
        targets: shape (clips, labels), nan not annotated.
        names: of the labels.
        priors: probability of yes per label, from training, shape (labels,); None: the share in `targets`.
    """
    half = np.full(len(names), 0.5)
    return {
        "always yes": clip_table(targets, np.ones(np.shape(targets)), half, names),
        "always no": clip_table(targets, np.zeros(np.shape(targets)), half, names),
        "prior": _guess(targets, names, priors, False),
    }


def majority_answers(targets: np.ndarray, names: Sequence[str], priors: np.ndarray) -> pd.DataFrame:
    """Return the table of giving each label its most frequent answer in training, whatever the clip.

    Args:
        targets: shape (clips, labels), nan not annotated.
        names: of the labels.
        priors: probability of yes per label, from training, shape (labels,).
    """
    predicted = np.broadcast_to((np.asarray(priors) >= 0.5).astype(float), np.shape(targets))
    return clip_table(targets, predicted, np.full(len(names), 0.5), names)


def class_baselines(
    targets: np.ndarray, names: Sequence[str], priors: np.ndarray | None = None
) -> dict[str, pd.DataFrame]:
    """Return the tables of `majority` (always the most frequent class), `prior` and `uniform` guessing.

    The F1 of row `micro` is the (expected) top-1 accuracy, as in `clips.class_table`.

    Args:
        targets: one-hot, shape (clips, classes); a row of nan is left out.
        names: of the classes.
        priors: of the classes, from training, shape (classes,); None: the shares in `targets`.
    """
    known = np.asarray(targets, dtype=float)
    shares = _shares(known) if priors is None else np.asarray(priors, dtype=float)
    majority = np.zeros(known.shape)
    majority[:, shares.argmax()] = 1
    return {
        "majority": class_table(known, majority, names),
        "prior": _guess(known, names, shares, True),
        "uniform": _guess(known, names, np.full(len(names), 1 / len(names)), True),
    }


def expected_f1(positives: int, clips: int, rate: float) -> float:
    """Return the expected F1 of saying yes to each clip by itself with probability `rate`; nan without positives.

    With K clips said yes to, binomial(clips, rate), the expected true positives are K * positives / clips and F1 is
    2 tp / (K + positives): one exact sum over K.
    """
    if not positives:
        return float("nan")
    calls = np.arange(clips + 1)
    return float(np.sum(binom.pmf(calls, clips, rate) * 2 * calls * positives / clips / (calls + positives)))


def _guess(
    targets: np.ndarray, names: Sequence[str], priors: np.ndarray | None, is_one_of_several: bool
) -> pd.DataFrame:
    targets = np.asarray(targets, dtype=float)
    rates = _shares(targets) if priors is None else np.asarray(priors, dtype=float)
    rows, counts = [], []
    for name, target, rate in zip(names, targets.T, np.nan_to_num(rates), strict=True):
        known = target[~np.isnan(target)]
        clips, positives = len(known), int(known.sum())
        hits, misses = rate * positives, (1 - rate) * positives
        expected = np.array([hits, rate * (clips - positives), misses, (1 - rate) * (clips - positives)])
        share = positives / clips if clips else float("nan")
        row: dict[str, object] = {"label": name} | row_of(expected, clips)
        row["support"] = positives
        row["precision"] = share * (1 - (1 - rate) ** clips) if clips else 0.0
        row["f1"] = expected_f1(positives, clips, rate)
        row["average_precision"] = share if positives else float("nan")
        rows.append(row)
        counts.append(expected)
    annotated = int((~np.isnan(targets)).sum())
    micro = micro_row(np.array(counts), annotated, is_one_of_several)
    micro["support"] = int(np.nansum(targets))
    micro["average_precision"] = micro["prior"]
    return with_averages(rows, micro)


def _shares(targets: np.ndarray) -> np.ndarray:
    """Return the share of positives per label, nan where nothing is annotated."""
    known = (~np.isnan(targets)).sum(axis=0)
    return np.asarray(
        np.divide(np.nansum(targets, axis=0), known, out=np.full(targets.shape[1], np.nan), where=known > 0)
    )
