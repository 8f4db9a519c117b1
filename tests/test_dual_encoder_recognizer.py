"""CLIP, ViFi-CLIP and X-CLIP as recognizers: scores by hand, what learns, saving, other labels, probes."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from dual_encoder_inputs import CLASSES, NAMES, QUICK, SEVERAL, Shown, checkpoint, sides, training_inputs
from safetensors.torch import load_file, save_file
from tiny_dual_encoders import MEAN, SIDE, STD, clip_model, tokenizer, xclip_model
from vlm_inputs import scores

from actscribe.data.clips import Clip
from actscribe.data.input_spec import ClipFrames
from actscribe.errors import ActScribeError
from actscribe.labels import LabelSet
from actscribe.models.dual_encoder.network import DualEncoder
from actscribe.recognizers.base import implementation
from actscribe.recognizers.dual_encoder import recognizer as dual_encoder
from actscribe.recognizers.on_features import OnFeatures
from actscribe.settings.registry import recognizer
from actscribe.settings.study import parse_settings
from actscribe.training import examples

NOVEL = ("lift box", "wave hand", "push cup left")
RECOGNIZERS = ("clip", "vifi-clip", "x-clip")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("checkpoints")


def still(seed: int = 0) -> ClipFrames:
    """A clip of four equal frames."""
    picture = np.random.default_rng(seed).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    return ClipFrames(Clip("r", 0.0, 3.0), "c", np.stack([picture] * 4), np.arange(4.0))


def own_logits(name: str, clip: ClipFrames, prompts: list[str]) -> torch.Tensor:
    """What transformers' own model says, from its own inputs."""
    pixels = (torch.from_numpy(clip.frames).permute(0, 3, 1, 2) / 255 - torch.tensor(MEAN).view(3, 1, 1)) / (
        torch.tensor(STD).view(3, 1, 1)
    )
    words = tokenizer()(prompts, padding=True, return_tensors="pt")
    with torch.no_grad():
        if name == "x-clip":
            model = xclip_model()
            return model(pixel_values=pixels[None], **words).logits_per_video[0]
        return clip_model()(pixel_values=pixels[:1], **words).logits_per_image[0]


@pytest.mark.parametrize("name", RECOGNIZERS)
def test_zero_shot_scores_are_those_of_transformers_own_model(name: str, root: Path, tmp_path: Path) -> None:
    settings = {"learns": "none", "template": "a photo of {name} .", "neutral": "a video ."}
    clip = still()
    made = dual_encoder.make(training_inputs(tmp_path, name, root, **settings))
    expected = own_logits(name, clip, [f"a photo of {label} ." for label in NAMES]).softmax(0)
    np.testing.assert_allclose(next(made.score([clip])), expected, atol=1e-5)
    several = dual_encoder.make(training_inputs(tmp_path, name, root, SEVERAL, **settings))
    logits = own_logits(name, clip, [*(f"a photo of {label} ." for label in NAMES), "a video ."])
    # sigmoid of the difference is the softmax over a label's prompt and the neutral one
    pairs = [float(torch.stack([logits[index], logits[2]]).softmax(0)[0]) for index in range(2)]
    np.testing.assert_allclose(next(several.score([clip])), pairs, atol=1e-5)
    assert not (tmp_path / "training.json").exists()


def test_zero_shot_looks_at_no_clip(root: Path, tmp_path: Path) -> None:
    work = training_inputs(tmp_path, "clip", root)
    dual_encoder.make(work)
    assert (work.train.reads, work.validation.reads) == (0, 0)


LEARNED = [
    ("clip", {"learns": "image"}, CLASSES),
    ("clip", {"vghif": {"bottleneck": 16, "heads": 2}}, SEVERAL),
    ("vifi-clip", {}, SEVERAL),
    ("vifi-clip", {"learns": "text", "vghif": {"bottleneck": 16, "heads": 2}}, CLASSES),
    ("x-clip", {"vghif": {"bottleneck": 16, "heads": 2}}, CLASSES),
]
PROBED = [
    ("x-clip", {"learns": "probe", "epochs": 40}, SEVERAL),
    ("clip", {"learns": "probe", "epochs": 40}, CLASSES),
]


