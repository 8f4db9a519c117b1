"""A network over the features of a whole recording, in stages that refine each other's probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

import torch
from torch import Tensor, nn

from actscribe.labels import Task
from actscribe.models.temporal import attention, convolutions
from actscribe.models.temporal.convolutions import KERNEL


@dataclass(frozen=True, slots=True)
class Design:
    """What a network is made of.

    Args:
        kind: "convolutions" (Li et al. 2020) or "attention" (after Yi et al. 2021).
        width: numbers of a step's features.
        labels: how many.
        task: of the labels; says how scores become probabilities.
        channels: of what is learned of a step.
        stages: the first one looks at features, each other one at the probabilities of the one before.
        layers: of a stage.
        heads: of attention.
        window: steps that attention reaches.
        causal: whether a step sees itself and those before it alone.
        boundaries: whether the first stage also says where bouts begin and end, which only training asks.
    """

    kind: Literal["convolutions", "attention"]
    width: int
    labels: int
    task: Task
    channels: int = 48
    stages: int = 3
    layers: int = 8
    heads: int = 4
    window: int = 60
    causal: bool = False
    boundaries: bool = False

    @property
    def reach(self) -> int:
        """Steps before a step that its scores depend on, where causal."""
        near = [1 << index for index in range(self.layers)]
        convolutions = self.kind == "convolutions"
        wide = [max(one, other) for one, other in zip(near, reversed(near), strict=True)] if convolutions else near
        looks = (KERNEL - 1) * (sum(wide) + (self.stages - 1) * sum(near))
        return looks + (0 if convolutions else self.stages * self.layers * self.window)


class Stage(nn.Module):
    """Layers between an entry and an exit of single steps.

    Args:
        inputs: numbers of a step that come in.
        design: of the network.
        dual: whether convolutions look near and far at once, as the first stage of Li et al. 2020 does.
    """

    def __init__(self, inputs: int, design: Design, dual: bool) -> None:
        super().__init__()
        self.enter = nn.Conv1d(inputs, design.channels, 1)
        if design.kind == "convolutions":
            self.layers = convolutions.layers(design.layers, design.channels, design.causal, dual)
        else:
            self.layers = attention.layers(design.layers, design.channels, design.heads, design.window, design.causal)
        self.out = nn.Conv1d(design.channels, design.labels, 1)

    def forward(self, states: Tensor, real: Tensor, keep: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (n, labels, steps) and the states that they are made of, (n, channels, steps).

        Args:
            states: shape (n, inputs, steps).
            real: see `DilatedLayer.forward`.
            keep: of each layer, shape (n, layers, channels).
        """
        states = self.enter(states) * real
        for index, layer in enumerate(self.layers):
            states = layer(states, real, keep[:, index, :, None])
        return self.out(states), states


class TemporalNetwork(nn.Module):
    """Scores of every step of a sequence.

    Nothing is drawn at random in it: what is dropped in training comes with the sequence, so that one process and
    several learn the same.

    Args:
        design: of it.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, design: Design) -> None:
        super().__init__()
        self.design = design
        self.register_buffer("mean", torch.zeros(design.width))
        self.register_buffer("scale", torch.ones(design.width))
        self.narrow = nn.Linear(design.width, design.channels)
        inputs = [design.channels, *[design.labels] * (design.stages - 1)]
        self.stages = nn.ModuleList(Stage(one, design, index == 0) for index, one in enumerate(inputs))
        self.boundaries = nn.Conv1d(design.channels, design.labels, 1) if design.boundaries else None

    def kept_shape(self) -> tuple[int, int]:
        """Return the shape of `keep` of one sequence: (layers of all stages, channels)."""
        return self.design.stages * self.design.layers, self.design.channels

    def forward(
        self, states: Tensor, mask: Tensor, features: Tensor | None = None, keep: Tensor | None = None
    ) -> Tensor:
        """Return logits, shape (n, steps, labels); in training those of all stages, (n, stages, steps, labels).

        With a boundary head, training finds its logits behind those of the last stage.

        Args:
            states: features, shape (n, steps, width).
            mask: True at steps of the sequence, False at those that only pad it, which come last, shape (n, steps).
            features: by what each number of the standardised features is multiplied, shape (n, width); None: nothing.
            keep: by what the channels of each layer are multiplied, shape (n, layers of all stages, channels); None:
                nothing.
        """
        return self.refined(self.narrowed(states, features), mask, keep)

    def narrowed(self, states: Tensor, features: Tensor | None = None) -> Tensor:
        """Return the channels of each step, which see no other step, shape (n, steps, channels); see `forward`."""
        standard = (states - self.mean) / self.scale
        if features is not None:
            standard = standard * features[:, None]
        return cast(Tensor, self.narrow(standard))

    def refined(self, narrow: Tensor, mask: Tensor, keep: Tensor | None = None) -> Tensor:
        """Return the logits of what `narrowed` returned; see `forward`."""
        layers, design = self.design.layers, self.design
        real = mask[:, None].to(narrow)
        kept = narrow.new_ones(len(narrow), *self.kept_shape()) if keep is None else keep
        states, stage_logits, edges = narrow.transpose(1, 2), [], None
        for index, stage in enumerate(self.stages):
            logits, inside = stage(states, real, kept[:, index * layers : (index + 1) * layers])
            if index == 0 and self.boundaries is not None and self.training:
                edges = self.boundaries(inside)
            states = (logits.sigmoid() if design.task == "multi-label" else logits.softmax(1)) * real
            stage_logits.append(logits)
        if not self.training:
            return cast(Tensor, stage_logits[-1].transpose(1, 2))
        every = [*stage_logits, edges] if edges is not None else stage_logits
        return torch.stack(every, dim=1).transpose(2, 3)
