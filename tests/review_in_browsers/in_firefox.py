"""The page of review in Firefox: the whole work by keys, and which frame is shown.

Not among what `make test` collects, since Firefox is not a dependency of the package: `make review-test`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from exact_frames import EXACT, STEPPING, STEPS, exact_site, frame_number
from firefox import Page
from hands import SUCTION, VENTILATION, bouts_of, open_recording, phone_ms, press, tab_to
from review_site import SUGGESTED, Site, ready, saved, served, until, write_review_study
from videos import make_video


def enter(page: Page, site: Site) -> None:
    """Open the list of recordings."""
    page.visit(site.address, 1280)
    until(page, "document.querySelectorAll('#rows tr').length > 0")


@pytest.mark.parametrize(("name", "when"), [("old.avi", lambda k: k / 25), ("phone.mp4", lambda k: phone_ms(k) / 1000)])
def test_the_path_of_a_clinician_by_keyboard_alone(firefox: Page, ward: Site, name: str, when: Any) -> None:
    enter(firefox, ward)
    tab_to(firefox, name.split(".")[0])
    firefox.keyboard.press("Enter")
    ready(firefox)
    # A bout of suction from frame 5 to 9; its end one frame later; split at frame 7, and put together again.
    press(firefox, *["."] * 5, "2", *["ArrowRight"] * 4, "2", "r", ",", ",", ",", "x", "[", "m", "Control+z")
    saved(firefox)
    edges = [round(when(k), 3) for k in (5, 7, 10)]
    assert bouts_of(ward, name) == [(SUCTION, edges[0], edges[1]), (SUCTION, edges[1], edges[2])]
    press(firefox, "Home", "]", "]", "c", "1", "[", "Delete")
    saved(firefox)
    assert bouts_of(ward, name) == [(VENTILATION, edges[1], edges[2])]
    press(firefox, "Home", "n", "a", "n", "d", "Control+Enter")
    until(firefox, "document.getElementById('dialog').open")
    firefox.keyboard.press("Shift+Tab")
    firefox.keyboard.press("Enter")
    saved(firefox)
    sheet = ward.sheet(name)
    assert {one.start: yes for one, yes in sheet.verdicts.items()} == {SUGGESTED[0][0]: True, SUGGESTED[1][0]: False}
    assert all(spans[0][0] == 0 and len(spans) == 1 for spans in sheet.reviewed.values())
    firefox.keyboard.press("Alt+ArrowUp")
    until(firefox, "document.querySelector('#rows tr[data-state=done]') !== null")
    tab_to(firefox, "Export…")
    firefox.keyboard.press("Enter")
    until(firefox, "document.getElementById('dialog').open")
    tab_to(firefox, "Export")
    firefox.keyboard.press("Enter")
    until(firefox, "document.getElementById('dialog').textContent.startsWith('Exported')")
    assert list((ward.folder / "review" / "export" / "AB").rglob(f"{Path(name).stem}*"))
    assert firefox.logged == []


def test_bouts_are_marked_while_it_plays(firefox: Page, ward: Site) -> None:
    enter(firefox, ward)
    open_recording(firefox, ward, "phone.mp4")
    firefox.evaluate("review.work.player.setSpeed(0.25)")  # slow, so that it does not end before a busy machine looks
    firefox.keyboard.press("Space")
    until(firefox, "review.work.player.time > 0.7")
    firefox.keyboard.press("1")
    until(firefox, "review.work.player.time > [...review.work.editing.begun.values()][0] + 0.3")
    firefox.keyboard.press("1")
    firefox.keyboard.press("Space")
    saved(firefox)
    ((label, start, end),) = bouts_of(ward, "phone.mp4")
    assert label == VENTILATION
    assert 0.7 < start < end - 0.3
    assert {start, end} <= {round(phone_ms(k) / 1000, 3) for k in range(100)}
    firefox.keyboard.press("j")
    until(firefox, "review.work.player.time < 0.5")
    firefox.keyboard.press("k")
    for speed in ("0.1", "8"):
        firefox.evaluate("speed => review.work.player.setSpeed(Number(speed))", speed)
        firefox.keyboard.press("Home")
        firefox.keyboard.press("Space")
        until(firefox, "review.work.player.time > 0")
        firefox.keyboard.press("Space")
    assert firefox.logged == []


@pytest.fixture(scope="module")
def exact(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with exact_site(tmp_path_factory.mktemp("exact")) as site:
        yield site


@pytest.mark.parametrize("name", EXACT)
def test_each_step_shows_the_next_frame_stored(firefox: Page, exact: Site, name: str) -> None:
    enter(firefox, exact)
    open_recording(firefox, exact, name)
    frames = firefox.evaluate(STEPPING, STEPS)
    assert [frame_number(cells) for cells, _ in frames] == list(range(STEPS + 1))
    when = EXACT[name][1]
    assert [time for _, time in frames] == pytest.approx([when(k) for k in range(STEPS + 1)], abs=2e-3)


@pytest.mark.parametrize("keyframes", [20, 40])
def test_a_file_of_which_the_beginning_was_cut_off_is_converted(firefox: Page, tmp_path: Path, keyframes: int) -> None:
    """Firefox does not subtract what an edit list leaves out: it would show each frame too late, and the last never."""
    options = {"x264-params": f"bframes=3:b-adapt=0:keyint={keyframes}:min-keyint={keyframes}:scenecut=0"}
    cut = make_video(tmp_path / "cut.mp4", 80, pts=lambda k: k - 20, options=options)
    with served(Site(write_review_study(tmp_path, [(cut, "train")], [VENTILATION]))) as site:
        enter(firefox, site)
        open_recording(firefox, site, "cut.mp4")
        frames = firefox.evaluate(STEPPING, 59)
        assert [frame_number(cells) for cells, _ in frames] == list(range(20, 80))
        assert [time for _, time in frames] == pytest.approx([k / 25 for k in range(60)], abs=2e-3)
