"""From recordings to the vectors of their clips: what the store does not hold is decoded and encoded, in one pass."""

from __future__ import annotations

import hashlib
import json
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from actscribe.batching import ahead, batched
from actscribe.data.clips import Clip
from actscribe.data.frames import Moments, shown
from actscribe.data.input_spec import ClipFrames, InputSpec
from actscribe.data.recording import Recording
from actscribe.features.embedder import Embedder
from actscribe.features.feeding import embed_batches
from actscribe.features.store import FeatureStore, Moment, Row, Shelf
from actscribe.processes import count, rank
from actscribe.progress import say, track
from actscribe.tables import bytes_text
from actscribe.video.sampling import sample_times

#: Rows are written when so many bytes wait, or so many seconds went by: what a killed pass loses at most.
WRITE_BYTES, WRITE_S = 2**24, 20.0
#: From so many bytes on, the size is said before features are computed.
ANNOUNCED_BYTES = 2**28


#: Where the frames of a recording come from; what is wanted ascends in time.
Show = Callable[[Recording, InputSpec, Sequence[Moments]], Iterator[ClipFrames]]


@dataclass(frozen=True, slots=True)
class Embedding:
    """An encoder, what it sees of clips, and where its vectors are kept.

    Args:
        embedder: the encoder.
        input_spec: of the clips.
        store: of the vectors.
        show: where frames come from.
    """

    embedder: Embedder
    input_spec: InputSpec
    store: FeatureStore
    show: Show = shown

    def shelf(self, recording: Recording) -> Shelf:
        """Return the shelf of a recording's video."""
        encoder, input_spec = self.embedder.encoder, self.input_spec
        frames = input_spec.frames if encoder.per == "clip" else 1
        parts = [encoder.key, encoder.per, frames, input_spec.short_side, input_spec.square_pixels]
        key = hashlib.blake2b(json.dumps(parts).encode(), digest_size=16).hexdigest()
        return self.store.shelf(key, recording.content)

    def moments(self, clip: Clip) -> list[Moment]:
        """Return what of a video the vectors of a clip are kept under, in order of time."""
        return moments(clip, self.input_spec.frames, self.embedder.encoder.per)

    def units(self, clips: Sequence[Clip]) -> list[tuple[Moment, Moments]]:
        """Return what the encoder looks at in one go, frames or clips, each once, in order of time.

        Of a frame that several clips share the first clip is told.
        """
        by_moment: dict[Moment, Moments] = {}
        for clip in clips:
            times = self._times(clip)
            parts = [times] if self.embedder.encoder.per == "clip" else np.split(times, len(times))
            for moment, part in zip(self.moments(clip), parts, strict=True):
                by_moment.setdefault(moment, Moments(clip, part))
        return sorted(by_moment.items(), key=lambda unit: (unit[1].times[0], unit[0]))

    def of_clip(self, clip: Clip, shelf: Shelf) -> Row:
        """Return the vectors of a clip, all of whose units are on the shelf."""
        rows = [shelf.get(moment) for moment in self.moments(clip)]
        if len(rows) == 1:
            return rows[0]
        return Row(torch.cat([row.vectors for row in rows]), torch.cat([row.times for row in rows]))

    def _times(self, clip: Clip) -> np.ndarray:
        return sample_times(clip.start, clip.end, self.input_spec.frames)


class Features(Sequence[Tensor]):
    """The vectors of clips, read from the store: shape (tokens, D) each.

    Args:
        embedding: that made them.
        clips: in any order.
        shelves: by recording.
    """

    def __init__(self, embedding: Embedding, clips: Sequence[Clip], shelves: Mapping[str, Shelf]) -> None:
        self._embedding, self._clips, self._shelves = embedding, tuple(clips), shelves

    def __len__(self) -> int:
        return len(self._clips)

    def __getitem__(self, index: int) -> Tensor:  # type: ignore[override]
        return self.row(index).vectors

    def row(self, index: int) -> Row:
        """Return the vectors of a clip with the times of its frames."""
        clip = self._clips[index]
        return self._embedding.of_clip(clip, self._shelves[clip.recording])

    def longest(self) -> int:
        """Return the tokens of the clip that has most."""
        return max((len(self[index]) for index in range(len(self))), default=0)


def moments(clip: Clip, frames: int, per: Literal["frame", "clip"]) -> list[Moment]:
    """Return what of a video the vectors of a clip are kept under, in order of time.

    Args:
        clip: the clip.
        frames: of it that are looked at, evenly spaced.
        per: what the encoder sees at once, see `Encoder`.
    """
    ticks = np.round(sample_times(clip.start, clip.end, frames) * 1e6).astype(np.int64).tolist()
    if per == "clip":
        # one frame does not tell how long its clip is, which some models are told; several do, by their distance
        half = round((clip.end - clip.start) * 5e5) if len(ticks) == 1 else 0
        return [Moment(ticks[0] - half, ticks[-1] + half)]
    return [Moment(tick, tick) for tick in ticks]


