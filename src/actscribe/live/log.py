"""The file in which a watched recording grows: one line for all that happens, on the disk within a second."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from filelock import FileLock, Timeout

from actscribe.errors import ActScribeError
from actscribe.files import explain_os_error
from actscribe.live.lines import Line, differs, is_whole
from actscribe.run_folder.run import Run

ENDING = ".live.jsonl"
#: How the file begins, and a length in bytes that no line has.
_BEGINNING, _LONGEST = b'{"kind": "session"', 1 << 20
#: Seconds after which lines are put through to the disk; a process that is killed loses none, a power cut these.
_SYNC_S = 0.5


@dataclass(frozen=True, slots=True)
class Earlier:
    """What a file held when it was opened again.

    Args:
        at: second of the recording up to which it goes.
        scored: end of the newest window that was scored, in seconds; 0: none was.
        gap_end: end of the newest gap that was told, in seconds; 0: none was.
        began: when the recording began, in Unix seconds.
        open: label -> start of the bars that were open.
        files: name -> digests of what was written at its ends, or was about to be when it was killed.
        stopped: whether its last session ended by itself, and was not killed.
    """

    at: float
    scored: float
    gap_end: float
    began: float
    open: dict[str, float]
    files: dict[str, set[str]]
    stopped: bool


class LiveLog:
    """Appends lines to a file that no other process appends to.

    Args:
        path: ends in `.live.jsonl`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = FileLock(path.with_name(f".{path.name}.lock"), timeout=0)
        self._file: IO[bytes] | None = None
        self._synced = 0.0

    def open(self, run: Run, source: str, picture: str = "") -> Earlier | None:
        """Take the file for this process, and return what it holds already; None: it is new.

        A line that a kill cut off is removed: half of it says nothing.

        Raises:
            ActScribeError: another process has it, it is no such file or of another recording, or cannot be written.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
        except Timeout:
            raise ActScribeError(
                f"{self.path}: another actscribe watch writes to it.", "Stop that one, or choose another --name."
            ) from None
        except OSError as error:
            raise explain_os_error(error, self.path) from error
        try:
            _check_file(self.path)
            earlier = _earlier(self.path, run, source, picture) if self.path.exists() else None
            self._file = self.path.open("ab")
        except OSError as error:
            self.close()
            raise explain_os_error(error, self.path) from error
        except ActScribeError:
            self.close()
            raise
        return earlier

    def add(self, line: Line, at_once: bool = False) -> None:
        """Append a line.

        Args:
            line: see `lines`.
            at_once: put it through to the disk before this returns.

        Raises:
            ActScribeError: the disk is full or gone.
        """
        assert self._file is not None, "it was opened"
        try:
            self._file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
            self._file.flush()
            if at_once or time.monotonic() - self._synced > _SYNC_S:
                os.fsync(self._file.fileno())
                self._synced = time.monotonic()
        except OSError as error:
            raise explain_os_error(error, self.path) from error

    def lines(self) -> Iterator[Line]:
        """Yield all lines of the file."""
        yield from _lines(self.path)

    def close(self, discard: bool = False) -> None:
        """Let go of the file.

        Args:
            discard: whether to remove a file in which no window stands: nothing was seen.
        """
        try:
            if self._file is not None:
                file, self._file = self._file, None
                with suppress(OSError):  # of a line that the disk did not take, which was said
                    file.close()
                if discard and not any(line["kind"] == "window" for line in self.lines()):
                    self.path.unlink()
        finally:
            if self._lock.is_locked:
                Path(self._lock.lock_file).unlink(missing_ok=True)
                self._lock.release()


def _check_file(path: Path) -> None:
    if path.exists() and not (path.is_file() or path.is_dir()):  # a pipe would be waited for
        raise ActScribeError(f"{path}: is not a regular file; nothing was changed.", "Choose another --name.")


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    shapes = set[tuple[int, ...]]()
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            if not raw.endswith(b"\n"):
                return
            try:
                line = json.loads(raw)
            except (ValueError, RecursionError):
                line = None
            is_ours = is_whole(line)
            if is_ours and line["kind"] == "window":
                shapes.add(np.shape(line["scores"]))
            if not is_ours or len(shapes) > 1:
                raise ActScribeError(
                    f"{path}: line {number} is not one that actscribe watch wrote.",
                    "Move the file away, or choose another --name; nothing was changed.",
                )
            yield line


def _earlier(path: Path, run: Run, source: str, picture: str) -> Earlier | None:
    at, scored, gap_end, began, stopped = 0.0, 0.0, 0.0, None, True
    bars: dict[str, float] = {}
    files: dict[str, set[str]] = {}
    for line in _lines(path):
        kind = line["kind"]
        if began is None or kind == "session":  # the first may be of a file in which there was no picture yet
            why = differs(line, run, source, picture) if kind == "session" else "has no beginning"
            if why:
                raise ActScribeError(f"{path}: {why}; nothing was changed.", "Choose another --name or --out.")
            began = line["unix_s"] if began is None else began
        at = max(at, line.get("at", 0.0), line.get("end", 0.0))
        stopped = kind in ("end", "writing", "written") or (stopped and kind == "gap")
        if kind == "window":
            scored = line["end"]
        elif kind == "gap":
            gap_end = line["end"]
        elif kind == "begins":
            bars[line["label"]] = line["start"]
        elif kind == "ends":
            bars.pop(line["label"], None)
        elif kind == "writing":
            files.setdefault(line["file"], set()).add(line["digest"])
        elif kind == "written":
            for name, digest in line["files"].items():
                files.setdefault(name, set()).add(digest)
    if began is None and path.stat().st_size and not path.read_bytes()[:64].startswith(_BEGINNING):
        raise ActScribeError(
            f"{path}: actscribe watch did not write it; nothing was changed.", "Choose another --name."
        )
    _cut_off_half_a_line(path)
    return None if began is None else Earlier(at, scored, gap_end, began, bars, files, stopped)


def _cut_off_half_a_line(path: Path) -> None:
    size = path.stat().st_size
    with path.open("rb+") as file:
        file.seek(max(0, size - _LONGEST))
        tail = file.read()
        if tail and not tail.endswith(b"\n"):
            file.truncate(size - len(tail) + tail.rfind(b"\n") + 1)
