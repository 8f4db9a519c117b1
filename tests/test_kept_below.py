"""What lies below blocks that are frozen is computed once: the same logits, gradients and weights as without."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import dual_encoder_inputs
import pytest
import torch
from tiny_classifiers import CONFIGS, tiny_classifier
from tiny_models import tiny_timesformer
from torch import Tensor, nn

from actscribe.data.input_spec import InputSpec
from actscribe.models.dual_encoder.clip import ClipBackbone
from actscribe.models.dual_encoder.visual_below import VisualBelow
from actscribe.models.dual_encoder.xclip import XclipBackbone
from actscribe.models.video_classifier import VideoClassifier, load_classifier
from actscribe.recognizers import video_classifier
from actscribe.recognizers.base import implementation
from actscribe.settings.study import parse_settings
from actscribe.training.freezing import Unfreezing
from actscribe.training.frozen_blocks import FrozenBlocks, most_saved
from actscribe.training.inputs import TrainingInputs
from actscribe.training.kept_below import REDRAWN, KeptBelow

#: Epochs: two in which nothing learns, then a part more in each.
EPOCHS, FROZEN, EACH = 4, 2, 1


class Sums(nn.Module):
    """A network of two linear layers, in two halves; `runs` counts clips through the lower one."""

    def __init__(self, draws: bool = False) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.lower, self.upper = nn.Linear(3, 4).requires_grad_(False), nn.Linear(4, 2)
        self.draws, self.runs = draws, 0

    def is_frozen(self) -> bool:
        return not self.lower.weight.requires_grad

    def below(self, pixel_values: Tensor) -> tuple[Tensor, ...]:
        self.runs += len(pixel_values)
        return (self.lower(pixel_values),)

    def above(self, kept: tuple[Tensor, ...], pixel_values: Tensor) -> Tensor:
        return self.upper(*kept)

    def forward(self, pixel_values: Tensor) -> Tensor:
        return self.upper(self.lower(pixel_values))


def test_as_many_clips_are_kept_as_there_is_room_for_and_none_that_is_redrawn() -> None:
    network = Sums()
    kept = KeptBelow(nn.Identity(), network, limit=2 * 4 * 4 + 1)  # two clips of four numbers
    pixels = torch.randn(3, 3)
    for _ in range(3):
        torch.testing.assert_close(kept(pixels, torch.tensor([5, 6, 7])), network(pixels))
    assert network.runs == 3 + 1 + 1
    twice = KeptBelow(nn.Identity(), Sums(), limit=2 * 4 * 4 + 1)
    twice(pixels, torch.tensor([5, 5, 5]))
    twice(pixels, torch.tensor([6, 6, 6]))
    assert set(twice._kept) == {5, 6}  # a clip that is in a batch three times takes the room of one
    other = torch.randn(2, 3)
    for _ in range(2):  # what clip 6 was, beside a clip as it looks now
        made = kept(other, torch.tensor([6, REDRAWN]))
        torch.testing.assert_close(made, network(torch.stack([pixels[1], other[1]])))
    assert network.runs == 5 + 2


def test_nothing_is_kept_of_what_is_drawn_in_training_or_has_begun_to_learn() -> None:
    pixels, numbers = torch.randn(2, 3), torch.arange(2)
    network = Sums(draws=True)
    kept = KeptBelow(network, network)
    kept.train()(pixels, numbers)
    assert network.runs == 0
    for _ in range(2):
        kept.eval()(pixels, numbers)
    assert network.runs == 2
    network.lower.requires_grad_(True)
    with torch.no_grad():
        network.lower.weight.add_(1.0)
    torch.testing.assert_close(kept(pixels, numbers), network(pixels))
    network.lower.requires_grad_(False)  # once something has learned, nothing is as it was
    kept(pixels, numbers)
    assert network.runs == 2


@pytest.mark.parametrize(
    ("parts", "frozen_epochs", "per_epoch", "epochs", "expected"),
    [
        (13, 1, 2, 12, 7),  # below 13, 11, 9, 7, 5, ... : 7 parts are spared in three of four epochs
        (13, 6, 0, 12, 13),  # all at once: five of six epochs need the head alone
        (13, 1, 0, 12, 0),  # one epoch, and nothing is seen twice
        (13, 0, 0, 12, 0),
        (3, 1, 1, 2, 2),
    ],
)
def test_the_network_is_divided_where_most_is_saved(
    parts: int, frozen_epochs: int, per_epoch: int, epochs: int, expected: int
) -> None:
    unfreezing = Unfreezing([nn.Identity() for _ in range(parts)], frozen_epochs, per_epoch)
    assert most_saved(unfreezing, epochs, [True] * parts) == expected
    limited = most_saved(unfreezing, epochs, [index < 2 for index in range(parts)])
    assert limited == (2 if expected else 0)


@pytest.fixture(scope="module", params=["timesformer", *CONFIGS])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> VideoClassifier:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "timesformer":
        tiny_timesformer(folder)
    else:
        tiny_classifier(request.param, folder)
    return load_classifier(str(folder), ("A", "B"), 4)[0]


def lowest(model: VideoClassifier) -> nn.Module:
    """The first linear layer of the lowest block, which runs when the block does."""
    return next(layer for layer in model.parts()[1].modules() if isinstance(layer, nn.Linear))


def gradients(model: VideoClassifier) -> dict[str, Tensor]:
    return {name: weight.grad for name, weight in model.named_parameters() if weight.grad is not None}


def test_every_family_gives_the_same_logits_and_gradients_without_running_its_lower_blocks(
    model: VideoClassifier,
) -> None:
    unfreezing = Unfreezing(model.parts(), FROZEN, EACH)
    unfreezing.apply(0)
    kept = KeptBelow(model, FrozenBlocks(model, unfreezing, EPOCHS)).train()
    side = 36 if "Prism" in type(model.model).__name__ else 32
    pixels, numbers = torch.randn(3, 4, 3, side, side), torch.arange(3)
    runs: list[int] = []
    handle = lowest(model).register_forward_hook(lambda *_: runs.append(1))
    torch.testing.assert_close(kept(pixels, numbers), model(pixels), atol=1e-5, rtol=1e-4)
    runs.clear()
    order = torch.tensor([2, 0, 1])
    torch.testing.assert_close(kept(pixels[order], order)[1], kept(pixels, numbers)[0], atol=1e-5, rtol=1e-4)
    assert not runs
    unfreezing.apply(FROZEN)  # the uppermost part learns
    kept(pixels, numbers).square().sum().backward()
    mine = gradients(model)
    assert not runs
    model.zero_grad()
    model(pixels).square().sum().backward()
    assert mine.keys() == gradients(model).keys()
    for name, gradient in gradients(model).items():
        torch.testing.assert_close(mine[name], gradient, atol=1e-4, rtol=1e-3)
    unfreezing.apply(100)
    with torch.no_grad():
        for weight in model.parts()[1].parameters():
            weight.add_(0.1)
    torch.testing.assert_close(kept(pixels, numbers), model(pixels), atol=1e-5, rtol=1e-4)
    handle.remove()
    assert not any("forward" in part.__dict__ for part in model.parts())


def classifier_inputs(folder: Path, **settings: Any) -> TrainingInputs:
    """Inputs of a tiny TimeSformer."""
    tiny_timesformer(folder / "tiny")
    inputs = dual_encoder_inputs.training_inputs(folder, "clip", folder, dual_encoder_inputs.SEVERAL, count=6)
    usual = {"model": str(folder / "tiny"), "epochs": EPOCHS, "frozen_epochs": FROZEN, "unfreeze_blocks": EACH}
    more = {"precision": "float32", "batch_size": 2, "augment": False, "patience": EPOCHS}
    parsed = parse_settings("timesformer", usual | more | settings)
    return replace(inputs, settings=parsed, input_spec=InputSpec(4, 32))


@pytest.mark.parametrize("augment", [False, True])
def test_a_video_classifier_ends_with_the_same_weights_in_fewer_passes(
    augment: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs: Counter[str] = Counter()
    weights = {}
    load = video_classifier.load_classifier

    def loading(*given: Any) -> Any:
        model, pixels = load(*given)
        lowest(model).register_forward_hook(lambda *_: runs.update([way]))
        return model, pixels

    monkeypatch.setattr(video_classifier, "load_classifier", loading)
    for way in ("kept", "plain"):
        if way == "plain":
            monkeypatch.setattr(video_classifier, "FrozenBlocks", lambda *given: None)
        inputs = classifier_inputs(tmp_path / way, augment=augment)
        made = implementation("timesformer").make(inputs)
        weights[way] = torch.cat([weight.detach().flatten() for weight in made.model.parameters()])
    torch.testing.assert_close(weights["kept"], weights["plain"], atol=1e-6, rtol=0)
    assert runs["plain"] == EPOCHS * (3 + 1)  # three batches of training, one of validation
    # validation, and what is not redrawn, in the first of three epochs alone; and a look at the parts
    assert runs["kept"] == runs["plain"] - 2 * (1 if augment else 4) + 1
    assert "is kept while it stays frozen" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("clip", {"vghif": True}),
        ("clip", {"learns": "text"}),
        ("vifi-clip", {"learns": "text", "vghif": {"tokens": "class+pooled"}}),
        ("x-clip", {"learns": "none", "vghif": True}),
    ],
    ids=str,
)
def test_a_frozen_image_tower_sees_each_clip_once(
    name: str, settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backbone = XclipBackbone if name == "x-clip" else ClipBackbone
    visual = backbone.visual
    clips = dict.fromkeys(("kept", "plain"), 0)

    def counting(self: Any, pixels: Tensor, levels: Any = ()) -> Any:
        clips[way] += len(pixels)
        return visual(self, pixels, levels)

    monkeypatch.setattr(backbone, "visual", counting)
    weights = {}
    for way in ("kept", "plain"):
        if way == "plain":
            monkeypatch.setattr(VisualBelow, "is_frozen", lambda self: False)
        inputs = dual_encoder_inputs.training_inputs(tmp_path / way, name, tmp_path, **settings)
        made = implementation(name).make(inputs)
        weights[way] = torch.cat([weight.detach().flatten() for weight in made.network.parameters()])
    torch.testing.assert_close(weights["kept"], weights["plain"], atol=1e-4, rtol=0)
    assert clips["kept"] == 8 + 4
    assert clips["plain"] == 12 * (8 + 4)


def test_a_tower_that_learns_is_not_divided(tmp_path: Path) -> None:
    inputs = dual_encoder_inputs.training_inputs(tmp_path, "clip", tmp_path, learns="image", epochs=1)
    made = implementation("clip").make(inputs)
    before = dual_encoder_inputs.training_inputs(tmp_path / "none", "clip", tmp_path)
    zero_shot = implementation("clip").make(before)
    name = "vision_model.encoder.layers.0.self_attn.q_proj.weight"
    weights = [dict(one.network.backbone.model.named_parameters())[name] for one in (made, zero_shot)]
    assert not torch.equal(*weights)
