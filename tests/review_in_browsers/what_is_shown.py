"""What the page of review shows, says and hides.

Not among what `make test` collects, since Chromium is not a dependency of the package: `make review-test`.
"""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import SPILT, Tab
from hands import HOSTILE, open_recording, press, tab_to
from review_site import SUGGESTED, Site, enter, ready, saved, until

ALL = ("old", "phone", "held-out")
#: Notes, while the page is printed, how wide its lanes are drawn and may be, and a pixel of its two grounds.
ON_PAPER = """matchMedia('print').addEventListener('change', ({ matches }) => {
  if (!matches) return;
  const [lanes, overview, frame] = ['lanes', 'overview', 'canvas-frame'].map((id) => document.getElementById(id));
  const pixel = (canvas, x, y) => [...canvas.getContext('2d').getImageData(x, y, 1, 1).data];
  window.printed = { drawn: parseFloat(lanes.style.width), frame: frame.clientWidth,
    lanes: pixel(lanes, 4, 28), overview: pixel(overview, 9, 2) };
})"""


def test_a_test_recording_is_blind_until_somebody_insists(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    open_recording(page, ward, "held-out.mp4")
    assert page.evaluate("review.work.sheet.suggestions") is None
    page.keyboard.press("n")
    assert "blind" in page.inner_text("#live")
    tab_to(page, "Show predictions…")
    page.keyboard.press("Enter")
    assert "journal will record" in page.inner_text("#dialog")
    tab_to(page, "Show them, and record it")
    page.keyboard.press("Enter")
    until(page, "review.work.sheet?.suggestions?.length === 2")
    looked = [one.body for one in ward.session.journal.entries() if one.kind == "looked"]
    assert '"insisted":true' in looked[-1]
    assert '"insisted":true' not in looked[0]


def test_names_are_text_whatever_they_say(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    open_recording(page, ward, "phone.mp4")
    press(page, "3", ".", ".", "3")
    saved(page)
    for selector in ("#labels", "#gutter", "#chosen"):
        assert HOSTILE in page.inner_text(selector)
    page.keyboard.press("?")
    assert HOSTILE in page.inner_text("#dialog")
    assert page.evaluate("[...document.images].map(one => new URL(one.src).pathname)") == ["/static/icon.svg"]
    assert page.title().startswith("phone")
    page.keyboard.press("Escape")
    page.evaluate("document.getElementById('only-label').textContent = 'x'.repeat(90)")
    edge = "document.getElementById('{}').getBoundingClientRect().right"
    assert page.evaluate(f"{edge.format('only-label')} <= {edge.format('panel')}")


def test_the_table_holds_the_bouts_on_the_screen_and_on_paper(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    open_recording(page, ward, "phone.mp4")
    press(page, "1", *["."] * 5, "1", *["."] * 10, "2", *["."] * 5, "2")
    saved(page)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert str(page.text_content("#bouts-table caption")).strip() == "2 bouts"
    page.click("#bouts summary")
    until(page, "document.querySelectorAll('#bouts-table tbody tr').length === 2")
    assert page.locator("#bouts-table tbody tr").all_inner_texts()[0].startswith("Ventilation\t0:00.000")
    assert chromium.logged == []


@pytest.mark.parametrize("dark", [False, True])
def test_on_paper_the_timeline_is_as_wide_as_the_paper_and_light(chromium: Tab, ward: Site, dark: bool) -> None:
    page = enter(chromium, ward, 2200, dark)
    open_recording(page, ward, "phone.mp4")
    page.evaluate(ON_PAPER)
    page.pdf(format="A4")
    printed = page.evaluate("window.printed")
    assert printed["drawn"] == printed["frame"] < 800
    assert min(printed["lanes"] + printed["overview"]) > 200
    until(page, "parseFloat(document.getElementById('lanes').style.width) > 1000")
    assert chromium.logged == []


@pytest.mark.parametrize(("width", "dark"), [(390, False), (1280, True), (2560, False)])
def test_axe_finds_nothing_and_nothing_sticks_out(chromium: Tab, ward: Site, width: int, dark: bool) -> None:
    page = enter(chromium, ward, width, dark)
    for view in ("list", "recording", "keys"):
        if view == "recording":
            open_recording(page, ward, "phone.mp4")
            press(page, "1", ".", ".", "1", "n", "2")
        elif view == "keys":
            page.keyboard.press("?")
        page.wait_for_timeout(150)
        violations = Axe().run(page).response["violations"]
        assert [(one["id"], [node["html"][:90] for node in one["nodes"]][:4]) for one in violations] == [], view
        wide, window = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert wide <= window
        assert page.evaluate(SPILT) == []


def test_windows_change_their_size_while_recordings_change(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    for turn in range(6):
        name = ("phone.mp4", "held-out.mp4")[turn % 2]
        page.evaluate(f"location.hash = '#{ward.id(name)}'")
        for width in (1200, 900, 1100):
            page.set_viewport_size({"width": width, "height": 700})
        ready(page)
    # A lane is drawn once more after its recording was left, as when a picture was asked for before.
    page.evaluate("review.work.close(); review.work.timeline.drawNow(); review.work.timeline.redrawOver()")
    page.set_viewport_size({"width": 1280, "height": 700})
    page.wait_for_timeout(100)
    assert chromium.logged == []


def test_what_is_annotated_in_files_counts_as_done_and_doubts_come_first(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)

    def fulfil(route: Any) -> None:
        study = route.fetch().json()
        for one, (state, left) in zip(study["recordings"], (("file", 0), ("file", 2.0), ("new", 3.0)), strict=True):
            one.update(state=state, left_s=left)
        study["run"]["verdict"] = "Good for screening. " * 40
        route.fulfill(json=study)

    page.route("**/api/study", fulfil)
    page.reload()
    page.wait_for_selector("#rows tr")
    assert page.inner_text(".tile:nth-child(3) b") == "1 / 3"
    assert page.inner_text("#rows tr:first-child .state") == "done in file"
    for value, names in (("done", ["old"]), ("file", ["old", "phone"]), ("new", ["held-out"]), ("", [*ALL])):
        page.select_option("select >> nth=0", value)  # what the filter calls done is what was counted
        assert [one.inner_text() for one in page.locator("#rows th a").all()] == names
    height = "document.querySelector('.verdict')?.getBoundingClientRect().height"
    page.wait_for_function(f"{height} > 0 && {height} < 40")
    line, tiles = (f"document.querySelector('{one}').getBoundingClientRect()" for one in (".verdict summary", ".tiles"))
    assert page.evaluate(f"{line}.right <= {tiles}.left")  # a long line ends beside the tiles and not beneath them
    page.click(".verdict summary")
    page.wait_for_function(f"{height} > 40")
    page.select_option("select >> nth=1", "doubt")
    assert [one.inner_text() for one in page.locator("#rows th a").all()] == ["phone", "held-out", "old"]
    assert "How near" in (page.get_attribute("th:has-text('Doubtful')", "title") or "")


def test_how_the_run_stands_is_shown_when_it_is_known(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    verdicts = ["", "", "Good for screening."]

    def fulfil(route: Any) -> None:
        study = route.fetch().json()
        study["run"]["verdict"] = verdicts.pop(0) if len(verdicts) > 1 else verdicts[0]
        route.fulfill(json=study)

    page.route("**/api/study", fulfil)
    page.reload()
    page.wait_for_selector("#rows tr")
    page.fill("input[type=search]", "phone")
    assert page.locator(".verdict").count() == 0
    page.wait_for_selector(".verdict")
    assert page.inner_text(".verdict summary").endswith(": Good for screening.")
    assert page.input_value("input[type=search]") == "phone"


def test_a_doubt_looks_like_nothing_else_and_is_explained(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    open_recording(page, ward, "phone.mp4")
    shown = [one.inner_text() for one in page.locator("#lanes-legend li:visible").all()]
    assert shown == ["Annotated", "Not reviewed", "Suggested", "Score", "Doubtful"]
    # The band over the first lane, where the second suggestion is: amber and ground in turn, and neither elsewhere.
    strip = """([from, to]) => {
      const { timeline } = review.work;
      timeline.drawNow();
      const [left, right] = [from, to].map((time) => Math.round(timeline.x(time)));
      const y = timeline.rows[0].top + 4;
      const { data } = timeline.canvas.getContext('2d').getImageData(left + 4, y, right - left - 8, 1);
      return new Set(Array.from({ length: data.length / 4 }, (_, k) => data.slice(4 * k, 4 * k + 3).join())).size;
    }"""
    assert page.evaluate(strip, list(SUGGESTED[1])) > 3
    assert page.evaluate(strip, list(SUGGESTED[0])) == 1


def test_everything_needed_fits_a_small_window(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    page.set_viewport_size({"width": 1280, "height": 720})
    open_recording(page, ward, "phone.mp4")
    press(page, "1", ".", ".", "1")
    for selector in ("[data-do=reviewed-all]", "[data-do=delete]", "[name=end]", "#only-active", "#lanes-legend"):
        box = page.locator(selector).first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 720, selector


def test_a_part_of_some_minutes_is_not_called_half_of_them(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 390)
    lengths = page.evaluate(
        "import('/static/format.js').then(made => [59, 60, 88, 90, 569, 570, 3599, 5400].map(made.lasting))"
    )
    assert [one.replace("\u202f", " ") for one in lengths] == [
        "59 s",
        "1 min",
        "1.5 min",
        "1.5 min",
        "9.5 min",
        "10 min",
        "1 h 0 min",
        "1 h 30 min",
    ]
