"""Time stamps that cannot be true, holes and clocks that restart: the right times, and a sentence where in doubt."""

import logging
import struct
from fractions import Fraction

import av
import numpy as np
import pytest
from videos import make_video, number_of

from actscribe.errors import UnreadableVideo
from actscribe.video.frame_times import frame_clock
from actscribe.video.probe import probe
from actscribe.video.reading import frames_at

B_FRAMES = {"x264-params": "bframes=3:b-adapt=0:keyint=25:min-keyint=25:scenecut=0"}
TICKS = 90_000
TS_PACKET = 188


def doubts(caplog, path):
    return [r.getMessage().removeprefix(f"{path}: ") for r in caplog.records if r.name == "actscribe.video.probe"]


def shown(path, times):
    return [number_of(frame.image) for frame in frames_at(path, times)]


def agree(path, frames, rate=25.0, begin=0.0):
    """Check that frame k is shown from begin + k / rate on, by whoever is asked."""
    info = probe(path)
    assert info.frames == frames
    assert info.duration == pytest.approx(begin + frames / rate, abs=0.002)
    clock = frame_clock(path)
    assert clock.edges == pytest.approx(begin + np.arange(frames + 1) / rate, abs=0.002)
    assert shown(path, begin + (np.arange(frames) + 0.5) / rate) == list(range(frames))


def packet_with_times(data, number):
    """Return where the time stamps of the PES packet `number` of a transport stream's video lie, decoding time last."""
    places = []
    for start in range(0, len(data), TS_PACKET):
        packet = data[start : start + TS_PACKET]
        if packet[1] & 0x40 and (packet[1] & 0x1F) << 8 | packet[2] == 0x100:
            body = 4 + (packet[4] + 1 if packet[3] & 0x20 else 0)
            both = packet[body + 7] & 0xC0 == 0xC0
            places.append((start + body + 9, start + body + (14 if both else 9)))
    return places[number]


def stamp(data, offset, ticks):
    """Write a time stamp of 33 bits into a PES header (ISO 13818-1, 2.4.3.6), its first four bits kept."""
    data[offset] = data[offset] & 0xF0 | ticks >> 29 & 0x0E | 1
    data[offset + 1] = ticks >> 22 & 0xFF
    data[offset + 2] = ticks >> 14 & 0xFE | 1
    data[offset + 3] = ticks >> 7 & 0xFF
    data[offset + 4] = ticks << 1 & 0xFE | 1


@pytest.fixture(autouse=True)
def _log(caplog):
    caplog.set_level(logging.WARNING)


@pytest.mark.parametrize("which", ["shown", "decoded", "both"])
@pytest.mark.parametrize("number", [0, 1, 20, 31, 74])
@pytest.mark.parametrize("seconds", [11_793, 5_000.5, 40])
def test_one_damaged_time_stamp_moves_nothing(tmp_path, caplog, which, number, seconds):
    video = make_video(tmp_path / "a.ts", 75, options=B_FRAMES)
    data = bytearray(video.read_bytes())
    places = packet_with_times(data, number)
    for offset in {"shown": places[:1], "decoded": places[1:], "both": places}[which]:
        stamp(data, offset, round(seconds * TICKS))
    video.write_bytes(data)
    info = probe(video)
    assert info.frames == 75
    assert info.duration == pytest.approx(3.0, abs=0.17)  # the first picture's own delay is lost with its time stamp
    if number:
        agree(video, 75)
    assert any("damaged time stamps at" in line for line in doubts(caplog, video)) or number == 0


