"""Frames to seconds and back: by hand, and by the frame times that decoding a variable-rate video gives."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest
from typer.testing import CliRunner
from videos import make_video

from actscribe.annotations import Annotations, FrameClock, Interval, read, write
from actscribe.cli import app
from actscribe.data.loading import load_recording
from actscribe.data.manifest import Row
from actscribe.data.recording import Recording
from actscribe.errors import ActScribeError
from actscribe.labels import LabelSet
from actscribe.video.frame_times import frame_clock
from actscribe.video.probe import probe

#: As a phone films: 30 frames a second, then 10 in the dark, then 30 again.
PHONE = [*(k / 30 for k in range(15)), *(0.5 + k / 10 for k in range(10)), *(1.5 + k / 30 for k in range(15))]


def test_a_constant_rate() -> None:
    clock = FrameClock(25)
    assert (clock.seconds(0), clock.seconds(50), clock.frames, clock.is_steady) == (0.0, 2.0, None, True)
    assert [clock.frame(t) for t in (0.0, 0.019, 0.021, 2.0)] == [0, 0, 1, 50]
    assert clock.span(Interval("x", 1.0, 1.001)) == (25, 26)
    for rate in (0, -1, float("inf"), float("nan")):
        with pytest.raises(ActScribeError, match="is not possible"):
            FrameClock(rate)


def test_frames_of_a_variable_rate() -> None:
    clock = FrameClock.of_frames([0.0, 1.0, 0.1, 3.0], 3.5)
    assert (clock.frames, clock.rate, clock.is_steady) == (4, 4 / 3.5, False)
    assert [clock.seconds(k) for k in range(5)] == [0.0, 0.1, 1.0, 3.0, 3.5]
    assert [clock.frame(t) for t in (0.0, 0.04, 0.06, 1.9, 2.1, 3.3, 3.5)] == [0, 0, 1, 2, 3, 4, 4]
    assert clock.seconds(6) == 3.5 + 2 * 3.5 / 4  # frames that the video lacks: seen by whoever checks its length
    assert clock.frame(clock.seconds(6)) == 6
    assert clock.seconds(-3) < 0
    with pytest.raises(ActScribeError, match="are not a video"):
        FrameClock.of_frames([], 1.0)


def test_a_late_first_frame_is_not_steady() -> None:
    assert FrameClock.of_frames([k / 25 for k in range(50)], 2.0).is_steady
    assert not FrameClock.of_frames([1.0 + k / 25 for k in range(50)], 3.0).is_steady


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi"])
def test_frame_times_are_those_that_were_written(tmp_path: Path, name: str) -> None:
    times = [k / 25 for k in range(40)] if name == "a.avi" else PHONE  # AVI has a constant rate
    options = {"bf": "2"}
    ticks = [round(time * 1000) for time in times]
    video = make_video(tmp_path / name, 40, pts=ticks.__getitem__, time_base=Fraction(1, 1000), options=options)
    clock = frame_clock(video)
    assert list(clock.edges[:-1]) == pytest.approx(times, abs=1e-3)
    assert clock.edges[-1] == probe(video).duration


def test_pictures_that_are_never_shown_are_no_frames(tmp_path: Path) -> None:
    source, hidden = make_video(tmp_path / "a.webm", 30, codec="libvpx"), tmp_path / "b.webm"
    with av.open(str(source)) as file, av.open(str(hidden), "w") as out:
        stream = out.add_stream_from_template(file.streams.video[0])
        for number, packet in enumerate(file.demux(video=0)):
            if packet.size:
                content = bytearray(bytes(packet))
                content[0] &= 0xEF if number == 10 else 0xFF  # the bit that says: show this picture
                copy = av.Packet(bytes(content))
                copy.pts, copy.dts, copy.time_base = packet.pts, packet.dts, packet.time_base
                copy.is_keyframe, copy.stream = packet.is_keyframe, stream
                out.mux(copy)
    with av.open(str(hidden)) as file:
        decoded = [float(frame.time or 0) for frame in file.decode(video=0)]
    assert len(decoded) == 29
    assert list(frame_clock(hidden).edges[:-1]) == pytest.approx(decoded, abs=1e-6)


@pytest.mark.parametrize("name", ["cvat", "deepethogram"])
def test_frames_are_counted_by_the_videos_own_times(tmp_path: Path, name: str) -> None:
    video = make_video(tmp_path / "phone.mp4", 40, pts=lambda k: round(PHONE[k] * 1000), time_base=Fraction(1, 1000))
    annotations = Annotations((Interval("walk", PHONE[12], PHONE[20]),), duration=2.0)
    path = tmp_path / f"a.{name}"
    write(path, annotations, name, frame_clock(video))
    assert [(round(i.start, 3), round(i.end, 3)) for i in read(path, clock=frame_clock(video)).intervals] == [
        (0.4, 1.0)
    ]
    with pytest.raises(ActScribeError, match="the video is needed"):
        read(path)  # no rate is written that would put them elsewhere


def test_convert_takes_the_clock_from_the_video(tmp_path: Path) -> None:
    video = make_video(tmp_path / "phone.mp4", 40, pts=lambda k: round(PHONE[k] * 1000), time_base=Fraction(1, 1000))
    table = tmp_path / "phone_labels.csv"
    table.write_text("background,walk\n" + "1,0\n" * 15 + "0,1\n" * 10 + "1,0\n" * 15)
    run = CliRunner().invoke
    done = run(app, ["convert", str(table), str(tmp_path / "a.csv"), "--video", str(video)])
    assert done.exit_code == 0, done.output
    (walk,) = read(tmp_path / "a.csv").intervals
    assert (walk.start, walk.end) == pytest.approx((0.5, 1.5), abs=2e-3)
    both = run(app, ["convert", str(table), str(tmp_path / "b.csv"), "--video", str(video), "--fps", "20"])
    assert both.exit_code
    assert not (tmp_path / "b.csv").exists()


def table(folder: Path, *rows: str) -> Path:
    path = folder / "v_labels.csv"
    path.write_text("\n".join([",background,walk", *rows]) + "\n")
    return path


def test_the_frame_index_of_deepethogram_places_rows(tmp_path: Path) -> None:
    path = table(tmp_path, "2,0,1", "3,0,1", "6,0,1", "7,1,0", "8,-1,-1")
    annotations = read(path, clock=FrameClock(10))
    assert [(i.start, i.end) for i in annotations.intervals] == [(0.2, 0.4), (0.6, 0.7)]
    assert [(gap.label, gap.start, gap.end) for gap in annotations.gaps] == [
        ("", 0.0, 0.2),
        ("", 0.4, 0.6),
        ("", 0.8, 0.9),
    ]
    assert annotations.duration == 0.9


def test_frames_counted_from_one_are_told_by_the_video(tmp_path: Path) -> None:
    path = table(tmp_path, "1,0,1", "2,0,1", "3,1,0")
    counted_from_one = read(path, clock=FrameClock.of_frames([0.0, 0.1, 0.2], 0.3))
    assert ([(i.start, i.end) for i in counted_from_one.intervals], counted_from_one.gaps) == ([(0.0, 0.2)], ())
    without_the_first = read(path, clock=FrameClock.of_frames([0.0, 0.1, 0.2, 0.3], 0.4))
    assert [(i.start, i.end) for i in without_the_first.intervals] == [(0.1, 0.3)]
    assert [(gap.start, gap.end) for gap in without_the_first.gaps] == [(0.0, 0.1)]
    with pytest.raises(ActScribeError, match="the first row is frame 1"):
        read(path, clock=FrameClock(10))


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (("0,1,0", "1,1,0", "1,0,1"), "csv:4: frame 1 does not come after the one before it"),
        (("0,1,0", "2,1,0", "1,0,1"), "csv:4: frame 1 does not come after"),
        (("0,1,0", "5,1,0", "10,0,1"), "a row for every 5th frame"),
        (("0.0,1,0", "0.04,1,0"), "csv:3: expected the number of a frame, found '0.04'"),
        (("-1,1,0",), "expected the number of a frame, found '-1'"),
        (("0,1,0", "1e300,1,0"), "expected the number of a frame, found '1e300'"),
        (("x,1,0",), "expected the number of a frame, found 'x'"),
    ],
)
def test_an_index_that_numbers_no_frames_is_refused(tmp_path: Path, rows: tuple[str, ...], problem: str) -> None:
    with pytest.raises(ActScribeError, match=problem):
        read(table(tmp_path, *rows), clock=FrameClock(10))


def study_row(folder: Path, name: str, text: str, frames: int, pts: list[int], rate: int) -> Recording:
    """Return the recording of a manifest row: annotations beside a video whose frame k is shown at pts[k] / rate."""
    path = folder / name
    path.write_text(text)
    video = make_video(folder / "v.mp4", frames, pts=pts.__getitem__, time_base=Fraction(1, rate))
    labels = LabelSet.model_validate({"name": "x", "task": "multi-label", "labels": ["walk"]})
    return load_recording(Row(1, video, path, "", "", ""), "v", labels).recording


def test_a_study_counts_the_frames_of_its_phone_videos(tmp_path: Path) -> None:
    box = '<box frame="{}" outside="{}" keyframe="1"/>'
    track = f'<track id="0" label="walk">{box.format(20, 0)}{box.format(30, 1)}</track>'
    text = f"<annotations><meta><task><size>40</size></task></meta>{track}</annotations>"
    recording = study_row(tmp_path, "v.xml", text, 40, [round(time * 1000) for time in PHONE], 1000)
    (walk,) = recording.intervals or ()
    assert (walk.start, walk.end) == pytest.approx((PHONE[20], PHONE[30]), abs=1e-3)
    assert not recording.gaps


def test_a_study_masks_what_a_task_left_out_of_its_video(tmp_path: Path) -> None:
    box = '<box frame="{}" outside="{}" keyframe="1"/>'
    track = f'<track id="0" label="walk">{box.format(25, 0)}{box.format(30, 1)}</track>'
    facts = "<size>20</size><start_frame>20</start_frame><stop_frame>39</stop_frame>"
    text = f"<annotations><meta><task>{facts}<source>v.mp4</source></task></meta>{track}</annotations>"
    recording = study_row(tmp_path, "v.xml", text, 100, list(range(100)), 10)
    assert [(i.start, i.end) for i in recording.intervals or ()] == [(2.5, 3.0)]
    assert [(gap.start, gap.end) for gap in recording.gaps] == [(0.0, 2.0), (4.0, recording.duration)]
