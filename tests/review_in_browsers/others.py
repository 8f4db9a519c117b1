"""Other windows, a server that is away, and other people's work on the page of review.

Not among what `make test` collects, since Chromium is not a dependency of the package: `make review-test`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pytest
from chromium import Tab
from hands import HOSTILE, SUCTION, VENTILATION, bouts_of, open_recording, press
from playwright.sync_api import Page
from review_site import Site, enter, ready, saved, until

from actscribe.journal import Action, Bout, Mark, Put, Suggestion, begin


@pytest.fixture
def refused(chromium: Tab, ward: Site) -> Iterator[Page]:
    """A window whose bout of suction was refused, since another one had marked ventilation meanwhile."""
    first = enter(chromium, ward, 1280)
    other = chromium.another()
    second = enter(other, ward, 1280)
    for page in (first, second):
        open_recording(page, ward, "phone.mp4")
    press(first, "1", ".", ".", "1")
    saved(first)
    press(second, "2", ".", ".", "2")
    until(second, "!document.getElementById('toast').hidden")
    yield second
    other.page.close()


def test_changes_wait_for_a_server_that_is_away_and_undo_reaches_back_behind_its_restart(
    chromium: Tab, ward: Site
) -> None:
    page = enter(chromium, ward, 1280)
    open_recording(page, ward, "phone.mp4")
    press(page, "1", ".", ".", "1")
    saved(page)
    ward.end()
    press(page, "2", ".", ".", "2")
    until(page, "document.getElementById('saved').dataset.state === 'lost'")
    assert "1 change kept here" in page.inner_text("#saved")
    ward.begin()
    saved(page)
    assert [label for label, _, _ in bouts_of(ward, "phone.mp4")] == [SUCTION, VENTILATION]
    press(page, "Control+z")
    saved(page)
    press(page, "Control+z")
    saved(page)
    assert bouts_of(ward, "phone.mp4") == []
    assert page.evaluate("review.work.sheet.bouts.size") == 0


def test_two_windows_do_not_write_over_each_other(refused: Page, ward: Site) -> None:
    assert "another window" in refused.inner_text("#toast")
    assert refused.evaluate("[...review.work.sheet.bouts.values()].map(one => one.label)") == [VENTILATION]
    refused.click("#toast button:has-text('again')")
    saved(refused)
    assert [label for label, _, _ in bouts_of(ward, "phone.mp4")] == [SUCTION, VENTILATION]


def test_the_list_is_there_while_the_server_is_away(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    open_recording(page, ward, "phone.mp4")
    ward.end()
    page.keyboard.press("Alt+ArrowUp")
    until(page, "document.getElementById('saved').dataset.state === 'lost'")
    assert page.locator("#rows tr").count() == 3
    assert page.is_visible("#list")
    assert page.is_hidden("#recording")
    ward.begin()
    saved(page)


def test_lost_changes_are_done_again_after_their_recording_was_left(refused: Page, ward: Site) -> None:
    open_recording(refused, ward, "held-out.mp4")
    refused.click("#toast button:has-text('again')")
    until(refused, "document.getElementById('live').textContent.startsWith('Done again')")
    saved(refused)
    assert [label for label, _, _ in bouts_of(ward, "phone.mp4")] == [SUCTION, VENTILATION]
    assert refused.evaluate("review.work.sheet.bouts.size") == 0


def test_an_open_page_goes_on_once_its_browser_was_let_in_to_the_next_server(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    open_recording(page, ward, "phone.mp4")
    ward.end()
    press(page, "1", ".", ".", "1")
    until(page, "document.getElementById('saved').textContent.includes('kept here')")
    ward.cookie = "next"
    ward.begin()
    until(page, "document.getElementById('saved').textContent.includes('Open the address')")
    assert not ward.session.journal.annotators()
    page.evaluate("address => fetch(address)", ward.address)  # as another window of the same browser does
    saved(page)
    assert [label for label, _, _ in bouts_of(ward, "phone.mp4")] == [VENTILATION]


def test_an_open_page_keeps_its_changes_from_another_annotators_server(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    open_recording(page, ward, "phone.mp4")
    ward.end()
    press(page, "1", ".", ".", "1")
    ward.annotator = "CD"
    ward.begin()
    until(page, "document.getElementById('saved').textContent.includes('another annotator')")
    assert not ward.session.journal.annotators()
    ward.end()
    ward.annotator = "AB"
    ward.begin()
    saved(page)
    assert [label for label, _, _ in bouts_of(ward, "phone.mp4")] == [VENTILATION]


def two_marked(ward: Site, bouts: Mapping[str, Sequence[Bout]]) -> None:
    """Have two people mark bouts of the telephone's recording and look through its first three seconds; settle next."""
    content = ward.session.items[ward.id("phone.mp4")].content
    for name, own in bouts.items():
        began = begin("phone", 3.9, (VENTILATION, SUCTION, HOSTILE), None)
        ward.session.journal.append(name, content, "began", began, revision=0)
        ops = (*(Put(bout=bout) for bout in own), Mark(start=0.0, end=3.0))
        ward.session.journal.append(name, content, "did", Action(why="mark", ops=ops))
    ward.end()
    ward.annotator = "agreed"
    ward.begin()


