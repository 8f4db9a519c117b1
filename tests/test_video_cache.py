import errno
import itertools
import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from videos import make_video, number_of

from actscribe.errors import ActScribeError
from actscribe.files import content_hash
from actscribe.video import cache as cache_module
from actscribe.video.cache import FrameCache, default_cache
from actscribe.video.reading import frames_at

TIMES = (np.arange(20) + 0.5) / 10
MIB = 2**20


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return make_video(tmp_path_factory.mktemp("videos") / "a.mkv", 50, codec="ffv1", size=(96, 64))


def entries(root):
    return sorted(path.name for path in root.iterdir() if not path.name.startswith("."))


def leftovers(root):
    return [path for path in root.iterdir() if path.name.startswith(".")]


def decode_count(monkeypatch):
    calls = []

    def counting(*arguments):
        calls.append(arguments)
        return frames_at(*arguments)

    monkeypatch.setattr(cache_module, "frames_at", counting)
    return calls


def test_cached_frames_are_the_decoded_ones_and_are_decoded_once(video, tmp_path, monkeypatch):
    calls = decode_count(monkeypatch)
    direct = list(frames_at(video, TIMES, 48))
    for _ in range(3):
        cached = FrameCache(tmp_path / "new" / "cache", MIB).frames(video, "abc", TIMES, 48)
        assert len(cached) == 20
        np.testing.assert_array_equal(cached.pts, [frame.pts for frame in direct])
        np.testing.assert_array_equal(cached.times, TIMES)
        for index in (19, 0, 7, 7):
            np.testing.assert_array_equal(cached[index], direct[index].image)
            assert number_of(cached[index]) == int(TIMES[index] * 25)
    assert len(calls) == 1
    assert leftovers(tmp_path / "new" / "cache") == []


def test_content_times_and_size_are_the_key_and_the_file_name_is_not(video, tmp_path):
    cache = FrameCache(tmp_path, MIB)
    elsewhere = video.rename(video.with_name("b.mkv"))
    try:
        one = cache.frames(elsewhere, content_hash(elsewhere), TIMES, 48)
    finally:
        elsewhere.rename(video)
    assert cache.frames(video, content_hash(video), TIMES, 48) is one
    cache.frames(video, content_hash(video), TIMES[:-1], 48)
    cache.frames(video, content_hash(video), TIMES, 32)
    cache.frames(video, "other content", TIMES, 48)
    assert len(entries(tmp_path)) == 4
    assert cache.size() == sum((tmp_path / name).stat().st_size for name in entries(tmp_path))


def test_images_are_read_only(video, tmp_path):
    cached = FrameCache(tmp_path, MIB).frames(video, "abc", TIMES, 48)
    with pytest.raises(ValueError, match="read-only"):
        cached[0][0] = 0


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_entry_used_longest_ago_goes_first_and_the_limit_holds(video, tmp_path, order):
    size = 20 * 48 * 72 * 3
    limit = 3 * (size + 1000)
    names = []
    for number in range(3):
        FrameCache(tmp_path, limit).frames(video, f"video {number}", TIMES, 48)
        names += set(entries(tmp_path)) - set(names)
    for age, number in enumerate(order):
        os.utime(tmp_path / names[number], (1000 + age, 1000 + age))
    FrameCache(tmp_path, limit).frames(video, f"video {order[0]}", TIMES, 48)  # used again: now the newest
    FrameCache(tmp_path, limit).frames(video, "video 3", TIMES, 48)
    left = entries(tmp_path)
    assert len(left) == 3
    assert names[order[1]] not in left
    assert FrameCache(tmp_path, limit).size() <= limit


def test_an_entry_in_use_is_never_removed(video, tmp_path):
    size = 20 * 48 * 72 * 3
    cache = FrameCache(tmp_path, 2 * size + 2000)
    held = cache.frames(video, "video 0", TIMES, 48)
    for name in entries(tmp_path):
        os.utime(tmp_path / name, (0, 0))
    for number in range(1, 4):
        cache.frames(video, f"video {number}", TIMES, 48)
        assert len(entries(tmp_path)) == 2
    assert cache.frames(video, "video 0", TIMES, 48) is held
    with pytest.raises(ActScribeError, match=r"do not fit into the frame cache") as caught:
        cache.frames(video, "large", TIMES, 64)
    assert "ACTSCRIBE_CACHE_GIB" in caught.value.hint
    assert "a.mkv" in caught.value.message
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("kept", [0, 5, 60, 128, 50_000, -1])
def test_an_entry_cut_short_is_decoded_again(video, tmp_path, kept, monkeypatch):
    FrameCache(tmp_path, MIB).frames(video, "abc", TIMES, 48)
    (name,) = entries(tmp_path)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[:kept])
    calls = decode_count(monkeypatch)
    cached = FrameCache(tmp_path, MIB).frames(video, "abc", TIMES, 48)
    assert len(calls) == 1
    assert number_of(cached[19]) == 48
    assert (tmp_path / name).read_bytes() == whole


