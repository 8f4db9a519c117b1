"""Browsers and a ward's recordings, with the real server."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import Tab, tab
from firefox import Page, program, window

sys.path.insert(0, str(Path(__file__).parent))

from hands import B_FRAMES, HOSTILE, MILLI, SUCTION, VENTILATION, phone_ms
from review_site import Site, served, suggest, write_review_study
from videos import make_video


@pytest.fixture(scope="module")
def chromium() -> Iterator[Tab]:
    with tab() as opened:
        yield opened


@pytest.fixture(scope="module")
def firefox() -> Iterator[Page]:
    if program() is None:
        pytest.skip("no Firefox on the PATH; on Debian: apt-get install firefox-esr")
    with window() as opened:
        yield opened


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Site]:
    """An AVI that no browser plays and a phone's video to train on, and a test recording; with suggestions."""
    videos = [
        (make_video(tmp_path / "old.avi", 100, codec="mpeg4", options={"bf": "2"}), "train"),
        (make_video(tmp_path / "phone.mp4", 100, pts=phone_ms, time_base=MILLI, **B_FRAMES), "train"),
        (make_video(tmp_path / "held-out.mp4", 100, fps=20), "test"),
    ]
    write_review_study(tmp_path, videos, [VENTILATION, SUCTION, HOSTILE])
    with served(Site(tmp_path, run=suggest(tmp_path))) as site:
        yield site
