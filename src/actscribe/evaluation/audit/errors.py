"""By how much a recognizer's indicators are off, on recordings that a person annotated.

Two numbers, which answer two questions. The mean absolute error, with its interval over groups (jackknife, as of all
our means), says how good the recognizer is. How far the next video may be off is another thing: of n groups the largest
error of the next one exceeds the k-th smallest with a chance of 1 - k / (n + 1), whatever errors are distributed like
(split conformal prediction, Vovk et al. 2005). That one is the margin within which a limit is undecided. What was
missed or invented is off by no finite number, so a recognizer that often misses decides no limit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from actscribe.evaluation.audit.measure import Measurement
from actscribe.evaluation.icc import Icc, consistency, icc
from actscribe.evaluation.intervals import FEW_GROUPS, estimate, group_units, ratio

#: How many of ten videos the margin holds for, where there are groups enough (ours).
OFTEN = 0.9


@dataclass(frozen=True, slots=True)
class Compared:
    """One indicator of one recording, by annotator and recognizer.

    Args:
        group: of the recording.
        true, predicted: from the annotation and the prediction.
    """

    group: str
    true: Measurement
    predicted: Measurement


@dataclass(frozen=True, slots=True)
class Off:
    """By how much an indicator is off.

    Args:
        recordings: that the annotation decides.
        off_by: mean absolute error where both have a number; nan where there is none.
        low, high: its 95 % interval over groups; nan of fewer than five.
        margin: what the error of another video stays within, in `often` of all; infinite where none is known. Of
            recordings in which at least one of the two has a number.
        often: share of videos, at most `OFTEN`; less where groups are few, 0 of fewer than `FEW_GROUPS`.
        missed, invented: recordings in which only the annotation, or only the prediction, has a number.
        agreement: ICC(2,1) of annotator and recognizer, where both have a number.
        consistency: ICC(3,1), the same where being always as much off does not count.
    """

    recordings: int
    off_by: float
    low: float
    high: float
    margin: float
    often: float
    missed: int
    invented: int
    agreement: Icc
    consistency: Icc


def off(compared: Iterable[Compared]) -> Off:
    """Return by how much one indicator is off; what the annotation leaves open is left out."""
    known = [one for one in compared if one.true.state != "undetermined"]
    both = [one for one in known if "measured" == one.true.state == one.predicted.state]
    numbers = np.array([[one.true.value, one.predicted.value] for one in both]).reshape(-1, 2)
    errors = np.abs(numbers[:, 1] - numbers[:, 0])
    off_by, low, high = _mean(errors, [one.group for one in both])
    # Where neither has a number, none can be off: it would make the margin look small.
    margin, often = _margin([(one.group, _error(one)) for one in known if _has_number(one)])
    return Off(
        recordings=len(known),
        off_by=off_by,
        low=low,
        high=high,
        margin=margin,
        often=often,
        missed=sum(one.true.state == "measured" and one.predicted.state not in _HAS for one in known),
        invented=sum(one.true.state != "measured" and one.predicted.state == "measured" for one in known),
        agreement=icc(numbers),
        consistency=consistency(numbers),
    )


_HAS = ("measured", "undetermined")


def _has_number(one: Compared) -> bool:
    return one.true.state == "measured" or one.predicted.state in _HAS


def _mean(errors: np.ndarray, groups: Sequence[str]) -> tuple[float, float, float]:
    if not len(errors):
        return math.nan, math.nan, math.nan
    counts = np.stack([errors, np.ones(len(errors))], axis=-1)
    estimated = estimate(ratio, counts[:, None], group_units(groups), "positive")
    return float(estimated.value), float(estimated.low), float(estimated.high)


def _error(one: Compared) -> float:
    """Return how far a prediction can be from the truth; infinite where only one of the two has a number."""
    if one.true.state != "measured":
        return math.inf if one.predicted.state in _HAS else 0.0
    if one.predicted.state not in _HAS:
        return math.inf
    ends = (abs(end - one.true.value) for end in (one.predicted.low, one.predicted.high))
    return max(math.inf if math.isnan(end) else end for end in ends)


def _margin(errors: Sequence[tuple[str, float]]) -> tuple[float, float]:
    worst: dict[str, float] = {}
    for group, error in errors:
        worst[group] = max(worst.get(group, 0.0), error)
    if len(worst) < FEW_GROUPS:  # of one group "met" would be wrong in every second video
        return math.inf, 0.0
    ordered, count = sorted(worst.values()), len(worst)
    index = min(math.ceil(OFTEN * (count + 1)), count)
    return ordered[index - 1], min(OFTEN, index / (count + 1))
