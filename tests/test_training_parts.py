"""Losses, weights, unfreezing, augmentation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from actscribe.training.augment import augment, clip_rng
from actscribe.training.freezing import Unfreezing
from actscribe.training.losses import ClipLoss, class_weights, positive_weights, prior_logits, probabilities

NAN = float("nan")


def test_positive_weights_are_negatives_over_positives() -> None:
    targets = np.array([[1, 0, 1, NAN], [0, 0, 1, 1], [0, 0, 1, 0], [NAN, 0, 1, 0]])
    np.testing.assert_allclose(positive_weights(targets, 20), [2, 1, 1, 2])
    rare = np.array([[1.0]] + [[0.0]] * 99)
    assert positive_weights(rare, 20) == 20


def test_class_weights_make_classes_count_alike() -> None:
    targets = np.eye(3)[[0, 0, 0, 0, 1, 1]]
    weights = class_weights(targets, 20)
    np.testing.assert_allclose(weights[:2] * [4, 2], [3, 3])
    assert weights[2] == 1


def test_the_loss_is_torchs_own_where_all_is_annotated() -> None:
    logits, targets = torch.randn(5, 3), torch.randint(0, 2, (5, 3)).float()
    weights = np.array([1.0, 2.0, 3.0], dtype=np.float32)
    ours = ClipLoss("multi-label", weights)(logits, targets)
    theirs = nn.functional.binary_cross_entropy_with_logits(logits, targets, pos_weight=torch.from_numpy(weights))
    torch.testing.assert_close(ours, theirs)
    classes = torch.tensor([0, 2, 1, 1, 0])
    one_hot = nn.functional.one_hot(classes, 3).float()
    plain = ClipLoss("multi-class", np.ones(3, dtype=np.float32))(logits, one_hot)
    torch.testing.assert_close(plain, nn.functional.cross_entropy(logits, classes))


def test_what_is_not_annotated_teaches_nothing() -> None:
    logits = torch.zeros(2, 2, requires_grad=True)
    targets = torch.tensor([[1.0, NAN], [NAN, NAN]])
    ClipLoss("multi-label", np.ones(2, dtype=np.float32))(logits, targets).backward()
    assert logits.grad is not None
    assert (logits.grad != 0).tolist() == [[True, False], [False, False]]


def test_the_mean_over_two_shards_is_the_loss_of_the_whole() -> None:
    logits, targets = torch.randn(8, 2), torch.randint(0, 2, (8, 2)).float()
    targets[1, 0] = NAN
    loss = ClipLoss("multi-label", np.ones(2, dtype=np.float32))
    halves = (loss(logits[:4], targets[:4]) + loss(logits[4:], targets[4:])) / 2
    torch.testing.assert_close(halves, loss(logits, targets))


def test_an_untrained_head_answers_the_priors() -> None:
    targets = np.array([[1.0, 0], [0, 0], [0, NAN], [0, 1]])
    scores = probabilities(torch.from_numpy(prior_logits(targets, "multi-label")), "multi-label")
    np.testing.assert_allclose(scores, [1.5 / 5, 1.5 / 4], rtol=1e-5)
    classes = probabilities(torch.from_numpy(prior_logits(np.eye(2)[[0, 0, 0, 1]], "multi-class")), "multi-class")
    np.testing.assert_allclose(classes, [3.5 / 5, 1.5 / 5], rtol=1e-5)


def test_parts_join_from_the_output_end() -> None:
    schedule = Unfreezing([nn.Linear(1, 1) for _ in range(5)], frozen_epochs=2, per_epoch=2)
    assert [schedule.learning(epoch) for epoch in range(7)] == [0, 0, 2, 4, 5, 5, 5]
    schedule.apply(2)
    learning = [part.weight.requires_grad for part in schedule.parts]
    assert learning == [False, False, False, True, True]
    assert Unfreezing(schedule.parts, 1, 0).learning(1) == 5


def test_every_frame_of_a_clip_is_changed_alike() -> None:
    frame = torch.rand(3, 24, 32) * 255
    changed = augment(frame.expand(4, -1, -1, -1), clip_rng(0, 1, 2), flip=True)
    assert changed.shape == (4, 3, 24, 32)
    assert (changed - changed[0]).abs().max() == 0
    assert (changed[0] - frame).abs().mean() > 1
    assert 0 <= changed.min() <= changed.max() <= 255


@pytest.mark.parametrize(("epoch", "index"), [(1, 2), (0, 3)])
def test_augmentation_depends_on_seed_epoch_and_clip_alone(epoch: int, index: int) -> None:
    video = torch.rand(2, 3, 16, 16) * 255
    first = augment(video, clip_rng(7, 0, 2), flip=False)
    assert torch.equal(first, augment(video, clip_rng(7, 0, 2), flip=False))
    assert not torch.equal(first, augment(video, clip_rng(7, epoch, index), flip=False))


def test_mirroring_happens_only_when_allowed() -> None:
    video = torch.zeros(1, 3, 16, 16)
    video[..., :8] = 200
    mirrored = [augment(video, clip_rng(0, 0, i), flip=True)[..., -1].mean() > 100 for i in range(30)]
    plain = [augment(video, clip_rng(0, 0, i), flip=False)[..., -1].mean() > 100 for i in range(30)]
    assert 5 < sum(mirrored) < 25
    assert not any(plain)
