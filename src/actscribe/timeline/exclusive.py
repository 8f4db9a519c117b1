"""Multi-class timelines: exactly one label at every seen moment."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from actscribe.data.clips import SAME_S


@dataclass(slots=True)
class _Run:
    first: int
    stop: int
    label: int


def exclusive_spans(scores: np.ndarray, edges: np.ndarray, min_durations: np.ndarray) -> list[np.ndarray]:
    """Label every step with its highest score, and give runs that are too short to a neighbour.

    The shortest run below its label's minimum goes first, to the neighbouring run whose label has the higher mean
    score inside it (the earlier one on a tie); a run too short without neighbours is dropped (ours).

    Args:
        scores: smoothed, shape (steps, labels); a step whose scores are all nan is not labelled.
        edges: of the steps, in seconds, shape (steps + 1,).
        min_durations: in seconds, shape (labels,).

    Returns:
        per label its spans in seconds, shape (spans, 2); spans of different labels do not overlap.
    """
    filled = np.where(np.isfinite(scores), scores, -1.0)
    best = np.where(np.isfinite(scores).any(axis=1), filled.argmax(axis=1), -1)
    change = np.flatnonzero(np.diff(best)) + 1
    bounds = np.concatenate([[0], change, [len(best)]])
    runs = [_Run(int(a), int(b), int(best[a])) for a, b in pairwise(bounds)]
    runs = [run for run in runs if run.label >= 0]
    sums = np.vstack([np.zeros(scores.shape[1]), np.cumsum(np.nan_to_num(scores), axis=0)])
    while (short := _shortest(runs, edges, min_durations)) is not None:
        _give_away(runs, short, sums)
    by_label: list[list[tuple[float, float]]] = [[] for _ in min_durations]
    for run in runs:
        by_label[run.label].append((edges[run.first], edges[run.stop]))
    return [np.array(spans, dtype=float).reshape(-1, 2) for spans in by_label]


def _shortest(runs: list[_Run], edges: np.ndarray, min_durations: np.ndarray) -> int | None:
    """Return the index of the shortest run below its minimum, the earliest of equals, or None."""
    if not runs:
        return None
    bounds = np.array([(run.first, run.stop) for run in runs])
    lengths = edges[bounds[:, 1]] - edges[bounds[:, 0]]
    lengths[lengths >= min_durations[[run.label for run in runs]] - SAME_S] = np.inf
    index = int((lengths <= lengths.min() + SAME_S).argmax())
    return index if np.isfinite(lengths[index]) else None


def _give_away(runs: list[_Run], index: int, sums: np.ndarray) -> None:
    """Give the steps of the run at `index` to a neighbour, and join neighbours that then have one label."""
    run = runs.pop(index)
    near = [i for i in (index - 1, index) if 0 <= i < len(runs) and _touch(runs[i], run)]
    if not near:
        return
    inside = sums[run.stop] - sums[run.first]
    taker = runs[max(near, key=lambda i: (inside[runs[i].label], -i))]
    taker.first, taker.stop = min(taker.first, run.first), max(taker.stop, run.stop)
    if len(near) == 2 and runs[index - 1].label == runs[index].label:
        runs[index - 1].stop = runs[index].stop
        del runs[index]


def _touch(one: _Run, other: _Run) -> bool:
    return one.stop == other.first or other.stop == one.first
