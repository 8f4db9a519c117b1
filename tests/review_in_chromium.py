"""The page of review in a headless browser, with the real server: what a clinician does, and which frame is shown.

Not among what `make test` collects, since Chromium is no dependency of the package: `make review-test`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import SPILT, Tab, tab
from playwright.sync_api import Page
from review_site import SUGGESTED, Site, enter, ready, saved, served, suggest, until, write_review_study
from videos import BIT_CELLS, GRID, make_video

from actscribe.journal import Action, Bout, Mark, Put, begin
from actscribe.review.cameras import Camera

FRAMES, STEPS = 132, 125
VENTILATION, SUCTION = "Ventilation", "Suction"
HOSTILE = "<img src=x onerror=document.title=1>"
_B = {"options": {"x264-params": "bframes=3:b-adapt=0:keyint=40:scenecut=0"}}
_VP9 = {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8"}}
_MILLI = Fraction(1, 1000)


def _phone(number: int) -> int:
    """Milliseconds of a phone's frames: steps of 33, 34 and 51."""
    return number * 39 + number % 3 * 6


#: Name -> how it is made, and when frame k is shown in the recording.
EXACT: dict[str, tuple[dict[str, Any], Any]] = {
    "constant.mp4": ({}, lambda k: k / 25),
    "b-frames.mp4": (_B, lambda k: k / 25),
    "ntsc.mp4": ({"fps": Fraction(30000, 1001), **_B}, lambda k: k * 1001 / 30000),
    "sixty.mp4": ({"fps": 60, **_B}, lambda k: k / 60),
    "variable.mp4": ({"pts": _phone, "time_base": _MILLI, **_B}, lambda k: _phone(k) / 1000),
    "late.mp4": ({"pts": lambda k: k + 40, **_B}, lambda k: k / 25 + 1.6),
    "variable.webm": ({"pts": _phone, "time_base": _MILLI, **_VP9}, lambda k: _phone(k) / 1000),
    "old.avi": ({"codec": "mpeg4", "options": {"bf": "2"}}, lambda k: k / 25),
}
#: Steps on, frame by frame, and tells what was shown: brightness of the 16 cells, and the page's clock.
STEPPING = """async (steps) => {
  const { player } = review.work;
  const { video } = player.main;
  const canvas = document.createElement('canvas');
  const [width, height] = [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  const found = [];
  for (let step = 0; step <= steps; step++) {
    if (step) await player.step(1);
    pen.drawImage(video, 0, 0);
    const pixels = pen.getImageData(0, 0, width, height).data;
    const cells = [];
    for (let row = 0; row < 4; row++) for (let column = 0; column < 4; column++) {
      const [x, y] = [Math.floor((2 * column + 1) * width / 8), Math.floor((2 * row + 1) * height / 8)];
      cells.push(pixels[4 * (y * width + x)]);
    }
    found.push([cells, player.time]);
  }
  return found;
}"""
#: Scrolls and zooms for some pictures; milliseconds between them, and of drawing each.
MOVING = """async (pictures) => {
  const { timeline } = review.work;
  const next = () => new Promise(requestAnimationFrame);
  const [between, drawing] = [[], []];
  timeline.show(0, 7200);
  await next();
  let last = await next();
  for (let picture = 0; picture < pictures; picture++) {
    const begun = performance.now();
    if (picture % 60 < 30) timeline.zoom(picture % 60 < 15 ? 0.8 : 1.25, 3600);
    else timeline.pan(timeline.span / 40);
    timeline.drawNow();
    drawing.push(performance.now() - begun);
    const now = await next();
    between.push(now - last);
    last = now;
  }
  return { between, drawing };
}"""

