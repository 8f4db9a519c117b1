"""The label set's rules, applied to a finished timeline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from actscribe.annotations.interval import Interval, sort_key
from actscribe.data import spans as sp
from actscribe.data.clips import SAME_S
from actscribe.labels import LabelSet
from actscribe.timeline.scores import SHORTEST, TimeScores

ByLabel = dict[str, list[Interval]]


def apply_rules(
    intervals: Iterable[Interval],
    time_scores: TimeScores,
    labels: LabelSet,
    min_durations: Mapping[str, float] | None = None,
) -> list[Interval]:
    """Cut a timeline until the rules hold at every moment (ours).

    *requires*: the parts of an interval where a required label is absent are cut away. *excludes*: where two exclusive
    labels overlap, the one with the higher mean score inside the overlap keeps it (the first of the pair on a tie, and
    where nothing was seen); the other is cut. An interval shorter than its label's minimum duration, or than a
    millisecond, is dropped. As cutting one label may break a rule of another, the three are repeated until nothing
    changes. Time is only ever taken away, so this ends, and doing it twice changes nothing.

    Args:
        intervals: labels of the set.
        time_scores: of the same recording, labels in the order of the set.
        labels: the set with its rules.
        min_durations: by label name, in seconds; 0 where missing.

    Returns:
        intervals sorted by time; the score of one that was cut is the mean score inside what is left.
    """
    state: ByLabel = {name: [] for name in labels.names}
    for interval in intervals:
        state[interval.label].append(interval)
    while True:
        before = {name: list(kept) for name, kept in state.items()}
        _require(state, time_scores, labels)
        _exclude(state, time_scores, labels)
        for name, kept in state.items():
            shortest = max((min_durations or {}).get(name, 0.0), SHORTEST)
            state[name] = [interval for interval in kept if interval.duration >= shortest - SAME_S]
        if state == before:
            return sorted((interval for kept in state.values() for interval in kept), key=sort_key)


def _require(state: ByLabel, time_scores: TimeScores, labels: LabelSet) -> None:
    for name, needed in labels.rules.requires.items():
        for other in needed:
            state[name] = _cut(state[name], sp.union(state[other]), time_scores, labels.index(name))


def _exclude(state: ByLabel, time_scores: TimeScores, labels: LabelSet) -> None:
    for first, second in labels.rules.excludes:
        overlap = sp.intersect(sp.union(state[first]), sp.union(state[second]))
        if first == second or not len(overlap):
            continue
        score = {name: np.nan_to_num(time_scores.mean(labels.index(name), overlap)) for name in (first, second)}
        first_keeps = score[first] >= score[second]
        for name, lost in ((first, overlap[~first_keeps]), (second, overlap[first_keeps])):
            left = sp.subtract(sp.union(state[name]), lost)
            state[name] = _cut(state[name], left, time_scores, labels.index(name))


def _cut(kept: list[Interval], allowed: np.ndarray, time_scores: TimeScores, column: int) -> list[Interval]:
    """Return the parts of each interval inside `allowed`; an interval wholly inside stays as it is."""
    pieces = []
    for interval in kept:
        inside = sp.intersect(np.array([[interval.start, interval.end]]), allowed)
        if len(inside) == 1 and (inside == (interval.start, interval.end)).all():
            pieces.append(interval)
            continue
        scores = time_scores.mean(column, inside)
        pieces += [
            replace(interval, start=float(start), end=float(end), score=float(score) if np.isfinite(score) else None)
            for (start, end), score in zip(inside, scores, strict=True)
        ]
    return pieces
