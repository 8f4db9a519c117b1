"""What a clinician does on the page of review, by keyboard and mouse.

Not among what `make test` collects, since Chromium is not a dependency of the package: `make review-test`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from chromium import Tab
from hands import SUCTION, VENTILATION, bouts_of, open_recording, phone_ms, press, tab_to
from review_site import SUGGESTED, Site, enter, ready, saved, until

from actscribe.journal.annotations import annotations_of

#: Notes each frame that the player shows, and whether a bout was looped then.
NOTE_FRAMES = """() => {
  const { player } = review.work;
  const { tell } = player;
  window.shown = [];
  player.tell = (index) => {
    window.shown.push({ time: player.time, after: player.after, looped: Boolean(player.loop) });
    tell(index);
  };
}"""


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize(("name", "when"), [("old.avi", lambda k: k / 25), ("phone.mp4", lambda k: phone_ms(k) / 1000)])
def test_the_path_of_a_clinician_by_keyboard_alone(chromium: Tab, ward: Site, width: int, name: str, when: Any) -> None:
    page = enter(chromium, ward, width)
    tab_to(page, name.split(".")[0])
    page.keyboard.press("Enter")
    ready(page)
    # A bout of suction from frame 5 to 9; its end one frame later.
    press(page, *["."] * 5, "2", *["ArrowRight"] * 4, "2", "r")
    saved(page)
    assert bouts_of(ward, name) == [(SUCTION, round(when(5), 3), round(when(10), 3))]
    # Split at frame 7, put together again, undone twice, done again once.
    press(page, ",", ",", ",", "x", "[", "m", "Control+z", "Control+z", "Control+Shift+z")
    saved(page)
    assert sorted(bouts_of(ward, name)) == [
        (SUCTION, round(when(5), 3), round(when(7), 3)),
        (SUCTION, round(when(7), 3), round(when(10), 3)),
    ]
    # The second of them is ventilation; the first goes.
    press(page, "Home", "]", "]", "c", "1", "[", "Delete")
    saved(page)
    assert bouts_of(ward, name) == [(VENTILATION, round(when(7), 3), round(when(10), 3))]
    # The first suggestion is right, the second is not; everything was looked through.
    press(page, "Home", "n", "a", "n", "d", "Control+Enter")
    until(page, "document.getElementById('dialog').open")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    saved(page)
    sheet = ward.sheet(name)
    assert sorted((one.start, yes) for one, yes in sheet.verdicts.items()) == [
        (SUGGESTED[0][0], True),
        (SUGGESTED[1][0], False),
    ]
    accepted = [one for one in sheet.bouts.values() if one.origin]
    assert [(one.start, one.end) for one in accepted] == [SUGGESTED[0]]
    assert all(spans[0][0] == 0 and len(spans) == 1 for spans in sheet.reviewed.values())
    page.keyboard.press("Alt+ArrowUp")
    page.wait_for_selector("#rows tr[data-state=done]")
    assert page.inner_text("#rows tr[data-state=done] a") == name.split(".")[0]
    assert chromium.logged == []


def test_the_mouse_draws_moves_and_chooses(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    open_recording(page, ward, "phone.mp4")
    box = page.locator("#over").bounding_box()
    assert box is not None
    row = page.evaluate("review.work.timeline.rows[1].mine + 12")
    at = {k: box["x"] + page.evaluate(f"review.work.timeline.x({phone_ms(k) / 1000})") for k in (20, 40, 50)}

    def drag(start: float, end: float) -> None:
        page.mouse.move(start, box["y"] + row)
        page.mouse.down()
        page.mouse.move(end, box["y"] + row, steps=4)
        page.mouse.up()
        saved(page)

    drag(at[20], at[40])
    assert bouts_of(ward, "phone.mp4") == [(SUCTION, phone_ms(20) / 1000, phone_ms(40) / 1000)]
    assert page.inner_text("#live") == "Suction from 0:00.79 to 0:01.57."
    drag(at[40], at[50])
    assert page.inner_text("#live") == "Ends at 0:01.962."
    assert bouts_of(ward, "phone.mp4") == [(SUCTION, phone_ms(20) / 1000, phone_ms(50) / 1000)]
    page.mouse.click((at[20] + at[40]) / 2, box["y"] + row)
    assert page.inner_text("#chosen-title") == "Chosen bout"
    page.click("#chosen button:has-text('Delete')")
    saved(page)
    assert bouts_of(ward, "phone.mp4") == []
    page.click("#undo")
    saved(page)
    assert page.inner_text("#live") == "Undid delete: Suction, 0:00.79 to 0:01.96."
    page.click("#redo")
    saved(page)
    assert page.inner_text("#live") == "Redid delete: Suction, 0:00.79 to 0:01.96."


def test_buttons_split_merge_and_delete_a_bout(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    open_recording(page, ward, "old.avi")
    press(page, *["."] * 5, "2", *["ArrowRight"] * 5, "2", "ArrowLeft", "ArrowLeft", "[")
    press(page, *["ArrowRight"] * 2)

    def click(name: str) -> list[tuple[str, float, float]]:
        page.click(f"#chosen button:has-text('{name}')")
        saved(page)
        return bouts_of(ward, "old.avi")

    assert click("Split here") == [(SUCTION, 0.2, 0.28), (SUCTION, 0.28, 0.4)]
    press(page, "Home", "]")
    assert click("Merge next") == [(SUCTION, 0.2, 0.4)]
    assert page.inner_text("#live") == "Merged: 0:00.20 to 0:00.40."
    assert click("Delete") == []


def test_bouts_that_exports_make_one_say_so(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    open_recording(page, ward, "old.avi")
    meets = "It meets another one: both are learned from and exported as one."

    def exported() -> int:
        saved(page)
        return len(annotations_of(ward.sheet("old.avi")).intervals)

    press(page, *["."] * 5, "2", *["."] * 5, "2", ",", ",", "x")
    assert exported() == 1
    assert meets in page.inner_text("#chosen")
    press(page, "w")
    assert exported() == 2
    assert meets not in page.inner_text("#chosen")
    press(page, "Home", "2", "End", "2")
    assert exported() == 1
    assert meets in page.inner_text("#chosen")


def test_what_is_undone_in_one_go_is_called_what_it_was(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    open_recording(page, ward, "old.avi")
    press(page, *["."] * 5, "2", *["."] * 5, "2", "r", "Delete")
    saved(page)
    page.evaluate("""() => {
      window.told = [];
      review.work.say = text => told.push(text);
      for (const verb of ['undo', 'undo', 'undo', 'redo']) review.work.changes.again(verb);
    }""")
    saved(page)
    assert page.evaluate("told.map(text => text.split(':')[0])") == [
        "Undid delete",
        "Undid move end",
        "Undid mark",
        "Redid mark",
    ]


def test_what_is_undone_and_done_again_is_called_by_what_is_there_then(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    open_recording(page, ward, "old.avi")
    press(page, *["."] * 5, "2", *["."] * 5, "2", ",", ",", "x", "[", "m")
    saved(page)
    for keys, did in (("Control+z", "Undid"), ("Control+y", "Redid")):
        press(page, keys)
        saved(page)
        assert page.inner_text("#live").startswith(f"{did} merge: Suction, 0:00.20")
    press(page, "Control+z", "Control+z")
    saved(page)
    assert page.inner_text("#live") == "Undid split: Suction, 0:00.20 to 0:00.40."


def test_who_settles_what_differs_from_a_suggestion_judges_the_suggestion(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    open_recording(page, ward, "old.avi")
    # The first suggestion lasts from 0.4 to 1.2 s: its beginning, to 1 s, is marked by hand.
    press(page, *["."] * 10, "1", *["."] * 15, "1", "Home", "g", "h")
    saved(page)
    (bout,) = ward.sheet("old.avi").bouts.values()
    assert (bout.start, bout.end) == SUGGESTED[0]
    assert bout.origin is not None
    assert (bout.origin.start, bout.origin.end) == SUGGESTED[0]
    press(page, "g", "Shift+H")
    saved(page)
    verdicts = ward.sheet("old.avi").verdicts
    judged = {(one.start, one.end): yes for one, yes in verdicts.items()}
    assert judged == dict(zip(SUGGESTED, (True, False), strict=True))
    assert page.inner_text("#disagreement-count") == "0 differ"
    press(page, "Control+z", "Control+z")
    saved(page)
    assert ward.sheet("old.avi").verdicts == {}
    assert page.inner_text("#disagreement-count") == "2 differ"


def test_a_suggestion_that_differs_at_both_ends_is_judged_once_both_are_answered(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    open_recording(page, ward, "old.avi")
    start, end = SUGGESTED[0]
    # Of the first suggestion, from 0.4 to 1.2 s, the middle is marked by hand.
    press(page, *["."] * 15, "1", *["."] * 5, "1", "Home")
    saved(page)
    assert page.inner_text("#disagreement-count") == "3 differ"
    press(page, "g", "Shift+H")
    saved(page)
    assert ward.sheet("old.avi").verdicts == {}
    press(page, "g", "h")
    saved(page)
    (bout,) = ward.sheet("old.avi").bouts.values()
    assert (bout.start, bout.end) == (pytest.approx(0.6), end)
    assert {(one.start, one.end): yes for one, yes in ward.sheet("old.avi").verdicts.items()} == {(start, end): True}
    assert page.inner_text("#disagreement-count") == "1 differ"


def test_bouts_are_marked_while_it_plays_and_looped(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    page.goto(f"{ward.address.partition('?')[0]}#{ward.id('phone.mp4')}@0.5")
    ready(page)
    assert page.evaluate("review.work.player.index") == 12  # the last of the frames that begin before
    times = [round(phone_ms(k) / 1000, 3) for k in range(100)]
    page.select_option("#speed", "0.25")  # how late a key comes does not matter, as long as the video is not over
    page.keyboard.press("Space")
    until(page, "review.work.player.time > 0.7")
    page.keyboard.press("1")
    assert page.get_attribute("#labels button", "aria-pressed") == "true"
    begun = page.evaluate(f"review.work.editing.begun.get('{VENTILATION}')")
    until(page, f"review.work.player.time > {begun} + 0.3")
    page.keyboard.press("1")
    page.keyboard.press("Space")
    saved(page)
    ((label, start, end),) = bouts_of(ward, "phone.mp4")
    assert label == VENTILATION
    assert start == round(begun, 3)
    assert 0.7 < start < end - 0.3
    assert start in times
    assert end in times
    # Whenever frames come: the first that is not over when the bout ends is followed by the bout's beginning.
    page.evaluate(NOTE_FRAMES)
    page.keyboard.press("Shift+L")
    until(page, "window.shown.filter((one, index) => index && one.time < window.shown[index - 1].time).length > 2")
    page.keyboard.press("Shift+L")
    shown = page.evaluate("window.shown.filter(one => one.looped)")
    for earlier, later in pairwise(shown):
        assert (later["time"] < earlier["time"]) == (earlier["after"] > end + 1e-3)
    assert min(one["time"] for one in shown) == pytest.approx(start, abs=1e-3)
    press(page, "k", "End")
    page.keyboard.press("j")
    until(page, "review.work.player.time < 3.5")
    page.keyboard.press("k")
    for speed in ("0.1", "8"):
        page.select_option("#speed", speed)
        page.keyboard.press("Home")
        page.keyboard.press("Space")
        until(page, "review.work.player.time > 0")
        page.keyboard.press("Space")


def test_it_plays_backwards_from_the_end_whenever_the_first_picture_comes(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    open_recording(page, ward, "phone.mp4")
    press(page, "End")
    # The time of a picture may be before that of the key, above all on a busy machine.
    page.evaluate("() => { const now = performance.now.bind(performance); performance.now = () => now() + 300; }")
    page.keyboard.press("j")
    until(page, "review.work.player.time < 3.5")


def test_the_next_suggestion_is_found_around_the_end_and_what_is_said_is_seen(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    open_recording(page, ward, "phone.mp4")
    press(page, "n", "d", "End", "n")
    assert page.evaluate("review.work.player.time") == pytest.approx(SUGGESTED[1][0], abs=0.06)
    assert page.inner_text("#chosen-title") == "Suggestion"
    live = page.locator("#live[data-fresh]")
    assert "Suggestion 1 of 1" in live.inner_text()
    assert live.evaluate("e => getComputedStyle(e).opacity") == "1"
    box = live.bounding_box()
    assert box is not None
    assert box["height"] > 20
    press(page, "d", "n")
    assert live.inner_text() == "No suggestion waits for an answer."


@pytest.mark.parametrize("key", ["]", "n", "u"])
def test_what_begins_late_in_a_frame_is_found_once_each_way(chromium: Tab, ward: Site, key: str) -> None:
    page = enter(chromium, ward, 1280)
    open_recording(page, ward, "old.avi")  # 25 frames a second
    starts = [0.239, 0.279, 1.033, 2.518]
    items = [{"label": VENTILATION, "start": one, "end": one + 0.5, "run": "x", "score": 0.6} for one in starts]
    lanes = {
        "]": "sheet.apply(items.map((one, id) => ({op: 'put', bout: {...one, id: String(id), subject: ''}})))",
        "n": "sheet.suggest({suggestions: items, doubts: [], suggesting: null})",
        "u": "sheet.suggest({suggestions: [], doubts: items, suggesting: null})",
    }
    page.evaluate(f"items => {{ const {{sheet}} = review.work; {lanes[key]}; review.work.refresh(); }}", items)
    press(page, "Home")
    seen_in = [int(one * 25) for one in starts]
    for expected in [*seen_in, seen_in[0], seen_in[1]]:
        press(page, key)
        assert page.evaluate("review.work.player.index") == expected
    for expected in [seen_in[0], seen_in[-1], seen_in[-2]]:
        press(page, {"]": "[", "n": "Shift+N", "u": "Shift+U"}[key])
        assert page.evaluate("review.work.player.index") == expected


def test_the_key_that_chooses_takes_what_begins_within_the_frame_and_keeps_it(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    open_recording(page, ward, "old.avi")
    bout = {"id": "a", "label": VENTILATION, "start": 0.239, "end": 0.7, "subject": "", "origin": None}
    page.evaluate("bout => { review.work.sheet.apply([{op: 'put', bout}]); review.work.refresh(); }", bout)
    press(page, "Home", "]", "Enter")
    assert page.evaluate("review.work.chosenId") == "a"
    press(page, "Enter")
    assert page.evaluate("review.work.chosenId") == "a"
    press(page, *["."] * 20, "i")
    assert page.inner_text("#live").startswith("Starts at 0:00.660; a bout lasts a frame at least")


def test_keys_pressed_while_a_video_loads_are_done_when_it_is_there(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    held: list[Any] = []
    page.route("**/media/**", lambda route: held.append(route))
    page.evaluate(f"location.hash = '#{ward.id('phone.mp4')}'")
    until(page, "review.work.sheet?.name === 'phone'")
    for key in ("1", ".", ".", ".", "1"):
        page.keyboard.press(key)
    assert "loading" in page.inner_text("#live")
    page.unroute("**/media/**")  # and what was held goes on
    ready(page)
    saved(page)
    assert bouts_of(ward, "phone.mp4") == [(VENTILATION, 0.0, phone_ms(3) / 1000)]
    assert page.evaluate("review.work.editing.begun.size") == 0
    assert page.evaluate("review.work.player.index") == 3


def test_time_that_was_not_played_is_marked_only_after_a_question(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    open_recording(page, ward, "phone.mp4")
    page.keyboard.press("Shift+V")
    assert "3.9\u202fs of 3.9\u202fs were not played" in page.inner_text("#dialog")
    page.keyboard.press("Enter")
    assert page.evaluate("document.getElementById('dialog').open") is False
    assert "Not marked" in page.inner_text("#live")
    press(page, "End", "Home")
    page.select_option("#speed", "0.5")  # a busy machine leaves pictures out
    page.keyboard.press("Space")
    until(page, "review.work.player.time > 2.4")
    page.keyboard.press("Space")
    page.keyboard.press("Control+Enter")
    assert page.evaluate("document.getElementById('dialog').open") is False
    saved(page)
    assert all(spans == ((0.0, pytest.approx(3.9, abs=0.1)),) for spans in ward.sheet("phone.mp4").reviewed.values())
