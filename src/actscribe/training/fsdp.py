"""Frozen weights of which each of several processes holds a part: PyTorch's FSDP 2 (`fully_shard`).

Only what is frozen is divided. What learns is whole in every process, as without FSDP: optimizer, checkpoints and what
is saved are the same, and gradients are averaged by DistributedDataParallel, which must let the parts alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor
from torch.nn.parallel import DistributedDataParallel

from actscribe.models.cost import MB
from actscribe.models.device import device
from actscribe.processes import count, count_on_this_machine
from actscribe.progress import say


def divide(network: nn.Module, blocks: Sequence[nn.Module]) -> None:
    """Let each process of this machine hold a part of what is frozen in blocks; it is whole while its block runs.

    From then on all processes must run the network together and equally often, and its weights cannot be put together
    in place: PyTorch divides them again whenever the network's `state_dict` is asked for.

    Args:
        network: that runs the blocks.
        blocks: its parts that run one after the other.
    """
    among = _processes()
    mesh = init_device_mesh(device().type, (count() // among, among), mesh_dim_names=("groups", "parts"))["parts"]
    for block in blocks:
        learned = {weight for weight in block.parameters() if weight.requires_grad}
        fully_shard(block, mesh=mesh, ignored_params=learned)
    fully_shard(network, mesh=mesh, ignored_params=set(network.parameters()))  # runs its blocks, divides nothing more
    parts = [weight for weight in network.parameters() if isinstance(weight, DTensor)]
    whole, own = sum(map(_bytes, parts)), sum(_bytes(weight.to_local()) for weight in parts)
    say(f"FSDP: {among} processes divide {whole / MB:,.1f} MB of frozen weights, {own / MB:,.1f} MB in the first")


def leave_parts_alone(network: nn.Module) -> None:
    """Let DistributedDataParallel neither copy nor average what is divided in a network that it will hold."""
    parts = [name for name, weight in network.named_parameters() if isinstance(weight, DTensor)]
    DistributedDataParallel._set_params_and_buffers_to_ignore_for_model(network, parts)


def _processes() -> int:
    """Return among how many processes weights are divided: those of a machine, for what joins machines is slow."""
    beside = count_on_this_machine()
    return beside if beside > 1 else count()


def _bytes(weight: torch.Tensor) -> int:
    return weight.numel() * weight.element_size()
