"""Clips and questions into token ids and pixels, through the checkpoint's own processor.

One sampler serves all models (`video.sampling`): the frames of a clip are given as they are, the processor never
samples again. Times go to the processors that write them into the prompt (SmolVLM, Qwen3-VL) or into positions
(Qwen2.5-VL), counted from the clip's start (ours: a clip is the whole video that the model sees). They are the nominal
ones of `video.sampling.nominal_times`, so that what a model is told depends on the pictures and not on where the window
or the video's frames lie.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from actscribe.data.input_spec import ClipFrames
from actscribe.errors import ActScribeError
from actscribe.models.chat_template import filled
from actscribe.models.vlm.family import Family, split_units
from actscribe.models.vlm.vision import Key
from actscribe.video.sampling import TIME_DECIMALS, nominal_times

#: Frame times reach the processors as indices on a grid of a millisecond.
GRID_HZ = 1000
_USER_TEXT = "ACTSCRIBE-USER-TEXT"


@dataclass(frozen=True, slots=True)
class ClipInputs:
    """One clip with its prompt, ready to be batched.

    Args:
        text: the whole prompt, the video's placeholder tokens written out.
        ids: token ids of `text`, int64, shape (tokens,).
        units: pixels, one row per unit that the vision tower encodes on its own.
        keys: what identifies each unit.
        grid: patches in (time, height, width) of the clip, int64, shape (3,); None where frames are squares.
        unit_seconds: nominal time between units, in seconds: frames of a unit * clip's length / frames, which is what
            transformers derives from the sampled frame rate.
    """

    text: str
    ids: Tensor
    units: Tensor
    keys: tuple[Key, ...]
    grid: Tensor | None
    unit_seconds: float

    def __len__(self) -> int:
        return len(self.ids)


class Prompter:
    """Turns a clip and a text into ids and pixels.

    Args:
        processor: of the checkpoint.
        family: of the checkpoint.
        source: name of the checkpoint, for messages.

    Raises:
        ActScribeError: the chat template has no place for a video, or cannot be filled in.
    """

    def __init__(self, processor: Any, family: Family, source: str) -> None:
        self.processor = processor
        self.tokenizer = processor.tokenizer
        self.family = family
        if getattr(processor.video_processor, "cap_pixels_per_frame", False) is None:
            # Left open by Qwen's checkpoints: no cap, as transformers reads that (and warns of each time).
            processor.video_processor.cap_pixels_per_frame = False
        if getattr(processor.video_processor, "use_token_compression", False):
            processor.video_processor.use_token_compression = False  # see `timed.VIDEO_LLAMA_3`
        self._before, self._after = self._framed(source)
        if self._before.count(processor.video_token) != 1:
            raise ActScribeError(
                f"The chat template of this {family.name} checkpoint does not place {processor.video_token} once.",
                "Use the chat template of the family's video checkpoints.",
            )

    @property
    def placeholder(self) -> int:
        """Token id that stands for one visual token."""
        if self.family.placeholder:
            return int(self.tokenizer.convert_tokens_to_ids(self.family.placeholder))
        token = self.processor.video_token_id if self.family.modality == "video" else self.processor.image_token_id
        return int(token)

    def frame(self) -> tuple[str, str]:
        """Return what the chat template writes before and after the user's text; the video stands in the first."""
        return self._before, self._after

    def _framed(self, source: str) -> tuple[str, str]:
        content = [{"type": "video"}, {"type": "text", "text": _USER_TEXT}]
        messages = [{"role": "user", "content": content}]
        own = self.processor.chat_template or self.tokenizer.chat_template
        template = self.family.template if own is None else None
        at_once = {"enable_thinking": False} if "enable_thinking" in str(own) else {}  # a thought is not an answer
        whole = filled(
            own,
            lambda: self.processor.apply_chat_template(
                messages, chat_template=template, add_generation_prompt=True, **at_once
            ),
            source,
        )
        before, _, after = whole.partition(_USER_TEXT)
        return before, after

    def ids(self, text: str) -> Tensor:
        """Return the token ids of a whole prompt, shape (tokens,)."""
        start = self.tokenizer.bos_token
        special = not (start is not None and text.startswith(start))  # as transformers' apply_chat_template does
        return torch.tensor(self.tokenizer(text, add_special_tokens=special)["input_ids"])

    def types(self, ids: Tensor) -> Tensor:
        """Return which modality each token is of, 0 for text, as the processor tells its models, shape (tokens,)."""
        return torch.tensor(self.processor.create_mm_token_type_ids([ids.tolist()])[0])

    def inputs(self, clip: ClipFrames, text: str) -> ClipInputs:
        """Return one clip with one text.

        Raises:
            ActScribeError: the text holds a placeholder token of the model, or the clip has no frames.
        """
        video_token = self.processor.video_token
        if video_token in text or self.processor.image_token in text:
            raise ActScribeError(
                f"The prompt {text!r} holds {video_token} or {self.processor.image_token}, which this model reads as"
                " a video.",
                "Write the label's question without it.",
            )
        if not len(clip.frames):
            raise ActScribeError(f"The clip of '{clip.clip.recording}' at {clip.clip.start} s has no frames.")
        size = self.family.frames_per_unit
        frames, times = _whole(clip.frames, size), _whole(clip.times, size)
        video = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2)
        processed = self.processor.video_processor(
            [video],
            video_metadata=[_metadata(clip, size)],
            do_sample_frames=False,
            return_metadata=True,
            return_tensors="pt",
        )
        before, after = self.frame()
        expanded = self.processor.replace_video_token(processed, 0)
        whole = before.replace(video_token, expanded) + text + after
        grid: Tensor | None
        if self.family.units is not None:
            units, grid = self.family.units(processed)
        else:
            grid = processed["video_grid_thw"][0] if "video_grid_thw" in processed else None
            units = split_units(self.family, processed[self.family.pixels], grid)
        moments = times.round(6).reshape(len(units), size)
        shape = (*frames.shape[1:3], *units.shape[1:], *(() if grid is None else grid[1:].tolist()))
        keys = tuple((clip.content, tuple(unit.tolist()), shape) for unit in moments)
        apart = size * round(clip.clip.end - clip.clip.start, TIME_DECIMALS) / len(clip.frames)
        return ClipInputs(whole, self.ids(whole), units, keys, grid, apart)


def _whole(per_frame: np.ndarray, size: int) -> np.ndarray:
    """Repeat the last entry until the frames fill whole units."""
    return np.concatenate([per_frame, np.repeat(per_frame[-1:], -len(per_frame) % size, axis=0)])


def _metadata(clip: ClipFrames, size: int) -> dict[str, Any]:
    span = clip.clip
    times = _whole(nominal_times(span.start, span.end, len(clip.frames)), size)
    indices = np.round(times * GRID_HZ).astype(int)
    length = round((span.end - span.start) * GRID_HZ)
    return {
        "total_num_frames": max(length, int(indices[-1]) + 1),
        "fps": float(GRID_HZ),
        "duration": length / GRID_HZ,
        "frames_indices": indices.tolist(),
        "height": clip.frames.shape[1],
        "width": clip.frames.shape[2],
    }
