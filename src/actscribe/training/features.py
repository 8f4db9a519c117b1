"""Features of a frozen vision-language model, computed once and kept on disk, so that an epoch of a head is quick.

Clips are kept in shards of a few, each written whole as soon as it is made: a pass that is killed goes on at the next
shard. A shard's name is a digest of all that its content depends on, so a folder of features may serve many runs, and
two processes that fill it at once can only write the same thing twice.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
import transformers
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from actscribe.data.frames import ClipData
from actscribe.data.view import ClipFrames
from actscribe.errors import ActScribeError
from actscribe.files import write_beside
from actscribe.models.vlm.batching import plan_batches
from actscribe.models.vlm.pooling import Pooling, mean_pool
from actscribe.models.vlm.prompts import ClipInputs
from actscribe.models.vlm.vlm import Hidden, Vlm
from actscribe.progress import track

logger = logging.getLogger(__name__)

#: Clips in one file: what a killed pass loses at most.
SHARD = 16
#: Under which key of a shard's metadata the sums of its tensors stand.
SUMS = "crc32"
#: Part of every shard's name; raise it when the meaning of features or the form of shards changes.
FEATURES_VERSION = 3


@dataclass(frozen=True, slots=True)
class Backbone:
    """A frozen model with all else that its features depend on.

    Args:
        vlm: the model.
        prompt: the text that follows the video.
        pooling: "mean" keeps one vector a clip, "attention" the whole sequence.
        batch_tokens: tokens of a padded batch at most; changes no feature beyond rounding.
    """

    vlm: Vlm
    prompt: str
    pooling: Pooling
    batch_tokens: int

    def features(self, clips: Sequence[ClipFrames]) -> list[Tensor]:
        """Return the features of each clip.

        Mean pooling: float32, shape (D,). Attention pooling: shape (tokens, D), bfloat16 where the model computes in
        it, else float16: normalised states stay far below its largest number.
        """
        return in_batches(self.vlm, self.inputs(clips), self.batch_tokens, self._reduce)

    def inputs(self, clips: Sequence[ClipFrames]) -> list[ClipInputs]:
        """Return clips with the prompt, ready to run."""
        return self.vlm.inputs(clips, [self.prompt] * len(clips))

    def _reduce(self, hidden: Hidden) -> Sequence[Tensor]:
        if self.pooling == "mean":
            return list(mean_pool(hidden.states, hidden.video))
        kept = torch.bfloat16 if hidden.states.dtype == torch.bfloat16 else torch.float16
        return [states[mask].to(kept) for states, mask in zip(hidden.states, hidden.mask, strict=True)]


def in_batches(
    vlm: Vlm, inputs: Sequence[ClipInputs], batch_tokens: int, use: Callable[[Hidden], Sequence[Tensor]]
) -> list[Tensor]:
    """Run `inputs` in batches by token budget and return what `use` makes of each clip, in the order of `inputs`."""
    rows: dict[int, Tensor] = {}
    for places in plan_batches([len(one) for one in inputs], batch_tokens):
        with torch.inference_mode():
            made = use(vlm.hidden([inputs[place] for place in places]))
        rows.update(zip(places, made, strict=True))
    return [rows[place] for place in range(len(inputs))]


class Features(Sequence[Tensor]):
    """Features of clips, on disk; see `Backbone.features` for their shapes. Each is checked whenever it is read.

    Args:
        files: shards of `SHARD` clips, the last may hold fewer.
        count: of clips.
    """

    def __init__(self, files: Sequence[Path], count: int) -> None:
        self.files = tuple(files)
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> Tensor:  # type: ignore[override]
        if not 0 <= index < self._count:
            raise IndexError(index)
        file, name = self.files[index // SHARD], str(index % SHARD)
        with _damage(file), safe_open(file, "pt") as shard:
            value = shard.get_tensor(name)
            if _sums(shard)[index % SHARD] != _sum(value):
                raise ValueError("a feature is not what was written")
        return cast(Tensor, value)

    def longest(self) -> int:
        """Return the length of the first axis of the longest features."""
        longest = 0
        for file in self.files:
            with _damage(file):
                longest = max(longest, *_shapes(file))
        return longest


def clip_features(backbone: Backbone, data: ClipData, folder: Path, what: str) -> Features:
    """Return the features of all clips, computing those that `folder` does not hold whole.

    Progress is shown under the name `what`. Several processes of one training begin at different places, so that each
    makes its share.

    Raises:
        ActScribeError: the folder cannot be written to.
    """
    spans = [range(start, min(start + SHARD, len(data))) for start in range(0, len(data), SHARD)]
    files = [folder / f"{_key(backbone, data, span)}.safetensors" for span in spans]
    missing = [place for place, file in enumerate(files) if not _whole(file, len(spans[place]))]
    world, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
    first = len(missing) * rank // world
    for place in track(missing[first:] + missing[:first], what) if missing else ():
        if not _whole(files[place], len(spans[place])):
            made = backbone.features([data[index] for index in spans[place]])
            tensors = {str(row): features.contiguous().cpu() for row, features in enumerate(made)}
            with write_beside(files[place]) as beside:
                save_file(tensors, beside, {SUMS: " ".join(map(_sum, tensors.values()))})
    return Features(files, len(data))


def _key(backbone: Backbone, data: ClipData, span: range) -> str:
    model, view = backbone.vlm.describe(), data.view
    clips = [data.clips[index] for index in span]
    parts = [
        FEATURES_VERSION,
        transformers.__version__,
        model.digest,
        model.dtype,
        backbone.prompt,
        backbone.pooling,
        view.frames,
        view.short_side,
        view.square_pixels,
        [(data.recordings[clip.recording].content, clip.start, clip.end) for clip in clips],
    ]
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=16).hexdigest()


def _whole(file: Path, count: int) -> bool:
    """Tell whether a shard is there with all that was written; a damaged one is reported and made again."""
    if not file.is_file():
        return False
    try:
        with safe_open(file, "pt") as shard:
            if _sums(shard) == [_sum(shard.get_tensor(str(row))) for row in range(count)]:
                return True
    except Exception:  # whatever a damaged file makes its readers stumble over: it is reported below
        pass
    logger.warning("%s: kept features are damaged; they are computed again", file)
    return False


@contextmanager
def _damage(file: Path) -> Iterator[None]:
    """Say what to do about a shard that was damaged since it was looked at whole."""
    try:
        yield
    except (OSError, ValueError, IndexError, SafetensorError) as error:
        raise ActScribeError(
            f"{file}: kept features were damaged while they were used: {error}.",
            "Run the same command again with --resume: damaged features are computed again.",
        ) from error


def _sums(shard: Any) -> list[str]:
    """Return the sums that were written into a shard, in the order of its clips."""
    return str((shard.metadata() or {}).get(SUMS, "")).split()


def _sum(value: Tensor) -> str:
    """Return the CRC-32 of a tensor's type, shape and bytes."""
    start = zlib.crc32(f"{value.dtype} {list(value.shape)}".encode())
    return f"{zlib.crc32(value.contiguous().view(-1).view(torch.uint8).numpy().data, start):08x}"


def _shapes(file: Path) -> list[int]:
    with safe_open(file, "pt") as shard:
        return [shard.get_slice(name).get_shape()[0] for name in shard.keys()]  # noqa: SIM118
