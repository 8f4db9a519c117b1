"""Frozen encoders of every family on small random checkpoints of their real classes, against transformers itself."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tiny_encoders
import torch
from tiny_classifiers import CONFIGS as CLASSIFIERS
from tiny_dual_encoders import write, xclip_model
from tiny_models import tiny_timesformer
from transformers import AutoModel, AutoModelForVideoClassification

from actscribe.data.clips import Clip
from actscribe.data.input_spec import ClipFrames
from actscribe.errors import ActScribeError
from actscribe.features.embedders.load import described_encoder, encoder_input_spec, encoder_weights, load_embedder
from actscribe.recognizers.plans.encoder import plan_encoder
from actscribe.settings.encoder import EncoderChoice
from actscribe.settings.study import parse_settings

FRAMES = 4
PER_FRAME = tuple(tiny_encoders.PICTURES)
PER_CLIP = (*CLASSIFIERS, *tiny_encoders.VIDEOS, "timesformer")


def clips(side: int, count: int = 3) -> list[ClipFrames]:
    rng = np.random.default_rng(0)
    times = np.arange(FRAMES) + 0.5
    return [
        ClipFrames(Clip("r", 0.0, 4.0), "digest", rng.integers(0, 256, (FRAMES, side, side, 3), dtype=np.uint8), times)
        for _ in range(count)
    ]


def checkpoint(kind: str, folder: Path) -> Path:
    return tiny_timesformer(folder) if kind == "timesformer" else tiny_encoders.tiny_encoder(kind, folder)


def choice(folder: Path, **more: object) -> EncoderChoice:
    return EncoderChoice(str(folder), precision="float32", **more)  # type: ignore[arg-type]


def pixels(frames: np.ndarray, folder: Path) -> torch.Tensor:
    """Frames as the checkpoint states that it wants them, by hand; the pictures have its size already."""
    names = ("video_preprocessor_config.json", "preprocessor_config.json")
    values = json.loads(next(folder / name for name in names if (folder / name).is_file()).read_text())
    normal = (frames / 255 - values["image_mean"]) / values["image_std"]
    return torch.tensor(normal, dtype=torch.float32).permute(0, 3, 1, 2)


@pytest.mark.parametrize("kind", PER_FRAME)
def test_an_image_encoder_makes_what_transformers_pools(kind: str, tmp_path: Path) -> None:
    folder = checkpoint(kind, tmp_path)
    side = encoder_input_spec(choice(folder), FRAMES).short_side
    assert side == 32
    embedder, shown = load_embedder(choice(folder), FRAMES), clips(side)
    embedded = embedder.embed(shown)
    model = AutoModel.from_pretrained(folder).eval()
    model = getattr(model, "vision_model", model)
    for vectors, clip in zip(embedded, shown, strict=True):
        values = pixels(clip.frames, folder)
        with torch.inference_mode():
            if "siglip2" in kind:
                patches = values.reshape(FRAMES, 3, 2, 16, 2, 16).permute(0, 2, 4, 3, 5, 1).reshape(FRAMES, 4, -1)
                ones = torch.ones(FRAMES, 4, dtype=torch.long)
                shapes = torch.tensor([[2, 2]] * FRAMES)
                out = model(pixel_values=patches, pixel_attention_mask=ones, spatial_shapes=shapes)
            else:
                out = model(pixel_values=values)
        np.testing.assert_allclose(vectors.float(), out.pooler_output, rtol=2e-3, atol=2e-3)
    assert embedder.encoder.per == "frame"
    assert (embedder.encoder.tokens, embedder.encoder.width) == (1, embedded[0].shape[1])
    alone = [embedder.embed([frame_of(shown[1], index)])[0] for index in range(FRAMES)]
    np.testing.assert_allclose(torch.cat(alone), embedded[1], atol=2e-3)


def frame_of(clip: ClipFrames, index: int) -> ClipFrames:
    return ClipFrames(clip.clip, clip.content, clip.frames[index : index + 1], clip.times[index : index + 1])


def body(kind: str, folder: Path) -> torch.nn.Module:
    if kind in tiny_encoders.VIDEOS:
        return AutoModel.from_pretrained(folder).eval()
    model = AutoModelForVideoClassification.from_pretrained(folder).eval()
    return model.get_submodule("vision_model" if "prism" in kind else kind)


@pytest.mark.parametrize("kind", PER_CLIP)
def test_a_video_encoder_averages_the_patches_of_a_moment(kind: str, tmp_path: Path) -> None:
    folder = checkpoint(kind, tmp_path)
    side = encoder_input_spec(choice(folder), FRAMES).short_side
    embedder, shown = load_embedder(choice(folder), FRAMES), clips(side, 2)
    embedded = embedder.embed(shown)
    assert embedder.encoder.per == "clip"
    assert tuple(embedded[0].shape) == (embedder.encoder.tokens, embedder.encoder.width)
    steps = {"videomae": 2, "vivit": 2, "vjepa2": 2}.get(kind, 4)
    assert embedder.encoder.tokens == steps
    name = "pixel_values_videos" if kind.startswith(("vjepa2", "videoprism", "pe_")) else "pixel_values"
    network = body(kind, folder)
    for vectors, clip in zip(embedded, shown, strict=True):
        with torch.inference_mode():
            states = network(**{name: pixels(clip.frames, folder)[None]}).last_hidden_state[0]
        if kind in ("timesformer", "vivit"):
            states = states[1:]
        # The mean over time does not depend on the order of patches and moments.
        np.testing.assert_allclose(vectors.float().mean(0), states.mean(0), rtol=5e-3, atol=5e-3)


@pytest.mark.parametrize("kind", PER_CLIP)
def test_what_happens_at_a_moment_shows_there(kind: str, tmp_path: Path) -> None:
    """Patches of the same moment are averaged, not those of the same place: untrained networks pass on where."""
    folder = checkpoint(kind, tmp_path)
    side = encoder_input_spec(choice(folder), FRAMES).short_side
    embedder = load_embedder(choice(folder), FRAMES)
    frames = np.full((FRAMES, side, side, 3), 128, np.uint8)
    moved = frames.copy()
    moved[-1] = np.random.default_rng(1).integers(0, 256, frames[-1].shape)
    one, other = (
        embedder.embed([ClipFrames(Clip("r", 0, 4), "", each, np.arange(4.0))])[0].float() for each in (frames, moved)
    )
    change = (other - one).abs().sum(1)
    assert int(change.argmax()) == len(change) - 1


@pytest.mark.parametrize("kind", [*PER_FRAME, *PER_CLIP])
def test_a_plan_counts_the_encoders_own_weights(kind: str, tmp_path: Path) -> None:
    folder = checkpoint(kind, tmp_path)
    own = load_embedder(choice(folder), FRAMES)
    settings = parse_settings("probe", {"model": str(folder), "precision": "float32"})
    plan = plan_encoder(settings, FRAMES, 3)
    weights = sum(weight.numel() for weight in own.network.parameters())  # type: ignore[attr-defined]
    assert f"{weights / 1e6:,.1f} M parameters" in plan.lines["model"]
    assert plan.memory >= 4 * weights


def test_xclip_gives_its_video_embedding(tmp_path: Path) -> None:
    folder = write(xclip_model(FRAMES), tmp_path)
    embedder = load_embedder(choice(folder), FRAMES)
    side = encoder_input_spec(choice(folder), FRAMES).short_side
    (vectors,) = embedder.embed(clips(side, 1))
    assert embedder.encoder.per == "clip"
    assert vectors.shape == (1, embedder.encoder.width)


@pytest.mark.parametrize("kind", ["clip", "siglip", "siglip2", "dinov2", "dinov3_vit", "videomae", "vjepa2"])
def test_a_lower_layer_is_another_encoder(kind: str, tmp_path: Path) -> None:
    folder = checkpoint(kind, tmp_path)
    side = encoder_input_spec(choice(folder), FRAMES).short_side
    last, lower = (load_embedder(choice(folder, above_layers=above), FRAMES) for above in (0, 1))
    assert last.encoder.key != lower.encoder.key
    (one,), (other,) = last.embed(clips(side, 1)), lower.embed(clips(side, 1))
    assert one.shape == other.shape
    assert float((one - other).abs().max()) > 1e-3
    with pytest.raises(ActScribeError, match=r"above_layers is 99; this .* allows 0 to"):
        load_embedder(choice(folder, above_layers=99), FRAMES)


@pytest.mark.parametrize("kind", ["clip", "dinov2", "dinov3_convnext", "videomae", "timesformer", "xclip"])
def test_a_layer_that_is_not_there_is_refused_before_weights_are_read(kind: str, tmp_path: Path) -> None:
    folder = write(xclip_model(FRAMES), tmp_path) if kind == "xclip" else checkpoint(kind, tmp_path)
    with pytest.raises(ActScribeError, match=r"above_layers is 99; this .* allows 0"):
        described_encoder(choice(folder, above_layers=99), FRAMES)


def test_the_same_weights_in_another_configuration_are_another_encoder(tmp_path: Path) -> None:
    folder = checkpoint("dinov2", tmp_path)
    before = load_embedder(choice(folder), FRAMES)
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "hidden_act": "relu", "layer_norm_eps": 0.1}))
    after = load_embedder(choice(folder), FRAMES)
    (one,), (other,) = before.embed(clips(32, 1)), after.embed(clips(32, 1))
    assert float((one - other).abs().max()) > 1e-3
    assert before.encoder.key != after.encoder.key


def test_what_is_no_number_is_refused_and_not_kept(tmp_path: Path) -> None:
    embedder = load_embedder(choice(checkpoint("dinov2", tmp_path)), FRAMES)
    next(embedder.network.parameters()).data.fill_(float("nan"))  # type: ignore[attr-defined]
    with pytest.raises(ActScribeError, match=r"makes of 'r' at 0 s are not finite numbers\."):
        embedder.embed(clips(32, 1))


def test_one_whose_layers_cannot_be_chosen_says_so(tmp_path: Path) -> None:
    folder = checkpoint("dinov3_convnext", tmp_path)
    with pytest.raises(ActScribeError, match="its layers cannot be chosen"):
        load_embedder(choice(folder, above_layers=1), FRAMES)


def test_another_model_is_refused_with_what_is_known(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(1)}, tmp_path / "model.safetensors")
    with pytest.raises(ActScribeError, match=r"is a bert, which is not a supported encoder.*\n.*dinov2"):
        load_embedder(choice(tmp_path), FRAMES)


def test_other_weights_have_another_key(tmp_path: Path) -> None:
    folder = checkpoint("dinov2", tmp_path)
    before, digest = load_embedder(choice(folder), FRAMES).encoder.key, encoder_weights(choice(folder))
    model = AutoModel.from_pretrained(folder)
    with torch.no_grad():
        model.layernorm.weight.add_(0.01)
    model.save_pretrained(folder)
    assert load_embedder(choice(folder), FRAMES).encoder.key != before
    assert encoder_weights(choice(folder)) != digest
    assert load_embedder(choice(folder, resize_mode="crop"), FRAMES).encoder.key != before


def test_a_frame_number_that_no_tubelet_divides_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ActScribeError, match="a multiple of 2"):
        encoder_input_spec(choice(checkpoint("vjepa2", tmp_path)), 5)


class TestImagenet:
    """EfficientNet-Lite0 as pip brings it."""

    def test_it_knows_what_photographs_show(self) -> None:
        """Pictures of scikit-learn, by their classes in ImageNet: palace and daisy."""
        timm = pytest.importorskip("timm")
        import sklearn
        from PIL import Image

        from actscribe.features.embedders import imagenet

        classes = {"china.jpg": 698, "flower.jpg": 985}
        encoder = imagenet.load().eval()
        whole = timm.create_model("tf_efficientnet_lite0", pretrained=False).eval()
        weights = torch.load(imagenet.weights_file(), weights_only=True)
        whole.load_state_dict(dict(zip(whole.state_dict(), weights.values(), strict=True)))
        folder = Path(sklearn.__file__).parent / "datasets" / "images"
        for name, expected in classes.items():
            picture = Image.open(folder / name).convert("RGB").resize((320, 213)).crop((48, 0, 272, 213))
            frame = np.array(picture.resize((224, 224)))[None]
            values = imagenet.pixels("stretch").normalise(imagenet.pixels("stretch").tensor(frame))
            with torch.inference_mode():
                scores = whole.classifier(encoder(values[None])[0])
            assert int(scores[0].argmax()) == expected, name

    def test_without_its_package_one_sentence_says_what_to_type(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from actscribe import packages

        monkeypatch.setattr(packages, "missing", list)
        with pytest.raises(ActScribeError, match=r"pip install 'actscribe\[imagenet\]'"):
            encoder_input_spec(EncoderChoice(), FRAMES)
