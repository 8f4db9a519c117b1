"""The training of the package's tiny models can be repeated: two short runs agree in every bit, and load."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from actscribe.models.dual_encoder.loading import load_backbone
from actscribe.models.vlm import load_vlm

TRAINING = Path(__file__).parents[1] / "pretraining"


def run(folder: str, *command: str) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, *command], cwd=TRAINING / folder, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A few rendered scenes, which both trainings take."""
    folder = str(tmp_path_factory.mktemp("scenes"))
    run("vlm", "render.py", "--out", folder, "--rows", "27", "--workers", "1")
    return folder


@pytest.mark.slow
def test_the_vision_language_model(scenes: str, tmp_path: Path) -> None:
    digests = []
    for name in ("first", "second"):
        printed = run("vlm", "train.py", "--quick", "--cache", scenes, "--out", str(tmp_path / name))
        digests.append(re.findall(r"digest of the weights after 4 steps: (\w{32})", printed))
    assert len(digests[0]) == 1
    assert digests[0] == digests[1]
    assert load_vlm(tmp_path / "first", dtype="bfloat16", device="cpu").describe().parameters > 1e6


@pytest.mark.slow
def test_the_dual_encoders(scenes: str, tmp_path: Path) -> None:
    digests = []
    for name in ("first", "second"):
        printed = run("dual_encoder", "train.py", "--quick", "--cache", scenes, "--out", str(tmp_path / name))
        digests.append(re.findall(r"digest of (?:X-)?CLIP: (\w{32})", printed))
    assert len(digests[0]) == 2
    assert digests[0] == digests[1]
    assert load_backbone("x-clip", str(tmp_path / "first" / "xclip"), 8).backbone.depth == 4
