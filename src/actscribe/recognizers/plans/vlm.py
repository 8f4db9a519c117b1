"""What a recognizer on a vision-language model will cost, before any weight is loaded."""

from __future__ import annotations

from actscribe.models.cost import MB
from actscribe.models.device import device, use_bfloat16
from actscribe.models.vlm.loading import weight_dtype
from actscribe.models.vlm.plan import PROMPT_TOKENS, Task, Use
from actscribe.models.vlm.plan import plan as estimate
from actscribe.recognizers.base import Plan
from actscribe.recognizers.plans.minute import minute_text
from actscribe.settings.frozen_encoder import FrozenEncoderSettings
from actscribe.settings.recognizers.vlm import VlmGroundSettings, VlmHeadSettings, VlmLoraSettings, ZeroShot
from actscribe.tables import seconds_text

#: That write a frame's time and what stands around a frame (ours).
TIME_TOKENS = 10


def plan_text(settings: ZeroShot, frames: int, labels: int, besides: float = 0.0) -> Plan:
    """Answer `Implementation.plan` of a recognizer that lets the model write.

    What reads it takes `besides` seconds a clip.
    """
    return _asked("text", settings, frames, labels, besides)


def plan_yesno(settings: ZeroShot, frames: int, labels: int) -> Plan:
    """Answer `Implementation.plan` of a recognizer that asks a question per label."""
    return _asked("yesno", settings, frames, labels)


def plan_ground(settings: VlmGroundSettings, frames: int, labels: int) -> Plan:
    """Answer `Implementation.plan` of a recognizer that is asked about windows of minutes.

    The times of the frames count as part of the prompt, and every label's answer is as long as it may be.
    """
    if settings.server:
        return _asked("text", settings, frames, labels)
    prompt = PROMPT_TOKENS + TIME_TOKENS * settings.frames
    use = Use("text", _held(settings), labels, prompt=prompt, answer=labels * settings.max_new_tokens)
    return _plan(settings.model, settings.frames, use, settings)


def plan_head(settings: VlmHeadSettings | FrozenEncoderSettings, frames: int, labels: int) -> Plan:
    """Answer `Implementation.plan` of what learns on a frozen model."""
    return _plan(settings.model, frames, Use("head", _trained(settings.precision), labels))


def plan_lora(settings: VlmLoraSettings, frames: int, labels: int) -> Plan:
    """Answer `Implementation.plan` of a model with adapters; those of query and value are counted."""
    use = Use("lora", _trained(settings.precision), labels, batch_size=settings.batch_size, rank=settings.rank)
    return _plan(settings.model, frames, use)


def _asked(task: Task, settings: ZeroShot, frames: int, labels: int, besides: float = 0.0) -> Plan:
    if settings.server:
        return Plan(settings.server_model, 0, {"model": f"runs on {settings.server}"})
    return _plan(settings.model, frames, Use(task, _held(settings), labels), besides=besides)


def _held(settings: ZeroShot) -> str:
    """Return in which number format weights are held."""
    return settings.quantize or str(weight_dtype(settings.dtype, device())).removeprefix("torch.")


def _trained(precision: str) -> str:
    return "bfloat16" if use_bfloat16(precision) else "float32"


def _plan(model: str, frames: int, use: Use, windows: VlmGroundSettings | None = None, besides: float = 0.0) -> Plan:
    costs = estimate(model, frames, use)
    shared = costs.seconds - costs.vision_seconds + besides, costs.vision_seconds / frames
    minute = _minute_of(windows, *shared) if windows else minute_text(*shared, frames)
    clip = f"of {windows.window:g} s, " if windows else ""
    and_step = " and training step" if costs.training else ""
    lines = {
        "model": f"{model}: {costs.family}, {costs.parameters / 1e6:,.0f} M parameters in {use.dtype}",
        "clip": f"{clip}{frames} frames, {costs.video_tokens} visual tokens, {costs.sequence} tokens with the prompt",
        "weights": f"{costs.weights / MB:,.0f} MB",
        "key-value cache": f"{costs.cache / MB:,.0f} MB",
        "working": f"{costs.activations / MB:,.0f} MB",
        "visual features": f"{costs.store / MB:,.0f} MB, kept for overlapping windows",
        "training": f"{costs.training / MB:,.0f} MB, adapter with gradients and optimizer",
        "time": f"about {seconds_text(costs.seconds + besides)} a clip on this machine{and_step}",
        "minute of video": minute,
    }
    if costs.training:  # its seconds are those of a training step
        del lines["minute of video"]
    if not costs.training:
        del lines["training"]
    return Plan(model, costs.memory, lines)


def _minute_of(windows: VlmGroundSettings, window: float, frame: float) -> str:
    """Return in words what a minute of video costs where each window and each frame takes so many seconds."""
    seconds = 60 / windows.stride * window + 60 / windows.window * windows.frames * frame
    return f"about {seconds_text(seconds)} in windows of {windows.window:g} s every {windows.stride:g} s"
