import logging
from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.frame import PictureType
from hypothesis import given, settings
from hypothesis import strategies as st
from videos import TURNS, cut_off, make_sound, make_video, number_of, numbered, spoil, turn_mp4

from actscribe.errors import ActScribeError
from actscribe.video.decoding import Pictures
from actscribe.video.opening import open_video
from actscribe.video.probe import probe
from actscribe.video.reading import Frame, frames_at, scaled

LOSSY_GOP = {"x264-params": "keyint=20:min-keyint=20:bframes=3:scenecut=0"}
OPEN_GOP = {"x264-params": "keyint=25:min-keyint=25:bframes=3:b-adapt=0:open-gop=1:scenecut=0"}
OPEN_MPEG = {"bf": "2", "g": "25", "sc_threshold": "1000000000"}
JUMPS = {
    "mpeg2.mkv": {"codec": "mpeg2video", "options": OPEN_MPEG},
    "mpeg4.mp4": {"codec": "mpeg4", "options": OPEN_MPEG},
    "closed.mp4": {"options": LOSSY_GOP},
    "one_keyframe.mp4": {"options": {"g": "1000", "x264-params": "scenecut=0"}},
}
CONTAINERS = {
    "plain.mp4": {},
    "b_frames.mp4": {"options": {"x264-params": "bframes=8:b-adapt=0:b-pyramid=normal"}},
    "open_gop.mp4": {"options": OPEN_GOP},
    "fragments.mp4": {"container_options": {"movflags": "frag_keyframe+empty_moov"}, "options": LOSSY_GOP},
    "phone.mov": {},
    "open_gop.mkv": {"options": OPEN_GOP},
    "live.webm": {"codec": "libvpx", "container_options": {"live": "1"}, "options": {"deadline": "realtime"}},
    "old.avi": {"codec": "mpeg4", "options": {"bf": "2"}},
    "b_frames.avi": {"options": {"x264-params": "bframes=3:b-adapt=0"}},
    "camera.ts": {"options": LOSSY_GOP},
    "stream.flv": {},
    "raw.h264": {"container": "h264", "options": LOSSY_GOP},
    "raw.m4v": {"codec": "mpeg4", "container": "m4v"},
    "motion.mjpeg.avi": {"codec": "mjpeg", "pixel_format": "yuvj420p"},
    "lossless.mkv": {"codec": "ffv1"},
}


#: Seconds before the first picture that a container really states: fragments have no edit list for the decoder's delay.
#: Chromium and mpv show it so.
LATE = {"fragments.mp4": 0.08}


def numbers(frames):
    return [number_of(frame.image) for frame in frames]


def log_of(caplog):
    return [record.getMessage() for record in caplog.records if record.name.startswith("actscribe")]


@pytest.mark.parametrize("name", CONTAINERS)
@pytest.mark.parametrize("offset", [0.0, 0.5, 0.97])
def test_every_container_gives_the_frame_that_is_shown_at_the_time(tmp_path, name, offset, caplog):
    video = make_video(tmp_path / name, 60, **CONTAINERS[name])
    late = LATE.get(name, 0.0)
    frames = list(frames_at(video, late + (np.arange(60) + offset) / 25))
    assert numbers(frames) == list(range(60))
    assert [frame.pts for frame in frames] == pytest.approx(late + np.arange(60) / 25, abs=0.0011)
    assert log_of(caplog) == []


@pytest.mark.parametrize(
    ("rate", "suffix"), [(Fraction(30000, 1001), "mp4"), (Fraction(30000, 1001), "mkv"), (12, "mkv")]
)
def test_times_at_the_exact_start_of_a_frame_survive_the_rounding_of_the_container(tmp_path, rate, suffix):
    video = make_video(tmp_path / f"a.{suffix}", 90, fps=rate)
    starts = np.round(np.arange(90) / float(rate), 6)
    assert numbers(frames_at(video, starts)) == list(range(90))


