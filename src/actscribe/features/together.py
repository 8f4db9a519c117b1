"""The vectors of several short recordings' clips, computed in batches that are full across them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress

from actscribe.batching import ahead, batched
from actscribe.data.clips import Clip
from actscribe.data.input_spec import ClipFrames
from actscribe.data.recording import Recording
from actscribe.errors import ActScribeError
from actscribe.features.embedding import Embedding, rows_of
from actscribe.features.feeding import embed_batches
from actscribe.features.store import Moment


def embed_together(embedding: Embedding, wanted: Sequence[tuple[Recording, Sequence[Clip]]]) -> None:
    """Add to the store what it lacks of the vectors of several recordings' clips.

    Of a recording that cannot be read to its end nothing is kept, and it takes no other with it: whoever asks for its
    vectors by itself is told.

    Args:
        embedding: that makes them.
        wanted: recordings with their clips, which ascend in time.

    Raises:
        ActScribeError: no room for the features of all.
    """
    encoder, shelves = embedding.embedder.encoder, [embedding.shelf(recording) for recording, _ in wanted]
    for shelf in shelves:
        shelf.refresh()
    lacking = [
        [unit for unit in embedding.units(clips) if unit[0] not in shelf]
        for (_, clips), shelf in zip(wanted, shelves, strict=True)
    ]
    needed = sum(map(len, lacking)) * encoder.unit_bytes
    embedding.store.check_room(needed, "The features of the videos that are scored together")
    whole: set[int] = set()

    def shown() -> Iterator[tuple[int, Moment, ClipFrames]]:
        for index, ((recording, _), units) in enumerate(zip(wanted, lacking, strict=True)):
            with suppress(ActScribeError, OSError):
                frames = embedding.show(recording, embedding.input_spec, [moments for _, moments in units])
                for (moment, _), one in zip(units, frames, strict=True):
                    yield index, moment, one
                whole.add(index)

    try:
        units: deque[tuple[int, Moment]] = deque()

        def batches() -> Iterator[list[ClipFrames]]:
            for batch in batched(stream, encoder.batch_size):
                units.extend((index, moment) for index, moment, _ in batch)
                yield [one for _, _, one in batch]

        with closing(ahead(shown(), encoder.batch_size)) as stream:
            for frames, vectors in embed_batches(embedding.embedder, batches()):
                for row in rows_of(vectors, frames):
                    index, moment = units.popleft()
                    shelves[index].hold([moment], [row])
        for index in whole:
            shelves[index].write()
    finally:  # also of those that cannot be read
        for shelf in shelves:
            shelf.forget_held()
