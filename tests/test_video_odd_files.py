"""Files that are odd as a whole, change, end early or are not files: read as far as they go and said, or refused."""

import logging
import os
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest
from videos import cut_off, make_video, number_of

from actscribe.errors import ActScribeError, UnreadableVideo
from actscribe.video.decoding import Pictures
from actscribe.video.opening import open_video
from actscribe.video.probe import probe
from actscribe.video.reading import frames_at


def doubts(caplog, path):
    return [r.getMessage().removeprefix(f"{path}: ") for r in caplog.records if r.name == "actscribe.video.probe"]


def shown(path, times):
    return [number_of(frame.image) for frame in frames_at(path, times)]


@pytest.fixture(autouse=True)
def _log(caplog):
    caplog.set_level(logging.WARNING)


def test_a_title_in_an_old_encoding_is_no_obstacle(tmp_path):
    video = tmp_path / "a.avi"
    with av.open(str(video), "w") as file:
        file.metadata["title"] = "Cafe Muller"
        stream = file.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(20):
            file.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")))
            assert number >= 0
        file.mux(stream.encode(None))
    video.write_bytes(video.read_bytes().replace(b"Cafe Muller", "Café Müller".encode("latin-1")))
    assert probe(video).frames == 20
    assert len(list(frames_at(video, [0.1]))) == 1


@pytest.mark.parametrize("where", ["demux", "decode"])
def test_errors_of_python_in_the_reading_are_damage(tmp_path, monkeypatch, caplog, where):
    video = make_video(tmp_path / "a.mp4", 50)
    with open_video(video) as (container, stream):

        class Odd:
            """The container, but that its third packet is an IndexError, as of a stream that FFmpeg found late."""

            format, start_time, duration = container.format, container.start_time, container.duration
            raised = False

            def demux(self, wanted):
                for number, packet in enumerate(container.demux(wanted)):
                    if number == 2 and not self.raised:
                        self.raised = True
                        raise IndexError("tuple index out of range")
                    yield packet

            def seek(self, *arguments, **more):
                container.seek(*arguments, **more)

        pictures = Pictures(video, Odd(), stream)
        assert len(list(iter(pictures.read, None))) >= 45
        pictures.report()
    assert "damaged places skipped" in caplog.text


def test_the_stream_that_is_marked_as_default_is_read(tmp_path, caplog):
    video = tmp_path / "two.mkv"
    parts = [make_video(tmp_path / f"{n}.mp4", 25 + 10 * n, size=(64, 48 + 16 * n)) for n in range(2)]
    with av.open(str(video), "w") as target:
        sources = [av.open(str(part)) for part in parts]
        streams = [target.add_stream_from_template(source.streams.video[0]) for source in sources]
        streams[0].disposition = av.stream.Disposition(0)
        streams[1].disposition = av.stream.Disposition.default
        for source, stream in zip(sources, streams, strict=True):
            for packet in source.demux(video=0):
                if packet.size:
                    packet.stream = stream
                    target.mux(packet)
            source.close()
    info = probe(video)
    assert (info.frames, info.height) == (35, 64)
    assert "it holds 2 streams of video; number 2 is read, as players do." in doubts(caplog, video)
    assert next(frames_at(video, [1.3])).image.shape == (64, 64, 3)


def test_a_pipe_a_socket_and_a_device_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(tmp_path / "socket.mp4"))
        for name, what in ((tmp_path / "pipe.mp4", "a named pipe"), (tmp_path / "socket.mp4", "a socket")):
            with pytest.raises(UnreadableVideo, match=f"{what}, expected a video file"):
                probe(name)
    with pytest.raises(UnreadableVideo, match="a device, expected a video file"):
        probe(Path("/dev/zero"))


def test_a_name_that_cannot_be_is_a_sentence(tmp_path):
    for name in ("a" * 3000, "a\0b.mp4"):
        with pytest.raises(ActScribeError, match="cannot be opened"):
            probe(tmp_path / name)


