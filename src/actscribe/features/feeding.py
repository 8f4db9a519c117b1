"""What an encoder takes of clips is made while it computes on those before, where it computes on a GPU."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from typing import Any, Protocol, runtime_checkable

from torch import Tensor

from actscribe.data.input_spec import ClipFrames
from actscribe.features.embedder import Embedder
from actscribe.models.device import ahead_of_gpu


@runtime_checkable
class Feeding(Protocol):
    """An `Embedder` in two steps, of which the first needs no GPU."""

    def feed(self, clips: Sequence[ClipFrames]) -> Any:
        """Return what the network takes of clips: pixels and tokens, on the CPU."""
        ...

    def embed_fed(self, fed: Any) -> list[Tensor]:
        """Return the vectors of the clips that `feed` was given, see `Embedder.embed`."""
        ...


def embed_batches(
    embedder: Embedder, batches: Iterable[Sequence[ClipFrames]]
) -> Generator[tuple[Sequence[ClipFrames], list[Tensor]], None, None]:
    """Yield batches of clips with the vectors of each clip.

    Beside a GPU a thread feeds the next batch meanwhile.

    Args:
        embedder: of the clips.
        batches: in order.
    """
    if not isinstance(embedder, Feeding):
        for batch in batches:
            yield batch, embedder.embed(batch)
        return
    with closing(ahead_of_gpu((batch, embedder.feed(batch)) for batch in batches)) as stream:
        for batch, fed in stream:
            yield batch, embedder.embed_fed(fed)