@pytest.mark.parametrize("suffix", ["ts", "mpg", "flv"])
def test_a_clock_that_restarts_counts_on_and_is_said(tmp_path, caplog, suffix):
    codec = {} if suffix != "mpg" else {"codec": "mpeg2video"}
    video = make_video(tmp_path / f"a.{suffix}", 100, **codec)
    part = video.read_bytes()
    if suffix == "flv":
        video.write_bytes(part + part[13:])  # tags again, without the file's head
    else:
        video.write_bytes(part + part)
    info = probe(video)
    assert info.frames == 200
    assert info.duration == pytest.approx(8.0, abs=0.13)
    assert shown(video, [0.5, 3.9, 5.0, 7.5])[:2] == [12, 97]
    assert shown(video, [0.5, 3.9, 5.0, 7.5])[2] == pytest.approx(25, abs=3)
    lines = doubts(caplog, video)
    (line,) = (line for line in lines if "clock is reset" in line)
    restart = float(line.split(" at ")[1].split(" s")[0])
    assert restart == pytest.approx(4.0, abs=0.13)


def test_a_clock_of_33_bits_that_wraps_round_twice_goes_on(tmp_path, caplog):
    wrap = 1 << 33
    video = make_video(tmp_path / "a.ts", 75, options=B_FRAMES)
    data = bytearray(video.read_bytes())
    for number in range(75):
        for offset in sorted(set(packet_with_times(data, number))):
            old = (data[offset] >> 1 & 7) << 30 | data[offset + 1] << 22 | (data[offset + 2] >> 1) << 15
            old |= data[offset + 3] << 7 | data[offset + 4] >> 1
            stamp(data, offset, (old + wrap - 50 * 3600) % wrap)
    video.write_bytes(data)
    agree(video, 75)
    assert doubts(caplog, video) == []
    three_days = [number * 60 * TICKS + 5 for number in range(3 * 24 * 60)]
    assert mended([ticks % wrap for ticks in three_days], wrap=wrap, step=60 * TICKS) == three_days


def mended(stamps, wrap=None, step=3600, last=None):
    from actscribe.video.timestamps import Mender, Repairs

    class Packet:
        def __init__(self, ticks):
            self.pts = self.dts = ticks
            self.duration = step

    mender = Mender(
        iter([Packet(ticks) for ticks in stamps]), step=step, second=TICKS, wrap=wrap, last=last, repairs=Repairs()
    )
    return [packet.pts for packet in mender]


def test_what_is_true_is_never_touched():
    rng = np.random.default_rng(0)
    for _ in range(300):
        steps = rng.choice([1, 3000, 3600, 90_000, 900_000, 9_000_000], size=40, p=[0.1, 0.4, 0.4, 0.05, 0.03, 0.02])
        stamps = np.cumsum(steps).tolist()
        assert mended(stamps, last=stamps[-1]) == stamps


def test_bursts_of_damage_between_good_packets_are_bridged():
    rng = np.random.default_rng(1)
    for _ in range(300):
        good = [3600 * number for number in range(60)]
        stamps = list(good)
        for begin in rng.choice([8, 16, 24, 32, 40], size=2, replace=False):
            for index in range(begin, begin + rng.integers(1, 5)):
                stamps[index] = int(rng.integers(1 << 33))
        assert mended(stamps, wrap=1 << 33) == good