@pytest.mark.parametrize("how", ["grows", "is replaced", "vanishes"])
def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path, how):
    video = make_video(tmp_path / "a.ts", 50)
    data = video.read_bytes()
    words = {
        "grows": f"grew by {len(data):,} bytes".replace(",", "\u202f"),
        "is replaced": "was replaced",
        "vanishes": "was removed",
    }
    frames = frames_at(video, [0.1, 1.0])
    next(frames)
    if how == "grows":
        video.write_bytes(data + data)
    else:
        video.rename(tmp_path / "old.ts")
        if how == "is replaced":
            time.sleep(0.01)
            video.write_bytes(data)
    with pytest.raises(UnreadableVideo, match=f"{words[how]}.* while it was read"):
        list(frames)


def test_pictures_too_large_to_be_true_are_refused(tmp_path):
    video = make_video(tmp_path / "a.y4m", 3, codec="rawvideo", container="yuv4mpegpipe")
    assert probe(video).frames == 3
    video.write_bytes(video.read_bytes().replace(b"W64 H48", b"W64000 H48000", 1))
    with pytest.raises(UnreadableVideo, match=r"64000 x 48000 pixels|not a video that can be read"):
        probe(video)


@pytest.mark.parametrize("damage", [0, 8])
def test_a_log_level_set_by_somebody_else_does_not_hang_the_decoder(tmp_path, damage):
    """With a level set, FFmpeg's threads wait for Python's lock while the thread that closes them holds it."""
    options = {"x264-params": "keyint=10:bframes=0:scenecut=0"}
    video = make_video(tmp_path / "a.mp4", 100, options=options, size=(320, 240))
    if damage:
        from videos import spoil

        spoil(video, range(5, 90, damage))
    script = (
        "import sys, logging, av\n"
        "logging.basicConfig(level=0)\n"
        "logging.getLogger('libav').setLevel(0)\n"
        "av.logging.set_level(av.logging.DEBUG)\n"
        "from pathlib import Path\n"
        "from actscribe.video.reading import frames_at\n"
        "for _ in range(12):\n"
        "    frames = frames_at(Path(sys.argv[1]), [0.1, 1.0, 3.9])\n"
        "    for frame in frames:\n"
        "        av.logging.set_level(av.logging.DEBUG)\n"
        "print('done')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(video)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.strip() == "done", done.stderr[-2000:]


def test_a_file_that_ends_early_is_said(tmp_path, caplog):
    video = cut_off(make_video(tmp_path / "a.mkv", 500, options={"g": "25"}), 0.5)
    info = probe(video)
    assert 5 < info.duration < 15
    assert any("the file says that its video ends at 20.00 s" in line for line in doubts(caplog, video))


def test_frames_that_an_index_counts_and_that_are_not_there_are_said(tmp_path, caplog):
    video = make_video(tmp_path / "a.mp4", 40, codec="mpeg4", options={"g": "100"})
    data = bytearray(video.read_bytes())
    offset = data.index(b"mdhd") + 4 + 16
    data[offset : offset + 4] = (512).to_bytes(4, "big")  # one frame's length
    offset = data.index(b"stts") + 8
    assert struct.unpack_from(">3I", data, offset) == (1, 40, 512)
    offset = data.index(b"stsz") + 8
    assert struct.unpack_from(">2I", data, offset) == (0, 40)
    data[data.index(b"stsc") + 12 : data.index(b"stsc") + 16] = (1).to_bytes(4, "big")
    video.write_bytes(data)
    probe(video)
    assert doubts(caplog, video)


def test_a_transport_stream_that_goes_on_under_another_number_is_said(tmp_path, caplog):
    first = make_video(tmp_path / "a.ts", 100, size=(320, 240))
    other = make_video(tmp_path / "b.ts", 900, size=(320, 240), container_options={"mpegts_start_pid": "0x200"})
    video = tmp_path / "both.ts"
    video.write_bytes(first.read_bytes() + other.read_bytes())
    assert probe(video).duration == pytest.approx(4.0, abs=0.002)
    lines = doubts(caplog, video)
    assert any("its video ends at 4.00 s" in line and "what follows is something else" in line for line in lines)
