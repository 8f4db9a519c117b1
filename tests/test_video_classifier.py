"""Video classifiers through transformers' classes: frame counts, statistics, the published values of TimeSformer."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_models import MEAN, STD, tiny_timesformer
from transformers import TimesformerConfig, TimesformerForVideoClassification

from actscribe.errors import ActScribeError
from actscribe.models.video_classifier import (
    Pixels,
    configuration,
    fit_frame_count,
    load_classifier,
    picture_size,
)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_timesformer(tmp_path_factory.mktemp("ts"))


def video(frames: int, size: int = 32, seed: int = 0) -> torch.Tensor:
    return torch.randn(1, frames, 3, size, size, generator=torch.Generator().manual_seed(seed))


def test_a_new_head_keeps_the_body_and_the_checkpoints_own_statistics(checkpoint: Path) -> None:
    model, pixels = load_classifier(str(checkpoint), ("A", "B"), frames=4)
    original = TimesformerForVideoClassification.from_pretrained(checkpoint)
    for name, value in original.timesformer.state_dict().items():
        assert torch.equal(value, model.model.timesformer.state_dict()[name])
    assert model.head.out_features == 2
    assert model.model.config.id2label == {0: "A", 1: "B"}
    assert (list(pixels.mean), list(pixels.std), pixels.size) == (MEAN, STD, 32)
    assert picture_size(configuration(str(checkpoint))) == 32
    assert len(model.parts()) == 3


def test_the_same_labels_keep_the_head(tmp_path: Path, checkpoint: Path) -> None:
    model, _ = load_classifier(str(checkpoint), ("A", "B"), frames=4)
    model.model.save_pretrained(tmp_path)
    (tmp_path / "preprocessor_config.json").write_bytes((checkpoint / "preprocessor_config.json").read_bytes())
    again, _ = load_classifier(str(tmp_path), ("A", "B"), frames=4)
    other, _ = load_classifier(str(tmp_path), ("B", "A"), frames=4)
    assert torch.equal(again.head.weight, model.head.weight)
    assert not torch.equal(other.head.weight, model.head.weight)


@pytest.mark.parametrize(
    ("named", "kept"),
    [
        ({"0": "A", "1": "B"}, True),
        ({"1": "B", "0": "A"}, True),
        ({"1": "A", "0": "B"}, False),
        ({"0": "A", "2": "B"}, False),
        ({"1": "A", "2": "B"}, False),
    ],
)
def test_a_head_is_kept_by_the_outputs_of_its_labels_not_by_their_order_in_the_file(
    tmp_path: Path, checkpoint: Path, named: dict[str, str], kept: bool
) -> None:
    model, _ = load_classifier(str(checkpoint), ("A", "B"), frames=4)
    model.model.save_pretrained(tmp_path)
    (tmp_path / "preprocessor_config.json").write_bytes((checkpoint / "preprocessor_config.json").read_bytes())
    config = tmp_path / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"id2label": named}))
    again, _ = load_classifier(str(tmp_path), ("A", "B"), frames=4)
    assert torch.equal(again.head.weight, model.head.weight) == kept


@pytest.mark.parametrize("frames", [1, 3, 8, 12])
def test_another_frame_count_is_interpolated_and_equals_a_model_built_for_it(checkpoint: Path, frames: int) -> None:
    model, _ = load_classifier(str(checkpoint), ("A",), frames=frames)
    assert model.frames == frames
    built = TimesformerForVideoClassification(
        TimesformerConfig(**{**model.model.config.to_dict(), "num_frames": frames})
    )
    state = model.model.state_dict()
    old = TimesformerForVideoClassification.from_pretrained(checkpoint).timesformer.embeddings.time_embeddings[0]
    nearest = old[[int(k * 4 / frames) for k in range(frames)]]
    assert torch.equal(state["timesformer.embeddings.time_embeddings"][0], nearest)
    built.load_state_dict(state)
    with torch.no_grad():
        assert torch.equal(built.eval()(video(frames)).logits, model.eval()(video(frames)))


def test_frames_are_not_mixed_up(checkpoint: Path) -> None:
    model, _ = load_classifier(str(checkpoint), ("A", "B"), frames=6)
    model.eval()
    clip = video(6)
    with torch.no_grad():
        forward, backward = model(clip), model(clip.flip(1))
        batch = model(torch.cat([clip, clip.flip(1)]))
    assert not torch.allclose(forward, backward, atol=1e-4)
    torch.testing.assert_close(batch, torch.cat([forward, backward]), atol=1e-5, rtol=1e-5)


def test_at_initialisation_identical_frames_equal_one_image(tmp_path: Path) -> None:
    # Temporal projections of zero make the block an image transformer (PROTOCOLS: values to test against).
    loaded, _ = load_classifier(str(tiny_timesformer(tmp_path)), ("A",), frames=4)
    model = loaded.model
    for block in model.timesformer.encoder.layer:
        torch.nn.init.zeros_(block.temporal_dense.weight)
        torch.nn.init.zeros_(block.temporal_dense.bias)
    torch.nn.init.zeros_(model.timesformer.embeddings.time_embeddings)
    image = video(1)
    with torch.no_grad():
        several = model.eval().timesformer(image.expand(-1, 4, -1, -1, -1)).last_hidden_state[:, 0]
        fit_frame_count(model, 1)
        single = model.timesformer(image).last_hidden_state[:, 0]
    torch.testing.assert_close(several, single, atol=1e-5, rtol=1e-5)


def test_space_only_attention_refuses_another_frame_count(tmp_path: Path) -> None:
    folder = tiny_timesformer(tmp_path, attention_type="space_only")
    with pytest.raises(ActScribeError, match="takes 4 frames without temporal positions, found 6"):
        load_classifier(str(folder), ("A",), frames=6)


@pytest.mark.parametrize(
    ("values", "expected"),
    [(None, "mean and std are unknown"), ({"image_mean": [0.5]}, "expected image_mean and a positive image_std")],
)
def test_unknown_statistics_are_refused(tmp_path: Path, values: dict | None, expected: str) -> None:
    folder = tiny_timesformer(tmp_path)
    (folder / "preprocessor_config.json").unlink()
    if values:
        (folder / "preprocessor_config.json").write_text(json.dumps(values))
    with pytest.raises(ActScribeError, match=expected):
        load_classifier(str(folder), ("A",), frames=4)


def test_a_missing_checkpoint_names_the_command_that_gets_it() -> None:
    with pytest.raises(ActScribeError, match="actscribe models pull facebook/timesformer-base-finetuned-ssv2"):
        load_classifier("facebook/timesformer-base-finetuned-ssv2", ("A",), frames=8)


def test_stretching_keeps_the_edges_and_cropping_takes_the_middle() -> None:
    frames = np.zeros((1, 8, 16, 3), dtype=np.uint8)
    frames[:, :, :4] = 200
    stretched = Pixels(8, (0, 0, 0), (1, 1, 1), "stretch").tensor(frames)
    cropped = Pixels(8, (0, 0, 0), (1, 1, 1), "crop").tensor(frames)
    assert stretched.shape == cropped.shape == (1, 3, 8, 8)
    assert stretched[..., 0].mean() > 190
    assert cropped.max() == 0


def test_normalising_is_that_of_the_checkpoint() -> None:
    pixels = Pixels(2, (0.45, 0.45, 0.45), (0.225, 0.225, 0.225), "stretch")
    grey = torch.full((1, 3, 2, 2), 255 * 0.45)
    assert pixels.normalise(grey).abs().max() < 1e-6
    assert pixels.normalise(grey * 1.5).mean() == pytest.approx(1.0, abs=1e-5)
