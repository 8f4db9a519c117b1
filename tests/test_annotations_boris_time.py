"""The fields of BORIS projects that move, limit, split or repeat time; right values by hand, from BORIS' own rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from actscribe.annotations import Annotations, Interval, read, read_all
from actscribe.errors import ActScribeError

WALK = [[12.0, "", "walk", "", "", 300], [16.0, "", "walk", "", "", 400]]


def project(folder: Path, **observations: dict[str, Any]) -> Path:
    path = folder / "project.boris"
    behaviors = {"0": {"type": "State event", "code": "walk"}, "1": {"type": "Point event", "code": "cry"}}
    path.write_text(json.dumps({"behaviors_conf": behaviors, "observations": observations}))
    return path


def observation(players: dict[str, list[str]], lengths: dict[str, float], **facts: Any) -> dict[str, Any]:
    media = {"length": lengths, "offset": facts.pop("offset", {}), **facts.pop("media", {})}
    plain = {"type": "MEDIA", "file": players, "media_info": media, "time offset": 0.0, "events": WALK}
    return plain | {key.replace("_in_boris", "").replace("__", " "): value for key, value in facts.items()}


def seconds(annotations: Annotations) -> list[tuple[float, float]]:
    return [(i.start, i.end) for i in annotations.intervals]


def gaps(annotations: Annotations) -> list[tuple[float, float]]:
    assert {gap.label for gap in annotations.gaps} <= {""}
    return [(gap.start, gap.end) for gap in annotations.gaps]


def test_what_lies_outside_the_observation_time_interval_is_not_annotated(tmp_path: Path) -> None:
    one = observation({"1": ["b.mp4"]}, {"b.mp4": 70.0}, observation__time__interval=[10.0, 20.0])
    annotations = read(project(tmp_path, one=one))
    assert (seconds(annotations), gaps(annotations), annotations.duration) == (
        [(12.0, 16.0)],
        [(0.0, 10.0), (20.0, 70.0)],
        70.0,
    )


@pytest.mark.parametrize(
    ("interval", "expected"), [([0, 0], []), ([10, 0], [(0.0, 10.0)]), ([0, 69.99], []), ([0, 50.5], [(50.5, 70.0)])]
)
def test_an_interval_that_is_open_at_one_side(
    tmp_path: Path, interval: list[float], expected: list[tuple[float, float]]
) -> None:
    one = observation({"1": ["b.mp4"]}, {"b.mp4": 70.0}, observation__time__interval=interval)
    assert gaps(read(project(tmp_path, one=one))) == expected


def test_the_interval_is_in_media_time_whatever_the_offset(tmp_path: Path) -> None:
    facts = {"observation__time__interval": [10, 20], "time__offset": 5.0}
    annotations = read(project(tmp_path, one=observation({"1": ["b.mp4"]}, {"b.mp4": 70.0}, **facts)))
    assert (seconds(annotations), gaps(annotations)) == ([(7.0, 11.0)], [(0.0, 10.0), (20.0, 70.0)])


def test_the_interval_of_a_queue_falls_on_its_files(tmp_path: Path) -> None:
    lengths = {"a.mp4": 10.0, "b.mp4": 20.0, "c.mp4": 30.0}
    one = observation({"1": list(lengths)}, lengths, observation__time__interval=[14, 28])
    path = project(tmp_path, one=one)
    assert [gaps(read(path, name)) for name in lengths] == [[(0.0, 10.0)], [(0.0, 4.0), (18.0, 20.0)], [(0.0, 30.0)]]
    assert [seconds(read(path, name)) for name in lengths] == [[], [(2.0, 6.0)], []]


def test_further_players_have_times_and_edges_of_their_own(tmp_path: Path) -> None:
    players = {"1": ["a.mp4"], "2": ["late.mp4"], "3": ["early.mp4"], "4": ["same.mp4"]}
    lengths = {"a.mp4": 60.0, "late.mp4": 20.0, "early.mp4": 100.0, "same.mp4": 60.0}
    offset = {"1": 0.0, "2": 10.0, "3": -15.0, "4": 0.0}
    path = project(tmp_path, one=observation(players, lengths, offset=offset))
    first = read(path, "a.mp4")
    assert (first.media, seconds(first), gaps(first)) == (("a.mp4", "same.mp4"), [(12.0, 16.0)], [])
    assert read(path, "same.mp4") == first
    late = read(path, "late.mp4")
    assert (late.media, seconds(late), gaps(late), late.duration) == (("late.mp4",), [(2.0, 6.0)], [], 20.0)
    early = read(path, "early.mp4")  # it ran 15 s before the first player began, and 25 s after it ended
    assert (seconds(early), gaps(early)) == ([(27.0, 31.0)], [(0.0, 15.0), (75.0, 100.0)])


def test_a_shorter_second_camera_has_its_own_length(tmp_path: Path) -> None:
    lengths = {"a.mp4": 60.0, "b.mp4": 14.0}
    path = project(tmp_path, one=observation({"1": ["a.mp4"], "2": ["b.mp4"]}, lengths))
    assert (seconds(read(path, "b.mp4")), read(path, "b.mp4").duration) == ([(12.0, 14.0)], 14.0)
    path = project(tmp_path, one=observation({"1": ["b.mp4"], "2": ["a.mp4"]}, lengths, events=[]))
    assert gaps(read(path, "a.mp4")) == [(14.0, 60.0)]  # nobody looked on after the first player had ended


def test_a_second_player_of_older_projects(tmp_path: Path) -> None:
    facts = {"time__offset__second__player": 10.0}
    one = observation({"1": ["a.mp4"], "2": ["b.mp4"]}, {"a.mp4": 60.0, "b.mp4": 50.0}, **facts)
    assert seconds(read(project(tmp_path, one=one), "b.mp4")) == [(2.0, 6.0)]


def test_a_queue_beside_a_camera(tmp_path: Path) -> None:
    lengths = {"a.mp4": 60.0, "b.mp4": 14.0, "c.mp4": 46.0}
    path = project(tmp_path, one=observation({"1": ["a.mp4"], "2": ["b.mp4", "c.mp4"]}, lengths))
    assert [seconds(read(path, name)) for name in lengths] == [[(12.0, 16.0)], [(12.0, 14.0)], [(0.0, 2.0)]]


def test_one_file_twice_in_a_queue_is_refused(tmp_path: Path) -> None:
    path = project(tmp_path, one=observation({"1": ["a.mp4", "a.mp4"]}, {"a.mp4": 30.0}))
    with pytest.raises(ActScribeError, match=r"'a.mp4' fits 2 of its entries"):
        read(path, "a.mp4")


def test_two_observations_of_one_video_are_told_apart_by_name(tmp_path: Path) -> None:
    one = observation({"1": ["D:/lab/a.mp4"]}, {"D:/lab/a.mp4": 60.0})
    two = observation({"1": ["lab/A.mp4"]}, {"lab/A.mp4": 60.0}, events=[])
    path = project(tmp_path, morning=one, evening=two)
    with pytest.raises(ActScribeError, match=r"fits 2 of its entries:\n  morning .*\n  evening"):
        read(path, "/data/lab/a.mp4")
    assert (seconds(read(path, "morning")), seconds(read(path, "Evening"))) == ([(12.0, 16.0)], [])


def test_the_creation_date_of_the_media_is_taken_off(tmp_path: Path) -> None:
    events = [[1_700_000_014.5, "", "walk", "", ""], [1_700_000_018.5, "", "walk", "", ""]]
    facts = {"media_creation_date_as_offset": True, "time__offset": 2.0, "events": events}
    media = {"media_creation_time": {"a.mp4": 1_700_000_000.0}}
    path = project(tmp_path, one=observation({"1": ["a.mp4"]}, {"a.mp4": 60.0}, media=media, **facts))
    assert seconds(read(path)) == [(12.5, 16.5)]


@pytest.mark.parametrize(
    ("players", "lengths", "facts", "problem"),
    [
        ({}, {}, {"type": "IMAGES"}, "type IMAGES"),
        ({}, {}, {"type": "LIVE", "start_from_current_time": True}, "start_from_current_time"),
        ({}, {}, {"type": "LIVE", "start_from_current_epoch_time": True}, "start_from_current_time"),
        ({}, {}, {"type": "LIVE", "scan_sampling_time": 10}, "scan-sampled every 10 s"),
        ({}, {}, {"type": "LIVE", "observation__time__interval": [5, 9]}, "from 5 s to 9 s only"),
        ({"1": ["a.mp4"]}, {"a.mp4": 60.0}, {"media_scan_sampling_duration": 30}, "scan-sampled every 30 s"),
        ({"1": ["a.mp4"]}, {}, {"observation__time__interval": [5, 9]}, "until 9 s only, but the length of 'a.mp4'"),
        ({"1": ["a.mp4"]}, {"a.mp4": 60.0}, {"observation__time__interval": [9, 5]}, "expected a start and an end"),
        ({"1": ["a.mp4"]}, {"a.mp4": 60.0}, {"media_creation_date_as_offset": True}, "media_creation_date_as_offset"),
        ({"1": ["a.mp4", "b.mp4"]}, {"a.mp4": 60.0}, {}, "the length of 'b.mp4' is not in the file"),
        (
            {"1": ["c.mp4"], "2": ["a.mp4", "b.mp4"]},
            {"a.mp4": 6.0, "b.mp4": 6.0, "c.mp4": 12.0},
            {"offset": {"2": 3.0}},
            "2 files one after another with an offset of 3 s",
        ),
    ],
)
def test_what_has_no_time_in_a_video_is_refused_by_name_and_hides_no_other(
    tmp_path: Path, players: dict[str, list[str]], lengths: dict[str, float], facts: dict[str, Any], problem: str
) -> None:
    other = observation({"1": ["other.mp4"]}, {"other.mp4": 60.0})
    path = project(tmp_path, odd=observation(players, lengths, **facts), sound=other)
    assert seconds(read(path, "other.mp4")) == [(12.0, 16.0)]
    with pytest.raises(ActScribeError, match=f"observation 'odd': .*{problem}"):
        read(path, "odd")


def test_state_events_that_all_stand_there_twice_are_refused(tmp_path: Path) -> None:
    twice = [event for event in WALK for _ in range(2)]
    path = project(tmp_path, one=observation({"1": ["a.mp4"]}, {"a.mp4": 60.0}, events=twice))
    with pytest.raises(ActScribeError, match="every state event 'walk' of no focal subject occurs twice"):
        read(path)
    touching = [[time, "", "walk", "", ""] for time in (1.0, 2.0, 2.0, 3.0)]
    path = project(tmp_path, one=observation({"1": ["a.mp4"]}, {"a.mp4": 60.0}, events=touching))
    assert read(path).intervals == (Interval("walk", 1.0, 2.0), Interval("walk", 2.0, 3.0))
    assert list(read_all(path)) == ["one"]
