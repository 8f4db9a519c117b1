"""What the page of review says while it waits, and why something is not there.

Not among what `make test` collects, since Chromium is not a dependency of the package: `make review-test`.
"""

from __future__ import annotations

from typing import Any

from chromium import Tab
from hands import HOSTILE, SUCTION, VENTILATION, open_recording
from playwright.sync_api import Page
from review_site import Site, enter, ready, until

from actscribe.journal import Action, Bout, Mark, Put, begin

LABELS = (VENTILATION, SUCTION, HOSTILE)


def annotate(ward: Site, name: str, who: str, bouts: list[tuple[str, float, float]], reviewed: tuple[str, ...]) -> None:
    """Write bouts of somebody, who looked at the first three seconds for some labels."""
    one = ward.session.items[ward.id(name)].recording
    ward.session.journal.append(who, one.content, "began", begin(one.name, one.duration, LABELS, None), revision=0)
    put = [Put(bout=Bout(id=f"b{start:g}", label=label, start=start, end=end)) for label, start, end in bouts]
    mark = Mark(start=0.0, end=3.0, labels=reviewed)
    ward.session.journal.append(who, one.content, "did", Action(why="mark", ops=(*put, mark)))


def settle(ward: Site) -> None:
    """Serve for who settles."""
    ward.end()
    ward.annotator = "agreed"
    ward.begin()


def doubts(page: Page) -> list[str]:
    return [one.inner_text() for one in page.locator("[data-name=doubtful]").all()]


