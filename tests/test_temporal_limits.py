"""`temporal` at its limits: recordings of one step, attention wider than a recording, hours of features, no numbers."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from actscribe.data.clips import Clip
from actscribe.data.input_spec import ClipFrames
from actscribe.errors import ActScribeError
from actscribe.features.embedder import Encoder, check_numbers
from actscribe.features.sequences import Stepping
from actscribe.models.temporal.attention import WindowedAttention
from actscribe.models.temporal.network import Design, TemporalNetwork
from actscribe.recognizers.vlm_ground import windows
from actscribe.settings.study import parse_settings
from actscribe.training.sequence_loss import sequence_loss
from actscribe.training.sequences import (
    STEPS_AT_ONCE,
    LearnedSequence,
    TimeAugmentation,
    example_of,
    length_of,
    padded_targets,
    standard,
)

WIDTH = 6
DESIGN = Design("attention", WIDTH, 2, "multi-label", channels=8, stages=2, layers=3, heads=2)


def test_a_window_wider_than_the_recording_sees_all_of_it_and_takes_no_more_memory() -> None:
    """A day at four steps a second, which would be blocks of 345,600 steps of padding for 20 of a recording."""
    torch.manual_seed(0)
    states, real = torch.randn(1, 20, 8), torch.ones(1, 20, dtype=torch.bool)
    near, far = (WindowedAttention(8, 2, window, False).eval() for window in (20, 345_600))
    far.load_state_dict(near.state_dict())
    with torch.inference_mode():
        torch.testing.assert_close(far(states, real), near(states, real))
        parts = near.inputs(states).unflatten(-1, (3, 2, 4)).permute(2, 0, 3, 1, 4)
        whole = torch.nn.functional.scaled_dot_product_attention(*parts).transpose(1, 2).flatten(2)
        torch.testing.assert_close(far(states, real), near.out(whole))


@pytest.mark.parametrize("causal", [False, True])
def test_a_wide_window_keeps_the_future_out_of_sight_where_causal(causal: bool) -> None:
    torch.manual_seed(0)
    made = TemporalNetwork(replace(DESIGN, window=10_000, causal=causal)).eval()
    states, mask = torch.randn(1, 40, WIDTH), torch.ones(1, 40, dtype=torch.bool)
    with torch.inference_mode():
        apart = (made(states, mask)[:, :25] - made(states[:, :25], mask[:, :25])).abs().max()
    assert (float(apart) < 1e-5) is causal


def test_recordings_of_one_step_are_learned_from() -> None:
    steps = [LearnedSequence(torch.randn(1, WIDTH).half(), np.array([[1.0, np.nan]], np.float32)) for _ in range(3)]
    made = TemporalNetwork(replace(DESIGN, boundaries=True)).train()
    length = length_of(steps, 1200)
    change = TimeAugmentation(1.2, 0.5, 0.2, 0.3, made.kept_shape())
    example = example_of(steps, length, 0, change)
    assert padded_targets(steps, length, 2).shape == (3, 1, 2)
    changes = np.zeros((3, 2))
    loss = sequence_loss("multi-label", np.concatenate([one.targets for one in steps]), changes, 10.0, 0.15, 0.3)
    for index in range(3):
        drawn = {name: value[None] for name, value in example(0, index).items()}
        lost = loss(made(drawn["states"], drawn["mask"], drawn["features"], drawn["keep"]), drawn["labels"])
        lost.backward()
        assert math.isfinite(float(lost.detach()))
    assert all(torch.isfinite(value.grad).all() for value in made.parameters() if value.grad is not None)


def test_of_hours_of_features_mean_and_deviation_are_added_up_in_parts() -> None:
    torch.manual_seed(0)
    sequences = [
        LearnedSequence((torch.randn(count, WIDTH) * 3 + 5).half(), np.zeros((count, 1)))
        for count in (2 * STEPS_AT_ONCE + 7, 11)
    ]
    every = torch.cat([one.features for one in sequences]).double()
    mean, deviation = standard(sequences)
    torch.testing.assert_close(mean, every.mean(0).float())
    torch.testing.assert_close(deviation, every.std(0, correction=0).float())


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_features_that_are_no_finite_numbers_are_refused(wrong: float) -> None:
    """Half precision ends at 65,504: one number beyond it would make mean, deviation and every score nothing."""
    clip = ClipFrames(Clip("ward", 2.0, 5.0), "", np.zeros((1, 4, 4, 3), np.uint8), np.array([2.5]))
    check_numbers([torch.zeros(1, WIDTH)], [clip])
    spoiled = torch.zeros(1, WIDTH)
    spoiled[0, 3] = wrong
    with pytest.raises(ActScribeError, match="'ward' at 2 s are not finite numbers"):
        check_numbers([spoiled], [clip])


@pytest.mark.parametrize("step", [1e-9, 1e-320])
def test_steps_that_would_fill_the_memory_are_refused(step: float) -> None:
    stepping = Stepping(Encoder("k", "frame", 4, 1, 4, 1), step, (3.0,), False)
    with pytest.raises(ActScribeError, match=r"can be held in memory\.") as raised:
        stepping.spans(0.0, 10.0, 10.0)
    assert "'step:' of temporal" in raised.value.hint


def test_windows_that_would_fill_the_memory_are_refused() -> None:
    settings = parse_settings("vlm-ground", {"stride": 1e-9})
    with pytest.raises(ActScribeError, match=r"can be held in memory\.") as raised:
        windows(settings, [Clip("r", 0.0, 600.0)])  # type: ignore[arg-type]
    assert "'stride:' of vlm-ground" in raised.value.hint


@pytest.mark.parametrize("value", [math.inf, math.nan])
@pytest.mark.parametrize("key", ["window", "stride"])
def test_windows_of_endless_minutes_are_refused(key: str, value: float) -> None:
    with pytest.raises(ValueError, match=r"vlm-ground\.(window|stride)"):
        parse_settings("vlm-ground", {key: value, **({"window": 86_400} if key == "stride" else {})})


@pytest.mark.parametrize(
    ("recognizer", "given"),
    [
        ("temporal", {"piece": 1e308}),
        ("temporal", {"network": "attention", "attention_window": 1e308}),
        ("vlm-ground", {"window": 1e12}),
        ("vlm-ground", {"frames": 10**7}),
    ],
)
def test_what_no_machine_holds_is_refused_by_the_study(recognizer: str, given: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=rf"{recognizer}\.{list(given)[-1]}: expected a .*number of at most "):
        parse_settings(recognizer, given)
