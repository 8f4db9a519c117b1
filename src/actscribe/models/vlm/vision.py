"""Visual features per frame, kept so that overlapping windows run the vision tower once per frame."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor

from actscribe.batching import batched
from actscribe.data.input_spec import PASSING, PLAYED
from actscribe.models.vlm.family import Family, Features

#: A 3 s window of the largest family in use (Video-LLaVA 7B, 8 frames, bf16) needs 17 MB; this holds 15 of them (ours).
STORE_BYTES = 2**28
#: Units that run through the vision tower at once: enough to fill a GPU (ours).
UNITS_AT_ONCE = 16
#: Pixel values that fill a processor: with more of them layers leave its cache, and take 5 % longer (ours, measured).
VALUES_ON_CPU = 3 * 512 * 512

#: What the families call the language model inside the whole model.
LANGUAGE_PARTS = ("language_model", "text_model")

#: Recording's content digest, times of the unit's frames in seconds, sizes of the frames and of their pixels.
Key = tuple[str, tuple[float, ...], tuple[int, ...]]


class Below(Protocol):
    """Where features are looked for that memory does not hold."""

    def get(self, key: Key) -> Features | None:
        """Return the features of a unit, or None."""
        ...

    def put(self, key: Key, features: Features) -> None:
        """Keep the features of a unit."""
        ...


@dataclass(slots=True)
class VisionStore:
    """Features of the units seen last, the oldest forgotten when `limit` bytes are exceeded.

    Args:
        limit: bytes.
        below: keeps more of them, such as on disk; set by whoever knows that the tower is as it was loaded.
        frames_run: frames that went through the vision tower so far.
        frames_asked: frames that clips asked for so far.
    """

    limit: int = STORE_BYTES
    below: Below | None = None
    frames_run: int = 0
    frames_asked: int = 0
    _kept: OrderedDict[Key, Features] = field(default_factory=OrderedDict)
    _bytes: int = 0

    def get(self, key: Key) -> Features | None:
        """Return the features of a unit, or None."""
        features = self._kept.get(key)
        if features is not None:
            self._kept.move_to_end(key)
            return features
        features = self.below.get(key) if self.below and _lasts(key) else None
        if features is not None:
            self._hold(key, features)
        return features

    def put(self, key: Key, features: Features) -> None:
        """Keep the features of a unit; copied, since they are slices of a batch that should be free to go."""
        if key in self._kept:
            return
        self._hold(key, tuple(level.detach().clone() for level in features))
        if self.below and _lasts(key):
            self.below.put(key, features)

    def _hold(self, key: Key, features: Features) -> None:
        self._kept[key] = features
        self._bytes += _size(features)
        while self._bytes > self.limit and len(self._kept) > 1:
            self._bytes -= _size(self._kept.popitem(last=False)[1])

    def clear(self) -> None:
        """Forget all features: call it after the weights of the vision tower have changed."""
        self._kept.clear()
        self._bytes = 0


def encode(
    model: Any,
    family: Family,
    store: VisionStore,
    units: Sequence[Tensor],
    keys: Sequence[Sequence[Key]],
    grids: Sequence[Tensor | None],
) -> list[list[Features]]:
    """Return the features of each unit of each clip, from `store` where they are known.

    The store is left alone while the vision tower is being trained: its features would soon be stale, and no gradient
    flows through them.

    Args:
        model: without its language-model head.
        family: of the model.
        store: read and filled.
        units: per clip, pixels with one row per unit.
        keys: per clip, what identifies each unit; a key with an empty content digest is not kept.
        grids: per clip, the patch grid of a unit, or None.
    """
    keep = not vision_trains(model)
    names: list[list[Any]] = [
        [key if keep and key[0] else (c, u) for u, key in enumerate(clip)] for c, clip in enumerate(keys)
    ]
    known: dict[Any, Features] = {}
    missing: dict[tuple[int, ...], dict[Any, tuple[int, int]]] = {}
    for c, clip in enumerate(names):
        store.frames_asked += len(clip) * family.frames_per_unit
        for u, name in enumerate(clip):
            kept = store.get(name) if name == keys[c][u] else None
            if kept is not None:
                known[name] = kept
            elif name not in known:
                missing.setdefault(keys[c][u][2], {}).setdefault(name, (c, u))
    for group in missing.values():
        c, u = next(iter(group.values()))
        for part in batched(group.items(), units_at_once(units[c][u].numel(), model.device)):
            pixels = torch.stack([units[c][u] for _, (c, u) in part]).to(model.device)
            with torch.set_grad_enabled(
                torch.is_grad_enabled() and not keep
            ):  # peft makes embeddings ask for gradients
                made = family.encode(model, pixels, grids[part[0][1][0]])
            store.frames_run += len(part) * family.frames_per_unit
            for (name, (c, u)), features in zip(part, made, strict=True):
                known[name] = features
                if name == keys[c][u]:
                    store.put(name, features)
    return [[known[name] for name in clip] for clip in names]


def units_at_once(values: int, where: torch.device) -> int:
    """Return how many units run through the vision tower together, at least 1.

    Args:
        values: of the pixels of a unit.
        where: the tower is.
    """
    return UNITS_AT_ONCE if where.type != "cpu" else min(UNITS_AT_ONCE, max(1, VALUES_ON_CPU // values))


def vision_trains(model: Any) -> bool:
    """Tell whether any weight outside the language model takes gradients."""
    return any(
        weight.requires_grad for name, weight in model.named_parameters() if name.split(".")[0] not in LANGUAGE_PARTS
    )


def _lasts(key: Key) -> bool:
    """Tell whether a unit is of a content that has a digest, by which it is known again."""
    return bool(key[0]) and not key[0].startswith((PASSING, PLAYED))


def _size(features: Features) -> int:
    return sum(level.numel() * level.element_size() for level in features)
