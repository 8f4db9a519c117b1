"""Several processes of one training, started by `torchrun` or `accelerate launch`: which one this is, and who is first.

The first one writes the run and speaks; the others compute their share and keep silent.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


def count() -> int:
    """Return how many processes train together; both launchers say so in the environment."""
    return int(os.environ.get("WORLD_SIZE", "1")) if "LOCAL_RANK" in os.environ else 1


def place() -> int:
    """Return which of them this is, from 0 on."""
    return int(os.environ.get("RANK", "0")) if count() > 1 else 0


def is_first() -> bool:
    """Tell whether this process writes the run and speaks: the only one, or the first of several."""
    return place() == 0


def wait() -> None:
    """Wait until all processes are here."""
    if count() > 1:
        import torch
        from accelerate import PartialState

        # Without a GPU it must be told, or each process takes itself for the only one.
        PartialState(cpu=not torch.cuda.is_available()).wait_for_everyone()


@contextmanager
def first_goes_first() -> Iterator[None]:
    """Let the first process do the block before the others do; if it fails there, its launcher ends them."""
    if not is_first():
        wait()
    yield
    if is_first():
        wait()