def test_a_flipped_bit_anywhere_is_decoded_again(video, tmp_path, monkeypatch, caplog):
    made = FrameCache(tmp_path, MIB).frames(video, "abc", TIMES, 48)
    right, pts = [image.copy() for image in made], made.pts.copy()
    del made
    (name,) = entries(tmp_path)
    whole = (tmp_path / name).read_bytes()
    end = len(whole) - 20 * 48 * 72 * 3
    rng = np.random.default_rng(0)
    places = [
        *range(0, 128, 3),
        *rng.integers(128, len(whole), 9),
        *rng.integers(len(whole) - end + 128, len(whole), 30),
    ]
    calls = decode_count(monkeypatch)
    for offset in places:
        bad = bytearray(whole)
        bad[offset] ^= 1 << int(rng.integers(8))
        (tmp_path / name).write_bytes(bad)
        with caplog.at_level("WARNING"):
            caplog.clear()
            cached = FrameCache(tmp_path, MIB).frames(video, "abc", TIMES, 48)
            for image, expected in zip(cached, right, strict=True):
                np.testing.assert_array_equal(image, expected)
        np.testing.assert_array_equal(cached.pts, pts)
        del cached
        if offset >= 128:  # in the header a flip may leave the same array, such as in its padding
            assert f"{video}: damaged in the frame cache" in caplog.text
            assert (tmp_path / name).read_bytes() == whole
    assert len(calls) > 60


def test_an_entry_damaged_while_it_is_held_is_decoded_again(video, tmp_path, monkeypatch):
    cached = FrameCache(tmp_path, 20 * 48 * 72 * 3 + 1000).frames(video, "abc", TIMES, 48)  # room for no second copy
    calls = decode_count(monkeypatch)
    (name,) = entries(tmp_path)
    with (tmp_path / name).open("r+b") as file:
        file.seek(50_000)
        file.write(b"\0\1\2\3" * 100)
    assert [number_of(image) for image in cached] == [int(moment * 25) for moment in TIMES]
    assert len(calls) == 1


def test_a_disk_that_changes_what_it_is_given_is_named(video, tmp_path, monkeypatch):
    cached = FrameCache(tmp_path, MIB).frames(video, "abc", TIMES, 48)
    counted = itertools.count()
    monkeypatch.setattr(cache_module.zlib, "crc32", lambda data: next(counted))
    monkeypatch.setattr(cache_module, "_open", lambda *given: cached.entry)
    with pytest.raises(ActScribeError, match="twice in a row") as caught:
        cached[3]
    assert "ACTSCRIBE_CACHE" in caught.value.hint


def test_an_entry_of_other_data_is_decoded_again(video, tmp_path):
    FrameCache(tmp_path, MIB).frames(video, "abc", TIMES, 48)
    (name,) = entries(tmp_path)
    np.save(tmp_path / name, np.zeros((3, 4)))
    assert number_of(FrameCache(tmp_path, MIB).frames(video, "abc", TIMES, 48)[3]) == 8


def _frames_in_another_process(video, root, results, start):
    start.wait()
    cached = FrameCache(root, MIB).frames(video, "abc", TIMES, 48)
    results.put([number_of(image) for image in cached])


def test_two_processes_at_once(video, tmp_path):
    context = multiprocessing.get_context("spawn")
    results, start = context.Queue(), context.Event()
    processes = [
        context.Process(target=_frames_in_another_process, args=(video, tmp_path, results, start)) for _ in range(2)
    ]
    for process in processes:
        process.start()
    start.set()
    got = [results.get(timeout=500) for _ in processes]
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert got == [[int(moment * 25) for moment in TIMES]] * 2
    assert len(entries(tmp_path)) == 1
    assert leftovers(tmp_path) == []


