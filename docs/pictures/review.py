"""Take the pictures of the page of review: python docs/pictures/review.py ADDRESS FOLDER.

ADDRESS is what `actscribe review` prints for a study of which a run's suggestions are shown, such as `examples/review`,
whose file says how it is made. Needs the extra `dev` (Playwright) and Chromium on the PATH; no browser is downloaded.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from browser import light_page
from PIL import Image
from playwright.sync_api import Page

WIDTH, HEIGHT = 1280, 860
#: Colours of a picture: enough for a page and a small video, and a third of the bytes.
COLOURS = 220


def take(address: str, folder: Path) -> None:
    """Write review-list.png, review.png and review-frames.png, 1280 x 860 pixels each.

    Raises:
        FileNotFoundError: there is no Chromium on the PATH.
    """
    with light_page(WIDTH, HEIGHT) as page:
        page.goto(address)
        page.wait_for_selector("#rows tr")
        page.wait_for_selector("details#run")  # how the run stands is known some time after the list
        _write(page, folder / "review-list.png")
        page.locator("#rows tr").filter(has_not_text="blind").last.locator("a").click()
        page.wait_for_selector("#clock[data-frame]")
        _press(page, "v", *["n", "a"] * 5, "v", "n")
        _write(page, folder / "review.png")
        _press(page, "a", *["+"] * 6, "z", "+")
        _write(page, folder / "review-frames.png")


def _press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
        page.wait_for_timeout(500)


def _write(page: Page, path: Path) -> None:
    page.wait_for_timeout(500)
    with Image.open(io.BytesIO(page.screenshot())) as picture:
        picture.convert("RGB").quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
            path, optimize=True
        )


if __name__ == "__main__":
    take(sys.argv[1], Path(sys.argv[2]))
