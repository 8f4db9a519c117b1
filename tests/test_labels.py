"""Labels, presets and the messages of study files."""

from __future__ import annotations

from pathlib import Path

import pytest

from actscribe.errors import ActScribeError
from actscribe.labels import LabelSet, load_label_set, presets
from actscribe.settings.study import load_study


def test_the_resuscitation_preset_is_that_of_paper_1() -> None:
    labels = load_label_set("newborn_resuscitation")
    assert labels.names == ("Baby visible", "Ventilation", "Stimulation", "Suction")
    assert labels.task == "multi-label"
    assert labels.resolve("CPAP") == labels.resolve("ppv ") == "Ventilation"
    assert labels.resolve("Stimulation trunk") == labels.resolve("Stimulation back/nates") == "Stimulation"
    assert labels.resolve("Stimulation extremities") is None
    assert labels.is_ignored("Stimulation extremities")
    assert labels.rules.excludes == (("Suction", "Ventilation"),)
    assert all(labels.rules.requires[name] == ("Baby visible",) for name in labels.names[1:])


def test_the_fall_preset_folds_four_spellings_into_one() -> None:
    labels = load_label_set("falls_at_home")
    spellings = ("Falling (FW)", "Fall (FW)", "Falling (BW)", "Falling (SW)")
    assert {labels.resolve(spelling) for spelling in spellings} == {"Falling"}


@pytest.mark.parametrize("name", presets())
def test_every_preset_loads_and_asks_a_question_per_label(name: str) -> None:
    labels = load_label_set(name)
    assert all(label.yes_no_question().endswith("?") and label.described() for label in labels.labels)


def test_unknown_names_are_counted_and_ignored_ones_are_not() -> None:
    labels = load_label_set("newborn_resuscitation")
    names = ["PPV", "Supction", "Supction", "Stimulation extremities", "Cough"]
    assert labels.unknown(names) == {"Cough": 1, "Supction": 2}


def test_one_spelling_cannot_stand_for_two_labels() -> None:
    with pytest.raises(ValueError, match="PPV"):
        LabelSet.model_validate({"name": "x", "labels": [{"name": "A", "aliases": ["PPV"]}, "PPV"]})


def test_rules_name_labels_of_the_set() -> None:
    with pytest.raises(ValueError, match="Did you mean 'Suction'"):
        LabelSet.model_validate({"name": "x", "labels": ["Suction"], "rules": {"requires": {"Sucton": []}}})


def test_an_unknown_preset_is_answered_with_the_closest() -> None:
    with pytest.raises(ActScribeError, match="newborn_resuscitation"):
        load_label_set("newborn_resusitation")


def study(folder: Path, text: str) -> Path:
    (folder / "study.yaml").write_text(text)
    return folder / "study.yaml"


GOOD = "name: s\nrecordings: manifest.csv\nlabels: newborn_resuscitation\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOD + "windows:\n  lenght: 3\n", r"study\.yaml:5: unknown key 'lenght'. Did you mean 'length'"),
        (GOOD + "windows:\n  length: -3\n", r"study\.yaml:5: windows\.length: .*found -3"),
        (GOOD + "window: {length: 3}\n", r"study\.yaml:4: unknown key 'window'. Did you mean 'windows'"),
        ("name: s\nrecordings: m.csv\n", r"'labels' is missing"),
        (GOOD + "seed: [1\n", r"study\.yaml:\d+: not valid YAML"),
        ("- a\n- b\n", "expected 'key: value' lines, found list"),
        (
            GOOD + "split: {train: 0.9, validation: 0.2, test: 0.2}\n",
            r"study\.yaml:4: .*must sum to 1, found 1.3 \(0.9 \+ 0.2 \+ 0.2\);.*write all three",
        ),
        (GOOD + "windows: {length: 1, stride: 2}\n", "stride 2.0 s leaves gaps between windows of 1.0 s"),
        (GOOD + "recognizers: {timesfomer: {}}\n", r"study\.yaml:4: .*Did you mean 'timesformer'"),
        (
            GOOD + "recognizers:\n  timesformer: {epoch: 3}\n",
            "timesformer has no setting 'epoch'. Did you mean 'epochs'",
        ),
        (GOOD + "recognizers:\n  timesformer: {epochs: 0}\n", "timesformer.epochs: .*found 0"),
    ],
)
def test_a_malformed_study_is_answered_with_its_line_and_the_word_meant(
    tmp_path: Path, text: str, expected: str
) -> None:
    with pytest.raises(ActScribeError, match=expected):
        load_study(study(tmp_path, text))


def test_a_label_set_can_stand_in_the_study_itself(tmp_path: Path) -> None:
    text = "name: s\nrecordings: m.csv\nlabels:\n  name: own\n  labels: [Run, {name: Jump, aliases: [hop]}]\n"
    labels = load_study(study(tmp_path, text)).label_set()
    assert labels.names == ("Run", "Jump")
    assert labels.resolve("HOP") == "Jump"


def test_no_study_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ActScribeError, match="actscribe new"):
        load_study(tmp_path)
