"""Indicators as tables: a row for each video and indicator, a row for each indicator's error, a row for all videos."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from actscribe.annotations.interval import Interval
from actscribe.columns import Column, names
from actscribe.data.recording import Recording
from actscribe.evaluation.audit import formatting
from actscribe.evaluation.audit.errors import Compared, Off, off
from actscribe.evaluation.audit.measure import Measurement, measured
from actscribe.evaluation.audit.presence import observed
from actscribe.evaluation.intervals import FEW_GROUPS
from actscribe.indicator_settings import Indicator
from actscribe.labels import LabelSet

ANNOTATED, PREDICTED, SECOND = "annotated", "predicted", "second annotator"
#: Indicator and part -> by how much it is off.
Errors = Mapping[tuple[str, str], Off]

COLUMNS = (
    Column("recording", "video", format="text"),
    Column("source", "from", "a person's annotations, or a recognizer's timeline", "text"),
    Column("indicator", "indicator", format="text"),
    Column("part", "part", "the other label that ran in the pauses", "text"),
    Column("text", "value", "'to' separates the bounds of what a gap leaves open", "text"),
    Column("value", "number", "in its unit, a share between 0 and 1", "precise"),
    Column("low", "at least", "the least that it can be, where a gap leaves it open", "precise"),
    Column("high", "at most", "the most that it can be", "precise"),
    Column("unit", "unit", format="text"),
    Column("state", "state", "measured, undetermined, did not happen, or nothing to count from", "text"),
    Column("limit", "limit", format="text"),
    Column("verdict", "verdict", "undecided: what is not known, or the recognizer's error, spans the limit", "text"),
    Column("limit_source", "limit's source", format="text"),
    Column("usually", "usually", "how far the recognizer is off, on annotated recordings", "text"),
    Column(
        "off_by",
        "off by",
        "mean absolute error of the recognizer on annotated recordings",
        "precise",
        ("off_low", "off_high"),
    ),
    Column("margin", "margin", "what the error stays within, of as many videos as 'often' says", "precise"),
    Column("often", "often", "share of videos whose error stays within the margin", "percent"),
    Column("why", "what is not known", format="text"),
)
#: What a page shows of them.
SHOWN = tuple(
    one
    for one in COLUMNS
    if one.name in ("recording", "source", "indicator", "part", "text", "usually", "limit", "verdict", "why")
)
ERROR_COLUMNS = (
    Column("indicator", "indicator", format="text"),
    Column("part", "part", "the other label that ran in the pauses", "text"),
    Column("text", "how far off", format="text"),
    Column("recordings", "recordings", "that the annotation decides", "count"),
    Column("missed", "missed", "recordings in which only the annotation has a number", "count"),
    Column("invented", "invented", "recordings in which only the prediction has one", "count"),
    Column("off_by", "off by", "mean absolute error; a share between 0 and 1", "precise", ("low", "high")),
    Column("margin", "margin", "what the error of another video stays within", "precise"),
    Column("often", "often", "share of videos whose error stays within the margin", "percent"),
    Column(
        "icc", "ICC(2,1)", "agreement of annotator and recognizer over recordings", "number", ("icc_low", "icc_high")
    ),
    Column(
        "icc3",
        "ICC(3,1)",
        "the same where being always as much off does not count",
        "number",
        ("icc3_low", "icc3_high"),
    ),
)
_OF_TWO = {
    "off_by": ("apart by", "mean absolute difference; a share between 0 and 1"),
    "missed": ("only the first", "recordings in which only the first has a number"),
    "invented": ("only the second", "recordings in which only the second has one"),
    "icc": ("ICC(2,1)", "agreement over recordings"),
}
#: Of two annotators: what of these is not about a recognizer, in words that fit them.
AGREEMENT_COLUMNS = tuple(
    replace(one, title=_OF_TWO[one.name][0], meaning=_OF_TWO[one.name][1]) if one.name in _OF_TWO else one
    for one in ERROR_COLUMNS
    if one.name in ("indicator", "recordings", "icc3", *_OF_TWO)
)
SUMMARY_COLUMNS = (
    Column("indicator", "indicator", format="text"),
    Column("source", "from", "a person's annotations, or a recognizer's timeline", "text"),
    Column("videos", "videos", format="count"),
    Column("measured", "measured", "videos in which it has a number", "count"),
    Column("open", "open", "videos in which a gap leaves it open", "count"),
    Column("text", "median (quartiles)", format="text"),
    Column("limit", "limit", format="text"),
    Column("met", "met", format="count"),
    Column("not_met", "not met", format="count"),
    Column("undecided", "undecided", "what is not known, or the recognizer's error, spans the limit", "count"),
)


@dataclass(frozen=True, slots=True)
class Audited:
    """One video's measurements.

    Args:
        name: of the video.
        source: ANNOTATED or PREDICTED.
        measurements: from `measured`.
    """

    name: str
    source: str
    measurements: tuple[Measurement, ...]


def audit(
    recordings: Sequence[Recording], by: Mapping[str, Mapping[str, Sequence[Interval]]], labels: LabelSet
) -> list[Audited]:
    """Return the measurements of recordings.

    Args:
        recordings: with their gaps, events and moments, which hold for every source.
        by: source -> recording -> intervals.
        labels: with the indicators.
    """
    return [
        Audited(one.name, source, measured(observed(one, timelines[one.name]), labels))
        for one in recordings
        for source, timelines in by.items()
        if one.name in timelines
    ]


def errors(audited: Iterable[Audited], groups: Mapping[str, str], other: str = PREDICTED) -> dict[tuple[str, str], Off]:
    """Return by how much each indicator is off, of recordings that are both annotated and predicted.

    Args:
        audited: in any order.
        groups: recording -> group.
        other: the source that is compared with the annotation: PREDICTED or SECOND.
    """
    sides: dict[str, dict[str, Mapping[tuple[str, str], Measurement]]] = {}
    for one in audited:
        sides.setdefault(one.name, {})[one.source] = {(m.indicator.name, m.part): m for m in one.measurements}
    compared = {name: (both[ANNOTATED], both[other]) for name, both in sides.items() if {ANNOTATED, other} <= set(both)}
    keys = dict.fromkeys(key for pair in compared.values() for side in pair for key in side)
    in_parts = {name for name, part in keys if part}
    pairs: dict[tuple[str, str], list[Compared]] = {}
    for name, part in keys:
        if not part and name in in_parts:
            continue
        for recording, pair in compared.items():
            # Where there is no pause, there is one measurement in place of the parts.
            true, others = (side.get((name, part), side.get((name, ""))) for side in pair)
            if true is not None and others is not None:
                pairs.setdefault((name, part), []).append(Compared(groups[recording], true, others))
    return {key: off(own) for key, own in pairs.items()}


def table(audited: Iterable[Audited], known: Errors | None = None) -> pd.DataFrame:
    """Return a row for each video and indicator, `COLUMNS`.

    Args:
        audited: measurements.
        known: of the recognizer; predictions have its error beside them, and no limit is decided within its margin.
            None: nothing is known of it, and no limit of a prediction is decided.
    """
    rows = [_row(one, measurement, known) for one in audited for measurement in one.measurements]
    return pd.DataFrame(rows, columns=names(COLUMNS))


def margin(measurement: Measurement, source: str, known: Errors | None) -> float:
    """Return how far a number may be off: an annotation's counts as it is."""
    if source == ANNOTATED:
        return 0.0
    own = None if known is None else known.get((measurement.indicator.name, measurement.part))
    return float("inf") if own is None else own.margin


