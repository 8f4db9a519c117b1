"""A frozen vision-language model as an embedder: its hidden states, pooled, moment by moment or whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
import transformers
from torch import Tensor

from actscribe.data.input_spec import ClipFrames, InputSpec
from actscribe.features.embedder import Encoder, check_numbers, encoder_key
from actscribe.models.vlm.batching import plan_batches
from actscribe.models.vlm.family import Family
from actscribe.models.vlm.plan import PROMPT_TOKENS
from actscribe.models.vlm.pooling import mean_pool
from actscribe.models.vlm.prompts import ClipInputs
from actscribe.models.vlm.vlm import Hidden, Vlm

#: Clips that are read before the first of them is encoded; token budgets divide them into batches.
AT_ONCE = 16
#: Part of every key; raise it when the meaning of features changes.
FEATURES_VERSION = 4
#: What is kept of a clip's hidden states, see `Backbone`.
Kept = Literal["mean", "moments", "attention"]
#: Clips, and what the model takes of each.
Fed = tuple[Sequence[ClipFrames], Sequence[ClipInputs]]


@dataclass(frozen=True, slots=True)
class Backbone:
    """A frozen model with how clips are put to it.

    Args:
        vlm: the model.
        prompt: the text that follows the video.
        pooling: "mean" keeps one vector a clip; "moments" one of each frame, or of the frames that the vision tower
            encodes together; "attention" the whole sequence.
        batch_tokens: tokens of a padded batch at most; changes no feature beyond rounding.
    """

    vlm: Vlm
    prompt: str
    pooling: Kept
    batch_tokens: int

    def inputs(self, clips: Sequence[ClipFrames]) -> list[ClipInputs]:
        """Return clips with the prompt, ready to run."""
        return self.vlm.inputs(clips, [self.prompt] * len(clips))


class VlmEmbedder:
    """The hidden states of a vision-language model.

    Args:
        backbone: the model with its prompt.
        input_spec: of the clips; tells about how many tokens they become.
    """

    def __init__(self, backbone: Backbone, input_spec: InputSpec) -> None:
        self.backbone = backbone
        model, side = backbone.vlm.describe(), input_spec.short_side
        tokens = backbone.vlm.video_tokens(input_spec.frames, side, side * 16 // 9)
        moments = moments_of(backbone.vlm.family, input_spec.frames)
        key = {
            "version": FEATURES_VERSION,
            "transformers": transformers.__version__,
            "model": model.digest,
            "dtype": model.dtype,
            "prompt": backbone.prompt,
            "pooling": backbone.pooling,
        }
        self.encoder = described(encoder_key(key), backbone.pooling, backbone.vlm.width, tokens, moments)

    def embed(self, clips: Sequence[ClipFrames]) -> list[Tensor]:
        """Return the features of each clip.

        Mean pooling: float32, shape (1, D). By moments: float16, shape (moments, D), each the mean over its visual
        tokens. Attention pooling: shape (tokens, D), bfloat16 where the model computes in it, else float16: normalised
        states stay far below its largest number.

        Raises:
            ActScribeError: they are not numbers.
        """
        return self.embed_fed(self.feed(clips))

    def feed(self, clips: Sequence[ClipFrames]) -> Fed:
        """Return clips as the checkpoint's processor makes them ready, see `features.feeding.Feeding`."""
        return clips, self.backbone.inputs(clips)

    def embed_fed(self, fed: Fed) -> list[Tensor]:
        """Return the features of clips that were made ready; errors as in `embed`."""
        clips, inputs = fed
        made = in_batches(self.backbone.vlm, inputs, self.backbone.batch_tokens, self._reduce)
        if self.backbone.pooling == "moments":
            made = [by_moment(states, len(one.units)) for states, one in zip(made, inputs, strict=True)]
        check_numbers(made, clips)
        return made

    def _reduce(self, hidden: Hidden) -> Sequence[Tensor]:
        if self.backbone.pooling == "mean":
            return [vector[None].cpu() for vector in mean_pool(hidden.states, hidden.video)]
        if self.backbone.pooling == "moments":
            return [states[video] for states, video in zip(hidden.states, hidden.video, strict=True)]
        kept = torch.bfloat16 if hidden.states.dtype == torch.bfloat16 else torch.float16
        return [states[mask].to(kept).cpu() for states, mask in zip(hidden.states, hidden.mask, strict=True)]


def described(key: str, pooling: Kept, width: int, tokens: int, moments: int) -> Encoder:
    """Return what is known of a model's hidden states.

    Args:
        key: see `Encoder`.
        pooling: see `Backbone`.
        width: of a hidden state.
        tokens: that the video of a clip becomes.
        moments: of a clip, see `moments_of`.
    """
    kept, bytes_each = {"mean": (1, 4), "moments": (moments, 2), "attention": (tokens + PROMPT_TOKENS, 2)}[pooling]
    return Encoder(key, "clip", width, kept, bytes_each, AT_ONCE)


def moments_of(family: Family, frames: int) -> int:
    """Return how often in a clip the vision tower looks: at each frame, or at some of them together."""
    return -(-frames // family.frames_per_unit)


def by_moment(states: Tensor, moments: int) -> Tensor:
    """Return the mean of the hidden states of each moment, float16 on the CPU, shape (moments, D).

    Args:
        states: of a clip's visual tokens in order, as many of each moment, shape (tokens, D); what is left over at the
            end belongs to none (the newline that LLaVA-OneVision closes a video with).
        moments: of the clip.
    """
    each = len(states) // moments
    kept: Tensor = states[: moments * each].unflatten(0, (moments, each))
    return kept.float().mean(1).half().cpu()


def in_batches(
    vlm: Vlm, inputs: Sequence[ClipInputs], batch_tokens: int, use: Callable[[Hidden], Sequence[Tensor]]
) -> list[Tensor]:
    """Run `inputs` in batches by token budget and return what `use` makes of each clip, in the order of `inputs`."""
    rows: dict[int, Tensor] = {}
    for indices in plan_batches([len(one) for one in inputs], batch_tokens):
        with torch.inference_mode():
            made = use(vlm.hidden([inputs[index] for index in indices]))
        rows.update(zip(indices, made, strict=True))
    return [rows[index] for index in range(len(inputs))]
