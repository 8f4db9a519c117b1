"""What a benchmark will do: published recipes as settings, overrides, and choices that contradict each other."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
import tiny_dual_encoders
import yaml
from hypothesis import given
from hypothesis import strategies as st

from actscribe.benchmark.plan import Plan, merge, parse_overrides, recipe_settings, spell_overrides
from actscribe.data.benchmarks.base import Source
from actscribe.data.views import Views
from actscribe.errors import ActScribeError
from actscribe.settings.registry import BUILT_IN
from actscribe.training.recipes import load_recipe, recipes

VIDEOS = Source(Path("videos"))


def plan(backbone: str = "vifi-clip", shots: int | None = 8, **choices: object) -> Plan:
    return Plan("hmdb51", VIDEOS, backbone, shots, **choices)  # type: ignore[arg-type]


def test_vifi_clip_on_two_shots_of_hmdb51() -> None:
    """102 clips: one step of 64 clips an epoch on 8 cards x 4 clips x 2 passes, here 16 passes of 4 clips."""
    settings = recipe_settings(load_recipe("vifi_clip_few_shot"), 102, 1)
    augmentation = settings.pop("augmentation")
    means, stds = settings.pop("mean"), settings.pop("std")
    assert settings == {
        "batch_size": 64,
        "gradient_accumulation_steps": 16,
        "clips_per_epoch": 64,
        "epochs": 50,
        "learning_rate": 2e-6,
        "new_factor": 1,
        "betas": (0.9, 0.98),
        "eps": 1e-8,
        "weight_decay": 0.001,
        "decay_vectors": True,
        "warmup": 0.1,
        "min_lr_ratio": 0.01,
        "keep": "last",
        "positive_weight": False,
        "temporal_jitter": 5,
        "learns": "both",
        "template": "a photo of a {name}.",
        "flip": True,
        "augment": True,
        "resize_mode": "crop",
        "crop_pct": 0.875,
    }
    assert means == pytest.approx((0.485, 0.456, 0.406))
    assert stds == pytest.approx((0.229, 0.224, 0.225))
    assert (augmentation["crop"], augmentation["mixup"], augmentation["cutmix"]) == ("multi-scale", 0.8, 1.0)


@pytest.mark.parametrize(("clips", "used"), [(204, 192), (408, 384), (816, 768), (1616, 1600)])
def test_an_epoch_uses_the_clips_of_the_published_steps(clips: int, used: int) -> None:
    assert recipe_settings(load_recipe("vifi_clip_few_shot"), clips, 1)["clips_per_epoch"] == used


def test_three_crops_come_from_smaller_pictures_and_x_clip_keeps_its_text_tower() -> None:
    settings = recipe_settings(load_recipe("xclip_few_shot"), 102, 3)
    assert (settings["crop_pct"], settings["learns"], settings["new_factor"]) == (1.0, "image", 10)
    assert (settings["decay_vectors"], settings["template"]) == (False, "{name}")


@pytest.mark.parametrize("name", [name for name in recipes() if "prompts" not in name])
def test_every_recipe_that_fine_tunes_becomes_settings(name: str) -> None:
    backbone = "x-clip" if name.startswith("xclip") else "vifi-clip"
    made = plan(backbone, vghif=True, recipe=name)
    with_, without = made.settings(True, 4000).model_dump(), made.settings(False, 4000).model_dump()
    assert [key for key in with_ if with_[key] != without[key]] == ["vghif"]
    recipe = load_recipe(name)
    assert (made.clip_frames, made.views) == (recipe.frames, Views(recipe.test.clips, recipe.test.crops))
    assert made.keeps_last


def test_what_the_user_says_wins_over_the_recipe() -> None:
    texts = ["learning_rate=1e-5", "augmentation.mixup=0", "vghif.levels=[2, 4]", "batch_size=10", "epochs=7"]
    made = plan(recipe="vifi_clip_few_shot", vghif=True, overrides=parse_overrides(texts), frames=4, crops=3)
    settings = made.settings(True, 12)  # too few clips for the published step, but the batch is given
    assert (
        settings.learning_rate,
        settings.batch_size,
        settings.gradient_accumulation_steps,
        settings.clips_per_epoch,
    ) == (
        1e-5,
        10,
        1,
        None,
    )
    assert (settings.augmentation.mixup, settings.augmentation.cutmix) == (0, 1.0)
    assert settings.vghif.levels == (2, 4)
    assert made.settings(False, 12).vghif is None
    assert (made.clip_frames, made.views, settings.crop_pct) == (4, Views(1, 3), 1.0)
    with pytest.raises(ActScribeError, match="12 clips do not fill one step of 64"):
        plan(recipe="vifi_clip_few_shot").settings(False, 12)


def test_more_passes_than_the_default_batch_are_fine_for_a_recipe_of_larger_steps() -> None:
    made = plan(recipe="vifi_clip_few_shot", overrides={"gradient_accumulation_steps": 64})
    assert (made.settings(False, 102).batch_size, made.settings(False, 102).gradient_accumulation_steps) == (64, 64)
    with pytest.raises(ActScribeError, match="gradient_accumulation_steps 24 does not divide the 64 clips"):
        plan(recipe="vifi_clip_few_shot", overrides={"gradient_accumulation_steps": 24})


def test_defaults_are_the_recognizers_own() -> None:
    made = plan("x-clip", vghif=True)
    assert made.settings(False) == BUILT_IN["x-clip"].settings()
    assert made.settings(True) == BUILT_IN["x-clip"].settings(vghif=True)
    assert (made.clip_frames, made.views, made.keeps_last) == (8, Views(1, 1), False)


def test_other_settings_of_vghif_leave_the_runs_without_it_as_they_are() -> None:
    made = plan("x-clip", vghif=True, overrides=parse_overrides(["vghif_learning_rate=0.03", "vghif.time=none"]))
    assert made.settings(False) == BUILT_IN["x-clip"].settings()
    assert made.settings(True).vghif_learning_rate == 0.03


def test_zero_shot_learns_nothing_and_needs_no_validation() -> None:
    made = plan(shots=0)
    assert made.settings(False).learns == "none"
    assert made.keeps_last
    assert not made.trains(False)


def test_folders_are_named_by_what_is_in_them(tmp_path: Path) -> None:
    assert plan(vghif=True).run_name(False, 2) == "vifi-clip-8-seed2"
    assert plan(vghif=True).run_name(True, 2) == "vifi-clip-vghif-8-seed2"
    assert plan(vghif=True).name == "vifi-clip-vghif-8"
    assert plan("timesformer", None).name == "timesformer-full"
    assert plan(shots=None, shots_list=tmp_path / "hmdb_k8.txt").name == "vifi-clip-hmdb_k8"
    assert plan(shots=16, base_to_novel=True).name == "vifi-clip-16-base"


def test_the_command_says_everything() -> None:
    source = Source(Path("my videos"), Path("lists"), 2, "as_published", "_(p[0-9]+)_")
    overrides = parse_overrides(["epochs=3", "vghif.levels=[1,2]", "template=a {name}"])
    choices = {"seeds": 3, "recipe": "xclip_few_shot", "frames": 8, "clips": 2, "crops": 1, "base_to_novel": True}
    choices["halves"] = (Path("b.csv"), Path("n.csv"))
    made = Plan("ucf101", source, "x-clip", None, None, True, overrides=overrides, **choices)  # type: ignore[arg-type]
    words = shlex.split(made.command())
    assert words[:5] == ["actscribe", "benchmark", "ucf101", "--videos", "my videos"]
    for pair in (
        ("--lists", "lists"),
        ("--split", "2"),
        ("--groups", "_(p[0-9]+)_"),
        ("--backbone", "x-clip"),
        ("--shots", "full"),
        ("--seeds", "3"),
        ("--recipe", "xclip_few_shot"),
        ("--frames", "8"),
        ("--clips", "2"),
        ("--crops", "1"),
    ):
        assert words[words.index(pair[0]) + 1] == pair[1]
    assert {"--as-published", "--vghif", "--base-to-novel"} <= set(words)
    assert words[words.index("--halves") + 1 :] == ["b.csv", "n.csv"]
    given = [words[index + 1] for index, word in enumerate(words) if word == "--set"]
    assert parse_overrides(given) == overrides


def test_the_command_names_the_label_file_of_a_list() -> None:
    words = shlex.split(plan(shots=None, shots_list=Path("my k2.txt"), shots_labels=Path("k2.csv")).command())
    index = words.index("--shots-list")
    assert words[index : index + 4] == ["--shots-list", "my k2.txt", "--shots-labels", "k2.csv"]
    assert "--shots" not in words


def test_overrides_are_yaml_by_dotted_keys() -> None:
    texts = ["epochs=3", "vghif.levels=[3, 6]", "vghif.time=none", "mean=null", "template=a video of {name}, x=1"]
    assert parse_overrides(texts) == {
        "epochs": 3,
        "vghif": {"levels": [3, 6], "time": "none"},
        "mean": None,
        "template": "a video of {name}, x=1",
    }


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("{name}", "{name}"),
        ("'{name}'", "{name}"),
        ('"a\\u0020{name}"', "a {name}"),
        (" {name} on video ", "{name} on video"),
        ("[{name}]", "[{name}]"),
        ("a video: {name}", "a video: {name}"),
        ("{name} # 1", "{name} # 1"),
    ],
)
def test_a_template_is_text_whatever_yaml_would_read(written: str, read: str) -> None:
    for key in ("template", "neutral"):
        overrides = parse_overrides([f"{key}={written}"])
        assert overrides == {key: read}
        assert parse_overrides(spell_overrides(overrides)) == overrides
    assert plan("x-clip", overrides=parse_overrides([f"template={written}"])).settings(False).template == read
    with pytest.raises(ActScribeError, match="is not a YAML value"):
        parse_overrides(["template='{name}"])
    assert parse_overrides(["a.template={name}"]) == {"a": {"template": {"name": None}}}  # of no recognizer


@given(st.sampled_from(["template", "neutral"]), st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_any_template_is_spelled_as_it_is_read(key: str, text: str) -> None:
    assert parse_overrides(spell_overrides({key: text})) == {key: text}


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-99, 99)
    | st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=6),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
keys = st.text("abcde_", min_size=1, max_size=4)


@given(st.dictionaries(keys, values | st.dictionaries(keys, values, min_size=1, max_size=3), max_size=4))
def test_overrides_are_spelled_as_they_are_read(overrides: dict) -> None:
    assert parse_overrides(spell_overrides(overrides)) == overrides
    assert merge({}, overrides) == overrides


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["epochs"], "--set epochs: expected KEY=VALUE"),
        (["=3"], "expected KEY=VALUE"),
        (["a..b=3"], "expected KEY=VALUE"),
        (["a=2020-13-45"], "is not a YAML value"),
        (["a=[1"], r"'\[1' is not a YAML value"),
        (["a=1", "a=2"], "'a' is set twice"),
        (["a=1", "a.b=2"], "'a' has a value already"),
        (["a.b=1", "a=2"], "'a' is set twice"),
    ],
)
def test_bad_overrides_are_named(texts: list[str], message: str) -> None:
    with pytest.raises(ActScribeError, match=message):
        parse_overrides(texts)


@pytest.mark.parametrize(
    ("choices", "message", "hint"),
    [
        ({"backbone": "vificlip"}, "no recognizer is called 'vificlip'", "vifi-clip"),
        ({"recipe": "vifi_clip_few"}, "neither a recipe nor a file", "vifi_clip_few_shot"),
        ({"recipe": "xclip_few_shot"}, "xclip_few_shot is for x-clip, not for vifi-clip", "--backbone x-clip"),
        ({"recipe": "vifi_clip_prompts_few_shot"}, "learns prompt tokens", "vifi_clip_few_shot"),
        ({"backbone": "timesformer", "vghif": True}, "no text tower", "vifi-clip"),
        ({"backbone": "timesformer", "shots": 0}, "timesformer needs training clips", "--shots 2"),
        ({"backbone": "timesformer", "base_to_novel": True}, "no scores for classes", "prompts"),
        ({"overrides": {"learns": "probe", "augment": False}, "base_to_novel": True}, "no scores for classes", "probe"),
        ({"shots": 0, "vghif": True}, "untrained VgHIF", "--shots 2"),
        ({"shots": 0, "overrides": {"learns": "image"}}, "learns: image needs training clips", "--shots 2"),
        ({"backbone": "clip"}, "clip learns nothing from shots", "--set learns=probe"),
        ({"backbone": "clip"}, "clip learns nothing from shots", "--set learns=probe, image, text or both."),
        (
            {"backbone": "x-clip", "overrides": {"learns": "none"}},
            "x-clip learns nothing from shots",
            "Give --shots 0, or let it learn with --set learns=probe or image.",
        ),
        ({"backbone": "vlm-yesno"}, "vlm-yesno learns nothing from shots", "--shots 0."),
        ({"overrides": {"vghif": {"levels": [1]}}}, "--vghif that adds", "--set vghif.KEY"),
        ({"overrides": {"vghif": True}, "vghif": True}, "--vghif that adds", "--set vghif.KEY"),
        ({"overrides": {"vghif_learning_rate": 0.01}}, "which this benchmark is without", "--vghif"),
        ({"overrides": {"vghif": {"level": [1]}}, "vghif": True}, "no setting 'vghif.level'.*'levels'", "--set"),
        ({"overrides": {"epoch": 3}}, "vifi-clip has no setting 'epoch'. Did you mean 'epochs'", "--set KEY=VALUE"),
        ({"overrides": {"epochs": 0}}, "vifi-clip.epochs: .*at least 1", "--set"),
        ({"shots": -1}, "-1 shots", ""),
        ({"seeds": 21}, "1 to 20 seeds, found 21", ""),
        ({"frames": 257}, "at most 256 frames of a clip, found 257", ""),
        ({"backbone": "vlm-head", "overrides": {"prompt": 5}}, "vlm-head.prompt: .*a text", "--set"),
        ({"crops": 2}, "1 or 3 crops", ""),
        ({"shots_list": Path("k8.txt")}, "exclude each other", ""),
        ({"shots": None, "shots_list": Path("k8.txt"), "base_to_novel": True}, "draws its own", "--shots"),
        ({"shots_labels": Path("k8.csv")}, "what the ids of a list mean", "--shots-list"),
        ({"halves": (Path("b.csv"), Path("n.csv"))}, "names base and novel classes", "--base-to-novel"),
    ],
)
def test_contradictions_are_refused_before_anything_is_read(choices: dict, message: str, hint: str) -> None:
    with pytest.raises(ActScribeError, match=message) as caught:
        plan(**choices)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("recipe", "learns", "hint"),
    [
        ("xclip_few_shot", "message, mit, video_prompts", "[message, mit, video_prompts, vision]."),
        ("xclip_few_shot", "vision", "[message, mit, video_prompts, vision]."),
        ("vifi_clip_few_shot", "vision, mit", "[vision] or [text] or [logit_scale, text, vision]."),
        ("vifi_clip_few_shot", "logit_scale", "[vision] or [text] or [logit_scale, text, vision]."),
    ],
)
def test_a_recipe_of_parts_that_do_not_learn_alone_is_refused(
    tmp_path: Path, recipe: str, learns: str, hint: str
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        yaml.safe_dump(load_recipe(recipe).model_dump(mode="json") | {"learns": learns.split(", "), "name": "mine"})
    )
    backbone = "x-clip" if recipe.startswith("xclip") else "vifi-clip"
    with pytest.raises(ActScribeError, match=rf"recipe mine learns \[{learns}\], which {backbone} cannot") as caught:
        plan(backbone, recipe=str(path))
    assert caught.value.hint == f"Set the recipe's learns to {hint}"


@pytest.mark.parametrize("kind", ["clip", "x-clip"])
def test_the_parts_of_a_recipe_are_those_that_learn(kind: str) -> None:
    adapter = tiny_dual_encoders.backbone(kind)
    starts = {
        "vision": ("vision_model.", "visual_projection."),
        "text": ("text_model.", "text_projection."),
        "logit_scale": ("logit_scale",),
        "mit": ("mit.",),
        "video_prompts": ("prompts_",),
    }
    able = BUILT_IN[kind].learnable.items()
    for learns, parts in ((name, one.parts) for name, one in able if one.compares_prompts):
        adapter.tune(learns)
        names = [name for name, parameter in adapter.model.named_parameters() if parameter.requires_grad]
        learning = {"message" for name in names if "message_" in name}
        learning |= {part for part, some in starts.items() for name in names if name.startswith(some)}
        assert learning == parts
