"""The tiny CLIP and X-CLIP of the package: they load, are small and see."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from actscribe.models.catalog import embedded_folder
from actscribe.models.dual_encoder.loading import Loaded, load_backbone
from actscribe_sim.tabletop.actions import ACTIONS
from actscribe_sim.tabletop.clips import TabletopClip, tabletop_clip

TRAINING = Path(__file__).parents[1] / "pretraining" / "dual_encoder"
#: Far from the scenes of training, which start at 7e9, and from those of its scores, which start at 8e9.
FIRST_SEED = 9_000_000_000
FRAMES = 8


@pytest.fixture(scope="module")
def clip() -> Loaded:
    return load_backbone("clip", "embedded", FRAMES)


@pytest.fixture(scope="module")
def xclip() -> Loaded:
    return load_backbone("x-clip", "embedded", FRAMES)


def video(loaded: Loaded, made: TabletopClip) -> torch.Tensor:
    return loaded.pixels.normalise(loaded.pixels.tensor(made.frames)).unsqueeze(0)


@pytest.mark.parametrize("kind", ["clip", "xclip"])
def test_it_is_small_and_has_its_card(kind: str) -> None:
    folder = embedded_folder(kind)
    assert folder is not None
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 10e6
    assert not [path for path in folder.iterdir() if path.suffix in (".bin", ".pt", ".pth")]
    assert (folder / "README.md").is_file()


@torch.inference_mode()
def test_clip_sees_what_lies_on_the_table(clip: Loaded) -> None:
    """The thing that is there, against things of another kind and colour that are not."""
    right = asked = 0
    for number in range(40):
        made = tabletop_clip(FIRST_SEED + number, "nothing", FRAMES, 64, plain=True)
        shown = clip.backbone.visual(video(clip, made)).video
        colours, kinds = zip(*(name.split(" ", 1) for name in made.objects), strict=True)
        absent = [
            f"{colour} {kind}"
            for colour in ("red", "green", "blue", "yellow")
            for kind in ("ball", "bottle", "book", "plate")
            if colour not in colours and kind not in kinds
        ]
        if not absent:
            continue
        captions = [f"{made.objects[0]}.", f"{absent[number % len(absent)]}."]
        texts = clip.backbone.text(clip.tokens(captions))
        near = F.cosine_similarity(shown, texts)
        right += bool(near[0] > near[1])
        asked += 1
    assert asked >= 25
    assert right / asked >= 0.8


@torch.inference_mode()
def test_xclip_tells_the_order_of_frames_and_clip_cannot(clip: Loaded, xclip: Loaded) -> None:
    """The two clips of a pair hold the same frames; both actions are trained on, neither scene is."""
    right = {"clip": 0, "xclip": 0}
    for number, name in enumerate(("fold", "tip_over", "lift_up", "stack", "put_on") * 4):
        seed, reverse = FIRST_SEED + number, str(ACTIONS[name].reverse_of)
        ahead, back = (tabletop_clip(seed, one, FRAMES, 64, plain=True) for one in (name, reverse))
        np.testing.assert_array_equal(ahead.frames, back.frames[::-1])
        prompts = [f"{ACTIONS[name].phrase}.", f"{ACTIONS[reverse].phrase}."]
        for kind, loaded in (("clip", clip), ("xclip", xclip)):
            texts = loaded.backbone.text(loaded.tokens(prompts))
            for own, made in enumerate((ahead, back)):
                visual = loaded.backbone.visual(video(loaded, made))
                scores = loaded.backbone.logits(visual.video, loaded.backbone.condition(texts, visual))[0]
                right[kind] += int(scores.argmax()) == own
    assert right["clip"] == 20  # of 40: the mean over time is the same for both
    assert right["xclip"] >= 32


def test_no_tested_action_is_trained_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(TRAINING)
    monkeypatch.syspath_prepend(TRAINING.parent / "vlm")
    for module in ("material", "render", "scenes", "sizes", "texts", "words"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    tested = importlib.import_module("material").TESTED
    assert len(tested) == 18
    assert tested <= set(ACTIONS)
    assert {ACTIONS[name].reverse_of for name in tested} - {None} <= tested  # a reverse shows the same frames
