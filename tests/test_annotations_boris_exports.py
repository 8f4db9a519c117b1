"""BORIS' table exports: which events belong to which video, by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from actscribe.annotations import Annotations, check, read, read_all
from actscribe.errors import ActScribeError

FLAT = """Time,Media file path,FPS,Subject,Behavior,Status
1.0,/x/a.mp4,30,S1,attack,START
2.0,/x/a.mp4,30,S1,attack,STOP
3,/x/b.mp4,30,S1,attack,START
4.0,/x/b.mp4,30,S1,attack,STOP
"""
HEADER = (
    "Observation id\tObservation date\tObservation type\tSource\tTime offset (s)\tMedia duration (s)\tFPS\tSubject"
    "\tBehavior\tBehavioral category\tBehavior type\tTime\tMedia file name"
)
QUEUE = "player #1:a.mp4;b.mp4"


def table(folder: Path, source: str, lengths: str, *events: tuple[str, float], offset: float = 0.0) -> Path:
    """Write the tabular export of one observation; events are STATUS and time."""
    path = folder / "events.tsv"
    facts = f"o1\t2024-01-01\tMedia file(s)\t{source}\t{offset}\t{lengths}\t25;25\tNo focal subject\twalk\t"
    rows = [f"{facts}\t{status}\t{time}\tNA" for status, time in events]
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    return path


def bout(start: float, end: float) -> tuple[tuple[str, float], tuple[str, float]]:
    return ("START", start), ("STOP", end)


def seconds(annotations: Annotations) -> list[tuple[float, float]]:
    return [(i.start, i.end) for i in annotations.intervals]


def test_a_table_without_observations_gives_each_video_its_own_rows(tmp_path: Path) -> None:
    path = tmp_path / "flat.csv"
    path.write_text(FLAT)
    assert seconds(read(path, "a.mp4")) == [(1.0, 2.0)]
    assert seconds(read(path, "/data/b.mp4")) == [(3.0, 4.0)]
    assert list(read_all(path)) == ["/x/a.mp4", "/x/b.mp4"]
    with pytest.raises(ActScribeError, match="holds 2 videos"):
        read(path)
    path.write_text(FLAT.replace("4.0,/x/b.mp4", "4.0,B.mp4").replace("/x/a.mp4", "x/a.mp4", 1))
    assert [seconds(read(path, name)) for name in ("a.mp4", "b.mp4")] == [[(1.0, 2.0)], [(3.0, 4.0)]]


def test_a_queue_with_lengths_gives_each_file_its_own_times(tmp_path: Path) -> None:
    path = table(tmp_path, QUEUE, "10.0;70.0", *bout(3, 6), *bout(40, 60), *bout(9, 12))
    assert seconds(read(path, "a.mp4")) == [(3.0, 6.0), (9.0, 10.0)]
    assert seconds(read(path, "b.mp4")) == [(0.0, 2.0), (30.0, 50.0)]
    assert [part.duration for part in read_all(path).values()] == [10.0, 70.0]
    shifted = table(tmp_path, QUEUE, "10.0;70.0", *bout(140, 160), offset=100.0)
    assert seconds(read(shifted, "b.mp4")) == [(30.0, 50.0)]


@pytest.mark.parametrize(
    ("source", "lengths", "problem"),
    [
        (QUEUE, "NA", "the length of 'a.mp4' is not in the file"),
        (QUEUE, "10.0", "the length of 'a.mp4' is not in the file"),
        ("player #1:a.mp4|player #2:b.mp4", "70.0|70.0", "does not say by how much they are shifted"),
    ],
)
def test_what_an_export_does_not_tell_apart_is_refused(tmp_path: Path, source: str, lengths: str, problem: str) -> None:
    path = table(tmp_path, source, lengths, *bout(3, 6))
    for video in ("a.mp4", "b.mp4"):
        with pytest.raises(ActScribeError, match=problem):
            read(path, video)
    assert seconds(read(path, "o1")) == [(3.0, 6.0)]  # the observation as a whole, asked for by its name


def test_events_beyond_the_media_are_not_lost(tmp_path: Path) -> None:
    annotations = read(table(tmp_path, "player #1:a.mp4", "70.0", *bout(1_700_000_000, 1_700_000_001)))
    with pytest.raises(
        ActScribeError, match=r"after its video, a\.mp4"
    ):  # a creation date that the export does not name
        check(annotations, 70.0, tmp_path, Path("a.mp4"))


@pytest.mark.parametrize("other", [("2024-01-01", "2024-01-02"), ("player #1:a.mp4", "player #1:b.mp4")])
def test_two_observations_of_one_name_are_refused(tmp_path: Path, other: tuple[str, str]) -> None:
    path = table(tmp_path, "player #1:a.mp4", "70.0", *bout(1, 2), *bout(3, 4))
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:3], *(line.replace(*other) for line in lines[3:])]))
    with pytest.raises(ActScribeError, match="two observations are called 'o1'"):
        read(path, "o1")


def test_an_observation_of_pictures_has_no_time(tmp_path: Path) -> None:
    path = table(tmp_path, "/pictures", "NA", *bout(1, 2))
    path.write_text(path.read_text().replace("Media file(s)", "From directories of images"))
    with pytest.raises(ActScribeError, match="made from pictures"):
        read(path)


OLD = """Observation id\tone\t\t\t
Media file(s)\t\t\t\t
Player #1\ta.mp4\t\t\t
{second}\tb.mp4\t\t\t
Time\tMedia file path\tTotal length\tBehavior\tStatus
13.300\tb.mp4\t80.000\ts\tSTART
17.750\tb.mp4\t80.000\ts\tSTOP
"""


@pytest.mark.parametrize(
    ("second", "problem"), [("Player #1", "length of 'a.mp4' is not in the file"), ("Player #2", "several players")]
)
def test_the_files_above_an_older_table_count_too(tmp_path: Path, second: str, problem: str) -> None:
    path = tmp_path / "old.tsv"
    path.write_text(OLD.format(second=second))
    with pytest.raises(ActScribeError, match=problem):
        read(path, "b.mp4")
    assert seconds(read(path, "one")) == [(13.3, 17.75)]
