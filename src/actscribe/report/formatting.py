"""Numbers and times as a reader wants them. Missing values are a dash."""

from __future__ import annotations

import math
from collections.abc import Sequence

MISSING = "–"


def number(value: float | None, decimals: int = 2) -> str:
    """Return `value` with a fixed number of decimals."""
    if value is None or not math.isfinite(value):
        return MISSING
    return f"{value:.{decimals}f}".replace("-", "−")


def count(value: float | None) -> str:
    """Return a whole number with thin spaces between thousands."""
    return MISSING if value is None or not math.isfinite(value) else f"{round(value):,}".replace(",", "\u202f")


def percent(value: float | None) -> str:
    """Return a share as whole percent, or with one decimal below one percent."""
    if value is None or not math.isfinite(value):
        return MISSING
    return f"{100 * value:.{1 if 0 < abs(value) < 0.01 else 0}f}\u202f%".replace("-", "−")


def signed(value: float | None, decimals: int = 1) -> str:
    """Return `value` with its sign; what rounds to nothing has none."""
    if value is None or not math.isfinite(value):
        return MISSING
    rounded = round(value, decimals)
    return f"{rounded:+.{decimals}f}".replace("-", "−") if rounded else f"{0:.{decimals}f}"


def change(value: float | None) -> str:
    """Return a relative change as whole percent with its sign."""
    return MISSING if value is None or not math.isfinite(value) else f"{signed(100 * value, 0)}\u202f%"


def span(low: float, high: float) -> str:
    """Return an interval of two scores."""
    return f"{number(low)}–{number(high)}" if math.isfinite(low) and math.isfinite(high) else MISSING


def clock(seconds: float | None, decimals: int = 1) -> str:
    """Return a moment or length of a video as m:ss.s, or h:mm:ss.s from one hour on."""
    if seconds is None or not math.isfinite(seconds):
        return MISSING
    scale = 10**decimals
    units = round(seconds * scale)  # rounded first, so that 59.96 becomes 1:00.0
    minutes, rest = divmod(units, 60 * scale)
    hours, minutes = divmod(minutes, 60)
    ending = f"{rest // scale:02d}" + (f".{rest % scale:0{decimals}d}" if decimals else "")
    return f"{hours}:{minutes:02d}:{ending}" if hours else f"{minutes}:{ending}"


def length(seconds: float) -> str:
    """Return a length of time in words: 0.4 s, 12 s, 3 min 5 s, 2 h 4 min."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{count(whole // 3600)} h {whole % 3600 // 60} min"


def listed(words: Sequence[str], most: int = 12) -> str:
    """Return words in a row, with `and 5 more` when there are more than `most`."""
    shown = ", ".join(words[:most])
    return shown if len(words) <= most else f"{shown} and {len(words) - most} more"