@pytest.mark.parametrize(("name", "settings", "labels"), LEARNED + PROBED)
def test_training_learns_its_clips_and_what_is_saved_scores_the_same(
    name: str, settings: dict, labels: LabelSet, root: Path, tmp_path: Path
) -> None:
    work = training_inputs(tmp_path / "run", name, root, labels, **({"epochs": 20, "keep": "last"} | settings))
    made = dual_encoder.make(work)
    learned = scores(made, work.train)
    assert ((learned > 0.5) == work.train_targets).mean() > 0.9
    network = made.head if isinstance(made, OnFeatures) else made.network
    assert not any(parameter.requires_grad for parameter in network.parameters())
    (tmp_path / "model").mkdir()
    made.save(tmp_path / "model")
    loaded = implementation(name).load(tmp_path / "model", labels)
    assert loaded.input_spec == made.input_spec == work.input_spec
    np.testing.assert_allclose(scores(loaded, work.validation), scores(made, work.validation), atol=1e-6)
    assert {file.suffix for file in (tmp_path / "model").rglob("*") if file.is_file()} <= {".safetensors", ".json"}


def parts_that_changed(network: DualEncoder, before: dict[str, torch.Tensor]) -> set[str]:
    changed = {key for key, value in network.state_dict().items() if not torch.equal(value, before[key])}
    return {".".join(key.split(".")[:3]) if key.startswith("backbone") else key.split(".")[0] for key in changed}


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("clip", {"learns": "image"}, {"backbone.model.vision_model", "backbone.model.visual_projection", "head"}),
        ("clip", {"learns": "text"}, {"backbone.model.text_model", "backbone.model.text_projection", "head"}),
        ("clip", {"learns": "none", "vghif": True}, {"vghif", "head"}),
    ],
)
def test_only_what_is_asked_for_learns(
    name: str, settings: dict, expected: set[str], root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before: dict[str, torch.Tensor] = {}
    fit = examples.fit

    def noting(work: examples.Fit) -> None:
        state = work.network.state_dict()  # of a network that keeps what its frozen tower makes, it is a part
        before.update({key.removeprefix("network."): value.clone() for key, value in state.items()})
        fit(work)

    monkeypatch.setattr(examples, "fit", noting)
    made = dual_encoder.make(training_inputs(tmp_path, name, root, SEVERAL, epochs=2, **settings))
    assert parts_that_changed(made.network, before) == expected


def test_parts_learn_at_their_own_rates(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fits: list[examples.Fit] = []
    monkeypatch.setattr(examples, "fit", fits.append)
    rates = {"learning_rate": 1e-6, "new_factor": 7.0, "vghif_learning_rate": 3e-3, "head_learning_rate": 0.5}
    made = dual_encoder.make(training_inputs(tmp_path, "x-clip", root, SEVERAL, vghif=True, **rates))
    by_id = {id(parameter): key for key, parameter in made.network.named_parameters()}
    by_parameter = {by_id[id(parameter)]: rate for group, rate in fits[0].groups for parameter in group}
    assert by_parameter["head.bias"] == 0.5
    assert by_parameter["backbone.model.mit.position_embedding"] == pytest.approx(7e-6)
    assert by_parameter["backbone.model.visual_projection.weight"] == 1e-6
    assert by_parameter["vghif.video.out.weight"] == 3e-3
    assert not any("text_model" in key or "logit_scale" in key for key in by_parameter)


@pytest.mark.parametrize("name", RECOGNIZERS)
@pytest.mark.parametrize("labels", [CLASSES, SEVERAL])
def test_an_untrained_vghif_changes_nothing(
    name: str, labels: LabelSet, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examples, "fit", lambda work: None)
    tower = {"learns": "image"}
    plain, fused = (
        dual_encoder.make(training_inputs(tmp_path, name, root, labels, vghif=vghif, **tower))
        for vghif in (False, True)
    )
    clips = sides("validation", 4, 2, labels.task)[0]
    np.testing.assert_array_equal(scores(fused, clips), scores(plain, clips))


def test_untrained_biases_answer_the_priors(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples, "fit", lambda work: None)
    work = training_inputs(tmp_path, "vifi-clip", root, SEVERAL)
    work.train_targets[:, 0] = [1, 0, 0, 0, 0, 0, 0, 0]
    means = scores(dual_encoder.make(work), work.train).mean(axis=0)
    np.testing.assert_allclose(means, [1.5 / 9, 4.5 / 9], atol=1e-3)  # half a clip is added to each side


def test_vghif_depends_on_the_seed_alone(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples, "fit", lambda work: None)
    work = training_inputs(tmp_path, "clip", root, vghif=True)
    made = []
    for seed in (5, 5, 6):
        torch.rand(3)
        made.append(dual_encoder.make(replace(work, seed=seed)).network.vghif.entries[0].project.weight)
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], made[2])


