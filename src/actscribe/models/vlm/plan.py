"""What a model will cost, before anything is loaded: tokens, memory and time, from its configuration alone."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import torch
import transformers

from actscribe.errors import ActScribeError, did_you_mean
from actscribe.models.catalog import checkpoint_folder, find
from actscribe.models.device import device
from actscribe.models.loading import load_part
from actscribe.models.vlm.dimensions import DIMENSIONS
from actscribe.models.vlm.families import FAMILIES
from actscribe.models.vlm.family import Family
from actscribe.models.vlm.loading import model_type
from actscribe.models.vlm.vision import LANGUAGE_PARTS, STORE_BYTES, units_at_once

#: What a model is for: it writes a list or a caption, answers a question per label, feeds a head, or is adapted.
Task = Literal["text", "yesno", "head", "lora"]

#: Bytes of a weight. Quantised: the scales and the layers that stay in 16 bit included (ours, rounded up).
WEIGHT_BYTES = {"float32": 4.0, "bfloat16": 2.0, "8bit": 1.2, "4bit": 0.7}
#: Tokens of a usual prompt besides the video (ours).
PROMPT_TOKENS = 150
#: Share of a large matrix product's speed that a whole network reaches (ours).
EFFICIENCY = 0.5
#: Bytes of a LoRA weight in training: itself, its gradient and Adam's two moments, float32.
TRAINED_BYTES = 16


@dataclass(frozen=True, slots=True)
class Shape:
    """The numbers of a configuration that cost anything.

    Args:
        vision_weights, text_weights: number of weights; the projector counts as vision, the output layer as text.
        vision_layers, text_layers: number of layers.
        vision_width, text_width: elements of a hidden state.
        vision_inner, text_inner: elements of the inner layer.
        vision_inner_held: inner vectors in memory at once: 2, or 3 where the activation is a product.
        heads, kv_heads, head_size: of the language model's attention.
        units: that the vision tower encodes for a clip.
        patches: positions of a unit in the vision tower.
        pixels: values of a unit, three channels.
        tokens: visual tokens of a clip.
    """

    vision_weights: int
    vision_layers: int
    vision_width: int
    vision_inner: int
    vision_inner_held: int
    text_weights: int
    text_layers: int
    text_width: int
    text_inner: int
    heads: int
    kv_heads: int
    head_size: int
    units: int
    patches: int
    pixels: int
    tokens: int

    @property
    def weights(self) -> int:
        """Number of weights of the whole model."""
        return self.vision_weights + self.text_weights


@dataclass(frozen=True, slots=True)
class Use:
    """What is to be done with a model.

    Args:
        task: what the model is for.
        dtype: "float32", "bfloat16", "8bit" or "4bit".
        labels: of the study.
        prompt: tokens of the prompt besides the video.
        question: tokens of one label's question with what follows it.
        answer: tokens written at most.
        batch_size: clips that run together.
        rank: of LoRA.
        kept_frames: frames whose visual features are kept; None: as many as the store may hold.
    """

    task: Task
    dtype: str = "float32"
    labels: int = 4
    prompt: int = PROMPT_TOKENS
    question: int = 40
    answer: int = 64
    batch_size: int = 1
    rank: int = 16
    kept_frames: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a model will cost.

    Args:
        family: as people call it.
        parameters: number of weights.
        frames: of a clip.
        video_tokens: visual tokens of a clip.
        sequence: tokens of a clip with its prompt.
        weights, cache, activations, store, training: bytes of the weights, the key-value cache, the largest
            intermediate results, the kept visual features, and the adapter with gradients and optimizer.
        seconds: for one clip; for the task "lora" one training step per clip.
        vision_seconds: of these, for the vision tower, which sees a frame once for all clips that share it.
    """

    family: str
    parameters: int
    frames: int
    video_tokens: int
    sequence: int
    weights: int
    cache: int
    activations: int
    store: int
    training: int
    seconds: float
    vision_seconds: float

    @property
    def memory(self) -> int:
        """Bytes at the peak, besides Python and PyTorch themselves (about 0.7 GB)."""
        return self.weights + self.cache + self.activations + self.store + self.training