def embed(embedding: Embedding, recordings: Sequence[Recording], clips: Sequence[Clip], what: str) -> Features:
    """Return the vectors of clips, computing those that the store does not hold.

    Each recording is read once, in order of time, and only where something is missing. Progress is shown under the name
    `what`. Several processes of one training begin with different recordings, so that each makes its share.

    Raises:
        ActScribeError: an unreadable video, or no room for the features; found before the first is computed.
    """
    by_name = {recording.name: recording for recording in recordings}
    in_order = sorted(clips, key=lambda clip: (clip.recording, clip.start, clip.end))
    groups = {name: list(own) for name, own in groupby(in_order, key=lambda clip: clip.recording)}
    shelves = {name: embedding.shelf(by_name[name]) for name in groups}
    missing = {name: _missing(embedding, own, shelves[name]) for name, own in groups.items()}
    needed = _bytes(embedding, sum(missing.values()))
    embedding.store.check_room(needed, what)
    if needed > ANNOUNCED_BYTES:
        say(f"{what}: {bytes_text(needed)} go into the feature store {embedding.store.root}")
    left = [name for name, units in missing.items() if units]
    first = len(left) * rank() // count()

    def made() -> Iterator[Row]:
        for name in left[first:] + left[:first]:
            yield from embedded(embedding, by_name[name], groups[name])

    for _ in track(made(), what, total=sum(len(groups[name]) for name in left)) if left else ():
        pass
    return Features(embedding, clips, shelves)


def check_one_by_one(embedding: Embedding, clips: Iterable[Sequence[Clip]], what: str) -> None:
    """Prove that the vectors of each recording fit into the store, where those of others may make room for them.

    Args:
        embedding: that makes them.
        clips: of each recording.
        what: they are, as the message begins.

    Raises:
        ActScribeError: those of one are more than the store's limit, or than the disk has left.
    """
    largest = max((len({moment for clip in own for moment in embedding.moments(clip)}) for own in clips), default=0)
    embedding.store.check_room(_bytes(embedding, largest), what)


def embedded(embedding: Embedding, recording: Recording, clips: Sequence[Clip]) -> Iterator[Row]:
    """Yield the vectors of clips of one recording, which ascend in time, as soon as they are there.

    Frames are decoded only where something is missing; memory holds one batch of them.

    Raises:
        ActScribeError: an unreadable video, or no room for the features.
    """
    shelf, embedder = embedding.shelf(recording), embedding.embedder
    shelf.refresh()
    blocks = batched(embedding.units(clips), embedder.encoder.batch_size)
    lacking = [[unit for unit in block if unit[0] not in shelf] for block in blocks]
    wanted = [moments for block in lacking for _, moments in block]
    frame_stream = ahead(embedding.show(recording, embedding.input_spec, wanted), embedder.encoder.batch_size)

    def batches() -> Iterator[list[ClipFrames]]:
        for block in filter(None, lacking):
            yield [next(frame_stream) for _ in block]

    made = embed_batches(embedder, batches())
    waiting = deque(clips)
    written = time.monotonic()
    try:
        for block in lacking:
            if block:
                frames, vectors = next(made)
                shelf.hold([moment for moment, _ in block], rows_of(vectors, frames))
                if shelf.held_bytes > WRITE_BYTES or time.monotonic() - written > WRITE_S:
                    shelf.write()
                    written = time.monotonic()
            while waiting and all(moment in shelf for moment in embedding.moments(waiting[0])):
                yield embedding.of_clip(waiting.popleft(), shelf)
        next(made, None)
        next(frame_stream, None)  # lets the reader close the file and report damage
    finally:  # also where the caller stops, or a picture cannot be read
        made.close()
        frame_stream.close()
        shelf.write()


def rows_of(vectors: Sequence[Tensor], frames: Sequence[ClipFrames]) -> list[Row]:
    """Return vectors with the times of the frames that they were made from."""
    return [Row(one, torch.from_numpy(clip.times)) for one, clip in zip(vectors, frames, strict=True)]


def _missing(embedding: Embedding, clips: Sequence[Clip], shelf: Shelf) -> int:
    """Return how many units of clips are not on a shelf."""
    return len({moment for clip in clips for moment in embedding.moments(clip) if moment not in shelf})


def _bytes(embedding: Embedding, units: int) -> int:
    return units * embedding.embedder.encoder.unit_bytes
