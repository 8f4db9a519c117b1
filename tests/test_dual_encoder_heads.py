"""Heads of dual encoders: softmax over prompts, a sigmoid with its own bias per label, the linear probe."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_dual_encoders import backbone, videos

from actscribe.models.dual_encoder.heads import LabelHead, LinearProbe


def test_multi_class_takes_the_scores_as_they_are() -> None:
    head, scores = LabelHead("multi-class", 3), torch.randn(4, 3)
    assert head(scores) is scores
    assert list(head.parameters()) == []
    head.start(scores, np.full(3, 1 / 3))
    assert head(scores) is scores


def test_multi_label_adds_a_bias_per_label() -> None:
    head, scores = LabelHead("multi-label", 2), torch.tensor([[25.0, 24.0]])
    with torch.no_grad():
        head.bias.copy_(torch.tensor([-25.0, -26.0]))
    assert head(scores).tolist() == [[0.0, -2.0]]


@settings(max_examples=25)
@given(
    st.integers(1, 4),
    st.integers(1, 30),
    st.floats(0.1, 40),
    st.floats(-50, 50),
    st.floats(0.01, 0.99),
    st.integers(0, 1000),
)
def test_the_start_gives_each_label_its_prior(
    labels: int, clips: int, spread: float, level: float, prior: float, seed: int
) -> None:
    scores = torch.randn(clips, labels, generator=torch.Generator().manual_seed(seed)) * spread + level
    head = LabelHead("multi-label", labels)
    head.start(scores, np.full(labels, prior, dtype=np.float32))
    mean = (scores.double() + head.bias.detach().double()).sigmoid().mean(0)
    np.testing.assert_allclose(mean.numpy(), prior, atol=1e-4)


def test_a_label_that_never_or_always_occurs_gets_a_finite_bias() -> None:
    head = LabelHead("multi-label", 2)
    head.start(torch.full((3, 2), 20.0), np.array([0.0, 1.0], dtype=np.float32))
    np.testing.assert_allclose(head.bias.detach().numpy(), [-26.907, -13.093], atol=1e-2)  # -20 -+ log 999


def test_against_a_neutral_prompt_a_score_is_the_softmax_of_the_two() -> None:
    head, scores = LabelHead("multi-label", 2, neutral=True), torch.tensor([[24.0, 21.0, 22.0]])
    probabilities = head(scores).sigmoid()
    for label in (0, 1):
        pair = torch.tensor([scores[0, label], scores[0, 2]]).softmax(0)[0]
        torch.testing.assert_close(probabilities[0, label], pair)
    with pytest.raises(ValueError, match="multi-class"):
        LabelHead("multi-class", 2, neutral=True)


@pytest.mark.parametrize("kind", ["clip", "x-clip"])
def test_a_linear_probe_starts_at_its_bias_and_leaves_the_backbone_alone(kind: str) -> None:
    probe = LinearProbe(backbone(kind), np.array([0.5, -1.0], dtype=np.float32))
    assert probe(videos(3)).tolist() == [[0.5, -1.0]] * 3
    assert {name for name, parameter in probe.named_parameters() if parameter.requires_grad} == {
        "out.weight",
        "out.bias",
    }
    optimizer = torch.optim.SGD(probe.out.parameters(), lr=1.0)
    embedded = probe.embed(videos(3))
    torch.nn.functional.cross_entropy(probe.score(embedded), torch.tensor([0, 1, 1])).backward()
    optimizer.step()
    assert torch.equal(probe(videos(3)), probe.score(embedded))
    assert (probe(videos(3)) - torch.tensor([0.5, -1.0])).abs().max() > 1e-3
    assert embedded.mean(-1).abs().max() < 1e-5
