"""Mutated videos of many containers and codecs: a sentence, or ascending times and a length that frames bear out."""

from __future__ import annotations

import hashlib
import json
import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import av
import av.error
import numpy as np

from actscribe.errors import ActScribeError
from actscribe.video.probe import VideoInfo, probe
from actscribe.video.reading import frames_at
from campaigns.campaign import Campaign, Case, Verdict
from campaigns.mutate import Mutation, cut, flip, repeat, zeros
from campaigns.video_files import KINDS, write
from campaigns.worker import note_group

#: Frames asked for in each video.
ASKED = 12
#: Share of the cases in which another library has set FFmpeg's log level, which once made threaded decoding hang.
LOUD = 0.25
#: One in so many is read twice.
AGAIN = 4
#: A length without a word about it is doubtful when it is more than so many times what frames and rate say, and
#: seconds more; or less than the share of it, and seconds less.
LONG, SHORT, SPARE_S = 3.0, 0.5, 2.0


def bit(data: bytes, rng: np.random.Generator) -> bytes:
    """Change one bit."""
    changed = bytearray(data)
    changed[rng.integers(len(data))] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def head(data: bytes, rng: np.random.Generator) -> bytes:
    """Change bytes at the beginning, where most containers say what they are."""
    size = min(2048, len(data))
    return flip(data[:size], rng) + data[size:]


def tail(data: bytes, rng: np.random.Generator) -> bytes:
    """Change bytes at the end, where indexes lie."""
    size = min(2048, len(data))
    return data[:-size] + flip(data[-size:], rng)


def large(data: bytes, rng: np.random.Generator) -> bytes:
    """Write a large or negative number over four or eight bytes: a length, a rate, a timestamp."""
    offset = int(rng.integers(0, len(data)))
    if rng.random() < 0.6:
        offset %= 4096
    pieces = (
        b"\xff" * 4,
        b"\x7f" + b"\xff" * 3,
        b"\x80\0\0\0",
        b"\xff" * 8,
        b"\x7f" + b"\xff" * 7,
        b"\0" * 4,
        b"\0\0\0\1",
    )
    piece = pieces[rng.integers(len(pieces))]
    return data[:offset] + piece + data[offset + len(piece) :]


def chunks(data: bytes, rng: np.random.Generator) -> bytes:
    """Exchange two pieces of transport packets' size."""
    size = 188 * int(rng.integers(1, 20))
    if len(data) < 2 * size:
        return data
    first, second = sorted(rng.integers(0, len(data) - size, 2))
    if second < first + size:
        return data
    one, other = data[first : first + size], data[second : second + size]
    return data[:first] + other + data[first + size : second] + one + data[second + size :]


BINARY: tuple[Mutation, ...] = (bit, flip, head, head, tail, large, large, chunks, zeros, cut, repeat)


def prepare(sources: Path) -> None:
    """Write a video of each kind."""
    for kind in KINDS:
        write(kind, sources)


def attempt(case: Case) -> Verdict:
    """Change a video and read it."""
    rng = case.rng
    kind = KINDS[rng.integers(len(KINDS))]
    group = note_group(case, kind.name)
    data, names = (case.sources / kind.name).read_bytes(), []
    for _ in range(rng.integers(1, 3)):
        change = BINARY[rng.integers(len(BINARY))]
        data = change(data, rng) or data
        names.append(change.__name__)
    path = case.folder / kind.name
    path.write_bytes(data)
    what = "+".join(names)
    with _log_level(rng.random() < LOUD):
        verdict, reading = _read(group, path, what)
        if case.number % AGAIN == 0 and (again := _read(group, path, what)[1]) != reading:
            for name, text in (("first", reading), ("second", again)):
                (case.folder / f"{name}.json").write_text(text, encoding="utf-8")
            if (
                "damaged places" in reading and "damaged places" in again
            ):  # see docs/explanation/reliability.md, What is not held
                return Verdict(group, "other pictures of damage", detail=what)
            return Verdict(group, "other result", True, f"{what}: the same file read twice")
    return verdict


