"""A training over whole recordings that is killed and goes on in two processes ends as one that was left alone."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny_encoders
from safetensors.numpy import load_file
from small_studies import lamp_study

from actscribe import load_study, train

TESTS = Path(__file__).parent


def launched(*words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, env=environment, timeout=180, check=False
    )


@pytest.mark.slow
def test_a_killed_training_goes_on_in_two_processes_to_the_same_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path / "cache"))
    model = str(tiny_encoders.tiny_encoder("dinov2", tmp_path / "dino"))
    small = {"epochs": 4, "batch_size": 2, "layers": 3, "stages": 2, "channels": 8, "boundary_loss": 0.3}
    root = lamp_study(
        tmp_path / "study", 6, 6.0, recognizers={"temporal": {"model": model, **small}}, empty_labels="allow"
    ).parent
    run = train(load_study(root), "temporal")
    steps = json.loads((run.folder / "training.json").read_text())["steps"]
    wanted = ["train", str(root), "--recognizer", "temporal", "--out", str(tmp_path / "run")]
    killed = launched(str(TESTS / "killed_command.py"), "SIGKILL", str(steps // 2 + 1), *wanted)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert list((tmp_path / "run" / "checkpoints").glob("checkpoint-*/digests.json"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = f"--master-port={free.getsockname()[1]}"
    where = ("-m", "torch.distributed.run", "--nproc-per-node=2", "--master-addr=127.0.0.1", port)
    done = launched(*where, str(TESTS / "commands_in_turn.py"), json.dumps([[*wanted, "--resume"]]))
    assert done.returncode == 0, done.stderr[-3000:]
    first, second = (load_file(one / "model" / "network.safetensors") for one in (run.folder, tmp_path / "run"))
    for name in first:
        np.testing.assert_allclose(first[name], second[name], atol=2e-5, err_msg=name)
    scores = [pd.read_parquet(one / "scores-validation.parquet").filter(like="score: ") for one in
              (run.folder, tmp_path / "run")]  # fmt: skip
    np.testing.assert_allclose(*scores, atol=1e-5)
