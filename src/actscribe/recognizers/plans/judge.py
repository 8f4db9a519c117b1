"""What caption and judge will cost: the vision-language model that writes, and the text-only model that judges."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
import transformers

from actscribe.models.catalog import checkpoint_folder, find
from actscribe.models.cost import MB
from actscribe.models.device import use_bfloat16
from actscribe.models.gguf import gguf_weights
from actscribe.models.loading import load_part
from actscribe.models.vlm.plan import EFFICIENCY, PROMPT_TOKENS, WEIGHT_BYTES, Use, matmul_speed
from actscribe.recognizers.base import Plan
from actscribe.recognizers.plans.vlm import plan_text
from actscribe.settings.named_models import PACKAGED_JUDGE
from actscribe.settings.recognizers.vlm import VlmJudgeSettings

#: Weights of SmolLM2-135M-Instruct (its model card).
PACKAGED_WEIGHTS = 135 * 10**6


def plan_judge(settings: VlmJudgeSettings, frames: int, labels: int) -> Plan:
    """Answer `Implementation.plan` of caption and judge."""
    if settings.judge_server:
        writes = plan_text(settings, frames, labels)
        return replace(writes, lines={**writes.lines, "judge": f"runs on {settings.judge_server}"})
    kind = "bfloat16" if use_bfloat16(settings.dtype) else "float32"
    weights = judge_weights(settings.judge)
    held, asked = round(weights * WEIGHT_BYTES[kind]), PROMPT_TOKENS + labels * Use("text").question
    writes = plan_text(settings, frames, labels, 2 * weights * asked / (EFFICIENCY * matmul_speed(kind)))
    judge = f"{settings.judge}: {weights / 1e6:,.0f} M parameters in {kind}, {held / MB:,.0f} MB"
    lines = {"model": writes.lines["model"], "judge": judge, **writes.lines}
    return Plan(f"{writes.model} with the judge {settings.judge}", writes.memory + held, lines)


def judge_weights(name: str) -> int:
    """Return the number of weights of a judge, which need not be downloaded where its name is known.

    Raises:
        ActScribeError: it is neither known nor here, or no causal language model.
    """
    if name == PACKAGED_JUDGE:
        return PACKAGED_WEIGHTS
    path = Path(name)
    files = sorted(path.glob("*.gguf")) if path.is_dir() else [path] if path.suffix == ".gguf" else []
    if len(files) == 1 and files[0].is_file():
        return gguf_weights(files[0], name)
    entry = find(name)
    if entry is not None and entry.kind == "llm":
        return entry.parameters * 10**6
    folder = checkpoint_folder(name, "llm")
    config = load_part(transformers.AutoConfig, folder, name, "config.json")
    with torch.device("meta"):
        return int(transformers.AutoModelForCausalLM.from_config(config).num_parameters())
