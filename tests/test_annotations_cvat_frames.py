"""Which frames of a video a CVAT file is about: by hand, from CVAT's rule of numbering frames."""

from __future__ import annotations

from pathlib import Path

import pytest

from actscribe.annotations import Annotations, FrameClock, Interval, read, read_all
from actscribe.errors import ActScribeError

VIDEO = FrameClock.of_frames([k / 25 for k in range(1750)], 70.0)


def boxes(*frames: int, outside: int | None = None) -> str:
    shapes = [(frame, 0) for frame in frames] + ([(outside, 1)] if outside is not None else [])
    return "".join(f'<box frame="{frame}" outside="{out}" keyframe="1"/>' for frame, out in shapes)


def track(*frames: int, number: int = 0, outside: int | None = None, task: int | None = None) -> str:
    owner = "" if task is None else f' task_id="{task}"'
    return f'<track id="{number}" label="walk"{owner}>{boxes(*frames, outside=outside)}</track>'


def task(number: int = 5, source: str = "v.mp4", name: str = "t", **facts: object) -> str:
    inner = "".join(f"<{key}>{value}</{key}>" for key, value in facts.items())
    return f"<task><id>{number}</id><name>{name}</name>{inner}<source>{source}</source></task>"


def file(folder: Path, tasks: str, content: str) -> Path:
    path = folder / "a.xml"
    path.write_text(f"<annotations><version>1.1</version><meta>{tasks}</meta>{content}</annotations>")
    return path


def seconds(annotations: Annotations) -> list[tuple[float, float]]:
    return [(i.start, i.end) for i in annotations.intervals]


def gaps(annotations: Annotations) -> list[tuple[float, float]]:
    assert {gap.label for gap in annotations.gaps} <= {""}
    return [(gap.start, gap.end) for gap in annotations.gaps]


PART = {"size": 300, "start_frame": 1000, "stop_frame": 1299, "frame_filter": ""}


def test_what_is_before_and_after_a_task_is_not_annotated(tmp_path: Path) -> None:
    path = file(tmp_path, task(**PART), track(1050, outside=1100))
    annotations = read(path, clock=VIDEO)
    assert (seconds(annotations), gaps(annotations), annotations.duration) == (
        [(42.0, 44.0)],
        [(0.0, 40.0), (52.0, 70.0)],
        70.0,
    )
    without = read(path, clock=FrameClock(25))  # how long the video is, nobody knows
    assert (seconds(without), gaps(without), without.duration) == ([(42.0, 44.0)], [(0.0, 40.0)], 52.0)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"size": 1750}, []),
        ({"size": 1749, "start_frame": 0, "stop_frame": 1748}, []),  # decoders may differ about the last one
        ({"size": 1000}, [(40.0, 70.0)]),
        ({"size": 350, "start_frame": 0, "stop_frame": 1749, "frame_filter": "step=5"}, []),
        ({"size": 100, "start_frame": 250, "stop_frame": 745, "frame_filter": " step = 5 "}, [(0, 10.0), (30.0, 70.0)]),
        ({"start_frame": 25}, [(0.0, 1.0)]),
    ],
)
def test_a_task_covers_what_it_says(
    tmp_path: Path, facts: dict[str, object], expected: list[tuple[float, float]]
) -> None:
    assert gaps(read(file(tmp_path, task(**facts), ""), clock=VIDEO)) == expected


def test_a_task_of_more_frames_than_the_video_has_another_length(tmp_path: Path) -> None:
    assert read(file(tmp_path, task(size=1800), ""), clock=VIDEO).duration == pytest.approx(72.0)
    assert read(file(tmp_path, task(size=1760), ""), clock=VIDEO).duration == 70.0


def test_a_step_holds_until_the_next_frame_of_the_task(tmp_path: Path) -> None:
    facts = {"size": 350, "start_frame": 3, "stop_frame": 1749, "frame_filter": "step=5"}
    assert seconds(read(file(tmp_path, task(**facts), track(8, 13)), clock=FrameClock(1))) == [(8.0, 18.0)]


