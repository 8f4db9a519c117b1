"""How far two people agree on when something happens: kappa by moments, starts and ends, whole events, alignment.

Which is which: `kappa` of a label asks whether both see it at the same moments, beyond chance; that of `all` asks
whether they see the very same set of behaviours, and is what BORIS prints ("Cohen's kappa (time-unit)"). `kappa_near`
takes a moment for agreed on if the other one sees the same within the tolerance. `starts`, `ends` and `f1` count
events, however long, and no agreement that nothing happens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from actscribe.data.pairs import Pair
from actscribe.errors import ActScribeError
from actscribe.evaluation import collars
from actscribe.evaluation.agreement import four_counts, kappa, raw_agreement
from actscribe.evaluation.alignment import identity
from actscribe.evaluation.intervals import Groups, estimate, group_units, ratio
from actscribe.evaluation.moments import Moments, coded, moments

#: The row of all labels at once: joint states, and the events of all labels.
ALL = "all"


@dataclass(frozen=True, slots=True)
class Measure:
    """How agreement is measured.

    Args:
        unit: seconds between two moments; 1 as in BORIS.
        tolerance: seconds by which the other one may be earlier or later, for `kappa_near`, starts and ends.
        collar: seconds by which start and end of an event may differ, for F1 of events.
        length_share: or its end by this share of the first one's event, 0 to 1.

    Raises:
        ActScribeError: one of them is out of range.
    """

    unit: float = 1.0
    tolerance: float = 1.0
    collar: float = 1.0
    length_share: float = 0.5

    def __post_init__(self) -> None:
        if not 0.001 <= self.unit < float("inf"):
            raise ActScribeError(f"A unit of {self.unit:g} s is invalid; expected 0.001 s or more.")
        for name in ("tolerance", "collar"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ActScribeError(f"A {name} of {getattr(self, name):g} s is invalid; expected 0 s or more.")
        if not 0 <= self.length_share <= 1:
            raise ActScribeError(f"A share of {self.length_share:g} of an event's length is invalid; expected 0 to 1.")


@dataclass(frozen=True, slots=True, eq=False)
class Agreement:
    """How far two people agree.

    Args:
        table: a row per label and ALL. `kappa`, `low`, `high`: by moments, with the 95 % interval over recordings;
            `kappa_near`: within the tolerance, the mean of either one as the reference (Bakeman, Quera and Gnisci
            2009); `alike`: share of moments on which both say the same; `moments`: how many; `first_share`,
            `second_share`: of the moments at which each sees it; `first_events`, `second_events`: bouts of each;
            `starts`, `ends`: share of all bouts whose start (end) has the other's within the tolerance; `start_s`,
            `end_s`: median of the second one's minus the first one's; `f1`, `f1_low`, `f1_high`: of events;
            `similarity`: Needleman and Wunsch's of ALL, in percent; `recordings`: how many were compared. nan where
            nothing can be said: kappa where both say one and the same throughout, similarity of too many moments.
        measure: how it was measured.
    """

    table: pd.DataFrame
    measure: Measure


def agreement(
    pairs: Sequence[Pair], labels: Sequence[str], measure: Measure | None = None, groups: Sequence[str] | None = None
) -> Agreement:
    """Return how far two people agree on `labels`.

    Args:
        pairs: at least one video.
        labels: the rows; at least one.
        measure: how; default `Measure()`.
        groups: of the videos, for intervals; default each its own.
    """
    how = measure or Measure()
    looked = [moments(pair, labels, how.unit) for pair in pairs]
    units = group_units([str(i) for i in range(len(pairs))] if groups is None else list(groups))
    by_label = np.stack([_label_counts(one, how.tolerance) for one in looked])
    states = _joint(looked)
    whole = np.stack([_joint_counts(one, states, index, how.tolerance) for index, one in enumerate(looked)])
    kappas = estimate(lambda pooled: kappa(pooled[..., 0, :, :]), by_label[:, None], units, "signed")
    joint = estimate(lambda pooled: _kappa_of_states(pooled[..., :1, :])[..., 0], whole[:, None], units, "signed")
    events = np.stack([_event_counts(pair, labels, how) for pair in pairs])
    summed = by_label.sum(axis=0)
    alike = raw_agreement(summed[0])
    joint_counts, moment_count = whole.sum(axis=0), summed[0].sum(axis=-1)
    total = int(joint_counts[0, 1 : 1 + states.count].sum())
    first = summed[0][:, [0, 2]].sum(axis=-1)
    second = summed[0][:, [0, 1]].sum(axis=-1)
    columns = {
        "label": [*labels, ALL],
        "kappa": np.append(kappas.value, joint.value),
        "low": np.append(kappas.low, joint.low),
        "high": np.minimum(np.append(kappas.high, joint.high), 1),
        "kappa_near": np.append(kappa(summed[1:]).mean(axis=0), _kappa_of_states(joint_counts[1:]).mean()),
        "alike": np.append(alike, joint_counts[0, 0] / total if total else np.nan),
        "moments": np.append(moment_count, total).astype(int),
        "first_share": np.append(_share(first, moment_count), np.nan),
        "second_share": np.append(_share(second, moment_count), np.nan),
    }
    table = pd.DataFrame({**columns, **_event_columns(pairs, labels, events, units, how)})
    table["similarity"] = np.where(table["label"] == ALL, _similarity(states), np.nan)
    table["recordings"] = len(pairs)
    return Agreement(table, how)


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.asarray(np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0))


def _label_counts(looked: Moments, tolerance: float) -> np.ndarray:
    """Return (tp, fp, fn, tn) per label: as they are, and from either side with a tolerance; shape (3, labels, 4)."""
    sides = looked.present(0), looked.present(1)
    targets = np.where(looked.known, sides[0], np.nan)
    counts = [four_counts(targets, sides[1]).sum(axis=0)]
    for side in (0, 1):
        mine, theirs = sides[side], sides[1 - side]
        near = np.where(_near(looked, 1 - side, tolerance, mine), mine, theirs)
        one, other = (mine, near) if side == 0 else (near, mine)
        counts.append(four_counts(np.where(looked.known, one, np.nan), other).sum(axis=0))
    return np.stack(counts)


def _near(looked: Moments, side: int, tolerance: float, wanted: np.ndarray) -> np.ndarray:
    """Tell where a side is, within the tolerance, once as `wanted` says; both bool, shape (moments, labels)."""
    course = looked.courses[side]
    low, high = course.places(looked.times - tolerance), course.places(looked.times + tolerance)
    before = np.concatenate([np.zeros((1, course.held.shape[1]), dtype=int), np.cumsum(course.held, axis=0)])
    present = before[high + 1] - before[low]
    return np.asarray(np.where(wanted, present > 0, present < (high - low + 1)[:, None]))


@dataclass(frozen=True, slots=True, eq=False)
class _States:
    """Numbers of joint states: of each course's rows and of each moment seen, per pair and side, and how many."""

    courses: list[tuple[np.ndarray, np.ndarray]]
    at_moments: list[tuple[np.ndarray, np.ndarray]]
    count: int