def plan(name: str, frames: int, use: Use, size: tuple[int, int] | None = None, speed: float | None = None) -> Plan:
    """Return what a model will cost.

    Args:
        name: as for `load_vlm`; a known name need not be downloaded.
        frames: of a clip.
        use: what is to be done.
        size: height and width of the decoded frames; None: 16:9 with the short side that suits the model.
        speed: floating-point operations a second of large matrix products; None: measured here in half a second.

    Raises:
        ActScribeError: the model is neither known nor here, or the dtype is unknown.
    """
    if use.dtype not in WEIGHT_BYTES:
        raise ActScribeError(f"Unknown dtype '{use.dtype}'.", did_you_mean(use.dtype, WEIGHT_BYTES))
    family, config, video = configuration(name)
    side = family.short_side(config, video)
    height, width = size or (side, side * 16 // 9)
    shape = read_shape(family, config, video, frames, height, width)
    sequence = shape.tokens + use.prompt + (use.question if use.task == "yesno" else 0)
    cache, activations = working_bytes(shape, use)
    reached = EFFICIENCY * (speed or matmul_speed(use.dtype))
    return Plan(
        family=family.name,
        parameters=shape.weights,
        frames=frames,
        video_tokens=shape.tokens,
        sequence=sequence,
        weights=round(shape.weights * WEIGHT_BYTES[use.dtype]),
        cache=cache,
        activations=activations,
        store=store_bytes(shape, use),
        training=training_bytes(shape, use),
        seconds=operations(shape, use) / reached,
        vision_seconds=vision_operations(shape) / reached,
    )


def configuration(name: str) -> tuple[Family, Any, Any]:
    """Return family, configuration and video processor of a model on this machine, or of a known one that is not."""
    entry = find(name)
    try:
        folder: Path = checkpoint_folder(name, "vlm")
    except ActScribeError:
        if entry is None or entry.name not in DIMENSIONS:
            raise
        known = DIMENSIONS[entry.name]
        return FAMILIES[known.kind], known.configuration(), known.video_processor()
    family = FAMILIES[model_type(folder, name)]
    config = load_part(transformers.AutoConfig, folder, name, "config.json")
    return family, config, load_part(transformers.AutoVideoProcessor, folder, name, "video processor")


def unfilled(config: Any) -> Any:
    """Return the network of a configuration, with every weight's name and shape and no values."""
    with torch.device("meta"):
        return transformers.AutoModelForImageTextToText.from_config(config)


def read_shape(family: Family, config: Any, video: Any, frames: int, height: int, width: int) -> Shape:
    """Return the sizes of a model for clips of `frames` frames of height x width pixels; no weight is allocated."""
    model = unfilled(config)
    language = sum(w.numel() for n, w in model.model.named_parameters() if n.split(".")[0] in LANGUAGE_PARTS)
    everything = model.num_parameters()
    head = 0 if model.lm_head.weight is model.get_input_embeddings().weight else model.lm_head.weight.numel()
    text, vision = config.get_text_config(), config.vision_config
    patches = family.patches(config, video, frames, height, width)
    return Shape(
        vision_weights=everything - language - head,
        vision_layers=int(getattr(vision, "num_hidden_layers", None) or vision.depth),
        vision_width=int(vision.hidden_size),
        vision_inner=int(vision.intermediate_size),
        vision_inner_held=3 if getattr(vision, "hidden_act", "silu") in ("quick_gelu", "silu") else 2,
        text_weights=language + head,
        text_layers=int(text.num_hidden_layers),
        text_width=int(text.hidden_size),
        text_inner=int(text.intermediate_size),
        heads=int(text.num_attention_heads),
        kv_heads=int(text.num_key_value_heads),
        head_size=int(getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads),
        units=-(-frames // family.frames_per_unit),
        patches=patches,
        pixels=3 * patches * _patch_side(vision) ** 2 * family.frames_per_unit,
        tokens=family.tokens(config, video, frames, height, width),
    )


def working_bytes(shape: Shape, use: Use) -> tuple[int, int]:
    """Return the bytes of the key-value cache and of the largest intermediate results, when their sum is largest.

    First the whole prefix runs; then, where something follows it, its cache is copied and grown, one layer at a time.
    """
    prefix = shape.tokens + use.prompt
    if use.task in ("head", "lora"):
        return 0, _vision_or_text(shape, use, use.batch_size)
    token = 2 * shape.kv_heads * shape.head_size * _width(use)
    first = token * prefix * shape.text_layers, _vision_or_text(shape, use, 1)
    copied = token * (prefix + _more(use)) * (shape.text_layers + 1)
    rows = _more(use) if use.task == "yesno" else use.question
    second = first[0] + copied, round(rows * _layer_bytes(shape, use))
    return max(first, second, key=sum)


def _vision_or_text(shape: Shape, use: Use, clips: int) -> int:
    """Return the bytes of the largest intermediate results: pixels, then the vision tower or the language model.

    A decoder layer holds about four vectors of the model's width per token, and either the three of its gated inner
    layer or the projections of attention; a vision layer likewise (ours, checked by a test).
    """
    width = _width(use)
    pixels = 4 * shape.pixels * shape.units * clips
    at_once = min(shape.units * clips, units_at_once(shape.pixels, device()))
    vector = 4 * shape.vision_width + max(shape.vision_inner_held * shape.vision_inner, 5 * shape.vision_width)
    vision = at_once * (4 * shape.pixels + shape.patches * width * vector)
    tokens = clips * (shape.tokens + use.prompt)
    text = shape.tokens * clips * shape.text_width * width + tokens * _layer_bytes(shape, use)
    if use.task == "lora":  # one checkpoint per layer, and one layer computed again with its gradients
        text += tokens * (shape.text_layers * shape.text_width * width + _layer_bytes(shape, use))
    return round(pixels + max(vision, text))


def store_bytes(shape: Shape, use: Use) -> int:
    """Return the bytes of the visual features that are kept for overlapping windows."""
    a_frame = shape.tokens / shape.units * shape.text_width * _width(use)
    return round(min(STORE_BYTES, STORE_BYTES if use.kept_frames is None else use.kept_frames * a_frame))


def training_bytes(shape: Shape, use: Use) -> int:
    """Return the bytes of LoRA on query and value of the language model, with gradients and Adam's moments."""
    if use.task != "lora":
        return 0
    attention = shape.head_size * (shape.heads + shape.kv_heads)
    return shape.text_layers * use.rank * (2 * shape.text_width + attention) * TRAINED_BYTES


def operations(shape: Shape, use: Use) -> float:
    """Return the floating-point operations for one clip: two per weight and token, and attention's products."""
    prefix, vision = shape.tokens + use.prompt, vision_operations(shape)
    body = shape.text_weights  # the embedding's share stands in for the output layer, which runs on few positions
    per_token = 2 * body + 4 * shape.text_layers * prefix * shape.heads * shape.head_size
    if use.task == "head":
        return vision + prefix * per_token
    if use.task == "lora":
        return vision + 4 * prefix * per_token  # forward, again for the checkpoints, and backward at twice a forward
    return vision + (prefix + _more(use)) * per_token


def vision_operations(shape: Shape) -> float:
    """Return those of them that the vision tower takes."""
    per_patch = 2 * shape.vision_weights + 4 * shape.vision_layers * shape.patches * shape.vision_width
    return float(shape.units * shape.patches * per_patch)


def matmul_speed(dtype: str) -> float:
    """Return the floating-point operations a second that this machine reaches on a large matrix product, told once."""
    return _matmul_speed(dtype, str(device()))


@cache
def _matmul_speed(dtype: str, where: str) -> float:
    kind = torch.float32 if dtype == "float32" else torch.bfloat16
    left = torch.ones(1024, 1024, dtype=kind, device=where)
    best, until = float("inf"), time.perf_counter() + 0.5
    while time.perf_counter() < until:
        start = time.perf_counter()
        float((left @ left)[0, 0])
        best = min(best, time.perf_counter() - start)
    return 2 * 1024**3 / best


def _more(use: Use) -> int:
    """Tokens that run after the prefix."""
    return use.labels * use.question if use.task == "yesno" else use.answer


def _layer_bytes(shape: Shape, use: Use) -> float:
    inner = max(3 * shape.text_inner, 5 * shape.heads * shape.head_size)
    return _width(use) * (4 * shape.text_width + inner)


def _width(use: Use) -> int:
    return 4 if use.dtype == "float32" else 2


def _patch_side(vision: Any) -> int:
    side = vision.patch_size
    return int(side if isinstance(side, int) else side[0])
