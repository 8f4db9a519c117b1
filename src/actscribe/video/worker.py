"""The child process of `contained`: opens and decodes one video after the other, as it is told on standard input."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from actscribe.errors import ActScribeError, in_one_line
from actscribe.video.copying import copy_in_process
from actscribe.video.frame_times import frame_times
from actscribe.video.opening import CONVERT, COPY
from actscribe.video.packets import PULSE
from actscribe.video.probe import measure
from actscribe.video.reading import Frame, Want, decoded_frames
from actscribe.video.sound import decoded_sound

#: Most bytes of memory of its own that the child may hold (ours): 8K video takes half of it.
MOST_MEMORY = 2 << 30
#: Seconds between two signs of life.
ALIVE_S = 1.0
#: A word on how far a copy is comes with each such part of it.
PART = 0.01


class Sender:
    """Writes messages: a line of JSON, and the bytes that belong to it. Threads take turns."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe, self._lock = pipe, threading.Lock()

    def send(self, kind: str, data: memoryview | None = None, **more: Any) -> None:
        """Send one message."""
        head = {"is": kind, **more} | ({} if data is None else {"bytes": data.nbytes})
        with self._lock:
            self._pipe.write(json.dumps(head).encode() + b"\n")
            if data is not None:
                self._pipe.write(data)
            self._pipe.flush()


class LogLines(logging.Handler):
    """Sends lines of our log to the parent, who shows them as its own."""

    def __init__(self, sender: Sender) -> None:
        super().__init__()
        self._sender = sender

    def emit(self, record: logging.LogRecord) -> None:
        """Send one line."""
        self._sender.send("log", name=record.name, level=record.levelno, text=record.getMessage())


class Life:
    """Signs of life, sent for as long as packets are read: a decoder that hangs reads none."""

    def __init__(self, sender: Sender) -> None:
        self._sender, self._packets = sender, 0
        threading.Thread(target=self._beat, daemon=True).start()

    def pulse(self) -> None:
        """Take note of a packet."""
        self._packets += 1

    def _beat(self) -> None:
        last_packets, parent = 0, int(sys.argv[-1])
        while True:
            time.sleep(ALIVE_S)
            # Killed: nobody would end a decoder that hangs. (On Windows Python's launcher may stand between us.)
            if os.name != "nt" and os.getppid() != parent:
                os._exit(1)
            if self._packets != last_packets:
                last_packets = self._packets
                self._sender.send("alive")


def main() -> None:
    """Do what standard input says, one job a line, until it ends."""
    _limit_memory()
    pipe = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    sys.stdout = sys.stderr  # whatever a library prints must not come between the messages
    sender = Sender(pipe)
    ours = logging.getLogger("actscribe")
    ours.addHandler(LogLines(sender))
    ours.propagate = False
    PULSE.set(Life(sender).pulse)
    sender.send("alive")
    jobs: dict[str, Callable[[dict[str, Any], Sender], None]] = {
        "measure": _measure,
        "times": _times,
        "frames": _frames,
        "sound": _sound,
        "copy": _copy,
    }
    with suppress(BrokenPipeError, KeyboardInterrupt):  # the parent has gone, or is about to
        for line in sys.stdin.buffer:
            job = json.loads(line)
            try:
                jobs[job["do"]](job, sender)
                sender.send("end")
            except ActScribeError as error:
                sender.send("error", message=error.message, hint=error.hint)
            except BrokenPipeError:
                raise
            except MemoryError:
                message = f"{job['path']}: decoding it takes more than {MOST_MEMORY >> 30} GiB of memory."
                sender.send("error", message=message, hint="Convert it to a smaller size.")
            except Exception as error:  # whatever a library says of a damaged file: one sentence, not a traceback
                message = f"{job['path']}: it cannot be decoded ({in_one_line(error) or type(error).__name__})."
                sender.send("error", message=message, hint=f"{COPY} {CONVERT}")


def _measure(job: dict[str, Any], sender: Sender) -> None:
    info = asdict(measure(Path(job["path"])))
    del info["path"]
    sender.send("info", info=info)


def _times(job: dict[str, Any], sender: Sender) -> None:
    times, end = frame_times(Path(job["path"]))
    sender.send("times", times.astype("<f8").data.cast("B"), end=end)


def _frames(job: dict[str, Any], sender: Sender) -> None:
    last: dict[int, Frame] = {}
    for index, frame in decoded_frames(Path(job["path"]), [Want(*want) for want in job["wants"]]):
        data = None if frame is last.get(index) else frame.image.data.cast("B")
        sender.send("frame", data, want=index, pts=frame.pts, shape=list(frame.image.shape))
        last[index] = frame


def _sound(job: dict[str, Any], sender: Sender) -> None:
    for samples in decoded_sound(Path(job["path"]), job["end"]):
        sender.send("sound", np.ascontiguousarray(samples, "<i2").data.cast("B"), channels=samples.shape[1])


def _copy(job: dict[str, Any], sender: Sender) -> None:
    sent = 0.0

    def done(part: float) -> None:
        nonlocal sent
        if part >= sent + PART:
            sent = part
            sender.send("part", part=part)

    left_out = copy_in_process(Path(job["path"]), Path(job["target"]), job["end"], done)
    sender.send("copied", left_out=left_out)


def _limit_memory() -> None:
    """Bound this process's own memory where the system can: a damaged header may ask for any amount."""
    with suppress(ImportError, ValueError, OSError):
        import resource  # not on Windows

        resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
