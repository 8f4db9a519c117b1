"""What a recognizer on a vision-language model will cost, before any weight is loaded."""

from __future__ import annotations

from actscribe.models.device import device, use_bfloat16
from actscribe.models.vlm.loading import weight_dtype
from actscribe.models.vlm.plan import Task, Use
from actscribe.models.vlm.plan import plan as estimate
from actscribe.recognizers.base import Plan
from actscribe.recognizers.plans.minute import minute_text
from actscribe.settings.vlm import VlmHeadSettings, VlmLoraSettings, ZeroShot
from actscribe.tables import seconds_text

MB = 10**6


def plan_text(settings: ZeroShot, frames: int, labels: int) -> Plan:
    """Answer `Implementation.plan` of a recognizer that lets the model write."""
    return _asked("text", settings, frames, labels)


def plan_yesno(settings: ZeroShot, frames: int, labels: int) -> Plan:
    """Answer `Implementation.plan` of a recognizer that asks a question per label."""
    return _asked("yesno", settings, frames, labels)


def plan_head(settings: VlmHeadSettings, frames: int, labels: int) -> Plan:
    """Answer `Implementation.plan` of a head on a frozen model."""
    return _plan(settings.model, frames, Use("head", _trained(settings.precision), labels))


def plan_lora(settings: VlmLoraSettings, frames: int, labels: int) -> Plan:
    """Answer `Implementation.plan` of a model with adapters; those of query and value are counted."""
    use = Use("lora", _trained(settings.precision), labels, batch=settings.batch_size, rank=settings.rank)
    return _plan(settings.model, frames, use)


def _asked(task: Task, settings: ZeroShot, frames: int, labels: int) -> Plan:
    if settings.server:
        return Plan(settings.server_model, 0, {"model": f"runs on {settings.server}"})
    held = str(weight_dtype(settings.dtype, device())).removeprefix("torch.")
    return _plan(settings.model, frames, Use(task, settings.quantize or held, labels))


def _trained(precision: str) -> str:
    return "bfloat16" if use_bfloat16(precision) else "float32"


def _plan(model: str, frames: int, use: Use) -> Plan:
    found = estimate(model, frames, use)
    and_step = " and training step" if found.training else ""
    lines = {
        "model": f"{model}: {found.family}, {found.parameters / 1e6:,.0f} M parameters in {use.dtype}",
        "clip": f"{frames} frames, {found.video_tokens} visual tokens, {found.sequence} tokens with the prompt",
        "weights": f"{found.weights / MB:,.0f} MB",
        "key-value cache": f"{found.cache / MB:,.0f} MB",
        "working": f"{found.activations / MB:,.0f} MB",
        "visual features": f"{found.store / MB:,.0f} MB, kept for overlapping windows",
        "training": f"{found.training / MB:,.0f} MB, adapter with gradients and optimizer",
        "time": f"about {seconds_text(found.seconds)} a clip on this machine{and_step}",
        "minute of video": minute_text(found.seconds - found.vision_seconds, found.vision_seconds / frames, frames),
    }
    if found.training:  # its seconds are those of a training step
        del lines["minute of video"]
    if not found.training:
        del lines["training"]
    return Plan(model, found.memory, lines)
