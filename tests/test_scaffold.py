"""A new study folder: what `actscribe new` writes loads again, whatever the folder is called."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from actscribe.errors import ActScribeError
from actscribe.labels import load_label_set, presets
from actscribe.settings.registry import BUILT_IN
from actscribe.settings.scaffold import scaffold
from actscribe.settings.study import Study, Windows, load_study


@pytest.mark.parametrize("preset", presets())
def test_a_new_study_loads_with_the_labels_of_its_preset(tmp_path: Path, preset: str) -> None:
    made = scaffold(tmp_path / "study", preset)
    assert sorted(path.name for path in made) == ["labels.yaml", "manifest.csv", "study.yaml"]
    study = load_study(tmp_path / "study")
    assert study.label_set() == load_label_set(preset)
    assert study.recordings == "manifest.csv"
    assert (tmp_path / "study" / "manifest.csv").read_text() == "video,annotations,group,split\n"


def test_what_the_template_says_is_what_holds_without_it(tmp_path: Path) -> None:
    scaffold(tmp_path / "study", "newborn_resuscitation")
    study = load_study(tmp_path / "study")
    plain = Study(name="x", recordings="y", labels="z")
    assert study.windows == plain.windows == Windows()
    assert (study.split, study.seed, study.empty_labels) == (plain.split, plain.seed, plain.empty_labels)
    assert all(name in (tmp_path / "study" / "study.yaml").read_text() for name in presets())


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_registry_knows_the_model_that_settings_name(name: str) -> None:
    settings = BUILT_IN[name].settings()
    assert BUILT_IN[name].model(settings) == settings.model_dump().get("model", "")


@pytest.mark.parametrize("installed", [True, False])
def test_the_encoder_that_has_seen_photographs_comes_first_where_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installed: bool
) -> None:
    monkeypatch.setattr("actscribe.settings.scaffold.missing", lambda modules: [] if installed else list(modules))
    scaffold(tmp_path, "newborn_resuscitation")
    text = (tmp_path / "study.yaml").read_text(encoding="utf-8")
    drafted, other = ("probe", "timesformer") if installed else ("timesformer", "probe")
    assert list(load_study(tmp_path).recognizers) == [drafted]
    assert ("pip install 'actscribe[imagenet]'" in text) != installed
    sections = text.partition("recognizers:\n")
    sign = re.compile(r"^# (?=( *)(\w+:|#))", re.MULTILINE)  # takes away the signs, as the comment tells to
    (tmp_path / "study.yaml").write_text("".join([*sections[:2], sign.sub("  ", sections[2])]), encoding="utf-8")
    assert set(load_study(tmp_path).recognizers) == {drafted, other}


@pytest.mark.parametrize(
    "name",
    [
        "2024",
        "a: b",
        "no",
        "null",
        "#1",
        'it\'s "quoted"',
        "[x",
        "Größe",
        "1e3",
        "{}",
        "del\x7fx",
        "a\u2028b",
        "a\x85b",
    ],
)
def test_any_folder_name_becomes_the_studys_name(tmp_path: Path, name: str) -> None:
    scaffold(tmp_path / name, "newborn_resuscitation")
    assert load_study(tmp_path / name).name == name


def test_a_label_file_is_copied_with_its_comments(tmp_path: Path) -> None:
    source = tmp_path / "mine.yaml"
    source.write_text("# ours\nname: mine\nlabels: [A, B]\n")
    scaffold(tmp_path / "study", str(source))
    assert (tmp_path / "study" / "labels.yaml").read_bytes() == source.read_bytes()
    assert load_study(tmp_path / "study").label_set().names == ("A", "B")


@pytest.mark.parametrize("present", ["study.yaml", "manifest.csv", "labels.yaml"])
def test_nothing_that_is_there_is_touched(tmp_path: Path, present: str) -> None:
    (tmp_path / present).write_text("mine")
    with pytest.raises(ActScribeError, match=f"{present} exists already; nothing was changed"):
        scaffold(tmp_path, "newborn_resuscitation")
    assert [path.name for path in tmp_path.iterdir()] == [present]
    assert (tmp_path / present).read_text() == "mine"


def test_a_broken_label_file_makes_no_folder(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({"name": "mine", "labels": []}))
    with pytest.raises(ActScribeError, match=r"mine\.yaml:1"):
        scaffold(tmp_path / "study", str(tmp_path / "mine.yaml"))
    assert not (tmp_path / "study").exists()
