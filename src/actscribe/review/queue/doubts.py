"""Moments of one recording at which a timeline could as well have been another one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

#: How far from one half the probability of a doubtful moment is at most (ours).
WIDTH = 0.2
#: Doubts of a recording that are told; more would mark everything.
MOST = 200


@dataclass(frozen=True, slots=True)
class Doubt:
    """A span whose decision is open.

    Args:
        label: that it is about.
        start, end: in seconds.
        why: in a few words.
        doubt: in [0, 1]; 1: the decision could be either.
    """

    label: str
    start: float
    end: float
    why: str
    doubt: float


def doubts(
    times: np.ndarray, centred: np.ndarray, names: Sequence[str], width: float = WIDTH, most: int = MOST
) -> list[Doubt]:
    """Return the spans in which the decision on a label is open, in order of time.

    Args:
        times: middles of what the rows stand for, ascending, in seconds, shape (n,).
        centred: probability that the label is there with one half at its threshold, see `Said`, shape (n, labels).
        names: of the labels.
        width: how far from one half it may be.
        most: of so many spans; those with the most seconds near one half are told.
    """
    if not len(times):
        return []
    half = np.diff(times) / 2
    starts = times - np.concatenate([half[:1] if len(half) else [0.0], half])
    ends = times + np.concatenate([half, half[-1:] if len(half) else [0.0]])
    found: list[tuple[float, Doubt]] = []
    for column, name in enumerate(names):
        near = np.maximum(0.0, 1 - np.abs(centred[:, column] - 0.5) / width)
        change = np.flatnonzero(np.diff(np.concatenate([[False], near > 0, [False]]).astype(np.int8)))
        for first, last in change.reshape(-1, 2).tolist():
            inside = centred[first:last, column]
            low, high = f"{inside.min():.2f}", f"{inside.max():.2f}"
            why = f"{low if low == high else f'{low} to {high}'}, decided at 0.50"
            one = Doubt(name, max(0.0, float(starts[first])), float(ends[last - 1]), why, float(near[first:last].max()))
            found.append((float((near[first:last] * (ends - starts)[first:last]).sum()), one))
    kept = sorted(found, key=lambda pair: -pair[0])[:most]
    return sorted((one for _, one in kept), key=lambda one: (one.start, one.end, one.label))
