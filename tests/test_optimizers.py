"""One optimiser made of PyTorch's Muon and AdamW."""

from __future__ import annotations

import copy

import torch
from torch import nn

from actscribe.training.optimizers import optimizer


def net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), nn.LayerNorm(8), nn.Linear(8, 2))


def run(model: nn.Sequential, steps: int, opt: torch.optim.Optimizer, first: int = 0) -> None:
    for step in range(first, first + steps):
        data = torch.randn(4, 6, generator=torch.Generator().manual_seed(step))
        model(data).square().mean().backward()
        opt.step()
        opt.zero_grad()


def make(model: nn.Sequential) -> torch.optim.Optimizer:
    return optimizer([(list(model.parameters()), 0.02)], weight_decay=0.1, name="muon")


def test_matrices_move_as_muon_and_vectors_as_adamw_alone() -> None:
    ours, theirs = net(), net()
    run(ours, 5, make(ours))
    matrices = [p for p in theirs.parameters() if p.ndim == 2]
    vectors = [p for p in theirs.parameters() if p.ndim == 1]
    muon = torch.optim.Muon(matrices, lr=0.02, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
    adamw = torch.optim.AdamW(vectors, lr=0.02, weight_decay=0.0)
    for step in range(5):
        data = torch.randn(4, 6, generator=torch.Generator().manual_seed(step))
        theirs(data).square().mean().backward()
        for half in (muon, adamw):
            half.step()
            half.zero_grad()
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_a_checkpoint_goes_on_as_if_nothing_had_happened() -> None:
    whole, halted = net(), net()
    run(whole, 6, make(whole))
    opt = make(halted)
    run(halted, 3, opt)
    state = copy.deepcopy(opt.state_dict())
    again = make(halted)
    again.load_state_dict(state)
    run(halted, 3, again, first=3)
    for one, other in zip(halted.parameters(), whole.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_schedule_reaches_both_halves() -> None:
    model = net()
    opt = make(model)
    schedule = torch.optim.lr_scheduler.LambdaLR(opt, lambda step: 0.0)
    before = [p.detach().clone() for p in model.parameters()]
    run(model, 2, opt)
    schedule.step()
    assert all(group["lr"] == 0 for group in opt.param_groups)
    assert all(torch.equal(one, other) for one, other in zip(model.parameters(), before, strict=True))


def test_adamw_keeps_decay_off_vectors() -> None:
    model = net()
    groups = optimizer([(list(model.parameters()), 0.01)], weight_decay=0.1, name="adamw").param_groups
    assert {(group["params"][0].ndim, group["weight_decay"]) for group in groups} == {(2, 0.1), (1, 0.0)}
