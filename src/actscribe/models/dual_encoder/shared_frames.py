"""What a frozen backbone sees of clips: frames that clips share are encoded once, where it takes them one by one."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from torch import Tensor

from actscribe.batching import batched
from actscribe.data.input_spec import ClipFrames
from actscribe.models.device import autocast, clips_at_once, device, for_scoring
from actscribe.models.dual_encoder.clip import ClipBackbone
from actscribe.models.dual_encoder.interface import Backbone, FrameFeatures, Visual
from actscribe.models.pixels import Pixels
from actscribe.models.vlm.vision import Key, VisionStore

#: Frames that run through a vision tower at once (ours; not tuned).
FRAMES_ON_GPU, FRAMES_ON_CPU = 64, 8
#: Clips read before the first of them is scored, where their frames are encoded one by one.
READ_AHEAD = 8


class SharedFrameEncoder:
    """A frozen backbone with the features of the frames that it saw last, in bounded memory.

    Args:
        backbone: whose weights no longer change.
        pixels: how frames are fed.
        bfloat16: whether matrix products run in bf16.
        levels: blocks whose outputs are needed, see `Backbone.visual`.
    """

    def __init__(self, backbone: Backbone, pixels: Pixels, bfloat16: bool, levels: Sequence[int] = ()) -> None:
        self.backbone = for_scoring(backbone, bfloat16)
        self.pixels, self.bfloat16, self.levels = pixels, bfloat16, tuple(levels)
        self.store = VisionStore()

    def visual(self, clips: Sequence[ClipFrames]) -> Visual:
        """Return what the backbone makes of clips of equally many frames, on its device."""
        with torch.inference_mode(), autocast(self.bfloat16):
            if not isinstance(self.backbone, ClipBackbone):
                videos = torch.stack([self._fed(clip) for clip in clips]).to(device())
                return cast(Visual, self.backbone(videos, self.levels))
            return self.backbone.joined(self._frames(clips), len(clips))

    def _frames(self, clips: Sequence[ClipFrames]) -> FrameFeatures:
        """Return the features of all frames of the clips in order; those that are not known yet are computed."""
        names = [key for number, clip in enumerate(clips) for key in _keys(clip, number)]
        known: dict[Key, tuple[Tensor, ...]] = {}
        missing: dict[Key, tuple[int, int]] = {}
        self.store.frames_asked += len(names)
        named = iter(names)
        for number, clip in enumerate(clips):
            for frame in range(len(clip.frames)):
                name = next(named)
                if name in known or name in missing:
                    continue
                kept = self.store.get(name) if name[0] else None
                if kept is None:
                    missing[name] = number, frame
                else:
                    known[name] = kept
        at_once = FRAMES_ON_CPU if device().type == "cpu" else FRAMES_ON_GPU
        for part in batched(missing.items(), at_once):
            shown = torch.cat([self._fed(clips[number], slice(frame, frame + 1)) for _, (number, frame) in part])
            made = self.backbone(shown.to(device()), self.levels)
            self.store.frames_run += len(part)
            for index, (name, _) in enumerate(part):
                known[name] = (made.video[index], made.last[index], *(level[index] for level in made.levels))
                if name[0]:
                    self.store.put(name, known[name])
        video, last, *levels = (torch.stack(column) for column in zip(*(known[name] for name in names), strict=True))
        return FrameFeatures(video, last, tuple(levels))

    def _fed(self, clip: ClipFrames, which: slice = slice(None)) -> Tensor:
        """Return frames of a clip as the backbone takes them, shape (frames, 3, side, side), on the processor."""
        return self.pixels.normalise(self.pixels.tensor(clip.frames[which]))


def clips_together(backbone: Backbone) -> int:
    """Return how many clips are seen together."""
    return max(READ_AHEAD, clips_at_once()) if isinstance(backbone, ClipBackbone) else clips_at_once()


def _keys(clip: ClipFrames, number: int) -> list[Key]:
    """Return what identifies each frame: content digest, time, and size and checksum of its picture.

    Content and time would do, were it sure that whoever changes pictures also changes the digest. Frames without a
    digest are told apart by `number`, the index of the clip in its batch.
    """
    size = clip.frames.shape[1:3]
    if not clip.content:
        return [("", (float(frame),), (number,)) for frame in range(len(clip.frames))]
    return [
        (clip.content, (round(float(time), 6),), (*size, zlib.crc32(np.ascontiguousarray(frame).data)))
        for frame, time in zip(clip.frames, clip.times, strict=True)
    ]