def error_table(known: Errors, labels: LabelSet) -> pd.DataFrame:
    """Return a row for each indicator that an annotation decides, `ERROR_COLUMNS`."""
    units = {one.name: one.unit for one in labels.indicators}
    rows = []
    for (name, part), one in known.items():
        if not one.recordings:
            continue
        own = {"recordings": one.recordings, "missed": one.missed, "invented": one.invented, "off_by": one.off_by}
        own |= {"low": one.low, "high": one.high, "margin": _finite(one.margin), "often": one.often or np.nan}
        own |= {"icc": one.agreement.value, "icc_low": one.agreement.low, "icc_high": one.agreement.high}
        own |= {"icc3": one.consistency.value, "icc3_low": one.consistency.low, "icc3_high": one.consistency.high}
        rows.append({"indicator": name, "part": part, "text": formatting.usually(one, units[name])} | own)
    return pd.DataFrame(rows, columns=names(ERROR_COLUMNS))


def summary(audited: Sequence[Audited], labels: LabelSet, known: Errors | None = None) -> pd.DataFrame:
    """Return a row for each indicator and source, over all videos, `SUMMARY_COLUMNS`; parts of pauses are left out."""
    rows = []
    for asked in labels.indicators:
        for source in dict.fromkeys(one.source for one in audited):
            own = [
                m for one in audited if one.source == source for m in one.measurements if m.indicator.name == asked.name
            ]
            if asked.measure != "during pauses" and own:
                rows.append(_summary(asked, source, own, known))
    return pd.DataFrame(rows, columns=names(SUMMARY_COLUMNS))


