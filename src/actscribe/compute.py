"""What a command or a script asked for: which device, how many threads, how many clips at once, compiled or not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from actscribe.errors import ActScribeError


@dataclass(frozen=True, slots=True)
class Compute:
    """Where networks run, and how much at once.

    Args:
        device: "auto" (a GPU where there is one), "cpu", "cuda", "cuda:1" or "mps".
        threads: of arithmetic on the processor; None: as many as PyTorch chooses.
        batch_size: clips that run through a network together while they are scored; None: what suits the device.
        compile: whether networks that score clips are compiled first (`torch.compile`).
    """

    device: str = "auto"
    threads: int | None = None
    batch_size: int | None = None
    compile: bool = False

    def __post_init__(self) -> None:
        for name in ("threads", "batch_size"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ActScribeError(f"Expected {name} to be a whole number from 1, found {value}.")


_USUAL = Compute()
#: A context variable, so that it need not be handed through every function between a command and a network.
_CHOSEN: ContextVar[Compute] = ContextVar("compute", default=_USUAL)


def chosen() -> Compute:
    """Return what was asked for where this code runs."""
    return _CHOSEN.get()


@contextmanager
def asking(compute: Compute) -> Iterator[None]:
    """Let `chosen` answer `compute` inside the block; nothing is checked, see `models.device.computing`."""
    token = _CHOSEN.set(compute)
    try:
        yield
    finally:
        _CHOSEN.reset(token)
