"""Networks over time: convolutions against torch's own, attention against the whole matrix, causality, padding."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch

from actscribe.models.temporal.attention import WindowedAttention
from actscribe.models.temporal.convolutions import Dilated
from actscribe.models.temporal.network import Design, TemporalNetwork

STEPS, WIDTH = 40, 6
PLAIN = Design("convolutions", WIDTH, 2, "multi-label", channels=8, stages=2, layers=4, heads=2, window=5)
KINDS = [replace(PLAIN, kind=kind, causal=causal) for kind, causal in product(("convolutions", "attention"), (0, 1))]  # type: ignore[arg-type]


def network(design: Design) -> TemporalNetwork:
    torch.manual_seed(0)
    return TemporalNetwork(design).eval()


def sequence(steps: int = STEPS) -> torch.Tensor:
    return torch.randn(1, steps, WIDTH, generator=torch.Generator().manual_seed(1))


def logits(made: TemporalNetwork, states: torch.Tensor, real: int | None = None) -> torch.Tensor:
    mask = torch.arange(states.shape[1])[None] < (states.shape[1] if real is None else real)
    with torch.inference_mode():
        return made(states, mask)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("dilation", [1, 3])
def test_a_dilated_convolution_by_hand(causal: bool, dilation: int) -> None:
    torch.manual_seed(0)
    layer, states = Dilated(4, dilation, causal), torch.randn(1, 4, 12)
    weight, bias = (value.detach().numpy() for value in (layer.look.weight, layer.look.bias))
    moved = (-2 * dilation, -dilation, 0) if causal else (-dilation, 0, dilation)
    expected = np.zeros((4, 12))
    for step in range(12):
        expected[:, step] = bias
        for tap, shift in enumerate(moved):
            if 0 <= step + shift < 12:
                expected[:, step] += weight[:, :, tap] @ states[0, :, step + shift].numpy()
    np.testing.assert_allclose(layer(states)[0].detach().numpy(), expected, atol=1e-5)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("window", [1, 5, 7, 100])
def test_attention_in_blocks_is_attention_under_a_band(window: int, causal: bool) -> None:
    torch.manual_seed(0)
    layer, states = WindowedAttention(8, 2, window, causal), torch.randn(2, 23, 8)
    real = torch.arange(23)[None] < torch.tensor([[23], [16]])
    query, key, value = layer.inputs(states).unflatten(-1, (3, 2, 4)).permute(2, 0, 3, 1, 4)
    apart = torch.arange(23)[None] - torch.arange(23)[:, None]  # key minus query
    in_band = (apart >= -window) & (apart <= (0 if causal else window))
    allowed = in_band[None, None] & real[:, None, None, :]
    weights = (query @ key.transpose(-1, -2) / 2).masked_fill(~allowed, -torch.inf).softmax(-1)
    expected = layer.out((weights @ value).transpose(1, 2).flatten(2))
    torch.testing.assert_close(layer(states, real)[real], expected[real], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("design", KINDS)
def test_a_causal_network_never_sees_the_future_and_another_one_does(design: Design) -> None:
    made, states = network(design), sequence()
    before = logits(made, states)
    for step in (1, 17, STEPS - 1):
        changed = states.clone()
        changed[:, step:] = torch.randn(1, STEPS - step, WIDTH) * 10
        after = logits(made, changed)
        assert bool((after[:, step:] != before[:, step:]).any())
        assert torch.equal(after[:, :step], before[:, :step]) == design.causal


@pytest.mark.parametrize("design", KINDS)
def test_a_causal_network_scores_a_beginning_as_it_scores_it_in_the_whole(design: Design) -> None:
    made, states = network(design), sequence()
    apart = float((logits(made, states[:, :25]) - logits(made, states)[:, :25]).abs().max())
    assert (apart < 1e-5) == design.causal


@pytest.mark.parametrize("design", KINDS)
def test_padding_changes_no_logit(design: Design) -> None:
    made, states = network(design), sequence()
    longer = torch.cat([states, torch.full((1, 9, WIDTH), 7.0)], 1)
    torch.testing.assert_close(logits(made, longer, STEPS)[:, :STEPS], logits(made, states), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("causal", [False, True])
def test_how_far_a_stage_of_convolutions_looks(causal: bool) -> None:
    """Three layers, dilations 1, 2 and 4 near and 4, 2 and 1 far: 4 + 2 + 4 steps, or twice that into the past."""
    made = network(replace(PLAIN, stages=1, layers=3, causal=causal))
    states = torch.zeros(1, 61, WIDTH)
    states.requires_grad_()
    made(states, torch.ones(1, 61, dtype=torch.bool))[0, 30].sum().backward()
    reach = torch.nonzero(states.grad.abs().sum(-1)[0]).flatten() - 30
    assert (int(reach.min()), int(reach.max())) == ((-20, 0) if causal else (-10, 10))


def test_a_stage_refines_the_probabilities_of_the_one_before() -> None:
    made = network(replace(PLAIN, task="multi-class", labels=3))
    states, mask = sequence(), torch.ones(1, STEPS, dtype=torch.bool)
    made.train()
    with torch.inference_mode():
        every = made(states, mask)
        assert every.shape == (1, 2, STEPS, 3)
        real, keep = torch.ones(1, 1, STEPS), torch.ones(1, 4, 8)
        second, _ = made.stages[1](every[:, 0].softmax(-1).transpose(1, 2), real, keep)
    torch.testing.assert_close(second.transpose(1, 2), every[:, 1])
    torch.testing.assert_close(logits(made.eval(), states), every[:, 1])


def test_what_is_dropped_comes_with_the_sequence() -> None:
    made = network(PLAIN)
    states, mask = sequence(), torch.ones(1, STEPS, dtype=torch.bool)
    with torch.inference_mode():
        none = made(states, mask, torch.zeros(1, WIDTH))
        torch.testing.assert_close(none, made(made.mean.expand(1, STEPS, WIDTH), mask))
        layers, channels = made.kept_shape()
        assert (layers, channels) == (8, 8)
        torch.testing.assert_close(made(states, mask, None, torch.ones(1, layers, channels)), made(states, mask))
        dropped = made(states, mask, None, torch.zeros(1, layers, channels))
    alone = made.stages[0].out(made.stages[0].enter(made.narrowed(states).transpose(1, 2)))
    refined = made.stages[1].out(made.stages[1].enter(alone.sigmoid()))
    torch.testing.assert_close(dropped, refined.transpose(1, 2))


def test_boundaries_are_learned_and_never_scored() -> None:
    made = network(replace(PLAIN, boundaries=True))
    mask = torch.ones(1, STEPS, dtype=torch.bool)
    assert logits(made, sequence()).shape == (1, STEPS, 2)
    assert made.train()(sequence(), mask).shape == (1, 3, STEPS, 2)
