"""What a video file is: its true length, size, rate and turn, measured rather than believed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition

from actscribe.counts import counted
from actscribe.errors import UnreadableVideo
from actscribe.file_cache import cached
from actscribe.video import contained
from actscribe.video.opening import COPY, MP4, open_video, origin, picture_stream
from actscribe.video.packets import STREAMED
from actscribe.video.reading import display_matrix, scaled, turn
from actscribe.video.scan import Scan, scan, usual_step
from actscribe.video.sound import heard_stream

logger = logging.getLogger(__name__)

#: Raised when the same file would be measured differently from before.
MEASURED = 3
#: A stated length that is off by more than this many seconds is worth a word; so is a first picture that comes so late,
#: and pictures that usually, or even one that once lasts so long (ours).
LENGTH_DOUBT_S, LATE_DOUBT_S, STEP_DOUBT_S, LONGEST_DOUBT_S = 1.0, 5.0, 5.0, 60.0
#: A rate is variable when more than this fraction of the steps between frames is off the median step by more than
#: a fifth and two ticks (ours).
VARIABLE_FRACTION = 0.01
#: In a transport stream, pictures are missing where a step is longer than this many seconds and usual steps (ours).
HOLE_S, HOLE_STEPS = 0.5, 5.0
#: A file whose video ends before this fraction of its bytes, and so many bytes early, goes on with something else.
END_FRACTION, END_BYTES = 0.95, 1 << 16
#: More places than this are counted, not listed.
MOST_PLACES = 3


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What is known about a video.

    Args:
        path: of the file.
        duration: seconds from time zero, where the container begins, to the end of the last frame.
        width, height: of an upright frame with square pixels, in pixels.
        fps: frames per second, on average.
        rotation: degrees by which the stored picture is turned clockwise to stand upright: 0, 90, 180 or 270.
        variable_frame_rate: the steps between frames differ.
        codec: FFmpeg's name of it, such as h264.
        frames: how many there are.
        container: FFmpeg's name of it, such as mov,mp4,m4a,3gp,3g2,mj2.
        pixel_format: FFmpeg's name of it, such as yuv420p; empty where it does not know.
        mended: time stamps were put right, or parts could not be read.
        begins: the container's own time of our zero, in seconds, see `opening.origin`.
        open_groups: see `scan.Scan`.
        sound: FFmpeg's name of the codec of the sound that players play, such as aac; "unknown" where it knows none;
            empty: the video has no sound.
        doubts: sentences on what is doubtful.
    """

    path: Path
    duration: float
    width: int
    height: int
    fps: float
    rotation: int
    variable_frame_rate: bool
    codec: str
    frames: int
    container: str
    pixel_format: str
    mended: bool
    begins: float
    open_groups: bool
    sound: str = ""
    doubts: tuple[str, ...] = ()


def probe(path: Path) -> VideoInfo:
    """Measure a video: every packet is read, the first picture alone is decoded (an hour of video: a few seconds).

    The length that the container states is not used, as it is missing from live and unfinished recordings and wrong in
    cut ones; only the last frame's own length may come from it. What is doubtful is a line in the log: a stated length
    that is off by more than a second, damaged time stamps, a clock that restarts, holes in a transport stream, other
    streams of video. Inside `contained.contained` another process does it.

    Raises:
        UnreadableVideo: no such file, not a video, only sound, no frame in it, times that cannot be true; names the
            file and what was found.
    """
    facts = cached(Path(path), f"video {MEASURED} av {av.__version__}", lambda: _measured(Path(path)))
    info = VideoInfo(Path(path), **{**facts, "doubts": tuple(facts["doubts"])})
    for doubt in info.doubts:
        logger.warning("%s: %s", path, doubt)
    return info


def _measured(path: Path) -> dict[str, Any]:
    keeper = contained.current()
    if keeper is not None:
        return keeper.measure(path)
    info = asdict(measure(path))
    del info["path"]
    return info


def measure(path: Path) -> VideoInfo:
    """Measure a video in this process, and say nothing of its doubts; see `probe`."""
    with open_video(path) as (container, stream):
        stream.codec_context.thread_count = 1
        scanned = scan(path, container, stream)
        codec, pixel_format = stream.codec_context.name, stream.codec_context.pix_fmt
        kind, begins, sound = container.format.name, origin(container), _sound(container)
        aspect = float(stream.sample_aspect_ratio or 1) or 1.0
        tick = float(stream.time_base or 1)
        doubts = [*_doubts(scanned, container.format.name, path.stat().st_size), *_other_streams(container)]
    if scanned.first is None:
        raise UnreadableVideo(
            f"{path}: {counted(len(scanned.times), 'frame')} of {codec} video found, but none could be decoded.",
            f"{COPY} Or convert it to MP4 (H.264).",
        )
    width, height = scaled(scanned.first.width, scanned.first.height, aspect, None)
    rotation = turn(display_matrix(scanned.first))
    if rotation % 180:
        width, height = height, width
    return VideoInfo(
        path=path,
        duration=scanned.end,
        width=width,
        height=height,
        fps=_rate(len(scanned.times), scanned.end - float(scanned.times[0])),
        rotation=rotation,
        variable_frame_rate=_is_variable(scanned.times, tick),
        codec=codec,
        frames=len(scanned.times),
        container=kind,
        pixel_format=pixel_format or "",
        mended=bool(scanned.damaged or scanned.restarts or scanned.errors.words),
        begins=begins,
        open_groups=scanned.open_groups,
        sound=sound,
        doubts=tuple(doubts),
    )


