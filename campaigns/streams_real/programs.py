"""Programs that send a film as a camera sends its picture: each is started, killed, held up and started again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

#: Seconds until a program has to listen.
STARTS_S = 20.0
#: Who a program runs as that refuses to be run as root.
NOBODY = 65534
#: A server of the package index.
PACKAGE = "aio-rtsp-toolkit"


@dataclass(frozen=True, slots=True)
class Program:
    """A program that serves a stream.

    Args:
        name: in the table.
        needs: on the PATH.
        url: of its stream, with braces for the port.
        command: film, port -> what is run.
        version: what prints its version.
        locked: film, port -> what is run so that it asks for `USER` and `PASSWORD`; None: it cannot.
        as_nobody: whether it refuses to be run as root.
    """

    name: str
    needs: str
    url: str
    command: Callable[[Path, int], list[str]]
    version: tuple[str, ...]
    locked: Callable[[Path, int], list[str]] | None = None
    as_nobody: bool = False

    def address(self, port: int) -> str:
        """Return the address of its stream."""
        return self.url.format(port)


USER, PASSWORD = "anna", "correct-horse"


def _vlc(film: Path, port: int) -> list[str]:
    return ["cvlc", "--quiet", str(film), "--sout", f"#rtp{{sdp=rtsp://127.0.0.1:{port}/ward}}", "--sout-keep"]


def _vlc_locked(film: Path, port: int) -> list[str]:
    return [*_vlc(film, port), "--sout-rtsp-user", USER, "--sout-rtsp-pwd", PASSWORD]


def _gstreamer(film: Path, port: int) -> list[str]:
    return ["/usr/bin/python3", str(Path(__file__).with_name("gstreamer.py")), str(film), str(port)]


def _ffmpeg(film: Path, port: int) -> list[str]:
    film_as_camera = ["-re", "-i", str(film), "-c", "copy"]
    return ["ffmpeg", "-v", "error", *film_as_camera, "-f", "mpegts", "-listen", "1", f"http://127.0.0.1:{port}/ward"]


def programs(venv: Path) -> tuple[Program, ...]:
    """Return all programs; one of them runs in a virtual environment, which is made if it is missing."""
    python = _installed(venv)

    def toolkit(film: Path, port: int) -> list[str]:
        return [str(python), str(Path(__file__).with_name("toolkit.py")), str(film.parent), str(port)]

    version = (str(python), "-c", f"from importlib.metadata import version; print(version({PACKAGE!r}))")
    return (
        Program("VLC, RTSP", "cvlc", "rtsp://127.0.0.1:{}/ward", _vlc, ("cvlc", "--version"), _vlc_locked, True),
        Program(
            "GStreamer, RTSP",
            "gst-inspect-1.0",
            "rtsp://127.0.0.1:{}/ward",
            _gstreamer,
            ("gst-inspect-1.0", "--version"),
        ),
        Program(f"{PACKAGE}, RTSP", str(python), "rtsp://127.0.0.1:{}/film.mp4", toolkit, version),
        Program("FFmpeg, MPEG-TS over HTTP", "ffmpeg", "http://127.0.0.1:{}/ward", _ffmpeg, ("ffmpeg", "-version")),
    )


def _installed(venv: Path) -> Path:
    venv = venv.absolute()
    python, marker = venv / "bin" / "python", venv / "installed.txt"
    if not marker.is_file():
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", f"{PACKAGE}[server]"], check=True)
        marker.write_text(f"{PACKAGE}\n", encoding="utf-8")
    return python


def is_here(program: Program) -> bool:
    """Tell whether a program is installed."""
    return shutil.which(program.needs) is not None


def version_of(program: Program) -> str:
    """Return the first line of what a program says of its version, without what follows the number."""
    done = subprocess.run(program.version, capture_output=True, text=True, check=False, **_as_whom(program.as_nobody))
    line = next(iter((done.stdout or done.stderr).splitlines()), "")
    return next((word for word in line.split() if word[:1].isdigit()), line[:40])


class Camera:
    """A program that runs, and is started again when it ends by itself, as the box on a wall is.

    Args:
        command: that is run.
        port: that it listens at.
        as_nobody: see `Program`.
    """

    def __init__(self, command: list[str], port: int, as_nobody: bool) -> None:
        self._command, self._port, self._as_nobody = command, port, as_nobody
        self._on, self._over = threading.Event(), threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._on.set()
        self._thread.start()

    def wait(self) -> None:
        """Wait until it listens."""
        until = time.monotonic() + STARTS_S
        while not self._listens():
            if time.monotonic() > until:
                sys.exit(f"It does not listen after {STARTS_S:g} s: {' '.join(self._command)}")
            time.sleep(0.05)

    def away(self, how: str) -> None:
        """Be gone: "killed", or "held up", as one whose network hangs."""
        if how == "killed":
            self._on.clear()
            self._signal(signal.SIGKILL)
        else:
            self._signal(signal.SIGSTOP)

    def back(self, how: str) -> None:
        """Be there again."""
        self._on.set()
        if how != "killed":
            self._signal(signal.SIGCONT)

    def close(self) -> None:
        """End it."""
        self._over.set()
        self._on.set()
        self._signal(signal.SIGCONT)
        self._signal(signal.SIGKILL)
        self._thread.join()

    def _keep(self) -> None:
        while not self._over.is_set():
            self._on.wait()
            if self._over.is_set():
                return
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                **_as_whom(self._as_nobody),
            )
            self._process.wait()
            self._over.wait(0.1)

    def _signal(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def _listens(self) -> bool:
        return any(
            one.laddr and one.laddr.port == self._port and one.status == psutil.CONN_LISTEN
            for one in psutil.net_connections("tcp")
        )


@contextmanager
def running(command: list[str], port: int, as_nobody: bool) -> Iterator[Camera]:
    """Run a program that serves a stream; it listens when this yields."""
    camera = Camera(command, port, as_nobody)
    try:
        camera.wait()
        yield camera
    finally:
        camera.close()


def free_port() -> int:
    """Return a port at which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _as_whom(as_nobody: bool) -> dict[str, int]:
    return {"user": NOBODY, "group": NOBODY} if as_nobody and os.geteuid() == 0 else {}
