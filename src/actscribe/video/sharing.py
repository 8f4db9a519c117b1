"""One pass over a video for all who will look at it: what one decodes, the others find in the frame cache (ours).

Each of them asks in its own time, for frames of its own size at its own moments. Whoever asks first decodes the video
and leaves, beside its own frames, those of the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from actscribe.video.cache import CachedFrames, FrameCache
from actscribe.video.reading import SOURCE, Frame, Want, frames_together


@dataclass(frozen=True, slots=True)
class Shared:
    """What will be wanted of one video.

    Args:
        content: digest of the file.
        wants: one for each size.
    """

    content: str
    wants: tuple[Want, ...]


@contextmanager
def sharing(cache: FrameCache, videos: Mapping[Path, Shared]) -> Iterator[None]:
    """Decode each video once inside the block for all that is wanted of it.

    What nobody foretold is decoded on its own, and so is what had to leave the cache before somebody asked for it.

    Args:
        cache: has room for all frames.
        videos: what will be wanted of them.
    """

    def source(path: Path, want: Want) -> Iterator[Frame] | None:
        shared = videos.get(path)
        return None if shared is None else _from(cache, path, shared, want)

    token = SOURCE.set(source)
    try:
        yield
    finally:
        SOURCE.reset(token)


@contextmanager
def alone() -> Iterator[None]:
    """Read videos inside the block as if nobody shared them, where what decoding costs is measured."""
    token = SOURCE.set(None)
    try:
        yield
    finally:
        SOURCE.reset(token)


def joined(wants: Sequence[Want]) -> tuple[Want, ...]:
    """Return one want for each size, with the moments of all wants of that size."""
    times: dict[tuple[int | None, bool], set[float]] = {}
    for want in wants:
        times.setdefault((want.short_side, want.square_pixels), set()).update(want.times)
    return tuple(Want(tuple(sorted(own_times)), *size) for size, own_times in times.items())


def _from(cache: FrameCache, path: Path, shared: Shared, want: Want) -> Iterator[Frame] | None:
    """Return the frames of a want, or None where nobody foretold it."""
    moments = np.unique(want.times)
    for index, planned in enumerate(shared.wants):
        if planned[1:] == want[1:] and np.isin(moments, planned.times).all():
            held = _held(cache, path, shared, planned)
            return _kept(held, want) if held is not None else _decoded(cache, path, shared, index, want)
    return None


def _held(cache: FrameCache, path: Path, shared: Shared, planned: Want) -> CachedFrames | None:
    return cache.held(path, shared.content, np.array(planned.times), *planned[1:])


def _kept(held: CachedFrames, want: Want) -> Iterator[Frame]:
    frame: Frame | None = None
    for index in np.searchsorted(held.times, want.times).tolist():
        pts = float(held.pts[index])
        if frame is None or frame.pts != pts:  # a frame that is shown at two moments is one
            frame = Frame(pts, held[index])
        yield frame


def _decoded(cache: FrameCache, path: Path, shared: Shared, asked: int, want: Want) -> Iterator[Frame]:
    """Yield the frames of a want, and leave those of every want in the cache once the video was read to its end."""
    lacking = [
        index for index, one in enumerate(shared.wants) if index == asked or _held(cache, path, shared, one) is None
    ]
    wants = [shared.wants[index] for index in lacking]
    left = list(want.times[::-1])
    given = iter(shared.wants[asked].times)
    with ExitStack() as stack:
        add = [stack.enter_context(cache.writing(path, shared.content, np.array(one.times), *one[1:])) for one in wants]
        for index, frame in frames_together(path, wants):
            add[index](frame)
            if lacking[index] == asked:
                moment = next(given)
                while left and left[-1] == moment:
                    left.pop()
                    yield frame
