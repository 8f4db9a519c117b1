"""The sound of a video in a file that is being written, as AAC beside its pictures."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from actscribe.errors import UnreadableVideo
from actscribe.video.sound import RATE, sound_of

#: Bits a second and channel: speech and alarms of a monitor are told apart (ours).
_BITS = 64_000


class SoundTrack:
    """The sound of a video in a file that is being written; no track where the video has none that can be read.

    Args:
        out: to be written to; nothing is in it yet.
        video: the source.
        end: of its pictures, in seconds; sound after it is left out.

    Attributes:
        left_out: a sentence on what of the sound is not there, and why; empty: all of it is, or there is none.
    """

    def __init__(self, out: av.container.OutputContainer, video: Path, end: float) -> None:
        self.left_out = ""
        self._out, self._pieces, self._at = out, sound_of(video, end), 0
        self._next = self._read()
        self._stream: av.AudioStream | None = None
        if self._next is not None:
            channels = self._next.shape[1]
            self._layout = "stereo" if channels == 2 else "mono"
            self._stream = out.add_stream("aac", rate=RATE, layout=self._layout)
            self._stream.bit_rate = channels * _BITS

    def until(self, time: float) -> None:
        """Write what is heard before a time, in seconds: players want sound and pictures side by side in the file."""
        while self._stream is not None and self._next is not None and self._at < time * RATE:
            frame = av.AudioFrame.from_ndarray(self._next.reshape(1, -1), "s16", self._layout)
            frame.sample_rate, frame.pts, frame.time_base = RATE, self._at, Fraction(1, RATE)
            self._out.mux(self._stream.encode(frame))
            self._at += len(self._next)
            self._next = self._read()

    def finish(self) -> None:
        """Write the rest."""
        self.until(math.inf)
        if self._stream is not None:
            self._out.mux(self._stream.encode(None))

    def _read(self) -> np.ndarray | None:
        try:
            return next(self._pieces, None)
        except UnreadableVideo as error:
            since = f" from {self._at / RATE:.0f} s on" if self._at else ""
            self.left_out = f"Shown without its sound{since}. {error.message}"
            return None
