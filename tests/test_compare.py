"""`actscribe compare` on a small study of lamps: whole, killed and resumed, repeated, reusing what is done."""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny_vlms
import yaml
from small_studies import LEFT, interval_text, lamp_study, write_manifest
from tiny_models import tiny_timesformer
from transformers import AutoModelForImageTextToText, TimesformerForVideoClassification
from typer.testing import CliRunner

from actscribe import Run, load_data, load_study
from actscribe.cli import app
from actscribe.compare import work
from actscribe.compare.compare import _as_before
from actscribe.compare.cost import measure_cost
from actscribe.compare.plan import Part, chosen, parse_curve, parts, subset
from actscribe.errors import ActScribeError
from actscribe.run_folder.comparison import Provenance
from actscribe.runs.train import train

SCRIPT = Path(__file__).parent / "killed_command.py"
TRAINED = {"batch_size": 8, "epochs": 2, "learning_rate": 3e-3, "head_learning_rate": 1e-2, "precision": "float32"}
#: The trained recognizer alone, and where its run lies.
ONE, RUN = ("--only", "timesformer"), "runs/timesformer/seed-1"
WINDOWS = {"length": 2.0, "stride": 2.0, "frames": 4, "threshold": 0.5}


def actscribe(*arguments: object, code: int = 0) -> str:
    """Run a command in this process and return what it printed."""
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == code, (done.output, done.exception)
    return done.output


def tables(folder: Path) -> dict[str, bytes]:
    """Every table but the costs, which differ from time to time."""
    files = sorted((folder / "tables").iterdir())
    return {path.name: path.read_bytes() for path in files if path.stem != "costs"}


@dataclass(frozen=True)
class Lamps:
    """A study of a trained and a zero-shot recognizer, its comparison, and what was printed."""

    study: Path
    cache: Path
    first: Path
    printed: str

    def again(self, out: Path, *options: object) -> tuple[object, ...]:
        return ("compare", self.study, "--seeds", 2, "--curve", "1,all", "--out", out, *options)


@pytest.fixture(scope="module")
def lamps(tmp_path_factory: pytest.TempPathFactory) -> Lamps:
    root = tmp_path_factory.mktemp("lamps")
    settings = {
        "timesformer": {**TRAINED, "model": str(tiny_timesformer(root / "timesformer"))},
        "vlm-yesno": {"model": str(tiny_vlms.build("smolvlm", root / "vlm")), "dtype": "float32", "caption_share": 0},
    }
    study = lamp_study(root / "study", windows=WINDOWS, recognizers=settings)
    rows = [
        {"video": f"r{n}.mp4", "annotations": f"r{n}.txt", "group": f"p{n // 2}", "split": split, "camera": "ab"[n % 2]}
        for n, split in enumerate(["train"] * 4 + ["validation"] * 2 + ["test"] * 3)
    ]
    second = {"r7.mp4": interval_text(root / "study" / "second.txt", [(LEFT, 0, 4000)]).name}
    write_manifest(root / "study", [{**row, "annotations_2": second.get(row["video"], "")} for row in rows])
    made = Lamps(study, root / "cache", root / "first", "")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACTSCRIBE_CACHE", str(made.cache))
        printed = actscribe(*made.again(made.first))
    return Lamps(study, made.cache, made.first, printed)


@pytest.fixture(autouse=True)
def shared_cache(lamps: Lamps, own_cache: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(lamps.cache))


