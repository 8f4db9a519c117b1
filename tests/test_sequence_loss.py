"""The loss of scores over time, by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from actscribe.training.losses import class_weights, positive_weights
from actscribe.training.sequence_loss import SequenceLoss, boundaries, sequence_loss

NAN = float("nan")


def loss(task: str, weights: list[float], smoothing: float = 0.0, boundary: float = 0.0) -> SequenceLoss:
    many = np.array(weights, dtype=np.float32)
    return SequenceLoss(task, many, smoothing, boundary, np.full(len(weights), 2.0, dtype=np.float32))  # type: ignore[arg-type]


def logistic(value: float) -> float:
    return 1 / (1 + np.exp(-value))


def test_presence_by_hand_with_weights_and_what_nobody_annotated() -> None:
    logits = torch.tensor([[[1.0], [-2.0], [0.5]]])
    targets = torch.tensor([[[1.0], [0.0], [NAN]]])
    expected = -(3 * np.log(logistic(1.0)) + np.log(1 - logistic(-2.0))) / 3  # of three entries, one not annotated
    assert float(loss("multi-label", [3.0])(logits, targets)) == pytest.approx(expected, rel=1e-5)


def test_classes_by_hand() -> None:
    logits = torch.tensor([[[1.0, 0.0, -1.0], [0.0, 2.0, 0.0]]])
    targets = torch.tensor([[[1.0, 0.0, 0.0], [NAN, NAN, NAN]]])
    first = np.log(np.exp(1.0) / np.exp([1.0, 0.0, -1.0]).sum())
    value = loss("multi-class", [0.5, 1.0, 1.0])(logits, targets)
    assert float(value) == pytest.approx(-0.5 * first / 2, rel=1e-5)


def test_jumps_are_squared_up_to_a_limit_and_only_where_both_steps_are_annotated() -> None:
    logits = torch.tensor([[[0.0], [1.0], [30.0], [-30.0]]])
    targets = torch.tensor([[[0.0], [1.0], [1.0], [NAN]]])
    plain = loss("multi-label", [1.0])(logits, targets)
    smooth = loss("multi-label", [1.0], smoothing=0.15)(logits, targets)
    present, absent = (np.log([logistic(s * v) for v in (0.0, 1.0, 30.0)]) for s in (1, -1))
    jumps = [np.minimum(np.abs(np.diff(side)), 4.0) ** 2 for side in (present, absent)]
    expected = 0.15 * np.mean([np.sum(one) / 3 for one in jumps])
    assert jumps[1][1] == 16  # the limit is met
    assert float(smooth - plain) == pytest.approx(expected, rel=1e-4)


def test_the_earlier_of_two_steps_does_not_learn_from_a_jump() -> None:
    logits = torch.tensor([[[0.0], [1.0]]], requires_grad=True)
    one = loss("multi-label", [1.0], smoothing=1.0)
    none = loss("multi-label", [1.0])
    (both,) = torch.autograd.grad(one(logits, torch.zeros(1, 2, 1)) - none(logits, torch.zeros(1, 2, 1)), logits)
    assert float(both[0, 0, 0].abs()) < 1e-7 < float(both[0, 1, 0].abs())


def test_stages_count_alike_and_the_last_is_what_boundaries_are_told_by() -> None:
    targets = torch.tensor([[[0.0], [0.0], [1.0], [1.0]]])
    stages = torch.randn(1, 2, 4, 1)
    one = loss("multi-label", [1.0], smoothing=0.3)
    each = [one(stages[:, index], targets) for index in range(2)]
    torch.testing.assert_close(one(stages, targets), torch.stack(each).mean())
    edges = torch.tensor([[[-1.0], [2.0], [0.0], [-3.0]]])
    both = loss("multi-label", [1.0], smoothing=0.3, boundary=0.5)(torch.cat([stages, edges[:, None]], 1), targets)
    terms = [np.log(1 - logistic(-1)), 2 * np.log(logistic(2)), 2 * np.log(logistic(0)), np.log(1 - logistic(-3))]
    assert float(both - one(stages, targets)) == pytest.approx(-0.5 * np.mean(terms), rel=1e-4)


def test_boundaries_lie_on_both_sides_of_a_change_that_is_annotated() -> None:
    targets = torch.tensor([[[0.0], [1.0], [1.0], [NAN], [0.0], [0.0]]])
    begun, known = boundaries(targets)
    assert begun[0, :, 0].tolist() == [1, 1, 0, 0, 0, 0]
    assert known[0, :, 0].tolist() == [1, 1, 1, 0, 1, 1]


def test_equal_shards_have_the_loss_of_the_whole() -> None:
    torch.manual_seed(0)
    logits, targets = torch.randn(4, 2, 7, 3), (torch.rand(4, 7, 3) < 0.5).float()
    targets[0, 3:] = NAN
    one = loss("multi-label", [1.0, 2.0, 3.0], smoothing=0.15)
    halves = torch.stack([one(logits[:2], targets[:2]), one(logits[2:], targets[2:])]).mean()
    torch.testing.assert_close(halves, one(logits, targets))


@pytest.mark.parametrize(("task", "weigh"), [("multi-label", positive_weights), ("multi-class", class_weights)])
def test_weights_come_from_the_steps_of_training(task, weigh) -> None:  # type: ignore[no-untyped-def]
    targets = np.eye(3, dtype=np.float32)[[0, 0, 0, 0, 1, 2, 2, 0]]
    made = sequence_loss(task, targets, targets, 20.0, 0.15, 0.0)
    np.testing.assert_allclose(made.weights.numpy(), weigh(targets, 20.0))
    np.testing.assert_allclose(sequence_loss(task, targets, targets, 1.0, 0.15, 0.0).weights.numpy(), 1)
