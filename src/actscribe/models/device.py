"""Where and in which precision networks run, decided once and said aloud."""

from __future__ import annotations

import copy
import multiprocessing
import os
from collections.abc import Generator, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from typing import TypeVar

import torch
from torch import nn

from actscribe.batching import ahead
from actscribe.compute import Compute, asking, chosen
from actscribe.counts import counted
from actscribe.errors import ActScribeError
from actscribe.models.compiling import check_compiles, compiled

N = TypeVar("N", bound=nn.Module)
T = TypeVar("T")
#: Clips that a GPU scores at once, if nobody says otherwise (ours).
CLIPS_ON_GPU = 8
#: Processes that prepare clips beside a GPU at most (ours).
READERS_ON_GPU = 4


@contextmanager
def computing(compute: Compute) -> Iterator[None]:
    """Return a context that runs networks as `compute` says: where, with how many threads, how many clips at once.

    Training takes only the device and the threads from it, since the batch size changes what is learned.

    Args:
        compute: what is asked for; what it leaves out is chosen for this machine.

    Raises:
        ActScribeError: this machine has no such device, or cannot compile for it; raised before the block begins.
    """
    threads = torch.get_num_threads()
    with asking(compute):
        where = device()
        if compute.compile:
            check_compiles(where)
        try:
            if compute.threads is not None:
                torch.set_num_threads(compute.threads)
            yield
        finally:
            torch.set_num_threads(threads)


def device() -> torch.device:
    """Return the device that was asked for, else the GPU where there is one, else the CPU."""
    wanted = chosen().device
    if wanted != "auto":
        return named_device(wanted)
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def named_device(name: str) -> torch.device:
    """Return the device of a name such as "cpu", "cuda", "cuda:1" or "mps".

    Raises:
        ActScribeError: no such device is known, or this machine has none.
    """
    try:
        where = torch.device(name)
    except RuntimeError as error:
        raise ActScribeError(f"Unknown device '{name}'.", "Use auto, cpu, cuda, cuda:1 or mps.") from error
    if where.type not in ("cpu", "cuda", "mps"):
        raise ActScribeError(f"Unknown device '{name}'.", "Use auto, cpu, cuda, cuda:1 or mps.")
    if where.type == "cuda" and not torch.cuda.is_available():
        raise ActScribeError(f"Device '{name}' was asked for, but PyTorch finds no CUDA GPU.", "Use device: auto.")
    if where.type == "cuda" and (where.index or 0) >= torch.cuda.device_count():
        count = torch.cuda.device_count()
        raise ActScribeError(f"Device '{name}' was asked for, and this machine has {count} GPUs.", "Use cuda:0.")
    if where.type == "mps" and not torch.backends.mps.is_available():
        raise ActScribeError(f"Device '{name}' was asked for, but PyTorch finds no Apple GPU.", "Use device: auto.")
    return where


def check_trains_here() -> None:
    """Refuse another GPU than the first one for a training: the Trainer takes that one, whatever the networks are on.

    Raises:
        ActScribeError: a GPU with another number was asked for.
    """
    where = device()
    if where.type == "cuda" and where.index:
        raise ActScribeError(
            f"Training runs on the first GPU that it sees, and '{where}' was asked for.",
            "Let it see that one alone, with this before the command, and --device cuda:"
            f" CUDA_VISIBLE_DEVICES={gpu_name(where.index)}",
        )


def gpu_name(index: int) -> str:
    """Return by what CUDA_VISIBLE_DEVICES calls a GPU that this process sees under a number."""
    visible = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
    return visible[index] if index < len(visible) else str(index)


def bfloat16_pays(where: torch.device | None = None) -> tuple[bool, str]:
    """Return whether a device computes faster in bf16, with the reason in words; None: the one that is used."""
    kind = (where or device()).type
    if kind == "cuda":
        able = torch.cuda.is_bf16_supported(including_emulation=False)
        return able, f"GPU {torch.cuda.get_device_name()} {'has' if able else 'lacks'} bf16"
    if kind == "mps":
        return False, "Apple GPU: float32"
    if torch.cpu._is_amx_tile_supported():
        return True, "the processor has AMX"
    if torch.cpu._is_avx512_bf16_supported():
        return True, "the processor has AVX-512 bf16"
    return False, "the processor has neither AMX nor AVX-512 bf16"


def use_bfloat16(precision: str) -> bool:
    """Tell whether `precision` ("auto", "float32" or "bfloat16") means bf16 on this machine."""
    return precision == "bfloat16" or (precision == "auto" and bfloat16_pays()[0])


def autocast(bfloat16: bool) -> AbstractContextManager[None]:
    """Return a context in which matrix products run in bf16, if asked for."""
    return torch.autocast(device().type, dtype=torch.bfloat16, enabled=bfloat16)


def clips_at_once() -> int:
    """Return how many clips run through a network together while they are scored.

    Unless a number was asked for: on a processor one, whose thousands of tokens fill it, and which takes least memory;
    on a GPU several.
    """
    return chosen().batch_size or (1 if device().type == "cpu" else CLIPS_ON_GPU)


def reading_processes() -> int:
    """Return how many processes prepare clips of a training beside the network.

    Beside a GPU as many as there are cores, four at most. None on a processor, whose cores the network needs itself,
    and none where new processes are not forked: clips cannot be handed to those.
    """
    forked = multiprocessing.get_start_method(allow_none=False) == "fork"
    return min(READERS_ON_GPU, os.cpu_count() or 1) if forked and device().type == "cuda" else 0


def ahead_of_gpu(items: Iterable[T]) -> Generator[T, None, None]:
    """Yield `items` in order; beside a GPU a thread makes the next one while this one is used.

    On a processor the network takes all cores: what is made ahead would take memory and spare no time.
    """
    if device().type == "cpu":
        yield from items
        return
    with closing(ahead(items, 1)) as stream:
        yield from stream


def in_words() -> str:
    """Return where and how networks run, as one sentence for the user."""
    where = device()
    precision = "bf16" if bfloat16_pays()[0] else "float32"
    threads, clips = torch.get_num_threads(), clips_at_once()
    on = f"the processor with {counted(threads, 'thread')}" if where.type == "cpu" else where
    once = ", compiled at the first batch" if chosen().compile else ""
    return f"Networks run on {on}, in {precision} by default, {counted(clips, 'clip')} at a time{once}."


def for_scoring(network: N, bfloat16: bool) -> N:
    """Return the network as it is scored under `autocast`: the same results, sooner.

    In bf16 a copy whose matrices are held in bf16, since autocast casts those of float32 at every call; all other
    tensors are shared. Half the size of the weights is taken for it. In float32 the network itself. Compiled, if that
    was asked for, it is a copy in either precision, so that what is trained on stays as it is.
    """
    if not bfloat16 and not chosen().compile:
        return network
    shared = {id(one): one for one in (*network.parameters(), *network.buffers())}
    made = copy.deepcopy(network, shared)
    if bfloat16:
        _hold_matrices(made)
    return compiled(made) if chosen().compile else made


def _hold_matrices(made: nn.Module) -> None:
    """Replace the matrices of a network by copies in bf16."""
    for module in made.modules():
        if isinstance(module, (nn.Linear, nn.Conv2d, nn.Conv3d)):
            for name, value in list(module.named_parameters(recurse=False)):
                setattr(module, name, nn.Parameter(value.detach().to(torch.bfloat16), requires_grad=False))
