"""What a comparison measures: memory, by memory that the test takes itself; parameters, by those of the model."""

from __future__ import annotations

import platform
import time
from pathlib import Path

import pytest
import torch
from dual_encoder_inputs import sides, training_inputs
from tiny_dual_encoders import clip_model
from vlm_inputs import scores

from actscribe.compare.cost import MB, parameters_that_ran, peak_memory
from actscribe.recognizers.dual_encoder import recognizer as dual_encoder


def test_a_peak_is_its_own_and_not_that_of_the_recognizer_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """200 MB of small pieces, all given up but the last one, which keeps the allocator from giving the rest back."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with peak_memory() as before:
        pass
    with peak_memory() as large:
        held = [bytes(2000) for _ in range(100_000)]
        time.sleep(0.1)
    last = held[-1]
    del held
    with peak_memory() as after:
        pass
    assert len(last) == 2000
    assert large[0] - before[0] > 180 * MB
    if platform.libc_ver()[0] == "glibc":  # others give it back by themselves, or keep it
        assert after[0] - before[0] < 60 * MB


def test_a_text_tower_counts_though_its_features_are_kept(tmp_path: Path) -> None:
    made = dual_encoder.make(training_inputs(tmp_path / "run", "clip", tmp_path, learns="none"))
    with parameters_that_ran() as counted:
        scores(made, sides("clips", 2, 3, "multi-class")[0])
    assert sum(counted.values()) == sum(parameter.numel() for parameter in clip_model().parameters())