def at_first_difference(chromium: Tab, ward: Site) -> Page:
    page = enter(chromium, ward, 1280)
    page.click("text=Disagreements")
    page.click(".agreement tbody a")
    ready(page)
    until(page, "review.work.looked?.kind === 'disagreement'")  # the one that the link led to
    return page


#: Of one label the first one marked two bouts, of which the second one has the first.
ONE_MORE = {
    "AB": [Bout(id="b0", label=SUCTION, start=0.0, end=1.0), Bout(id="b2", label=SUCTION, start=2.0, end=3.0)],
    "CD": [Bout(id="b0", label=SUCTION, start=0.0, end=1.0)],
}


def test_who_settles_decides_what_is_so(chromium: Tab, ward: Site) -> None:
    two_marked(ward, ONE_MORE)
    page = at_first_difference(chromium, ward)
    press(page, "Shift+H")
    saved(page)
    assert bouts_of(ward, "phone.mp4") == [(SUCTION, 0.0, 1.0)]
    assert page.evaluate("review.work.sheet.disagreements().length") == 0


def test_who_settles_keeps_the_suggestion_that_an_answer_is_from(chromium: Tab, ward: Site) -> None:
    one = Suggestion(label=SUCTION, start=1.0, end=2.0, run="0" * 64, score=0.8)
    two_marked(ward, {"AB": [], "CD": [Bout(id="b", label=SUCTION, start=1.0, end=2.0, origin=one)]})
    page = at_first_difference(chromium, ward)
    press(page, "h")
    saved(page)
    assert [bout.origin for bout in ward.sheet("phone.mp4").bouts.values()] == [one]


def test_an_answer_to_what_was_changed_meanwhile_is_not_taken(chromium: Tab, ward: Site) -> None:
    two_marked(ward, ONE_MORE)
    content, journal = ward.session.items[ward.id("phone.mp4")].content, ward.session.journal
    page = enter(chromium, ward, 1280)
    open_recording(page, ward, "phone.mp4")
    until(page, "review.work.sheet.disagreements().length === 1")
    cut = Put(bout=Bout(id="b0", label=SUCTION, start=0.0, end=0.5))
    journal.append("AB", content, "did", Action(why="shorten", ops=(cut,)))
    press(page, "g", "Shift+H")
    until(page, "!document.getElementById('toast').hidden")
    assert "by one of the two" in page.inner_text("#toast")
    until(page, "review.work.sheet.disagreements().length === 2")
    assert "agreed" not in journal.annotators()
    page.click("#toast button:has-text('again')")
    saved(page)
    until(page, "review.work.sheet.disagreements().length === 1")
    assert ward.sheet("phone.mp4").reviewed[SUCTION][:2] == ((0.0, 0.5), (1.0, 3.0))


