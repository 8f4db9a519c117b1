"""The live page without a browser: what it is told, who may ask, and what its files are."""

from __future__ import annotations

import json
import re
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from live_boards import HOSTILE, MEDIA, VENTILATION, board, source, state
from live_lamps import lamp_run
from review_server import PORT, Client
from short_studies import refused

import actscribe.live.page
import actscribe.local_page
from actscribe.live.page.board import Board
from actscribe.live.page.serve import access_of, create, served
from actscribe.live.sampler import BLACK_S, Health, Sample
from actscribe.local_page.access import Access
from actscribe.local_page.listening import listen

STATIC = Path(actscribe.live.page.__file__).parent / "static"
SHARED = Path(actscribe.local_page.__file__).parent / "static"
#: Bytes of all files that the page loads.
MOST = 30_000


class Browser(Client):
    """A browser at the live page."""

    def __init__(self, shown: Board) -> None:
        access = Access("127.0.0.1", PORT)
        self.session, self.cookie, self.app = SimpleNamespace(access=access), "", create(shown, access)  # type: ignore[assignment]


def test_the_page_is_told_what_there_is_to_be_seen() -> None:
    shown = board()
    assert shown.snapshot()["now"] is None
    shown.draw(state())
    reply = Browser(shown).let_in().get("/api/live").json
    assert (reply["media"], [one["name"] for one in reply["labels"]]) == (MEDIA, [VENTILATION, HOSTILE])
    now = reply["now"]
    assert now["bars"] == [
        {"label": 0, "start": 110.0, "end": 140.0, "open": False},
        {"label": 1, "start": 180.0, "end": 198.5, "open": True},
    ]
    assert (now["unseen"], now["scores"], now["latency"]) == ([[150.0, 160.0]], [0.125, 0.875], [0.31, 0.94])
    assert json.dumps(reply, allow_nan=False)


@pytest.mark.parametrize(
    ("what", "over"), [("lost", "back"), ("black", "picture"), ("frozen", "picture"), ("no video", "back")]
)
def test_what_is_wrong_with_the_source_stays_until_it_is_over(what: str, over: str) -> None:
    shown = board()
    shown.line(source(what))
    shown.line(source("jump"))
    assert shown.snapshot()["alarm"] == {"what": what, "since": 195.0, "sentence": f"the source: {what}"}
    shown.line(source(over))
    assert shown.snapshot()["alarm"] is None


def test_a_picture_that_is_black_before_and_after_a_loss_is_said_twice() -> None:
    health, black = Health(), np.zeros((48, 64, 3), np.uint8)

    def looked(begin: float) -> list[str]:
        moments = begin + np.arange(0, BLACK_S + 1, 0.5)
        changes = [health.look(Sample(float(moment), float(moment), black)) for moment in moments]
        return [change.what for change in changes if change is not None]

    assert looked(0.0) == ["black"]
    health.forget()
    assert looked(100.0) == ["black"]


def test_how_it_ended_is_told_before_the_server_goes() -> None:
    shown = board()
    shown.snapshot()
    shown.line({"kind": "end", "why": "the file has ended", "at": 200.0})
    assert (shown.snapshot()["ended"], shown.snapshot()["over"]) == ("the file has ended", False)
    shown.line({"kind": "written", "files": {"a.json": "d"}, "by": "file"})
    heard: list[list[str]] = []
    asking = threading.Timer(0.3, lambda: heard.append(shown.snapshot()["files"]))
    asking.start()
    shown.wait_until_shown(30.0)
    assert heard == [["a.json"]]
    begun = time.monotonic()
    board().wait_until_shown(30.0)  # nobody ever looked
    assert time.monotonic() - begun < 5


def test_only_the_browser_with_the_token_is_answered() -> None:
    shown = board()
    stranger = Browser(shown)
    assert stranger.get("/api/live").status == 403
    assert stranger.get("/?token=wrong").status == 403
    assert stranger.get("/").status == 200
    browser = Browser(shown).let_in()
    assert browser.get("/api/live").status == 200
    for headers in ({"host": "evil.example"}, {"origin": "https://evil.example"}, {"sec_fetch_site": "cross-site"}):
        assert browser.get("/api/live", **headers).status == 403
    assert browser.ask("POST", "/api/live").status == 405
    for path in ("/static/../board.py", "/static/..%2fboard.py", "/static//etc/passwd", "/static/.env", "/api/study"):
        assert browser.get(path).status == 404
    for path in ("/", "/api/live", "/static/live.js", "/nowhere"):
        headers = browser.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
        assert "unsafe" not in headers["content-security-policy"]


def test_it_listens_on_this_machine_alone_and_ends_with_the_session() -> None:
    at = listen("127.0.0.1", 0)
    with at.socket:
        with served(board(), at, access_of(at), browser=False):
            assert at.socket.getsockname()[0] == "127.0.0.1"
        assert not [one for one in threading.enumerate() if one.name == "live page"]


def test_the_page_is_small_asks_nobody_else_and_writes_no_markup() -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for home in (STATIC, SHARED) for path in home.iterdir()}
    assert sum(len(text.encode()) for text in texts.values()) < MOST
    for name, text in texts.items():
        assert "//" not in text.replace("http://www.w3.org/2000/svg", "").replace("// ", ""), name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text), (
            name
        )
    assert not re.search(r"<style|<script(?![^>]* src=)| style=| on[a-z]+=", texts["index.html"])


def test_options_of_the_page_are_refused_without_it(tmp_path: Path) -> None:
    run = lamp_run(tmp_path / "run")
    video = tmp_path / "study" / "r0.mp4"
    assert "Add --page" in refused("watch", video, "--run", run.folder, "--port", 8123)
