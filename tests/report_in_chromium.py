"""The reports in headless Chromium: what it logs, how wide they are, the keyboard, and printing on A4.

Not among the tests that `make test` collects, since Chromium is not a dependency of the package: `make report-test`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import archive_pages
import made_up_benchmarks
import pytest
from chromium import SPILT, Tab, tab
from comparisons import made_up
from report_runs import multi_class, multi_label, written
from systems import MULTI_CLASS
from test_annotators import late

from actscribe.archive.table import SHOWN, rows
from actscribe.benchmark.tables import BASE, NOVEL
from actscribe.compare.result import assemble
from actscribe.report.comparison.page import write_comparison_report
from actscribe.report.table import frame_table

#: Report -> ids of the headings that must lead to something, and how many pictures there are at least.
REPORTS = {
    "comparison": (
        "all forest heat calibration risk curve cost annotators slices hallucination timelines disagreements made"
        " words",
        3 + 8 + 8,
    ),
    "comparison of classes": ("all forest heat calibration risk cost slices hallucination disagreements made words", 9),
    "run": ("data labels figures timelines errors made words", 1 + 3 * 4 + 6),
    "run of classes": ("data labels figures errors made words", 2 + 2 * 5),
    "archive": ("labels failures look videos slowest words", 3),
    "benchmark": ("results top1 top5 mean_per_class classes made words", 3),
    "benchmark of halves": (
        "results base_top1 base_top5 base_mean_per_class novel_top1 novel_top5 novel_mean_per_class harmonic_mean"
        " classes made words",
        7,
    ),
}
#: Whose figures have tables of their own; those of a benchmark draw the one table above them.
WITH_TABLES = [name for name in REPORTS if not name.startswith("benchmark")]
#: Videos of the largest archive, which has more than 100,000 rows, and seconds in which it must be there and answer.
LARGE, PATIENCE_S = 34_300, 5.0
WIDTHS = (1280, 390)
#: Paper of 210 mm less two margins of 12 mm, in CSS pixels.
PAPER = 703

#: Pictures that are shown but have no size, or nothing drawn in them.
EMPTY = """[...document.querySelectorAll('svg[role=img]')].filter(e => e.checkVisibility()).filter(e => {
  const box = e.getBoundingClientRect();
  return box.width < 100 || box.height < 30 || !e.querySelector('path, rect, circle');
}).map(e => e.getAttribute('aria-label'))"""
#: What is wider than its frame and cannot be reached with the keyboard, or has no name.
UNREACHED = """[...document.querySelectorAll('.scroll')].filter(e =>
  e.scrollWidth > e.clientWidth && (e.tabIndex < 0 || !e.getAttribute('aria-label'))).length"""
OPEN_ALL = "document.querySelectorAll('details').forEach(e => e.open = true)"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    provenance = made_up(folder / "several")
    recordings = assemble(folder / "several", provenance).shared.recordings
    provenance.second = {one.name: late(one, 0.7) for one in recordings}
    classes = made_up(folder / "classes", count=24, seeds=1, curve=(), labels=MULTI_CLASS)
    paths = {
        "comparison": write_comparison_report(assemble(folder / "several", provenance)),
        "comparison of classes": write_comparison_report(assemble(folder / "classes", classes)),
        "archive": archive_pages.written(folder / "archive.html", 67),
        "benchmark": made_up_benchmarks.written(folder / "benchmark.html"),
        "benchmark of halves": made_up_benchmarks.written(folder / "halves.html", (BASE, NOVEL)),
    }
    for name, made in (("run", multi_label(folder / "a")), ("run of classes", multi_class(folder / "b"))):
        paths[name] = folder / f"{name}.html"
        paths[name].write_text(written(made), encoding="utf-8")
    return paths


@pytest.fixture(scope="module")
def chromium() -> Iterator[Tab]:
    with tab() as opened:
        yield opened


def test_the_checks_find_what_they_look_for(chromium: Tab, tmp_path: Path) -> None:
    bad = tmp_path / "bad.html"
    policy = "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    bad.write_text(
        f"<!doctype html>{policy}<script>1</script><div style='width:2000px'>wide</div>"
        "<svg role='img' aria-label='nothing' width='200' height='200'></svg>"
        "<div class='scroll' style='overflow-x:auto;width:50px'><p style='width:900px'>out of reach</p></div>",
        encoding="utf-8",
    )
    page = chromium.open(bad, 390)
    assert any("Content Security Policy" in text for text in chromium.logged)
    assert len(page.evaluate(SPILT)) == 1
    assert page.evaluate(EMPTY) == ["nothing"]
    assert page.evaluate(UNREACHED) == 1
    wide, window = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide > window


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", REPORTS)
def test_nothing_is_logged_or_missing_and_nothing_scrolls_sideways(
    chromium: Tab, pages: dict[str, Path], name: str, width: int
) -> None:
    page = chromium.open(pages[name], width)
    assert chromium.logged == []
    assert chromium.asked == [pages[name].resolve().as_uri()]
    headings, pictures = REPORTS[name]
    ids = page.evaluate("[...document.querySelectorAll('h2')].filter(e => e.checkVisibility()).map(e => e.id)")
    assert ids == headings.split()
    assert page.evaluate("[...document.querySelectorAll('nav a')].map(e => e.hash.slice(1))") == ids
    assert page.evaluate("document.querySelectorAll('svg[role=img]').length") >= pictures
    for _ in ("folded", "unfolded"):
        wide, window = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert wide <= window
        assert page.evaluate(SPILT) == []
        assert page.evaluate(EMPTY) == []
        assert page.evaluate(UNREACHED) == 0
        page.evaluate(OPEN_ALL)


@pytest.mark.parametrize("name", WITH_TABLES)
def test_every_figure_has_a_sentence_and_a_table(chromium: Tab, pages: dict[str, Path], name: str) -> None:
    page = chromium.open(pages[name], 1280)
    without = """[...document.querySelectorAll('section')].filter(e => e.querySelector('svg[role=img]'))
      .filter(e => !e.querySelector('p') || !e.querySelector('table tbody tr')).map(e => e.querySelector('h2').id)"""
    assert page.evaluate(without) == []


def test_the_keyboard_opens_what_is_folded(chromium: Tab, pages: dict[str, Path]) -> None:
    page = chromium.open(pages["comparison"], 1280)
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.tagName"))
        if reached[-1] == "SUMMARY":
            break
    assert reached[0] == "A"
    assert reached[-1] == "SUMMARY"
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) != "none"
    before = page.evaluate("document.activeElement.parentElement.open")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.parentElement.open") is not before


@pytest.mark.parametrize("name", REPORTS)
def test_it_prints_on_a4(chromium: Tab, pages: dict[str, Path], name: str) -> None:
    page = chromium.open(pages[name], PAPER, 1000)
    page.emulate_media(media="print")
    wide, paper = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= paper
    assert page.evaluate("[...document.querySelectorAll('nav')].filter(e => e.checkVisibility()).length") == 0
    printed = page.pdf(prefer_css_page_size=True)
    assert printed.startswith(b"%PDF-")
    boxes = {tuple(map(float, box.split())) for box in re.findall(rb"/MediaBox\s*\[([^\]]*)\]", printed)}
    assert len(boxes) == 1
    left, top, right, bottom = boxes.pop()
    # A4 is 595.28 by 841.89 points; the browser rounds to its own pixels.
    assert (left, top) == (0, 0)
    assert right == pytest.approx(595.28, abs=1)
    assert bottom == pytest.approx(841.89, abs=1)


@pytest.mark.parametrize("name", ["comparison", "benchmark"])
def test_the_dark_theme_is_dark(chromium: Tab, pages: dict[str, Path], name: str) -> None:
    colours = []
    for dark in (False, True):
        page = chromium.open(pages[name], 1280, dark=dark)
        colours.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        assert chromium.logged == []
    assert colours == ["rgb(255, 255, 255)", "rgb(20, 24, 29)"]


ROWS = "[...document.querySelectorAll('#rows tbody tr')].map(e => [...e.cells].map(cell => cell.textContent))"


def test_an_archive_of_a_hundred_thousand_rows_opens_and_answers(chromium: Tab, tmp_path: Path) -> None:
    path = archive_pages.written(tmp_path / "large.html", LARGE)
    begun = time.monotonic()
    page = chromium.open(path, 1280)
    shown = re.fullmatch(r"1–25 of (\d+)\u202f(\d{3}) rows", page.inner_text("#range"))
    assert shown is not None
    assert int(shown[1] + shown[2]) > 100_000
    colours = "[...document.querySelectorAll('#look ~ * tbody td:first-child, #look ~ * tbody td a')]"
    assert len(set(page.evaluate(f"{colours}.map(e => getComputedStyle(e).color)"))) == 1  # no link leads nowhere
    assert time.monotonic() - begun < PATIENCE_S
    assert chromium.logged == []
    assert page.evaluate("document.querySelectorAll('*').length") < 4000
    assert len(page.evaluate(ROWS)) == 25
    begun = time.monotonic()
    page.click("#rows th:nth-child(6) button")  # total, the longest first
    totals = [row[5] for row in page.evaluate(ROWS)]
    assert totals == sorted(totals, key=_seconds, reverse=True)
    page.click("#last")
    assert page.evaluate(ROWS)[-1][5] == "–"  # those without a timeline
    page.fill("#find", "ward 3/video 00045")
    page.locator("#range", has_text="1–3 of 3 ").wait_for()
    assert {row[0] for row in page.evaluate(ROWS)} == {"ward 3/video 00045.mp4"}
    assert time.monotonic() - begun < PATIENCE_S


def test_the_table_of_an_archive_says_what_the_table_beside_it_says(chromium: Tab, tmp_path: Path) -> None:
    path = archive_pages.written(tmp_path / "archive.html", 67)
    page = chromium.open(path, 1280)
    shown = page.evaluate(ROWS)
    while page.is_enabled("#next"):
        page.click("#next")
        shown += page.evaluate(ROWS)
    wanted = frame_table("", rows(archive_pages.content(67)), SHOWN)
    assert [tuple(row) for row in shown] == [row.cells for row in wanted.rows]


def _seconds(text: str) -> float:
    parts = [float(part) for part in text.split(":")]
    return sum(part * 60**index for index, part in enumerate(reversed(parts)))
