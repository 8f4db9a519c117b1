"""Reports of runs, comparisons and archives, opened from review: a click in them leads to the moment on the video."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import archive_pages
import pytest
from chromium import Tab
from comparisons import made_up
from playwright.sync_api import Page
from report_runs import by_hand
from review_site import Site, enter, ready, until

from actscribe.annotations.interval import Interval
from actscribe.compare.result import assemble
from actscribe.report.comparison.page import write_comparison_report
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
    page.evaluate("review.list.show()")  # drawn again, as when the study was asked for meanwhile
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


def test_a_contradiction_of_a_comparison_leads_to_the_moment(chromium: Tab, ward: Site, tmp_path: Path) -> None:
    folder = ward.folder / "comparison"
    done = assemble(folder, made_up(folder))
    first = done.tables["disagreements"].iloc[0]
    known = ward.session.items[ward.id("phone.mp4")].content
    listed = [
        one.model_copy(update={"content": known}) if one.name == first["recording"] else one
        for one in done.provenance.recordings
    ]
    write_comparison_report(replace(done, provenance=done.provenance.model_copy(update={"recordings": listed})))
    done.provenance.model_copy(update={"study": ward.session.study}).write(folder)
    page = enter(chromium, ward, 1280)
    page.click("#reports summary")
    page.click("#reports a:has-text('comparison')")
    page.click("#dialog .warn")
    page.wait_for_selector("#disagreements")
    page.locator("#disagreements ~ .scroll td a[href]").first.click()
    arrived(page)
    assert page.inner_text("#recording-title") == "phone"
    at = min(float(first["start"]), 3.9)
    assert page.evaluate(f"review.work.player.time <= {at} && review.work.player.after >= {at}")


@pytest.mark.parametrize("width", [1280, 390])
def test_a_name_and_a_first_bout_of_an_archive_lead_to_the_recording(chromium: Tab, ward: Site, width: int) -> None:
    assert ward.run is not None
    contents = [ward.session.items[ward.id("phone.mp4")].content, "0" * 32]
    archive_pages.of_run(ward.folder, ward.run.folder, contents)
    page = enter(chromium, ward, width)
    page.click("#reports summary")
    page.click("#reports a:has-text('archive night')")
    page.wait_for_selector("#rows tbody tr")
    links = page.locator("#rows tbody a")
    assert {(one.get_attribute("href") or "").partition("@")[0] for one in links.all()} == {f"/#{ward.id('phone.mp4')}"}
    links.first.focus()
    page.keyboard.press("Enter")
    arrived(page)
    assert page.inner_text("#recording-title") == "phone"
    assert page.evaluate("review.work.player.index") == 0
    page.go_back()
    page.wait_for_selector("#rows tbody tr")
    page.locator("#look ~ .scroll td a[href]").first.click()
    arrived(page)
    assert not [one for one in chromium.logged if "policy" in one.lower()]
