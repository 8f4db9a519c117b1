"""A part of the matrix of `make campaign-video-matrix`, with the programs that are here."""

from collections.abc import Iterator

import pytest
from chromium import PROGRAMS, Tab, tab
from video_matrix import MATRIX, compare
from video_players import installed

IN_CHROMIUM = ("h264-b.mp4", "vp9.webm", "freeze.mp4", "late.mp4", "late.webm", "no-edit-list.mp4", "turned.mp4")
ELSEWHERE = ("h264-b.ts", "mpeg2-b.mpg", "variable.flv", "late.mkv", "two-sizes.ts", "wmv2.wmv", "gif.gif")


@pytest.fixture(scope="module")
def browser() -> Iterator[Tab]:
    if not any(installed(program) for program in PROGRAMS):
        pytest.skip(f"no Chromium on the PATH ({', '.join(PROGRAMS)})")
    with tab() as one:
        yield one


@pytest.mark.parametrize("name", IN_CHROMIUM)
def test_chromium_shows_the_same_frame(tmp_path, browser, name):
    compared = compare(MATRIX[name](tmp_path / name), browser, ("chromium",))
    assert compared.problems == ()
    assert compared.agree["chromium"]


@pytest.mark.parametrize("name", ELSEWHERE)
@pytest.mark.skipif(not installed("ffprobe"), reason="no ffprobe on the PATH")
def test_ffprobe_shows_each_frame_at_the_same_time(tmp_path, name):
    compared = compare(MATRIX[name](tmp_path / name), None, ("ffprobe",))
    assert compared.problems == ()
    assert compared.agree["ffprobe"]


@pytest.mark.parametrize("name", ["late.mp4", "freeze.mp4", "late.mkv"])
@pytest.mark.skipif(not installed("mpv"), reason="no mpv on the PATH")
def test_mpv_shows_the_same_frame(tmp_path, name):
    compared = compare(MATRIX[name](tmp_path / name), None, ("mpv",))
    assert compared.problems == ()
    assert compared.agree["mpv"]
