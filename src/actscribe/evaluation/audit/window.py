"""From an indicator's anchors to the window of one video in which it is measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from actscribe.data.clips import SAME_S
from actscribe.evaluation.audit.presence import Observed, Presence, presence
from actscribe.indicator_settings import Anchor, Indicator


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """The time in which an indicator is measured.

    Args:
        start, end: seconds of the video; may lie outside of it.
        spans: what of it counts, shape (spans, 2).
        unsure: sentences on what cannot be said of where it begins, ends or lies; empty where all is known.
    """

    start: float
    end: float
    spans: np.ndarray
    unsure: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NoWindow:
    """There is nothing to count from.

    Args:
        why: a sentence's part, such as "no start of Ventilation".
        unsure: it may have happened where nobody annotated.
    """

    why: str
    unsure: bool


@dataclass(frozen=True, slots=True)
class _Moment:
    time: float
    unsure: bool


def window(observed: Observed, asked: Indicator) -> Window | NoWindow:
    """Return the window of an indicator, or why there is none.

    Args:
        observed: of one video.
        asked: the indicator.
    """
    start: _Moment | NoWindow = _Moment(0.0, False)
    if asked.after is not None:
        start = _moment(observed, asked.after)
    if isinstance(start, NoWindow):
        return start
    end: _Moment | NoWindow = _Moment(start.time + asked.lasting if asked.lasting else observed.duration, False)
    if asked.until is not None:
        end = _moment(observed, asked.until)
    if isinstance(end, NoWindow):
        return end
    if end.time - start.time <= SAME_S:
        return NoWindow(_why_empty(asked, end.time - start.time), start.unsure or end.unsure)
    anchors = ((asked.after, start), (asked.until, end))
    unsure = [f"{anchor.described()} may have been in a gap" for anchor, at in anchors if anchor and at.unsure]
    spans = np.array([[start.time, end.time]])
    if asked.inside:
        inside = presence(observed, asked.inside, asked.unseen).within(spans)
        spans = inside.present
        unsure += ["where it is to be looked at is not annotated throughout"] if len(inside.unknown) else []
    return Window(start.time, end.time, spans, tuple(unsure))


def _why_empty(asked: Indicator, length: float) -> str:
    if asked.after is None and asked.until is None:
        return "how long the video is, is not known, and nothing is annotated in it"
    return "the window ends where it begins" if abs(length) <= SAME_S else "the window ends before it begins"


def _moment(observed: Observed, anchor: Anchor) -> _Moment | NoWindow:
    if anchor.manifest is not None:
        time = observed.moments.get(anchor.manifest)
        return NoWindow(f"the manifest gives no {anchor.manifest}", False) if time is None else _Moment(time, False)
    name = anchor.event or anchor.start_of or anchor.end_of or ""
    anchor_presence = presence(observed, (name,), "absent")
    times = _times(anchor, anchor_presence)
    unknown = anchor_presence.unknown[anchor_presence.unknown[:, 0] < observed.duration - SAME_S]
    index = anchor.nth - 1 if anchor.nth > 0 else len(times) + anchor.nth
    if not 0 <= index < len(times):
        return NoWindow(f"no {anchor.described()}", bool(len(unknown)))
    time = float(times[index])
    early = (unknown[:, 0] <= time + SAME_S).any() if anchor.nth > 0 else (unknown[:, 1] >= time - SAME_S).any()
    return _Moment(time, bool(early))


def _times(anchor: Anchor, anchor_presence: Presence) -> np.ndarray:
    """Return the moments of an anchor's kind, in order."""
    if anchor.end_of is not None:
        return anchor_presence.present[:, 1]
    starts = anchor_presence.present[:, 0]
    return np.sort(np.concatenate([starts, anchor_presence.points]))
