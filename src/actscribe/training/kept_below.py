"""What the frozen part of a network makes of clips that look the same in every epoch: computed once, kept in memory."""

from __future__ import annotations

from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn

from actscribe.progress import say
from actscribe.tables import bytes_text

#: Bytes that are kept at most: 200 clips of 8 frames below a block of TimeSformer-base (ours).
KEPT_BYTES = 2**30
#: Number of a clip that looks different each time.
REDRAWN = -1


class Halved(Protocol):
    """A network in two halves, of which the lower one is frozen, at least at first."""

    @property
    def draws(self) -> bool:
        """Whether the lower half draws something while it trains, such as dropout."""
        ...

    def is_frozen(self) -> bool:
        """Tell whether nothing in the lower half learns now. Once something does, it does from then on."""
        ...

    def below(self, pixel_values: Tensor) -> tuple[Tensor, ...]:
        """Return what the lower half makes of clips, each with the clips along its first axis; empty: it does nothing.

        Args:
            pixel_values: as the network takes them.
        """
        ...

    def above(self, kept: tuple[Tensor, ...], pixel_values: Tensor) -> Tensor:
        """Return the logits of clips, shape (clips, labels), from what `below` made of them."""
        ...


class KeptBelow(nn.Module):
    """A network that runs its frozen half once for each clip; as many clips are kept as there is room for.

    Logits are those of the network itself but for rounding: a batch may be computed in two parts.

    Args:
        network: takes `pixel_values`, returns logits.
        halved: the same one, in two halves.
        limit: bytes.
    """

    def __init__(self, network: nn.Module, halved: Halved, limit: int = KEPT_BYTES) -> None:
        super().__init__()
        self.network = network
        self._halved, self._limit = halved, limit
        self._kept: dict[int, tuple[Tensor, ...]] = {}
        self._bytes, self._ended = 0, False

    def forward(self, pixel_values: Tensor, clip: Tensor) -> Tensor:
        """Return the logits of clips, shape (clips, labels); `clip` has their numbers, or `REDRAWN`."""
        numbers = clip.tolist()
        if not self._ended and not self._halved.is_frozen():
            self._end()
        if self._ended or (self.training and self._halved.draws) or max(numbers) == REDRAWN:
            return cast(Tensor, self.network(pixel_values))
        rows = [self._kept.get(number) for number in numbers]
        missing = [row for row, kept in enumerate(rows) if kept is None]
        if missing:
            with torch.enable_grad():  # in which it shows whether something learns that no one knew of
                made = self._halved.below(pixel_values[missing])
            if not made or any(one.requires_grad for one in made):
                self._end()
                return cast(Tensor, self.network(pixel_values))
            for index, row in enumerate(missing):
                rows[row] = tuple(one[index] for one in made)
                self._keep(numbers[row], rows[row])
        columns: Any = zip(*rows, strict=True)
        return self._halved.above(
            tuple(torch.stack([one.to(pixel_values.device) for one in column]) for column in columns), pixel_values
        )

    def _keep(self, number: int, made: Any) -> None:
        size = sum(one.numel() * one.element_size() for one in made)
        if number == REDRAWN or number in self._kept or self._bytes + size > self._limit:
            return
        if not self._kept:
            say(
                f"What the frozen part makes of a clip is kept while it stays frozen: {bytes_text(size)} each, up to"
                f" {bytes_text(self._limit)}."
            )
        self._kept[number] = tuple(one.detach().cpu().clone() for one in made)
        self._bytes += size

    def _end(self) -> None:
        self._ended = True
        self._kept.clear()
