"""How far two annotators agree over time, without windows: kappa by seconds, ICC of durations and of counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from actscribe.annotations.interval import Annotations
from actscribe.data import spans as sp
from actscribe.data.recording import Recording
from actscribe.evaluation.agreement import kappa
from actscribe.evaluation.icc import icc
from actscribe.evaluation.intervals import estimate, group_units
from actscribe.timeline.matching import annotated_spans, label_spans

#: Columns of ICC: of what, from which place of the sums.
_ICCS = ("seconds", "bouts")


def seconds_agreed(recording: Recording, first: Annotations, second: Annotations, label: str) -> np.ndarray:
    """Return seconds that both, the second alone, the first alone and none call a label, within what both annotated.

    Args:
        recording: its duration is used.
        first, second: the two annotators'.
        label: of the label set.
    """
    known, one, other = _within_both(recording, first, second, label)
    both, either = sp.total(sp.intersect(one, other)), sp.total(one) + sp.total(other)
    return np.array([both, sp.total(other) - both, sp.total(one) - both, sp.total(known) - either + both])


def reliability(
    recordings: Sequence[Recording],
    both: Mapping[str, tuple[Annotations, Annotations]],
    labels: Sequence[str],
) -> pd.DataFrame:
    """Return a row per label: how far two annotators agree on all recordings that both annotated.

    Columns: `label`, `recordings` (that both annotated for it), `seconds` (that both annotated), `kappa`, `low`, `high`
    (by seconds; interval over groups), and for `seconds` and `bouts` of the label per recording `X_icc`, `X_low`,
    `X_high`, see `icc.icc`; nan where nothing can be said.

    Args:
        recordings: of the study.
        both: name of a recording -> the two annotators'.
        labels: of the study.
    """
    shared = [one for one in recordings if one.name in both]
    rows = []
    for label in labels:
        counts = np.array([seconds_agreed(one, *both[one.name], label) for one in shared]).reshape(-1, 4)
        known = counts.sum(axis=1) > 0
        own = [one for one, is_known in zip(shared, known, strict=True) if is_known]
        row = {"label": label, "recordings": len(own), "seconds": float(counts.sum())}
        rows.append(row | _kappa(counts[known], own) | _iccs(own, both, label))
    return pd.DataFrame(rows)


def _kappa(counts: np.ndarray, recordings: Sequence[Recording]) -> dict[str, float]:
    if not len(counts):
        return {"kappa": np.nan, "low": np.nan, "high": np.nan}
    estimated = estimate(kappa, counts[:, None], group_units([one.group for one in recordings]), "signed")
    return {"kappa": float(estimated.value), "low": float(estimated.low), "high": min(float(estimated.high), 1.0)}


def _iccs(
    recordings: Sequence[Recording], both: Mapping[str, tuple[Annotations, Annotations]], label: str
) -> dict[str, float]:
    sides = [_within_both(one, *both[one.name], label)[1:] for one in recordings]
    ratings = {
        "seconds": np.array([[sp.total(side) for side in pair] for pair in sides]),
        "bouts": np.array([[len(side) for side in pair] for pair in sides]),
    }
    cells: dict[str, float] = {}
    for name in _ICCS:
        one = icc(ratings[name].reshape(-1, 2))
        cells |= {f"{name}_icc": one.value, f"{name}_low": one.low, f"{name}_high": one.high}
    return cells


def _within_both(
    recording: Recording, first: Annotations, second: Annotations, label: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what both annotated, and the bouts of each within it; shapes (spans, 2)."""
    sides = [replace(recording, gaps=one.gaps) for one in (first, second)]
    known = sp.intersect(annotated_spans(sides[0], label), annotated_spans(sides[1], label))
    bouts = [
        sp.intersect(label_spans(own, one.intervals, label), known)
        for own, one in zip(sides, (first, second), strict=True)
    ]
    return known, bouts[0], bouts[1]