def test_raw_stream_keeps_the_rate_that_it_states(tmp_path):
    video = make_video(tmp_path / "raw.h264", 60, fps=30, container="h264")
    assert numbers(frames_at(video, [0.0, 0.99, 1.01])) == [0, 29, 30]


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_ascending_times_of_a_variable_rate_video(shared_variable, data):
    video, starts = shared_variable
    times = sorted(data.draw(st.lists(st.floats(0, starts[-1] + 0.5), min_size=1, max_size=12)))
    clear = [t for t in times if min(abs(t - s) for s in starts) > 1e-3]
    expected = [int(np.searchsorted(starts, t, side="right")) - 1 for t in clear]
    assert numbers(frames_at(video, clear)) == expected


@pytest.fixture(scope="module")
def shared_variable(tmp_path_factory):
    steps = np.random.default_rng(4).integers(10, 400, size=120)
    steps[60] = 9000  # a still screen
    starts = np.concatenate([[0], np.cumsum(steps)[:-1]])
    path = tmp_path_factory.mktemp("variable") / "screen.mp4"
    options = {"x264-params": "bframes=3:keyint=15:min-keyint=15"}
    make_video(path, 120, pts=lambda i: int(starts[i]), time_base=Fraction(1, 1000), options=options)
    return path, starts / 1000


def test_zero_is_where_the_sound_begins_when_the_picture_is_late(tmp_path):
    video = make_video(tmp_path / "late.mp4", 50, pts=lambda i: i + 20, sound_s=2.5)
    frames = list(frames_at(video, [0.0, 0.5, 0.81, 0.85, 2.0]))
    assert numbers(frames) == [0, 0, 0, 1, 30]
    assert [frame.pts for frame in frames] == pytest.approx([0.8, 0.8, 0.8, 0.84, 2.0], abs=1e-5)


@pytest.mark.parametrize("suffix", ["mkv", "ts"])
def test_zero_is_the_first_picture_when_nothing_begins_before_it(tmp_path, suffix):
    video = make_video(tmp_path / f"late.{suffix}", 50, pts=lambda i: i + 200)
    assert numbers(frames_at(video, [0.0, 0.05, 1.0])) == [0, 1, 25]


@pytest.mark.parametrize("suffix", ["mp4", "mov"])
def test_an_mp4_counts_from_its_own_zero_even_if_nothing_is_shown_there(tmp_path, suffix):
    video = make_video(tmp_path / f"late.{suffix}", 50, pts=lambda i: i + 20)  # an empty edit of 0.8 s
    assert numbers(frames_at(video, [0.0, 0.5, 0.81, 0.85, 1.8])) == [0, 0, 0, 1, 25]
    assert probe(video).duration == pytest.approx(2.8, abs=0.001)


def test_frames_before_the_beginning_of_an_edit_list_are_not_shown(tmp_path):
    video = make_video(tmp_path / "trimmed.mp4", 60, pts=lambda i: i - 20)
    frames = list(frames_at(video, [0.0, 0.04, 1.5]))
    assert numbers(frames) == [20, 21, 57]
    assert frames[0].pts == 0


