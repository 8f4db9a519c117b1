"""What a network of videos will cost, against PyTorch's own allocator, counts by hand and published sizes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

from actscribe.cli import app
from actscribe.errors import ActScribeError
from actscribe.models import cost as costs
from actscribe.models.catalog import find
from actscribe.recognizers.base import implementation
from actscribe.recognizers.plans import clips, dual_encoder
from actscribe.recognizers.plans.minute import minute_text
from actscribe.settings.recognizers.video_classifier import TimesformerSettings
from actscribe.settings.registry import BUILT_IN, usual_for
from actscribe.settings.study import parse_settings

#: Trained with their defaults, through the whole network.
TRAINED = ("timesformer", "video-classifier", "vifi-clip", "x-clip", "vlm-lora")


def allocated(run: object, trace: Path) -> int:
    """Return the most bytes that tensors made by `run` held at once, counted by PyTorch's own allocator."""
    with torch.profiler.profile(
        activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True, acc_events=True
    ) as profile:
        run()  # type: ignore[operator]
    profile.export_chrome_trace(str(trace))
    events = [one for one in json.loads(trace.read_text())["traceEvents"] if one.get("name") == "[memory]"]
    total, most = 0, 0
    for event in sorted(events, key=lambda one: one["ts"]):
        total += event["args"]["Bytes"]
        most = max(most, total)
    return most


def test_a_linear_layer_counted_by_hand() -> None:
    with torch.device("meta"):
        network = torch.nn.Sequential(torch.nn.Linear(10, 20, bias=False), torch.nn.Linear(20, 5, bias=False))
        cost = costs.cost(network, {"input": torch.zeros(3, 10)})
    assert (cost.parameters, cost.learned, cost.weights) == (300, 300, 1200)
    assert cost.scoring == 2 * 3 * (10 * 20 + 20 * 5)
    assert cost.step == cost.scoring + 2 * 3 * (10 * 20 + 2 * 20 * 5)  # no gradient of the input is needed
    assert cost.working == 4 * 3 * (10 + 20 + 5)
    network.requires_grad_(False)
    with torch.device("meta"):
        frozen = costs.cost(network, {"input": torch.zeros(3, 10)})
    assert (frozen.learned, frozen.training, frozen.step) == (0, 0, 0)


@pytest.mark.parametrize(
    ("recognizer", "changes"), [("timesformer", {}), ("vifi-clip", {}), ("x-clip", {"vghif": True})]
)
def test_memory_is_what_the_allocator_sees(recognizer: str, changes: dict[str, object], tmp_path: Path) -> None:
    settings = parse_settings(recognizer, changes)
    build: Any = clips._classifier if recognizer == "timesformer" else dual_encoder._dual_encoder
    with torch.device("meta"):
        network, side = build(settings, 8, 3)
        cost = costs.cost(network, {"pixel_values": torch.zeros(4, 8, 3, side, side)})
    torch.manual_seed(0)
    network, side = build(settings, 8, 3)

    def step() -> None:
        out = network(pixel_values=torch.zeros(4, 8, 3, side, side))
        getattr(out, "logits", out).sum().backward()

    def score() -> None:
        with torch.no_grad():
            network(pixel_values=torch.zeros(4, 8, 3, side, side))

    assert allocated(score, tmp_path / "score") == pytest.approx(cost.working, rel=0.25)
    held = cost.training - costs.MOMENTS_BYTES * cost.learned
    assert allocated(step, tmp_path / "step") == pytest.approx(held, rel=0.25)


@pytest.mark.parametrize("name", clips._KNOWN)
def test_known_models_need_no_download_and_have_their_published_size(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    entry = find(name)
    assert entry is not None
    recognizer = usual_for(entry.kind)
    build: Any = clips._classifier if recognizer == "timesformer" else dual_encoder._dual_encoder
    with torch.device("meta"):
        network, _ = build(parse_settings(recognizer, {"model": name}), 8, 400)
    assert sum(one.numel() for one in network.parameters()) / 1e6 == pytest.approx(entry.parameters, abs=1)


@pytest.mark.parametrize("recognizer", [name for name in BUILT_IN if implementation(name).plan is not None])
def test_every_recognizer_with_a_model_is_planned(recognizer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("models.vlm.plan", "recognizers.plans.clips"):
        monkeypatch.setattr(f"actscribe.{module}.matmul_speed", lambda dtype: 1e10)
    done = CliRunner().invoke(app, ["models", "plan", "embedded", "--recognizer", recognizer])
    assert done.exit_code == 0, done.output
    assert ("training step" in done.output) == (recognizer in TRAINED)
    assert ("minute of video:" in done.output) == (recognizer != "vlm-lora")
    assert max(map(len, done.output.splitlines())) <= 100


@pytest.mark.parametrize("recognizer", ["clip", "x-clip"])
def test_a_probe_on_a_dual_encoder_is_planned_without_a_training_step(recognizer: str) -> None:
    settings, probe = ({"model": "embedded", "learns": learns} for learns in ("image", "probe"))
    plan = implementation(recognizer).plan
    assert plan is not None
    whole, probed = (plan(parse_settings(recognizer, one), 8, 4) for one in (settings, probe))
    assert "training" in whole.lines
    assert "training" not in probed.lines
    assert 0 < probed.memory < whole.memory


def test_a_plan_takes_the_batch_and_number_format_that_the_settings_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actscribe.models.vlm.plan.matmul_speed", lambda dtype: 1e10)

    def planned(*words: str) -> str:
        return CliRunner().invoke(app, ["models", "plan", "smolvlm2-256m", *words]).output

    assert "in 4bit" in planned("--dtype", "4bit")
    assert "in bfloat16" in planned("--recognizer", "vlm-lora", "--dtype", "bfloat16")
    assert "vlm-yesno has no setting 'batch_size'" in planned("--batch-size", "2")
    assert "vlm-lora computes in float32, bfloat16, not in '4bit'" in planned(
        "--recognizer", "vlm-lora", "--dtype", "4bit"
    )


def test_a_model_of_another_kind_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ActScribeError, match="'clip-b16' is a CLIP, which is not a model of this recognizer"):
        clips.plan_classifier(TimesformerSettings(model="clip-b16"), 8, 4)
    with pytest.raises(ActScribeError, match="neither a folder"):
        clips.plan_classifier(TimesformerSettings(model="nowhere"), 8, 4)


def test_a_minute_of_video_counts_clips_and_shared_frames_by_hand() -> None:
    # 58 windows of 3 s, the frames of all of which lie on one grid of 3/8 s
    shared = 60 * 8 // 3
    assert minute_text(1.0, 0.0, 8) == "about 58 s in windows of 3 s every 1 s"
    assert minute_text(0.0, 1.0, 8) == f"about {shared} s in windows of 3 s every 1 s"
    assert minute_text(0.5, 0.25, 8) == f"about {29 + shared / 4:.0f} s in windows of 3 s every 1 s"