def _joint(looked: Sequence[Moments]) -> _States:
    numbers = coded([course.held for one in looked for course in one.courses])
    courses = list(zip(numbers[::2], numbers[1::2], strict=True))
    at_moments = []
    for one, both in zip(looked, courses, strict=True):
        whole = one.known.all(axis=1)
        first, second = (its[course.places(one.times[whole])] for its, course in zip(both, one.courses, strict=True))
        at_moments.append((first, second))
    return _States(courses, at_moments, 1 + max(int(its.max(initial=0)) for its in numbers))


def _joint_counts(looked: Moments, states: _States, index: int, tolerance: float) -> np.ndarray:
    """Return agreements, then moments by the first one's state, then by the second's: shape (3, 1 + 2 * states).

    The first row as it is, the others with a tolerance and the first or the second one as the reference.
    """
    sides = states.at_moments[index]
    times = looked.times[looked.known.all(axis=1)]
    rows = [_counted(*sides, states.count)]
    for side in (0, 1):
        mine, theirs = sides[side], sides[1 - side].copy()
        course, its = looked.courses[1 - side], states.courses[index][1 - side]
        for moment in np.flatnonzero(mine != theirs):
            low, high = course.places(times[moment] + np.array([-tolerance, tolerance]))
            if mine[moment] in its[low : high + 1]:
                theirs[moment] = mine[moment]
        rows.append(_counted(*((mine, theirs) if side == 0 else (theirs, mine)), states.count))
    return np.stack(rows)


