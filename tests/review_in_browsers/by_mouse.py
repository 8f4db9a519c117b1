"""Every command of the page of review by mouse: that there is a button for it, and that a click does it.

Not among what `make test` collects, since Chromium is not a dependency of the package: `make review-test`.
"""

from __future__ import annotations

import pytest
from chromium import Tab
from hands import SUCTION, VENTILATION, bouts_of, open_recording, press
from review_site import Site, enter, saved

from actscribe.review.commands import COMMANDS

#: What is done by mouse with something else than a button of its own, and with what.
OTHERWISE = {
    "slower": "#speed",
    "faster": "#speed",
    "speed-normal": "#speed",
    "label-up": "#gutter button",
    "label-down": "#gutter button",
    "choose-here": "#over",
    "mark-label": "#labels button",
    "relabel": "#chosen select",
    "recordings": "#all",
    "help": "#help",
}
#: Has commands noted in place of being done.
NOTE_COMMANDS = """() => import('/static/commands.js').then(({ RUN }) => {
  window.done = [];
  for (const name of Object.keys(RUN)) RUN[name] = () => window.done.push(name);
})"""
#: Clicks every button of a command that is seen and not greyed out, and returns the names and what was done.
CLICK_BUTTONS = """() => {
  const buttons = [...document.querySelectorAll('#recording [data-do]')];
  const offered = buttons.filter(one => one.checkVisibility() && one.ariaDisabled !== 'true');
  for (const one of offered) one.click();
  return [offered.map(one => one.dataset.do), window.done];
}"""
#: Clicks the line of each command in the list of keys, and returns what was done.
CLICK_LINES = """async names => {
  for (const name of names) {
    review.work.help();
    document.querySelector(`#dialog button[value=${name}]`).click();
    await new Promise(next => setTimeout(next));
  }
  return window.done;
}"""


@pytest.mark.parametrize("width", [1280, 390])
def test_every_command_has_a_way_by_mouse(chromium: Tab, ward: Site, width: int) -> None:
    reached: set[str] = set()
    page = enter(chromium, ward, width)
    open_recording(page, ward, "phone.mp4")
    press(page, "1", ".", ".", "1", ".", "2", ".", "2", "Control+z")
    saved(page)
    situations = {
        "a bout is chosen, and another one begun": ["[", "3"],
        "a suggestion is chosen": ["Home", "n"],
        "a disagreement is looked at": ["Home", "g"],
    }
    for keys in situations.values():
        page = enter(chromium, ward, width)
        open_recording(page, ward, "phone.mp4")
        press(page, *keys)
        if "3" in keys:
            hidden = [one for one in OTHERWISE.values() if not page.locator(one).first.is_visible()]
            assert hidden == []
        page.evaluate(NOTE_COMMANDS)
        offered, done = page.evaluate(CLICK_BUTTONS)
        assert done == offered
        reached |= {*done}
    assert set(COMMANDS) - reached - set(OTHERWISE) == set()


def test_a_click_on_a_line_of_the_keys_does_the_command(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    page.click("#help")
    assert page.locator("#dialog dd button").count() == 0  # no recording is open that it could be done to
    page.keyboard.press("Escape")
    open_recording(page, ward, "phone.mp4")
    page.evaluate(NOTE_COMMANDS)
    page.click("#help")
    page.click("#dialog button[value=play]")
    assert page.evaluate("window.done") == ["play"]
    assert page.evaluate(CLICK_LINES, list(COMMANDS)) == ["play", *COMMANDS]


def test_a_line_of_the_keys_begins_a_bout_and_asks_for_more_as_its_key_does(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    open_recording(page, ward, "old.avi")

    def click_line(text: str) -> None:
        page.click("#help")
        page.click(f"#dialog dd button:text-is('{text}')")

    click_line(f"Begin or end {SUCTION}")
    press(page, *["."] * 5)
    click_line(f"Begin or end {SUCTION}")
    saved(page)
    assert bouts_of(ward, "old.avi") == [(SUCTION, 0.0, 0.2)]
    click_line("Change the label")
    page.click(f"#dialog .label-choice button:has-text('{VENTILATION}')")
    saved(page)
    assert bouts_of(ward, "old.avi") == [(VENTILATION, 0.0, 0.2)]
    click_line("The whole recording is reviewed")
    page.wait_for_timeout(100)
    assert page.inner_text("#live") == f"Now {VENTILATION}."  # nobody has answered yet
    page.click("#dialog button:has-text('Mark all the same')")
    saved(page)
    assert ward.sheet("old.avi").reviewed[SUCTION] == ((0.0, 4.0),)


def test_buttons_show_the_first_and_the_last_frame_of_a_bout(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    open_recording(page, ward, "old.avi")
    press(page, *["."] * 5, "2", *["ArrowRight"] * 5, "2", "End")
    saved(page)
    assert [(start, end) for _, start, end in bouts_of(ward, "old.avi")] == [(0.2, 0.4)]
    for edge, frame in (("end", 9), ("start", 5)):
        page.click(f"#chosen [data-do=bout-{edge}]")
        page.evaluate("review.work.player.settled.then(() => true)")
        assert page.evaluate("review.work.player.index") == frame


def test_cancel_is_offered_while_something_is_begun(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    open_recording(page, ward, "phone.mp4")
    assert page.is_hidden("#cancel")
    for begin in ("#labels button", "#reviewed"):
        page.click(begin)
        page.click("#cancel")
        assert page.inner_text("#live") == "Cancelled."
        assert page.is_hidden("#cancel")
