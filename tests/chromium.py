"""A page in the system's headless Chromium, through Playwright: what it logs and what it asks for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

#: Names of the program, in the order of preference.
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
#: Below this width in CSS pixels a window is a telephone's.
MOBILE = 600
#: Elements that stick out of the window and cannot be scrolled to inside something of their own.
SPILT = """[...document.querySelectorAll('body *')].filter(e => {
  const box = e.getBoundingClientRect();
  if (!box.width || box.right <= document.documentElement.clientWidth + 1) return false;
  for (let up = e; up && up !== document.body; up = up.parentElement)
    if (['auto', 'scroll', 'hidden'].includes(getComputedStyle(up).overflowX)) return false;
  return true;
}).map(e => e.outerHTML.slice(0, 120))"""


class Tab:
    """One page, reopened for every file.

    Attributes:
        page: Playwright's.
        logged: what the browser complained about: console messages of any level, errors, what the policy forbade.
        asked: addresses that were asked for, beginning with the page's own.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self.page: Page = browser.new_page()
        self.logged: list[str] = []
        self.asked: list[str] = []

    def open(self, path: Path, width: int, height: int = 900, dark: bool = False) -> Page:
        """Load a file in a window of this size, wait until it is drawn, and return its page."""
        return self.visit(path.resolve().as_uri(), width, height, dark)

    def visit(self, address: str, width: int, height: int = 900, dark: bool = False) -> Page:
        """Load an address in a window of this size, without what an earlier one left, and return its page."""
        self.page.close()
        self.page = self._browser.new_page(
            viewport={"width": width, "height": height},
            is_mobile=width < MOBILE,
            color_scheme="dark" if dark else "light",
        )
        self.logged, self.asked = [], []
        self.page.on("console", lambda message: self.logged.append(message.text))
        self.page.on("pageerror", lambda error: self.logged.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(address)
        self.page.evaluate("document.fonts.ready.then(() => true)")
        return self.page

    def another(self) -> Tab:
        """Return a second window of the same browser."""
        return Tab(self._browser)


@contextmanager
def tab() -> Iterator[Tab]:
    """Start headless Chromium with an empty profile, yield a tab, and end it.

    Raises:
        FileNotFoundError: there is no Chromium on the PATH.
    """
    program = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    if program is None:
        raise FileNotFoundError(f"no Chromium on the PATH ({', '.join(PROGRAMS)}); on Debian: apt-get install chromium")
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=program) as browser:
        yield Tab(browser)
