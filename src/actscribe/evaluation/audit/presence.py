"""When activities run, when they do not, and when nobody can say: spans of time in three kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from actscribe.annotations.interval import Interval
from actscribe.data import spans as sp
from actscribe.data.clips import SAME_S
from actscribe.data.points import is_point
from actscribe.data.recording import Recording

#: Seconds that no window reaches: the time before and after a video is as long as that.
FAR = 1e9


@dataclass(frozen=True, slots=True)
class Observed:
    """What is said of one video.

    Args:
        intervals: annotated or predicted, under the label set's names, and point events.
        duration: of the video, in seconds.
        gaps: spans that nobody annotated; label "" stands for every label.
        moments: column of the manifest -> seconds of the video.
    """

    intervals: Sequence[Interval]
    duration: float
    gaps: Sequence[Interval] = ()
    moments: Mapping[str, float] = field(default_factory=dict)


def observed(recording: Recording, intervals: Sequence[Interval]) -> Observed:
    """Return what intervals say of a recording; its gaps, point events and moments hold for predictions, too."""
    return Observed((*intervals, *recording.events), recording.duration, recording.gaps, dict(recording.moments))


@dataclass(frozen=True, slots=True, eq=False)
class Presence:
    """When one of some labels runs.

    Args:
        present: spans, shape (bouts, 2), see `data.spans`.
        unknown: spans at which nobody can say, disjoint from `present`.
        points: moments of point events in no bout, in order, shape (points,).
    """

    present: np.ndarray
    unknown: np.ndarray
    points: np.ndarray

    def within(self, spans: np.ndarray) -> Presence:
        """Return what of it lies in `spans`."""
        return Presence(
            sp.intersect(self.present, spans),
            sp.intersect(self.unknown, spans),
            self.points[sp.covers(spans, self.points)],
        )

    def absent(self) -> Presence:
        """Return when it is known not to run."""
        return Presence(sp.subtract(_everywhere(), sp.join(self.present, self.unknown)), self.unknown, np.empty(0))

    def together(self, other: Presence) -> Presence:
        """Return when both run."""
        both = sp.intersect(self.present, other.present)
        maybe = sp.intersect(sp.join(self.present, self.unknown), sp.join(other.present, other.unknown))
        return Presence(both, sp.subtract(maybe, both), np.empty(0))


def presence(observed: Observed, names: Sequence[str], unseen: Literal["unknown", "absent"] = "unknown") -> Presence:
    """Return when any of some labels runs.

    Before the video nothing is known, or nothing happened (`unseen`); after it nothing is known.

    Args:
        observed: of one video.
        names: labels or point events, at least one.
        unseen: what holds before the video.
    """
    chosen = set(names)
    own = [one for one in observed.intervals if one.label in chosen]
    gaps = sp.union(gap for gap in observed.gaps if not gap.label or gap.label in chosen)
    outside = [[observed.duration, observed.duration + FAR]]
    if unseen == "unknown":
        outside.insert(0, [-FAR, 0.0])
    unsaid = sp.join(gaps, np.array(outside))
    # Of several labels one may be annotated where another is not: what runs, runs.
    present = _annotated(observed, own)
    points = np.unique(np.array([one.start for one in own if is_point(one)], dtype=float))
    at_end = np.abs(points - observed.duration) <= SAME_S
    points[at_end] = np.nextafter(observed.duration, 0.0)  # spans are half open, and it is still of the video
    points = points[~sp.covers(sp.join(present, gaps), points)]
    return Presence(present, sp.subtract(unsaid, present), points)


def _annotated(observed: Observed, own: Sequence[Interval]) -> np.ndarray:
    """Return when one of the intervals runs where its own label is annotated."""
    spans = np.empty((0, 2))
    for name in dict.fromkeys(one.label for one in own):
        gaps = sp.union(gap for gap in observed.gaps if gap.label in ("", name))
        whole = sp.union(one for one in own if one.label == name and not is_point(one))
        spans = sp.join(spans, sp.subtract(sp.intersect(whole, sp.whole(observed.duration)), gaps))
    return spans


def _everywhere() -> np.ndarray:
    return np.array([[-FAR, FAR]])
