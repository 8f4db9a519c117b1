"""A video classifier that thaws block by block, in two halves: below a block that stays frozen for some epochs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from torch import Tensor, nn
from transformers.modeling_layers import GradientCheckpointingLayer

from actscribe.models.dropout import draws
from actscribe.models.video_classifier import VideoClassifier
from actscribe.training.freezing import Unfreezing


class FrozenBlocks:
    """The halves of a video classifier, divided after the part that saves most: see `Halved`.

    transformers' network runs as it is. Of the lower half the blocks hand on what they are given, the last one returns
    what is kept, and what lies before the first block runs for nothing: it is a single layer.

    Args:
        model: the classifier.
        unfreezing: its parts, and when they learn.
        epochs: of the training.
    """

    def __init__(self, model: VideoClassifier, unfreezing: Unfreezing, epochs: int) -> None:
        self._model, self._unfreezing, self._epochs = model, unfreezing, epochs
        self._below: list[_Part] | None = None

    @property
    def draws(self) -> bool:
        """See `Halved`."""
        return draws(self._model.model.config)

    def is_frozen(self) -> bool:
        """See `Halved`."""
        return not self._below or not any(one.requires_grad for one in self._below[-1].module.parameters())

    def below(self, pixel_values: Tensor) -> tuple[Tensor, ...]:
        """See `Halved`."""
        if self._below is None:
            parts = self._looked_at(pixel_values[:1])
            self._below = parts[: most_saved(self._unfreezing, self._epochs, [part.fixed for part in parts])]
        if not self._below:
            return ()
        handle = self._below[-1].module.register_forward_hook(_stop)
        try:
            self._model(pixel_values)
        except _Reached as reached:
            return (reached.output.unflatten(0, (len(pixel_values), -1)),)  # some blocks see frames along that axis
        finally:
            handle.remove()
        raise AssertionError("a part of the network did not run")

    def above(self, kept: tuple[Tensor, ...], pixel_values: Tensor) -> Tensor:
        """See `Halved`."""
        assert self._below
        (states,) = kept
        with _returning(self._below, states.flatten(0, 1)):
            return cast(Tensor, self._model(pixel_values))

    def _looked_at(self, pixel_values: Tensor) -> list[_Part]:
        parts: list[_Part] = []

        def note(module: nn.Module, args: object, output: Any) -> None:
            parts.append(_Part(module, isinstance(output, tuple), not _tensor(output).requires_grad))

        handles = [part.register_forward_hook(note) for part in self._unfreezing.parts]
        try:
            self._model(pixel_values)
        finally:
            for handle in handles:
                handle.remove()
        return parts


def most_saved(unfreezing: Unfreezing, epochs: int, frozen: list[bool]) -> int:
    """Return after how many parts to divide, so that most parts need not run again; 0: nothing is saved.

    Args:
        unfreezing: when which part learns.
        epochs: of the training.
        frozen: for each part, whether its output can be kept at all.
    """
    below = [len(unfreezing.parts) - unfreezing.learning(epoch) for epoch in range(epochs)]
    saved = {
        count: count * (sum(one >= count for one in below) - 1)
        for count in range(1, len(frozen) + 1)
        if all(frozen[:count])
    }
    best = max(saved, key=lambda count: saved[count], default=0)
    return best if saved.get(best, 0) > 0 else 0


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a network.

    Args:
        module: the part.
        tuples: whether it returns its states in a tuple.
        fixed: whether nothing that they depend on learns: norms between blocks may.
    """

    module: nn.Module
    tuples: bool
    fixed: bool


class _Reached(Exception):
    def __init__(self, output: Tensor) -> None:
        super().__init__()
        self.output = output


def _stop(module: nn.Module, args: object, output: Any) -> None:
    raise _Reached(_tensor(output))


def _tensor(output: Any) -> Tensor:
    return cast(Tensor, output[0] if isinstance(output, tuple) else output)


@contextmanager
def _returning(parts: Sequence[_Part], states: Tensor) -> Iterator[None]:
    """Let the last of the parts return `states`, and the blocks before it what they are given."""
    *before, last = parts
    blocks = [part for part in before if isinstance(part.module, GradientCheckpointingLayer)]
    try:
        for part in blocks:
            part.module.__dict__["forward"] = partial(_handed_on, part.tuples)
        last.module.__dict__["forward"] = lambda *args, **kwargs: _handed_on(last.tuples, states)
        yield
    finally:
        for part in (*blocks, last):
            part.module.__dict__.pop("forward", None)


def _handed_on(tuples: bool, states: Tensor, *args: object, **kwargs: object) -> Any:
    return (states, None) if tuples else states
