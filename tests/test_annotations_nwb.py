"""NWB: what pynwb itself reads and validates, and tables that other programs wrote."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np
import pytest
from pynwb import NWBHDF5IO, NWBFile, validate
from pynwb.epoch import TimeIntervals
from pynwb.event import EventsTable
from pynwb.image import ImageSeries

from actscribe import packages
from actscribe.annotations import Annotations, Interval, convert, detect, read, read_all, write
from actscribe.annotations.interval import Origin
from actscribe.errors import ActScribeError

ANNOTATED = Annotations.of(
    [
        Interval("Rear", 0.1, 0.3, "P1", 0.5, 0.75, Origin("corrected", "AB", "9f86")),
        Interval("Grööm 🐁", 1.0004, 12.3456),
        Interval("Drop", 2, 2, "P1"),
        Interval("(not annotated)", 5, 6),
        Interval("(not annotated) Rear", 20, 20.5),
    ],
    ["videos/ü.mp4"],
    30.25,
    ["Sleep", "Rear", "Drop", "Grööm 🐁"],
    ["One note.", "Another."],
)


def foreign(path: Path, fill: Callable[[NWBFile], None]) -> Path:
    """Write a file as another program would, by pynwb alone."""
    content = NWBFile(
        session_description="a session", identifier="x", session_start_time=datetime(2024, 5, 1, 12, tzinfo=UTC)
    )
    fill(content)
    with NWBHDF5IO(path, "w") as file:
        file.write(content)
    return path


def intervals(name: str, rows: list[tuple[float, float, str]], label: str = "label") -> TimeIntervals:
    table = TimeIntervals(name=name, description="of a test")
    table.add_column(label, "what")
    for start, end, what in rows:
        table.add_row(start_time=start, stop_time=end, **{label: what})
    return table


def test_pynwb_reads_and_validates_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a.nwb"
    write(path, ANNOTATED, "nwb")
    assert validate(path=path) == []
    with NWBHDF5IO(path, "r") as file:
        content = file.read()
        assert sorted(content.intervals) == ["activities", "not_annotated", "videos"]
        assert list(content.events) == ["point_activities"]
        bouts = content.intervals["activities"].to_dataframe()
        gaps = content.intervals["not_annotated"].to_dataframe()
        points = content.events["point_activities"].to_dataframe()
        videos = content.intervals["videos"].to_dataframe()
        meanings = content.intervals["activities"].meanings_tables["label_meanings"].to_dataframe()
        begin, description, notes = content.session_start_time, content.session_description, content.notes
    columns = ["start_time", "stop_time", "label", "subject", "score", "raw_score", "origin", "annotator", "run"]
    assert list(bouts.columns) == columns
    assert bouts["start_time"].tolist() == [0.1, 1.0]
    assert bouts["stop_time"].tolist() == [0.3, 12.346]
    assert bouts["label"].tolist() == ["Rear", "Grööm 🐁"]
    assert bouts["subject"].tolist() == ["P1", ""]
    np.testing.assert_array_equal(bouts[["score", "raw_score"]], [[0.5, 0.75], [np.nan, np.nan]])
    assert bouts[["origin", "annotator", "run"]].to_numpy().tolist() == [["corrected", "AB", "9f86"], ["", "", ""]]
    assert points[["timestamp", "label", "subject"]].to_numpy().tolist() == [[2.0, "Drop", "P1"]]
    assert gaps.to_numpy().tolist() == [[5.0, 6.0, ""], [20.0, 20.5, "Rear"]]
    assert videos.to_numpy().tolist() == [[0.0, 30.25, "videos/ü.mp4"]]
    assert meanings["value"].tolist() == ["Sleep", "Rear", "Drop", "Grööm 🐁"]
    assert begin == datetime(1970, 1, 1, tzinfo=UTC)
    assert "not known" in description
    assert "1970-01-01" in description
    assert notes == "One note.\nAnother."


def test_all_of_it_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "a.nwb"
    write(path, ANNOTATED, "nwb")
    assert detect(path) == "nwb"
    again = read(path)
    assert again.intervals[0].origin == Origin("corrected", "AB", "9f86")
    assert [(one.label, one.start, one.end) for one in again.intervals] == [
        ("Rear", 0.1, 0.3),
        ("Grööm 🐁", 1.0, 12.346),
        ("Drop", 2.0, 2.0),
    ]
    assert (again.gaps, again.media, again.duration) == (ANNOTATED.gaps, ANNOTATED.media, 30.25)
    assert (again.labels, again.notes) == (ANNOTATED.labels, ANNOTATED.notes)


def test_no_id_is_drawn_twice_and_none_at_random(tmp_path: Path) -> None:
    one, other = tmp_path / "a.nwb", tmp_path / "b.nwb"
    write(one, ANNOTATED, "nwb")
    write(other, Annotations.of([Interval("Rear", 0, 1)]), "nwb")
    ids = []
    for path in (one, other):
        with NWBHDF5IO(path, "r") as file:
            content = file.read()
            ids += [content.identifier, *content.objects]
    assert len(ids) > 20
    assert len(set(ids)) == len(ids)
    before = one.read_bytes()
    write(one, ANNOTATED, "nwb")
    assert one.read_bytes() == before


def test_a_file_that_is_there_stays_where_nobody_says_otherwise(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("label,start,end\nRear,0,1\n", encoding="utf-8")
    (tmp_path / "a.nwb").write_bytes(b"mine")
    with pytest.raises(ActScribeError):
        convert(tmp_path / "a.csv", tmp_path / "a.nwb")
    assert (tmp_path / "a.nwb").read_bytes() == b"mine"


def test_a_table_of_another_program_and_times_that_are_invalid(tmp_path: Path) -> None:
    def fill(content: NWBFile) -> None:
        content.add_time_intervals(intervals("states", [(1.5, 3.0, "Rear"), (4.0, 4.5, "Groom")], "behavior"))
        content.add_trial_column("choice", "left or right")
        content.add_trial(start_time=0.0, stop_time=9.0, choice="left")
        content.add_invalid_time_interval(start_time=7.0, stop_time=8.0, tags=["light"])

    annotations = read(foreign(tmp_path / "a.nwb", fill))
    assert annotations.intervals == (Interval("Rear", 1.5, 3.0), Interval("Groom", 4.0, 4.5))
    assert annotations.gaps == (Interval("", 7.0, 8.0),)
    assert (annotations.media, annotations.duration) == ((), None)


def test_several_tables_are_told_apart_by_name(tmp_path: Path) -> None:
    def fill(content: NWBFile) -> None:
        for who, start in (("anna", 1.0), ("ben", 2.0)):
            content.add_time_intervals(intervals(who, [(start, 3.0, "Rear")]))
        content.add_epoch(0.0, 5.0, ["light", "warm"])

    path = foreign(tmp_path / "a.nwb", fill)
    with pytest.raises(ActScribeError, match="holds 3 videos or observations"):
        read(path)
    assert read(path, "ben").intervals == (Interval("Rear", 2.0, 3.0),)
    assert read_all(path)["epochs"].intervals == (Interval("light", 0.0, 5.0), Interval("warm", 0.0, 5.0))


def test_events_have_a_duration_or_none(tmp_path: Path) -> None:
    def fill(content: NWBFile) -> None:
        table = EventsTable(name="seen", description="of a test")
        table.add_column("label", "what")
        table.add_event(timestamp=0.1, duration=0.2, label="Rear")
        table.add_event(timestamp=4.0, duration=float("nan"), label="Drop")
        content.add_events_table(table)

    annotations = read(foreign(tmp_path / "a.nwb", fill))
    assert annotations.intervals == (Interval("Rear", 0.1, 0.3), Interval("Drop", 4.0, 4.0))


def video(name: str, begin: float) -> ImageSeries:
    moments = [begin, begin + 0.04]
    return ImageSeries(name=name, external_file=[f"{name}.avi"], format="external", timestamps=moments, unit="n.a.")


def test_times_are_counted_from_the_begin_of_the_video(tmp_path: Path) -> None:
    def fill(content: NWBFile) -> None:
        content.add_acquisition(video("top", 10.1))
        content.add_time_intervals(intervals("states", [(10.4, 12.1, "Rear")]))

    annotations = read(foreign(tmp_path / "a.nwb", fill))
    assert (annotations.intervals, annotations.media) == ((Interval("Rear", 0.3, 2.0),), ("top.avi",))


def test_videos_that_begin_at_different_times_are_refused(tmp_path: Path) -> None:
    def fill(content: NWBFile) -> None:
        content.add_acquisition(video("top", 0.0))
        content.add_acquisition(video("side", 2.5))
        content.add_time_intervals(intervals("states", [(3.0, 4.0, "Rear")]))

    with pytest.raises(ActScribeError, match=r"side\.avi at 2\.5 s, top\.avi at 0 s"):
        read(foreign(tmp_path / "a.nwb", fill))


def test_what_somebody_adds_to_our_file_is_another_table_of_it(tmp_path: Path) -> None:
    path = tmp_path / "a.nwb"
    write(path, ANNOTATED, "nwb")
    with NWBHDF5IO(path, "a") as file:
        content = file.read()
        content.add_time_intervals(intervals("more", [(1.0, 2.0, "Rear")]))
        file.write(content)
    assert read(path, "more").intervals == (Interval("Rear", 1.0, 2.0),)
    assert len(read(path, "videos/ü.mp4").intervals) == 3


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    path = foreign(
        tmp_path / "a.nwb", lambda content: content.add_time_intervals(intervals("states", [(0.0, 1.0, "x")], "colour"))
    )
    with pytest.raises(ActScribeError, match=r"found: states \(start_time, stop_time, colour\)") as caught:
        read(path)
    assert "'label'" in str(caught.value.hint)
    with pytest.raises(ActScribeError, match="no interval or event table has a label column; found: none at all"):
        read(foreign(tmp_path / "b.nwb", lambda content: None))
    with h5py.File(tmp_path / "c.h5", "w") as file:
        file["poses"] = np.zeros(3)
    with pytest.raises(ActScribeError, match="an HDF5 file that cannot be read as NWB 2"):
        read(tmp_path / "c.h5")
    path = foreign(tmp_path / "d.nwb", lambda content: content.add_time_intervals(intervals("t", [(3.0, 1.0, "x")])))
    with pytest.raises(ActScribeError, match="table 't', row 0: 'x' from 3"):
        read(path)


def test_without_pynwb_it_says_what_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a.nwb", ANNOTATED, "nwb")
    monkeypatch.setattr(packages, "missing", lambda modules: list(modules))
    for call in (lambda: read(tmp_path / "a.nwb"), lambda: write(tmp_path / "b.nwb", ANNOTATED, "nwb")):
        with pytest.raises(ActScribeError, match="NWB needs the package pynwb, which is not installed") as caught:
            call()
        assert caught.value.hint == "Type: pip install 'actscribe[nwb]'"
    assert [path.name for path in tmp_path.iterdir()] == ["a.nwb"]


def test_a_pynwb_that_cannot_be_imported_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a.nwb", ANNOTATED, "nwb")
    (tmp_path / "pynwb.py").write_text("raise ImportError('libhdf5.so: no such file')\n", encoding="utf-8")
    for name in [name for name in sys.modules if name.split(".")[0] == "pynwb"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)
    for call in (lambda: read(tmp_path / "a.nwb"), lambda: write(tmp_path / "b.nwb", ANNOTATED, "nwb")):
        with pytest.raises(ActScribeError, match=r"installed but cannot be imported \(ImportError: libhdf5") as caught:
            call()
        assert caught.value.hint == "Type: pip install --force-reinstall pynwb"


@pytest.mark.parametrize("end", [float("inf"), -1.0])
def test_no_video_of_ours_lasts_for_ever_or_less_than_nothing(tmp_path: Path, end: float) -> None:
    write(tmp_path / "a.nwb", ANNOTATED, "nwb")
    with h5py.File(tmp_path / "a.nwb", "a") as file:
        file["intervals/videos/stop_time"][0] = end
    with pytest.raises(ActScribeError, match="table 'videos', row 0: 'a video' from 0"):
        read(tmp_path / "a.nwb")


def test_what_is_no_interval_is_refused_with_its_row(tmp_path: Path) -> None:
    def fill(content: NWBFile) -> None:
        content.add_acquisition(video("top", 10.0))
        content.add_time_intervals(intervals("acts", [(11.0, 12.0, "Rear"), (9.0, 12.0, "Groom")]))

    with pytest.raises(ActScribeError, match="row 1, counted from the video's start at 10 s: 'Groom' from -1"):
        read(foreign(tmp_path / "before.nwb", fill))

    def never(content: NWBFile) -> None:
        content.add_acquisition(video("top", float("nan")))
        content.add_time_intervals(intervals("acts", [(11.0, 12.0, "Rear")]))

    with pytest.raises(ActScribeError, match=r"its video top\.avi begins at nan s"):
        read(foreign(tmp_path / "never.nwb", never))


def test_an_origin_that_is_none_is_left_out_and_said(tmp_path: Path) -> None:
    path = tmp_path / "a.nwb"
    write(path, ANNOTATED, "nwb")
    with h5py.File(path, "a") as file:
        file["intervals/activities/origin"][0] = "guessed"
    again = read(path)
    assert again.intervals[0].origin is None
    note = "The origin was left out of rows (1): 'guessed' is none of manual, accepted, corrected, file."
    assert again.notes == (*ANNOTATED.notes, note)
    (tmp_path / "a.csv").write_text("label,start_s,end_s,origin\nRear,0,1,guessed\nRear,2,3,manual\n", encoding="utf-8")
    table = read(tmp_path / "a.csv")
    assert table.notes == (note,)
    assert [one.origin and one.origin.how for one in table.intervals] == [None, "manual"]


def test_nothing_is_imported_before_it_is_needed() -> None:
    code = "import sys, actscribe.annotations, actscribe.cli; assert not {'pynwb', 'hdmf', 'h5py'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], check=True)


def _by_link(file: h5py.File, secret: Path) -> None:
    file["elsewhere"] = h5py.ExternalLink(str(secret), "/")


def _by_storage(file: h5py.File, secret: Path) -> None:
    file.create_dataset("general/elsewhere", shape=(6,), dtype="S1", external=[(str(secret), 0, 6)])


def _by_others(file: h5py.File, secret: Path) -> None:
    layout = h5py.VirtualLayout(shape=(6,), dtype="f8")
    layout[:] = h5py.VirtualSource(str(secret), "data", shape=(6,))
    file.create_virtual_dataset("general/elsewhere", layout)


@pytest.mark.parametrize("point", [_by_link, _by_storage, _by_others])
def test_no_other_file_is_opened(point: Callable[[h5py.File, Path], None], tmp_path: Path) -> None:
    path = foreign(
        tmp_path / "a.nwb", lambda content: content.add_time_intervals(intervals("acts", [(0.0, 1.0, "Rear")]))
    )
    os.mkfifo(tmp_path / "secret")  # whoever opens it waits for ever
    with h5py.File(path, "a") as file:
        point(file, tmp_path / "secret")
    with pytest.raises(ActScribeError, match="elsewhere lies in another file"):
        read(path)


def test_what_a_table_lacks_is_said(tmp_path: Path) -> None:
    def untagged(content: NWBFile) -> None:
        content.add_epoch(start_time=0.0, stop_time=1.0, tags=["Rear"])
        content.add_epoch(start_time=1.0, stop_time=2.0, tags=[])

    with pytest.raises(ActScribeError, match="row 1 has no tag"):
        read(foreign(tmp_path / "tags.nwb", untagged))
    ours = tmp_path / "ours.nwb"
    write(ours, ANNOTATED, "nwb")
    with h5py.File(ours, "a") as file:
        table = file["intervals/activities"]
        about, rows = dict(table["label"].attrs), len(table["label"])
        del table["label"]
        table.create_dataset("label", data=np.arange(rows)).attrs.update(about)
    with pytest.raises(ActScribeError, match="'activities' has no text in its column 'label'"):
        read(ours)


@pytest.mark.parametrize("where", ["annotator", "note"])
def test_characters_that_hdf5_cannot_hold_are_refused(where: str, tmp_path: Path) -> None:
    name, notes = ("A\0B", []) if where == "annotator" else ("AB", ["one\0two"])
    made = Annotations.of([Interval("Rear", 0, 1, origin=Origin("manual", name, ""))], [], 2.0, [], notes)
    with pytest.raises(ActScribeError, match="cannot carry"):
        write(tmp_path / "a.nwb", made, "nwb")
    assert not (tmp_path / "a.nwb").exists()
