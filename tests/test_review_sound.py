"""The sound of a video that is converted for the browser: clicks that are put at known samples are heard there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from sound_films import CLICKS, film
from videos import make_video

from actscribe.review import cameras
from actscribe.review.cameras import Conversions
from actscribe.video.contained import contained
from actscribe.video.sound import RATE, sound_of

#: What a lossy codec may smear of a click, in seconds.
SMEAR_S = 0.002


def converted(video: Path) -> tuple[Conversions, Path]:
    made = Conversions(video.parent / "prepared")
    made.finish(video)
    (file,) = made.folder.glob("*.mp4")
    return made, file


def clicks(file: Path) -> list[float]:
    """Return when something is heard of which the 50 ms before hold nothing, by FFmpeg's own clock."""
    rows, first = [], 0.0
    with av.open(str(file)) as opened:
        for frame in opened.decode(audio=0):
            if not rows:
                first = frame.time or 0.0
            rows.append(frame.to_ndarray().astype(np.float64)[0])
        rate = opened.streams.audio[0].rate
    loud = np.flatnonzero(np.abs(np.concatenate(rows)) > 0.3) / rate + first
    return [float(time) for time, before in zip(loud, [-1.0, *loud], strict=False) if time - before > 0.05]


def tracks(file: Path) -> list[Any]:
    with av.open(str(file)) as opened:
        return [(one.type, one.codec_context.name) for one in opened.streams]


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("pcm.avi", {}),
        ("mono.avi", {"layout": "mono", "rate": 16_000}),
        ("pcm.mov", {}),
        ("late.mkv", {"begins": 0.4}),
        ("pictures-late.mkv", {"begins_picture": 0.4}),
        ("pause.mkv", {"pause": (0.8, 1.36)}),
    ],
)
def test_what_is_heard_is_heard_at_the_same_time(name: str, how: dict[str, Any], tmp_path: Path) -> None:
    video = film(tmp_path / name, **how)
    made, file = converted(video)
    assert tracks(file) == [("video", "h264"), ("audio", "aac")]
    begins = how.get("begins", 0.0)
    heard = [click + begins for click in CLICKS if click + begins < 2.0]  # when the pictures end
    np.testing.assert_allclose(clicks(file), heard, atol=SMEAR_S)
    times, _ = made.times(video)
    with av.open(str(file)) as opened:
        shown = sorted(float(packet.pts * packet.time_base) for packet in opened.demux(video=0) if packet.size)
    np.testing.assert_allclose(shown, times, atol=1e-6)
    assert made.left_out(video) == ""


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("ac3.mp4", "ac3", 48_000),
        ("eac3.mp4", "eac3", 44_100),
        ("alac.mov", "alac", 44_100),
        ("pcm.mov", "pcm_s16le", 44_100),
    ],
)
def test_pictures_that_play_are_copied_and_their_sound_is_made_to_play(
    name: str, codec: str, rate: int, tmp_path: Path
) -> None:
    video = film(tmp_path / name, codec, rate, picture="libx264")
    made, file = converted(video)
    assert made.about(video).served_as == ""
    assert tracks(file) == [("video", "h264"), ("audio", "aac")]
    assert pictures(file) == pictures(video)
    np.testing.assert_allclose(clicks(file), CLICKS, atol=SMEAR_S)
    assert made.left_out(video) == ""


def pictures(file: Path) -> list[tuple[float, bytes]]:
    """Return the packets of pictures as they are stored, each with its time of showing."""
    with av.open(str(file)) as opened:
        return [(float(one.pts * one.time_base), bytes(one)) for one in opened.demux(video=0) if one.size]


@pytest.mark.parametrize("codec", ["aac", "libmp3lame", "libopus", "flac"])
def test_what_is_heard_in_every_browser_is_served_as_it_is(codec: str, tmp_path: Path) -> None:
    video = film(tmp_path / "a.mp4", codec, 48_000, picture="libx264")
    made = Conversions(tmp_path / "prepared")
    assert made.playable(video) == (video, "video/mp4")
    silent = make_video(tmp_path / "silent.mp4", 10)
    assert made.playable(silent) == (silent, "video/mp4")


def test_pictures_that_cannot_be_copied_are_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = film(tmp_path / "a.mp4", "ac3", 48_000, picture="libx264")
    monkeypatch.setattr(cameras, "copied", lambda *how: None)
    made, file = converted(video)
    assert tracks(file) == [("video", "h264"), ("audio", "aac")]
    assert pictures(file) != pictures(video)
    np.testing.assert_allclose([time for time, _ in sorted(pictures(file))], made.times(video)[0], atol=1e-6)


def test_a_video_without_sound_stays_without(tmp_path: Path) -> None:
    _, file = converted(make_video(tmp_path / "a.avi", 10, codec="mpeg4"))
    assert tracks(file) == [("video", "h264")]


def test_sound_after_the_last_picture_is_left_out(tmp_path: Path) -> None:
    video = film(tmp_path / "long.mkv", begins=1.0)
    _, file = converted(video)
    assert clicks(file) == pytest.approx([1.1, 1.75], abs=SMEAR_S)


def test_sound_that_cannot_be_decoded_is_left_out_and_said(tmp_path: Path) -> None:
    video = film(tmp_path / "a.avi")
    data = video.read_bytes()
    offset = data.index(b"auds")  # the header of the stream, and behind it its format, whose first number is the codec
    offset = data.index(b"strf", offset) + 8
    assert data[offset : offset + 2] == b"\x01\x00"
    video.write_bytes(data[:offset] + b"\x77\x77" + data[offset + 2 :])
    made, file = converted(video)
    assert tracks(file) == [("video", "h264")]
    assert made.left_out(video).startswith("Shown without its sound. ")
    assert "a.avi: its sound" in made.left_out(video)
    assert len(made.times(video)[0]) == 50


def test_the_child_gives_the_sound_that_this_process_does(tmp_path: Path) -> None:
    video = film(tmp_path / "a.mkv", begins=0.25)
    own = np.concatenate(list(sound_of(video, 1.5)))
    with contained():
        there = np.concatenate(list(sound_of(video, 1.5)))
    np.testing.assert_array_equal(own, there)
    assert own.shape == (1.5 * RATE, 2)
    assert not own[: RATE // 4].any()
    assert own[round(0.3505 * RATE)].tolist() == [25_000, 25_000]


def test_a_clock_that_jumps_is_no_end_of_memory(tmp_path: Path) -> None:
    video = film(tmp_path / "a.mkv", begins=40_000.0)
    assert sum(len(piece) for piece in sound_of(video, 2.0)) <= 2.0 * RATE
