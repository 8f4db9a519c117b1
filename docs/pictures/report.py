"""Take the picture of a report's beginning: python docs/pictures/report.py REPORT.html PICTURE.png.

Needs the extra `dev` (Playwright) and Chromium on the PATH; no browser is downloaded.
"""

from __future__ import annotations

import sys
from pathlib import Path

from browser import light_page

WIDTH, HEIGHT = 1100, 760


def take(report: Path, picture: Path) -> None:
    """Write a PNG of 1100 x 760 pixels.

    Raises:
        FileNotFoundError: there is no Chromium on the PATH.
    """
    with light_page(WIDTH, HEIGHT) as page:
        page.goto(report.resolve().as_uri())
        page.screenshot(path=picture)


if __name__ == "__main__":
    take(Path(sys.argv[1]), Path(sys.argv[2]))
