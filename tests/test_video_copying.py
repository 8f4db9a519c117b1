"""Copies of videos with other sound: the same packets of pictures, shown at the same times, or no copy at all."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from sound_films import film
from video_matrix import MATRIX
from videos import cut_off, make_video

from actscribe.video.contained import contained
from actscribe.video.copying import copied
from actscribe.video.frame_times import frame_times
from actscribe.video.probe import measure


def copy(video: Path) -> tuple[str | None, Path, list[float]]:
    parts: list[float] = []
    target = video.with_name("copy.mp4")
    return copied(video, target, 60.0, parts.append), target, parts


def packets(file: Path) -> list[bytes]:
    with av.open(str(file)) as opened:
        return [bytes(one) for one in opened.demux(video=0) if one.size]


#: Of the matrix, what browsers show as it is.
SHOWN = (
    *("h264.mp4", "h264-b.mp4", "h264-b.mov", "vp9.mp4", "vp9.webm", "av1.mp4", "fragments.mp4", "no-edit-list.mp4"),
    *("variable.mp4", "variable.webm", "freeze.mp4", "late.mp4", "late.mov", "trimmed.mp4", "sound.mp4", "ntsc.mp4"),
    *("sound-first.mp4", "slow.mp4", "fast.mp4", "turned.mp4", "turned.mov", "cropped.mp4", "wide-pixels.mp4"),
    *("full-range.mp4", "one-frame.mp4"),
)


@pytest.mark.parametrize("name", SHOWN)
def test_a_copy_shows_the_same_frames_at_the_same_times(name: str, tmp_path: Path) -> None:
    video = MATRIX[name](tmp_path / name)
    left_out, target, parts = copy(video)
    assert left_out == ""
    assert packets(target) == packets(video)
    np.testing.assert_allclose(frame_times(target)[0], frame_times(video)[0], rtol=0, atol=1e-6)
    one, other = measure(video), measure(target)
    assert (other.rotation, other.width, other.height) == (one.rotation, one.width, one.height)
    assert parts == sorted(parts)
    assert 0 <= parts[0] <= parts[-1] <= 1


def test_what_mp4_does_not_hold_is_not_copied(tmp_path: Path) -> None:
    video = make_video(tmp_path / "a.webm", 10, codec="libvpx", options={"deadline": "realtime", "cpu-used": "8"})
    assert copy(video)[0] is None


def test_a_copy_that_would_show_other_times_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = make_video(tmp_path / "a.mp4", 20)
    monkeypatch.setattr(
        "actscribe.video.copying.frame_times", lambda path: (np.arange(20) / (25 + len(path.stem)), 1.0)
    )
    assert copy(video)[0] is None


def test_the_child_copies_as_this_process_does(tmp_path: Path) -> None:
    video = film(tmp_path / "a.mp4", "ac3", 48_000, picture="libx264")
    own = copy(video)
    own_bytes = own[1].read_bytes()
    with contained():
        there = copy(video)
    assert there[0] == own[0] == ""
    assert there[1].read_bytes() == own_bytes
    assert there[2]


def test_a_video_without_its_index_is_no_copy(tmp_path: Path) -> None:
    with contained():
        assert copy(cut_off(make_video(tmp_path / "a.mp4", 20), 0.5))[0] is None
