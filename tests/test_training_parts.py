"""Losses, weights, unfreezing, augmentation, the time that is left."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import torch
from torch import nn
from transformers import TrainerControl, TrainerState, TrainingArguments

from actscribe.progress import Progress, report_to
from actscribe.training import progress
from actscribe.training.augment import augment, clip_rng
from actscribe.training.freezing import Unfreezing
from actscribe.training.losses import ClipLoss, class_weights, positive_weights, prior_logits, probabilities
from actscribe.training.progress import ProgressCallback

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


def foretold(monkeypatch: pytest.MonkeyPatch, callback: ProgressCallback, steps: list[float]) -> list[Progress]:
    """Return what is reported of epochs of ten steps that take so long, with a validation of four and a save."""
    now, reports = [100.0], []
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.0)
    args = cast(TrainingArguments, SimpleNamespace(num_train_epochs=len(steps), eval_strategy="epoch"))
    state, control = TrainerState(epoch=0, max_steps=10 * len(steps)), TrainerControl()
    with report_to(lambda report: reports.append(cast(Progress, report))):
        callback.on_train_begin(args, state, control)
        for seconds in steps:
            callback.on_epoch_begin(args, state, control)
            for _ in range(10):
                now[0] += seconds
                state.global_step += 1
                state.epoch = state.global_step / 10
                callback.on_step_end(args, state, control)
            now[0] += 4 * seconds
            callback.on_evaluate(args, state, control, {})
            now[0] += 0.1
    return reports


def test_the_time_left_never_rises(monkeypatch: pytest.MonkeyPatch) -> None:
    """It rose with every validation, which the steps before it had not counted: 4:44 became 7:06."""
    lefts = [one.left for one in foretold(monkeypatch, ProgressCallback(validation=0.5), [1.0] * 5)]
    assert lefts == sorted(lefts, reverse=True)
    assert lefts[0] == 49 + 5 * 5
    assert lefts[-1] == 0


def test_while_more_parts_join_the_time_left_is_only_the_least(monkeypatch: pytest.MonkeyPatch) -> None:
    schedule = Unfreezing([nn.Linear(2, 2) for _ in range(3)], frozen_epochs=1, per_epoch=2)
    reports = foretold(monkeypatch, ProgressCallback(schedule.whole_from(), 0.5), [1.0, 2.0, 3.0, 3.0])
    assert [one.more for one in reports] == [True] * 22 + [False] * 22
    true = [one.left for one in reports[22:]]
    assert true == sorted(true, reverse=True)
    assert str(reports[10]).endswith("over 0:42 left")  # 30 steps and 3 validations of 4, as fast as the head alone


@pytest.mark.parametrize(("parts", "frozen", "per_epoch"), [(3, 1, 2), (4, 0, 1), (4, 2, 0), (5, 1, 5), (0, 1, 2)])
def test_the_first_epoch_in_which_all_learns(parts: int, frozen: int, per_epoch: int) -> None:
    schedule = Unfreezing([nn.Linear(2, 2) for _ in range(parts)], frozen, per_epoch)
    assert schedule.whole_from() == next(e for e in range(20) if e >= frozen and schedule.learning(e) == parts)
