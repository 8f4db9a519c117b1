"""Decoding in a process of its own, so that a decoder that crashes, hangs or swells takes nothing else with it.

FFmpeg is a million lines of C that read whatever a file holds. Inside `contained`, every video is opened and decoded by
a child process: one that dies, gives no sign of life, or asks for too much memory becomes a sentence about that one
video. Messages are lines of JSON, each followed by as many bytes as it says; a pipe holds less than one frame, so the
child is never more than a frame ahead. Nothing that a child sends is code: it may have been taken over by the file.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from actscribe.errors import UnreadableVideo

if TYPE_CHECKING:
    from actscribe.video.reading import Want

#: Seconds without a sign of life after which a child is ended: a disk that wakes up takes ten (ours).
SILENCE_S = 60.0
#: Longest line of a message, and largest frame, in bytes.
MOST_LINE, MOST_BYTES = 1 << 20, 1 << 30
_OTHERS = "The other videos are not touched by this. Copy it again from its source, or convert it to MP4 (H.264)."


@contextmanager
def contained(program: Sequence[str] | None = None, silence_s: float = SILENCE_S) -> Iterator[None]:
    """Open and decode videos in child processes inside the block; blocks within blocks share theirs.

    A child starts when the first video is opened (a fifth of a second) and serves one video after the other. Other
    threads than the one that entered the block, and forked processes, decode in their own process.

    Args:
        program: what to start in place of our own child; it is given our process id as its last argument.
        silence_s: seconds without a sign of life after which a child is ended.
    """
    if current() is not None:
        yield
        return
    keeper = Keeper(program or own_program(), silence_s)
    token = _KEEPER.set(keeper)
    try:
        yield
    finally:
        _KEEPER.reset(token)
        keeper.close()


def current() -> Keeper | None:
    """Return the keeper of the block that we are in; None: videos are decoded in this process."""
    keeper = _KEEPER.get()
    return keeper if keeper is not None and keeper.owner == os.getpid() else None


def own_program() -> list[str]:
    """Return the command line of our own child, which takes no module from the folder that it is started in."""
    return [sys.executable, "-P", "-c", "from actscribe.video.worker import main; main()"]


class Keeper:
    """Children that decode: one is started for each video that is open at the same time."""

    def __init__(self, program: Sequence[str], silence_s: float) -> None:
        self.owner = os.getpid()
        self._program, self._silence_s = list(program), silence_s
        self._idle: list[Child] = []

    def measure(self, path: Path) -> dict[str, Any]:
        """Return the fields of `probe.VideoInfo` but its path.

        Raises:
            UnreadableVideo: as `probe.probe`, or the child crashed, hung or ran out of memory.
        """
        return dict(self._only(path, "measure")[0]["info"])

    def times(self, path: Path) -> tuple[np.ndarray, float]:
        """Return when each frame is shown and when the last one ends, see `frame_times.frame_times`.

        Raises:
            UnreadableVideo: as `frame_times.frame_clock`, or the child crashed, hung or ran out of memory.
        """
        message, data = self._only(path, "times")
        return np.frombuffer(data or b"", dtype="<f8"), float(message["end"])

    def frames(self, path: Path, wants: Sequence[Want]) -> Iterator[tuple[int, float, np.ndarray | None]]:
        """Yield (place of the want, presentation time, image); None for the image: the want's frame before again.

        Raises:
            UnreadableVideo: as `reading.frames_at`, or the child crashed, hung or ran out of memory.
        """
        for message, data in self._answers(path, {"do": "frames", "path": str(path), "wants": wants}):
            image = None if data is None else _image(path, data, message["shape"])
            yield int(message["want"]), float(message["pts"]), image

    def sound(self, path: Path, end: float) -> Iterator[np.ndarray]:
        """Yield samples, see `sound.sound_of`.

        Raises:
            UnreadableVideo: as `sound.sound_of`, or the child crashed, hung or ran out of memory.
        """
        for message, data in self._answers(path, {"do": "sound", "path": str(path), "end": end}):
            if message.get("channels") not in (1, 2) or data is None or len(data) % (2 * message["channels"]):
                raise _broken(path, "sent what makes no sense")
            yield np.frombuffer(data, dtype="<i2").reshape(-1, message["channels"])

    def copy(self, path: Path, target: Path, end: float, done: Callable[[float], None]) -> str | None:
        """Write a copy and return what `copying.copied` does.

        Raises:
            UnreadableVideo: the child crashed, hung or ran out of memory.
        """
        job = {"do": "copy", "path": str(path), "target": str(target), "end": end}
        left_out: str | None = None
        for message, _ in self._answers(path, job):
            try:
                if message["is"] == "part":
                    done(float(message["part"]))
                else:
                    left_out = None if message["left_out"] is None else str(message["left_out"])
            except (KeyError, TypeError, ValueError):
                raise _broken(path, "sent what makes no sense") from None
        return left_out

    def close(self) -> None:
        """End all idle children."""
        while self._idle:
            self._idle.pop().end()

    def _child(self) -> Child:
        try:
            return self._idle.pop()
        except IndexError:  # asked for, not looked up first: threads take from it at once
            return Child(self._program, self._silence_s)

    def _only(self, path: Path, job: str) -> tuple[dict[str, Any], bytearray | None]:
        answers = list(self._answers(path, {"do": job, "path": str(path)}))
        if len(answers) != 1:
            raise _broken(path, "sent what makes no sense")
        return answers[0]

    def _answers(self, path: Path, job: dict[str, Any]) -> Iterator[tuple[dict[str, Any], bytearray | None]]:
        child = self._child()
        whole = False
        try:
            child.ask(job, path)
            while True:
                message, data = child.answer(path)
                if message["is"] in ("end", "error"):
                    whole = True
                    break
                yield message, data
        finally:
            if whole:
                self._idle.append(child)
            else:  # crashed, or nobody wants the rest
                child.end()
        if message["is"] == "error":
            raise UnreadableVideo(str(message["message"]), str(message["hint"]))


class Child:
    """One process that decodes, and the thread that watches over it."""

    def __init__(self, program: Sequence[str], silence_s: float) -> None:
        home = str(Path(__file__).resolve().parents[2])
        paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
        # Arithmetic libraries start a thread, and its memory, for each core; decoding uses none of theirs.
        env = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [*program, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=env,
        )
        self._silence_s, self._silent_since, self._hung = silence_s, float("inf"), False
        self._begun = False
        self._ended = threading.Event()
        threading.Thread(target=self._watch, name="decoder watch", daemon=True).start()

    def ask(self, job: dict[str, Any], path: Path) -> None:
        """Send a job."""
        assert self._process.stdin is not None
        self._silent_since = time.monotonic()  # a long job fills the pipe, and a child that is stopped never empties it
        try:
            self._process.stdin.write(json.dumps(job).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise self._reason(path) from None
        finally:
            self._silent_since = float("inf")

    def answer(self, path: Path) -> tuple[dict[str, Any], bytearray | None]:
        """Return the next message but signs of life and lines for the log, and the bytes that came with it.

        Raises:
            UnreadableVideo: the child died or was silent for too long, or what it sent makes no sense.
        """
        self._silent_since = time.monotonic()
        try:
            while True:
                message = self._message(path)
                self._begun, self._silent_since = True, time.monotonic()
                if message["is"] == "log":
                    logging.getLogger(str(message["name"])).log(int(message["level"]), "%s", message["text"])
                elif message["is"] != "alive":
                    size = int(message.get("bytes", -1))
                    return message, None if size < 0 else self._data(size, path)
        except (ValueError, KeyError, TypeError):
            raise _broken(path, "sent what makes no sense") from None
        finally:
            self._silent_since = float("inf")

    def end(self) -> None:
        """End the process, whatever it does."""
        self._ended.set()
        with suppress(OSError):
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def _message(self, path: Path) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline(MOST_LINE)
        if not line.endswith(b"\n"):
            raise self._reason(path)
        return dict(json.loads(line))

    def _data(self, size: int, path: Path) -> bytearray:
        assert self._process.stdout is not None
        if size > MOST_BYTES:
            raise ValueError(f"{size} bytes are not a frame")
        data = bytearray(size)
        if self._process.stdout.readinto(data) < size:  # type: ignore[attr-defined]
            raise self._reason(path)
        return data

    def _watch(self) -> None:
        while not self._ended.wait(min(0.5, self._silence_s / 4)):
            patience = self._silence_s if self._begun else max(self._silence_s, SILENCE_S)
            if time.monotonic() - self._silent_since > patience:
                self._hung = True
                self._process.kill()
                return

    def _reason(self, path: Path) -> UnreadableVideo:
        """Return why the child is gone."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        if self._hung:
            return _broken(path, f"gave no sign of life for {self._silence_s:g} s and was ended")
        code = self._process.returncode
        how = f"signal {-code}" if code is not None and code < 0 else f"exit status {code}"
        return _broken(path, f"crashed ({how})")


_KEEPER: ContextVar[Keeper | None] = ContextVar("keeper", default=None)


def _image(path: Path, data: bytearray, shape: Sequence[int]) -> np.ndarray:
    try:
        return np.frombuffer(data, dtype=np.uint8).reshape(shape)
    except (ValueError, TypeError):
        raise _broken(path, "sent what makes no sense") from None


def _broken(path: Path, how: str) -> UnreadableVideo:
    return UnreadableVideo(f"{path}: its decoder {how}.", _OTHERS)
