"""Whole benchmarks on tiny videos and models: tables against the kept scores, resuming, splits, views."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from scipy import stats
from small_benchmarks import ACTIONS, Place, write_lines
from tiny_duals import write, xclip_model
from typer.testing import CliRunner

from actscribe.benchmark import benchmark as module
from actscribe.benchmark.benchmark import benchmark
from actscribe.benchmark.draw import classes_of
from actscribe.benchmark.plan import Plan
from actscribe.cli import app
from actscribe.data.benchmarks.folder import UNGROUPED
from actscribe.data.view import ClipFrames
from actscribe.errors import ActScribeError
from actscribe.features.embedders.network import NetworkEmbedder
from actscribe.recognizers.dual_encoder.probe import DualEmbedder
from actscribe.run_folder.run import Run
from actscribe.runs import train
from actscribe.runs.annotate import annotate
from actscribe.runs.scoring import score_recordings
from actscribe.training.recipes import load_recipe


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("place"))


@pytest.fixture(scope="module")
def pair(place: Place) -> tuple[Plan, Path]:
    """Return a plan with and without VgHIF on two seeds, and the folder where it was run."""
    plan = place.plan(vghif=True, seeds=2, overrides={"vghif_learning_rate": 0.05, "vghif": {"levels": [2, 4]}})
    benchmark(plan, place.root / "pair", cache=place.cache)
    return plan, place.root / "pair"


def kept(folder: Path) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return true classes, scores and class names of a run, read from its files alone; names tell the classes."""
    table = pd.read_parquet(folder / "scores-test.parquet")
    columns = [name for name in table.columns if name.startswith("score: ")]
    names = [name.removeprefix("score: ") for name in columns]
    truth = np.array([names.index(name.split("_")[0]) for name in table["recording"]])
    return truth, table[columns].to_numpy(), names


def by_hand(folder: Path) -> tuple[float, float, float]:
    """Return top-1, top-5 and mean per class."""
    truth, scores, names = kept(folder)
    ranks = (scores > scores[np.arange(len(truth)), truth][:, None]).sum(axis=1)
    per_class = [np.mean(ranks[truth == index] == 0) for index in range(len(names))]
    return float(np.mean(ranks == 0)), float(np.mean(ranks < 5)), float(np.mean(per_class))


def tables(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix in (".csv", ".md")}


def test_results_are_means_over_seeds_of_the_kept_scores(pair: tuple[Plan, Path]) -> None:
    plan, out = pair
    found = pd.read_csv(out / plan.name / "results.csv").set_index(["system", "metric"])
    assert list(dict.fromkeys(found.index.get_level_values(0))) == [
        "vifi-clip",
        "vifi-clip + VgHIF",
        "chance",
        "majority",
    ]
    assert found.loc[["chance", "majority"]].xs("top1", level=1)["mean"].tolist() == pytest.approx([1 / 6, 1 / 6])
    page = (out / plan.name / "report.html").read_text(encoding="utf-8")
    assert "an answer that never looks would get up to 17" in page
    assert "<script" not in page
    for system, run in (("vifi-clip", "vifi-clip-2-seed"), ("vifi-clip + VgHIF", "vifi-clip-vghif-2-seed")):
        values = np.array([by_hand(out / f"{run}{seed}") for seed in range(2)])
        for index, metric in enumerate(("top1", "top5", "mean_per_class")):
            row = found.loc[system, metric]
            half = stats.t.ppf(0.975, 1) * values[:, index].std(ddof=1) / np.sqrt(2)
            assert row["mean"] == pytest.approx(values[:, index].mean())
            if values[:, index].std():
                assert row["high"] - row["mean"] == pytest.approx(half)
            assert row["seeds"] == 2


