"""What published recipes ask of training: schedule, optimiser, moments, crops, clips of an epoch."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_fit
import torch
from dual_encoder_inputs import CLASSES
from torch import nn
from videos import make_video, number_of

from actscribe.data.clips import Clip
from actscribe.data.frames import ClipData
from actscribe.data.input_spec import InputSpec
from actscribe.data.recording import Recording
from actscribe.models.pixels import Pixels
from actscribe.settings.study import parse_settings
from actscribe.settings.training import Training
from actscribe.training.examples import pixel_examples
from actscribe.training.fit import Fit, fit
from actscribe.training.inputs import TrainingInputs
from actscribe.training.optimizers import optimizer
from actscribe.video.cache import FrameCache

SIZE = 32
PLAIN = Pixels(SIZE, (0.0, 0.0, 0.0), (1 / 255, 1 / 255, 1 / 255), "stretch")


def trained(folder: Path, **changes: Any) -> tuple[Fit, dict[str, Any]]:
    work = small_fit.work(folder, resume=False)
    work = replace(work, settings=work.settings.model_copy(update={"patience": 50, **changes}))
    fit(work)
    return work, json.loads((folder / "training.json").read_text())


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5])
def test_the_cosine_ends_at_the_last_share(tmp_path: Path, share: float) -> None:
    _, record = trained(tmp_path, min_lr_ratio=share, warmup=0.25, epochs=4)  # 12 steps, 3 of them warm-up
    rates = {row["step"]: row["learning_rate"] for row in record["log"] if "learning_rate" in row}
    assert list(rates) == [3, 6, 9, 12]
    assert rates.pop(3) == pytest.approx(1e-2 * 2 / 3)  # of the third step: two of them have been taken
    for step, rate in rates.items():
        done = (step - 1 - 3) / 9
        assert rate == pytest.approx(1e-2 * (share + (1 - share) * (1 + math.cos(math.pi * done)) / 2), abs=1e-12)


def test_settings_reach_the_optimiser() -> None:
    model = nn.Linear(3, 2)
    groups = [(list(model.parameters()), 0.01)]
    made = optimizer(groups, 0.1, "adamw", betas=(0.8, 0.98), eps=1e-6, decay_vectors=True)
    assert [(g["betas"], g["eps"], g["weight_decay"]) for g in made.param_groups] == [((0.8, 0.98), 1e-6, 0.1)] * 2
    both = optimizer(groups, 0.1, "muon", betas=(0.8, 0.98), eps=1e-6)
    assert [(g["betas"], g["weight_decay"]) for g in both.param_groups if "betas" in g] == [((0.8, 0.98), 0.0)]


HOW = {"betas": (0.8, 0.98), "eps": 1e-6, "weight_decay": 0.07, "decay_vectors": True, "epochs": 1, "keep": "last"}


def test_fit_hands_settings_to_the_optimiser(tmp_path: Path) -> None:
    trained(tmp_path, **HOW)
    kept = torch.load(tmp_path / "checkpoints" / "checkpoint-3" / "optimizer.pt", weights_only=True)
    groups = kept["param_groups"]
    assert [(g["betas"], g["eps"], g["weight_decay"]) for g in groups] == [((0.8, 0.98), 1e-6, 0.07)] * 4
    assert [len(g["params"]) for g in groups] == [1] * 4  # matrix and bias of body and head


def test_fit_hands_settings_to_muon(tmp_path: Path) -> None:
    trained(tmp_path, **HOW, optimizer="muon")
    kept = torch.load(tmp_path / "checkpoints" / "checkpoint-3" / "optimizer.pt", weights_only=True)
    flat, other = (half["param_groups"] for half in kept["halves"])
    assert [(g["momentum"], g["weight_decay"]) for g in flat] == [(0.95, 0.07)] * 2
    assert [(g["betas"], g["eps"], g["weight_decay"]) for g in other] == [((0.8, 0.98), 1e-6, 0.07)] * 2


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"batch_size": 4, "gradient_accumulation_steps": 8},
            r"gradient_accumulation_steps 8 does not divide the 4 clips .* one of 1, 2, 4, or another",
        ),
        (
            {"batch_size": 10, "gradient_accumulation_steps": 4},
            r"gradient_accumulation_steps 4 does not divide the 10 clips .* one of 1, 2, 5, 10, or",
        ),
        (
            {"batch_size": 16, "clips_per_epoch": 6, "gradient_accumulation_steps": 4},
            r"gradient_accumulation_steps 4 does not divide the 6 clips .* one of 1, 2, 3, 6, or",
        ),
    ],
)
def test_passes_that_do_not_share_a_step_are_refused(values: dict[str, int], message: str) -> None:
    for name in ("timesformer", "vlm-lora", "clip"):
        with pytest.raises(ValueError, match=rf"^{name}: {message}"):
            parse_settings(name, dict(values))
    assert Training(batch_size=12, gradient_accumulation_steps=4, clips_per_epoch=30).gradient_accumulation_steps == 4


def test_an_epoch_may_use_fewer_clips_or_some_twice(tmp_path: Path) -> None:
    assert trained(tmp_path / "few", clips_per_epoch=16, epochs=2)[1]["steps"] == 4
    assert trained(tmp_path / "many", clips_per_epoch=32, batch_size=32, epochs=2)[1]["steps"] == 2


def test_accumulated_passes_take_the_same_steps(tmp_path: Path) -> None:
    weights = []
    for passes in (1, 4):
        work, record = trained(tmp_path / str(passes), gradient_accumulation_steps=passes, epochs=2)
        assert record["steps"] == 6
        weights.append(torch.cat([parameter.detach().flatten() for parameter in work.network.parameters()]))
    torch.testing.assert_close(weights[1], weights[0], atol=2e-5, rtol=0)


def test_defaults_are_those_of_before() -> None:
    settings = Training()
    assert (settings.betas, settings.eps) == (torch.optim.AdamW([torch.ones(1)]).defaults["betas"], 1e-8)
    assert (settings.min_lr_ratio, settings.keep, settings.decay_vectors, settings.temporal_jitter) == (
        0,
        "best",
        False,
        1,
    )
    assert (settings.gradient_accumulation_steps, settings.clips_per_epoch) == (1, None)


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("video") / "v.mp4", 40, fps=10, size=(64, 32))  # 4 s, twice as wide


def made_inputs(video: Path, folder: Path, temporal_jitter: int = 1, **settings: Any) -> TrainingInputs:
    recording = Recording("v", video, 4.0, "content", "g", "train")
    input_spec = InputSpec(4, SIZE, temporal_jitter)
    data = ClipData([recording], [Clip("v", 0.0, 4.0)] * 2, input_spec, FrameCache(folder / "cache", 10**8))
    targets = np.eye(2, dtype=np.float32)
    return TrainingInputs(
        CLASSES, parse_settings("clip", settings), input_spec, data, data, targets, targets, folder, seed=3
    )


def numbers(pixel_values: torch.Tensor) -> list[int]:
    frames = pixel_values.permute(0, 2, 3, 1).round().clamp(0, 255).byte().numpy()
    return [number_of(frame) for frame in frames]


def test_moments_are_drawn_by_seed_epoch_and_clip(wide: Path, tmp_path: Path) -> None:
    inputs = made_inputs(wide, tmp_path, temporal_jitter=5, augment=False)
    example = pixel_examples(inputs.train, PLAIN, inputs)
    drawn = {(epoch, index): numbers(example(epoch, index)["pixel_values"]) for epoch in range(6) for index in (0, 1)}
    assert len({tuple(moments) for moments in drawn.values()}) > 6
    for moments in drawn.values():
        assert [moment // 10 for moment in moments] == [0, 1, 2, 3]
    assert numbers(example(3, 1)["pixel_values"]) == drawn[3, 1]
    other = pixel_examples(inputs.train, PLAIN, replace(inputs, seed=4))
    assert [numbers(other(epoch, 0)["pixel_values"]) for epoch in range(6)] != [drawn[epoch, 0] for epoch in range(6)]
    assert numbers(example(None, 1)["pixel_values"]) == [5, 15, 25, 35]
    centre = made_inputs(wide, tmp_path, augment=False)
    assert numbers(pixel_examples(centre.train, PLAIN, centre)(0, 0)["pixel_values"]) == [5, 15, 25, 35]


def test_a_multi_scale_crop_is_cut_from_the_whole_picture(wide: Path, tmp_path: Path) -> None:
    how = {"crop": "multi-scale", "scales": (1.0,), "colour": "none", "grey": 0.0}
    inputs = made_inputs(wide, tmp_path, resize_mode="crop", augmentation=how)
    cropped = replace(PLAIN, resize_mode="crop")
    whole = torch.from_numpy(inputs.train[0].frames.copy()).permute(0, 3, 1, 2).float()
    example = pixel_examples(inputs.train, cropped, inputs)
    crops = {tuple(example(epoch, 0)["pixel_values"].round().flatten().tolist()) for epoch in range(30)}
    expected = {tuple(whole[..., left : left + SIZE].flatten().tolist()) for left in (0, 16, 32)}
    assert crops == expected  # both ends and the middle; corners above and below are the same
    middle = example(None, 0)["pixel_values"].round()
    assert torch.equal(middle, whole[..., 16:48])


def test_a_centre_square_may_keep_less_than_the_short_side() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (2, 8, 12, 3), dtype=np.uint8)
    kept = Pixels(4, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), "crop", crop_pct=0.5).tensor(frames)
    expected = torch.from_numpy(frames[:, 2:6, 4:8]).permute(0, 3, 1, 2).float()
    assert torch.equal(kept, expected)
