"""Which frame the page of review shows, and how fast it draws.

Not among what `make test` collects, since Chromium is not a dependency of the package: `make review-test`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import pytest
from chromium import Tab
from hands import B_FRAMES, MILLI, SUCTION, VENTILATION, open_recording, phone_ms
from playwright.sync_api import Page
from review_site import Site, enter, saved, served, suggest, write_review_study
from videos import BIT_CELLS, GRID, make_video

FRAMES, STEPS = 132, 125
VP9 = {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8"}}
#: Name -> how it is made, and when frame k is shown in the recording.
EXACT: dict[str, tuple[dict[str, Any], Any]] = {
    "constant.mp4": ({}, lambda k: k / 25),
    "b-frames.mp4": (B_FRAMES, lambda k: k / 25),
    "ntsc.mp4": ({"fps": Fraction(30000, 1001), **B_FRAMES}, lambda k: k * 1001 / 30000),
    "sixty.mp4": ({"fps": 60, **B_FRAMES}, lambda k: k / 60),
    "variable.mp4": ({"pts": phone_ms, "time_base": MILLI, **B_FRAMES}, lambda k: phone_ms(k) / 1000),
    "late.mp4": ({"pts": lambda k: k + 40, **B_FRAMES}, lambda k: k / 25 + 1.6),
    "variable.webm": ({"pts": phone_ms, "time_base": MILLI, **VP9}, lambda k: phone_ms(k) / 1000),
    "old.avi": ({"codec": "mpeg4", "options": {"bf": "2"}}, lambda k: k / 25),
}
#: Steps on, frame by frame, and tells what was shown: brightness of the 16 cells, and the page's clock.
STEPPING = """async (steps) => {
  const { player } = review.work;
  const { video } = player.main;
  const canvas = document.createElement('canvas');
  const [width, height] = [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  const shown = [];
  for (let step = 0; step <= steps; step++) {
    if (step) await player.step(1);
    pen.drawImage(video, 0, 0);
    const pixels = pen.getImageData(0, 0, width, height).data;
    const cells = [];
    for (let row = 0; row < 4; row++) for (let column = 0; column < 4; column++) {
      const [x, y] = [Math.floor((2 * column + 1) * width / 8), Math.floor((2 * row + 1) * height / 8)];
      cells.push(pixels[4 * (y * width + x)]);
    }
    shown.push([cells, player.time]);
  }
  return shown;
}"""
#: Zooms in and out for some pictures; milliseconds of drawing each.
ZOOMING = """async (pictures) => {
  const { timeline } = review.work;
  const drawing = [];
  for (let picture = 0; picture < pictures; picture++) {
    const begun = performance.now();
    timeline.zoom(picture % 30 < 15 ? 0.8 : 1.25, 3600);
    timeline.drawNow();
    drawing.push(performance.now() - begun);
    await new Promise(requestAnimationFrame);
  }
  return drawing;
}"""
#: Seconds in view while the wheel turns, and by how many pixels it does, so many a second.
IN_VIEW, PIXELS, SPEED = (1800, 60), 3600, 1200
#: Writes ten thousand bouts of eight labels over two hours.
MANY = """review.work.changes.act({ why: 'mark', ops: [...Array(10000).keys()].map((k) => ({ op: 'put', bout: {
  id: `b${k}`, label: `Label ${k % 8}`, start: k * 0.71, end: k * 0.71 + 3, subject: '', origin: null } })) })"""


@pytest.fixture(scope="module")
def exact(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with exact_site(tmp_path_factory.mktemp("exact")) as site:
        yield site


@contextmanager
def exact_site(folder: Path) -> Iterator[Site]:
    """Serve a study of the eight files."""
    videos = [(make_video(folder / name, FRAMES, **how), "train") for name, (how, _) in EXACT.items()]
    with served(Site(write_review_study(folder, videos, [VENTILATION, SUCTION]))) as site:
        yield site


def frame_number(cells: list[int]) -> int:
    places = [row * GRID + column for row, column in BIT_CELLS]
    return sum(1 << bit for bit, index in enumerate(places) if cells[index] > 127)


@pytest.mark.parametrize("name", EXACT)
def test_each_step_shows_the_next_frame_stored(chromium: Tab, exact: Site, name: str) -> None:
    page = enter(chromium, exact, 1280)
    open_recording(page, exact, name)
    frames = page.evaluate(STEPPING, STEPS)
    assert [frame_number(cells) for cells, _ in frames] == list(range(STEPS + 1))
    when = EXACT[name][1]
    assert [time for _, time in frames] == pytest.approx([when(k) for k in range(STEPS + 1)], abs=2e-3)


def test_two_hours_and_ten_thousand_bouts_scroll_at_sixty_pictures_a_second(chromium: Tab, tmp_path: Path) -> None:
    video = make_video(tmp_path / "long.mp4", 7200, fps=1, size=(32, 24), options={"preset": "ultrafast"})
    folder = write_review_study(tmp_path, [(video, "train")], [f"Label {k}" for k in range(8)])
    with served(Site(folder, run=suggest(folder))) as site:
        page = enter(chromium, site, 1280)
        open_recording(page, site, "long.mp4")
        page.evaluate(MANY)
        saved(page)
        assert len(site.sheet("long.mp4").bouts) == 10_000
        assert median(page.evaluate(ZOOMING, 120)) < 8
        for span in IN_VIEW:
            page.evaluate("span => review.work.timeline.show(0, span)", span)
            work = scrolled(page, tmp_path / "trace.json")
            print(f"{span} s in view: {work:.1f} ms of work on one picture in twenty")
            assert work < 1000 / 60  # of the processor's time, so that whatever else runs here does not count


def scrolled(page: Page, trace: Path) -> float:
    """Turn the wheel over the lanes; return below how many milliseconds nineteen of twenty pictures take to draw.

    They are of the processor's time, as the browser traces it.
    """
    browser, box = page.context.browser, page.locator("#over").bounding_box()
    assert browser is not None
    assert box is not None
    before = page.evaluate("review.work.timeline.from")
    browser.start_tracing(page=page, path=trace, categories=["devtools.timeline"])
    page.context.new_cdp_session(page).send(
        "Input.synthesizeScrollGesture",
        {
            "x": box["x"] + box["width"] / 2,
            "y": box["y"] + 60,
            "xDistance": -PIXELS,
            "speed": SPEED,
            "gestureSourceType": "mouse",
            "preventFling": True,
        },
    )
    browser.stop_tracing()
    assert page.evaluate("review.work.timeline.from") > before
    events = json.loads(trace.read_text(encoding="utf-8"))["traceEvents"]
    work = [one["tdur"] / 1000 for one in events if one["name"] == "FireAnimationFrame"]
    assert len(work) > PIXELS / SPEED * 10
    return quantiles(work, n=20)[-1]
