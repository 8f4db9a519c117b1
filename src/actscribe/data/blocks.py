"""The order of clips whose frames do not all fit into the frame cache: blocks that do, one after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, slots=True)
class Blocks:
    """Chunks of clips that are drawn together into blocks, differently for each round over the clips.

    The order depends on the seed and the round alone: a training that was killed goes on in it, and several processes
    share it. It is another order than a shuffle of all clips: those of one block are shown near to each other.

    Args:
        chunks: clips whose frames are read together, by their indices, each in one chunk.
        sizes: bytes of each chunk's frames.
        most: bytes of a block's frames; a chunk that is larger is a block of its own.
    """

    chunks: Sequence[Sequence[int]]
    sizes: Sequence[int]
    most: int
    _drawn: dict[tuple[int, int], list[np.ndarray]] = field(default_factory=dict, compare=False)

    def of_round(self, seed: int, number: int) -> list[np.ndarray]:
        """Return the indices of all clips in the order of one round, block by block: each chunk is in one of them."""
        if (seed, number) not in self._drawn:
            rng = np.random.default_rng((seed, number))
            blocks: list[list[int]] = []
            left = 0
            for chunk in rng.permutation(len(self.chunks)).tolist():
                if not blocks or self.sizes[chunk] > left:
                    blocks.append([])
                    left = self.most
                blocks[-1] += self.chunks[chunk]
                left -= self.sizes[chunk]
            self._drawn.clear()
            self._drawn[seed, number] = [rng.permutation(np.array(block)) for block in blocks]
        return self._drawn[seed, number]

    def beside(self, seed: int, number: int, index: int) -> np.ndarray:
        """Return the clips of one clip's block in a round, itself among them, in order of their indices."""
        return np.sort(next(block for block in self.of_round(seed, number) if index in block))
