"""Reports of runs, opened from the page of review: a click in them leads to the moment on the video."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from chromium import Tab
from playwright.sync_api import Page
from report_runs import by_hand
from review_site import Site, enter, ready, until

from actscribe.annotations.interval import Interval
from actscribe.report.page import write_report


def report(folder: Path, site: Site, video: str, split: str) -> None:
    """Write a real report of a made-up run, as if it were about one of the site's videos."""
    annotated, predicted = (Interval("Walking", 1.0, 2.0),), (Interval("Walking", 1.5, 2.7, score=0.9),)
    made = by_hand(folder / split, annotated, predicted, duration=3.9)
    content = site.session.items[site.id(video)].content
    recordings = tuple(replace(one, content=content) for one in made.result.recordings)
    path = write_report(made.run, replace(made.result, recordings=recordings), made.scored)
    assert site.run is not None
    (site.run.folder / f"report-{split}.html").write_bytes(path.read_bytes())


def arrived(page: Page) -> None:
    """Wait until a link of a report led to a recording that can be stepped through."""
    page.wait_for_selector("#recording:not([hidden])")
    ready(page)


def open_report(page: Page, split: str) -> None:
    page.click("#reports summary")
    page.click(f"#reports a:has-text('{split}')")


@pytest.mark.parametrize("width", [1280, 390])
def test_a_time_and_a_bar_lead_to_the_moment(chromium: Tab, ward: Site, tmp_path: Path, width: int) -> None:
    report(tmp_path, ward, "phone.mp4", "validation")
    page = enter(chromium, ward, width)
    open_report(page, "validation")
    page.wait_for_selector("#errors")
    assert page.evaluate("getComputedStyle(document.querySelector('.verdict')).borderLeftWidth") == "5px"
    cell = page.locator("#errors ~ .scroll td a").first
    at = float((cell.get_attribute("href") or "").partition("@")[2])
    cell.focus()
    page.keyboard.press("Enter")
    arrived(page)
    assert page.inner_text("#recording-title") == "phone"
    assert page.evaluate(f"review.work.player.time <= {at} && review.work.player.after > {at}")
    page.go_back()
    page.wait_for_selector("svg.timeline a")
    page.locator("svg.timeline g.found a").first.click()
    arrived(page)
    assert page.evaluate("review.work.player.time <= 1.5 && review.work.player.after > 1.5")
    assert not [one for one in chromium.logged if "policy" in one.lower()]


def test_a_report_of_test_recordings_asks_first(chromium: Tab, ward: Site, tmp_path: Path) -> None:
    report(tmp_path, ward, "held-out.mp4", "test")
    page = enter(chromium, ward, 1280)
    open_report(page, "test")
    page.wait_for_selector("#dialog[open]")
    assert page.evaluate("document.activeElement.textContent") == "Cancel"
    page.keyboard.press("Enter")
    until(page, "!document.getElementById('dialog').open")
    assert not page.url.endswith("/reports/timesformer/test")
    assert ward.session.is_blind(ward.session.items[ward.id("held-out.mp4")])
    page.click("#reports a:has-text('test')")
    page.click("#dialog .warn")
    page.wait_for_selector("#errors")
    page.locator("#errors ~ .scroll td a").first.click()
    arrived(page)
    assert page.evaluate("review.work.sheet.blind") is False
    assert page.evaluate("review.work.sheet.suggestions.length") > 0