def test_the_difference_is_paired_by_seed(pair: tuple[Plan, Path]) -> None:
    plan, out = pair
    found = pd.read_csv(out / plan.name / "difference.csv").set_index("metric")
    gains = np.array(
        [
            np.subtract(by_hand(out / f"vifi-clip-vghif-2-seed{s}"), by_hand(out / f"vifi-clip-2-seed{s}"))
            for s in (0, 1)
        ]
    )
    assert found["difference"].tolist() == pytest.approx(gains.mean(axis=0).tolist())
    assert found.loc["top1", "p_sign_flip"] in (0.5, 1.0)  # two pairs have four sign patterns, the found one twice
    if gains[0, 0] != gains[1, 0]:
        assert found.loc["top1", "p_t"] == pytest.approx(stats.ttest_1samp(gains[:, 0], 0).pvalue)


def test_classes_and_seeds_are_those_of_the_kept_scores(pair: tuple[Plan, Path]) -> None:
    plan, out = pair
    seeds = pd.read_csv(out / plan.name / "seeds.csv")
    assert seeds[["system", "seed"]].to_numpy().tolist() == [
        [name, seed] for name in ("vifi-clip", "vifi-clip + VgHIF") for seed in (0, 1)
    ]
    assert seeds["top5"].tolist()[:2] == pytest.approx([by_hand(out / f"vifi-clip-2-seed{s}")[1] for s in (0, 1)])
    classes = pd.read_csv(out / plan.name / "classes.csv")
    assert classes["clips"].tolist() == [2] * 12
    last = classes[classes["system"] == "vifi-clip + VgHIF"].set_index("class")
    for seed in (0, 1):
        truth, scores, names = kept(out / f"vifi-clip-vghif-2-seed{seed}")
        for index, name in enumerate(names):
            wanted = np.mean(scores[truth == index].argmax(axis=1) == index)
            assert last.loc[name, f"seed_{seed}"] == pytest.approx(wanted)
    assert last["mean"].tolist() == pytest.approx(last[["seed_0", "seed_1"]].mean(axis=1).tolist())


def test_both_systems_see_the_same_shots_and_settings(pair: tuple[Plan, Path]) -> None:
    plan, out = pair
    shots = {}
    for seed in (0, 1):
        without, with_ = (Run.open(out / plan.run_name(vghif, seed)) for vghif in (False, True))
        assert without.recordings() == with_.recordings()
        assert without.info.seed == with_.info.seed == seed
        differ = [key for key, value in with_.info.settings.items() if value != without.info.settings[key]]
        assert differ == ["vghif", "vghif_learning_rate"]
        assert with_.info.settings["vghif"]["levels"] == [2, 4]
        assert not np.array_equal(with_.scores("test").scores, without.scores("test").scores)
        shots[seed] = {recording.name for recording in with_.recordings("train")}
        assert len(shots[seed]) == 12
        assert len(with_.recordings("validation")) == 6
    assert shots[0] != shots[1]


def test_a_run_annotates_a_video_with_the_class_that_scores_highest(pair: tuple[Plan, Path], tmp_path: Path) -> None:
    plan, out = pair
    run = Run.open(out / plan.run_name(True, 0))
    scored = run.scores("test")
    wanted = [run.labels.names[place] for place in scored.scores.argmax(axis=1)][:3]
    recordings = {recording.name: recording for recording in run.recordings("test")}
    videos = [recordings[clip.recording].video for clip in scored.clips[:3]]
    done = annotate(videos, run, formats=("json",), out=tmp_path)
    assert [[interval.label for interval in one.intervals] for one in done] == [[label] for label in wanted]
    assert [one.intervals[0].end for one in done] == pytest.approx([0.6] * 3)


def test_benchmark_json_says_how_it_came_about(pair: tuple[Plan, Path]) -> None:
    plan, out = pair
    found = json.loads((out / plan.name / "benchmark.json").read_text())
    assert found["command"] == plan.command()
    assert found["seeds"] == [0, 1]
    assert set(found["seconds"]) == {plan.run_name(vghif, seed) for vghif in (False, True) for seed in (0, 1)}
    assert all(steps["train"] > 0 and steps["evaluate test"] > 0 for steps in found["seconds"].values())
    assert found["systems"]["vifi-clip"]["epochs"] == 1
    assert found["versions"]["torch"]
    assert found["tables"]["availability"][0] == {
        "split": "train",
        "expected": 24,
        "found": 24,
        "missing": 0,
        "classes_without": 0,
    }
    assert found["notes"] == [UNGROUPED, "with 2 seeds the sign-flip p is 0.5 at least."]
    text = (out / plan.name / "benchmark.md").read_text()
    assert plan.command() in text
    assert "| vifi-clip + VgHIF | top1 |" in text


