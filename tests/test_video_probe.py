import logging
from fractions import Fraction

import numpy as np
import pytest
from test_video_reading import CONTAINERS, LATE
from videos import TURNS, cut_off, make_sound, make_video, turn_mp4

from actscribe.errors import ActScribeError
from actscribe.video.probe import probe


def warnings_of(caplog):
    return [record.getMessage() for record in caplog.records if record.name.startswith("actscribe")]


@pytest.mark.parametrize("name", CONTAINERS)
def test_length_rate_and_count_in_every_container(tmp_path, name, caplog):
    info = probe(make_video(tmp_path / name, 60, **CONTAINERS[name]))
    assert info.path == tmp_path / name
    assert info.duration == pytest.approx(2.4 + LATE.get(name, 0.0), abs=0.0011)
    assert info.fps == pytest.approx(25, abs=0.05)
    assert info.frames == 60
    assert (info.width, info.height, info.rotation) == (64, 48, 0)
    assert not info.variable_frame_rate
    assert warnings_of(caplog) == []


def test_codec_and_other_rates(tmp_path):
    ntsc = probe(make_video(tmp_path / "a.mkv", 90, fps=Fraction(30000, 1001)))
    assert ntsc.fps == pytest.approx(29.97, abs=0.02)
    assert not ntsc.variable_frame_rate
    assert ntsc.codec == "h264"
    assert probe(make_video(tmp_path / "a.avi", 5, codec="mpeg4")).codec == "mpeg4"
    single = probe(make_video(tmp_path / "one.mp4", 1))
    assert (single.frames, single.duration, single.fps, single.variable_frame_rate) == (1, 0.04, 25.0, False)


def test_variable_rate_is_found(tmp_path):
    phone = make_video(tmp_path / "phone.mp4", 100, pts=lambda i: i * 33 + (i % 7) * 4, time_base=Fraction(1, 1000))
    assert probe(phone).variable_frame_rate
    dropped = make_video(tmp_path / "dropped.mp4", 300, pts=lambda i: i + (i > 100))
    assert not probe(dropped).variable_frame_rate  # one frame in three hundred was dropped


def test_duration_counts_from_where_the_sound_begins(tmp_path):
    info = probe(make_video(tmp_path / "late.mp4", 50, pts=lambda i: i + 20, sound_s=1.0))
    assert info.duration == pytest.approx(2.8, abs=0.01)
    info = probe(make_video(tmp_path / "long_sound.mp4", 50, sound_s=5.0))
    assert info.duration == pytest.approx(2.0, abs=0.001)


def test_what_an_edit_list_cuts_away_does_not_count(tmp_path):
    info = probe(make_video(tmp_path / "trimmed.mp4", 60, pts=lambda i: i - 20))
    assert (info.frames, info.duration) == (40, 1.6)


@pytest.mark.parametrize("degrees", TURNS)
def test_turned_videos_have_the_size_of_an_upright_frame(tmp_path, degrees):
    video = turn_mp4(make_video(tmp_path / "a.mp4", 3, size=(64, 48)), TURNS[degrees])
    info = probe(video)
    assert info.rotation == degrees
    assert (info.width, info.height) == ((48, 64) if degrees in (90, 270) else (64, 48))


def test_pixels_are_made_square(tmp_path):
    info = probe(make_video(tmp_path / "wide.mp4", 3, size=(64, 48), pixel_aspect=Fraction(3, 2)))
    assert (info.width, info.height) == (96, 48)


@pytest.mark.parametrize("stated", [0, 1, 600_000])
def test_a_wrong_length_in_the_header_is_not_believed(tmp_path, stated, caplog):
    video = make_video(tmp_path / "a.mp4", 100)
    data = bytearray(video.read_bytes())
    for box, offset in ((b"mvhd", 16), (b"tkhd", 20), (b"mdhd", 16)):  # 32-bit durations, version 0
        position = data.index(box) + 4 + offset
        data[position : position + 4] = stated.to_bytes(4, "big")
    video.write_bytes(data)
    assert probe(video).duration == pytest.approx(4.0, abs=0.001)


def test_a_header_that_promises_more_than_the_file_holds_is_mentioned(tmp_path, caplog):
    options = {"options": {"x264-params": "keyint=25"}, "container_options": {"movflags": "faststart"}}
    video = cut_off(make_video(tmp_path / "broken.mp4", 500, **options), 0.5)
    with caplog.at_level(logging.WARNING):
        info = probe(video)
    assert 2 < info.duration < 12
    assert info.frames == pytest.approx(info.duration * 25, abs=3)
    (line,) = warnings_of(caplog)
    assert "broken.mp4" in line
    assert "ends at 20.00 s" in line
    assert f"it ends at {info.duration:.2f} s" in line


def test_music_with_a_cover_picture_is_only_sound(tmp_path):
    import av

    cover = make_video(tmp_path / "cover.png", 1, codec="png", pixel_format="rgb24", container="image2").read_bytes()
    song = tmp_path / "song.m4a"
    plain = make_sound(tmp_path / "plain.m4a")
    with av.open(str(plain)) as source, av.open(str(song), "w", format="mp4") as target:
        sound = target.add_stream_from_template(source.streams.audio[0])
        picture = target.add_stream("png", rate=1)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "rgb24"
        picture.disposition = av.stream.Disposition.attached_pic
        for packet in source.demux(audio=0):
            if packet.size:
                packet.stream = sound
                target.mux(packet)
        packet = av.Packet(cover)
        packet.stream, packet.pts, packet.dts = picture, 0, 0
        target.mux(packet)
    with av.open(str(song)) as made:
        assert len(made.streams.video) == 1  # FFmpeg takes the cover for a video
    with pytest.raises(ActScribeError, match="only an audio stream was found"):
        probe(song)


def test_a_video_without_frames_and_one_that_cannot_be_decoded(tmp_path):
    hollow = make_video(tmp_path / "hollow.mkv", 0, sound_s=1.0)
    with pytest.raises(ActScribeError, match=r"hollow\.mkv.*holds no frame"):
        probe(hollow)
    ruined = make_video(tmp_path / "ruined.mp4", 20, codec="mpeg4")
    data = bytearray(ruined.read_bytes())
    start = data.index(b"mdat") + 4
    end = data.index(b"moov") - 4
    data[start:end] = bytes(end - start)
    ruined.write_bytes(data)
    with pytest.raises(ActScribeError, match=r"ruined\.mp4: 20 frames of mpeg4 video found, but none"):
        probe(ruined)


@pytest.mark.parametrize("name", ["missing.mp4", "talk.m4a", "noise.mp4"])
def test_what_is_no_video_is_refused_by_name(tmp_path, name):
    if name == "talk.m4a":
        make_sound(tmp_path / name)
    if name == "noise.mp4":
        (tmp_path / name).write_bytes(np.random.default_rng(0).bytes(4000))
    with pytest.raises(ActScribeError, match=name.replace(".", r"\.")):
        probe(tmp_path / name)
