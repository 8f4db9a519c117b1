"""Indicators in words: 0:43.0, 72 %, between 12 and 20 s; and how far a recognizer may be off."""

from __future__ import annotations

import math

from actscribe.evaluation.audit.errors import Off
from actscribe.evaluation.audit.measure import Measurement
from actscribe.indicator_settings import Unit


def number(value: float, unit: Unit) -> str:
    """Return a number with its unit: seconds of a minute or more as m:ss.s."""
    if unit == "share":
        return f"{100 * value:.0f} %"
    if unit == "s":
        return f"{value:.1f} s" if value < 60 else _clock(value)
    return f"{value:.1f} per min" if unit else f"{value:g}"


def value(measurement: Measurement) -> str:
    """Return what a measurement says: its value, its bounds, or why there is none."""
    unit = measurement.indicator.unit
    if measurement.state == "measured":
        return number(measurement.value, unit)
    if measurement.state == "did not happen":
        within = math.isfinite(measurement.low) and measurement.indicator.measure == "latency"
        return f"not within {number(measurement.low, unit)}" if within else "–"
    if measurement.state == "nothing to count from" or math.isnan(measurement.high):
        return "open" if measurement.state == "undetermined" else "–"
    low = 0.0 if math.isnan(measurement.low) else measurement.low
    if math.isinf(measurement.high):
        return f"at least {number(low, unit)}"
    return f"{number(low, unit)} to {number(measurement.high, unit)}"


def briefly(known: Off, unit: Unit) -> str:
    """Return how far a recognizer is off, for beside a value: "± 2.0 s (0.4 s to 5.0 s)"."""
    if math.isnan(known.off_by):
        return "not known"
    interval = "" if math.isnan(known.low) else f" ({number(known.low, unit)} to {number(known.high, unit)})"
    return f"± {number(known.off_by, unit)}{interval}"


def usually(known: Off, unit: Unit) -> str:
    """Return how far a recognizer is off: "off by 2.0 s on average (95 %: 0.4 s to 5.0 s)", and what else is known."""
    if not known.recordings:
        return "how far off is not known"
    parts = []
    if not math.isnan(known.off_by):
        interval = "" if math.isnan(known.low) else f" (95 %: {number(known.low, unit)} to {number(known.high, unit)})"
        parts.append(f"off by {number(known.off_by, unit)} on average{interval}")
    if math.isfinite(known.margin):
        parts.append(f"within {number(known.margin, unit)} in {10 * known.often:.0f} of 10")
    for count, what in ((known.missed, "missed"), (known.invented, "invented")):
        parts += [f"{what} in {count} of {known.recordings}"] if count else []
    return ", ".join(parts) or "never a number, neither annotated nor predicted"


def _clock(seconds: float) -> str:
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    ending = f"{minutes:02d}:{rest // 10:02d}.{rest % 10}" if hours else f"{minutes}:{rest // 10:02d}.{rest % 10}"
    return f"{hours}:{ending}" if hours else ending