def _read(group: str, path: Path, what: str) -> tuple[Verdict, str]:
    """Return the verdict and a text of all that was read, by which two readings are compared."""
    with _warnings() as messages:
        try:
            info = probe(path)
            times = np.linspace(0.0, max(info.duration - 1e-3, 0.0), ASKED)
            frames = [(frame.pts, frame.image.shape, _digest(frame.image)) for frame in frames_at(path, times, 32)]
        except ActScribeError as error:
            if str(path) not in error.message:
                return Verdict(group, "unnamed refusal", True, f"{what}: {error.message[:300]}"), str(error)
            return Verdict(group, "refused", detail=f"{what}: {error}"[:400]), str(error)
    reading = json.dumps([asdict(info), frames, messages], default=str)
    problem = _problem(info, times, frames) or _doubt(group, path, info, messages)
    if problem:
        return Verdict(group, problem[0], True, f"{what}: {problem[1]}"), reading
    return Verdict(group, "read, with a word" if messages else "read", detail="; ".join(messages)[:400]), reading


def _problem(info: VideoInfo, times: np.ndarray, frames: list) -> tuple[str, str] | None:
    pts = [one[0] for one in frames]
    if not (math.isfinite(info.duration) and info.duration > 0 and math.isfinite(info.fps) and info.fps > 0):
        return "unsound facts", f"duration {info.duration}, fps {info.fps}"
    if len(frames) != len(times) or not np.isfinite(pts).all() or (np.diff(pts) < 0).any():
        return "times out of order", f"{pts}"
    late = [(time, one) for time, one in zip(times, pts, strict=True) if one > time + 1e-3 and one != pts[0]]
    if late:
        return "a frame of later", f"at {late[0][0]:.3f} s the frame of {late[0][1]:.3f} s"
    if len({one[1] for one in frames}) > 1:
        return "sizes differ", f"{sorted({one[1] for one in frames})}"
    return None


def _doubt(group: str, path: Path, info: VideoInfo, messages: list[str]) -> tuple[str, str] | None:
    """Compare the length with what frames say that PyAV alone decodes; a word about it is enough."""
    (path.parent / "group").write_text(f"{group} (reference)", encoding="utf-8")
    times, count = _reference(path)
    (path.parent / "group").write_text(group, encoding="utf-8")
    if messages or count < 4 or len(times) < 4:
        return None
    usual = float(np.median(np.diff(times))) * count
    if info.duration > LONG * usual + SPARE_S:
        return "too long", f"{info.duration:.2f} s, but {count} frames say {usual:.2f} s"
    if info.duration < SHORT * usual - SPARE_S:
        return "too short", f"{info.duration:.2f} s, but {count} frames say {usual:.2f} s"
    return None


def _reference(path: Path) -> tuple[np.ndarray, int]:
    """Return the distinct times of frames, ascending, and how many frames there are, by PyAV in one thread."""
    times: list[float] = []
    count = 0
    try:
        with av.open(str(path), metadata_errors="replace") as file:
            stream = file.streams.video[0]
            stream.codec_context.thread_count = 1
            for packet in file.demux(stream):
                try:
                    frames = packet.decode()
                except (av.error.FFmpegError, OSError, ValueError):
                    continue
                count += len(frames)
                times += [frame.time for frame in frames if frame.time is not None]
    except (av.error.FFmpegError, OSError, ValueError, IndexError):
        pass
    return np.unique(times), count


@contextmanager
def _warnings() -> Iterator[list[str]]:
    """Yield a list that fills with what the log says."""
    messages: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            messages.append(record.getMessage())

    handler, logger = Handler(), logging.getLogger("actscribe")
    logger.addHandler(handler)
    try:
        yield messages
    finally:
        logger.removeHandler(handler)


@contextmanager
def _log_level(loud: bool) -> Iterator[None]:
    """Set PyAV's log level as other libraries do on import."""
    if loud:
        av.logging.set_level(av.logging.ERROR)
    try:
        yield
    finally:
        if loud:
            av.logging.set_level(None)


def _digest(image: np.ndarray) -> str:
    return hashlib.blake2b(image.tobytes(), digest_size=8).hexdigest()


CAMPAIGN = Campaign(
    name="videos",
    about=f"Videos of {len(KINDS)} containers and codecs with bits, bytes, numbers and pieces changed; in a quarter of"
    " the cases another library has set FFmpeg's log level.",
    oracle="a sentence that names the file, or frames with ascending times, none of later than asked for, a length that"
    " the frames bear out or a word about it; the same bytes give the same result, but for damaged pictures.",
    short=250,
    full=3000,
    prepare=prepare,
    attempt=attempt,
    modules=("actscribe.video.probe", "actscribe.video.reading"),
)