#: Writes ten thousand bouts of eight labels over two hours.
MANY = """review.work.changes.act({ why: 'mark', ops: [...Array(10000).keys()].map((k) => ({ op: 'put', bout: {
  id: `b${k}`, label: `Label ${k % 8}`, start: k * 0.71, end: k * 0.71 + 3, subject: '', origin: null } })) })"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Tab]:
    with tab() as opened:
        yield opened


@pytest.fixture(scope="module")
def exact(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("exact")
    videos = [(make_video(folder / name, FRAMES, **how), "train") for name, (how, _) in EXACT.items()]
    with served(Site(write_review_study(folder, videos, [VENTILATION, SUCTION]))) as site:
        yield site


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Site]:
    """An AVI that no browser plays and a phone's video to train on, and a test recording; with suggestions."""
    videos = [
        (make_video(tmp_path / "old.avi", 100, codec="mpeg4", options={"bf": "2"}), "train"),
        (make_video(tmp_path / "phone.mp4", 100, pts=_phone, time_base=_MILLI, **_B), "train"),
        (make_video(tmp_path / "held-out.mp4", 100, fps=20), "test"),
    ]
    write_review_study(tmp_path, videos, [VENTILATION, SUCTION, HOSTILE])
    with served(Site(tmp_path, run=suggest(tmp_path))) as site:
        yield site


def _number(cells: list[int]) -> int:
    places = [row * GRID + column for row, column in BIT_CELLS]
    return sum(1 << bit for bit, place in enumerate(places) if cells[place] > 127)


def _press(page: Page, *keys: str) -> None:
    """Press keys, each when what the one before asked for is on the screen."""
    for key in keys:
        page.keyboard.press(key)
        page.evaluate("review.work.player.settled?.then(() => true)")


def _open(page: Page, site: Site, name: str) -> None:
    page.evaluate(f"location.hash = '#{site.id(name)}'")
    until(page, f"review.work.sheet?.id === '{site.id(name)}'")
    ready(page)