def _counted(first: np.ndarray, second: np.ndarray, count: int) -> np.ndarray:
    margins = [np.bincount(side, minlength=count) for side in (first, second)]
    return np.concatenate([[(first == second).sum()], *margins]).astype(float)


def _kappa_of_states(counts: np.ndarray) -> np.ndarray:
    """Return Cohen's kappa from agreements and both margins, (..., 1 + 2 * states) to (...); nan as in `kappa`."""
    states = (counts.shape[-1] - 1) // 2
    first, second = counts[..., 1 : 1 + states], counts[..., 1 + states :]
    total, chance = first.sum(axis=-1), (first * second).sum(axis=-1)
    most = total**2 - chance
    return np.asarray(
        np.divide(total * counts[..., 0] - chance, most, out=np.full(total.shape, np.nan), where=most > 0)
    )


def _event_counts(pair: Pair, labels: Sequence[str], how: Measure) -> np.ndarray:
    """Return per label: events of the first, of the second, agreeing starts, ends, and whole events."""
    rows = []
    for label in labels:
        first, second = collars.bouts(pair, label)
        edges = [collars.edge_hits(first[:, side], second[:, side], how.tolerance) for side in (0, 1)]
        whole = collars.collar_hits(first, second, how.collar, how.length_share)
        rows.append([len(first), len(second), *edges, whole])
    return np.array(rows, dtype=float).reshape(len(labels), 5)


def _event_columns(
    pairs: Sequence[Pair], labels: Sequence[str], counts: np.ndarray, units: Groups, how: Measure
) -> dict[str, np.ndarray]:
    with_all = np.concatenate([counts, counts.sum(axis=1, keepdims=True)], axis=1)
    summed = with_all.sum(axis=0)
    both = summed[:, 0] + summed[:, 1]
    off = [[collars.deviations(*collars.bouts(pair, label), how.tolerance) for pair in pairs] for label in labels]
    by_label = [np.concatenate(parts) for parts in off]
    middle = np.array([_median(part) for part in (*by_label, np.concatenate(by_label))])
    shares = np.stack([2 * with_all[..., 4], with_all[..., 0] + with_all[..., 1]], axis=-1)
    f1 = estimate(ratio, shares[:, None], units, "share", units.showing(shares[:, None]))
    return {
        "first_events": summed[:, 0].astype(int),
        "second_events": summed[:, 1].astype(int),
        "starts": _share(2 * summed[:, 2], both),
        "ends": _share(2 * summed[:, 3], both),
        "start_s": middle[:, 0],
        "end_s": middle[:, 1],
        "f1": f1.value,
        "f1_low": f1.low,
        "f1_high": f1.high,
    }


def _median(part: np.ndarray) -> np.ndarray:
    return np.median(part, axis=0) if len(part) else np.full(2, np.nan)


def _similarity(states: _States) -> float:
    """Return the identical share of all alignments, in percent; nan without a moment, or of too many."""
    similarities = [identity(first, second) for first, second in states.at_moments if len(first)]
    known = [one for one in similarities if one is not None]
    if not known or len(known) < len(similarities):
        return float("nan")
    same, length = np.array(known).sum(axis=0)
    return float(100 * same / length)
