"""Benchmarks on sets that are plain, odd or incomplete, and choices that a checkpoint does not allow."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_benchmarks import ACTIONS, ActionSet, touch, write_lines
from typer.testing import CliRunner

from actscribe.benchmark import benchmark as module
from actscribe.benchmark.benchmark import benchmark
from actscribe.benchmark.draw import Draw, classes_of, draw
from actscribe.benchmark.plan import Plan
from actscribe.cli import app
from actscribe.data.benchmarks.base import Source
from actscribe.data.benchmarks.convert import Probes
from actscribe.data.benchmarks.folder import UNGROUPED
from actscribe.errors import ActScribeError
from actscribe.run_folder.run import Run


@pytest.fixture(scope="module")
def actions(tmp_path_factory: pytest.TempPathFactory) -> ActionSet:
    return ActionSet(tmp_path_factory.mktemp("actions"))


def test_a_plain_set_of_folders_is_tested_on_the_same_clips_with_every_seed(actions: ActionSet, tmp_path: Path) -> None:
    source = replace(actions.source, videos=actions.source.videos / "train", groups=r"_(\d+)$")
    plan = replace(actions.plan(2, seeds=2, overrides={"keep": "last"}), source=source)
    done = benchmark(plan, tmp_path, cache=actions.cache)
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
        benchmark(replace(plan, shots=None, shots_list=shots), tmp_path / "listed", cache=actions.cache)


def test_what_is_missing_or_odd_is_counted_and_said(actions: ActionSet, tmp_path: Path) -> None:
    source = Source(shutil.copytree(actions.source.videos, tmp_path / "set"))
    test, train = source.videos / "test" / "cup", source.videos / "train" / "cup"
    (test / "cup_test_1.mp4").write_bytes(b"")
    (test / "cup_test_0.mp4").write_bytes(b"no video")
    for clip in range(4):
        shutil.copy(source.videos / "test" / "box" / "box_test_0.mp4", train / f"cup_train_{clip}.mp4")
    plan = replace(actions.plan(3, overrides={"keep": "last"}), source=source)
    done = benchmark(plan, tmp_path / "out", cache=actions.cache)
    assert done.tables["availability"].to_numpy().tolist() == [["train", 24, 24, 0, 0], ["test", 12, 10, 2, 1]]
    assert done.tables["missing"]["clip"].tolist() == ["cup/cup_test_1", "cup/cup_test_0"]
    assert done.notes[:2] == (UNGROUPED, "3 of 18 training clips are the same file as a test clip.")
    assert done.notes[2].startswith("1 clip is here and cannot be read")
    assert "no clip of test shows: cup" in done.notes
    classes = pd.read_csv(done.folder / "classes.csv").set_index("class")
    assert classes.loc["cup", "clips"] == 0
    assert np.isnan(classes.loc["cup", "mean"])
    record = json.loads((done.folder / "benchmark.json").read_text())
    assert record["missing"] == {"no_file": 1, "unreadable": 1}


def spoil(source: Source, root: Path, name: str, clips: Iterable[int]) -> Source:
    """Return a copy of a set with some training clips of a class that cannot be read."""
    copy = Source(shutil.copytree(source.videos, root / "set"))
    for clip in clips:
        (copy.videos / "train" / name / f"{name}_train_{clip}.mp4").write_bytes(b"no video")
    return copy


def shown(drawn: Draw) -> dict[str, list[str]]:
    """Return class -> names of its training clips."""
    clips: dict[str, list[str]] = {name: [] for name in ACTIONS}
    for recording in drawn.data.of_split("train"):
        clips[recording.intervals[0].label].append(recording.name)
    return clips


@pytest.mark.parametrize("seed", [0, 1])
def test_shots_that_cannot_be_read_are_drawn_again(actions: ActionSet, tmp_path: Path, seed: int) -> None:
    plan = actions.plan(2, overrides={"keep": "last"})
    healthy = shown(draw(plan, classes_of(plan), seed, Probes()))
    broken = [int(name[-1]) for name in healthy["cup"]]
    plan = replace(plan, source=spoil(actions.source, tmp_path, "cup", broken))
    probes, chosen = Probes(), classes_of(plan)
    drawn = draw(plan, chosen, seed, probes)
    assert sorted(shown(drawn)["cup"]) == [f"cup_train_{clip}" for clip in range(4) if clip not in broken]
    assert {**shown(drawn), "cup": []} == {**healthy, "cup": []}
    assert not drawn.notes
    lost = probes.unreadable(chosen.whole.clips)
    assert [(one.name, one.split) for one in lost] == [(f"cup/cup_train_{clip}", "train") for clip in sorted(broken)]


def test_a_class_of_too_few_readable_clips_is_named(actions: ActionSet, tmp_path: Path) -> None:
    plan = replace(
        actions.plan(3, overrides={"keep": "last"}), source=spoil(actions.source, tmp_path / "some", "cup", range(2))
    )
    drawn = draw(plan, classes_of(plan), 0, Probes())
    assert {name: len(clips) for name, clips in shown(drawn).items()} == {**dict.fromkeys(ACTIONS, 3), "cup": 2}
    assert drawn.notes == ("fewer than 3 training clips of a class, since no more can be read: cup (2).",)
    plan = replace(plan, source=spoil(actions.source, tmp_path / "all", "cup", range(4)))
    with pytest.raises(
        ActScribeError, match=r"1 of 6 classes have no training clip that can be read; first cup: .*cup"
    ):
        draw(plan, classes_of(plan), 0, Probes())


def test_unreadable_clips_of_both_halves_are_counted_under_their_own_class(actions: ActionSet, tmp_path: Path) -> None:
    source = spoil(actions.source, tmp_path, "push", ())
    for name in ("box", "wave"):
        (source.videos / "test" / name / f"{name}_test_0.mp4").write_bytes(b"no video")
    plan = replace(actions.plan(2, base_to_novel=True, overrides={"keep": "last"}), source=source)
    done = benchmark(plan, tmp_path / "out", cache=actions.cache)
    table = done.tables["missing"][["clip", "class", "split"]].to_numpy().tolist()
    assert table == [["box/box_test_0", "box", "test"], ["wave/wave_test_0", "wave", "test"]]
    assert done.tables["availability"].set_index("split").loc["test"].tolist() == [12, 10, 2, 0]


def test_a_list_with_ids_of_its_own_comes_with_its_label_file(
    actions: ActionSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = tuple(reversed(ACTIONS))
    shots = write_lines(tmp_path / "k1.txt", [f"{name}/{name}_train_0.mp4 {own}" for own, name in enumerate(names)])
    labels = write_lines(tmp_path / "k1.csv", ["id,name", *(f"{own},{name}" for own, name in enumerate(names))])
    asked: list[Plan] = []

    def never(plan: Plan, *_: object, **__: object) -> None:
        asked.append(plan)
        raise ActScribeError("asked")

    monkeypatch.setattr(module, "benchmark", never)
    words = ["benchmark", "folder", "--videos", str(actions.source.videos), "--backbone", "vifi-clip"]
    words += ["--shots-list", str(shots), "--set", f"model={actions.checkpoint}"]
    for given in ([], ["--shots-labels", str(labels)]):
        assert "asked" in CliRunner().invoke(app, [*words, *given]).output
    without, with_ = asked
    with pytest.raises(ActScribeError, match="6 clips have another class than in folder") as caught:
        classes_of(without)
    assert "--shots-labels FILE" in caught.value.hint
    listed = classes_of(with_).listed
    assert listed is not None
    assert [clip.name for clip in listed.clips] == [f"{name}/{name}_train_0" for name in names]


def test_one_clip_a_class_in_plain_folders_cannot_be_parted_but_can_be_tested(tmp_path: Path) -> None:
    for name in ACTIONS:
        touch(tmp_path / name / "1.mp4")
    plan = Plan("folder", Source(tmp_path), "clip", 0)
    with pytest.raises(ActScribeError, match=r"6 classes .* too few groups") as caught:
        classes_of(plan)
    assert "keep=last" not in caught.value.hint
    assert "folder called test is enough" in caught.value.hint
    (tmp_path / "test").mkdir()
    for name in ACTIONS:
        (tmp_path / name).rename(tmp_path / "test" / name)
    benchmark = classes_of(plan).whole
    assert (len(benchmark.of_split("test")), benchmark.notes) == (6, ())


def test_what_the_checkpoint_cannot_do_shows_before_anything_is_trained(actions: ActionSet, tmp_path: Path) -> None:
    plan = actions.plan(2, vghif=True, overrides={"vghif": {"levels": [9]}})
    with pytest.raises(ActScribeError, match="asks for block 9"):
        benchmark(plan, tmp_path / "out", cache=actions.cache)
    assert not (tmp_path / "out").exists()