def _tab_to(page: Page, text: str) -> None:
    """Walk with the Tab key to what is called `text`."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent").strip() == text:
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
            return
    raise AssertionError(f"no Tab leads to {text}")


def _bouts(site: Site, name: str) -> list[tuple[str, float, float]]:
    found = site.sheet(name).bouts.values()
    return sorted((one.label, round(one.start, 3), round(one.end, 3)) for one in found)


@pytest.mark.parametrize("name", EXACT)
def test_each_step_shows_the_next_frame_stored(chromium: Tab, exact: Site, name: str) -> None:
    page = enter(chromium, exact, 1280)
    _open(page, exact, name)
    found = page.evaluate(STEPPING, STEPS)
    assert [_number(cells) for cells, _ in found] == list(range(STEPS + 1))
    when = EXACT[name][1]
    assert [time for _, time in found] == pytest.approx([when(k) for k in range(STEPS + 1)], abs=2e-3)


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize(("name", "when"), [("old.avi", lambda k: k / 25), ("phone.mp4", lambda k: _phone(k) / 1000)])
def test_the_path_of_a_clinician_by_keyboard_alone(chromium: Tab, ward: Site, width: int, name: str, when: Any) -> None:
    page = enter(chromium, ward, width)
    _tab_to(page, name.split(".")[0])
    page.keyboard.press("Enter")
    ready(page)
    # A bout of suction from frame 5 to 9; its end one frame later.
    _press(page, *["."] * 5, "2", *["ArrowRight"] * 4, "2", "r")
    saved(page)
    assert _bouts(ward, name) == [(SUCTION, round(when(5), 3), round(when(10), 3))]
    # Split at frame 7, put together again, undone twice, done again once.
    _press(page, ",", ",", ",", "x", "[", "m", "Control+z", "Control+z", "Control+Shift+z")
    saved(page)
    assert sorted(_bouts(ward, name)) == [
        (SUCTION, round(when(5), 3), round(when(7), 3)),
        (SUCTION, round(when(7), 3), round(when(10), 3)),
    ]
    # The second of them is ventilation; the first goes.
    _press(page, "Home", "]", "]", "c", "1", "[", "Delete")
    saved(page)
    assert _bouts(ward, name) == [(VENTILATION, round(when(7), 3), round(when(10), 3))]
    # The first suggestion is right, the second is not; everything was looked through.
    _press(page, "Home", "n", "a", "n", "d", "Control+Enter")
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


def test_a_test_recording_is_blind_until_somebody_insists(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    _open(page, ward, "held-out.mp4")
    assert page.evaluate("review.work.sheet.suggestions") is None
    page.keyboard.press("n")
    assert "blind" in page.inner_text("#live")
    _tab_to(page, "Show predictions…")
    page.keyboard.press("Enter")
    assert "written down" in page.inner_text("#dialog")
    _tab_to(page, "Show them, and write it down")
    page.keyboard.press("Enter")
    until(page, "review.work.sheet?.suggestions?.length === 2")
    looked = [one.body for one in ward.session.journal.entries() if one.kind == "looked"]
    assert '"insisted":true' in looked[-1]
    assert '"insisted":true' not in looked[0]


def test_changes_wait_for_a_server_that_is_away_and_undo_reaches_back_behind_its_restart(
    chromium: Tab, ward: Site
) -> None:
    page = enter(chromium, ward, 1280)
    _open(page, ward, "phone.mp4")
    _press(page, "1", ".", ".", "1")
    saved(page)
    ward.end()
    _press(page, "2", ".", ".", "2")
    until(page, "document.getElementById('saved').dataset.state === 'lost'")
    assert "1 change kept here" in page.inner_text("#saved")
    ward.begin()
    saved(page)
    assert [label for label, _, _ in _bouts(ward, "phone.mp4")] == [SUCTION, VENTILATION]
    _press(page, "Control+z")
    saved(page)
    _press(page, "Control+z")
    saved(page)
    assert _bouts(ward, "phone.mp4") == []
    assert page.evaluate("review.work.sheet.bouts.size") == 0


def test_two_windows_do_not_write_over_each_other(chromium: Tab, ward: Site) -> None:
    first = enter(chromium, ward, 1280)
    other = chromium.another()
    second = enter(other, ward, 1280)
    for page in (first, second):
        _open(page, ward, "phone.mp4")
    _press(first, "1", ".", ".", "1")
    saved(first)
    _press(second, "2", ".", ".", "2")
    until(second, "!document.getElementById('toast').hidden")
    assert "another window" in second.inner_text("#toast")
    assert second.evaluate("[...review.work.sheet.bouts.values()].map(one => one.label)") == [VENTILATION]
    second.click("#toast button:has-text('again')")
    saved(second)
    assert [label for label, _, _ in _bouts(ward, "phone.mp4")] == [SUCTION, VENTILATION]
    other.page.close()


def test_the_mouse_draws_moves_and_chooses(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    _open(page, ward, "phone.mp4")
    box = page.locator("#over").bounding_box()
    assert box is not None
    row = page.evaluate("review.work.timeline.rows[1].mine + 12")
    at = {k: box["x"] + page.evaluate(f"review.work.timeline.x({_phone(k) / 1000})") for k in (20, 40, 50)}

    def drag(start: float, end: float) -> None:
        page.mouse.move(start, box["y"] + row)
        page.mouse.down()
        page.mouse.move(end, box["y"] + row, steps=4)
        page.mouse.up()
        saved(page)

    drag(at[20], at[40])
    assert _bouts(ward, "phone.mp4") == [(SUCTION, _phone(20) / 1000, _phone(40) / 1000)]
    drag(at[40], at[50])
    assert _bouts(ward, "phone.mp4") == [(SUCTION, _phone(20) / 1000, _phone(50) / 1000)]
    page.mouse.click((at[20] + at[40]) / 2, box["y"] + row)
    assert page.inner_text("#chosen-title") == "Chosen bout"
    page.click("#chosen button:has-text('Delete')")
    saved(page)
    assert _bouts(ward, "phone.mp4") == []


def test_bouts_are_marked_while_it_plays_and_looped(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    page.goto(f"{ward.address.partition('?')[0]}#{ward.id('phone.mp4')}@0.5")
    ready(page)
    assert page.evaluate("review.work.player.index") == 12  # the last of the frames that begin before
    times = [round(_phone(k) / 1000, 3) for k in range(100)]
    page.keyboard.press("Space")
    until(page, "review.work.player.time > 0.7")
    page.keyboard.press("1")
    assert page.get_attribute("#labels button", "aria-pressed") == "true"
    until(page, "review.work.player.time > 1.2")
    page.keyboard.press("1")
    page.keyboard.press("Space")
    saved(page)
    ((label, start, end),) = _bouts(ward, "phone.mp4")
    assert label == VENTILATION
    assert 0.7 < start < 1.2 < end
    assert start in times
    assert end in times
    page.keyboard.press("Shift+L")
    until(page, f"review.work.player.playing && review.work.player.time > {end - 0.3}")
    seen = []
    for _ in range(40):
        seen.append(page.evaluate("review.work.player.time"))
        page.wait_for_timeout(25)
    assert all(start - 0.06 <= time <= end + 0.06 for time in seen)
    assert any(later < earlier for earlier, later in pairwise(seen))
    page.keyboard.press("Shift+L")
    _press(page, "k", "End")
    page.keyboard.press("j")
    until(page, "review.work.player.time < 3.5")
    page.keyboard.press("k")
    for speed in ("0.1", "8"):
        page.select_option("#speed", speed)
        page.keyboard.press("Home")
        page.keyboard.press("Space")
        until(page, "review.work.player.time > 0")
        page.keyboard.press("Space")


def test_several_cameras_show_the_same_moment(chromium: Tab, ward: Site) -> None:
    id = ward.id("phone.mp4")
    item = ward.session.items[id]
    other = Camera("from above", ward.folder / "held-out.mp4", offset=0.5)
    ward.session.items[id] = replace(item, cameras=(*item.cameras, other))
    page = enter(chromium, ward, 1280)
    _open(page, ward, "phone.mp4")
    _press(page, "Shift+ArrowRight", ".")
    until(page, "!review.work.player.cameras[1].video.seeking")
    shown = page.evaluate("review.work.player.cameras.map(({ video, offset }) => video.currentTime + offset)")
    assert shown[1] == pytest.approx(shown[0], abs=1e-3)
    assert page.inner_text("#cameras figure:nth-child(2)") == "from above"


def test_who_settles_decides_what_is_so(chromium: Tab, ward: Site) -> None:
    content = ward.session.items[ward.id("phone.mp4")].content
    for name, bouts in (("AB", ((0.0, 1.0), (2.0, 3.0))), ("CD", ((0.0, 1.0),))):
        began = begin("phone", 3.9, (VENTILATION, SUCTION, HOSTILE), None)
        ward.session.journal.append(name, content, "began", began, revision=0)
        put = [Put(bout=Bout(id=f"b{start:g}", label=SUCTION, start=start, end=end)) for start, end in bouts]
        seen = Mark(start=0.0, end=3.0)
        ward.session.journal.append(name, content, "did", Action(why="mark", ops=(*put, seen)))
    ward.end()
    ward.annotator = "agreed"
    ward.begin()
    page = enter(chromium, ward, 1280)
    page.click("text=Disagreements")
    page.click(".pair-of-annotators tbody a")
    ready(page)
    until(page, "review.work.sheet.disagreements().length === 1")
    _press(page, "g", "Shift+H")
    saved(page)
    assert _bouts(ward, "phone.mp4") == [(SUCTION, 0.0, 1.0)]
    assert page.evaluate("review.work.sheet.disagreements().length") == 0


def test_names_are_text_whatever_they_say(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    _open(page, ward, "phone.mp4")
    _press(page, "3", ".", ".", "3")
    saved(page)
    for place in ("#labels", "#gutter", "#chosen"):
        assert HOSTILE in page.inner_text(place)
    page.keyboard.press("?")
    assert HOSTILE in page.inner_text("#dialog")
    assert page.evaluate("document.querySelectorAll('img').length") == 0
    assert page.title().startswith("phone")


def test_two_hours_and_ten_thousand_bouts_scroll_smoothly(chromium: Tab, tmp_path: Path) -> None:
    video = make_video(tmp_path / "long.mp4", 7200, fps=1, size=(32, 24), options={"preset": "ultrafast"})
    with served(Site(write_review_study(tmp_path, [(video, "train")], [f"Label {k}" for k in range(8)]))) as site:
        page = enter(chromium, site, 1280)
        _open(page, site, "long.mp4")
        page.evaluate(MANY)
        saved(page)
        assert len(site.sheet("long.mp4").bouts) == 10_000
        took = page.evaluate(MOVING, 240)
        rate = 1000 / median(took["between"])
        drawing = median(took["drawing"])
        print(f"{rate:.0f} pictures/s; drawing one takes {drawing:.1f} ms, at most {max(took['drawing']):.1f} ms")
        assert drawing < 8
        assert rate > 40


@pytest.mark.parametrize(("width", "dark"), [(390, False), (1280, True), (2560, False)])
def test_axe_finds_nothing_and_nothing_sticks_out(chromium: Tab, ward: Site, width: int, dark: bool) -> None:
    page = enter(chromium, ward, width, dark)
    for place in ("list", "recording", "keys"):
        if place == "recording":
            _open(page, ward, "phone.mp4")
            _press(page, "1", ".", ".", "1", "n", "2")
        elif place == "keys":
            page.keyboard.press("?")
        page.wait_for_timeout(150)
        found = Axe().run(page).response["violations"]
        assert [(one["id"], [node["html"][:90] for node in one["nodes"]][:4]) for one in found] == [], place
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


def test_the_next_suggestion_is_found_around_the_end_and_what_is_said_is_seen(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    _open(page, ward, "phone.mp4")
    _press(page, "n", "d", "End", "n")
    assert page.evaluate("review.work.player.time") == pytest.approx(SUGGESTED[1][0], abs=0.06)
    assert page.inner_text("#chosen-title") == "Suggestion"
    live = page.locator("#live[data-fresh]")
    assert "Suggestion 1 of 1" in live.inner_text()
    assert live.evaluate("e => getComputedStyle(e).opacity") == "1"
    box = live.bounding_box()
    assert box is not None
    assert box["height"] > 20
    _press(page, "d", "n")
    assert live.inner_text() == "No suggestion waits for an answer."


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
    assert _bouts(ward, "phone.mp4") == [(VENTILATION, 0.0, _phone(3) / 1000)]
    assert page.evaluate("review.work.editing.begun.size") == 0
    assert page.evaluate("review.work.player.index") == 3


def test_time_that_was_not_played_is_marked_only_after_a_question(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    _open(page, ward, "phone.mp4")
    page.keyboard.press("Shift+V")
    assert "0:03.9 of 0:03.9 were not played" in page.inner_text("#dialog")
    page.keyboard.press("Enter")
    assert page.evaluate("document.getElementById('dialog').open") is False
    assert "Not marked" in page.inner_text("#live")
    _press(page, "End", "Home")
    page.select_option("#speed", "2")
    page.keyboard.press("Space")
    until(page, "review.work.player.time > 2.4")
    page.keyboard.press("Space")
    page.keyboard.press("Control+Enter")
    assert page.evaluate("document.getElementById('dialog').open") is False
    saved(page)
    assert all(spans == ((0.0, pytest.approx(3.9, abs=0.1)),) for spans in ward.sheet("phone.mp4").reviewed.values())


def test_what_is_annotated_in_files_counts_as_done_and_doubts_come_first(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)

    def told(route: Any) -> None:
        study = route.fetch().json()
        for one, (state, left) in zip(study["recordings"], (("file", 0), ("file", 2.0), ("new", 3.0)), strict=True):
            one.update(state=state, left_s=left)
        study["run"]["verdict"] = "Good for screening. " * 40
        route.fulfill(json=study)

    page.route("**/api/study", told)
    page.reload()
    page.wait_for_selector("#rows tr")
    assert page.inner_text(".tile:nth-child(3) b") == "1 / 3"
    assert page.inner_text("#rows tr:first-child .state") == "annotated in file"
    assert page.locator(".verdict").bounding_box()["height"] < 40  # type: ignore[index]
    line, tiles = (f"document.querySelector('{one}').getBoundingClientRect()" for one in (".verdict summary", ".tiles"))
    assert page.evaluate(f"{line}.right <= {tiles}.left")  # a long line ends beside the tiles and not beneath them
    page.click(".verdict summary")
    assert page.locator(".verdict").bounding_box()["height"] > 40  # type: ignore[index]
    page.select_option("select >> nth=1", "doubt")
    assert [one.inner_text() for one in page.locator("#rows th a").all()] == ["phone", "held-out", "old"]
    assert "How near" in (page.get_attribute("th:has-text('Doubtful')", "title") or "")


def test_how_the_run_stands_is_shown_when_it_is_known(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    verdicts = ["", "", "Good for screening."]

    def told(route: Any) -> None:
        study = route.fetch().json()
        study["run"]["verdict"] = verdicts.pop(0) if len(verdicts) > 1 else verdicts[0]
        route.fulfill(json=study)

    page.route("**/api/study", told)
    page.reload()
    page.wait_for_selector("#rows tr")
    page.fill("input[type=search]", "phone")
    assert page.locator(".verdict").count() == 0
    page.wait_for_selector(".verdict")
    assert page.inner_text(".verdict summary").endswith(": Good for screening.")
    assert page.input_value("input[type=search]") == "phone"


def test_the_list_is_there_while_the_server_is_away(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    _open(page, ward, "phone.mp4")
    ward.end()
    page.keyboard.press("Alt+ArrowUp")
    until(page, "document.getElementById('saved').dataset.state === 'lost'")
    assert page.locator("#rows tr").count() == 3
    assert page.is_visible("#list")
    assert page.is_hidden("#recording")
    ward.begin()
    saved(page)


def test_lost_changes_are_done_again_after_their_recording_was_left(chromium: Tab, ward: Site) -> None:
    first = enter(chromium, ward, 1280)
    other = chromium.another()
    second = enter(other, ward, 1280)
    for page in (first, second):
        _open(page, ward, "phone.mp4")
    _press(first, "1", ".", ".", "1")
    saved(first)
    _press(second, "2", ".", ".", "2")
    until(second, "!document.getElementById('toast').hidden")
    _open(second, ward, "held-out.mp4")
    second.click("#toast button:has-text('again')")
    until(second, "document.getElementById('live').textContent.startsWith('Done again')")
    saved(second)
    assert [label for label, _, _ in _bouts(ward, "phone.mp4")] == [SUCTION, VENTILATION]
    assert second.evaluate("review.work.sheet.bouts.size") == 0
    other.page.close()


def test_a_doubt_looks_like_nothing_else_and_is_explained(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    _open(page, ward, "phone.mp4")
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
    page.wait_for_selector(".pair-of-annotators td")
    undefined = [one for one in page.locator(".pair-of-annotators td").all() if one.inner_text().startswith("–")]
    assert undefined
    assert all("Not defined" in (one.get_attribute("title") or "") for one in undefined)
    assert page.evaluate("import('/static/settle.js').then(({ figure }) => figure(-0.001))") == "0.00"


def test_everything_needed_fits_a_small_window(chromium: Tab, ward: Site) -> None:
    page = enter(chromium, ward, 1280)
    page.set_viewport_size({"width": 1280, "height": 720})
    _open(page, ward, "phone.mp4")
    _press(page, "1", ".", ".", "1")
    for seen in ("[data-do=reviewed-all]", "[data-do=delete]", "[name=end]", "#only-active", "#lanes-legend"):
        box = page.locator(seen).first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 720, seen
