"""actscribe models: list, pull, plan, as a user types them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import tiny_vlms
from typer.testing import CliRunner

from actscribe.cli import app
from actscribe.models import catalog
from actscribe.models.vlm import plan as planning


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
        (("smollm2-360m",), "is a SmolLM2, which is not a vision-language model."),
        (("smolvlm2-256m", "--frames", "1000000000"), "--frames 1000000000: a study has at most"),
        (("smolvlm2-256m", "--labels", "1000000000"), "--labels 1000000000: a study has at most 10,000."),
    ],
)
def test_plan_of_what_is_not_there(words: tuple[str, ...], message: str) -> None:
    code, text = run("plan", *words)
    assert code == 2
    assert message in text
    assert "models pull" not in text


def test_the_plan_of_a_video_classifier_does_without_the_dual_encoders() -> None:
    """Their networks import torch's compiler, which imports pandas and more, for seconds."""
    code = "import sys, actscribe.recognizers.plans.clips; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"torch._dynamo", "transformers.models.clip.modeling_clip"} & set(done.stdout.split()) == set()


def test_the_list_of_models_does_without_pandas() -> None:
    code = "import sys; from actscribe.cli.models import list_models; list_models(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"pandas", "torch"} & set(done.stdout.split()) == set()