def _summary(asked: Indicator, source: str, own: Sequence[Measurement], known: Errors | None) -> dict[str, Any]:
    numbers = [one.value for one in own if one.state == "measured"]
    verdicts = [one.verdict(margin(one, source, known)) for one in own]
    middle = (
        [formatting.number(float(q), asked.unit) for q in np.quantile(numbers, (0.5, 0.25, 0.75))] if numbers else []
    )
    return {
        "indicator": asked.name,
        "source": source,
        "videos": len(own),
        "measured": len(numbers),
        "open": sum(one.state == "undetermined" for one in own),
        "text": f"{middle[0]} ({middle[1]} to {middle[2]})" if middle else "",
        "limit": asked.limit,
        "met": verdicts.count("met"),
        "not_met": verdicts.count("not met"),
        "undecided": verdicts.count("undecided"),
    }


def _row(one: Audited, measurement: Measurement, known: Errors | None) -> dict[str, Any]:
    asked = measurement.indicator
    own = None if known is None or one.source == ANNOTATED else known.get((asked.name, measurement.part))
    unsure = [measurement.why] if measurement.why else []
    verdict = measurement.verdict(margin(measurement, one.source, known))
    if verdict == "undecided" and measurement.state != "undetermined" and one.source == PREDICTED:
        unsure.append(_why_undecided(own))
    return {
        "recording": one.name,
        "source": one.source,
        "indicator": asked.name,
        "part": measurement.part,
        "text": formatting.value(measurement),
        "value": measurement.value,
        "low": measurement.low,
        "high": _finite(measurement.high),
        "unit": asked.unit,
        "state": measurement.state,
        "limit": asked.limit,
        "verdict": verdict,
        "limit_source": asked.source,
        "usually": formatting.briefly(own, asked.unit) if own else "",
        "off_by": own.off_by if own else np.nan,
        "off_low": own.low if own else np.nan,
        "off_high": own.high if own else np.nan,
        "margin": _finite(own.margin) if own else np.nan,
        "often": (own.often or np.nan) if own else np.nan,
        "why": "; ".join(unsure),
    }


def _why_undecided(known: Off | None) -> str:
    if known is None:
        return "how far the recognizer is off"
    few = f"how far the recognizer may be off: fewer than {FEW_GROUPS} groups tell"
    return "the limit is nearer than the recognizer's error" if known.often else few


def _finite(value: float) -> float:
    return value if np.isfinite(value) else float("nan")
