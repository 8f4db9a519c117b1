"""CLIP and X-CLIP on video: transformers' own logits, frame counts, what learns, text features computed once."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tiny_dual_encoders import PROMPTS, backbone, clip_model, tokens, videos, xclip_model

from actscribe.errors import ActScribeError
from actscribe.models.dual_encoder.clip import ClipBackbone
from actscribe.models.dual_encoder.heads import LabelHead
from actscribe.models.dual_encoder.interface import Backbone, scaled_cosine
from actscribe.models.dual_encoder.network import DualEncoder
from actscribe.models.dual_encoder.xclip import XclipBackbone, fit_frame_count


def scores(adapter: Backbone, clips: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return DualEncoder(adapter, tokens(), LabelHead("multi-class", len(PROMPTS))).eval()(clips)


@pytest.mark.parametrize("frames", [1, 5])
def test_clip_on_equal_frames_gives_the_logits_of_transformers(frames: int) -> None:
    model, clips = clip_model(), videos(3, 1)
    with torch.no_grad():
        expected = model(
            pixel_values=clips[:, 0], input_ids=tokens().ids, attention_mask=tokens().mask
        ).logits_per_image
    logits = scores(ClipBackbone(model), clips.expand(-1, frames, -1, -1, -1))
    torch.testing.assert_close(logits, expected, atol=1e-5, rtol=0)


def test_clip_averages_frame_features_before_it_normalises_them() -> None:
    model, clips = clip_model(), videos(2, 4)
    with torch.no_grad():
        image = torch.stack([model.get_image_features(clip).pooler_output for clip in clips]).mean(1)
        text = model.get_text_features(tokens().ids, tokens().mask).pooler_output
        cosine = torch.nn.functional.cosine_similarity(image[:, None], text[None], dim=-1)
    torch.testing.assert_close(scores(ClipBackbone(model), clips), cosine * model.logit_scale.exp(), atol=1e-5, rtol=0)


@pytest.mark.parametrize("frames", [1, 3, 4])
def test_x_clip_gives_the_logits_of_transformers(frames: int) -> None:
    model, clips = xclip_model(frames), videos(3, frames)
    with torch.no_grad():
        expected = model(pixel_values=clips, input_ids=tokens().ids, attention_mask=tokens().mask).logits_per_video
    torch.testing.assert_close(scores(XclipBackbone(model), clips), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("kind", ["clip", "x-clip"])
def test_prompts_of_other_lengths_do_not_change_a_score(kind: str) -> None:
    adapter, clips = backbone(kind), videos()
    alone = DualEncoder(adapter, tokens(PROMPTS[:1]), LabelHead("multi-class", 1))(clips)
    assert tokens(PROMPTS[:1]).ids.shape[1] < tokens().ids.shape[1]
    torch.testing.assert_close(scores(adapter, clips)[:, :1], alone, atol=1e-5, rtol=0)


def test_the_levels_are_the_outputs_of_the_blocks() -> None:
    for kind in ("clip", "x-clip"):
        adapter, clips = backbone(kind), videos(2, 4)
        outputs: list[torch.Tensor] = []
        for layer in adapter.model.vision_model.encoder.layers:
            layer.register_forward_hook(lambda _, __, out, outputs=outputs: outputs.append(out))
        with torch.no_grad():
            visual = adapter.visual(clips, (2, 4))
        for level, number in zip(visual.levels, (2, 4), strict=True):
            out = outputs[number - 1].view(2, 4, 17, -1)
            assert torch.equal(level.frame, out[:, :, 0])
            assert torch.equal(level.patches, out[:, :, 1:])
        assert torch.equal(visual.last.patches, visual.levels[1].patches)


@pytest.mark.parametrize("frames", [1, 2, 7, 16])
def test_x_clip_for_another_frame_count_equals_a_model_built_for_it(frames: int) -> None:
    model = xclip_model(4)
    old = model.mit.position_embedding.detach()[0].numpy()
    fit_frame_count(model, frames)
    centres = (np.arange(frames) + 0.5) / frames * 4 - 0.5
    expected = np.stack([np.interp(centres, range(4), column) for column in old.T], axis=1)
    np.testing.assert_allclose(model.mit.position_embedding.detach()[0].numpy(), expected, atol=1e-5)
    built = xclip_model(frames, seed=1)
    built.load_state_dict(model.state_dict())
    assert torch.equal(scores(XclipBackbone(model), videos(3, frames)), scores(XclipBackbone(built), videos(3, frames)))


def test_x_clip_never_mixes_the_videos_of_a_batch() -> None:
    model = xclip_model(4)
    fit_frame_count(model, 6)
    clips = videos(3, 6)
    together = scores(XclipBackbone(model), clips)
    alone = torch.cat([scores(XclipBackbone(model), clip[None]) for clip in clips])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)


def test_x_clip_refuses_a_frame_count_it_was_not_set_to() -> None:
    # 8 frames of 2 videos would fit into 4 x 4 and attend across the videos
    with pytest.raises(ActScribeError, match="takes 4 frames of each video, found 8"):
        backbone("x-clip", 4).visual(videos(2, 8))
    with pytest.raises(ActScribeError, match="at least 1 frame, found 0"):
        fit_frame_count(xclip_model(4), 0)


@pytest.mark.parametrize("towers", ["none", "image", "text", "both"])
def test_each_tower_learns_alone_or_with_the_other(towers: str) -> None:
    adapter = backbone("clip")
    adapter.tune(towers)
    learns = {name for name, parameter in adapter.model.named_parameters() if parameter.requires_grad}
    image = {n for n, _ in adapter.model.named_parameters() if n.startswith(("vision_model", "visual_projection"))}
    text = {n for n, _ in adapter.model.named_parameters() if n.startswith(("text_model", "text_projection"))}
    text.remove("text_model.embeddings.token_embedding.weight")
    expected = {"none": set(), "image": image, "text": text, "both": image | text | {"logit_scale"}}[towers]
    assert learns == expected
    assert adapter.text_learns == (towers in ("text", "both"))


def test_x_clip_keeps_text_and_scale_frozen_and_knows_what_is_new() -> None:
    network = DualEncoder(backbone("x-clip"), tokens(), LabelHead("multi-label", 3), towers="both")
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    groups = {kind: {names[id(p)] for p in group} for kind, group in network.groups().items()}
    learns = {name for name, parameter in network.named_parameters() if parameter.requires_grad}
    assert groups["head"] == {"head.bias"}
    assert groups["vghif"] == set()
    assert {name.split(".")[2] for name in groups["new"] if "message" not in name} == {
        "mit",
        "prompts_generator",
        "prompts_visual_layernorm",
        "prompts_visual_projection",
    }
    assert sum("message_" in name for name in groups["new"]) == 4 * 12
    assert groups["pretrained"] | groups["new"] | groups["head"] == learns
    assert not any("text_" in name or "logit_scale" in name for name in learns)


@pytest.mark.parametrize(("towers", "passes"), [("none", 1), ("image", 1), ("both", 3)])
def test_text_runs_once_per_label_set_unless_it_learns(towers: str, passes: int) -> None:
    adapter = backbone("clip")
    ran = []
    adapter.model.text_model.register_forward_hook(lambda *_: ran.append(1))
    network = DualEncoder(adapter, tokens(), LabelHead("multi-class", 3), towers=towers)
    for seed in range(3):
        network(videos(seed=seed))
    assert len(ran) == passes
    network.freeze()
    before = len(ran)
    frozen = [network(videos(seed=seed)) for seed in range(3)]
    assert len(ran) == before
    assert not any(logits.requires_grad for logits in frozen)


def test_frozen_and_learning_text_give_the_same_logits() -> None:
    frozen = DualEncoder(backbone("clip"), tokens(), LabelHead("multi-class", 3), towers="image")
    learning = DualEncoder(backbone("clip"), tokens(), LabelHead("multi-class", 3), towers="both")
    assert torch.equal(frozen(videos()), learning(videos()))


def test_scores_stay_exact_in_bfloat16() -> None:
    video, text = torch.randn(2, 8), torch.randn(2, 3, 8)
    scale = torch.tensor(100.0).log()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        scaled = scaled_cosine(video, text, scale)
    assert scaled.dtype == torch.float32
    assert torch.equal(scaled, scaled_cosine(video, text, scale))
