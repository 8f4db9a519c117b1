"""Published recipes, and the steps that one device takes in the place of several."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actscribe.errors import ActScribeError
from actscribe.training.recipes import Layout, load_recipe, one_device, recipes

EIGHT = Layout(devices=8, per_device=4, gradient_accumulation_steps=2)


@pytest.mark.parametrize("name", recipes())
def test_every_recipe_loads(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.pictures.mean == (123.675, 116.28, 103.53)  # ImageNet's, not those of CLIP
    assert recipe.augmentation.mixes()
    assert recipe.augmentation.smoothing == 0.1
    assert "{name}" in recipe.template
    assert recipe.published
    assert all(0 < row.top1 < 100 for row in recipe.published)


@pytest.mark.parametrize(
    ("name", "frames", "epochs", "rate", "factor", "batch_size", "template"),
    [
        ("xclip_few_shot", 32, 50, 2e-6, 10, 64, "{name}"),
        ("xclip_kinetics400", 8, 30, 8e-6, 10, 256, "{name}"),
        ("xclip_zero_shot", 32, 10, 8e-6, 10, 256, "{name}"),
        ("vifi_clip_few_shot", 32, 50, 2e-6, 1, 64, "a photo of a {name}."),
        ("vifi_clip_kinetics400", 16, 30, 2.2e-5, 1, 512, "a photo of a {name}."),
        ("vifi_clip_zero_shot", 32, 10, 8e-6, 1, 256, "a photo of a {name}."),
        ("vifi_clip_base_to_novel", 32, 11, 2e-6, 1, 64, "a photo of a {name}."),
        ("vifi_clip_prompts_few_shot", 32, 50, 8e-3, 1, 64, "a photo of a {name}."),
    ],
)
def test_recipes_hold_the_published_values(name, frames, epochs, rate, factor, batch_size, template) -> None:
    recipe = load_recipe(name)
    assert (recipe.frames, recipe.epochs, recipe.layout.batch_size, recipe.template) == (
        frames,
        epochs,
        batch_size,
        template,
    )
    assert (recipe.optimizer.learning_rate, recipe.optimizer.new_factor) == (rate, factor)
    assert recipe.optimizer.decay_vectors == (recipe.backbone == "vifi-clip")
    assert set(recipes()) >= {name}


@pytest.mark.parametrize(
    ("clips", "steps"),
    # Shots of HMDB51 and UCF101 at K = 2, 4, 8, 16 on 8 cards x 4 clips x 2 passes, counted by hand from the code.
    [(102, 1), (204, 3), (408, 6), (816, 12), (202, 3), (404, 6), (808, 12), (1616, 25)],
)
def test_steps_per_epoch_of_the_published_layout(clips: int, steps: int) -> None:
    assert EIGHT.steps_per_epoch(clips) == steps
    passes = one_device(EIGHT, clips, fit=8)
    assert (passes.batch_size, passes.per_pass, passes.gradient_accumulation_steps) == (64, 8, 8)
    assert (passes.steps_per_epoch, passes.clips_per_epoch) == (steps, steps * 64)


@pytest.mark.parametrize(
    ("fit", "per_pass", "gradient_accumulation_steps"), [(1, 1, 64), (5, 4, 16), (63, 32, 2), (500, 64, 1)]
)
def test_passes_fit_into_memory_and_fill_the_batch(fit: int, per_pass: int, gradient_accumulation_steps: int) -> None:
    passes = one_device(EIGHT, 102, fit)
    assert (passes.per_pass, passes.gradient_accumulation_steps) == (per_pass, gradient_accumulation_steps)


def test_cards_repeat_clips_to_fill_their_share() -> None:
    # 57 clips are 8 for each of 8 cards (7 again), two passes of 4: one step of 64 clips.
    assert EIGHT.steps_per_epoch(57) == 1
    assert one_device(EIGHT, 57, 4).clips_per_epoch == 64
    assert EIGHT.steps_per_epoch(56) == 0
    with pytest.raises(ActScribeError, match="56 clips do not fill one step of 64"):
        one_device(EIGHT, 56, 4)


@settings(max_examples=25)
@given(
    clips=st.integers(1, 600),
    devices=st.integers(1, 9),
    size=st.integers(1, 9),
    gradient_accumulation_steps=st.integers(1, 5),
)
def test_steps_are_those_of_the_published_loop(
    clips: int, devices: int, size: int, gradient_accumulation_steps: int
) -> None:
    layout = Layout(devices=devices, per_device=size, gradient_accumulation_steps=gradient_accumulation_steps)
    filled = clips + (-clips) % devices  # the sampler of several cards repeats clips
    taken = 0
    for index in range(filled // devices // size):  # drop_last
        taken += (index + 1) % gradient_accumulation_steps == 0
    assert layout.steps_per_epoch(clips) == taken


def test_a_wrong_recipe_is_explained(tmp_path: Path) -> None:
    with pytest.raises(ActScribeError, match="neither a recipe nor a file") as caught:
        load_recipe("xclip_few_shots")
    assert "xclip_few_shot" in caught.value.hint
    text = (Path(__file__).parents[1] / "src/actscribe/presets/recipes/xclip_few_shot.yaml").read_text()
    (tmp_path / "mine.yaml").write_text(text.replace("  hue: 0.1", "  hues: 0.1"))
    with pytest.raises(ActScribeError, match=r"mine.yaml:\d+: unknown key 'hues'. Did you mean 'hue'"):
        load_recipe(tmp_path / "mine.yaml")
    (tmp_path / "mine.yaml").write_text(text.replace("learns: [vision", "learns: [visoin"))
    with pytest.raises(ActScribeError, match=r"mine.yaml:\d+: learns.0: expected 'vision'.*visoin"):
        load_recipe(tmp_path / "mine.yaml")
