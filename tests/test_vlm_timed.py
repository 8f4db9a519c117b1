"""Families whose processors write times, on their real classes: against transformers, and the seconds they are told.

The tests that come from `test_vlm_model` run here on these families.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tiny_timed_vlms
import tiny_vlms
import torch
from test_vlm_model import (  # noqa: F401
    clip_of,
    test_branches_are_plain_forwards,
    test_hidden_states_are_those_of_transformers,
    test_one_frame_is_enough,
    test_order_of_frames_matters,
    test_overlapping_windows_share_the_vision_tower,
    test_padding_changes_nothing,
    test_text_is_that_of_transformers_generate,
    test_tokens_are_as_sure_as_transformers_says,
    test_training_the_vision_tower_leaves_the_store_alone,
    test_yes_and_no_are_apart,
)

from actscribe.data.clips import Clip
from actscribe.data.input_spec import ClipFrames
from actscribe.labels import Label, LabelSet
from actscribe.models.vlm import Vlm, load_vlm
from actscribe.models.vlm.plan import Use, plan
from actscribe.recognizers.base import implementation
from actscribe.settings.registry import BUILT_IN
from actscribe.training.inputs import TrainingInputs
from actscribe.video.sampling import sample_times

#: Visual tokens of a clip of 8 and of 5 frames of 48 x 64 pixels, counted by hand from the tiny configurations.
TOKENS = {
    "qwen3_5": (16, 12),  # 64 x 64: 2 x 2 merged patches for every 2 frames
    "lfm3_vl": (16, 12),
    "glm46v": (16, 12),  # 56 x 56
    "video_llama_3": (32, 20),  # the same for every frame
    "gemma4": (8 * 63, 5 * 63),  # 84 x 108 pixels are the most that 70 pools of 12 x 12 take: 7 x 9
    "molmo2": (8 * 9, 5 * 9),  # 7 x 7 patches, pooled three by three
    "internvl3_5": (32, 20),
}
#: How each family writes seconds.
WRITTEN = {
    "smolvlm": r"Frame from (\d\d:\d\d):",
    "qwen3_vl": r"<([\d.]+) seconds>",
    "qwen3_5": r"<([\d.]+) seconds>",
    "lfm3_vl": r"<([\d.]+) seconds>",
    "glm46v": r"<\|end_of_image\|>([\d.]+) seconds",
    "video_llama_3": r"Time ([\d.]+)s:",
    "gemma4": r"(\d\d:\d\d) <\|image>",
    "molmo2": r"([\d.]+) <frame_start>",
}
#: Of a window of two minutes from its second one on, 8 frames: at 7.5, 22.5, ... 112.5 s of it.
EVERY = [f"{7.5 + 15 * index:.1f}" for index in range(8)]
CLOCKS = ["00:07", "00:22", "00:37", "00:52", "01:07", "01:22", "01:37", "01:52"]
PAIRS = ["15.0", "45.0", "75.0", "105.0"]
TIMES = {
    "smolvlm": CLOCKS,
    "gemma4": CLOCKS,
    "qwen3_vl": PAIRS,  # the middle of two frames
    "qwen3_5": PAIRS,
    "lfm3_vl": PAIRS,
    "glm46v": EVERY[::2],  # the first of two
    "video_llama_3": EVERY,
    "molmo2": EVERY,
}
#: GLM-4.6V's own processor makes arrays of tensors in a way that NumPy warns of.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
LABELS = LabelSet(name="two", labels=(Label(name="Bright"), Label(name="Left")))


@pytest.fixture(scope="module", autouse=True)
def every_family() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiny_vlms, "FAMILIES", {**tiny_vlms.FAMILIES, **tiny_timed_vlms.FAMILIES})
        yield


@pytest.fixture(scope="module", params=list(tiny_timed_vlms.FAMILIES))
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def folder(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_vlms.build(kind, tmp_path_factory.mktemp(kind), seed=1)


@pytest.fixture(scope="module")
def vlm(folder: Path) -> Vlm:
    return load_vlm(folder, "float32")


def window_of(start: float, length: float, frames: int = 8) -> ClipFrames:
    pixels = np.random.default_rng(0).integers(0, 256, (frames, 48, 64, 3), dtype=np.uint8)
    return ClipFrames(Clip("r", start, start + length), "", pixels, sample_times(start, start + length, frames))


def test_visual_tokens_are_counted(vlm: Vlm, kind: str) -> None:
    hidden = vlm.hidden(vlm.inputs([clip_of(1), clip_of(2, frames=5)], ["no", "no"]))
    assert tuple(hidden.video.sum(1).tolist()) == TOKENS[kind]
    assert (vlm.video_tokens(8, 48, 64), vlm.video_tokens(5, 48, 64)) == TOKENS[kind]


@pytest.mark.parametrize("family", list(WRITTEN))
def test_the_prompt_holds_the_seconds_of_the_frames(family: str, tmp_path: Path) -> None:
    vlm = load_vlm(tiny_vlms.build(family, tmp_path), "float32")
    (made,) = vlm.inputs([window_of(60.0, 120.0)], ["When?"])
    assert re.findall(WRITTEN[family], made.text) == TIMES[family]
    assert vlm.family.writes_times
    if family == "smolvlm":
        assert "0:02:00 [H:MM:SS] video" in made.text


def test_what_it_will_cost_is_planned(vlm: Vlm, folder: Path) -> None:
    planned = plan(str(folder), 8, Use("text"), size=(48, 64), speed=1e9)
    assert planned.parameters == vlm.describe().parameters
    assert planned.video_tokens == vlm.video_tokens(8, 48, 64)
    assert planned.memory > planned.weights > 0


def test_adapters_find_query_and_value(vlm: Vlm) -> None:
    modules = dict(vlm.model.named_modules())
    for tower in ("language", "vision"):
        targets = vlm.lora_targets(tower)  # type: ignore[arg-type]
        assert targets
        assert all(isinstance(modules[name], torch.nn.Linear) for name in targets)


@pytest.mark.parametrize("name", ["vlm-ground", "vlm-yesno"])
def test_it_answers_and_comes_back_as_it_was(
    name: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers_and_comes_back(name, folder, tmp_path, monkeypatch)


@pytest.mark.parametrize("family", ["smolvlm", "qwen3_vl"])
def test_so_do_the_families_that_wrote_times_before(
    family: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tiny_vlms.build(family, tmp_path / "checkpoint", seed=1)
    answers_and_comes_back("vlm-ground", folder, tmp_path, monkeypatch)


def answers_and_comes_back(name: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Score a window of two minutes, save, load, and score it again with nothing kept."""
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path / "cache"))
    values = {"model": str(folder), "dtype": "float32", **({"max_new_tokens": 6} if name == "vlm-ground" else {})}
    settings, nothing = BUILT_IN[name].settings.model_validate(values), None
    code = implementation(name)
    inputs = TrainingInputs(
        LABELS, settings, code.input_spec(settings, 8), nothing, nothing, nothing, nothing, Path(), seed=0
    )  # type: ignore[arg-type]
    made = code.make(inputs)
    (before,) = made.score([window_of(0.0, 120.0)])
    assert before.shape == (2,)
    assert ((before >= 0) & (before <= 1)).all()
    (tmp_path / "model").mkdir()
    made.save(tmp_path / "model")
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path / "empty"))  # it has to ask again
    (after,) = code.load(tmp_path / "model", LABELS).score([window_of(0.0, 120.0)])
    np.testing.assert_array_equal(after, before)


def test_a_model_that_can_think_aloud_answers_at_once(tmp_path: Path) -> None:
    folder = tiny_vlms.build("qwen3_5", tmp_path)
    template = folder / "chat_template.jinja"
    ending = "<think>\n{% if enable_thinking is defined and not enable_thinking %}</think>{% endif %}"
    template.write_text(template.read_text() + ending)
    (made,) = load_vlm(folder, "float32").inputs([clip_of(1)], ["When?"])
    assert made.text.endswith("<think>\n</think>")