@pytest.fixture(scope="module")
def whole(lamps: Lamps, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A comparison of the trained recognizer alone that was never interrupted; its run is that of `lamps`."""
    folder = tmp_path_factory.mktemp("whole")
    shutil.copytree(lamps.first / RUN, folder / RUN)
    shutil.copyfile(lamps.first / "provenance.json", folder / "provenance.json")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACTSCRIBE_CACHE", str(lamps.cache))
        actscribe("compare", lamps.study, *ONE, "--seeds", 1, "--curve", "", "--out", folder, "--resume")
    return folder


def test_it_prints_the_headline_and_writes_everything(lamps: Lamps) -> None:
    assert "always yes" in lamps.printed
    assert "highest macro F1" in lamps.printed
    assert lamps.printed.endswith(f"Next: actscribe report {lamps.first} --open\n")
    assert (lamps.first / "report.html").is_file()
    names = {path.stem for path in (lamps.first / "tables").iterdir()}
    assert names >= {"headline", "labels", "pairs", "timelines", "learning_curve", "costs", "slices", "annotators"}
    scores = pd.read_parquet(lamps.first / "scores.parquet")
    runs = [lamps.first / "runs" / name for name in ("timesformer/seed-1", "timesformer/seed-2", "vlm-yesno/seed-1")]
    assert len(scores) == sum(len(pd.read_parquet(run / "scores-test.parquet")) for run in runs) * 2
    assert set(zip(scores["recognizer"], scores["seed"], strict=True)) == {
        ("timesformer", 1), ("timesformer", 2), ("vlm-yesno", 1)
    }  # fmt: skip
    for run in runs:
        assert (run / "report-test.html").is_file()
    assert Provenance.read(lamps.first).status == "complete"


def test_numbers_are_those_of_the_single_runs(lamps: Lamps) -> None:
    table = pd.read_csv(lamps.first / "tables" / "headline.csv").set_index("system")
    single = [
        json.loads((lamps.first / f"runs/timesformer/seed-{seed}/metrics-test.json").read_text())["macro_f1"]
        for seed in (1, 2)
    ]
    assert table.loc["timesformer", "macro_f1"] == pytest.approx(np.mean(single))
    curve = pd.read_csv(lamps.first / "tables" / "learning_curve.csv")
    assert curve[["system", "recordings"]].values.tolist() == [["timesformer", 1], ["timesformer", 4], ["vlm-yesno", 4]]
    slices = pd.read_csv(lamps.first / "tables" / "slices.csv")
    assert set(slices[slices["slice"] == "camera"]["value"]) == {"a", "b"}


def test_seeds_share_the_split_but_not_the_training(lamps: Lamps) -> None:
    runs = [Run.open(lamps.first / f"runs/timesformer/seed-{seed}") for seed in (1, 2)]
    assert runs[0].recordings() == runs[1].recordings()
    assert not np.array_equal(runs[0].scores("test").scores, runs[1].scores("test").scores)


def test_costs_are_measured_not_remembered(lamps: Lamps) -> None:
    table = pd.read_csv(lamps.first / "tables" / "costs.csv").set_index("system")
    run = Run.open(lamps.first / "runs/timesformer/seed-1")
    model = TimesformerForVideoClassification.from_pretrained(run.folder / "model")
    count = sum(parameter.numel() for parameter in model.parameters())
    assert table.loc["timesformer", "parameters"] == count
    assert table.loc["timesformer", "trainable_parameters"] == count
    settings = yaml.safe_load(lamps.study.read_text())["recognizers"]["vlm-yesno"]
    vlm = AutoModelForImageTextToText.from_pretrained(settings["model"])
    assert 0 < table.loc["vlm-yesno", "parameters"] <= sum(parameter.numel() for parameter in vlm.parameters())
    assert table.loc["vlm-yesno", "trainable_parameters"] == 0
    assert (table["seconds_per_minute"] > 0).all()
    assert table["memory_mb"].between(50, 100_000).all()


def test_measuring_costs_leaves_nothing_of_the_videos_behind(
    lamps: Lamps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recognizer writes down the visual features that it holds when it goes, so it goes before its folder does."""
    own = shutil.copytree(lamps.first / "runs/vlm-yesno", tmp_path / "run")
    (run,) = (path.parent for path in own.rglob("run.json"))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    assert measure_cost(Run.open(run)).timed_clips > 0
    gc.collect()
    assert list((tmp_path / "temporary").iterdir()) == []


def test_two_at_once_end_with_the_same_tables_and_say_so_beside_the_costs(lamps: Lamps, tmp_path: Path) -> None:
    actscribe(*lamps.again(tmp_path / "two", "--at-once", 2, "--threads", 1))
    assert tables(tmp_path / "two") == tables(lamps.first)
    costs = pd.read_csv(tmp_path / "two" / "tables" / "costs.csv")
    assert (costs["seconds_per_minute"] > 0).all()
    assert costs.set_index("system").loc["timesformer", "training_memory_mb"] > 50
    assert Provenance.read(tmp_path / "two").at_once == 2
    sentence = "2 trainings ran at once: alone each takes less time."
    reports = [(folder / "report.html").read_text(encoding="utf-8") for folder in (tmp_path / "two", lamps.first)]
    assert [sentence in report for report in reports] == [True, False]


def test_a_comparison_in_the_way_is_kept(lamps: Lamps) -> None:
    before = tables(lamps.first)
    message = actscribe(*lamps.again(lamps.first), code=2)
    assert f"with: actscribe compare {lamps.study.parent} --out {lamps.first}" in message
    assert "--resume\nRuns that are finished are kept, and only missing ones are made" in message
    assert tables(lamps.first) == before


def test_what_is_done_is_not_done_again(lamps: Lamps, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tables(lamps.first)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(work, "train", refuse)
    monkeypatch.setattr(work, "measure_cost", refuse)
    actscribe(*lamps.again(lamps.first, "--resume"))
    assert tables(lamps.first) == before
    # Seeds and curve need not be typed again: they are in the folder.
    actscribe("compare", lamps.study, "--out", lamps.first, "--resume")
    assert tables(lamps.first) == before
    assert (Provenance.read(lamps.first).seeds, Provenance.read(lamps.first).curve) == (2, [1])


def test_resumed_it_is_what_was_asked_for_unless_something_else_is(lamps: Lamps) -> None:
    study, before = load_study(lamps.study), Provenance.read(lamps.first)
    assert _as_before(before, study, None, None, None) == (None, 2, "1")
    assert _as_before(before, study, ["timesformer"], 3, "") == (["timesformer"], 3, "")
    one = before.model_copy(update={"recognizers": ["timesformer"]})
    assert _as_before(one, study, None, None, None) == (["timesformer"], 2, "1")
    more = study.model_copy(update={"recognizers": {**study.recognizers, "clip": {}}})
    assert _as_before(before, more, None, None, None)[0] is None  # all of them, the new one too
    assert _as_before(one, more, None, None, None)[0] == ["timesformer"]
    gone = study.model_copy(update={"recognizers": {"vlm-yesno": {}}})
    with pytest.raises(ActScribeError, match="asked for with timesformer, which the study no longer has") as caught:
        _as_before(one, gone, None, None, None)
    assert "--only vlm-yesno" in caught.value.hint


@pytest.mark.slow
def test_killed_in_training_and_resumed_it_gives_the_same_bytes(lamps: Lamps, whole: Path, tmp_path: Path) -> None:
    """Killed, with no chance to tidy up, in the second epoch of the training."""
    out = tmp_path / "killed"
    command = [str(word) for word in ("compare", lamps.study, *ONE, "--out", out)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "SIGKILL", "3", *command], capture_output=True, env=environment, timeout=600
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert not (out / "tables").exists()
    actscribe("compare", lamps.study, *ONE, "--out", out, "--resume")
    assert tables(out) == tables(whole)


class Killed(BaseException):
    """Nothing in the package catches it."""


@pytest.mark.slow
@pytest.mark.parametrize("moment", [4, 9, 15, 24])
def test_killed_between_two_files_and_resumed_it_gives_the_same_bytes(
    lamps: Lamps, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    """Whatever file would have been the next to appear: everything up to it is there, nothing after it."""
    left = [moment]
    moved = {name: getattr(Path, name) for name in ("replace", "rename")}

    def move(name: str):  # type: ignore[no-untyped-def]
        def one(self: Path, target: Path) -> Path:
            left[0] -= 1
            if left[0] == 0:
                raise Killed
            return moved[name](self, target)

        return one

    command = ("compare", lamps.study, *ONE, "--out", tmp_path / "killed")
    with monkeypatch.context() as patch:
        for name in moved:
            patch.setattr(Path, name, move(name))
        with pytest.raises(Killed):
            CliRunner().invoke(app, [str(word) for word in command])
    actscribe(*command, "--resume")
    assert tables(tmp_path / "killed") == tables(whole)


@pytest.mark.slow
def test_repeated_from_its_provenance_it_gives_the_same_numbers(
    lamps: Lamps, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again, altered = tmp_path / "again", tmp_path / "altered.json"
    trained: list[Path] = []
    monkeypatch.setattr(work, "train", lambda *a, **k: trained.append(a[2]) or train(*a, **k))
    output = actscribe("compare", "--from", whole / "provenance.json", "--out", again)
    assert "The same numbers in every table." in output
    assert trained == [again / RUN]
    assert tables(again) == tables(whole)
    values = json.loads((whole / "provenance.json").read_text())
    values["results"]["headline"] = "0" * 32
    altered.write_text(json.dumps(values))
    output = actscribe("compare", "--from", altered, "--out", again, "--resume")
    assert "Not the same numbers: headline" in output
    values["recordings"][0]["content"] = "0" * 32
    altered.write_text(json.dumps(values))
    output = actscribe("compare", "--from", altered, "--out", tmp_path / "other", code=2)
    assert "not those of the comparison: r0" in output
    second = lamps.study.parent / "second.txt"
    before = second.read_bytes()
    interval_text(second, [(LEFT, 0, 3000)])
    output = actscribe("compare", "--from", whole / "provenance.json", "--out", tmp_path / "other", code=2)
    second.write_bytes(before)
    assert "not those of the comparison: r7" in output
    assert "in it" in actscribe("compare", "--from", whole / "provenance.json", "--seeds", 1, code=2)


def test_a_run_of_train_is_taken_and_one_of_other_settings_is_not(
    lamps: Lamps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = lamps.study.parent / "runs" / "timesformer"
    shutil.copytree(lamps.first / RUN, run)
    (run / "cost.json").unlink()
    trained: list[object] = []
    monkeypatch.setattr(work, "train", lambda *a, **k: trained.append(a))
    actscribe("compare", lamps.study, *ONE, "--out", tmp_path / "reused")
    assert not trained
    assert Provenance.read(tmp_path / "reused").runs[RUN].find(tmp_path / "reused") == run
    assert (run / "cost.json").is_file()
    actscribe("report", tmp_path / "reused")
    values = yaml.safe_load(lamps.study.read_text())
    values["recognizers"]["timesformer"]["epochs"] = 1
    other = lamps.study.with_name("other.yaml")
    other.write_text(yaml.safe_dump(values))
    output = actscribe("compare", other, *ONE, "--out", lamps.first, "--resume", code=2)
    assert "it differs in: settings (epochs)" in output
    assert Provenance.read(lamps.first).status == "complete"
    changed = load_study(other)
    assert work.complete_run_of(Part("timesformer", 1), changed, load_data(changed), tmp_path / "new") is None
    assert (
        work.complete_run_of(Part("timesformer", 1), load_study(lamps.study), load_data(changed), tmp_path / "new")
        is not None
    )
    shutil.rmtree(run)


def test_bad_options_are_answered(lamps: Lamps, tmp_path: Path) -> None:
    assert "Did you mean 'timesformer'?" in actscribe("compare", lamps.study, "--only", "timesfromer", code=2)
    assert "names no recognizer" in actscribe("compare", lamps.study, "--only", ",", code=2)
    assert "Which study?" in actscribe("compare", code=2)
    assert "'x' is not a number" in actscribe("compare", lamps.study, "--curve", "1,x", "--out", tmp_path, code=2)
    assert "no such file" in actscribe("compare", "--from", tmp_path / "nothing.json", code=2)
    (tmp_path / "provenance.json").write_text("{}")
    assert "not a comparison of this version" in actscribe("report", tmp_path, code=2)


def test_parts_come_in_the_order_that_fills_the_table_first(lamps: Lamps) -> None:
    study = load_study(lamps.study)
    names = chosen(study, ["vlm-yesno", "timesformer"])
    assert names == ["timesformer", "vlm-yesno"]
    assert parts(study, names, 2, [3]) == [
        Part("timesformer", 1),
        Part("vlm-yesno", 1),
        Part("timesformer", 2),
        Part("timesformer", 1, 3),
        Part("timesformer", 2, 3),
    ]


def test_curves_are_parsed_and_their_subsets_lie_in_each_other(lamps: Lamps) -> None:
    assert parse_curve("1, 2,5,all,2", 4) == [1, 2]
    assert parse_curve("", 4) == []
    with pytest.raises(ActScribeError, match="'0' is not a number"):
        parse_curve("0", 4)
    assert parse_curve("all", 4) == parse_curve("4,all", 4) == []
    with pytest.raises(ActScribeError, match="there are only 4 annotated training recordings"):
        parse_curve("5,10,all", 4)
    data = load_data(load_study(lamps.study))

    def names(number: int | None, seed: int) -> set[str]:
        return {recording.name for recording in subset(data, number, seed).of_split("train")}

    for seed in range(5):
        assert len(names(1, seed)) == 1
        assert names(1, seed) < names(2, seed) < names(3, seed) < names(None, seed)
        assert subset(data, 1, seed).of_split("test") == data.of_split("test")
    assert len({frozenset(names(1, seed)) for seed in range(20)}) > 1
