"""One long video with its annotations and its group."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from actscribe.annotations.interval import Interval

#: Hex digits of a video's digest that make its recording's id.
ID_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Recording:
    """One video of a study.

    Args:
        name: unique in the study; file-name safe.
        video: where the file lies.
        duration: of the video, in seconds.
        content: hex digest of the file's bytes; the same content under two names is found by it.
        group: subject or session; a group never straddles two splits.
        split: "train", "validation", "test", or "" when the study chooses.
        intervals: annotated activities under the label set's own names, sorted; None: the video is not annotated.
        gaps: spans that nobody annotated; label "" stands for every label.
        events: point events of the label set's `events`, which no recognizer looks for; audits count from them.
        moments: (column of the manifest, seconds of the video) that the label set's indicators count from.
    """

    name: str
    video: Path
    duration: float
    content: str
    group: str
    split: str = ""
    intervals: tuple[Interval, ...] | None = None
    gaps: tuple[Interval, ...] = ()
    events: tuple[Interval, ...] = ()
    moments: tuple[tuple[str, float], ...] = ()

    @property
    def id(self) -> str:
        """By what review calls it: the first digits of `content`, whatever it is named."""
        return self.content[:ID_DIGITS]