def test_new_labels_are_new_prompts_on_the_same_weights(root: Path, tmp_path: Path) -> None:
    made = dual_encoder.make(
        training_inputs(tmp_path, "vifi-clip", root, epochs=2, template="a photo of {name} .", vghif=True)
    )
    novel = made.for_labels(LabelSet(name="novel", task="multi-class", labels=NOVEL))  # type: ignore[arg-type]
    clips = sides("validation", 4, 2, "multi-class")[0]
    scored = scores(novel, clips)
    assert scored.shape == (4, 3)
    np.testing.assert_allclose(scored.sum(1), 1, atol=1e-5)
    np.testing.assert_array_equal(scores(made.for_labels(CLASSES), clips), scores(made, clips))
    turned = CLASSES.model_copy(update={"labels": CLASSES.labels[::-1]})
    np.testing.assert_allclose(scores(made.for_labels(turned), clips), scores(made, clips)[:, ::-1], atol=1e-6)
    (tmp_path / "novel").mkdir()
    novel.save(tmp_path / "novel")
    np.testing.assert_allclose(scores(dual_encoder.load(tmp_path / "novel", novel.labels), clips), scored, atol=1e-6)


def test_new_labels_of_a_multi_label_study_take_the_usual_bias(root: Path, tmp_path: Path) -> None:
    made = dual_encoder.make(training_inputs(tmp_path, "vifi-clip", root, SEVERAL, epochs=2))
    own = made.network.head.bias
    novel = made.for_labels(SEVERAL.model_copy(update={"labels": LabelSet(name="n", labels=NOVEL).labels}))  # type: ignore[arg-type]
    torch.testing.assert_close(novel.network.head.bias, torch.stack([own.mean(), own.mean(), own[0]]))
    neutral = dual_encoder.make(training_inputs(tmp_path, "clip", root)).for_labels(SEVERAL)
    assert neutral.network.prompts[-1] == "a video."


def test_half_precision_leaves_cosines_whole(root: Path, tmp_path: Path) -> None:
    settings = {"learns": "none", "vghif": None}
    whole, half = (
        dual_encoder.make(training_inputs(tmp_path, "clip", root, SEVERAL, precision=precision, **settings))
        for precision in ("float32", "bfloat16")
    )
    clips = sides("validation", 4, 2, "multi-label")[0]
    actual, expected = scores(half, clips), scores(whole, clips)
    assert not np.array_equal(actual, expected)
    np.testing.assert_allclose(actual, expected, atol=0.05)
    # a logit rounded to bfloat16 has 8 bits; these have more
    logits = np.log(actual / (1 - actual))
    assert np.abs(torch.from_numpy(logits).bfloat16().float().numpy() - logits).max() > 1e-4


def test_keeping_the_last_epoch_never_looks_at_validation(root: Path, tmp_path: Path) -> None:
    work = training_inputs(tmp_path, "vifi-clip", root, keep="last", epochs=3, patience=1, learning_rate=0.05)
    no_targets = work.validation_targets[:0]
    made = dual_encoder.make(replace(work, validation_targets=no_targets))
    assert work.validation.reads == 0
    record = json.loads((tmp_path / "training.json").read_text())
    assert (record["epochs"], record["best_validation_score"]) == (3, None)
    assert not any("eval_loss" in row for row in record["log"])
    last = load_file(tmp_path / "checkpoints" / "checkpoint-3" / "model.safetensors")
    ends = dict(made.network.named_parameters())
    for key, value in last.items():
        torch.testing.assert_close(ends[key.removeprefix("network.")], value, atol=0, rtol=0)
    again = dual_encoder.make(replace(work, resume=True, validation_targets=no_targets))
    np.testing.assert_array_equal(scores(again, work.train), scores(made, work.train))


