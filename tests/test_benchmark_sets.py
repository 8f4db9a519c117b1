"""Benchmarks on sets that are plain, odd or incomplete, and choices that a checkpoint does not allow."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_benchmarks import ACTIONS, Place, write_lines

from actscribe.data.benchmarks.base import Source
from actscribe.errors import ActScribeError
from actscribe.runs.benchmark import benchmark
from actscribe.runs.folder import Run


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("place"))


def test_a_plain_set_of_folders_is_tested_on_the_same_clips_with_every_seed(place: Place, tmp_path: Path) -> None:
    source = replace(place.source, videos=place.source.videos / "train", groups=r"_(\d+)$")
    plan = replace(place.plan(2, seeds=2, overrides={"keep": "last"}), source=source)
    done = benchmark(plan, tmp_path, cache=place.cache)
    runs = [Run.open(tmp_path / plan.run_name(False, seed)) for seed in (0, 1)]
    tested = [{recording.name for recording in run.recordings("test")} for run in runs]
    assert tested[0] == tested[1]
    assert {name.rpartition("_")[2] for name in tested[0]} == {min(name.rpartition("_")[2] for name in tested[0])}
    for run in runs:
        groups = [{recording.group for recording in run.recordings(split)} for split in ("train", "test")]
        assert not groups[0] & groups[1]
    assert done.notes[0] == "6 of 24 clips, whole groups, are held out for testing."
    assert done.tables["availability"]["found"].tolist() == [18, 6]
    shots = write_lines(tmp_path / "k1.txt", [f"{name}/{name}_train_0.mp4" for name in ACTIONS])
    with pytest.raises(ActScribeError, match="no test clips here"):
        benchmark(replace(plan, shots=None, shots_list=shots), tmp_path / "listed", cache=place.cache)


def test_what_is_missing_or_odd_is_counted_and_said(place: Place, tmp_path: Path) -> None:
    source = Source(shutil.copytree(place.source.videos, tmp_path / "set"))
    test, train = source.videos / "test" / "cup", source.videos / "train" / "cup"
    (test / "cup_test_1.mp4").write_bytes(b"")
    (test / "cup_test_0.mp4").write_bytes(b"no video")
    for clip in range(4):
        shutil.copy(source.videos / "test" / "box" / "box_test_0.mp4", train / f"cup_train_{clip}.mp4")
    plan = replace(place.plan(3, overrides={"keep": "last"}), source=source)
    done = benchmark(plan, tmp_path / "out", cache=place.cache)
    assert done.tables["availability"].to_numpy().tolist() == [["train", 24, 24, 0, 0], ["test", 12, 11, 1, 0]]
    assert done.tables["missing"]["clip"].tolist() == ["cup/cup_test_1", "cup/cup_test_0"]
    assert done.notes[0] == "3 of 18 training clips are the same file as a test clip."
    assert done.notes[1].startswith("1 clips are here and cannot be read")
    assert "no clip of test shows: cup" in done.notes
    classes = pd.read_csv(done.folder / "classes.csv").set_index("class")
    assert classes.loc["cup", "clips"] == 0
    assert np.isnan(classes.loc["cup", "mean"])
    found = json.loads((done.folder / "benchmark.json").read_text())
    assert found["missing"] == {"no_file": 1, "unreadable": 1}


def test_what_the_checkpoint_cannot_do_shows_before_anything_is_trained(place: Place, tmp_path: Path) -> None:
    plan = place.plan(2, vghif=True, overrides={"vghif": {"levels": [9]}})
    with pytest.raises(ActScribeError, match="asks for block 9"):
        benchmark(plan, tmp_path / "out", cache=place.cache)
    assert not (tmp_path / "out").exists()
