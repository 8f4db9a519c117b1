"""A page in the system's Chromium, for the pictures of these pages. No browser is downloaded."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


@contextmanager
def light_page(width: int, height: int) -> Iterator[Page]:
    """Yield an empty page of so many pixels.

    Raises:
        FileNotFoundError: there is no Chromium on the PATH.
    """
    program = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    if program is None:
        raise FileNotFoundError(f"no Chromium on the PATH ({', '.join(PROGRAMS)})")
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=program) as browser:
        yield browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")
