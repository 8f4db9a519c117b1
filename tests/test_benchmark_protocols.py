"""What a benchmark learns from and is asked: no clips, few, all, halves of the classes, a recipe's, a list's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy import stats
from small_benchmarks import ACTIONS, ActionSet, by_hand, kept, tables, write_lines
from tiny_dual_encoders import write, xclip_model

from actscribe.benchmark.benchmark import benchmark
from actscribe.benchmark.draw import classes_of
from actscribe.data.input_spec import ClipFrames
from actscribe.errors import ActScribeError
from actscribe.features.embedders.network import NetworkEmbedder
from actscribe.recognizers.dual_encoder.probe import DualEmbedder
from actscribe.run_folder.run import Run
from actscribe.runs import train
from actscribe.runs.scoring import score_recordings
from actscribe.training.recipes import load_recipe


@pytest.fixture(scope="module")
def actions(tmp_path_factory: pytest.TempPathFactory) -> ActionSet:
    return ActionSet(tmp_path_factory.mktemp("actions"))


@pytest.mark.parametrize("backbone", ["clip", "x-clip"])
def test_zero_shot_needs_no_training_clips_and_has_one_seed(actions: ActionSet, tmp_path: Path, backbone: str) -> None:
    write(xclip_model(4), tmp_path / "x-clip")
    overrides = {"model": str(tmp_path / "x-clip")} if backbone == "x-clip" else {}
    plan = actions.plan(0, backbone, seeds=5, overrides=overrides)
    done = benchmark(plan, tmp_path, cache=actions.cache)
    run = Run.open(tmp_path / plan.run_name(False, 0))
    assert {recording.split for recording in run.recordings()} == {"test"}
    assert not (tmp_path / plan.run_name(False, 1)).exists()
    row = done.tables["results"].set_index(["system", "metric"]).loc[(backbone, "top1")]
    assert (row["mean"], row["seeds"]) == (pytest.approx(by_hand(run.folder)[0]), 1)
    right = round(row["mean"] * 12)  # twelve clips, each a group of its own
    exact = stats.binomtest(right, 12).proportion_ci(0.95, "exact")
    assert [row["low"], row["high"]] == pytest.approx([exact.low, exact.high])
    assert "difference" not in done.tables


@pytest.mark.parametrize(
    ("backbone", "overrides"),
    [
        ("probe", {"model": "embedded", "keep": "last"}),
        ("clip", {"learns": "probe", "epochs": 5, "head_learning_rate": 0.5}),
    ],
)
def test_a_few_shot_probe_sees_each_clip_once_for_all_seeds_and_shots(
    actions: ActionSet, tmp_path: Path, backbone: str, overrides: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(train, "COMPARED_CLIPS", 0)  # by which a saved model is compared with the trained one
    embedded: list[ClipFrames] = []

    def embed(self: Any, clips: Sequence[ClipFrames]) -> Any:
        embedded.extend(clips)
        return whole(self, clips)

    kind = NetworkEmbedder if backbone == "probe" else DualEmbedder
    step = "feed" if backbone == "probe" else "embed"
    whole = getattr(kind, step)
    monkeypatch.setattr(kind, step, embed)
    for shots in (1, 2):
        plan = actions.plan(shots, backbone, seeds=2, overrides=overrides)
        done = benchmark(plan, tmp_path / str(shots), cache=actions.cache)
        rows = done.tables["results"].set_index(["system", "metric"])
        assert rows.loc[(backbone, "top1"), "seeds"] == 2
        accuracies = [by_hand(tmp_path / str(shots) / plan.run_name(False, seed))[0] for seed in (0, 1)]
        assert rows.loc[(backbone, "top1"), "mean"] == pytest.approx(np.mean(accuracies))
    assert len(embedded) == len({clip.content for clip in embedded}) > 12


def test_a_benchmark_without_room_for_its_vectors_is_refused_before_anything_is_begun(
    actions: ActionSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ACTSCRIBE_FEATURES_GIB", "0.0000001")
    plan = actions.plan(1, "probe", seeds=2, overrides={"model": "embedded", "keep": "last"})
    with pytest.raises(
        ActScribeError, match=r"^probe: the features of its clips take .* and the feature store"
    ) as error:
        benchmark(plan, tmp_path / "out", cache=actions.cache)
    assert error.value.hint.startswith("Nothing was started.")
    assert not (tmp_path / "cache" / "features").exists()
    assert not list((tmp_path / "out").glob("*"))


@pytest.mark.slow
def test_what_learns_nothing_runs_once_beside_a_vghif_that_learns(actions: ActionSet, tmp_path: Path) -> None:
    plan = actions.plan(1, "clip", seeds=2, vghif=True)
    done = benchmark(plan, tmp_path, cache=actions.cache)
    made = sorted(path.name for path in tmp_path.iterdir() if "seed" in path.name)
    assert made == ["clip-1-seed0", "clip-vghif-1-seed0", "clip-vghif-1-seed1"]
    plain = done.tables["seeds"].query("system == 'clip'")
    assert plain["top1"].tolist() == [by_hand(tmp_path / "clip-1-seed0")[0]] * 2
    assert "clip alone learns nothing here, so one run serves for all seeds." in done.notes


def test_full_supervision_holds_whole_clips_out_for_validation(actions: ActionSet, tmp_path: Path) -> None:
    plan = actions.plan(None, "timesformer", overrides={"model": "embedded"})
    benchmark(plan, tmp_path, cache=actions.cache)
    run = Run.open(tmp_path / "timesformer-full-seed0")
    shown = {
        split: [recording.intervals[0].label for recording in run.recordings(split)] for split in ("train", "test")
    }
    assert sorted(shown["train"]) == sorted(ACTIONS * 3)
    assert sorted(shown["test"]) == sorted(ACTIONS * 2)
    assert len(run.recordings("validation")) == 6


@pytest.mark.slow
def test_base_to_novel_asks_for_classes_that_training_never_saw(actions: ActionSet, tmp_path: Path) -> None:
    plan = actions.plan(2, seeds=2, base_to_novel=True)
    done = benchmark(plan, tmp_path, cache=actions.cache)
    halves, means = [], []
    for seed in (0, 1):
        folder = tmp_path / f"vifi-clip-2-base-seed{seed}"
        run, novel = Run.open(folder), Run.open(folder / "novel")
        assert run.labels.names == ACTIONS[3:]
        assert novel.labels.names == ACTIONS[:3]
        assert {recording.split for recording in novel.recordings()} == {"test"}
        base, new = (float(np.mean(s.argmax(axis=1) == t)) for t, s, _ in (kept(folder), kept(folder / "novel")))
        halves.append((base, new))
        means.append(2 * base * new / (base + new) if base and new else 0.0)
    direct = run.recognizer().for_labels(novel.labels)  # type: ignore[attr-defined]
    asked = (novel.recordings("test"), novel.labels, novel.study.windows, "asked again")
    assert np.allclose(novel.scores("test").scores, score_recordings(direct, *asked).scores, atol=1e-5)
    base_prompts = score_recordings(run.recognizer(), *asked).scores
    assert not np.allclose(novel.scores("test").scores, base_prompts, atol=1e-3)
    results = done.tables["results"].set_index(["system", "metric"])["mean"]["vifi-clip"]
    assert results["base_top1"] == pytest.approx(np.mean([base for base, _ in halves]))
    assert results["novel_top1"] == pytest.approx(np.mean([new for _, new in halves]))
    assert results["harmonic_mean"] == pytest.approx(np.mean(means))
    assert done.tables["classes"]["part"].tolist() == ["base"] * 3 + ["novel"] * 3
    before = tables(tmp_path / plan.name)
    benchmark(plan, tmp_path, resume=True, cache=actions.cache)
    assert tables(tmp_path / plan.name) == before


def test_halves_come_from_label_files_in_their_order(actions: ActionSet, tmp_path: Path) -> None:
    listed = {"base.csv": [ACTIONS[4], ACTIONS[0]], "novel.csv": [ACTIONS[1], ACTIONS[5], ACTIONS[2]]}
    for file, names in listed.items():
        (tmp_path / file).write_text("id,name\n" + "".join(f"{index},{name}\n" for index, name in enumerate(names)))
    base, novel = (tmp_path / file for file in listed)
    chosen = classes_of(actions.plan(2, base_to_novel=True, halves=(base, novel)))
    assert chosen.novel is not None
    assert [[one.name for one in part.classes] for part in (chosen.learned, chosen.novel)] == list(listed.values())
    assert {Path(clip.name).parent.name for clip in chosen.learned.clips if clip.class_id == 0} == {ACTIONS[4]}


def test_a_recipe_takes_the_published_steps_and_no_validation(actions: ActionSet, tmp_path: Path) -> None:
    values = load_recipe("vifi_clip_few_shot").model_dump(mode="json")
    layout = {
        "devices": 2,
        "per_device": 2,
        "gradient_accumulation_steps": 2,
    }  # 12 clips: 6 a card, 3 passes, 1 step of 8
    values |= {"name": "small", "epochs": 2, "frames": 4, "layout": layout, "test": {"clips": 2, "crops": 3}}
    values |= {"published": [{"dataset": "folder", "shots": 2, "top1": 57.2, "source": "made up"}]}
    values["optimizer"]["warmup_epochs"] = 1
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(values))
    plan = actions.plan(2, recipe=str(tmp_path / "small.yaml"), frames=None)
    done = benchmark(plan, tmp_path / "out", cache=actions.cache)
    run = Run.open(done.folder.parent / "vifi-clip-2-seed0")
    assert not run.recordings("validation")
    assert len(run.recordings("train")) == 12
    assert json.loads((run.folder / "training.json").read_text())["steps"] == 2
    assert (run.info.settings["batch_size"], run.info.settings["gradient_accumulation_steps"]) == (8, 4)
    assert run.info.views == {"test": (2, 3)}
    times = pd.read_parquet(run.scores_path("test"))["frame_times_s"]
    assert max(map(len, times)) > 4  # two temporal views of four frames
    assert done.tables["published"]["top1"].tolist() == pytest.approx([0.572])
    assert [note for note in done.notes if "starting from CLIP" in note] == list(done.notes[1:])


def test_a_list_of_shots_is_taken_as_it_is(actions: ActionSet, tmp_path: Path) -> None:
    lines = [f"{name}/{name}_train_{clip}.mp4 {index}" for index, name in enumerate(ACTIONS) for clip in (0, 3)]
    shots = write_lines(tmp_path / "k2.txt", lines)
    plan = actions.plan(None, shots_list=shots, overrides={"keep": "last"})
    benchmark(plan, tmp_path / "out", cache=actions.cache)
    run = Run.open(tmp_path / "out" / "vifi-clip-k2-seed0")
    assert sorted(recording.name for recording in run.recordings("train")) == sorted(
        line.split()[0].split("/")[1].removesuffix(".mp4") for line in lines
    )
    spoiled = write_lines(tmp_path / "bad.txt", [*lines, "box/box_test_1.mp4 0"])
    with pytest.raises(ActScribeError, match="1 of 13 training clips are test clips as well; first box/box_test_1"):
        benchmark(replace(plan, shots_list=spoiled), tmp_path / "other", cache=actions.cache)
    with_validation = benchmark(actions.plan(None, shots_list=shots), tmp_path / "best", cache=actions.cache)
    held = Run.open(with_validation.folder.parent / "vifi-clip-k2-seed0").recordings("validation")
    assert len(held) == 12
    assert not {recording.name for recording in held} & {recording.name for recording in run.recordings("train")}
    everything = [f"{name}/{name}_train_{clip}.mp4" for name in ACTIONS for clip in range(4)]
    with pytest.raises(ActScribeError, match="no training clip for validation") as caught:
        benchmark(
            actions.plan(None, shots_list=write_lines(tmp_path / "all.txt", everything)),
            tmp_path / "other",
            cache=actions.cache,
        )
    assert "keep=last" in caught.value.hint
    nothing = write_lines(tmp_path / "none.txt", [])
    with pytest.raises(ActScribeError, match=r"none\.txt: the file is empty"):
        benchmark(actions.plan(None, shots_list=nothing), tmp_path / "other", cache=actions.cache)
    assert not (tmp_path / "other").exists()
