"""Frozen weights that processes divide among them: which they are, and that nothing comes out differently."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny_vlms
import torch
import vlm_inputs
from test_vlm_lora import randomised
from torch import distributed
from torch.distributed.tensor import DTensor

from actscribe.models.vlm.adapted import language_blocks
from actscribe.recognizers import vlm_head, vlm_lora
from actscribe.training import fsdp
from actscribe.training.inputs import TrainingInputs


@pytest.fixture
def group() -> Iterator[None]:
    """One process that is a group by itself: what it divides is one part, gathered by the same hooks."""
    distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


def gradients(
    network: vlm_lora.Tuned, parts: vlm_head.HeadedVlm, inputs: TrainingInputs
) -> dict[str, torch.Tensor | None]:
    torch.manual_seed(3)  # the same dropout
    example = vlm_lora.clip_examples(inputs.train, parts.backbone, inputs)
    network([example(None, index)["clips"] for index in range(4)]).square().sum().backward()
    return {name: weight.grad for name, weight in network.named_parameters() if weight.requires_grad}


@pytest.mark.usefixtures("group")
@pytest.mark.parametrize("family", tiny_vlms.FAMILIES)
def test_what_is_divided_in_every_family_gives_the_same_gradients(family: str, tmp_path: Path) -> None:
    folder = tiny_vlms.build(family, tmp_path / "vlm")
    inputs = vlm_inputs.training_inputs(tmp_path, "vlm-lora", model=str(folder))
    parts = vlm_head.start(inputs)
    expected = gradients(randomised(inputs, parts), parts, inputs)
    for checkpointing in (False, True):
        parts = vlm_head.start(inputs)
        network = randomised(inputs, parts)
        if checkpointing:
            network.model.activation_checkpointing_enable({"use_reentrant": False})
        language, blocks = language_blocks(network.model.model)
        assert blocks
        inside = {weight for block in blocks for weight in block.parameters()}
        frozen = {name for name, weight in language.named_parameters() if not weight.requires_grad and weight in inside}
        fsdp.divide(language, blocks)
        assert {name for name, weight in language.named_parameters() if isinstance(weight, DTensor)} == frozen
        made = gradients(network, parts, inputs)
        assert made.keys() == expected.keys()
        for name, gradient in expected.items():
            torch.testing.assert_close(made[name], gradient, atol=1e-6, rtol=1e-5)
