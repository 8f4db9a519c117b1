"""The live page in a browser: lanes, what is open, alarms, the end, whatever width and light.

Not among what `make test` collects, since Chromium is not a dependency of the package: `make live-test`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import SPILT, Tab, tab
from live_boards import HOSTILE, MEDIA, VENTILATION, board, source, state
from live_lamps import lamp_run, loaded
from playwright.sync_api import Page
from small_studies import LEFT

from actscribe.live.page.board import Board
from actscribe.live.page.serve import access_of, served
from actscribe.live.sources.choose import choose
from actscribe.live.watch import watch
from actscribe.local_page.listening import listen

READY_S = 30.0


@pytest.fixture(scope="module")
def chromium() -> Iterator[Tab]:
    with tab() as opened:
        yield opened


@pytest.fixture
def shown() -> Board:
    made = board()
    made.draw(state())
    return made


@pytest.fixture
def address(shown: Board) -> Iterator[str]:
    at = listen("127.0.0.1", 0)
    access = access_of(at)
    with at.socket, served(shown, at, access, browser=False):
        yield access.address
        shown.line({"kind": "written", "files": {}, "by": "scores"})  # an open page asks once more, and no server waits


def until(page: Page, holds: Callable[[], object]) -> None:
    """Wait until something holds; the page's policy forbids Playwright's own way of waiting."""
    end = time.monotonic() + READY_S
    while not holds():
        assert time.monotonic() < end, page.inner_text("body")
        page.wait_for_timeout(50)


def enter(chromium: Tab, address: str, width: int, dark: bool = False) -> Page:
    page = chromium.visit(address, width, dark=dark)
    page.wait_for_selector(".lane >> nth=1")
    return page


def test_lanes_say_what_was_what_goes_on_and_what_nobody_saw(chromium: Tab, address: str, shown: Board) -> None:
    page = enter(chromium, address, 1280)
    assert page.locator(".name").all_inner_texts() == [VENTILATION, HOSTILE]
    assert page.locator(".score").all_inner_texts() == ["0.13", "0.88 · 19\u202fs"]
    lanes = page.locator(".lane")
    assert [lanes.nth(index).locator(".bar").count() for index in (0, 1)] == [1, 1]
    assert page.locator(".bar.open").count() == 2  # one lane, and the legend
    assert lanes.nth(0).locator(".gap").count() == 1
    # Both at once: the page is drawn again every second.
    boxes = "['.track', '.track .bar'].map(one => document.querySelector(one).getBoundingClientRect().toJSON())"
    track, bar = page.evaluate(boxes)
    assert (bar["x"] - track["x"]) / track["width"] == pytest.approx(30 / 120, abs=0.01)
    assert bar["width"] / track["width"] == pytest.approx(30 / 120, abs=0.01)
    assert page.get_attribute(".track >> nth=1", "aria-label") == f"{HOSTILE}: since 3:00, goes on"
    assert page.inner_text("#pace") == "A window every 2 s (too slow for 1 s) · late by 0.3 s (95 %: 0.9 s)"
    assert (page.inner_text("#at"), page.inner_text("#media")) == ("3:20", MEDIA)
    shown.draw(state(260.0))
    until(page, lambda: page.inner_text("#at") == "4:20")
    assert chromium.logged == []
    assert all(asked.startswith(address.partition("?")[0]) for asked in chromium.asked)


def test_what_is_wrong_with_the_source_is_said_as_long_as_it_is(chromium: Tab, address: str, shown: Board) -> None:
    page = enter(chromium, address, 1280)
    assert page.locator("#alarm").is_hidden()
    for what, over in (("lost", "back"), ("black", "picture"), ("frozen", "picture"), ("no video", "back")):
        shown.line(source(what))
        until(page, lambda what=what: page.inner_text("#alarm") == f"3:15 the source: {what}")
        shown.line(source(over))
        until(page, lambda: page.locator("#alarm").is_hidden())
    shown.line({"kind": "end", "why": "stopped", "at": 200.0})
    until(page, lambda: page.inner_text("#ended") == "Ended: stopped. Its timeline is being written…")
    shown.line({"kind": "written", "files": {"a.json": "digest"}, "by": "scores"})
    until(page, lambda: page.inner_text("#ended") == "Ended: stopped. Written: a.json.")


def test_a_server_that_is_gone_and_news_that_stay_away_are_said(chromium: Tab) -> None:
    at, shown = listen("127.0.0.1", 0), board()
    shown.draw(state(stride=0.1))
    access = access_of(at)
    with at.socket, served(shown, at, access, browser=False):
        page = enter(chromium, access.address, 1280)
        until(page, lambda: page.inner_text("#alarm").startswith("Nothing new for"))
        shown.draw(state(201.0))
        until(page, lambda: page.locator("#alarm").is_hidden())
    until(page, lambda: page.inner_text("#alarm").startswith("The watcher does not answer"))


@pytest.mark.parametrize(("width", "dark"), [(390, False), (1280, True), (1280, False)])
def test_axe_finds_nothing_and_nothing_sticks_out(
    chromium: Tab, address: str, shown: Board, width: int, dark: bool
) -> None:
    shown.line(source("black"))
    shown.draw(state(sentences=("x" * 300,)))
    page = enter(chromium, address, width, dark)
    until(page, lambda: page.locator("#alarm").is_visible())
    violations = Axe().run(page).response["violations"]
    assert [(one["id"], [node["html"][:90] for node in one["nodes"]][:4]) for one in violations] == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert page.evaluate(SPILT) == []


def test_a_recording_that_is_watched_grows_on_the_page(chromium: Tab, tmp_path: Path) -> None:
    run = lamp_run(tmp_path / "run")
    source = choose(str(tmp_path / "study" / "r0.mp4"), speed=3.0)
    at, shown = listen("127.0.0.1", 0), Board("lamps", run.labels.names)
    access = access_of(at)

    def watching() -> None:
        watch(source, run, tmp_path / "r0", shown, ("json",), loaded=loaded(run))

    with at.socket, served(shown, at, access, browser=False):
        page = chromium.visit(access.address, 390)
        thread = threading.Thread(target=watching)
        thread.start()
        until(page, lambda: page.locator(".lane.on .name").all_inner_texts()[:1] == [LEFT])
        until(page, lambda: "Written: r0.json." in page.inner_text("#ended"))
        thread.join()
    assert page.locator(".track .bar").count() == 2
    assert chromium.logged == []
