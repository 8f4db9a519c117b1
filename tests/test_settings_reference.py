"""The settings reference says what the settings classes do: every key, its default, and the values that are taken."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, ValidationError
from small_studies import write_study
from typer.testing import CliRunner

from actscribe import load_study
from actscribe.cli import app
from actscribe.errors import ActScribeError
from actscribe.settings import pages
from actscribe.settings.recognizers.dual_encoder import ClipSettings
from actscribe.settings.reference import REQUIRED, Setting, by_effect, own_first, own_settings, settings_of
from actscribe.settings.registry import BUILT_IN
from actscribe.settings.study import Split, Study, Windows
from actscribe.settings.training import Training

#: Outside of a printed bound, as near as matters.
OUTSIDE = {"above": 0.0, "at least": -0.001, "at most": 0.001, "below": 0.0}
MODELS: dict[str, type[BaseModel]] = {
    **{name: spec.settings for name, spec in BUILT_IN.items()},
    "windows": Windows,
    "split": Split,
}
NUMBERS = [
    pytest.param(model, one, id=f"{name}.{one.name}")
    for name, model in MODELS.items()
    for one in settings_of(model)
    if re.search(r"number, (at|above|below)", one.range) and not one.range.startswith("list")
]
CHOICES = [
    pytest.param(model, one, id=f"{name}.{one.name}")
    for name, model in MODELS.items()
    for one in own_settings(model)
    if not re.match(r"(list|whole|number|text|true|keys)", one.range)
]


def nested(name: str, value: object) -> dict[str, Any]:
    """Return the mapping that gives the key `a.b` a value."""
    first, _, rest = name.partition(".")
    return {first: nested(rest, value) if rest else value}


def refusal(model: type[BaseModel], name: str, value: object) -> list[str]:
    """Return the keys that a value of one key is refused at."""
    try:
        model.model_validate(nested(name, value))
    except ValidationError as error:
        return [".".join(map(str, one["loc"])) for one in error.errors()]
    return []


@pytest.mark.parametrize(("model", "one"), NUMBERS)
def test_a_number_outside_the_range_printed_is_refused(model: type[BaseModel], one: Setting) -> None:
    bounds = re.findall(r"(above|at least|at most|below) (-?[\d.e-]+)", one.range)
    assert bounds
    for word, number in bounds:
        whole = "whole" in one.range
        step = OUTSIDE[word] * 1000 if whole else OUTSIDE[word]
        outside = int(float(number) + step) if whole else float(number) + step
        assert one.name in refusal(model, one.name, outside), (word, outside)
    assert one.name in refusal(model, one.name, "a word")
    if "whole" in one.range:
        assert one.name in refusal(model, one.name, 1.5)
    if "null" not in one.range:
        assert one.name in refusal(model, one.name, None)


@pytest.mark.parametrize(("model", "one"), CHOICES)
def test_a_word_that_is_not_printed_is_refused(model: type[BaseModel], one: Setting) -> None:
    assert one.name in refusal(model, one.name, "neither")
    for word in re.split(r", or | or |, ", one.range):
        assert one.name not in refusal(model, one.name, yaml.safe_load(word) if one.range != "none or null" else word)


@pytest.mark.parametrize("name", [*BUILT_IN, "study", "labels"])
def test_every_key_has_a_meaning_and_its_default(name: str) -> None:
    model = pages.model_of(name)
    settings = settings_of(model)
    assert [one.name for one in settings if not one.meaning or not one.range] == []
    assert {one.name.partition(".")[0].removesuffix("[]") for one in settings} == {
        key for key, field in model.model_fields.items() if not field.exclude
    }
    assert sorted(own_first(model), key=lambda one: one.name) == sorted(settings, key=lambda one: one.name)


@pytest.mark.parametrize("name", BUILT_IN)
def test_defaults_are_those_of_the_class_as_yaml_reads_them(name: str) -> None:
    plain = BUILT_IN[name].settings().model_dump(mode="json")
    for one in settings_of(BUILT_IN[name].settings):
        if "." in one.name or one.default == "the defaults within":
            continue
        assert one.default != REQUIRED
        read = yaml.load(one.default, yaml.SafeLoader)
        assert (float(read) if isinstance(plain[one.name], float) else read) == plain[one.name], one.name


def test_what_is_read_off_by_hand() -> None:
    settings = {one.name: one for one in settings_of(Study)}
    assert settings["windows.length"] == Setting(
        "windows.length",
        "how long a clip is; null makes the whole video one clip (trimmed data sets).",
        "3.0",
        "s",
        "number, above 0, or null",
    )
    assert (settings["name"].default, settings["name"].range) == (REQUIRED, "text, not empty")
    assert "folder" not in settings
    trained = {one.name: one for one in settings_of(Training)}
    assert trained["betas"].range == "list of 2 numbers, each at least 0, below 1"
    assert trained["augmentation.scales"].range == "list of numbers, each above 0, at most 1"
    assert trained["clips_per_epoch"].range == "whole number, at least 1, or null"
    assert own_settings(ClipSettings) == []


def test_one_page_holds_every_recognizer_and_what_each_has_of_its_own() -> None:
    sections = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", pages.markdown(), re.DOTALL | re.MULTILINE))
    assert {"Study", "Labels", "Shared by every trained recognizer", *BUILT_IN} <= sections.keys()
    for name, spec in BUILT_IN.items():
        assert [one.name for one in own_settings(spec.settings) if f"| `{one.name}` |" not in sections[name]] == []


class Bare(BaseModel):
    """Counts colours.

    Args:
        bins: of each channel.
    """

    bins: int = 8


def test_a_recognizer_whose_settings_are_like_no_other_is_summed_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = replace(BUILT_IN["clip"], settings=Bare)
    monkeypatch.setattr(pages, "BUILT_IN", BUILT_IN | {"bare": spec})
    assert pages.markdown().count("Counts colours.") == 1


@pytest.mark.parametrize("name", [*BUILT_IN, "study", "labels"])
def test_a_terminal_of_80_columns_shows_it_whole(name: str) -> None:
    done = CliRunner().invoke(app, ["settings", name])
    assert done.exit_code == 0
    lines = done.output.splitlines()
    assert max(map(len, lines)) <= 80
    model = pages.model_of(name)
    acting = [one for when, group in by_effect(model, settings_of(model)).items() if when is not None for one in group]
    assert {one.name for one in acting} <= set(lines)


def test_an_unknown_page_is_guessed() -> None:
    with pytest.raises(ActScribeError, match=r"(?s)called 'timesforme'.*Did you mean 'timesformer'"):
        pages.text("timesforme")


def test_each_wrong_setting_is_told_at_its_own_line(tmp_path: Path) -> None:
    write_study(tmp_path)
    study = tmp_path / "study.yaml"
    plain = yaml.safe_load(study.read_text())
    plain.pop("recognizers", None)
    text = yaml.safe_dump(plain)
    first = len(text.splitlines()) + 1
    study.write_text(
        text
        + "recognizers:\n  timesformer:\n    epochs: 3\n    epoch: 4\n"
        + "    augmentation:\n      hue: 0.7\n      jiter: 1\n"
        + "  clip:\n    template: hello {nme}\n    checkpoint: x\n  vlm-lists: {}\n  vlm-lora: 3\n"
    )
    with pytest.raises(ActScribeError) as caught:
        load_study(tmp_path)
    lines = [line.removeprefix(f"{study}:") for line in caught.value.message.splitlines()]
    expected = {
        3: "timesformer has no setting 'epoch'. Did you mean 'epochs'?",
        5: "timesformer.augmentation.hue: expected a number of at most 0.5 (found 0.7)",
        6: "timesformer has no setting 'augmentation.jiter'. Did you mean 'jitter'?",
        8: "clip.template: expected {name} in it, where the label's words go",
        9: "clip has no setting 'checkpoint'.",
        10: "no recognizer is called 'vlm-lists'. Did you mean 'vlm-list'?",
        11: "vlm-lora: expected 'setting: value' lines (found 3)",
    }
    assert len(lines) == len(expected)
    for line, (offset, words) in zip(lines, expected.items(), strict=True):
        assert line.startswith(f"{first + offset}: {words}"), line


@pytest.mark.parametrize("name", BUILT_IN)
def test_what_acts_stands_before_what_acts_with_another_setting_alone(name: str) -> None:
    model = BUILT_IN[name].settings
    text = pages.text(name)
    first = re.findall(r"^(\w+)$", text, re.MULTILINE)[0]
    assert first == "model" or "model" not in model.model_fields
    for setting in settings_of(model):
        assert re.search(rf"(?<![\w.]){re.escape(setting.name)}(?!\.?\w)", text), setting.name
    assert not re.search(r"Default: (\S+); \1\.", text)
    for key in re.findall(r"^(\S+)\n(?:    .*\n)*    .*keys as below", text, re.MULTILINE):
        assert f"\n{key}." in text or f"\n{key}[]." in text


def test_settings_of_another_head_stand_under_the_heading_that_names_it() -> None:
    before, heading, after = pages.text("probe").partition("\nWith `head: attentive` alone:\n")
    assert heading
    assert all(f"\n{key}\n" in before for key in ("model", "head", "pooling", "inverse_strength"))
    assert all(f"\n{key}\n" in after and f"\n{key}\n" not in before for key in ("epochs", "dropout", "betas"))
    assert "Cannot be changed here: temporal_jitter: 1, augment: false, flip: false." in after
    assert "No effect here: learning_rate, augmentation." in " ".join(after.split())
