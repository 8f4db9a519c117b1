"""BORIS projects and exports: toggles paired by hand, hand-written files of older and newer layouts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from actscribe.annotations import Annotations, FrameClock, Interval, detect, read, read_all, write
from actscribe.errors import ActScribeError

ETHOGRAM = {
    "0": {"type": "State event", "key": "s", "code": "Suction"},
    "1": {"type": "Point event", "key": "b", "code": "Birth"},
    "2": {"type": "State event with coding map", "key": "v", "code": "Ventilation"},
}


def project(folder: Path, **observations: dict[str, Any]) -> Path:
    path = folder / "project.boris"
    path.write_text(json.dumps({"behaviors_conf": ETHOGRAM, "observations": observations}), encoding="utf-8")
    return path


def observation(*events: list[Any], **facts: Any) -> dict[str, Any]:
    plain = {"file": {"1": ["a.mp4"], "2": []}, "media_info": {"length": {"a.mp4": 60.0}}, "time offset": 0.0}
    return plain | {key.replace("_offset", " offset"): value for key, value in facts.items()} | {"events": list(events)}


def test_toggles_pair_by_subject_behaviour_and_modifier(tmp_path: Path) -> None:
    path = project(
        tmp_path,
        one=observation(
            [1.0, "", "Suction", "", ""],
            [2.0, "nurse", "Suction", "", ""],
            [3.0, "", "Birth", "", "", 75],
            [4.0, "", "Suction", "", ""],
            [5.0, "", "Ventilation", "CPAP|None", ""],
            [5.5, "", "Ventilation", "PPV", ""],
            [6.0, "nurse", "Suction", "", ""],
            [7.0, "", "Ventilation", "CPAP|None", ""],
            [8.0, "", "Ventilation", "PPV", ""],
        ),
    )
    annotations = read(path)
    assert annotations.intervals == (
        Interval("Suction", 1.0, 4.0),
        Interval("Suction", 2.0, 6.0, "nurse"),
        Interval("Birth", 3.0, 3.0),
        Interval("Ventilation: CPAP", 5.0, 7.0),
        Interval("Ventilation: PPV", 5.5, 8.0),
    )
    assert (annotations.media, annotations.duration) == (("a.mp4",), 60.0)


def test_rows_out_of_order_are_paired_by_time(tmp_path: Path) -> None:
    times = [4.0, 1.0, 3.0, 2.0]
    path = project(tmp_path, one=observation(*([time, "", "Suction", "", ""] for time in times)))
    assert read(path).intervals == (Interval("Suction", 1.0, 2.0), Interval("Suction", 3.0, 4.0))
    header, *rows = NEW_TABULAR.splitlines(keepends=True)
    table = tmp_path / "events.csv"
    table.write_text("".join([header, *reversed(rows)]), encoding="utf-8")
    assert read(table, "two").intervals == (Interval("s", 0.5, 0.75, "nurse"),)


@pytest.mark.parametrize("subject", ["", "nurse"])
def test_an_odd_state_event_names_subject_behaviour_and_time(tmp_path: Path, subject: str) -> None:
    events = [[1.0, subject, "Suction", "", ""], [2.0, subject, "Suction", "", ""], [12.5, subject, "Suction", "", ""]]
    path = project(tmp_path, one=observation(*events))
    who = "subject 'nurse'" if subject else "no focal subject"
    with pytest.raises(ActScribeError, match=rf"project.boris: observation 'one': .*'Suction' of {who} .* 12.5 s"):
        read(path)


def test_an_unfinished_observation_does_not_hide_the_others(tmp_path: Path) -> None:
    good = observation([1.0, "", "Birth", "", ""])
    path = project(tmp_path, good=good, bad=observation([1.0, "", "Suction", "", ""], file={"1": ["b.mp4"]}))
    assert read(path, "a.mp4").intervals == (Interval("Birth", 1.0, 1.0),)
    with pytest.raises(ActScribeError, match="'bad'"):
        read(path, "b.mp4")
    with pytest.raises(ActScribeError, match="'bad'"):
        read_all(path)


def test_the_time_offset_is_taken_off(tmp_path: Path) -> None:
    path = project(tmp_path, one=observation([101.5, "", "Birth", "", ""], time_offset=100.0))
    assert read(path).intervals == (Interval("Birth", 1.5, 1.5),)


def test_files_that_are_played_in_turn_become_entries_of_their_own(tmp_path: Path) -> None:
    files = {"1": ["a.mp4", "b.mp4", "c.mp4"]}
    lengths = {"length": {"a.mp4": 10.0, "b.mp4": 20.5, "c.mp4": 5.0}}
    events = [
        [9.0, "", "Suction", "", ""],
        [10.0, "", "Birth", "", ""],
        [12.0, "", "Suction", "", ""],
        [29.0, "", "Suction", "", ""],
        [33.0, "", "Suction", "", ""],
        [35.5, "", "Birth", "", ""],
    ]
    path = project(tmp_path, one=observation(*events, file=files, media_info=lengths))
    observations = read_all(path)
    assert list(observations) == ["one: a.mp4", "one: b.mp4", "one: c.mp4"]
    first, second, third = observations.values()
    assert first.intervals == (Interval("Suction", 9.0, 10.0),)
    assert second.intervals == (
        Interval("Birth", 0.0, 0.0),
        Interval("Suction", 0.0, 2.0),
        Interval("Suction", 19.0, 20.5),
    )
    assert third.intervals == (Interval("Suction", 0.0, 2.5), Interval("Birth", 5.0, 5.0))
    assert [part.duration for part in observations.values()] == [10.0, 20.5, 5.0]
    assert read(path, "b.mp4") == second


def test_live_observations_and_image_times(tmp_path: Path) -> None:
    live = observation([1.0, "", "Birth", "", ""], file=[], media_info={})
    path = project(tmp_path, live=live, images=observation(["NA", "", "Birth", "", "", 3, "3.png"]))
    assert read(path, "live").intervals == (Interval("Birth", 1.0, 1.0),)
    with pytest.raises(ActScribeError, match="observation 'images', event 1: expected time"):
        read(path, "images")


def test_a_behaviour_outside_the_ethogram_is_named(tmp_path: Path) -> None:
    path = project(tmp_path, one=observation([1.0, "", "Sucktion", "", ""]))
    with pytest.raises(ActScribeError, match="event 1: behaviour 'Sucktion' is not in the project's ethogram"):
        read(path)


def test_what_is_written_is_a_whole_project(tmp_path: Path) -> None:
    path = tmp_path / "baby.boris"
    annotations = Annotations.of(
        [
            Interval("Suction", 1.0, 2.0, "nurse"),
            Interval("Suction", 2.0, 3.5, "nurse"),
            Interval("Birth", 0.5, 0.5),
            Interval("Suction", 1.5, 4.0),
        ],
        media=("baby.mp4",),
        duration=60.0,
    )
    write(path, annotations, "boris", clock=FrameClock(25.0))
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["project_format_version"] == "7.0"
    assert {b["code"]: b["type"] for b in content["behaviors_conf"].values()} == {
        "Birth": "Point event",
        "Suction": "State event",
    }
    keys = [b["key"] for b in content["behaviors_conf"].values()]
    assert len(set(keys)) == len(keys)
    assert [s["name"] for s in content["subjects_conf"].values()] == ["nurse"]
    (name, coded), *others = content["observations"].items()
    assert (name, others, coded["type"], coded["time offset"]) == ("baby", [], "MEDIA", 0.0)
    assert coded["file"]["1"] == ["baby.mp4"]
    assert coded["media_info"]["length"] == {"baby.mp4": 60.0}
    assert coded["media_info"]["fps"] == {"baby.mp4": 25.0}
    # By hand: every state has a START and a STOP row, and the STOP at 2 s stands before the START at 2 s.
    assert [row[:3] for row in coded["events"]] == [
        [0.5, "", "Birth"],
        [1.0, "nurse", "Suction"],
        [1.5, "", "Suction"],
        [2.0, "nurse", "Suction"],
        [2.0, "nurse", "Suction"],
        [3.5, "nurse", "Suction"],
        [4.0, "", "Suction"],
    ]


@pytest.mark.parametrize("name", ["boris", "boris-tabular"])
def test_overlapping_bouts_cannot_be_toggles(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.boris"
    annotations = Annotations((Interval("Suction", 1, 3), Interval("Suction", 2, 4)))
    with pytest.raises(ActScribeError, match="'Suction' is there twice at once, from 1 s to 3 s and from 2 s to 4 s"):
        write(path, annotations, name)
    assert not path.exists()


def test_more_labels_than_keys_leaves_keys_empty(tmp_path: Path) -> None:
    path = tmp_path / "many.boris"
    write(path, Annotations(tuple(Interval(f"label {n:02d}", n, n + 1) for n in range(80))), "boris")
    keys = [b["key"] for b in json.loads(path.read_text())["behaviors_conf"].values()]
    used = [key for key in keys if key]
    assert (len(keys), len(used), len(set(used))) == (80, 74, 74)


OLD_TABULAR = """Observation id\tobservation #1\t\t\t\t\t\t\t
\t\t\t\t\t\t\t\t
Media file(s)\t\t\t\t\t\t\t\t
Player #1\ta.mp4\t\t\t\t\t\t\t
Observation date\t2016-11-27 01:57:26\t\t\t\t\t\t\t
Time offset (s)\t10.0\t\t\t\t\t\t\t
variable\tvalue\t\t\t\t\t\t\t
\t\t\t\t\t\t\t\t
Time\tMedia file path\tTotal length\tFPS\tSubject\tBehavior\tBehavioral category\tComment\tStatus
13.300\ta.mp4\t359.960\t25.0\tsubject1\ts\t\tbegin\tSTART
14.000\ta.mp4\t359.960\t25.0\tNo focal subject\tp\t\t\tPOINT
17.750\ta.mp4\t359.960\t25.0\tsubject1\ts\t\tend\tSTOP
"""
NEW_TABULAR = """Observation id,Observation type,Time offset (s),Media duration (s),FPS,Subject,Behavior,\
Behavioral category,Modifier #1,Behavior type,Time,Media file name,Image index,Comment
one,Media file(s),0.0,60.000,25.0,No focal subject,s,,m1,START,1.500,"a, b.mp4",38,
two,Media file(s),0.0,30.000,25.0,nurse,s,,,START,0.500,c.mp4,12,
one,Media file(s),0.0,60.000,25.0,No focal subject,s,,m1,STOP,2.500,"a, b.mp4",63,"done, well"
two,Media file(s),0.0,30.000,25.0,nurse,s,,,STOP,0.750,c.mp4,18,
"""


def test_the_older_tabular_layout(tmp_path: Path) -> None:
    path = tmp_path / "events.tsv"
    path.write_text(OLD_TABULAR, encoding="utf-8")
    annotations = read(path)
    assert detect(path) == "boris-tabular"
    assert [(i.label, i.subject) for i in annotations.intervals] == [("s", "subject1"), ("p", "")]
    assert [t for i in annotations.intervals for t in (i.start, i.end)] == pytest.approx([3.3, 7.75, 4.0, 4.0])
    assert (annotations.media, annotations.duration) == (("a.mp4",), 359.96)


def test_the_newer_tabular_layout_with_several_observations(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_text(NEW_TABULAR, encoding="utf-8")
    assert detect(path) == "boris-tabular"
    assert read_all(path) == {
        "one": Annotations((Interval("s: m1", 1.5, 2.5),), (), ("a, b.mp4",), 60.0),
        "two": Annotations((Interval("s", 0.5, 0.75, "nurse"),), (), ("c.mp4",), 30.0),
    }


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("\tSTOP", "\tSTART"), "'s' of subject 'subject1' starts at 3.3 s, but starts again at 7.75 s"),
        (("\tSTART", "\tSTOP"), "'s' of subject 'subject1' stops at 3.3 s, but did not start before"),
        (("\tSTOP", "\tPOINT"), "'s' of subject 'subject1' starts at 3.3 s, but never stops"),
        (("\tSTOP", "\tEND"), "line 12: 'END' is neither START, STOP nor POINT"),
        (("17.750", "soon"), "line 12: the time is 'soon'"),
        (("14.000", "4.000"), "line 11: 'p' from -6.0 s"),
    ],
)
def test_odd_rows_of_a_tabular_export_are_named(tmp_path: Path, change: tuple[str, str], problem: str) -> None:
    path = tmp_path / "events.tsv"
    path.write_text(OLD_TABULAR.replace(*change), encoding="utf-8")
    with pytest.raises(ActScribeError, match=problem):
        read(path)


AGGREGATED = """Observation id;Media file;Total length;FPS;Subject;Behaviour;Behavioral category;Modifiers;\
Behavior type;Start (s);Stop (s);Duration (s);Comment start;Comment stop
one;a.mp4;60,000;25.0;No focal subject;s;;;STATE;1,800;8,125;6,325;;
one;a.mp4;60,000;25.0;nurse;p;;m1|None;POINT;32,825;32,825;NA;;
two;b.mp4;90,000;25.0;nurse;s;;;STATE;0:01:00.5;0:01:02.25;1,750;;
two;c.mp4;90,000;25.0;nurse;p;;;POINT;70,000;NA;NA;;
"""


def test_aggregated_exports_in_another_dialect(tmp_path: Path) -> None:
    path = tmp_path / "aggregated.csv"
    path.write_text(AGGREGATED, encoding="utf-8")
    assert detect(path) == "boris-aggregated"
    assert read(path, "one") == read(path, "/videos/a.mp4")
    assert read(path, "one") == Annotations(
        (Interval("s", 1.8, 8.125), Interval("p: m1", 32.825, 32.825, "nurse")), (), ("a.mp4",), 60.0
    )
    assert read(path, "two").intervals == (Interval("s", 60.5, 62.25, "nurse"), Interval("p", 70.0, 70.0, "nurse"))
    # The times of 'two' run through both files, so neither file alone stands for it.
    with pytest.raises(ActScribeError, match=r"the length of 'b.mp4' is not in the file"):
        read(path, "c.mp4")


def test_a_reversed_bout_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "aggregated.csv"
    path.write_text(AGGREGATED.replace("1,800;8,125", "8,125;1,800"), encoding="utf-8")
    with pytest.raises(ActScribeError, match=r"aggregated.csv: line 2: 's' from 8.125 s to 1.8 s"):
        read(path, "one")