@pytest.mark.parametrize("keep", ["best", "last"])
def test_a_killed_training_goes_on_to_the_same_weights(
    keep: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = {
        "augment": True,
        "augmentation": {"mixup": 0.8, "smoothing": 0.1},
        "epochs": 3,
        "batch_size": 4,
        "vghif": True,
    }
    more |= {"keep": keep, "min_lr_ratio": 0.1, "gradient_accumulation_steps": 2, "temporal_jitter": 3}
    whole = dual_encoder.make(training_inputs(tmp_path / "whole", "vifi-clip", root, SEVERAL, **more))
    work = training_inputs(tmp_path / "killed", "vifi-clip", root, SEVERAL, **more)
    forward, calls = DualEncoder.forward, itertools.count()

    def dying(self: DualEncoder, pixel_values: torch.Tensor) -> torch.Tensor:
        if next(calls) == 8:  # four passes an epoch, and one of validation
            raise KeyboardInterrupt
        return forward(self, pixel_values)

    with monkeypatch.context() as patch:
        patch.setattr(DualEncoder, "forward", dying)
        with pytest.raises(KeyboardInterrupt):
            dual_encoder.make(work)
    resumed = dual_encoder.make(replace(work, resume=True))
    for one, other in zip(resumed.network.parameters(), whole.network.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_saved_recognizer_that_is_not_whole_is_refused(root: Path, tmp_path: Path) -> None:
    dual_encoder.make(training_inputs(tmp_path, "clip", root, learns="none", template="a photo of {name} .")).save(
        tmp_path / "model"
    )
    path = tmp_path / "model" / "recognizer.json"
    for text in ("{", "[]", '{"backbone": "clip"}', None):
        path.unlink() if text is None else path.write_text(text)
        with pytest.raises(ActScribeError, match=r"recognizer.json: cannot be loaded"):
            dual_encoder.load(tmp_path / "model", CLASSES)


def test_a_views_side_is_read_without_weights(root: Path, tmp_path: Path) -> None:
    for name in RECOGNIZERS:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "config.json").write_text((checkpoint(name, root) / "config.json").read_text())
        save_file({}, folder / "model.safetensors")
        settings = parse_settings(
            name, {"model": str(folder), "resize_mode": "crop", "crop_pct": 0.8, "temporal_jitter": 5}
        )
        input_spec = implementation(name).input_spec(settings, 6)
        assert (input_spec.frames, input_spec.short_side, input_spec.temporal_jitter) == (6, 40, 5)
    wrong = parse_settings("x-clip", {"model": str(tmp_path / "clip")})
    with pytest.raises(ActScribeError, match="is a clip, expected a xclip"):
        implementation("x-clip").input_spec(wrong, 6)
    deep = parse_settings("clip", {"model": str(tmp_path / "clip"), "vghif": {"levels": [3, 6]}})
    with pytest.raises(ActScribeError, match="asks for block 6, but the visual encoder has 4 blocks"):
        implementation("clip").input_spec(deep, 6)
    with pytest.raises(ActScribeError, match=r"gone\.pth: no such file"):
        implementation("vifi-clip").input_spec(parse_settings("vifi-clip", {"model": str(tmp_path / "gone.pth")}), 6)


def test_a_studys_mean_std_and_share_replace_the_checkpoints_and_are_saved(root: Path, tmp_path: Path) -> None:
    other = {"mean": (0.5, 0.25, 0.125), "std": (0.5, 0.25, 0.125), "resize_mode": "crop", "crop_pct": 0.875}
    made = dual_encoder.make(training_inputs(tmp_path, "clip", root, **other))
    made.save(tmp_path)
    for one in (made, dual_encoder.load(tmp_path, CLASSES)):
        pixels = one.loaded.pixels
        assert (pixels.mean, pixels.std, pixels.resize_mode, pixels.crop_pct) == tuple(other.values())


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("x-clip", {"learns": "text"}, "X-CLIP never tunes its text tower"),
        ("clip", {"learns": "probe", "vghif": True}, "a probe does not have"),
        ("clip", {"learns": "probe", "temporal_jitter": 3}, "computed once"),
        ("clip", {"template": "a video"}, r"expected \{name\}"),
        ("clip", {"crop_pct": 0.9}, "crop_pct has no effect while resize_mode is 'stretch'"),
        ("clip", {"mean": (0.5, 0.5, 0.5)}, "give both or none"),
        ("clip", {"mean": (123, 116, 103), "std": (58, 57, 57)}, "divide by 255"),
        ("clip", {"vghif": {"level": [1]}}, "Did you mean 'levels'"),
        ("vlm-head", {"temporal_jitter": 3}, "temporal_jitter"),
        ("timesformer", {"temporal_jitter": 2}, "odd number"),
        ("timesformer", {"betas": (0.9, 1.0)}, "betas"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(name: str, settings: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_settings(name, settings)


def test_settings_survive_being_written_down() -> None:
    for name in RECOGNIZERS:
        for values in ({}, {"vghif": True}, {"vghif": {"levels": [1, 3]}}, {"learns": "probe"}, QUICK):
            settings = parse_settings(name, values)
            assert parse_settings(name, settings.model_dump(mode="json")) == settings
    ways = ({}, {"vghif": True}, {"learns": "probe"})
    assert [recognizer("clip").trains(parse_settings("clip", way)) for way in ways] == [False, True, True]
    assert recognizer("vifi-clip").trains(parse_settings("vifi-clip", {}))


def test_a_prompt_that_is_too_long_shows_before_any_video_is_decoded(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decoded(self: object, what: str) -> None:
        raise AssertionError(what)

    monkeypatch.setattr(Shown, "prepare", decoded)
    with pytest.raises(ActScribeError, match="longer than the"):
        dual_encoder.make(training_inputs(tmp_path, "vifi-clip", root, template="so long " * 100 + "{name}"))


def overlapping(count: int) -> list[ClipFrames]:
    """Clips of four frames, each of which shares three with the next one."""
    pictures = np.random.default_rng(7).integers(0, 256, (count + 3, SIDE, SIDE, 3), dtype=np.uint8)
    spans = [np.arange(first, first + 4) for first in range(count)]
    return [ClipFrames(Clip("r", float(s[0]), float(s[0]) + 4), "c", pictures[s], s + 0.5) for s in spans]


@pytest.mark.parametrize("name", ["clip", "vifi-clip"])
@pytest.mark.parametrize("vghif", [None, {"bottleneck": 16, "heads": 2}])
def test_frames_that_clips_share_are_encoded_once(name: str, vghif: Any, root: Path, tmp_path: Path) -> None:
    more: dict[str, Any] = {"vghif": vghif, "epochs": 1} if vghif else {"learns": "none"}
    made = dual_encoder.make(training_inputs(tmp_path, name, root, **more))
    assert isinstance(made, dual_encoder.DualEncoderRecognizer)
    shown = overlapping(20)
    alone = [
        next(
            iter(dual_encoder.DualEncoderRecognizer(made.network, made.loaded, made.labels, made.options).score([clip]))
        )
        for clip in shown
    ]
    np.testing.assert_allclose(np.stack(list(made.score(shown))), np.stack(alone), atol=1e-6)
    assert (made.frame_encoder.store.frames_run, made.frame_encoder.store.frames_asked) == (23, 80)


def test_frames_are_not_taken_for_others(root: Path, tmp_path: Path) -> None:
    made = dual_encoder.make(training_inputs(tmp_path, "clip", root, learns="none"))
    assert isinstance(made, dual_encoder.DualEncoderRecognizer)
    first, other = still(0), still(1)  # of one content and times: whoever changed the pictures forgot the digest
    nameless = [replace(clip, content="") for clip in (first, other)]
    expected = [next(iter(made.score([clip]))) for clip in nameless]
    assert not made.frame_encoder.store._kept
    np.testing.assert_allclose(np.stack(list(made.score([first, other]))), np.stack(expected), atol=1e-6)
    np.testing.assert_allclose(np.stack(list(made.score(nameless))), np.stack(expected), atol=1e-6)


def test_in_bf16_scores_are_those_of_autocast(root: Path, tmp_path: Path) -> None:
    for name in ("clip", "x-clip"):
        made = dual_encoder.make(training_inputs(tmp_path / name, name, root, learns="none", precision="bfloat16"))
        assert isinstance(made, dual_encoder.DualEncoderRecognizer)
        clip = still()
        pixels = made.loaded.pixels
        video = pixels.normalise(pixels.tensor(clip.frames))[None]
        with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
            expected = made.network(video).softmax(-1)[0].numpy()
        np.testing.assert_allclose(next(iter(made.score([clip]))), expected, atol=1e-6)
        kept = {weight.dtype for weight in made.network.parameters()}
        assert kept == {torch.float32}, "what is saved stays float32"
        assert torch.bfloat16 in {weight.dtype for weight in made.frame_encoder.backbone.parameters()}
