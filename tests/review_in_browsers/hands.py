"""What the tests of review's page do with their hands, and the videos that they look at."""

from __future__ import annotations

from fractions import Fraction

from playwright.sync_api import Page
from review_site import Site, ready, until

VENTILATION, SUCTION = "Ventilation", "Suction"
HOSTILE = "<img src=x onerror=document.title=1>"
B_FRAMES = {"options": {"x264-params": "bframes=3:b-adapt=0:keyint=40:scenecut=0"}}
MILLI = Fraction(1, 1000)


def phone_ms(number: int) -> int:
    """Milliseconds of a phone's frames: steps of 33, 34 and 51."""
    return number * 39 + number % 3 * 6


def press(page: Page, *keys: str) -> None:
    """Press keys, each when what the one before asked for is on the screen."""
    for key in keys:
        page.keyboard.press(key)
        page.evaluate("review.work.player.settled?.then(() => true)")


def open_recording(page: Page, site: Site, name: str) -> None:
    page.evaluate(f"location.hash = '#{site.id(name)}'")
    until(page, f"review.work.sheet?.id === '{site.id(name)}'")
    ready(page)


def tab_to(page: Page, text: str) -> None:
    """Walk with the Tab key to what is called `text`."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent").strip() == text:
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
            return
    raise AssertionError(f"no Tab leads to {text}")


def bouts_of(site: Site, name: str) -> list[tuple[str, float, float]]:
    bouts = site.sheet(name).bouts.values()
    return sorted((one.label, round(one.start, 3), round(one.end, 3)) for one in bouts)