def test_what_was_marked_as_reviewed_while_the_server_was_away_is_not_taken_for_done(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    open_recording(page, ward, "phone.mp4")
    press(page, "1", ".", ".", "1")
    saved(page)
    ward.end()
    page.evaluate("review.work.changes.act({why: 'mark reviewed', ops: [{op: 'mark', start: 0, end: 1}]}, '')")
    until(page, "document.getElementById('saved').dataset.state === 'lost'")
    content = ward.session.items[ward.id("phone.mp4")].content
    other = Put(bout=Bout(id="other", label=SUCTION, start=2.0, end=3.0))
    ward.session.journal.append("AB", content, "did", Action(why="elsewhere", ops=(other,)))
    ward.begin()
    until(page, "!document.getElementById('toast').hidden")
    assert "Not done: mark reviewed" in page.inner_text("#toast")
    page.click("#toast button:has-text('again')")
    saved(page)
    assert ward.sheet("phone.mp4").reviewed[SUCTION][0] == (0.0, 1.0)


def test_bouts_of_two_people_are_never_made_one(chromium: Tab, ward: Site) -> None:
    content = ward.session.items[ward.id("phone.mp4")].content
    bouts = [("a", 0.5, 1.0, "Ada"), ("b", 1.2, 1.6, "Ben"), ("c", 2.0, 2.4, "Ada")]
    began = begin("phone", 3.9, (VENTILATION, SUCTION, HOSTILE), None)
    ward.session.journal.append("AB", content, "began", began, revision=0)
    put = [Put(bout=Bout(id=id, label=VENTILATION, start=start, end=end, subject=who)) for id, start, end, who in bouts]
    ward.session.journal.append("AB", content, "did", Action(why="mark", ops=tuple(put)))
    page = enter(chromium, ward, 1280)
    open_recording(page, ward, "phone.mp4")
    press(page, "]", "m")
    saved(page)
    there = {one.subject: (one.start, one.end) for one in ward.sheet("phone.mp4").bouts.values()}
    assert there == {"Ada": (0.5, 2.4), "Ben": (1.2, 1.6)}
    # Who it is that the question is about, else whose bout is there.
    for asked, dropped, who in (
        (", subject: ''", "a", "Ada"),
        (", subject: 'Ben'", "b", "Ben"),
        (", subject: 'Cy'", "", "Cy"),
    ):
        settled = page.evaluate(
            "import('/static/edits.js').then(({settle}) => settle("
            f"{{label: '{VENTILATION}', start: 1.1, end: 1.3{asked}}}, true, review.work.sheet).ops)"
        )
        assert [one["id"] for one in settled if one["op"] == "drop"] == [dropped] * bool(dropped)
        assert [one["bout"]["subject"] for one in settled if one["op"] == "put"] == [who]


def test_who_settles_opens_what_two_annotated(chromium: Tab, ward: Site) -> None:
    content = ward.session.items[ward.id("phone.mp4")].content
    for name in ("AB", "CD"):
        began = begin("phone", 3.9, (VENTILATION, SUCTION, HOSTILE), None)
        ward.session.journal.append(name, content, "began", began, revision=0)
        ward.session.journal.append(name, content, "did", Action(why="mark", ops=(Mark(start=0.0, end=3.0),)))
    ward.end()
    ward.annotator = "agreed"
    ward.begin()
    page = enter(chromium, ward, 1280)
    page.wait_for_selector("#rows tr[data-closed]")
    assert [one.inner_text() for one in page.locator("#rows th a").all()] == ["phone"]
    assert "two annotators are needed" in page.inner_text("#rows tr[data-closed]")
    page.click("text=Disagreements")
    page.wait_for_selector(".agreement td")
    undefined = [one for one in page.locator(".agreement td").all() if one.inner_text().startswith("–")]
    assert undefined
    assert all(len(one.inner_text()) > len("– why") for one in undefined)  # each says why
    assert page.evaluate("import('/static/settle.js').then(({ figure }) => figure(-0.001))") == "0.00"
