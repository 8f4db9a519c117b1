"""Simulated studies on disk: files, determinism over processes, going on after an interruption, refusals."""

from __future__ import annotations

import csv
from pathlib import Path

import av
import numpy as np
import pytest

from actscribe import ActScribeError, load_data, load_study, read_annotations
from actscribe_sim.resuscitation.recording import SimulatedStudy, simulate
from actscribe_sim.resuscitation.scene import make_scene

SMALL = {"minutes": 0.1, "size": 48, "fps": 12.5, "seed": 5}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> SimulatedStudy:
    return simulate(tmp_path_factory.mktemp("simulated") / "study", recordings=3, workers=1, **SMALL)


def test_a_study_loads_as_it_is(study: SimulatedStudy) -> None:
    loaded = load_study(study.study)
    assert loaded.label_set().name == "newborn_resuscitation"
    assert (loaded.windows.length, loaded.windows.stride, loaded.windows.frames) == (3, 1, 8)
    with study.manifest.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["video"] for row in rows] == [f"recordings/sim00{k}.mp4" for k in (1, 2, 3)]
    assert [row["group"] for row in rows] == ["team01", "team01", "team02"]
    assert {row["split"] for row in rows} == {""}


def test_the_pipeline_reads_what_was_simulated(tmp_path: Path) -> None:
    made = simulate(tmp_path / "study", recordings=6, minutes=0.5, size=32, fps=5, seed=1, workers=1)
    data = load_data(load_study(made.study))
    assert {recording.split for recording in data.recordings} == {"train", "validation", "test"}
    assert all(recording.duration == pytest.approx(30, abs=0.3) for recording in data.recordings)


def test_annotation_files_hold_the_script_to_the_millisecond(study: SimulatedStudy) -> None:
    for index, recording in enumerate(study.recordings):
        scene = make_scene(SMALL["seed"], index, 6.0, size=32)
        read = read_annotations(recording.annotations)
        expected = scene.script.annotations().intervals
        assert [(i.label, round(i.start * 1000), round(i.end * 1000)) for i in read.intervals] == [
            (i.label, round(i.start * 1000), round(i.end * 1000)) for i in expected
        ]
        assert expected


def test_videos_have_the_asked_length_rate_and_size(study: SimulatedStudy) -> None:
    for recording in study.recordings:
        with av.open(str(recording.video)) as container:
            stream = container.streams.video[0]
            frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
            assert float(stream.average_rate) == 12.5
        assert len(frames) == 75
        assert frames[0].shape == (48, 48, 3)
        assert np.std(frames[-1]) > 10


def test_captions_cover_every_window(study: SimulatedStudy) -> None:
    for recording in study.recordings:
        with recording.captions.open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert [(float(row["start_s"]), float(row["end_s"])) for row in rows] == [(0, 3), (1, 4), (2, 5), (3, 6)]
        assert all(row["video"] == recording.video.name and row["caption"].endswith(".") for row in rows)


def test_two_processes_and_more_recordings_give_the_same_files(study: SimulatedStudy, tmp_path: Path) -> None:
    simulate(tmp_path / "two", recordings=4, workers=2, **SMALL)
    first, second = contents(study.folder), contents(tmp_path / "two")
    assert second.pop("manifest.csv").startswith(first.pop("manifest.csv"))
    assert {name: second[name] for name in first} == first
    assert set(second) - set(first) == {f"recordings/sim004{end}" for end in (".mp4", ".txt")} | {"captions/sim004.csv"}


def test_an_interrupted_simulation_goes_on(study: SimulatedStudy, tmp_path: Path) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("actscribe_sim.resuscitation.recording.write", stopped)
        with pytest.raises(KeyboardInterrupt):
            simulate(tmp_path / "again", recordings=3, workers=1, **SMALL)
    assert not (tmp_path / "again" / "manifest.csv").exists()
    simulate(tmp_path / "again", recordings=3, workers=1, **SMALL)
    assert contents(tmp_path / "again") == contents(study.folder)


def test_what_is_there_is_not_filmed_again(study: SimulatedStudy) -> None:
    before = {path: path.stat().st_mtime_ns for path in (r.video for r in study.recordings)}
    simulate(study.folder, recordings=3, workers=1, **SMALL)
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_annotations_come_in_the_asked_format(tmp_path: Path) -> None:
    made = simulate(tmp_path / "elan", recordings=1, format="elan", **SMALL)
    (recording,) = made.recordings
    assert recording.annotations.suffix == ".eaf"
    assert "Baby visible" in read_annotations(recording.annotations).labels


def test_a_folder_with_something_else_is_refused(tmp_path: Path, study: SimulatedStudy) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ActScribeError, match="not empty"):
        simulate(tmp_path, recordings=1, **SMALL)
    with pytest.raises(ActScribeError, match="other settings"):
        simulate(study.folder, recordings=3, **{**SMALL, "seed": 6})
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"recordings": 0}, "recordings has to be at least 1, found 0"),
        ({"minutes": 0}, "minutes has to be more than 0"),
        ({"minutes": float("nan")}, "minutes"),
        ({"seed": -1}, "seed has to be 0 or more"),
        ({"size": 8}, "size has to be at least 32"),
        ({"fps": 0}, "fps has to be between"),
        ({"workers": 0}, "workers has to be at least 1"),
        ({"format": "elna"}, "Did you mean 'elan'"),
    ],
)
def test_values_out_of_range_are_named(tmp_path: Path, wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ActScribeError) as caught:
        simulate(tmp_path / "out", **{**SMALL, **wrong})
    assert message in str(caught.value)
    assert not (tmp_path / "out").exists()
