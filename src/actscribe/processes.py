"""Several processes of one training, started by `torchrun` or `accelerate launch`: which one this is, and who is first.

The first one writes the run and speaks; the others compute their share and keep silent.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from actscribe.errors import ActScribeError

#: What `accelerate launch` notes in the environment when it is to divide a network -> the option that says so.
_DIVIDING = {
    "ACCELERATE_USE_FSDP": "--use_fsdp",
    "ACCELERATE_USE_DEEPSPEED": "--use_deepspeed",
    "ACCELERATE_USE_MEGATRON_LM": "--use_megatron_lm",
}


def count() -> int:
    """Return how many processes train together; both launchers say so in the environment."""
    return int(os.environ.get("WORLD_SIZE", "1")) if "LOCAL_RANK" in os.environ else 1


def count_on_this_machine() -> int:
    """Return how many of them run on this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1")) if count() > 1 else 1


def rank() -> int:
    """Return which of them this is, from 0 on."""
    return int(os.environ.get("RANK", "0")) if count() > 1 else 0


def is_first() -> bool:
    """Tell whether this process writes the run and speaks: the only one, or the first of several."""
    return rank() == 0


def check_whole_networks(recognizer: str) -> None:
    """Refuse a launcher that is to divide a network's weights: each process of a training holds them whole (ours).

    Args:
        recognizer: that is trained, by its name in the registry.

    Raises:
        ActScribeError: accelerate was asked for FSDP, DeepSpeed or Megatron-LM, on its line or in its configuration.
    """
    asked = [option for name, option in _DIVIDING.items() if os.environ.get(name, "").lower() in ("true", "1")]
    if asked:
        raise ActScribeError(
            f"accelerate is to divide the network among the processes ({asked[0]}), but each of them holds it whole"
            " here: so does every process that scores with the run.",
            "Start it with --multi_gpu in place of that (an accelerate configuration that says so can be passed over"
            " with torchrun). A recognizer that has the setting 'fsdp' divides what is frozen with 'fsdp: true'. What a"
            f" GPU must hold: actscribe models plan MODEL --recognizer {recognizer}",
        )


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
