"""Recordings that several cameras filmed, on the page of review.

Not among what `make test` collects, since Chromium is not a dependency of the package: `make review-test`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from chromium import Tab
from hands import open_recording, press
from review_site import Site, enter, ready, until
from videos import make_video

from actscribe.review.cameras import Camera

#: What is on the screen in the middle of the second camera.
IN_THE_MIDDLE = """() => {
  const box = document.querySelector('#cameras figure:nth-child(2)').getBoundingClientRect();
  return document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2).tagName;
}"""
SECOND = "#cameras figure:nth-child(2)"


def also_filmed(ward: Site, video: Path, offset: float) -> None:
    """Give the phone's recording a second camera."""
    id = ward.id("phone.mp4")
    item = ward.session.items[id]
    ward.session.items[id] = replace(item, cameras=(*item.cameras, Camera("from above", video, offset=offset)))


def test_several_cameras_show_the_same_moment(chromium: Tab, ward: Site) -> None:
    also_filmed(ward, ward.folder / "held-out.mp4", 0.5)
    page = enter(chromium, ward, 1280)
    open_recording(page, ward, "phone.mp4")
    press(page, "Shift+ArrowRight", ".")
    until(page, "!review.work.player.cameras[1].video.seeking")
    shown = page.evaluate("review.work.player.cameras.map(({ video, offset }) => video.currentTime + offset)")
    assert shown[1] == pytest.approx(shown[0], abs=1e-3)
    assert page.inner_text(SECOND) == "from above"


def test_a_camera_is_dark_before_it_begins_and_after_it_ended(chromium: Tab, ward: Site) -> None:
    also_filmed(ward, make_video(ward.folder / "short.mp4", 20, fps=20), 1.5)  # from 1.5 to 2.5 s
    page = enter(chromium, ward, 1280)
    open_recording(page, ward, "phone.mp4")

    def word() -> str:
        return page.inner_text(f"{SECOND} .word")

    press(page, "Home")
    assert (word(), page.evaluate(IN_THE_MIDDLE)) == ("begins at 0:01.5", "P")
    assert page.inner_text("#cameras figure:first-child .word") == ""
    press(page, "Shift+ArrowRight", "Shift+ArrowRight")  # 2.0 s
    assert (word(), page.evaluate(IN_THE_MIDDLE)) == ("", "VIDEO")
    press(page, "End")
    assert (word(), page.evaluate(IN_THE_MIDDLE)) == ("ended at 0:02.5", "P")
    press(page, "Home")
    assert word() == "begins at 0:01.5"


def test_a_camera_runs_while_it_was_filming_and_not_before_and_after(chromium: Tab, ward: Site) -> None:
    also_filmed(ward, make_video(ward.folder / "short.mp4", 20, fps=20), 1.5)
    page = enter(chromium, ward, 1280)
    page.goto(f"{ward.address.partition('?')[0]}#{ward.id('phone.mp4')}@1.2")
    ready(page)
    page.select_option("#speed", "0.25")
    page.evaluate(
        """() => {
          window.ran = [];
          const { player } = review.work;
          const { tell } = player;
          player.tell = (index) => {
            const [first, second] = player.cameras.map(({ video, offset }) => video.currentTime + offset);
            window.ran.push([player.time, !player.cameras[1].video.paused, Math.abs(first - second)]);
            tell(index);
          };
        }"""
    )
    page.keyboard.press("Space")
    until(page, "review.work.player.time > 2.6")
    page.keyboard.press("Space")
    ran = page.evaluate("window.ran")
    assert not any(runs for time, runs, _ in ran if time < 1.4 or time > 2.55)
    within = [(runs, apart) for time, runs, apart in ran if 1.6 < time < 2.4]
    assert any(runs for runs, _ in within)
    assert min(apart for _, apart in within) < 0.1
