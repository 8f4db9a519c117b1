"""One pass over a video for several who look at it: what each gets is what it gets alone."""

from __future__ import annotations

import logging
from itertools import islice

import numpy as np
import pytest
from videos import make_video, number_of, spoil

from actscribe.errors import UnreadableVideo
from actscribe.video import reading, sharing
from actscribe.video.cache import ENDING, FrameCache
from actscribe.video.contained import contained
from actscribe.video.reading import Want, frames_at, frames_together
from actscribe.video.sharing import Shared, alone, joined

SMALL, LARGE = 24, None


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    options = {"x264-params": "keyint=25:bframes=2:scenecut=0"}
    return make_video(tmp_path_factory.mktemp("sharing") / "a.mp4", 300, size=(96, 64), options=options)


@pytest.fixture
def cache(tmp_path):
    return FrameCache(tmp_path / "cache", 2**27)


@pytest.fixture
def passes(monkeypatch):
    """The wants of every pass over a video."""
    wanted = []
    together = reading.frames_together

    def counting(path, wants):
        wanted.append(list(wants))
        return together(path, wants)

    monkeypatch.setattr(reading, "frames_together", counting)
    monkeypatch.setattr(sharing, "frames_together", counting)
    return wanted


def same(given, expected):
    given, expected = list(given), list(expected)
    assert [one.pts for one in given] == [one.pts for one in expected]
    for one, other in zip(given, expected, strict=True):
        np.testing.assert_array_equal(one.image, other.image)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("inside", [False, True])
def test_frames_of_several_wants_are_those_of_each_alone(video, seed, inside):
    rng = np.random.default_rng(seed)
    wants = [
        Want(tuple(np.sort(rng.uniform(0, 12, size))), side)
        for size, side in ((int(rng.integers(1, 4)), SMALL), (40, LARGE), (int(rng.integers(0, 9)), 48))
    ]
    given = [[] for _ in wants]
    if inside:
        with contained():
            for index, frame in frames_together(video, wants):
                given[index].append(frame)
    else:
        for index, frame in frames_together(video, wants):
            given[index].append(frame)
    for frames, want in zip(given, wants, strict=True):
        same(frames, frames_at(video, want.times, want.short_side))


def test_wants_of_one_size_are_joined():
    joint = joined([Want((0.0, 2.0), 24), Want((1.0,), 48), Want((0.5, 2.0), 24), Want((3.0,), 24, False)])
    assert set(joint) == {Want((0.0, 0.5, 2.0), 24), Want((1.0,), 48), Want((3.0,), 24, False)}


def test_who_asks_first_decodes_for_all_and_the_others_find_it(video, cache, passes):
    first, second = Want((0.1, 1.0, 5.0), SMALL), Want((0.5, 1.0, 11.0), LARGE)
    expected = [list(frames_at(video, want.times, want.short_side)) for want in (first, second)]
    passes.clear()
    with sharing.sharing(cache, {video: Shared("abc", (first, second))}):
        same(frames_at(video, first.times, SMALL), expected[0])
        assert passes == [[first, second]]
        same(frames_at(video, second.times, LARGE), expected[1])
        same(frames_at(video, [1.0, 1.0, 11.0], LARGE), [expected[1][1], expected[1][1], expected[1][2]])
        assert len(passes) == 1
    again = FrameCache(cache.root, cache.limit_bytes)  # another process, or the same comparison resumed
    with sharing.sharing(again, {video: Shared("abc", (first, second))}):
        same(frames_at(video, second.times, LARGE), expected[1])
    assert len(passes) == 1


def test_a_part_of_the_moments_is_given_and_all_are_kept(video, cache, passes):
    planned = Want(tuple(np.arange(0.1, 11, 0.5)), SMALL)
    with sharing.sharing(cache, {video: Shared("abc", (planned,))}):
        shown = list(frames_at(video, planned.times[3:7], SMALL))
        assert [number_of(one.image) for one in shown] == [int(time * 25) for time in planned.times[3:7]]
        list(frames_at(video, planned.times, SMALL))
    assert len(passes) == 1


def test_what_nobody_foretold_is_decoded_on_its_own(video, cache, passes):
    planned = Want((1.0,), SMALL)
    with sharing.sharing(cache, {video: Shared("abc", (planned,))}):
        for times, side in (([2.0], SMALL), ([1.0], LARGE)):
            (frame,) = frames_at(video, times, side)
            assert number_of(frame.image) == int(times[0] * 25)
        with alone():
            list(frames_at(video, [1.0], SMALL))
    assert passes == [[Want((2.0,), SMALL)], [Want((1.0,), LARGE)], [planned]]
    assert not cache.root.exists()


def test_who_stops_halfway_leaves_nothing(video, cache, passes):
    planned = Want(tuple(np.arange(0.1, 11, 0.5)), SMALL)
    with sharing.sharing(cache, {video: Shared("abc", (planned, Want((3.0,), LARGE)))}):
        reader = frames_at(video, planned.times, SMALL)
        list(islice(reader, 4))
        reader.close()
        assert list(cache.root.iterdir()) == []
        assert len(list(frames_at(video, planned.times, SMALL))) == len(planned.times)
    assert len(passes) == 2
    assert len(list(cache.root.glob(f"*{ENDING}"))) == 2


def test_a_damaged_entry_is_decoded_again_with_a_warning(video, cache, caplog):
    planned = Want((1.0, 2.0, 3.0), SMALL)
    expected = list(frames_at(video, planned.times, SMALL))
    with sharing.sharing(cache, {video: Shared("abc", (planned,))}):
        same(frames_at(video, planned.times, SMALL), expected)
        (entry,) = cache.root.glob(f"*{ENDING}")
        data = bytearray(entry.read_bytes())
        data[300] ^= 0xFF  # in the first picture
        entry.write_bytes(data)
        with caplog.at_level(logging.WARNING):
            same(frames_at(video, planned.times, SMALL), expected)
    assert "damaged in the frame cache" in caplog.text


def test_an_unreadable_video_is_refused_whoever_asks(video, cache, tmp_path):
    broken = tmp_path / "b.mp4"
    broken.write_bytes(video.read_bytes()[:900])
    planned = Want((1.0,), SMALL)
    with sharing.sharing(cache, {broken: Shared("abc", (planned,))}), pytest.raises(UnreadableVideo):
        list(frames_at(broken, planned.times, SMALL))
    assert list(cache.root.iterdir()) == []


def test_damage_is_seen_alike_by_all(cache, tmp_path, caplog):
    video = spoil(make_video(tmp_path / "c.mp4", 100, size=(96, 64)), [30, 31])
    wants = (Want(tuple(np.arange(0.02, 4, 0.04)), SMALL), Want(tuple(np.arange(0.02, 4, 0.4)), LARGE))
    with sharing.sharing(cache, {video: Shared("abc", wants)}):
        given = [list(frames_at(video, want.times, want.short_side)) for want in wants]
    for frames, want in zip(given, wants, strict=True):
        assert [one.pts for one in frames] == [one.pts for one in frames_at(video, want.times, want.short_side)]
