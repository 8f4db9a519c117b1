"""Which layers adapters go into: by plain names that hold for every family, or by the layers' own names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from torch import nn

from actscribe.errors import ActScribeError, did_you_mean
from actscribe.models.vlm.vision import LANGUAGE_PARTS

Tower = Literal["language", "vision", "both"]
QUERY_VALUE, ATTENTION, MLP, ALL_LINEAR = "query-value", "attention", "mlp", "all-linear"
PLAIN = (QUERY_VALUE, ATTENTION, MLP, ALL_LINEAR)
#: Qwen's vision towers project query, key and value in one layer, which is then the target.
_QUERY_VALUE = ("q_proj", "v_proj", "qkv")
_ATTENTIONS = ("self_attn", "attn", "attention")
#: What a tower calls the list of its blocks. What joins the towers has none, and is never adapted.
_BLOCKS = ("layers", "blocks", "layer")
#: What Gemma 4 calls the linear layer inside one that bounds what goes in and comes out.
_WRAPPED = "linear"
#: Video-LLaVA keeps a second tower for stills.
_IDLE = ("image_tower",)


def adapted_layers(body: nn.Module, targets: Sequence[str], tower: Tower) -> list[str]:
    """Return the names of the linear layers that `targets` mean, in the order of the model.

    Args:
        body: a vision-language model without its output layer.
        targets: names of `PLAIN`, or last parts of layers' names such as "k_proj".
        tower: whose layers.

    Raises:
        ActScribeError: a target that no layer of the tower has; says which names there are.
    """
    layers = [name.split(".") for name in _linear(body, tower)]
    for target in targets:
        if not any(_meant(target, layer) for layer in layers):
            own = {layer[-1] for layer in layers}
            where = "either tower" if tower == "both" else f"the {tower} tower"
            raise ActScribeError(
                f"targets: no layer of {where} is called '{target}'.",
                f"{did_you_mean(target, {*PLAIN, *own})} This model has {', '.join(sorted(own))}.",
            )
    return [".".join(layer) for layer in layers if any(_meant(target, layer) for target in targets)]


def language_blocks(body: nn.Module) -> tuple[nn.Module, list[nn.Module]]:
    """Return the language model in a vision-language model without its output layer, and its blocks in order."""
    language = next(part for name, part in body.named_children() if name in LANGUAGE_PARTS)
    lists = (part for name, part in language.named_children() if name in _BLOCKS and isinstance(part, nn.ModuleList))
    return language, [block for blocks in lists for block in blocks]


def _linear(body: nn.Module, tower: Tower) -> list[str]:
    """Return the names of the linear layers in the blocks of a tower."""
    names = []
    for name, module in body.named_modules():
        parts = name.split(".")
        where = "language" if parts[0] in LANGUAGE_PARTS else "vision"
        if (
            isinstance(module, nn.Linear)
            and tower in (where, "both")
            and parts[0] not in _IDLE
            and {*_BLOCKS} & {*parts}
        ):
            names.append(name)
    return names


def _meant(target: str, layer: Sequence[str]) -> bool:
    if layer[-1] == _WRAPPED:
        layer = layer[:-1]
    if target == QUERY_VALUE:
        return layer[-1] in _QUERY_VALUE
    if target == ATTENTION:
        return layer[-2] in _ATTENTIONS
    if target == MLP:
        return layer[-2] == "mlp"
    return target == ALL_LINEAR or layer[-1] == target
