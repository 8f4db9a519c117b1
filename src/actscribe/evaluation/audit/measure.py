"""One video's indicators: values with units, bounds where something is not known, and whether limits are met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from actscribe.data import spans as sp
from actscribe.data.clips import SAME_S
from actscribe.evaluation.audit.measures import MEASURES, pauses
from actscribe.evaluation.audit.presence import FAR, Observed, presence
from actscribe.evaluation.audit.window import NoWindow, Window, window
from actscribe.indicator_settings import Indicator, Limit
from actscribe.labels import LabelSet

#: "measured"; "undetermined": a gap leaves it open; "did not happen": a latency without an end in the window, a pause
#: without a bout; "nothing to count from": an anchor is missing.
State = Literal["measured", "undetermined", "did not happen", "nothing to count from"]
Verdict = Literal["", "met", "not met", "undecided"]
#: What is said of pauses in which no other label runs.
NOTHING_ELSE = "nothing else"
#: Of a number; what is beyond them is rounding.
DECIMALS = 9


@dataclass(frozen=True, slots=True)
class Measurement:
    """One indicator of one video.

    Args:
        indicator: as the label set states it.
        value: in its unit; nan in every state but "measured".
        low, high: what it can be: the value twice, or bounds; infinite or nan where there are none.
        state: whether it could be measured.
        why: what is not known, in words; empty where all is.
        part: of "during pauses": the other label; else empty.
    """

    indicator: Indicator
    value: float
    low: float
    high: float
    state: State
    why: str = ""
    part: str = ""

    def verdict(self, margin: float = 0.0) -> Verdict:
        """Say whether its limit is met, whatever lies within the bounds widened by a margin.

        Args:
            margin: how far the number may be off, in its unit; infinite: by nobody knows how much.
        """
        limit = self.indicator.bound
        if limit is None or self.part or self.state == "nothing to count from":
            return ""
        low, high = self.low - margin, self.high + margin
        if np.isnan(low) or np.isnan(high):
            return "" if self.state == "did not happen" else "undecided"
        return _verdict(limit, low, high)


def measured(observed: Observed, labels: LabelSet) -> tuple[Measurement, ...]:
    """Return every indicator of a label set, in its order.

    Args:
        observed: of one video.
        labels: with its indicators.
    """
    return tuple(one for asked in labels.indicators for one in measure(observed, asked, labels.names))


def measure(observed: Observed, asked: Indicator, labels: Sequence[str]) -> tuple[Measurement, ...]:
    """Return one indicator, of "during pauses" a part for each label looked for and one for none of them.

    Args:
        observed: of one video.
        asked: the indicator.
        labels: the set's, for what ran in pauses.
    """
    where = window(observed, asked)
    if isinstance(where, NoWindow):
        state: State = "undetermined" if where.unsure else "nothing to count from"
        return (Measurement(asked, np.nan, np.nan, np.nan, state, where.why),)
    if asked.measure == "during pauses":
        return _during_pauses(observed, asked, where, labels)
    unseen = "absent" if where.start >= 0 else asked.unseen
    own = presence(observed, asked.of or asked.without, unseen)
    if asked.without:
        own = own.absent()
        if where.start >= 0:  # as an activity that runs when the video begins
            own = own.within(np.array([[0.0, FAR]]))
    if asked.overlap_with:
        own = own.together(presence(observed, asked.overlap_with, unseen))
    low, high = MEASURES[asked.measure](own, where)
    if where.unsure:
        return (Measurement(asked, np.nan, np.nan, np.nan, "undetermined", "; ".join(where.unsure)),)
    return (_known(asked, low, high, _unobserved(observed, where)),)


def _known(asked: Indicator, low: float, high: float, why: str) -> Measurement:
    if np.isfinite(low) and high - low <= SAME_S:
        number = round(low, DECIMALS)
        return Measurement(asked, number, number, number, "measured")
    if np.isnan(low) and np.isnan(high):
        return Measurement(asked, np.nan, low, high, "did not happen")
    if asked.measure == "latency" and np.isposinf(high) and not why:
        return Measurement(asked, np.nan, low, high, "did not happen")
    return Measurement(asked, np.nan, low, high, "undetermined", why or "not all of the window is annotated")


def _unobserved(observed: Observed, where: Window) -> str:
    """Say what of a window nobody saw."""
    reasons = ["it begins before the video"] if where.start < -SAME_S else []
    reasons += ["it ends after the video"] if where.end > observed.duration + SAME_S else []
    gaps = sp.intersect(sp.union(observed.gaps), where.spans)
    reasons += [f"{sp.total(gaps):.1f} s of it are not annotated"] if len(gaps) else []
    return "; ".join(reasons)


def _during_pauses(
    observed: Observed, asked: Indicator, where: Window, labels: Sequence[str]
) -> tuple[Measurement, ...]:
    others = [name for name in dict.fromkeys(asked.among or labels) if name not in asked.of]
    own = presence(observed, asked.of, asked.unseen)
    unsure = where.unsure or (("it is not annotated throughout",) if len(own.within(where.spans).unknown) else ())
    lost = pauses(own, where)
    if unsure or not len(lost):
        state: State = "undetermined" if unsure else "did not happen"
        return (Measurement(asked, np.nan, np.nan, np.nan, state, "; ".join(unsure)),)
    spans = replace(where, spans=lost)
    parts = []
    for name in others:
        low, high = MEASURES["fraction"](presence(observed, (name,)), spans)
        parts.append(replace(_known(asked, low, high, ""), part=name))
    if others:
        low, high = MEASURES["fraction"](presence(observed, others).absent(), spans)
        parts.append(replace(_known(asked, low, high, ""), part=NOTHING_ELSE))
    return tuple(parts)


def _verdict(limit: Limit, low: float, high: float) -> Verdict:
    if not limit.at_most:
        low, high = -high, -low
    value = limit.value if limit.at_most else -limit.value
    slack = -SAME_S if limit.strict else SAME_S
    if high <= value + slack:
        return "met"
    return "not met" if low > value + slack else "undecided"