def test_a_job_is_read_as_a_task(tmp_path: Path) -> None:
    job = task(**PART).replace("task>", "job>")
    assert gaps(read(file(tmp_path, job, ""), clock=VIDEO)) == [(0.0, 40.0), (52.0, 70.0)]


def test_the_tasks_of_a_project_are_videos_of_their_own(tmp_path: Path) -> None:
    tasks = task(1, "Fall/a.mp4", "one", size=1750) + task(2, "ADL/a.mp4", "two", **PART)
    project = f"<project><id>9</id><name>p</name><tasks>{tasks}</tasks></project>"
    content = track(25, outside=50, task=1) + track(1050, number=0, outside=1100, task=2)
    content += '<image id="1200" name="x" task_id="2"><tag label="run"/></image>'
    path = file(tmp_path, project, content)
    assert list(read_all(path, VIDEO)) == ["one", "two"]
    assert read(path, "/data/Fall/a.mp4", VIDEO) == Annotations(
        (Interval("walk", 1.0, 2.0),), (), ("Fall/a.mp4",), 70.0
    )
    two = read(path, "/data/ADL/a.mp4", VIDEO)
    assert two.intervals == (Interval("walk", 42.0, 44.0), Interval("run", 48.0, 48.04))
    assert gaps(two) == [(0.0, 40.0), (52.0, 70.0)]
    assert read(path, "two", VIDEO) == two
    with pytest.raises(ActScribeError, match=r"'a.mp4' fits 2 of its entries"):
        read(path, "a.mp4", VIDEO)


def test_two_tasks_of_one_video_are_told_apart_by_name(tmp_path: Path) -> None:
    tasks = task(1, name="t", size=1750) + task(2, name="t", size=1750)
    path = file(tmp_path, tasks, track(25, outside=50, task=2))
    with pytest.raises(ActScribeError, match=r"'v.mp4' fits 2 of its entries"):
        read(path, "v.mp4", VIDEO)
    assert seconds(read(path, "t (task 2)", VIDEO)) == [(1.0, 2.0)]
    assert seconds(read(path, "t (task 1)", VIDEO)) == []


def test_frames_deleted_from_an_image_task_are_not_annotated(tmp_path: Path) -> None:
    images = "".join(
        f'<image id="{frame}" name="{frame}.png">' + ('<tag label="walk"/>' if frame < 50 else "") + "</image>"
        for frame in range(0, 175, 25)
        if frame not in (75, 100)
    )
    facts = {"size": 7, "start_frame": 0, "stop_frame": 174, "frame_filter": "step=25"}
    annotations = read(file(tmp_path, task(**facts), images), clock=FrameClock(25))
    assert (seconds(annotations), gaps(annotations)) == ([(0.0, 2.0)], [(3.0, 5.0)])


@pytest.mark.parametrize(
    ("tasks", "content", "problem"),
    [
        (task(**PART), track(50, outside=100), "track 0: frame 50 is outside the task, which has frames 1000 to 1299"),
        (task(**PART), track(1350), "track 0: frame 1350 is outside the task"),
        (task(frame_filter="every 5"), "", "the frame filter is 'every 5'"),
        (task(start_frame=10, stop_frame=5), "", "the task's frames are 10 to 5"),
        (task(1) + task(1), "", "two tasks have the id '1'"),
        (task(1), track(5, task=2), "track '0' is of task '2', but the file's tasks are 1"),
        (task(1) + task(2), track(5), "track '0' is of task '', but the file's tasks are 1, 2"),
        (task(1), track(5) + track(9), "two tracks have the id '0'"),
        (task(1), track(5, 9, 9), "track 0: two shapes are at frame 9"),
    ],
)
def test_what_could_mean_two_things_is_refused(tmp_path: Path, tasks: str, content: str, problem: str) -> None:
    path = file(tmp_path, tasks, content)
    with pytest.raises(ActScribeError, match=problem):
        read_all(path, VIDEO)
