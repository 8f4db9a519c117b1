"""What the page shows of a session: the newest state, and what is wrong with the source right now."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

from actscribe.live.lines import Line
from actscribe.live.session import State
from actscribe.local_page.colours import label_colour

#: Seconds that the page shows.
SHOWN_S = 120.0
#: Of `arrivals.What`, what stays until it is over, and what says that it is.
_ALARMS, _OVER = ("lost", "black", "frozen", "no video"), ("back", "picture")


class Board:
    """Takes what a session shows, from its thread, and answers what the page asks, from the server's.

    Args:
        media: what is watched.
        labels: names, a lane each.
    """

    def __init__(self, media: str, labels: Sequence[str]) -> None:
        self._media, self._labels = media, tuple(labels)
        self._changed = threading.Condition()
        self._state: State | None = None
        self._drawn = time.monotonic()
        self._alarm: dict[str, Any] | None = None
        self._ended, self._files = "", tuple[str, ...]()
        self._is_over, self._was_asked, self._end_was_shown = False, False, False

    def line(self, line: Line) -> None:
        """Note what a line says of the source, and how it ends."""
        with self._changed:
            if line["kind"] == "source" and line["what"] in _ALARMS:
                self._alarm = {"what": line["what"], "since": line["at"], "sentence": line["sentence"]}
            elif line["kind"] == "source" and line["what"] in _OVER:
                self._alarm = None
            elif line["kind"] == "end":
                self._ended, self._alarm = line["why"], None
            elif line["kind"] == "written":
                self._files, self._is_over = tuple(line["files"]), True

    def draw(self, state: State) -> None:
        """Keep the newest state."""
        with self._changed:
            self._state, self._drawn = state, time.monotonic()

    def snapshot(self) -> dict[str, Any]:
        """Return all that the page shows, as JSON has it; times in seconds of the recording, `age_s` since it is so."""
        with self._changed:
            self._was_asked = True
            self._end_was_shown = self._is_over
            self._changed.notify_all()
            return {
                "media": self._media,
                "labels": [{"name": name, "colour": label_colour(index)} for index, name in enumerate(self._labels)],
                "shown_s": SHOWN_S,
                "age_s": round(time.monotonic() - self._drawn, 1),
                "alarm": self._alarm,
                "ended": self._ended,
                "over": self._is_over,
                "files": list(self._files),
                "now": None if self._state is None else self._as_json(self._state),
            }

    def wait_until_shown(self, patience_s: float) -> None:
        """Wait until a page that looks has heard how it ended, or for so many seconds."""
        with self._changed:
            if self._was_asked:
                self._changed.wait_for(lambda: self._end_was_shown, patience_s)

    def _as_json(self, state: State) -> dict[str, Any]:
        begin = state.at - SHOWN_S
        bars = [
            {"label": self._labels.index(bar.label), "start": bar.start, "end": bar.end, "open": bar.open}
            for bar in state.bars
            if bar.end > begin
        ]
        return {
            "at": state.at,
            "decided": state.decided,
            "bars": bars,
            "unseen": [list(span) for span in state.unseen if span[1] > begin],
            "scores": [state.scores.get(name) for name in self._labels],
            "stride": state.stride,
            "asked_stride": state.asked_stride,
            "latency": None if state.latency is None else list(state.latency),
            "sentences": list(state.sentences),
        }
