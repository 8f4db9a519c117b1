"""The sound of a video on the clock of its pictures: silence where the file has none, and nothing before zero."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition

from actscribe.errors import UnreadableVideo, in_one_line
from actscribe.video import contained
from actscribe.video.opening import CONVERT, open_video, origin
from actscribe.video.packets import ReadErrors, demuxed

logger = logging.getLogger(__name__)

#: Samples a second of what is returned.
RATE = 48_000
#: Sound that lies off its own count by fewer seconds is left where it is: containers round times (ours).
SAME_S = 0.03
#: A time stamp that lies so many seconds before what came already is that of a clock that was reset (ours).
RESET_S = 1.0


def sound_of(path: Path, end: float) -> Iterator[np.ndarray]:
    """Yield the sound of a video in one row, from time zero on; nothing where it has no stream of sound.

    Inside `contained.contained` another process decodes.

    Args:
        path: of the video.
        end: no sound is returned after this time, in seconds.

    Yields:
        int16, shape (samples, channels), 48,000 samples a second, one or two channels throughout.

    Raises:
        UnreadableVideo: none of its sound can be decoded, or it is not a video.
    """
    keeper = contained.current()
    yield from decoded_sound(path, end) if keeper is None else keeper.sound(path, end)


def decoded_sound(path: Path, end: float) -> Iterator[np.ndarray]:
    """Yield the sound of a video, decoded in this process; see `sound_of`."""
    with open_video(path) as (container, _):
        stream = heard_stream(container)
        if stream is None:
            return
        if stream.codec_context is None:
            raise UnreadableVideo(f"{path}: its sound is in a codec that FFmpeg does not know.", CONVERT)
        errors, row = ReadErrors(), _Row(round(end * RATE))
        for time, samples in _pieces(container, stream, errors):
            yield from row.aligned(time, samples)
        if not row.begun and errors.words:
            codec = stream.codec_context.name
            raise UnreadableVideo(f"{path}: its sound ({codec}) cannot be decoded ({errors.words[0]}).", CONVERT)
    if errors.words:
        logger.warning("%s: damaged places of its sound: %d; silence is used instead.", path, len(errors.words))


@dataclass(slots=True)
class _Row:
    """Samples in one row from time zero on, each where its time stamp says.

    Args:
        end: how many samples there may be.
        at: how many there are.
        begun: whether any came.
        behind: samples by which a clock that was reset is behind.
    """

    end: int
    at: int = 0
    begun: bool = False
    behind: int = 0

    def aligned(self, time: float | None, samples: np.ndarray) -> Iterator[np.ndarray]:
        """Yield a piece of sound, after the silence before it; of what lies before what came already nothing."""
        if time is not None:
            due = round(time * RATE) + self.behind
            if self.begun and due < self.at - RESET_S * RATE:
                self.behind, due = self.behind + self.at - due, self.at
            if not self.begun or abs(due - self.at) > SAME_S * RATE:
                yield from self._silence(due, samples.shape[1])
                samples = samples[max(0, self.at - due) :]
        samples = samples[: self.end - self.at]
        if len(samples):
            self.at, self.begun = self.at + len(samples), True
            yield samples

    def _silence(self, until: int, channels: int) -> Iterator[np.ndarray]:
        while self.at < min(until, self.end):
            length = min(until - self.at, self.end - self.at, RATE)
            self.at += length
            yield np.zeros((length, channels), dtype=np.int16)


def heard_stream(container: InputContainer) -> AudioStream | None:
    """Return the stream of sound that players play: the first one marked as default, else the first one."""
    streams = container.streams.audio
    return next((one for one in streams if one.disposition & Disposition.default), next(iter(streams), None))


def _pieces(
    container: InputContainer, stream: AudioStream, errors: ReadErrors
) -> Iterator[tuple[float | None, np.ndarray]]:
    """Yield samples at our rate, and when the first of them is heard; None: right after those before."""
    zero, channels = origin(container), 0
    resampler, kind = AudioResampler(), None
    for frame in _frames(container, stream, errors):
        channels = channels or min(frame.layout.nb_channels, 2)
        if kind != (kind := (frame.format.name, frame.layout.name, frame.sample_rate)):
            resampler = AudioResampler("s16", "stereo" if channels == 2 else "mono", RATE)
        time = None if frame.pts is None or frame.time_base is None else float(frame.pts * frame.time_base) - zero
        for made in resampler.resample(frame):
            yield time, made.to_ndarray().reshape(-1, channels)
            time = None
    for made in resampler.resample(None):
        yield None, made.to_ndarray().reshape(-1, channels)


def _frames(container: InputContainer, stream: AudioStream, errors: ReadErrors) -> Iterator[av.AudioFrame]:
    stream.codec_context.thread_count = 1
    for packet in demuxed(container, stream, errors):
        yield from _decoded(stream, packet, errors)
    yield from _decoded(stream, None, errors)


def _decoded(stream: AudioStream, packet: Packet[Any] | None, errors: ReadErrors) -> list[av.AudioFrame]:
    try:
        return stream.codec_context.decode(packet)
    except Exception as error:  # PyAV lets errors of Python through, too: all are about what the file holds
        errors.words.append(getattr(error, "strerror", None) or in_one_line(error) or type(error).__name__)
        return []
