"""Pooling and heads against hand-computed values."""

from __future__ import annotations

import pytest
import torch

from actscribe.models.vlm.pooling import AttentionPooling, VlmHead, mean_pool, prior_logits

STATES = torch.tensor([[[1.0, 2.0], [3.0, 4.0], [100.0, 100.0]], [[5.0, 6.0], [7.0, 8.0], [9.0, 10.0]]])
MASK = torch.tensor([[True, True, False], [True, True, True]])
VIDEO = torch.tensor([[False, True, False], [True, True, False]])


def test_mean_pooling_takes_video_positions_only() -> None:
    assert mean_pool(STATES, VIDEO).tolist() == [[3.0, 4.0], [6.0, 7.0]]


def test_attention_pooling_starts_as_the_mean_over_real_tokens() -> None:
    pooled = AttentionPooling(2)(STATES, MASK)
    torch.testing.assert_close(pooled, torch.tensor([[2.0, 3.0], [7.0, 8.0]]))


def test_attention_pooling_follows_its_query_and_never_padding() -> None:
    pooling = AttentionPooling(2)
    states = torch.tensor([[[1.0, -1.0], [-1.0, 1.0], [50.0, -50.0]]])
    mask = torch.tensor([[True, True, False]])
    with torch.no_grad():
        pooling.query.copy_(torch.tensor([2.0, -2.0]))
    # normalised states are (1, -1) and (-1, 1): scores 4 / sqrt 2 and -4 / sqrt 2
    first = torch.sigmoid(torch.tensor(8 / 2**0.5))
    torch.testing.assert_close(pooling(states, mask)[0, 0], 2 * first - 1, atol=1e-4, rtol=0)
    states[0, 2] = float("nan")
    assert bool(torch.isfinite(pooling(states, mask)).all())


@pytest.mark.parametrize("pooling", ["mean", "attention"])
@pytest.mark.parametrize("hidden", [0, 8])
def test_an_untrained_head_answers_the_prior(pooling: str, hidden: int) -> None:
    head = VlmHead(2, [0.1, 0.5, 0.9], pooling=pooling, hidden=hidden).eval()  # type: ignore[arg-type]
    scores = torch.sigmoid(head(STATES, MASK, VIDEO))
    torch.testing.assert_close(scores, torch.tensor([[0.1, 0.5, 0.9]] * 2))


def test_an_untrained_multi_class_head_answers_the_prior() -> None:
    head = VlmHead(2, [0.7, 0.2, 0.1], task="multi-class")
    torch.testing.assert_close(head(STATES, MASK, VIDEO).softmax(-1), torch.tensor([[0.7, 0.2, 0.1]] * 2))


def test_labels_that_never_or_always_occur_keep_finite_biases() -> None:
    logits = prior_logits([0.0, 1.0])
    torch.testing.assert_close(torch.sigmoid(logits), torch.tensor([0.001, 0.999]))


@pytest.mark.parametrize("pooling", ["mean", "attention"])
def test_a_head_learns_which_token_tells(pooling: str) -> None:
    generator = torch.Generator().manual_seed(0)
    states = torch.randn(64, 5, 8, generator=generator)
    wanted = (states[:, :3, 0].mean(1) > 0).float().unsqueeze(1)
    mask = torch.ones(64, 5, dtype=torch.bool)
    video = torch.arange(5).expand(64, 5) < 3
    torch.manual_seed(0)
    head = VlmHead(8, [0.5], pooling=pooling)  # type: ignore[arg-type]
    optimizer = torch.optim.Adam(head.parameters(), lr=0.05)
    for _ in range(100):
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(head(states, mask, video), wanted)
        loss.backward()
        optimizer.step()
    right = ((head(states, mask, video) > 0) == (wanted > 0.5)).float().mean()
    assert float(right) > (0.95 if pooling == "mean" else 0.8)


def test_bfloat16_states_are_pooled_in_float32() -> None:
    head = VlmHead(2, [0.5])
    assert head(STATES.bfloat16(), MASK, VIDEO).dtype == torch.float32