STALLING = """
import sys, time
from pathlib import Path
import numpy as np
import actscribe.video.cache as cache
from actscribe.video.reading import frames_at

def stalling(*arguments):
    for number, frame in enumerate(frames_at(*arguments)):
        yield frame
        if number == 15:
            print("half", flush=True)
            time.sleep(900)

cache.frames_at = stalling
times = (np.arange(20) + 0.5) / 10
cache.FrameCache(Path(sys.argv[2]), 2**20).frames(Path(sys.argv[1]), "abc", times, 48)
"""


def test_a_process_killed_while_writing_leaves_nothing_that_counts(video, tmp_path):
    with subprocess.Popen([sys.executable, "-c", STALLING, video, tmp_path], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline().strip() == b"half"
        process.send_signal(signal.SIGKILL)
    (leftover,) = leftovers(tmp_path)
    assert entries(tmp_path) == []
    cached = FrameCache(tmp_path, MIB).frames(video, "abc", TIMES, 48)
    assert number_of(cached[19]) == 48
    assert not leftover.exists()
    assert len(entries(tmp_path)) == 1


def test_a_full_disk_is_named_and_leaves_nothing(video, tmp_path, monkeypatch):
    def full(*arguments):
        yield next(frames_at(*arguments))
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(cache_module, "frames_at", full)
    with pytest.raises(ActScribeError, match="the disk is full"):
        FrameCache(tmp_path, MIB).frames(video, "abc", TIMES, 48)
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_cannot_be_written_names_the_variable_that_moves_it(video, tmp_path):
    (tmp_path / "cache").write_text("a file of the user's")
    with pytest.raises(ActScribeError, match="expected a folder") as error:
        FrameCache(tmp_path / "cache" / "frames", MIB).frames(video, "abc", TIMES, 48)
    assert "ACTSCRIBE_CACHE" in error.value.hint
    assert (tmp_path / "cache").read_text() == "a file of the user's"


def test_a_video_that_stops_early_leaves_no_entry(video, tmp_path):
    with pytest.raises(ActScribeError, match="decoding stopped at"):
        FrameCache(tmp_path, MIB).frames(video, "abc", np.array([0.5, 9.0]), 48)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("times", [[], [1.0, 1.0], [1.0, 0.5]])
def test_times_must_be_distinct_and_ascend(video, tmp_path, times):
    with pytest.raises(ValueError, match="distinct"):
        FrameCache(tmp_path, MIB).frames(video, "abc", np.array(times), 48)


def test_the_users_cache_follows_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path))
    monkeypatch.setenv("ACTSCRIBE_CACHE_GIB", "0.5")
    assert default_cache().root == tmp_path / "frames"
    assert default_cache().limit_bytes == 2**29
    monkeypatch.delenv("ACTSCRIBE_CACHE")
    monkeypatch.delenv("ACTSCRIBE_CACHE_GIB")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert default_cache().root == tmp_path / "xdg" / "actscribe" / "frames"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_cache().root == Path.home() / ".cache" / "actscribe" / "frames"
    assert default_cache().limit_bytes == 20 * 2**30
    for wrong in ("many", "0", "-3", "nan", "inf"):
        monkeypatch.setenv("ACTSCRIBE_CACHE_GIB", wrong)
        with pytest.raises(ActScribeError, match=f"ACTSCRIBE_CACHE_GIB is '{wrong}'"):
            default_cache()


def test_an_entry_that_is_given_up_on_a_full_disk_is_no_further_error(video, tmp_path, monkeypatch):
    opened = Path.open

    class Full:
        def __init__(self, file):
            self._file = file

        def write(self, data):
            return len(data)  # into a buffer

        def close(self):
            self._file.close()
            raise OSError(errno.ENOSPC, "No space left on device")

    def opening(path, mode="r", **more):
        file = opened(path, mode, **more)
        return Full(file) if mode == "wb" else file

    monkeypatch.setattr(Path, "open", opening)
    (frame,) = frames_at(video, [0.1], 48)
    cache = FrameCache(tmp_path / "cache", MIB)
    with pytest.raises(GeneratorExit), cache.writing(video, "abc", TIMES, 48) as add:
        add(frame)
        raise GeneratorExit
    assert leftovers(tmp_path / "cache") == entries(tmp_path / "cache") == []
