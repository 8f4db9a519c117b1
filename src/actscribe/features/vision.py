"""What a vision tower makes of frames, kept on disk: all recognizers on one vision-language model share one pass."""

from __future__ import annotations

import logging
import time
import weakref
from collections import OrderedDict
from typing import Any

import torch
import transformers
from torch import Tensor

from actscribe.errors import ActScribeError
from actscribe.features.embedder import encoder_key
from actscribe.features.embedding import WRITE_BYTES, WRITE_S
from actscribe.features.store import FeatureStore, Moment, Row, Shelf, default_store
from actscribe.models.vlm.family import Features
from actscribe.models.vlm.vision import Key
from actscribe.models.vlm.vlm import Vlm

logger = logging.getLogger(__name__)

#: Part of every key; raise it when visual features have another form.
VERSION = 1
#: Shelves that are held open, of the videos seen last; what is held open cannot make room.
MOST_SHELVES = 32


def keep_vision(vlm: Vlm) -> None:
    """Let a model look for visual features in the user's feature store, and leave there what it makes.

    Only for a model whose vision tower is as it was loaded: one that learned makes other features.
    """
    shelves = VisionShelves(vlm, default_store())
    vlm.vision.below = shelves
    weakref.finalize(vlm, shelves.write)


class VisionShelves:
    """Visual features of one model in the feature store, behind the ones that it holds in memory.

    Args:
        vlm: whose tower made them; its vision tower must be as it was loaded.
        store: of all features.
    """

    def __init__(self, vlm: Vlm, store: FeatureStore) -> None:
        self._width, self._identity, self._device, self._store = vlm.width, vlm.describe(), vlm.model.device, store
        self._shelves: OrderedDict[tuple[Any, ...], Shelf] = OrderedDict()
        self._written, self._full = time.monotonic(), False

    def get(self, key: Key) -> Features | None:
        """Return the features of a unit, or None."""
        shelf, moment = self._shelf(key), _moment(key)
        if moment not in shelf:
            return None
        levels = shelf.get(moment).vectors.unflatten(-1, (-1, self._width)).to(self._device)
        return tuple(levels)

    def put(self, key: Key, features: Features) -> None:
        """Keep the features of a unit, where their form allows it and the store has room."""
        if self._full or len({level.shape for level in features}) != 1 or features[0].shape[-1] != self._width:
            return
        shelf, moment = self._shelf(key), _moment(key)
        if moment in shelf:
            return
        vectors = torch.stack([level.detach().flatten() for level in features]).cpu()
        shelf.hold([moment], [Row(vectors, _times(key))])
        if shelf.held_bytes > WRITE_BYTES or time.monotonic() - self._written > WRITE_S:
            self.write()

    def write(self) -> None:
        """Put on disk what is held in memory; a full store is not an error, since features can be made again."""
        self._written = time.monotonic()
        try:
            for shelf in self._shelves.values():
                shelf.write()
        except ActScribeError as error:
            logger.warning("visual features are not kept: %s", error.message)
            self._full = True
            for shelf in self._shelves.values():
                shelf.forget_held()

    def _shelf(self, key: Key) -> Shelf:
        content, _, sizes = key
        if (content, sizes) not in self._shelves:
            model = self._identity
            parts = {
                "version": VERSION,
                "transformers": transformers.__version__,
                "model": model.digest,
                "dtype": model.dtype,
                "sizes": list(sizes),
            }
            self._shelves[content, sizes] = self._store.shelf(encoder_key(parts), content)
            if len(self._shelves) > MOST_SHELVES:
                self.write()
                self._shelves.popitem(last=False)
        self._shelves.move_to_end((content, sizes))
        return self._shelves[content, sizes]


def _moment(key: Key) -> Moment:
    times = key[1]
    return Moment(round(times[0] * 1e6), round(times[-1] * 1e6))


def _times(key: Key) -> Tensor:
    return torch.tensor(key[1], dtype=torch.float64)
