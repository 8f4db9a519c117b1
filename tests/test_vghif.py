"""VgHIF: nothing changes before training, order and gradients after it, cost, the same module for every backbone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from tiny_dual_encoders import JOINT, PATCH, PROMPTS, SIDE, backbone, tokens, videos
from tiny_siglip import siglip_backbone, siglip_tokens
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from actscribe.errors import ActScribeError
from actscribe.models.dual_encoder.heads import LabelHead
from actscribe.models.dual_encoder.interface import Level, Visual, scaled_cosine
from actscribe.models.dual_encoder.network import DualEncoder
from actscribe.models.dual_encoder.vghif import Vghif, moment_waves, pool_patches
from actscribe.settings.vghif import VghifConfig

SMALL = {"bottleneck": 8, "heads": 2}
KINDS = ("clip", "x-clip", "siglip")


def network(kind: str, config: VghifConfig | None, towers: str = "none", task: str = "multi-class") -> DualEncoder:
    adapter, prompts = (siglip_backbone(), siglip_tokens()) if kind == "siglip" else (backbone(kind), tokens())
    torch.manual_seed(0)
    return DualEncoder(adapter, prompts, LabelHead(task, len(PROMPTS)), config, towers).eval()


def trained(net: DualEncoder, steps: int = 1, frames: int = 4) -> DualEncoder:
    """Take a few steps of VgHIF towards arbitrary classes."""
    optimizer = torch.optim.AdamW(net.vghif.parameters(), lr=1e-2)
    for _ in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(videos(3, frames)), torch.arange(3)).backward()
        optimizer.step()
    return net


def synthetic(batch: int, frames: int = 4, side: int = 4, width: int = 10, levels: int = 2, seed: int = 0) -> Visual:
    made = torch.Generator().manual_seed(seed)
    outputs = [
        Level(
            torch.randn(batch, frames, width, generator=made),
            torch.randn(batch, frames, side * side, width, generator=made),
        )
        for _ in range(levels)
    ]
    return Visual(torch.randn(batch, 6, generator=made), outputs[-1], tuple(outputs))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"tokens": "patch", "order": "deep-to-shallow", "share": "all"},
        {"tokens": "class+pooled", "share": "attention", "time": "learned", "motion": True},
        {"tokens": "pooled", "grid": 3, "refine": "text", "time": "none", "levels": (2,)},
        {"start": "gate"},
    ],
)
def test_untrained_the_logits_are_those_of_the_backbone_bit_for_bit(kind: str, changes: dict[str, Any]) -> None:
    plain, refined = network(kind, None), network(kind, VghifConfig(**SMALL, **changes))
    with torch.no_grad():
        assert torch.equal(plain(videos()), refined(videos()))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert torch.equal(plain(videos()), refined(videos()))


def test_a_random_start_is_not_the_backbone() -> None:
    plain, refined = network("clip", None), network("clip", VghifConfig(**SMALL, start="none"))
    with torch.no_grad():
        assert not torch.allclose(plain(videos()), refined(videos()), atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("start", ["projection", "gate"])
def test_all_of_it_learns_after_the_first_step(kind: str, start: str) -> None:
    config = VghifConfig(**SMALL, tokens="class+pooled", time="learned", frames=4, start=start)
    net = trained(network(kind, config))
    net.zero_grad()
    torch.nn.functional.cross_entropy(net(videos(3, 4)), torch.arange(3)).backward()
    still = [name for name, p in net.vghif.named_parameters() if p.grad is None or not p.grad.abs().max() > 0]
    assert still == []


@pytest.mark.parametrize("kind", ["clip", "siglip"])
@pytest.mark.parametrize(
    ("changes", "sees_order"),
    [
        ({"time": "sinusoidal"}, True),
        ({"time": "learned"}, True),
        ({"time": "none"}, False),
        ({"time": "none", "motion": True}, True),
        ({"time": "sinusoidal", "tokens": "patch"}, True),
    ],
)
def test_order_is_seen_through_moments_or_changes_only(kind: str, changes: dict[str, Any], sees_order: bool) -> None:
    net = trained(network(kind, VghifConfig(**SMALL, **changes)), steps=2)
    clips = videos(3, 4, seed=5)
    with torch.no_grad():
        plain = [network(kind, None)(one) for one in (clips, clips.flip(1))]
        forward, backward = net(clips), net(clips.flip(1))
    torch.testing.assert_close(plain[0], plain[1], atol=1e-4, rtol=0)
    assert torch.allclose(forward, backward, atol=1e-4) is not sees_order


def test_each_video_gets_texts_of_its_own() -> None:
    net = trained(network("clip", VghifConfig(**SMALL)), steps=2)
    clips = videos(3, 4)
    with torch.no_grad():
        visual = net.backbone.visual(clips, net.vghif.levels)
        _, text = net.vghif(visual, net.backbone.condition(net.texts().features, visual))
        together, alone = net(clips), torch.cat([net(clip[None]) for clip in clips])
    assert text.shape == (3, len(PROMPTS), JOINT)
    assert (text[0] - text[1]).abs().max() > 1e-3
    torch.testing.assert_close(together, alone, atol=1e-4, rtol=0)


def test_it_computes_what_its_description_says() -> None:
    # t_k = t_{k-1} + s * Out_k(Attention(LN(t_{k-1}), V_k)), written again in numpy, head by head
    config = VghifConfig(**SMALL, levels=(1, 2), start="none", order="deep-to-shallow")
    torch.manual_seed(0)
    module = Vghif(config, 2, 10, 6)
    visual, text = synthetic(2), torch.randn(2, 3, 6, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        video, refined = module(visual, text)
    for row in range(2):
        met = text[row].double().numpy()
        size = np.sqrt((met**2).mean(-1, keepdims=True))
        for index in (1, 0):
            entry = module.entries[index]
            states = _norm(visual.levels[index].frame[row].double().numpy(), entry.norm)
            kept = _linear(states, entry.project) + moment_waves(4, 8).numpy()
            met = met + size * _attend(met, kept, module.meetings[index])
        video_vector = visual.video[row : row + 1].double().numpy()
        video_vector = video_vector + np.sqrt((video_vector**2).mean()) * _attend(video_vector, met, module.video)
        np.testing.assert_allclose(refined[row].numpy(), met, atol=1e-5)
        np.testing.assert_allclose(video[row].numpy(), video_vector[0], atol=1e-5)


def _norm(values: np.ndarray, norm: torch.nn.LayerNorm) -> np.ndarray:
    centred = values - values.mean(-1, keepdims=True)
    scaled = centred / np.sqrt(values.var(-1, keepdims=True) + norm.eps)
    return scaled * norm.weight.detach().numpy() + norm.bias.detach().numpy()


def _linear(values: np.ndarray, layer: torch.nn.Linear) -> np.ndarray:
    return values @ layer.weight.detach().double().numpy().T + layer.bias.detach().double().numpy()


def _attend(queries: np.ndarray, keys: np.ndarray, meeting: Any) -> np.ndarray:
    query = _linear(_norm(queries, meeting.norm), meeting.query)
    key, value = np.split(_linear(_norm(keys, meeting.key_norm), meeting.key_value), 2, axis=-1)
    heads = []
    for head in range(2):
        part = slice(4 * head, 4 * head + 4)
        weights = np.exp(query[:, part] @ key[:, part].T / 2.0)
        heads.append(weights / weights.sum(-1, keepdims=True) @ value[:, part])
    return _linear(np.concatenate(heads, -1), meeting.out)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"tokens": "patch", "refine": "text"},
        {"tokens": "class+pooled", "motion": True, "share": "attention"},
        {"tokens": "pooled", "grid": 3, "share": "all"},
    ],
)
def test_the_stated_cost_is_what_pytorch_counts(changes: dict[str, Any]) -> None:
    module = Vghif(VghifConfig(**SMALL, levels=(1, 2), **changes), 2, 10, 6)
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH), torch.no_grad():
        module(synthetic(3, frames=5), torch.randn(3, 7, 6))
    assert counter.get_total_flops() == 3 * module.flops(frames=5, patches=16, classes=7)


def test_sharing_saves_what_it_says() -> None:
    def names(share: str) -> set[str]:
        return {n.split(".")[0] + n.split(".")[1] for n, _ in _module(share).named_parameters() if "video" not in n}

    assert names("none") == {"entries0", "entries1", "meetings0", "meetings1"}
    assert names("attention") == {"entries0", "entries1", "meetings0"}
    assert names("all") == {"entries0", "meetings0"}
    visual, text = synthetic(2), torch.randn(2, 3, 6)
    one, two = _module("all"), _module("none")
    two.video.load_state_dict(one.video.state_dict())
    for index in (0, 1):
        two.entries[index].load_state_dict(one.entries[0].state_dict())
        two.meetings[index].load_state_dict(one.meetings[0].state_dict())
    with torch.no_grad():
        assert torch.equal(one(visual, text)[0], two(visual, text)[0])


def _module(share: str) -> Vghif:
    torch.manual_seed(0)
    return Vghif(VghifConfig(**SMALL, share=share, start="none"), 2, 10, 6)


def test_the_order_of_fusion_matters() -> None:
    visual, text = synthetic(2), torch.randn(2, 3, 6)
    torch.manual_seed(0)
    down = Vghif(VghifConfig(**SMALL, start="none"), 2, 10, 6)
    up = Vghif(VghifConfig(**SMALL, start="none", order="deep-to-shallow"), 2, 10, 6)
    up.load_state_dict(down.state_dict())
    with torch.no_grad():
        assert not torch.allclose(down(visual, text)[1], up(visual, text)[1], atol=1e-4)


def test_moments_are_relative_to_the_clip() -> None:
    eight, four, long = moment_waves(8, 16), moment_waves(4, 16), moment_waves(3 * 8, 16)
    assert eight.shape == (8, 16)
    torch.testing.assert_close(long[1::3], eight, atol=1e-5, rtol=0)  # the middle of three is the centre of the part
    torch.testing.assert_close(eight.square().mean(), torch.tensor(1.0), atol=1e-4, rtol=0)
    assert torch.cdist(eight, eight)[~torch.eye(8, dtype=torch.bool)].min() > 1
    assert not torch.allclose(eight[0], four[0], atol=0.1)


@pytest.mark.parametrize("frames", [1, 4, 9])
def test_a_learned_table_starts_as_waves_and_interpolates(frames: int) -> None:
    config = VghifConfig(**SMALL, time="learned", frames=4)
    entry = Vghif(config, 1, 10, 6).entries[0]
    centres = (np.arange(frames) + 0.5) / frames * 4 - 0.5
    table = moment_waves(4, 8).numpy()
    expected = np.stack([np.interp(centres, range(4), column) for column in table.T], axis=1)
    moments = entry._moments(frames, torch.zeros(1, 8)).detach().numpy()
    np.testing.assert_allclose(moments, expected, atol=1e-6)


def test_patches_are_pooled_by_their_place_in_the_picture() -> None:
    picture = torch.arange(16.0).view(4, 4)
    cells = pool_patches(picture.reshape(1, 1, 16, 1).expand(2, 3, -1, 1), 2)
    assert cells.shape == (2, 3, 4, 1)
    assert cells[1, 2, :, 0].tolist() == [2.5, 4.5, 10.5, 12.5]
    assert pool_patches(torch.ones(1, 1, 9, 2), 2).eq(1).all()
    with pytest.raises(ValueError, match="12 patches make no square"):
        pool_patches(torch.ones(1, 1, 12, 2), 2)


@pytest.mark.parametrize(
    ("depth", "levels"), [(12, (3, 6, 9, 12)), (24, (6, 12, 18, 24)), (4, (1, 2, 3, 4)), (2, (1, 2)), (1, (1,))]
)
def test_levels_are_the_quarters_of_the_encoder(depth: int, levels: tuple[int, ...]) -> None:
    assert VghifConfig().levels_of(depth) == levels


def test_impossible_choices_are_refused() -> None:
    with pytest.raises(ActScribeError, match="asks for block 9, but the visual encoder has 4 blocks"):
        network("clip", VghifConfig(levels=(2, 9)))
    for wrong in ({"levels": (4, 2)}, {"levels": (0, 2)}, {"levels": (2, 2)}, {"bottleneck": 12, "heads": 4}):
        with pytest.raises(ValidationError):
            VghifConfig(**wrong)
    with pytest.raises(ValueError, match="expected 4 levels, found 2"):
        Vghif(VghifConfig(**SMALL), 4, 10, 6)(synthetic(1), torch.randn(1, 2, 6))


def test_both_towers_learn_through_it() -> None:
    net = trained(network("clip", VghifConfig(**SMALL), towers="both"))
    net.zero_grad()
    torch.nn.functional.cross_entropy(net(videos(3, 4)), torch.arange(3)).backward()
    still = [n for n, p in net.named_parameters() if p.requires_grad and (p.grad is None or not p.grad.abs().max() > 0)]
    # what no score depends on: k_proj biases shift all attention scores alike; the pooled text skips unused positions
    assert all("k_proj.bias" in name for name in still)
    assert len(net.groups()["vghif"]) == len(list(net.vghif.parameters()))


def test_it_learns_to_tell_there_from_back_where_the_mean_cannot() -> None:
    def clips(count: int, seed: int) -> tuple[Visual, torch.Tensor]:
        rng = torch.Generator().manual_seed(seed)
        path = torch.linspace(-1, 1, 8)[None, :, None] * torch.ones(10)
        there = torch.randint(2, (count,), generator=rng)
        states = torch.where(there[:, None, None] == 1, path, -path)
        states = states + torch.randn(count, 8, 10, generator=rng) * 0.5
        level = Level(torch.cat([states, torch.ones_like(states)], -1), states[:, :, None])
        video = torch.randn(1, 6, generator=torch.Generator().manual_seed(9)).expand(count, 6).contiguous()
        return Visual(video, level, (level,)), there

    def accuracy(time: str) -> float:
        torch.manual_seed(0)
        module = Vghif(VghifConfig(**SMALL, levels=(1,), time=time), 1, 20, 6)
        optimizer = torch.optim.AdamW(module.parameters(), lr=1e-2)
        text, scale = torch.randn(2, 6), torch.tensor(2.0)
        learn, truth = clips(32, 0)
        for _ in range(80):
            optimizer.zero_grad()
            video, met = module(learn, text.expand(32, 2, 6))
            torch.nn.functional.cross_entropy(scaled_cosine(video, met, scale), truth).backward()
            optimizer.step()
        unseen, truth = clips(200, 1)
        with torch.no_grad():
            video, met = module(unseen, text.expand(200, 2, 6))
        return float((scaled_cosine(video, met, scale).argmax(1) == truth).float().mean())

    assert accuracy("sinusoidal") > 0.9
    assert accuracy("none") < 0.65


def test_the_picture_of_the_tiny_models_is_a_square_of_patches() -> None:
    assert backbone("clip").visual(videos(1, 1)).last.patches.shape[2] == (SIDE // PATCH) ** 2