@pytest.mark.slow
def test_killed_and_resumed_it_ends_with_the_same_tables(
    pair: tuple[Plan, Path], place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, out = pair
    done = []
    real = module.score_split

    def killed(run: Run, *rest: object) -> object:
        done.append(run.folder.name)
        scored = real(run, *rest)  # type: ignore[arg-type]
        if len(done) == 2:  # killed between its scores and its facts
            run.info.views.clear()
            run.save_info()
            raise KeyboardInterrupt
        return scored

    with monkeypatch.context() as patch:
        patch.setattr(module, "score_split", killed)
        with pytest.raises(KeyboardInterrupt):
            benchmark(plan, tmp_path, cache=place.cache)
    assert done == ["vifi-clip-2-seed0", "vifi-clip-vghif-2-seed0"]
    with pytest.raises(ActScribeError, match="a benchmark was run here") as caught:
        benchmark(plan, tmp_path, cache=place.cache)
    assert "--resume" in caught.value.hint
    benchmark(plan, tmp_path, resume=True, cache=place.cache)
    assert tables(tmp_path / plan.name) == tables(out / plan.name)
    assert Run.open(tmp_path / "vifi-clip-2-seed0").info.reads == {"test": 1}


def test_finished_runs_are_reused_and_only_by_the_same_plan(
    pair: tuple[Plan, Path], place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, out = pair
    before = tables(out / plan.name)

    def never(*_: object, **__: object) -> None:
        raise AssertionError("a finished part was done again")

    monkeypatch.setattr(module, "train", never)
    monkeypatch.setattr(module, "score_split", never)
    benchmark(plan, out, resume=True, cache=place.cache)
    assert tables(out / plan.name) == before
    own = {key: value for key, value in plan.overrides.items() if not key.startswith("vghif")}
    alone = benchmark(replace(plan, vghif=False, overrides=own), out, resume=True, cache=place.cache)
    both = pd.read_csv(out / plan.name / "results.csv")
    assert alone.tables["results"]["mean"][:3].tolist() == pytest.approx(both["mean"][:3].tolist(), abs=1e-15)
    for change, message in (
        ({"clips": 2}, "scores are of 1 x 1 views, not of 2 x 1"),
        ({"overrides": {**plan.overrides, "epochs": 3}}, r"differs in: settings \(epochs\)"),
        (
            {"overrides": {**plan.overrides, "vghif_learning_rate": 0.02}},
            r"vghif-2-seed0: .*differs in: settings \(vghif_learning_rate\)",
        ),
        ({"frames": 2}, "differs in: windows"),
    ):
        with pytest.raises(ActScribeError, match=message):
            benchmark(replace(plan, **change), out, resume=True, cache=place.cache)


@pytest.mark.parametrize("backbone", ["clip", "x-clip"])
def test_zero_shot_needs_no_training_clips_and_has_one_seed(place: Place, tmp_path: Path, backbone: str) -> None:
    write(xclip_model(4), tmp_path / "x-clip")
    overrides = {"model": str(tmp_path / "x-clip")} if backbone == "x-clip" else {}
    plan = place.plan(0, backbone, seeds=5, overrides=overrides)
    done = benchmark(plan, tmp_path, cache=place.cache)
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
    place: Place, tmp_path: Path, backbone: str, overrides: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(train, "COMPARED_CLIPS", 0)  # by which a saved model is compared with the trained one
    seen: list[ClipFrames] = []

    def embed(self: Any, clips: Sequence[ClipFrames]) -> list[torch.Tensor]:
        seen.extend(clips)
        return whole(self, clips)

    kind = NetworkEmbedder if backbone == "probe" else DualEmbedder
    whole = kind.embed
    monkeypatch.setattr(kind, "embed", embed)
    for shots in (1, 2):
        plan = place.plan(shots, backbone, seeds=2, overrides=overrides)
        done = benchmark(plan, tmp_path / str(shots), cache=place.cache)
        rows = done.tables["results"].set_index(["system", "metric"])
        assert rows.loc[(backbone, "top1"), "seeds"] == 2
        found = [by_hand(tmp_path / str(shots) / plan.run_name(False, seed))[0] for seed in (0, 1)]
        assert rows.loc[(backbone, "top1"), "mean"] == pytest.approx(np.mean(found))
    assert len(seen) == len({clip.content for clip in seen}) > 12


def test_a_benchmark_without_room_for_its_vectors_is_refused_before_anything_is_begun(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ACTSCRIBE_FEATURES_GIB", "0.0000001")
    plan = place.plan(1, "probe", seeds=2, overrides={"model": "embedded", "keep": "last"})
    with pytest.raises(
        ActScribeError, match=r"^probe: the features of its clips take .* and the feature store"
    ) as error:
        benchmark(plan, tmp_path / "out", cache=place.cache)
    assert error.value.hint.startswith("Nothing was begun.")
    assert not (tmp_path / "cache" / "features").exists()
    assert not list((tmp_path / "out").glob("*"))


@pytest.mark.slow
def test_what_learns_nothing_runs_once_beside_a_vghif_that_learns(place: Place, tmp_path: Path) -> None:
    plan = place.plan(1, "clip", seeds=2, vghif=True)
    done = benchmark(plan, tmp_path, cache=place.cache)
    made = sorted(path.name for path in tmp_path.iterdir() if "seed" in path.name)
    assert made == ["clip-1-seed0", "clip-vghif-1-seed0", "clip-vghif-1-seed1"]
    plain = done.tables["seeds"].query("system == 'clip'")
    assert plain["top1"].tolist() == [by_hand(tmp_path / "clip-1-seed0")[0]] * 2
    assert "clip alone learns nothing here, so one run stands for all seeds." in done.notes


def test_full_supervision_holds_whole_clips_out_for_validation(place: Place, tmp_path: Path) -> None:
    plan = place.plan(None, "timesformer", overrides={"model": "embedded"})
    benchmark(plan, tmp_path, cache=place.cache)
    run = Run.open(tmp_path / "timesformer-full-seed0")
    shown = {
        split: [recording.intervals[0].label for recording in run.recordings(split)] for split in ("train", "test")
    }
    assert sorted(shown["train"]) == sorted(ACTIONS * 3)
    assert sorted(shown["test"]) == sorted(ACTIONS * 2)
    assert len(run.recordings("validation")) == 6


@pytest.mark.slow
def test_base_to_novel_asks_for_classes_that_training_never_saw(place: Place, tmp_path: Path) -> None:
    plan = place.plan(2, seeds=2, base_to_novel=True)
    done = benchmark(plan, tmp_path, cache=place.cache)
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
    found = done.tables["results"].set_index(["system", "metric"])["mean"]["vifi-clip"]
    assert found["base_top1"] == pytest.approx(np.mean([base for base, _ in halves]))
    assert found["novel_top1"] == pytest.approx(np.mean([new for _, new in halves]))
    assert found["harmonic_mean"] == pytest.approx(np.mean(means))
    assert done.tables["classes"]["part"].tolist() == ["base"] * 3 + ["novel"] * 3
    before = tables(tmp_path / plan.name)
    benchmark(plan, tmp_path, resume=True, cache=place.cache)
    assert tables(tmp_path / plan.name) == before


def test_halves_come_from_label_files_in_their_order(place: Place, tmp_path: Path) -> None:
    listed = {"base.csv": [ACTIONS[4], ACTIONS[0]], "novel.csv": [ACTIONS[1], ACTIONS[5], ACTIONS[2]]}
    for file, names in listed.items():
        (tmp_path / file).write_text("id,name\n" + "".join(f"{place},{name}\n" for place, name in enumerate(names)))
    base, novel = (tmp_path / file for file in listed)
    chosen = classes_of(place.plan(2, base_to_novel=True, halves=(base, novel)))
    assert chosen.novel is not None
    assert [[one.name for one in part.classes] for part in (chosen.learned, chosen.novel)] == list(listed.values())
    assert {Path(clip.name).parent.name for clip in chosen.learned.clips if clip.class_id == 0} == {ACTIONS[4]}


def test_a_recipe_takes_the_published_steps_and_no_validation(place: Place, tmp_path: Path) -> None:
    values = load_recipe("vifi_clip_few_shot").model_dump(mode="json")
    layout = {"devices": 2, "per_device": 2, "accumulation": 2}  # 12 clips: 6 a card, 3 passes, 1 step of 8
    values |= {"name": "small", "epochs": 2, "frames": 4, "layout": layout, "test": {"clips": 2, "crops": 3}}
    values |= {"published": [{"dataset": "folder", "shots": 2, "top1": 57.2, "source": "made up"}]}
    values["optimizer"]["warmup_epochs"] = 1
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(values))
    plan = place.plan(2, recipe=str(tmp_path / "small.yaml"), frames=None)
    done = benchmark(plan, tmp_path / "out", cache=place.cache)
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


def test_a_list_of_shots_is_taken_as_it_is(place: Place, tmp_path: Path) -> None:
    lines = [f"{name}/{name}_train_{clip}.mp4 {index}" for index, name in enumerate(ACTIONS) for clip in (0, 3)]
    shots = write_lines(tmp_path / "k2.txt", lines)
    plan = place.plan(None, shots_list=shots, overrides={"keep": "last"})
    benchmark(plan, tmp_path / "out", cache=place.cache)
    run = Run.open(tmp_path / "out" / "vifi-clip-k2-seed0")
    assert sorted(recording.name for recording in run.recordings("train")) == sorted(
        line.split()[0].split("/")[1].removesuffix(".mp4") for line in lines
    )
    spoiled = write_lines(tmp_path / "bad.txt", [*lines, "box/box_test_1.mp4 0"])
    with pytest.raises(ActScribeError, match="1 of 13 training clips are test clips as well; first box/box_test_1"):
        benchmark(replace(plan, shots_list=spoiled), tmp_path / "other", cache=place.cache)
    with_validation = benchmark(place.plan(None, shots_list=shots), tmp_path / "best", cache=place.cache)
    held = Run.open(with_validation.folder.parent / "vifi-clip-k2-seed0").recordings("validation")
    assert len(held) == 12
    assert not {recording.name for recording in held} & {recording.name for recording in run.recordings("train")}
    everything = [f"{name}/{name}_train_{clip}.mp4" for name in ACTIONS for clip in range(4)]
    with pytest.raises(ActScribeError, match="no training clip for validation") as caught:
        benchmark(
            place.plan(None, shots_list=write_lines(tmp_path / "all.txt", everything)),
            tmp_path / "other",
            cache=place.cache,
        )
    assert "keep=last" in caught.value.hint
    nothing = write_lines(tmp_path / "none.txt", [])
    with pytest.raises(ActScribeError, match=r"none\.txt: the file is empty"):
        benchmark(place.plan(None, shots_list=nothing), tmp_path / "other", cache=place.cache)
    assert not (tmp_path / "other").exists()


def test_the_command_prints_the_tables(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["benchmark", "folder", "--videos", str(place.source.videos), "--backbone", "clip", "--frames", "4"]
    words += ["--set", f"model={place.checkpoint}", "--out", str(tmp_path / "out")]
    asked = CliRunner().invoke(app, words)
    assert asked.exit_code == 2
    assert "How many training clips a class?" in asked.output
    done = CliRunner().invoke(app, [*words, "--shots", "0"])
    assert done.exit_code == 0, done.output
    assert "Results with 95 % intervals" in done.output
    assert "chance" in done.output
    assert (tmp_path / "out" / "clip-0" / "report.html").is_file()
    assert f"Tables: {tmp_path / 'out' / 'clip-0'}" in done.output
    wrong = CliRunner().invoke(app, [*words, "--shots", "many"])
    assert "--shots many: expected a number or full" in wrong.output

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "classes_of", interrupted)
    stopped = CliRunner().invoke(app, [*words, "--shots", "0", "--resume"])
    assert stopped.exit_code == 130
    assert "--resume" in stopped.output