@pytest.mark.parametrize("degrees", TURNS)
@pytest.mark.parametrize("mirrored", [False, True])
def test_turned_and_mirrored_videos_stand_upright(tmp_path, degrees, mirrored):
    upright = numbered(1234, 48, 96)
    stored = np.rot90(upright, degrees // 90)  # counter-clockwise: the player's clockwise turn undoes it
    a, b, c, d = TURNS[degrees]
    if mirrored:  # mirror first, then turn: negates how the stored x axis is shown
        stored, a, b = stored[:, ::-1], -a, -b
    video = tmp_path / "turned.mp4"
    _encode(video, [stored] * 3)
    turn_mp4(video, (a, b, c, d))
    (frame,) = frames_at(video, [0.0])
    assert frame.image.shape == (96, 48, 3)
    assert number_of(frame.image) == 1234
    (small,) = frames_at(video, [0.0], short_side=24)
    assert small.image.shape == (48, 24, 3)
    assert number_of(small.image) == 1234


def _encode(path, images):
    from actscribe.video.writing import write_video

    write_video(path, [np.ascontiguousarray(image) for image in images], 25)


@pytest.mark.parametrize(
    ("size", "aspect", "short_side", "expected"),
    [
        ((101, 57), 1.0, None, (101, 57)),
        ((101, 57), 1.0, 32, (57, 32)),
        ((57, 101), 1.0, 32, (32, 57)),
        ((64, 48), 1.0, 48, (64, 48)),
        ((64, 48), 1.0, 224, (64, 48)),
        ((720, 576), 16 / 11, None, (1047, 576)),
        ((720, 576), 16 / 11, 224, (407, 224)),
        ((1440, 1080), 4 / 3, 224, (398, 224)),
        ((480, 480), 0.5, None, (480, 960)),
        ((3, 2000), 1.0, 2, (2, 1333)),
    ],
)
def test_size_keeps_the_shape_and_never_enlarges(size, aspect, short_side, expected):
    assert scaled(*size, aspect, short_side) == expected


def test_odd_sizes_and_pixels_that_are_not_square(tmp_path):
    odd = make_video(tmp_path / "odd.mkv", 10, size=(77, 53), codec="ffv1", pixel_format="yuv444p")
    frames = list(frames_at(odd, np.arange(10) / 25, short_side=31))
    assert numbers(frames) == list(range(10))
    assert frames[0].image.shape == (31, 45, 3)
    wide = make_video(tmp_path / "wide.mp4", 10, size=(64, 48), pixel_aspect=Fraction(3, 2))
    assert next(frames_at(wide, [0.2])).image.shape == (48, 96, 3)


def test_colours_and_brightness_are_right(tmp_path):
    image = np.zeros((64, 96, 3), dtype=np.uint8)
    for third, colour in enumerate([(200, 30, 40), (20, 180, 60), (30, 60, 220)]):
        image[:, third * 32 : third * 32 + 32] = colour
    _encode(tmp_path / "colours.mp4", [image] * 5)
    for short_side, centres in ((None, (16, 48, 80)), (32, (8, 24, 40))):
        (frame,) = frames_at(tmp_path / "colours.mp4", [0.1], short_side)
        for x, colour in zip(centres, [(200, 30, 40), (20, 180, 60), (30, 60, 220)], strict=True):
            assert np.abs(frame.image[frame.image.shape[0] // 2, x].astype(int) - colour).max() <= 6


def test_shrinking_averages_fine_detail_instead_of_picking_pixels(tmp_path):
    checkers = np.indices((192, 256)).sum(axis=0) % 2 * 255
    video = tmp_path / "checkers.mkv"
    _encode(video, [np.repeat(checkers[..., None], 3, axis=2).astype(np.uint8)] * 2)
    (frame,) = frames_at(video, [0.0], short_side=48)
    assert frame.image.std() < 12
    assert frame.image.mean() == pytest.approx(127.5, abs=4)


def test_shrinking_is_as_exact_as_an_antialiased_bilinear_resize(tmp_path):
    from PIL import Image

    rng = np.random.default_rng(3)
    coarse = Image.fromarray(rng.integers(0, 255, (36, 48, 3), dtype=np.uint8))
    detailed = np.asarray(coarse.resize((512, 384), Image.Resampling.BICUBIC)) // 2
    detailed = detailed + rng.integers(0, 100, (384, 512, 1), dtype=np.uint8)
    _encode(tmp_path / "a.mp4", [detailed] * 2)
    (whole,) = frames_at(tmp_path / "a.mp4", [0.0])
    (small,) = frames_at(tmp_path / "a.mp4", [0.0], short_side=160)
    expected = np.asarray(Image.fromarray(whole.image).resize((213, 160), Image.Resampling.BILINEAR))
    assert np.sqrt(np.mean((small.image - expected.astype(float)) ** 2)) < 1.0


def test_times_that_share_a_frame_share_the_object(tmp_path):
    video = make_video(tmp_path / "a.mp4", 10)
    frames = list(frames_at(video, [0.0, 0.0, 0.01, 0.039, 0.04, 0.07]))
    assert frames[0] is frames[1] is frames[2] is frames[3]
    assert frames[4] is frames[5]
    assert isinstance(frames[0], Frame)
    assert frames[0].image.dtype == np.uint8
    assert frames[0].image.flags.c_contiguous


@pytest.mark.parametrize(
    "name",
    ["open_gop.mp4", "open_gop.mkv", "mpeg2.mkv", "mpeg4.mp4", "closed.mp4", "one_keyframe.mp4", "fragments.mp4"],
)
def test_jumping_by_keyframe_gives_the_frames_that_decoding_all_gives(tmp_path, name):
    video = make_video(tmp_path / name, 600, **(CONTAINERS | JUMPS)[name])
    late = LATE.get(name, 0.0)
    everything = list(frames_at(video, late + np.arange(600) / 25))
    assert numbers(everything) == list(range(600))
    rng = np.random.default_rng(7)
    for _ in range(12):
        wanted = np.sort(rng.choice(600, size=rng.integers(1, 5), replace=False))
        for frame, number in zip(frames_at(video, late + wanted / 25 + 0.013), wanted, strict=True):
            assert frame.pts == everything[number].pts
            np.testing.assert_array_equal(frame.image, everything[number].image)


@pytest.mark.parametrize("name", ["open_gop.mp4", "open_gop.mkv", "mpeg2.mkv", "mpeg4.mp4"])
def test_a_jump_lands_on_the_last_keyframe_shown_before_the_time(tmp_path, name):
    video = make_video(tmp_path / name, 600, **(CONTAINERS | JUMPS)[name])
    with open_video(video) as (container, stream):
        pictures = Pictures(video, container, stream)
        assert not pictures.jump(1.9)  # nearer than a restart of the decoder is worth
        assert pictures.jump(20.1)
        first = pictures.read()
        assert 20.1 - 2 <= first.time <= 20.1
        assert first.frame.key_frame
        assert not pictures.jump(15.0)  # never back


@pytest.mark.parametrize("step", [1, 2, 9, 60])
def test_pictures_that_nothing_needs_are_not_decoded_and_the_others_stay_the_same(tmp_path, step):
    video = make_video(tmp_path / "a.mp4", 120, options={"x264-params": "bframes=3:b-adapt=0:b-pyramid=none"})
    everything = list(frames_at(video, np.arange(120) / 25))
    wanted = (np.arange(0, 120, step) + 0.5) / 25
    for frame, number in zip(frames_at(video, wanted), range(0, 120, step), strict=True):
        assert frame.pts == everything[number].pts
        np.testing.assert_array_equal(frame.image, everything[number].image)
    with open_video(video) as (container, stream):
        pictures = Pictures(video, container, stream, wanted.tolist())
        decoded = {round(picture.time * 25) for picture in iter(pictures.read, None)}
    with av.open(str(video)) as container:
        needed = {round(frame.time * 25) for frame in container.decode(video=0) if frame.pict_type != PictureType.B}
    assert len(needed) < 40
    assert decoded == needed | set(range(0, 120, step))


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_an_index_that_calls_every_frame_a_keyframe_is_not_believed(tmp_path, codec):
    video = make_video(tmp_path / "a.mp4", 300, codec=codec, options={"g": "250"})
    data = video.read_bytes()
    assert data.count(b"stss") == 1
    video.write_bytes(data.replace(b"stss", b"free"))  # without this list every frame counts as a keyframe
    assert numbers(frames_at(video, [7.02, 11.02])) == [175, 275]


def test_a_truncated_video_gives_its_frames_and_then_names_where_it_stops(tmp_path):
    options = {"options": {"x264-params": "keyint=25"}, "container_options": {"movflags": "faststart"}}
    video = cut_off(make_video(tmp_path / "broken.mp4", 500, **options), 0.5)
    got = []
    with pytest.raises(ActScribeError) as caught:
        got.extend(number_of(frame.image) for frame in frames_at(video, (np.arange(500) + 0.5) / 25))
    assert 100 < len(got) < 300
    last = len(set(got)) - 1
    assert got[: last + 1] == list(range(last + 1))
    assert set(got[last:]) == {last}
    assert len(got) - last <= 25 + 3  # the tolerance is one second
    assert "broken.mp4" in caught.value.message
    assert f"decoding stopped at {(last + 1) / 25:.2f} s" in caught.value.message
    assert "lasts 20.00 s" in caught.value.message
    assert caught.value.hint


def test_the_last_frame_stands_in_for_a_second_after_the_end(tmp_path):
    video = make_video(tmp_path / "a.mp4", 50)
    assert numbers(frames_at(video, [1.99, 2.5, 2.99])) == [49, 49, 49]
    with pytest.raises(ActScribeError, match=r"no picture at 3\.02 s, decoding stopped at 2\.00 s"):
        list(frames_at(video, [3.02]))


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_damage_in_the_middle_is_skipped_and_counted(tmp_path, name, caplog):
    options = {"x264-params": "keyint=20:min-keyint=20:bframes=0:scenecut=0"}
    video = spoil(make_video(tmp_path / name, 100, options=options), range(42, 46))
    with caplog.at_level(logging.WARNING):
        frames = list(frames_at(video, [*(np.arange(42) / 25 + 0.02), *(np.arange(60, 100) / 25 + 0.02)]))
    assert numbers(frames) == [*range(42), *range(60, 100)]
    (line,) = log_of(caplog)
    assert name in line
    assert "damaged" in line
    assert "1.68 s" in line or "1.72 s" in line


def test_nothing_is_opened_for_no_times():
    assert list(frames_at("no such file", [])) == []


@pytest.mark.parametrize("times", [[1.0, 0.5], [float("nan")], [[0.0, 1.0]], [0.0, float("inf")]])
def test_times_must_be_finite_and_ascend(times):
    with pytest.raises(ValueError, match="ascending"):
        frames_at("whatever.mp4", times)


def refusal(path):
    with pytest.raises(ActScribeError) as caught:
        list(frames_at(path, [0.0]))
    assert path.name in caught.value.message
    return str(caught.value)


def test_what_is_no_video_is_named_for_what_it_is(tmp_path):
    assert "no such file" in refusal(tmp_path / "missing.mp4")
    assert "a folder" in refusal(tmp_path)
    (tmp_path / "lost.mp4").symlink_to("../annex/1.mp4")
    assert "a link to a file that is not there" in refusal(tmp_path / "lost.mp4")
    assert "../annex/1.mp4" in refusal(tmp_path / "lost.mp4")
    (tmp_path / "ring.mp4").symlink_to("ring.mp4")
    assert "a link that leads back to itself" in refusal(tmp_path / "ring.mp4")
    (tmp_path / "empty.mp4").touch()
    assert "empty file" in refusal(tmp_path / "empty.mp4")
    (tmp_path / "notes.mp4").write_text("Subject 3 looked tired.\n" * 200)
    assert "a text" in refusal(tmp_path / "notes.mp4")
    (tmp_path / "noise.avi").write_bytes(np.random.default_rng(0).bytes(5000))
    assert "not a video that can be read" in refusal(tmp_path / "noise.avi")
    assert "only an audio stream" in refusal(make_sound(tmp_path / "talk.m4a"))
    assert "only an audio stream" in refusal(make_sound(tmp_path / "talk.wav", codec="pcm_s16le"))
    picture = make_video(tmp_path / "photo.png", 1, codec="png", pixel_format="rgb24", container="image2")
    assert "a picture" in refusal(picture)
    unfinished = cut_off(make_video(tmp_path / "unfinished.mp4", 200), 0.7)  # its index would come last
    assert "cut off" in refusal(unfinished)


def test_a_playlist_is_never_followed_to_an_address(tmp_path):
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://192.0.2.1/a.ts\n")
    assert "list.m3u8" in refusal(tmp_path / "list.m3u8")


def test_names_with_colons_and_odd_characters(tmp_path):
    for name in ("10:30 täst #1 %03d.mp4", "concat:x.mp4", "-i.mp4"):
        assert numbers(frames_at(make_video(tmp_path / "a.mp4", 3).rename(tmp_path / name), [0.05])) == [1]
