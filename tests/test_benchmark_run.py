"""Whole benchmarks on tiny videos and models: tables against the kept scores, resuming, the command."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from small_benchmarks import ActionSet, by_hand, kept, tables
from typer.testing import CliRunner

from actscribe.benchmark import work as module
from actscribe.benchmark.benchmark import benchmark
from actscribe.benchmark.plan import Plan
from actscribe.cli import app
from actscribe.compute import Compute
from actscribe.data.benchmarks.folder import UNGROUPED
from actscribe.errors import ActScribeError
from actscribe.models.device import computing
from actscribe.run_folder.run import Run
from actscribe.runs.annotate import annotate


@pytest.fixture(scope="module")
def actions(tmp_path_factory: pytest.TempPathFactory) -> ActionSet:
    return ActionSet(tmp_path_factory.mktemp("actions"))


@pytest.fixture(scope="module")
def pair(actions: ActionSet) -> tuple[Plan, Path]:
    """Return a plan with and without VgHIF on two seeds, and the folder where it was run."""
    plan = actions.plan(vghif=True, seeds=2, overrides={"vghif_learning_rate": 0.05, "vghif": {"levels": [2, 4]}})
    benchmark(plan, actions.root / "pair", cache=actions.cache)
    return plan, actions.root / "pair"


def test_results_are_means_over_seeds_of_the_kept_scores(pair: tuple[Plan, Path]) -> None:
    plan, out = pair
    results = pd.read_csv(out / plan.name / "results.csv").set_index(["system", "metric"])
    assert list(dict.fromkeys(results.index.get_level_values(0))) == [
        "vifi-clip",
        "vifi-clip + VgHIF",
        "chance",
        "majority",
    ]
    assert results.loc[["chance", "majority"]].xs("top1", level=1)["mean"].tolist() == pytest.approx([1 / 6, 1 / 6])
    page = (out / plan.name / "report.html").read_text(encoding="utf-8")
    assert "an answer that never looks would get up to 17" in page
    assert "<script" not in page
    for system, run in (("vifi-clip", "vifi-clip-2-seed"), ("vifi-clip + VgHIF", "vifi-clip-vghif-2-seed")):
        values = np.array([by_hand(out / f"{run}{seed}") for seed in range(2)])
        for index, metric in enumerate(("top1", "top5", "mean_per_class")):
            row = results.loc[system, metric]
            half = stats.t.ppf(0.975, 1) * values[:, index].std(ddof=1) / np.sqrt(2)
            assert row["mean"] == pytest.approx(values[:, index].mean())
            if values[:, index].std():
                assert row["high"] - row["mean"] == pytest.approx(half)
            assert row["seeds"] == 2


@pytest.mark.slow
def test_two_at_once_end_with_the_same_tables(
    pair: tuple[Plan, Path], actions: ActionSet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan, out = pair
    with computing(Compute(threads=1)):
        benchmark(plan, tmp_path, cache=actions.cache, at_once=2)
    assert tables(tmp_path / plan.name) == tables(out / plan.name)
    assert "(4 of 4)" in capsys.readouterr().err


def test_the_difference_is_paired_by_seed(pair: tuple[Plan, Path]) -> None:
    plan, out = pair
    difference = pd.read_csv(out / plan.name / "difference.csv").set_index("metric")
    gains = np.array(
        [
            np.subtract(by_hand(out / f"vifi-clip-vghif-2-seed{s}"), by_hand(out / f"vifi-clip-2-seed{s}"))
            for s in (0, 1)
        ]
    )
    assert difference["difference"].tolist() == pytest.approx(gains.mean(axis=0).tolist())
    assert difference.loc["top1", "p_sign_flip"] in (0.5, 1.0)  # two pairs have four sign patterns, the found one twice
    if gains[0, 0] != gains[1, 0]:
        assert difference.loc["top1", "p_t"] == pytest.approx(stats.ttest_1samp(gains[:, 0], 0).pvalue)


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
    wanted = [run.labels.names[index] for index in scored.scores.argmax(axis=1)][:3]
    recordings = {recording.name: recording for recording in run.recordings("test")}
    videos = [recordings[clip.recording].video for clip in scored.clips[:3]]
    done = annotate(videos, run, formats=("json",), out=tmp_path)
    assert [[interval.label for interval in one.intervals] for one in done] == [[label] for label in wanted]
    assert [one.intervals[0].end for one in done] == pytest.approx([0.6] * 3)


def test_benchmark_json_says_how_it_came_about(pair: tuple[Plan, Path]) -> None:
    plan, out = pair
    benchmark = json.loads((out / plan.name / "benchmark.json").read_text())
    assert benchmark["command"] == plan.command()
    assert benchmark["seeds"] == [0, 1]
    assert set(benchmark["seconds"]) == {plan.run_name(vghif, seed) for vghif in (False, True) for seed in (0, 1)}
    assert all(steps["train"] > 0 and steps["evaluate test"] > 0 for steps in benchmark["seconds"].values())
    assert benchmark["systems"]["vifi-clip"]["epochs"] == 1
    assert benchmark["versions"]["torch"]
    assert benchmark["tables"]["availability"][0] == {
        "split": "train",
        "expected": 24,
        "found": 24,
        "missing": 0,
        "classes_without": 0,
    }
    assert benchmark["notes"] == [UNGROUPED, "with 2 seeds the sign-flip p is 0.5 at least."]
    text = (out / plan.name / "benchmark.md").read_text()
    assert plan.command() in text
    assert "| vifi-clip + VgHIF | top1 |" in text


@pytest.mark.slow
def test_killed_and_resumed_it_ends_with_the_same_tables(
    pair: tuple[Plan, Path], actions: ActionSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
            benchmark(plan, tmp_path, cache=actions.cache)
    assert done == ["vifi-clip-2-seed0", "vifi-clip-vghif-2-seed0"]
    with pytest.raises(ActScribeError, match="a benchmark was run here") as caught:
        benchmark(plan, tmp_path, cache=actions.cache)
    assert "--resume" in caught.value.hint
    benchmark(plan, tmp_path, resume=True, cache=actions.cache)
    assert tables(tmp_path / plan.name) == tables(out / plan.name)
    assert Run.open(tmp_path / "vifi-clip-2-seed0").info.reads == {"test": 1}


def test_finished_runs_are_reused_and_only_by_the_same_plan(
    pair: tuple[Plan, Path], actions: ActionSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, out = pair
    before = tables(out / plan.name)

    def never(*_: object, **__: object) -> None:
        raise AssertionError("a finished part was done again")

    monkeypatch.setattr(module, "train", never)
    monkeypatch.setattr(module, "score_split", never)
    benchmark(plan, out, resume=True, cache=actions.cache)
    assert tables(out / plan.name) == before
    own = {key: value for key, value in plan.overrides.items() if not key.startswith("vghif")}
    alone = benchmark(replace(plan, vghif=False, overrides=own), out, resume=True, cache=actions.cache)
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
            benchmark(replace(plan, **change), out, resume=True, cache=actions.cache)


def test_the_command_prints_the_tables(actions: ActionSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["benchmark", "folder", "--videos", str(actions.source.videos), "--backbone", "clip", "--frames", "4"]
    words += ["--set", f"model={actions.checkpoint}", "--out", str(tmp_path / "out")]
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

    monkeypatch.setattr("actscribe.benchmark.benchmark.classes_of", interrupted)
    stopped = CliRunner().invoke(app, [*words, "--shots", "0", "--resume"])
    assert stopped.exit_code == 130
    assert "--resume" in stopped.output
