"""Frames of a video by time: one pass, each picture converted at most once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from av.sidedata.sidedata import Type
from av.video.reformatter import Interpolation, VideoReformatter

from actscribe.errors import UnreadableVideo
from actscribe.video import contained
from actscribe.video.decoding import JUMP_S, Picture, Pictures
from actscribe.video.opening import open_video

#: Up to this many seconds after the end of the last picture, that picture still stands in: containers round, and
#: sound often runs a little longer. Beyond it something is missing, and that is an error (ours).
TAIL_S = 1.0
#: Bilinear, as X-CLIP, ViFi-CLIP and TimeSformer resize. swscale widens its support when shrinking, so nothing
#: aliases; with exact rounding and full colour resolution it is within one grey level of Pillow's antialiased bilinear,
#: and takes half of bicubic's time (both measured on the videos at hand).
FILTER = int(Interpolation.BILINEAR) | 0x40000 | 0x2000  # SWS_ACCURATE_RND, SWS_FULL_CHR_H_INT


class Frame(NamedTuple):
    """A frame of a video.

    Args:
        pts: the time from which it is shown, in seconds from the beginning of the video.
        image: uint8 RGB, shape (height, width, 3), upright, and with square pixels unless asked otherwise.
    """

    pts: float
    image: np.ndarray


class Want(NamedTuple):
    """Frames that somebody wants of a video.

    Args:
        times: seconds, ascending.
        short_side, square_pixels: see `frames_at`.
    """

    times: tuple[float, ...]
    short_side: int | None
    square_pixels: bool = True


#: Where frames may come from in place of the video; None of a want: they are not there. See `sharing`.
SOURCE: ContextVar[Callable[[Path, Want], Iterator[Frame] | None] | None] = ContextVar("source", default=None)


def frames_at(
    path: Path, times: Sequence[float] | np.ndarray, short_side: int | None = None, square_pixels: bool = True
) -> Iterator[Frame]:
    """Yield the frame that is shown at each of `times`, in one pass over the file.

    The frame shown at t is the last one whose presentation time is not after t (within half a tick of the stream's
    clock, at most 0.5 ms); before the first frame it is the first. Time zero is where the container begins (see
    `decoding.origin`). Times that share a frame get the same object. Stretches without a wanted time are skipped by
    keyframe, which changes no frame. Damaged places are skipped: the frame before stands in, and one line in the log
    counts them. Inside `contained.contained` another process decodes.

    Args:
        path: of the video.
        times: seconds, ascending (equal ones allowed), shape (n,).
        short_side: of the returned images, in pixels, aspect kept; a smaller video is not enlarged. None: as it is.
        square_pixels: widen or heighten a video that says that its pixels are not square, as players do; else its
            pictures are returned in the shape in which they are stored.

    Raises:
        UnreadableVideo: the file is not a video, or decoding stopped more than a second before a wanted time.
        ValueError: the times do not ascend.
    """
    wanted = np.asarray(times, dtype=np.float64)
    if wanted.ndim != 1 or not np.isfinite(wanted).all() or (np.diff(wanted) < 0).any():
        raise ValueError("times must be finite and ascending, in one dimension")
    return _frames(Path(path), Want(tuple(wanted.tolist()), short_side, square_pixels))


def _frames(path: Path, want: Want) -> Iterator[Frame]:
    source = SOURCE.get()
    held = source(path, want) if source is not None and want.times else None
    if held is not None:
        yield from held
        return
    for _, frame in frames_together(path, [want]):
        yield frame


def frames_together(path: Path, wants: Sequence[Want]) -> Iterator[tuple[int, Frame]]:
    """Yield the frames of several wants in one pass over the file, in order of time: place of the want, and frame.

    Each want gets exactly what `frames_at` gives it alone. Inside `contained.contained` another process decodes.

    Raises:
        UnreadableVideo: see `frames_at`.
    """
    keeper = contained.current()
    if keeper is None or not any(want.times for want in wants):
        yield from decoded_frames(path, wants)
        return
    last: dict[int, Frame] = {}
    for index, pts, image in keeper.frames(path, wants):
        if image is not None:
            last[index] = Frame(pts, image)
        yield index, last[index]


def decoded_frames(path: Path, wants: Sequence[Want]) -> Iterator[tuple[int, Frame]]:
    """Yield the frames of several wants, decoded in this process; see `frames_together`."""
    asked = sorted((time, index) for index, want in enumerate(wants) for time in want.times)
    if not asked:
        return
    with open_video(path) as (container, stream):
        aspect = float(stream.sample_aspect_ratio or 1)
        convert = [Converter(want.short_side, aspect if want.square_pixels else 1.0) for want in wants]
        pictures = Pictures(path, container, stream, [time for time, _ in asked])
        pictures.jump(asked[0][0])
        shown = pictures.read()
        following = pictures.read()
        if shown is None:
            raise UnreadableVideo(
                f"{path}: not one picture of its video could be decoded.", "Copy it again from its source."
            )
        made: dict[int, Frame] = {}
        for time, index in asked:
            if following is not None and time - following.time > JUMP_S and pictures.jump(time):
                following = pictures.read()
            while following is not None and following.time <= time + pictures.tolerance:
                shown, following = following, pictures.read()
                made.clear()
            if following is None:
                _check_tail(path, time, shown, pictures, container.duration)
            if index not in made:
                made[index] = Frame(shown.time, convert[index](shown.frame))
            yield index, made[index]
        pictures.report()


class Converter:
    """Turns decoded pictures of one video into upright RGB arrays of one size.

    Args:
        short_side: of the result; None or larger than the video: as it is.
        pixel_aspect: width of a pixel over its height; pixels are made square along their longer side.
    """

    def __init__(self, short_side: int | None, pixel_aspect: float = 1.0) -> None:
        self._short_side, self._aspect = short_side, pixel_aspect
        self._reformatter = VideoReformatter()
        self._size: tuple[int, int] | None = None
        self._matrix = (1, 0, 0, 1)

    def __call__(self, frame: av.VideoFrame) -> np.ndarray:
        """Return the picture as uint8 RGB, shape (height, width, 3)."""
        # The first picture sets the size, so that frames of a video that changes its size still stack. (And looking
        # at a PyAV frame's side data ties it into a cycle, which would keep many large pictures in memory.)
        if self._size is None:
            self._size = scaled(frame.width, frame.height, self._aspect, self._short_side)
            self._matrix = display_matrix(frame)
        # One thread: swscale's own pool costs more than it gains on one picture.
        rgb = self._reformatter.reformat(frame, *self._size, format="rgb24", interpolation=FILTER, threads=1)
        return np.ascontiguousarray(upright(rgb.to_ndarray(), self._matrix))


def scaled(width: int, height: int, aspect: float, short_side: int | None) -> tuple[int, int]:
    """Return the (width, height), with square pixels, of a picture made smaller to `short_side`, never larger."""
    wide, high = width * max(aspect, 1.0), height * max(1 / aspect, 1.0)
    factor = min(1.0, (short_side or float("inf")) / min(wide, high))
    return max(1, round(wide * factor)), max(1, round(high * factor))


def display_matrix(frame: av.VideoFrame) -> tuple[int, int, int, int]:
    """Return (a, b, c, d) of how to show a stored picture: x' = a x + c y, y' = b x + d y, y down."""
    data = frame.side_data.get(Type.DISPLAYMATRIX)  # type: ignore[call-overload]
    if data is None:
        return 1, 0, 0, 1
    a, b, _, c, d = np.frombuffer(data, dtype=np.int32)[:5].tolist()
    return a, b, c, d


def turn(matrix: tuple[int, int, int, int]) -> int:
    """Return by how many degrees a display matrix turns the stored picture clockwise: 0, 90, 180 or 270."""
    right_x, right_y = matrix[0], matrix[1]  # where the stored picture's x axis points when shown, y down
    return round(math.degrees(math.atan2(right_y, right_x)) / 90) % 4 * 90


def upright(image: np.ndarray, matrix: tuple[int, int, int, int]) -> np.ndarray:
    """Turn and mirror a stored picture by its display matrix, to the nearest right angle."""
    a, b, c, d = matrix
    if turn(matrix) % 180:
        image, right, down = image.swapaxes(0, 1), c, b
    else:
        right, down = a, d
    return image[:: -1 if down < 0 else 1, :: -1 if right < 0 else 1]


def _check_tail(path: Path, time: float, last: Picture, pictures: Pictures, claimed: int | None) -> None:
    end = last.time + (pictures.seconds(last.frame.duration) or pictures.period)
    if time <= end + TAIL_S:
        return
    says = f" The file says that it lasts {claimed / av.time_base:.2f} s." if claimed else ""
    raise UnreadableVideo(
        f"{path}: no picture at {time:.2f} s, decoding stopped at {end:.2f} s.{says}",
        f"The file may be cut off or damaged: copy it again from its source, or use it up to {end:.2f} s only.",
    )
