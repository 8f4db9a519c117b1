"""Opening the videos that come next while others are scored: a long one is read twice before its first clip is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import copy_context
from pathlib import Path
from typing import Any

from actscribe.archive.listing import Video

#: Size, time and place on the disk of a file; None: it is gone, or the disk does not say.
State = tuple[int, int, int] | None


@contextmanager
def opened_ahead(open: Callable[[Video], Any]) -> Iterator[tuple[Callable[[Video], Any], Callable[..., None]]]:
    """Yield what opens a video, or takes it where it is opened already, and what begins to open some in a thread.

    The thread sees the context variables of whoever begins, so it decodes where that one would.

    Args:
        open: see `task.Work`; what it refuses is opened again in its own turn, for the disk may have failed meanwhile.
    """
    ahead = _Ahead(open)
    try:
        yield ahead.take, ahead.begin
    finally:
        ahead.close()


class _Ahead:
    def __init__(self, open: Callable[[Video], Any]) -> None:
        self._open = open
        self._thread = ThreadPoolExecutor(1, "opens ahead")
        self._begun: dict[str, Future[tuple[State, Any]]] = {}

    def begin(self, videos: Sequence[Video]) -> None:
        """Begin to open videos, in this order; those of before that are not among them are forgotten."""
        keys = {video.key for video in videos}
        for key in self._begun.keys() - keys:
            self._begun.pop(key).cancel()
        for video in videos:
            if video.key not in self._begun:
                self._begun[video.key] = self._thread.submit(copy_context().run, self._opened, video)

    def take(self, video: Video) -> Any:
        """Return the opened video, as it is now: one that was changed since is opened once more."""
        begun = self._begun.pop(video.key, None)
        if begun is not None:
            with suppress(Exception):  # it may have passed; if not, it is met again, in its own turn
                state, opened = begun.result()
                if state is not None and state == _state(video):
                    return opened
        return self._open(video)

    def close(self) -> None:
        """Open no more; the one that is being read is waited for, and what nobody took is given up."""
        self._thread.shutdown(cancel_futures=True)
        self._begun.clear()

    def _opened(self, video: Video) -> tuple[State, Any]:
        return _state(video), self._open(video)


def _state(video: Video) -> State:
    try:
        now = Path(video.path).stat()
    except OSError:
        return None
    return now.st_size, now.st_mtime_ns, now.st_ino
