"""actscribe models: list, pull, plan, as a user types them."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import tiny_vlms
from tiny_judge import tiny_judge
from typer.testing import CliRunner

from actscribe.cli import app
from actscribe.errors import ActScribeError
from actscribe.models import catalog
from actscribe.models.judge import load_judge
from actscribe.models.vlm import plan as planning
from actscribe.recognizers.base import Plan
from actscribe.recognizers.plans.judge import PACKAGED_WEIGHTS, judge_weights, plan_judge
from actscribe.settings.named_models import JUDGE_PACKAGE
from actscribe.settings.recognizers.vlm import VlmJudgeSettings


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["models", *words])
    return result.exit_code, result.output


@pytest.fixture(autouse=True)
def empty_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return tmp_path


def test_list_tells_what_is_here(empty_hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "130")
    snapshot = empty_hub / "models--openai--clip-vit-base-patch32" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")
    code, text = run("list")
    assert code == 0
    lines = {line.split()[0]: line for line in text.splitlines()}
    assert all(entry.name in lines and entry.licence in lines[entry.name] for entry in catalog.ENTRIES)
    assert " incomplete " in lines["clip-b32"]
    assert " download " in lines["smolvlm2-256m"]
    assert "1030 MB" in lines["smolvlm2-256m"]
    monkeypatch.setenv("COLUMNS", "80")
    narrow = run("list")[1]
    assert max(map(len, narrow.splitlines())) <= 80
    assert narrow.split() == text.split()


def test_pull_is_told_where_the_model_went(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(catalog, "pull", lambda name: asked.append(name) or Path("the") / "folder")
    code, text = run("pull", "smolvlm2-256m")
    assert (code, asked) == (0, ["smolvlm2-256m"])
    assert "1030 MB, licence Apache-2.0" in text
    assert str(Path("the") / "folder") in text


def test_pull_of_an_unknown_name() -> None:
    code, text = run("pull", "smolvlm2-256")
    assert code == 2
    assert "Did you mean 'smolvlm2-256m'?" in text


def test_plan_needs_no_download() -> None:
    code, text = run("plan", "smolvlm2-256m", "--frames", "8", "--recognizer", "vlm-list", "--dtype", "float32")
    assert code == 0
    expected = planning.plan("smolvlm2-256m", 8, planning.Use("text"), speed=1e12)
    assert f"8 frames, {expected.video_tokens} visual tokens" in text
    assert f"{expected.weights / 1e6:,.0f} MB" in text
    assert "training" not in text


def test_plan_of_a_folder(tmp_path: Path) -> None:
    folder = tiny_vlms.build("smolvlm", tmp_path / "tiny")
    code, text = run("plan", str(folder), "--recognizer", "vlm-lora")
    assert code == 0
    assert "SmolVLM2" in text
    assert "training" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nowhere",), "neither a folder"),
        (("smolvlm2-256m", "--recognizer", "vlm-yes"), "vlm-yesno"),
        (("smolvlm2-256m", "--dtype", "float16"), "float"),
        (("clip-b32", "--recognizer", "vlm-yesno"), "'clip-b32' is a CLIP, which is not a vision-language model."),
        (("timesformer-k400", "--recognizer", "vlm-lora"), "is a TimeSformer, which is not a vision-language model."),
        (("clip-b32", "--recognizer", "vlm-head"), "is a CLIP, which is not a vision-language model."),
        (("smolvlm2-256m", "--recognizer", "clip"), "is a SmolVLM2, which is not a model of this recognizer."),
        (("smollm2-360m", "--recognizer", "probe"), "is a SmolLM2, which is not a supported encoder."),
        (("smollm2-360m", "--recognizer", "vlm-list"), "is a SmolLM2, which is not a vision-language model."),
        (("smolvlm2-256m", "--frames", "1000000000"), "--frames 1000000000: a study has at most"),
        (("smolvlm2-256m", "--labels", "1000000000"), "--labels 1000000000: a study has at most 10,000."),
    ],
)
def test_plan_of_what_is_not_there(words: tuple[str, ...], message: str) -> None:
    code, text = run("plan", *words)
    assert code == 2
    assert message in text
    assert "models pull" not in text


def test_every_family_has_a_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "matmul_speed", lambda dtype: 1e12)
    one_each = {entry.family: entry.name for entry in catalog.ENTRIES if entry.folder or entry.hub}
    answers = {name: run("plan", name) for name in one_each.values()}
    assert {name: text for name, (code, text) in answers.items() if code or "memory:" not in text} == {}


def test_the_plan_of_a_judge_counts_its_weights_and_its_time(tmp_path: Path) -> None:
    def planned(judge: str) -> Plan:
        return plan_judge(VlmJudgeSettings(judge=judge, dtype="float32"), 8, 4)

    small, large = planned("smollm2-360m"), planned("mistral-7b")
    assert large.memory - small.memory == 4 * (7248 - 362) * 10**6
    assert large.lines["judge"] == "mistral-7b: 7,248 M parameters in float32, 28,992 MB"
    assert large.lines["time"] != small.lines["time"]
    assert "with the judge mistral-7b" in large.model
    folder = tiny_judge(tmp_path / "judge")
    weights = load_judge(str(folder)).model.num_parameters()
    assert judge_weights(str(folder)) == weights
    served = VlmJudgeSettings(judge_server="http://127.0.0.1:9", judge_server_model="m")
    assert plan_judge(served, 8, 4).memory < small.memory


@pytest.mark.skipif(find_spec(JUDGE_PACKAGE) is None, reason="its weights come apart")
def test_the_weights_of_the_packaged_judge_are_those_of_its_file() -> None:
    (file,) = Path(str(find_spec(JUDGE_PACKAGE).origin)).parent.rglob("*.gguf")  # type: ignore[union-attr]
    assert judge_weights(str(file)) == pytest.approx(PACKAGED_WEIGHTS, rel=0.01)


def test_a_damaged_judge_has_no_plan(tmp_path: Path) -> None:
    file = tmp_path / "judge.gguf"
    file.write_bytes(b"GGUF nothing of the kind")
    with pytest.raises(ActScribeError, match="cannot be read as a GGUF file"):
        judge_weights(str(file))


def test_the_plan_of_a_video_classifier_does_without_the_dual_encoders() -> None:
    """Their networks import torch's compiler, which imports pandas and more, for seconds."""
    code = "import sys, actscribe.recognizers.plans.clips; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"torch._dynamo", "transformers.models.clip.modeling_clip"} & set(done.stdout.split()) == set()


def test_the_list_of_models_does_without_pandas() -> None:
    code = "import sys; from actscribe.cli.models import list_models; list_models(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"pandas", "torch"} & set(done.stdout.split()) == set()