def test_a_hole_of_a_transport_stream_is_kept_and_said(tmp_path, caplog):
    video = tmp_path / "hole.ts"
    whole = make_video(tmp_path / "whole.ts", 150, options=B_FRAMES)
    with av.open(str(whole)) as source, av.open(str(video), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(p for p in source.demux(video=0) if p.size):
            if not 50 <= number < 100:  # two of six groups of pictures
                packet.stream = stream
                target.mux(packet)
    info = probe(video)
    assert (info.frames, info.duration) == (100, pytest.approx(6.0, abs=0.002))
    assert shown(video, [1.0, 1.9, 3.0, 4.1, 5.9]) == [25, 47, 49, 102, 147]
    (line,) = doubts(caplog, video)
    assert line == "no new picture from 1.96 to 4.00 s; the one before is shown instead."


def test_a_freeze_among_pictures_stored_out_of_order_ends_with_the_last_picture(tmp_path, caplog):
    video = tmp_path / "freeze.mp4"
    make_video(video, 60, options=B_FRAMES, pts=lambda i: i if i < 50 else i + 190, time_base=Fraction(1, 25))
    info = probe(video)
    assert info.duration == pytest.approx(10.0, abs=1e-3)
    assert frame_clock(video).edges[-1] == info.duration
    assert doubts(caplog, video) == []


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize("b_frames", [0, 3])
def test_a_last_picture_that_lasts_is_as_long_as_its_file_says(tmp_path, caplog, suffix, b_frames):
    """Slides: one picture every two seconds, the last one for three."""
    video = tmp_path / f"slides.{suffix}"
    with av.open(str(video), "w") as file:
        stream = file.add_stream("libx264", rate=1, options={"x264-params": f"bframes={b_frames}"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for number in range(6):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 40 * number, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number * 2000, Fraction(1, 1000)
            for packet in stream.encode(frame):
                packet.duration = 2000
                file.mux(packet)
        for packet in stream.encode(None):
            packet.duration = 3000 if packet.pts == 10_000 else 2000
            file.mux(packet)
    assert probe(video).duration == pytest.approx(13.0 if b_frames == 0 and suffix == "mkv" else 12.5, abs=0.6)
    assert doubts(caplog, video) == []


def test_an_avi_whose_header_makes_each_picture_last_a_year_is_refused(tmp_path):
    video = make_video(tmp_path / "a.avi", 75, codec="mpeg4")
    data = bytearray(video.read_bytes())
    offset = data.index(b"strh") + 8 + 20
    assert struct.unpack_from("<II", data, offset) == (1, 25)  # scale, rate
    struct.pack_into("<II", data, offset, 0x7FFFFFFF, 50)
    video.write_bytes(data)
    with pytest.raises(UnreadableVideo, match=r"its 75 frames claim to last 37,283 days, expected at most 31"):
        probe(video)
    struct.pack_into("<II", data, offset, 3600, 1)
    video.write_bytes(data)
    assert probe(video).duration == 75 * 3600


def test_pictures_that_last_hours_are_asked_about(tmp_path, caplog):
    video = make_video(tmp_path / "a.mkv", 5, pts=lambda i: i * 3600 * 25)
    assert probe(video).duration == pytest.approx(4 * 3600, rel=0.3)
    assert any("each picture lasts 3600 s; is that so?" in line for line in doubts(caplog, video))


def test_one_matroska_time_stamp_beyond_the_end_moves_nothing(tmp_path, caplog):
    video = make_video(tmp_path / "a.mkv", 300, options={"g": "50"}, container_options={"cluster_time_limit": "1000"})
    data = bytearray(video.read_bytes())
    cluster = [offset for offset in range(len(data) - 8) if data[offset : offset + 4] == b"\x1f\x43\xb6\x75"][3]
    offset = data.index(b"\xe7", cluster)  # the cluster's time stamp
    size = data[offset + 1] & 0x7F
    data[offset + 2 : offset + 2 + size] = (0x7FFFFF).to_bytes(size, "big") if size == 3 else b"\x7f\xff"
    video.write_bytes(data)
    info = probe(video)
    assert info.frames == 300
    assert info.duration == pytest.approx(12.0, abs=0.1)
    assert doubts(caplog, video)


def test_a_first_picture_that_comes_late_is_said(tmp_path, caplog):
    video = make_video(tmp_path / "late.mp4", 50, pts=lambda i: i + 250)
    agree(video, 50, begin=10.0)
    assert doubts(caplog, video)[0] == "its first picture comes at 10.00 s; before that there is nothing to see."


@pytest.mark.parametrize("suffix", ["flv", "mkv"])
def test_time_stamps_below_zero_and_twice_the_same(tmp_path, suffix):
    video = make_video(tmp_path / f"a.{suffix}", 60, pts=lambda i: i - (i > 30), options={"bf": "0"})  # 30 and 31: one
    info = probe(video)
    assert info.duration == pytest.approx(2.36, abs=0.09)
    assert shown(video, [0.5, 1.1, 2.3])[::2] == [12, 58]
