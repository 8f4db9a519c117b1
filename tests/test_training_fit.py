"""Training through the Trainer: resuming after a kill, several processes, what early stopping sees."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import small_fit
import torch
from sklearn.metrics import average_precision_score
from transformers import EvalPrediction, TrainingArguments

from actscribe.errors import ActScribeError
from actscribe.training import checkpoints
from actscribe.training import fit as fit_module
from actscribe.training.checkpoints import last_checkpoint, note_checkpoint
from actscribe.training.fit import fit, validation_score

SCRIPT = Path(__file__).parent / "small_fit.py"


def run(*arguments: str, launcher: tuple[str, ...] = (), check: bool = True) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *launcher, str(SCRIPT), *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=180)
    assert not check or done.returncode == 0, done.stderr[-3000:]
    return done


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    folder = tmp_path_factory.mktemp("whole")
    run(str(folder))
    return np.load(folder / "weights.npy")


@pytest.mark.parametrize("keep", ["best", "last"])
@pytest.mark.parametrize("task", ["multi-label", "multi-class"])
def test_a_training_that_diverges_says_so(tmp_path: Path, keep: str, task: str) -> None:
    small = small_fit.work(tmp_path, resume=False)
    network = [parameter for group, _ in small.groups for parameter in group]
    endless = replace(
        small,
        groups=[(network, 1e36)],
        task=task,  # type: ignore[arg-type]
        settings=small.settings.model_copy(update={"keep": keep}),
    )
    with pytest.raises(ActScribeError, match="the training diverged") as raised:
        fit(endless)
    assert "learning_rate" in raised.value.hint


def test_logits_that_overflow_are_a_training_that_diverges() -> None:
    logits, targets = np.array([[0.1], [math.inf]], np.float32), np.array([[0.0], [1.0]], np.float32)
    with pytest.raises(ActScribeError, match="the training diverged"):
        fit_module._scorer("multi-label")(EvalPrediction(logits, targets))


@pytest.mark.slow
def test_a_killed_training_resumes_to_the_same_weights(tmp_path: Path, uninterrupted: np.ndarray) -> None:
    died = run(str(tmp_path), "--die-after", "8", check=False)
    assert died.returncode == -signal.SIGKILL
    assert not (tmp_path / "weights.npy").exists()
    run(str(tmp_path), "--resume")
    np.testing.assert_array_equal(np.load(tmp_path / "weights.npy"), uninterrupted)


def test_a_training_that_ends_early_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fit_inputs = small_fit.work(tmp_path, resume=False)
    fit_inputs = replace(
        fit_inputs, settings=fit_inputs.settings.model_copy(update={"epochs": 30, "patience": 1, "learning_rate": 0.0})
    )
    fit(fit_inputs)
    stderr = capsys.readouterr().err
    scores = [float(score) for score in re.findall(r"Training: epoch \d+/30, val loss [\d.]+, score ([\d.]+)", stderr)]
    best = int(np.argmax(scores)) + 1
    assert best < len(scores) < 30
    assert f"Training: ended after epoch {len(scores)} of 30: no better on validation since epoch {best}." in stderr


def in_two_processes(*arguments: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    where = (f"--master-port={port}", "--master-addr=127.0.0.1")
    run(*arguments, launcher=("-m", "torch.distributed.run", "--nproc-per-node=2", *where))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["clip", "x-clip"])
def test_two_processes_train_a_dual_encoder_as_one_does(tmp_path: Path, name: str) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    fit_inputs = small_fit.dual_encoder_work(one, name)
    before = torch.cat([parameter.detach().flatten() for parameter in fit_inputs.network.parameters()])
    fit(fit_inputs)
    alone = torch.cat([parameter.detach().flatten() for parameter in fit_inputs.network.parameters()])
    assert (alone - before).abs().max() > 1e-3
    two.mkdir()
    in_two_processes(str(two), "--dual-encoder", name)
    # Adam takes steps of the learning rate also where a gradient is nearly nothing, so rounding may turn one around.
    apart = np.abs(np.load(two / "weights.npy") - alone.numpy())
    assert apart.max() < 2e-3
    assert np.quantile(apart, 0.999) < 2e-5


@pytest.mark.slow
def test_two_processes_take_the_same_steps_as_one(tmp_path: Path, uninterrupted: np.ndarray) -> None:
    in_two_processes(str(tmp_path))
    np.testing.assert_allclose(np.load(tmp_path / "weights.npy"), uninterrupted, atol=2e-5)


@pytest.mark.slow
def test_processes_that_make_examples_ahead_change_no_weight(tmp_path: Path, uninterrupted: np.ndarray) -> None:
    run(str(tmp_path), "--readers", "2")
    np.testing.assert_array_equal(np.load(tmp_path / "weights.npy"), uninterrupted)
    assert len(list(tmp_path.glob("made-by-*"))) >= 2


@pytest.mark.slow
def test_training_changed_the_weights_and_left_curves(tmp_path: Path, uninterrupted: np.ndarray) -> None:
    start = np.concatenate([p.detach().numpy().ravel() for p in small_fit.work(tmp_path, False).network.parameters()])
    assert np.abs(start - uninterrupted).max() > 1e-3


def checkpoint(folder: Path, step: int, best: int) -> Path:
    made = folder / f"checkpoint-{step}"
    made.mkdir()
    (made / "model.safetensors").write_bytes(bytes(range(200)))
    state = {"best_model_checkpoint": f"/elsewhere/checkpoint-{best}"}
    (made / "trainer_state.json").write_text(json.dumps(state))
    note_checkpoint(made)
    return made


def test_old_checkpoints_go_and_a_users_file_in_them_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def with_a_users_file(folder: Path) -> None:
        note_checkpoint(folder)
        (folder / "mine.txt").write_text("mine")

    monkeypatch.setattr(checkpoints, "note_checkpoint", with_a_users_file)
    fit(small_fit.work(tmp_path, resume=False))  # four epochs of three steps
    files_of = {path.name: {file.name for file in path.iterdir()} for path in (tmp_path / "checkpoints").iterdir()}
    assert set(files_of) == {f"checkpoint-{step}" for step in (3, 6, 9, 12)}
    assert all("mine.txt" in files for files in files_of.values())
    whole = [name for name, files in files_of.items() if "model.safetensors" in files]
    assert all(files == {"mine.txt"} for name, files in files_of.items() if name not in whole)
    state = json.loads((tmp_path / "checkpoints" / "checkpoint-12" / "trainer_state.json").read_text())
    best = Path(state["best_model_checkpoint"]).name
    assert len(whole) == 2
    assert {best, "checkpoint-12"} <= set(whole)


def test_a_half_written_checkpoint_is_not_resumed_from(tmp_path: Path) -> None:
    checkpoint(tmp_path, 3, 3)
    (checkpoint(tmp_path, 6, 3) / "digests.json").unlink()
    (tmp_path / "checkpoint-12").mkdir()
    assert last_checkpoint(tmp_path) == tmp_path / "checkpoint-3"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-3"]


def test_a_process_that_sees_several_gpus_trains_on_one_with_batches_as_they_were_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Two(TrainingArguments):
        def __post_init__(self) -> None:
            super().__post_init__()
            self._n_gpu = 2

    monkeypatch.setattr(fit_module, "TrainingArguments", Two)
    asked = small_fit.work(tmp_path, resume=False)
    arguments = fit_module._arguments(asked, tmp_path)
    assert (arguments.n_gpu, arguments.train_batch_size) == (1, asked.settings.batch_size)


@pytest.mark.parametrize("name", ["model.safetensors", "trainer_state.json", "digests.json"])
def test_a_damaged_checkpoint_is_not_resumed_from(tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture) -> None:
    for damage in (lambda c: c[:-1], lambda c: c[:40] + b"~" + c[41:], lambda c: b"", lambda c: b"[]"):
        checkpoint(tmp_path, 3, 3)
        path = checkpoint(tmp_path, 6, 3) / name
        path.write_bytes(damage(path.read_bytes()))
        caplog.clear()
        assert last_checkpoint(tmp_path) == tmp_path / "checkpoint-3"
        assert "checkpoint-6: is damaged" in caplog.text
        shutil.rmtree(tmp_path / "checkpoint-3")


def test_a_checkpoint_whose_best_is_damaged_is_not_resumed_from(tmp_path: Path) -> None:
    (checkpoint(tmp_path, 3, 3) / "model.safetensors").write_bytes(b"")
    checkpoint(tmp_path, 6, 3)
    assert last_checkpoint(tmp_path) is None  # the best weights would be those of the end


def test_the_best_checkpoint_of_a_run_that_was_moved_is_found_beside_the_last(tmp_path: Path) -> None:
    checkpoint(tmp_path, 3, 3)
    checkpoint(tmp_path, 6, 3)
    for _ in range(2):  # the correction does not count as damage
        assert last_checkpoint(tmp_path) == tmp_path / "checkpoint-6"
        state = json.loads((tmp_path / "checkpoint-6" / "trainer_state.json").read_text())
        assert state["best_model_checkpoint"] == str(tmp_path / "checkpoint-3")


def test_validation_score_is_macro_average_precision_without_the_unannotated() -> None:
    rng = np.random.default_rng(0)
    scores, targets = rng.normal(size=(40, 3)), (rng.random((40, 3)) < 0.4).astype(float)
    targets[:, 2] = 0
    targets[:5, 0] = np.nan
    expected = np.mean(
        [average_precision_score(targets[5:, 0], scores[5:, 0]), average_precision_score(targets[:, 1], scores[:, 1])]
    )
    assert validation_score(scores, targets, "multi-label") == pytest.approx(expected)


def test_validation_score_of_classes_weighs_them_alike() -> None:
    targets = np.eye(3)[[0, 0, 0, 1, 2]]
    scores = np.eye(3)[[0, 0, 1, 1, 0]]
    assert validation_score(scores, targets, "multi-class") == pytest.approx((2 / 3 + 1 + 0) / 3)
