"""The documentation as `make docs` leaves it, in headless Chromium: nothing is asked of a network, no page spills.

Not among the tests that `make test` collects, since Chromium is not a dependency of the package: `make docs-test`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import SPILT, Tab, tab

SITE = Path(os.environ.get("ACTSCRIBE_SITE", Path(__file__).parents[1] / "site"))
PAGES = sorted(path for path in SITE.rglob("*.html") if path.name != "404.html")
WIDTHS = (1280, 390)
#: Pages of which tables of ten columns and more are scrolled.
WIDE_TABLES = ("results.html", "reliability.html", "formats.html")
SCROLLED = """[...document.querySelectorAll('.md-typeset__scrollwrap, .md-typeset pre > code')]
  .filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.innerText.slice(0, 60))"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Tab]:
    with tab() as opened:
        yield opened


def test_the_site_is_built() -> None:
    assert len(PAGES) > 20, "type: make docs"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(SITE).as_posix())
def test_a_page_is_complete_offline_and_no_wider_than_the_window(page: Path, width: int, browser: Tab) -> None:
    shown = browser.open(page, width)
    assert shown.evaluate(SPILT) == []
    assert shown.evaluate("[...document.images].filter(e => !e.complete || !e.naturalWidth).map(e => e.src)") == []
    assert browser.logged == []
    assert [address for address in browser.asked if not address.startswith(("file:", "data:", "blob:"))] == []
    files = [address.partition("?")[0].removeprefix("file://") for address in browser.asked if address[:5] == "file:"]
    assert [name for name in files if not Path(name).exists()] == []


def test_search_finds_a_setting_without_a_server(browser: Tab) -> None:
    shown = browser.open(SITE / "index.html", 1280)
    shown.locator(".md-search__input").click()
    shown.keyboard.type("jackknife")
    shown.locator(".md-search-result__link").first.wait_for(timeout=20_000)
    assert "statistics" in str(shown.locator(".md-search-result__link").first.get_attribute("href"))


@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in WIDE_TABLES], ids=lambda path: path.name)
def test_on_a_laptop_commands_and_tables_are_seen_whole(page: Path, browser: Tab) -> None:
    assert browser.open(page, 1280).evaluate(SCROLLED) == []