def test_while_a_recording_opens_the_page_says_so(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    open_recording(page, ward, "old.avi")
    held: list[Any] = []
    page.route("**/open", lambda route: held.append(route))
    page.evaluate(f"location.hash = '#{ward.id('phone.mp4')}'")
    page.wait_for_selector("#cameras:has-text('Opening phone')")
    assert "all of its video is read" in page.inner_text("#cameras")
    assert page.inner_text("#recording-title") == "phone"
    assert page.get_attribute("#recording", "aria-busy") == "true"
    for empty in ("#panel", "#timeline", "#transport", "#undo"):
        assert page.locator(empty).is_hidden()
    page.unroute("**/open")
    ready(page)
    assert "Opening" not in page.inner_text("#recording")
    assert page.get_attribute("#recording", "aria-busy") is None
    assert page.locator("#panel").is_visible()


def test_who_types_or_tabs_before_the_server_has_answered_goes_on_where_he_is(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    open_recording(page, ward, "old.avi")
    held: list[Any] = []
    page.route("**/api/study", lambda route: held.append(route))
    for before, after in (("ol", "d"), ("", "")):
        page.evaluate("location.hash = ''")
        page.wait_for_selector("#rows tr")
        page.focus("[type=search]" if before else "#rows a")
        page.keyboard.type(before)
        while not held:
            page.wait_for_timeout(20)
        page.evaluate("document.getElementById('list-title').textContent = 'as it was'")
        held.pop().continue_()
        until(page, "document.getElementById('list-title').textContent !== 'as it was'")
        if before:
            page.keyboard.type(after)
            assert page.input_value("[type=search]") == "old"
            assert page.locator("#rows tr").count() == 1
            open_recording(page, ward, "old.avi")
        else:
            assert page.evaluate("document.activeElement.textContent") == "old"


def test_where_doubts_are_computed_or_cannot_be_had_the_list_says_so(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    assert doubts(page) == ["– not computed", "– not computed", "– hidden: annotated blind"]
    states: list[tuple[str, float | None]] = [("computing", None), ("the video has no pictures", None), ("none", None)]

    def fulfil(route: Any) -> None:
        study = route.fetch().json()
        for one, (suggesting, doubt) in zip(study["recordings"], states, strict=True):
            one.update(suggesting=suggesting, doubt=doubt)
        study["run"]["verdict"] = "Good for screening."
        route.fulfill(json=study)

    page.route("**/api/study", fulfil)
    page.reload()
    page.wait_for_selector("#rows tr")
    assert doubts(page) == ["being computed…", "– the video has no pictures", "– hidden: annotated blind"]
    page.focus("#rows a")
    states[0] = ("ready", 0.25)
    until(page, "!document.getElementById('rows').textContent.includes('computed')")
    assert doubts(page)[0] == "25\u202f%"
    assert page.evaluate("document.activeElement.textContent") == "old"  # a hand on its way is not thrown back
    ward.end()
    ward.run = None
    ward.begin()
    page = enter(chromium, ward, 1280)
    assert doubts(page) == ["– no run is shown"] * 3


def test_who_settles_is_told_what_is_left_to_settle_and_finds_back(chromium: Tab, ward: Site) -> None:
    annotate(ward, "phone.mp4", "AB", [(SUCTION, 0.0, 1.0), (SUCTION, 2.0, 3.0)], ())
    annotate(ward, "phone.mp4", "CD", [(SUCTION, 0.0, 1.0)], ())
    settle(ward)
    page = enter(chromium, ward, 1280)
    page.wait_for_selector(".tile:has-text('left to settle')")
    assert [one.inner_text().split("\n") for one in page.locator(".tile").all()][::2] == [
        ["1", "left to settle"],
        ["0 / 1", "recordings done"],
    ]
    page.click("text=Disagreements")
    page.click("#settle header a")
    page.wait_for_selector("#rows tr")
    page.click("#rows a")
    ready(page)
    page.click("#facts a")
    page.wait_for_selector(".agreement")
    assert page.is_hidden("#recording")


def test_what_is_left_to_settle_fits_a_telephone(chromium: Tab, ward: Site) -> None:
    annotate(ward, "phone.mp4", "AB", [(SUCTION, 0.0, 1.0), (SUCTION, 2.0, 3.0)], ())
    annotate(ward, "phone.mp4", "CD", [(SUCTION, 1.0, 2.0)], ())
    settle(ward)
    page = enter(chromium, ward, 390)
    page.wait_for_selector(".tile:has-text('left to settle')")
    tiles = page.locator(".tile").all()
    assert len(tiles) == 3
    assert [one.evaluate("tile => tile.scrollWidth - tile.clientWidth") for one in tiles] == [0, 0, 0]


def test_where_nobody_looked_twice_nothing_is_called_settled(chromium: Tab, ward: Site) -> None:
    annotate(ward, "phone.mp4", "AB", [(SUCTION, 0.0, 1.0)], (SUCTION,))
    settle(ward)
    page = enter(chromium, ward, 1280)
    page.wait_for_selector(".tile:has-text('no time')")  # one alone
    annotate(ward, "phone.mp4", "CD", [(VENTILATION, 0.0, 1.0)], (VENTILATION,))
    page.reload()
    page.wait_for_selector(".tile:has-text('no time')")  # two, who looked for other labels
    assert page.locator(".tile").first.inner_text().split("\n") == ["no time", "that both annotated"]


def test_where_there_is_no_kappa_the_page_says_why(chromium: Tab, ward: Site) -> None:
    both, first = (VENTILATION, SUCTION), (VENTILATION, SUCTION, HOSTILE)
    annotate(ward, "phone.mp4", "AB", [(SUCTION, 0.0, 1.0)], first)
    annotate(ward, "phone.mp4", "CD", [(SUCTION, 0.0, 1.5)], both)
    annotate(ward, "old.avi", "AB", [(VENTILATION, 0.0, 3.0)], first)
    annotate(ward, "old.avi", "CD", [(VENTILATION, 0.0, 3.0)], both)
    settle(ward)
    page = enter(chromium, ward, 1280)
    page.click("text=Disagreements")
    page.wait_for_selector(".agreement >> nth=2")

    def cells(section: int, label: str, *columns: int) -> list[str]:
        row = page.locator(".agreement").nth(section).locator("table").first.locator("tbody tr")
        found_cells = row.nth(LABELS.index(label)).locator("td")
        return [found_cells.nth(column).inner_text() for column in columns]

    assert cells(0, VENTILATION, 2)[0].startswith("1.00")
    assert cells(0, HOSTILE, 2, 3, 4) == [
        "– no time that both annotated",
        "– it takes two recordings",
        "– it takes two recordings",
    ]
    assert cells(1, VENTILATION, 0, 1, 2) == ["– both mark it all the time", "3.0\u202fs", "3.0\u202fs"]
    assert cells(1, SUCTION, 0) == ["– neither marked it"]
    assert cells(2, VENTILATION, 0, 1) == ["– neither marked it", "0\u202fs"]
    # Of 3 s, 1 s both and 1.5 s neither: (2.5 / 3 - chance) / (1 - chance), chance (1 * 1.5 + 2 * 1.5) / 9.
    assert cells(2, SUCTION, 0, 1, 2) == ["0.67", "1.0\u202fs", "1.5\u202fs"]
