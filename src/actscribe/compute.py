"""What a command or a script asked for: which device, how many threads, how many clips at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Compute:
    """Where networks run, and how much at once.

    Args:
        device: "auto" (a GPU where there is one), "cpu", "cuda", "cuda:1" or "mps".
        threads: of arithmetic on the processor; None: as many as PyTorch chooses.
        batch_size: clips that run through a network together while they are scored; None: what suits the device.
    """

    device: str = "auto"
    threads: int | None = None
    batch_size: int | None = None


_USUAL = Compute()
_CHOSEN: ContextVar[Compute] = ContextVar("compute", default=_USUAL)


def chosen() -> Compute:
    """Return what was asked for where this code runs."""
    return _CHOSEN.get()


@contextmanager
def computing(compute: Compute) -> Iterator[None]:
    """Ask for `compute` inside the block; `models.device.apply` checks it and sets the threads."""
    token = _CHOSEN.set(compute)
    try:
        yield
    finally:
        _CHOSEN.reset(token)
