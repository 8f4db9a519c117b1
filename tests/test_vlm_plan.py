"""The plan of tokens, memory and time, against what the allocator saw and against counts of known models."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import peft
import pytest
import tiny_vlms
import torch
from huggingface_hub import constants

from actscribe.data.clips import Clip
from actscribe.data.input_spec import ClipFrames
from actscribe.errors import ActScribeError
from actscribe.models.catalog import ENTRIES, find
from actscribe.models.vlm import Vlm, load_vlm
from actscribe.models.vlm.dimensions import DIMENSIONS
from actscribe.models.vlm.plan import Task, Use, matmul_speed, plan

SHARED = "Is the baby visible in this video clip? " * 8
QUESTION = "Is there any suction in it?"
ANSWER = 8
WIDER = {"hidden_size": 256, "intermediate_size": 768, "num_hidden_layers": 4, "head_dim": 64}


@pytest.fixture(scope="module", params=["smolvlm", "qwen2_5_vl", "video_llava"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_vlms.build(request.param, tmp_path_factory.mktemp(request.param), **WIDER)


def clips(count: int) -> list[ClipFrames]:
    rng = np.random.default_rng(0)
    times = np.arange(8) * 0.375
    return [
        ClipFrames(Clip("r", 0, 3), str(i), rng.integers(0, 256, (8, 48, 64, 3), dtype=np.uint8), times)
        for i in range(count)
    ]


def peak_bytes(run: Callable[[], object], trace: Path) -> int:
    """Return the most bytes that tensors made by `run` held at once, counted by PyTorch's own allocator."""
    activities = [torch.profiler.ProfilerActivity.CPU]
    with torch.profiler.profile(activities=activities, profile_memory=True, acc_events=True) as profile:
        run()
    profile.export_chrome_trace(str(trace))
    events = [event for event in json.loads(trace.read_text())["traceEvents"] if event.get("name") == "[memory]"]
    events.sort(key=lambda event: event["ts"])
    return int(np.cumsum([event["args"]["Bytes"] for event in events]).max())


def _head(vlm: Vlm, four: list[ClipFrames]) -> None:
    with torch.no_grad():
        vlm.hidden(vlm.inputs(four, [SHARED] * 4))


def _train(vlm: Vlm, four: list[ClipFrames]) -> None:
    adapted = peft.get_peft_model(vlm.model, peft.LoraConfig(r=16, target_modules=vlm.lora_targets()))
    vlm.model.activation_checkpointing_enable()
    vlm.model.enable_input_require_grads()
    vlm.model.train()
    optimizer = torch.optim.AdamW([weight for weight in adapted.parameters() if weight.requires_grad])
    for _ in range(2):
        vlm.hidden(vlm.inputs(four, [SHARED] * 4)).states[:, -1].sum().backward()
        optimizer.step()
        optimizer.zero_grad()


WORK: dict[Task, Callable[[Vlm, list[ClipFrames]], object]] = {
    "yesno": lambda vlm, four: vlm.branch(vlm.prefix(four[0], SHARED), [QUESTION] * 4),
    "text": lambda vlm, four: vlm.generate(vlm.prefix(four[0], SHARED), most=ANSWER),
    "head": _head,
    "lora": _train,
}


@pytest.mark.parametrize("task", WORK)
def test_planned_memory_is_measured_memory(folder: Path, task: Task, tmp_path: Path) -> None:
    vlm, four = load_vlm(folder, "float32", device="cpu"), clips(4)
    warm = vlm.inputs(four[:1], [SHARED])
    vlm.logits(warm)
    vlm.vision.clear()
    batch = 4 if task in ("head", "lora") else 1
    use = Use(
        task,
        prompt=len(warm[0]) - vlm.video_tokens(8, 48, 64),
        question=len(vlm.prompter.ids(QUESTION + vlm.prompter.frame()[1])),
        answer=ANSWER,
        batch_size=batch,
        kept_frames=8 * batch,
    )
    planned = plan(str(folder), 8, use, size=(48, 64), speed=1e9)
    weights = sum(weight.numel() * weight.element_size() for weight in vlm.model.parameters())
    measured = peak_bytes(lambda: WORK[task](vlm, four), tmp_path / "trace.json")
    assert planned.weights == weights
    assert planned.memory == pytest.approx(weights + measured, rel=0.25)
    assert planned.memory - planned.weights == pytest.approx(measured, rel=0.25)  # the harder half alone


def test_tokens_are_those_of_the_processor(folder: Path) -> None:
    vlm = load_vlm(folder, "float32")
    inputs = vlm.inputs(clips(1), [SHARED])[0]
    planned = plan(str(folder), 8, Use("text"), size=(48, 64), speed=1e9)
    assert planned.video_tokens == int((inputs.ids == vlm.prompter.placeholder).sum())
    assert planned.parameters == vlm.describe().parameters


@pytest.mark.parametrize("name", sorted(DIMENSIONS))
def test_known_models_are_planned_without_a_download(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    entry = find(name)
    assert entry is not None
    planned = plan(name, 8, Use("yesno", dtype="bfloat16"), speed=1e12)
    # The counts of the model cards: that the dimensions give the same says that they are the right ones.
    assert planned.parameters == pytest.approx(entry.parameters * 1e6, rel=0.005)
    assert planned.family == entry.family
    assert planned.weights == 2 * planned.parameters


def test_every_model_of_a_short_name_has_its_sizes() -> None:
    assert [one.name for one in ENTRIES if one.kind == "vlm" and one.hub and one.name not in DIMENSIONS] == []


def test_tokens_of_known_models_by_hand() -> None:
    tokens = {name: plan(name, 8, Use("text"), speed=1e12).video_tokens for name in ("smolvlm2-500m", "internvl3-1b")}
    assert tokens == {"smolvlm2-500m": 8 * 64, "internvl3-1b": 8 * 256}
    of_pairs = plan("qwen2.5-vl-3b", 8, Use("text"), size=(280, 504), speed=1e12).video_tokens
    assert of_pairs == 4 * 10 * 18  # pairs of frames, merged patches of 28 pixels
    assert plan("video-llava-7b", 8, Use("text"), speed=1e12).video_tokens == 8 * 257
    assert plan("llava-next-video-7b", 8, Use("text"), speed=1e12).video_tokens == 8 * 144


def test_more_of_anything_costs_more() -> None:
    base = Use("yesno", dtype="bfloat16")
    small = plan("smolvlm2-500m", 8, base, speed=1e12)
    for bigger in (replace(base, labels=400), replace(base, prompt=5000), replace(base, dtype="float32")):
        assert plan("smolvlm2-500m", 8, bigger, speed=1e12).memory > small.memory
    assert plan("smolvlm2-500m", 16, base, speed=1e12).seconds > 1.5 * small.seconds
    assert plan("smolvlm2-500m", 8, base, speed=2e12).seconds == pytest.approx(small.seconds / 2)
    assert plan("smolvlm2-500m", 8, replace(base, dtype="4bit"), speed=1e12).weights < small.weights / 2


def test_unknown_words_are_answered() -> None:
    with pytest.raises(ActScribeError, match="Unknown dtype 'fp8'"):
        plan("smolvlm2-500m", 8, Use("text", dtype="fp8"))
    with pytest.raises(ActScribeError, match="neither a folder nor in the local"):
        plan("owner/unknown", 8, Use("text"), speed=1e12)


def test_speed_is_measured_in_operations_a_second() -> None:
    assert 1e8 < matmul_speed("float32") < 1e16
