"""Annotation files that several videos share, such as a BORIS project or one table of a study, read once each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from actscribe.annotations.entry import Index
from actscribe.annotations.formats import FORMATS, detect, entries
from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import Annotations
from actscribe.errors import ActScribeError


@dataclass(slots=True)
class _Held:
    """What a file turned out to be: its entries, once they were asked for, or why it cannot be read."""

    counts_frames: bool = False
    index: Index | None = None
    refused: ActScribeError | None = None


class ReadOnce:
    """The annotation files of one load of a study, each taken apart when it is first asked for.

    A file that no other video is read from is not held afterwards, and one that cannot be read is refused for each of
    its videos in the same words, without being read again.

    Args:
        paths: of the files, each as often as it will be asked for.
        tiers: as in `formats.read`.
        videos: all that will be asked for, as far as they are known.
    """

    def __init__(self, paths: Iterable[Path], tiers: tuple[str, ...] = (), videos: Iterable[Path] = ()) -> None:
        self._left, self._tiers, self._videos = Counter(paths), tiers, tuple(videos)
        self._held: dict[Path, _Held] = {}

    def read_matched(self, path: Path, video: str, clock: Callable[[], FrameClock]) -> tuple[Annotations, str]:
        """Return what a file says of a video, and by what that was found, as `formats.read_matched` does.

        Args:
            path: of the file.
            video: as in `formats.read`.
            clock: asked for the video's frame times where the file counts frames.
        """
        held = self._held.setdefault(path, _Held())
        self._left[path] -= 1
        if self._left[path] <= 0:
            del self._held[path]
        if held.refused is not None:
            raise held.refused.with_traceback(None)
        if held.index is None:
            try:
                held.counts_frames = FORMATS[detect(path)].resolution is None
            except ActScribeError as error:
                held.refused = error
                raise
        # Of a video that cannot be read, the others of its file know nothing.
        frames = clock() if held.counts_frames else None
        if held.index is None:
            try:
                held.index = Index(path, entries(path, frames, self._tiers), self._videos)
            except ActScribeError as error:
                held.refused = error
                raise
        match = held.index.choose(video)
        read_at = match.entry.read_at
        return match.entry.read() if read_at is None else read_at(frames), match.by
