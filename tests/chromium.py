"""A page in headless Chromium, driven over its debugging pipe: what it logs, how wide it is, how it prints."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

#: Names of the program, in the order of preference.
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
#: Seconds for one answer of the browser.
PATIENCE = 90.0


class Tab:
    """One page.

    Attributes:
        logged: what the browser complained about: console messages of any level, errors, what the policy forbade.
        asked: addresses that were asked for, beginning with the page's own.
    """

    def __init__(self, reads: int, writes: int) -> None:
        self._reads, self._writes, self._buffer, self._number, self._session = reads, writes, b"", 0, ""
        self._loaded = False
        self.logged: list[str] = []
        self.asked: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Return the browser's answer to one command of the DevTools protocol."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._writes, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                return dict(answer["result"])

    def open(self, path: Path, width: int, height: int = 900, dark: bool = False) -> None:
        """Load a file in a window of this size and wait until it is drawn."""
        self.logged, self.asked, self._loaded = [], [], False
        self.resize(width, height)
        self.media("screen", dark)
        self.call("Page.navigate", url=path.resolve().as_uri())
        while not self._loaded:
            self._next()
        self.run("document.fonts.ready.then(() => true)")

    def resize(self, width: int, height: int = 900) -> None:
        """Change the size of the window."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **size)

    def media(self, kind: str, dark: bool = False) -> None:
        """Draw for "screen" or "print", in light or dark colours."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media=kind, features=[scheme])

    def run(self, script: str) -> Any:
        """Return the value of a JavaScript expression on the page; the page's own policy does not bind it."""
        done = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def press(self, key: str, code: int, text: str = "") -> None:
        """Press and release one key."""
        for kind in ("keyDown", "keyUp"):
            down = {"text": text} if text and kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **down)

    def pdf(self) -> bytes:
        """Return the page as it prints, on the paper that its style sheet asks for."""
        done = self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=False)
        return base64.b64decode(done["data"])

    def picture(self) -> bytes:
        """Return the whole page as PNG."""
        height = self.run("document.documentElement.scrollHeight")
        width = self.run("document.documentElement.clientWidth")
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        done = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        return base64.b64decode(done["data"])

    def _next(self) -> dict[str, Any]:
        """Return the next message; what it says of the page is noted."""
        deadline = time.monotonic() + PATIENCE
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._reads], [], [], max(deadline - time.monotonic(), 0))
            assert ready, f"Chromium said nothing for {PATIENCE:g} s"
            more = os.read(self._reads, 1 << 20)
            assert more, "Chromium ended"
            self._buffer += more
        raw, self._buffer = self._buffer.split(b"\0", 1)
        message = dict(json.loads(raw))
        self._note(message.get("method", ""), message.get("params", {}))
        return message

    def _note(self, event: str, said: dict[str, Any]) -> None:
        if event == "Page.loadEventFired":
            self._loaded = True
        elif event == "Log.entryAdded":
            self.logged.append(said["entry"]["text"])
        elif event == "Runtime.consoleAPICalled":
            self.logged.append(str(said["args"]))
        elif event == "Runtime.exceptionThrown":
            self.logged.append(str(said["exceptionDetails"]))
        elif event == "Network.requestWillBeSent":
            self.asked.append(said["request"]["url"])


@contextmanager
def tab(profile: Path) -> Iterator[Tab]:
    """Start headless Chromium with an empty profile, yield a tab, and end it.

    Raises:
        FileNotFoundError: there is no Chromium on the PATH.
    """
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        raise FileNotFoundError(f"no Chromium on the PATH ({', '.join(PROGRAMS)}); on Debian: apt-get install chromium")
    ours, theirs = (_high(end) for end in os.pipe()), (_high(end) for end in os.pipe())
    (from_us, to_them), (from_them, to_us) = ours, theirs

    def give() -> None:  # the debugging pipe is file descriptors 3 (in) and 4 (out)
        os.dup2(from_us, 3)
        os.dup2(to_us, 4)

    switches = ["--headless", "--remote-debugging-pipe", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage"]
    switches += [f"--user-data-dir={profile}", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    running = subprocess.Popen([program, *switches], preexec_fn=give, pass_fds=(3, 4), start_new_session=True, **quiet)
    for end in (from_us, to_us):
        os.close(end)
    try:
        yield Tab(from_them, to_them)
    finally:
        os.close(to_them)
        os.close(from_them)
        try:
            running.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()


def _high(end: int) -> int:
    """Return a copy of a file descriptor well above the two that the browser reads and writes."""
    copy = fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(end)
    return copy
