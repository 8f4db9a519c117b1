"""A page in the system's headless Firefox, through WebDriver BiDi, which Firefox speaks by itself: no driver beside it.

Playwright, which drives Chromium here, knows only a Firefox of its own. What is here has the names of Playwright's, so
that the same hands work in both.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from web_socket import WebSocket

#: Names of the program, in the order of preference.
PROGRAMS = ("firefox", "firefox-esr")
#: Seconds in which Firefox is up and answers, on a slow machine.
PATIENCE_S = 60.0
#: Keys that make no sign, as Playwright names them, and their numbers in the WebDriver standard.
KEYS = {
    "Backspace": 0xE003, "Tab": 0xE004, "Enter": 0xE006, "Shift": 0xE008, "Control": 0xE009, "Alt": 0xE00A,
    "Escape": 0xE00C, "PageUp": 0xE00E, "PageDown": 0xE00F, "End": 0xE010, "Home": 0xE011, "ArrowLeft": 0xE012,
    "ArrowUp": 0xE013, "ArrowRight": 0xE014, "ArrowDown": 0xE015, "Delete": 0xE017,
}  # fmt: skip


def program() -> str | None:
    """Return where Firefox is; None: not on the PATH."""
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)


class Keyboard:
    """The keys of a page."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def press(self, key: str) -> None:
        """Press a key, such as `a`, `Control+Enter` or `Shift+Tab`, and let it go."""
        *held, last = key.split("+") if key != "+" else [key]
        codes = [self._code(one) for one in (*held, "Space" if last == " " else last)]
        down = [{"type": "keyDown", "value": one} for one in codes]
        up = [{"type": "keyUp", "value": one} for one in reversed(codes)]
        self._page.tell("input.performActions", actions=[{"type": "key", "id": "keys", "actions": [*down, *up]}])

    def _code(self, name: str) -> str:
        return " " if name == "Space" else chr(KEYS[name]) if name in KEYS else name


class Page:
    """The one window of a Firefox.

    Attributes:
        logged: what the browser complained about: messages of its console and errors.
    """

    def __init__(self, socket: WebSocket) -> None:
        self._socket, self._number = socket, 0
        self.logged: list[str] = []
        self.keyboard = Keyboard(self)
        self._tell("session.new", {"capabilities": {}})
        self._tell("session.subscribe", {"events": ["log.entryAdded"]})
        # The tab that is there at first never has the focus where nobody sees the window.
        self._window = self._tell("browsingContext.create", {"type": "tab"})["context"]

    def tell(self, method: str, **values: Any) -> Any:
        """Send a command about this window, and return what it results in."""
        return self._tell(method, {"context": self._window, **values})

    def visit(self, address: str, width: int, height: int = 900) -> Page:
        """Load an address in a window of this size."""
        self.tell("browsingContext.setViewport", viewport={"width": width, "height": height})
        self.evaluate("window.isLeft = true")
        self.tell("browsingContext.navigate", url=address, wait="complete")
        # It answers at once where the page that is left asks whether to leave it.
        end = time.monotonic() + PATIENCE_S
        while not self.evaluate("!window.isLeft && document.readyState === 'complete'"):
            if time.monotonic() > end:
                raise TimeoutError(f"{address} was not loaded within {PATIENCE_S:g} s")
            time.sleep(0.02)
        self.logged.clear()
        return self

    def evaluate(self, expression: str, value: Any = None) -> Any:
        """Return what an expression is in the page, or what a function gives for `value`, once it is settled."""
        body = f"const made = ({expression}); return typeof made === 'function' ? made({json.dumps(value)}) : made;"
        result = self._tell(
            "script.evaluate",
            {
                "expression": f"(async () => {{ {body} }})().then(made => JSON.stringify(made))",
                "target": {"context": self._window},
                "awaitPromise": True,
                "userActivation": False,
            },
        )
        if result["type"] != "success":
            raise AssertionError(f"{expression}: {result['exceptionDetails']['text']}")
        return json.loads(result["result"]["value"]) if "value" in result["result"] else None

    def inner_text(self, selector: str) -> str:
        """Return the text that is seen of an element."""
        return str(self.evaluate(f"document.querySelector({json.dumps(selector)}).innerText"))

    def wait_for_timeout(self, milliseconds: float) -> None:
        """Let time pass."""
        time.sleep(milliseconds / 1000)

    def _tell(self, method: str, values: dict[str, Any]) -> Any:
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": values}))
        while True:
            answer = json.loads(self._socket.receive())
            if answer.get("method") == "log.entryAdded":
                self.logged.append(str(answer["params"]["text"]))
            elif answer.get("id") == self._number:
                if answer["type"] == "error":
                    raise RuntimeError(f"{method}: {answer['error']}: {answer['message']}")
                return answer["result"]


@contextmanager
def window() -> Iterator[Page]:
    """Start headless Firefox with an empty profile, yield its window, and end it.

    Raises:
        FileNotFoundError: there is no Firefox on the PATH.
    """
    path = program()
    if path is None:
        raise FileNotFoundError(
            f"no Firefox on the PATH ({', '.join(PROGRAMS)}); on Debian: apt-get install firefox-esr"
        )
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        words = [path, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"]
        with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                socket = WebSocket(_port(Path(profile)), "/session", PATIENCE_S)
                yield Page(socket)
                socket.close()
            finally:
                process.terminate()


def _port(profile: Path) -> int:
    """Return the port that Firefox notes in its profile once it listens."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        with suppress(OSError, ValueError, KeyError):
            return int(json.loads((profile / "WebDriverBiDiServer.json").read_text(encoding="utf-8"))["ws_port"])
        time.sleep(0.05)
    raise TimeoutError(f"Firefox did not listen within {PATIENCE_S:g} s")
