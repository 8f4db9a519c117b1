"""A vision-language model as a frozen encoder: a vector of each moment of a clip, of every family."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tiny_timed_vlms
import tiny_vlms
import torch
import vlm_inputs
from sklearn.metrics import average_precision_score

from actscribe.data.clips import Clip
from actscribe.data.input_spec import ClipFrames
from actscribe.errors import ActScribeError
from actscribe.features.embedders.load import described_encoder, encoder_input_spec, load_embedder
from actscribe.features.embedders.vlm import VlmEmbedder
from actscribe.recognizers import probe
from actscribe.recognizers.base import implementation
from actscribe.recognizers.plans.encoder import plan_encoder
from actscribe.settings.encoder import EncoderChoice
from actscribe.settings.study import parse_settings

FRAMES = 4
ALL = {**tiny_vlms.FAMILIES, **tiny_timed_vlms.FAMILIES}
PAIRED = tiny_vlms.PAIRED | tiny_timed_vlms.PAIRED
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # GLM-4.6V's processor


@pytest.fixture(autouse=True)
def own_features(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin every test with an empty feature store."""
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module", params=list(ALL))
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def folder(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiny_vlms, "FAMILIES", ALL)
        return tiny_vlms.build(kind, tmp_path_factory.mktemp(kind))


@pytest.fixture(scope="module")
def smolvlm(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny_vlms.build("smolvlm", tmp_path_factory.mktemp("smolvlm")))


def choice(folder: Path | str, **more: object) -> EncoderChoice:
    return EncoderChoice(str(folder), precision="float32", **more)  # type: ignore[arg-type]


def embedder_of(folder: Path) -> VlmEmbedder:
    embedder = load_embedder(choice(folder), FRAMES)
    assert isinstance(embedder, VlmEmbedder)
    return embedder


def clip(*seeds: int) -> ClipFrames:
    """Return a clip with a picture of noise for each seed."""
    pictures = [np.random.default_rng(seed).integers(0, 256, (48, 64, 3), dtype=np.uint8) for seed in seeds]
    return ClipFrames(Clip("r", 0.0, 4.0), f"digest {seeds}", np.stack(pictures), np.arange(len(seeds)) + 0.5)


def test_a_moment_is_the_mean_of_its_visual_tokens_whatever_is_asked(folder: Path, kind: str) -> None:
    """Positions of visual tokens are looked up by hand in a prompt that goes on with a question."""
    embedder, shown = embedder_of(folder), clip(1, 2, 3, 4)
    (vectors,) = embedder.embed([shown])
    vlm = embedder.backbone.vlm
    (asked,) = vlm.inputs([shown], ["Which of the activities happen in this clip?"])
    with torch.inference_mode():
        states = vlm.hidden([asked]).states[0]
    positions = [index for index, token in enumerate(asked.ids.tolist()) if token == vlm.prompter.placeholder]
    moments = 2 if kind in PAIRED else 4
    each = len(positions) // moments
    assert len(positions) - moments * each == (1 if kind == "llava_onevision" else 0)  # its newline ends the clip
    by_hand = [states[positions[index * each : (index + 1) * each]].mean(0) for index in range(moments)]
    np.testing.assert_allclose(vectors.float(), torch.stack(by_hand), rtol=2e-3, atol=5e-3)


def test_it_is_what_its_configuration_says(folder: Path, kind: str) -> None:
    embedder = embedder_of(folder)
    (vectors,) = embedder.embed([clip(1, 2, 3, 4)])
    known = described_encoder(choice(folder), FRAMES)
    assert tuple(vectors.shape) == (known.tokens, known.width) == (2 if kind in PAIRED else 4, 32)
    assert known.per == embedder.encoder.per == "clip"
    assert known.unit_bytes == embedder.encoder.unit_bytes == vectors.nbytes


def test_what_happens_at_a_moment_shows_there(folder: Path) -> None:
    one, other = (vectors.float() for vectors in embedder_of(folder).embed([clip(1, 2, 3, 4), clip(1, 2, 3, 9)]))
    change = (other - one).abs().sum(1)
    assert int(change.argmax()) == len(change) - 1


@pytest.mark.parametrize("changes", [{}, {"head": "attentive", "head_learning_rate": 0.05, "epochs": 20}])
def test_a_probe_learns_from_it_and_comes_back(smolvlm: str, tmp_path: Path, changes: dict) -> None:
    inputs = vlm_inputs.training_inputs(tmp_path, "probe", 12, model=smolvlm, **changes)
    made = probe.make(inputs)
    scores = vlm_inputs.scores(made, inputs.validation)
    assert average_precision_score(inputs.validation_targets[:, 0], scores[:, 0]) == 1
    saved = tmp_path / "model"
    saved.mkdir()
    made.save(saved)
    loaded = implementation("probe").load(saved, inputs.labels)
    np.testing.assert_allclose(vlm_inputs.scores(loaded, inputs.validation), scores, atol=1e-5)


@pytest.mark.parametrize("recognizer", ["probe", "temporal"])
@pytest.mark.parametrize("model", ["smolvlm2-256m", "tiny-vlm", ""])
def test_what_it_costs_is_told_before_it_is_here(smolvlm: str, recognizer: str, model: str) -> None:
    settings = parse_settings(recognizer, {"model": model or smolvlm})
    plan = plan_encoder(settings, FRAMES, 3)
    assert "SmolVLM2" in plan.lines["model"]
    assert plan.memory > 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"above_layers": 1}, r"above_layers is 1; this SmolVLM2 allows 0: its layers cannot be chosen\."),
        (
            {"resize_mode": "crop"},
            r"resize_mode is crop; the processor of this SmolVLM2 decides how it sees pictures\.",
        ),
    ],
)
def test_what_it_does_not_follow_is_refused_before_weights_are_read(smolvlm: str, changes: dict, message: str) -> None:
    with pytest.raises(ActScribeError, match=message):
        encoder_input_spec(choice(smolvlm, **changes), FRAMES)
