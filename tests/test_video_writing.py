import errno
import os
import subprocess
import sys
from fractions import Fraction

import av
import numpy as np
import pytest
from videos import number_of, numbered

from actscribe.errors import ActScribeError
from actscribe.video.writing import write_video


def decoded(path):
    with av.open(str(path)) as file:
        return [(frame.time, frame.to_ndarray(format="rgb24")) for frame in file.decode(video=0)]


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.mov"])
def test_frames_come_back_at_their_times(tmp_path, name):
    path = tmp_path / "new folder" / name
    assert write_video(path, (numbered(i) for i in range(40)), 12.5) == 40
    frames = decoded(path)
    assert [number_of(image) for _, image in frames] == list(range(40))
    np.testing.assert_allclose([time for time, _ in frames], np.arange(40) / 12.5, atol=0.0006)


def test_rate_codec_and_keyframes(tmp_path):
    write_video(tmp_path / "a.mp4", [numbered(i) for i in range(60)], 29.97, gop=15)
    with av.open(str(tmp_path / "a.mp4")) as file:
        stream = file.streams.video[0]
        assert stream.average_rate == Fraction(2997, 100)
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        keys = [
            packet.pts * stream.time_base * stream.average_rate for packet in file.demux(stream) if packet.is_keyframe
        ]
    assert max(np.diff([float(key) for key in keys])) <= 15.01


def test_the_same_frames_give_the_same_bytes(tmp_path):
    for suffix in ("mp4", "mkv"):
        files = [tmp_path / f"{i}.{suffix}" for i in range(2)]
        for file in files:
            write_video(file, [numbered(i, 160, 120) for i in range(30)], 25)
        assert files[0].read_bytes() == files[1].read_bytes()


WRITE_SMALL = """
import sys
import cv2
import numpy as np
from actscribe.video.writing import write_video
for number in range(2, 6):
    rng = np.random.default_rng(number)
    wide = cv2.GaussianBlur(rng.integers(0, 255, (109, 109, 3)).astype(np.uint8), (0, 0), 2)
    wide = cv2.normalize(wide, None, 0, 249, cv2.NORM_MINMAX)
    frames = [wide[k // 2 :][:34, k : k + 34] + rng.integers(0, 6, (34, 34, 3)).astype(np.uint8) for k in range(75)]
    write_video(f"{sys.argv[1]}/{number}.mp4", frames, 12.5, crf=30)
"""


def test_what_lies_in_memory_does_not_change_the_bytes_of_a_small_picture(tmp_path):
    written = []
    for filler in ("1", "255"):  # glibc fills fresh memory with it; x264's macroblock tree used to read some of it
        folder = tmp_path / filler
        folder.mkdir()
        command = [sys.executable, "-c", WRITE_SMALL, str(folder)]
        subprocess.run(command, check=True, env={**os.environ, "MALLOC_PERTURB_": filler})
        written.append([path.read_bytes() for path in sorted(folder.iterdir())])
    assert len(written[0]) == 4
    assert written[0] == written[1]


def test_an_odd_size_gains_one_row_and_column(tmp_path):
    image = np.random.default_rng(0).integers(60, 200, (5, 7), dtype=np.uint8).repeat(9, 0).repeat(9, 1)
    write_video(tmp_path / "a.mp4", [np.repeat(image[..., None], 3, axis=2)] * 3, 25, crf=1)
    (_, back), *_ = decoded(tmp_path / "a.mp4")
    assert back.shape == (46, 64, 3)
    np.testing.assert_allclose(back[:45, :63, 0], image, atol=4)
    np.testing.assert_allclose(back[45, :63, 0], image[44], atol=4)


def test_a_better_quality_is_nearer_and_larger(tmp_path):
    noisy = np.random.default_rng(1).integers(0, 255, (64, 64, 3), dtype=np.uint8).astype(float)
    frames = [np.roll(noisy, i, axis=1).astype(np.uint8) for i in range(10)]
    sizes, errors = [], []
    for crf in (10, 30, 45):
        write_video(tmp_path / f"{crf}.mp4", frames, 25, crf=crf)
        sizes.append((tmp_path / f"{crf}.mp4").stat().st_size)
        errors.append(np.abs(decoded(tmp_path / f"{crf}.mp4")[5][1].astype(float) - frames[5]).mean())
    assert sizes == sorted(sizes, reverse=True)
    assert errors == sorted(errors)


@pytest.mark.parametrize(
    "frames",
    [
        [],
        [numbered(0), numbered(1, 32, 32)],
        [numbered(0).astype(np.float32)],
        [numbered(0)[..., 0]],
        [numbered(0)[..., :1]],
    ],
)
def test_bad_frames_leave_no_file(tmp_path, frames):
    with pytest.raises(ValueError, match="frame"):
        write_video(tmp_path / "a.mp4", frames, 25)
    assert list(tmp_path.iterdir()) == []


def test_an_error_while_drawing_leaves_the_old_file(tmp_path):
    write_video(tmp_path / "a.mp4", [numbered(7)], 25)
    before = (tmp_path / "a.mp4").read_bytes()

    def breaking():
        yield numbered(1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_video(tmp_path / "a.mp4", breaking(), 25)
    assert (tmp_path / "a.mp4").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_a_full_disk_is_named(tmp_path):
    def full():
        yield numbered(1)
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(ActScribeError, match=r"a\.mp4: the disk is full"):
        write_video(tmp_path / "a.mp4", full(), 25)
    assert list(tmp_path.iterdir()) == []
