"""Take the picture of a report's beginning: python docs/pictures/report.py REPORT.html PICTURE.png.

Needs the extra `dev` (Playwright) and Chromium on the PATH; no browser is downloaded.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

WIDTH, HEIGHT = 1100, 760
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def take(report: Path, picture: Path) -> None:
    """Write a PNG of 1100 x 760 pixels.

    Raises:
        FileNotFoundError: there is no Chromium on the PATH.
    """
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        raise FileNotFoundError(f"no Chromium on the PATH ({', '.join(PROGRAMS)})")
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=program) as browser:
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.goto(report.resolve().as_uri())
        page.screenshot(path=picture)


if __name__ == "__main__":
    take(Path(sys.argv[1]), Path(sys.argv[2]))