def _sound(container: InputContainer) -> str:
    stream = heard_stream(container)
    if stream is None:
        return ""
    return "unknown" if stream.codec_context is None else stream.codec_context.codec.canonical_name


def _doubts(scanned: Scan, container: str, size: int) -> Iterator[str]:
    """Yield a sentence for whatever about the times of a video is doubtful."""
    begin, end = float(scanned.times[0]), scanned.end
    if container not in STREAMED and scanned.stated is not None and abs(scanned.stated - end) > LENGTH_DOUBT_S:
        why = "it may be cut off" if end < scanned.stated else "its header or its time stamps may be damaged"
        yield f"the file says that its video ends at {scanned.stated:.2f} s, but it ends at {end:.2f} s; {why}."
    elif scanned.missing:
        missing = counted(scanned.missing, "frame")
        yield f"its index counts {missing} more than the {len(scanned.times)} that could be read."
    if begin > LATE_DOUBT_S:
        yield f"its first picture comes at {begin:.2f} s; before that there is nothing to see."
    step = usual_step(scanned.times, end - begin)
    steps = np.diff(scanned.times, append=end)
    longest = int(steps.argmax())
    if step > STEP_DOUBT_S:
        yield f"by its time stamps each picture lasts {step:.0f} s; is that so?"
    elif steps[longest] > LONGEST_DOUBT_S:
        when = f"{scanned.times[longest]:.2f} s"
        yield f"by its time stamps the picture of {when} lasts {steps[longest]:.2f} s; is that so?"
    if scanned.restarts:
        yield f"its clock is reset at {_places(scanned.restarts)}; what follows counts on from there."
    if scanned.damaged:
        where = _places(scanned.damaged)
        yield f"damaged time stamps at {where}; those frames take the times between their neighbours'."
    holes = _holes(scanned.times, step) if container in STREAMED else []
    if holes:
        first = ", ".join(f"from {start:.2f} to {stop:.2f} s" for start, stop in holes[:MOST_PLACES])
        yield f"no new picture {first}{_more(len(holes))}; the one before is shown instead."
    if scanned.errors.words:
        rest = f", and nothing after {end:.2f} s could be read" if scanned.errors.gave_up else ""
        yield f"reading it failed at {counted(len(scanned.errors.words), 'place')} ({scanned.errors.words[0]}){rest}."
    if container != MP4 and scanned.read_to < END_FRACTION * size and size - scanned.read_to > END_BYTES:
        yield (
            f"its video ends at {end:.2f} s, {scanned.read_to / size:.0%} into the file; what follows is something"
            " else. If the video goes on there, rewrite it with ffmpeg."
        )


def _other_streams(container: InputContainer) -> Iterator[str]:
    streams = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    chosen = picture_stream(container)
    if chosen is not None and len(streams) > 1:
        yield f"it holds {len(streams)} streams of video; number {streams.index(chosen) + 1} is read, as players do."


def _holes(times: np.ndarray, step: float) -> list[tuple[float, float]]:
    """Return when the pictures before and after each hole are shown, in seconds."""
    indices = np.flatnonzero(np.diff(times) > max(HOLE_S, HOLE_STEPS * step))
    return [(float(times[index]), float(times[index + 1])) for index in indices]


def _places(times: tuple[float, ...]) -> str:
    return ", ".join(f"{max(time, 0.0):.2f} s" for time in times[:MOST_PLACES]) + _more(len(times))


def _more(count: int) -> str:
    return f" and {counted(count - MOST_PLACES, 'more place')}" if count > MOST_PLACES else ""


def _is_variable(times: np.ndarray, tick: float) -> bool:
    steps = np.diff(times)
    if len(steps) < 2:
        return False
    usual = float(np.median(steps))
    return float(np.mean(np.abs(steps - usual) > usual / 5 + 2 * tick)) > VARIABLE_FRACTION


def _rate(frames: int, seconds: float) -> float:
    """Return frames per second to a thousandth, or to six digits where they are further apart than that."""
    rate = frames / seconds
    return round(rate, 3) if rate >= 1 else float(f"{rate:.6g}")
