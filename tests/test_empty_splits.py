"""A split that holds nothing: the hint says what to write, and what it says is accepted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from small_studies import WINDOWS, lamp_study

from actscribe.compare.compare import compare
from actscribe.data.empty_splits import way_to_fill
from actscribe.data.loading import StudyData, load_data
from actscribe.errors import ActScribeError
from actscribe.settings.study import Study, load_study


def made(folder: Path, recordings: int, **split: Any) -> Study:
    return load_study(lamp_study(folder, recordings, 16.0, windows=WINDOWS, empty_labels="allow", split=split))


def follow_hint(study: Study, hint: str) -> StudyData:
    """Load a study with the split line that a hint says."""
    line = hint[hint.index("split: {") : hint.index("}") + 1]
    written = yaml.safe_load((study.folder / "study.yaml").read_text(encoding="utf-8")) | yaml.safe_load(line)
    (study.folder / "study.yaml").write_text(yaml.safe_dump(written), encoding="utf-8")
    return load_data(load_study(study.folder))


@pytest.mark.parametrize(
    ("recordings", "split", "lacks", "words"),
    [
        (1, {"train": 1.0, "validation": 0.0, "test": 0.0}, "validation", "within: recordings, gap: 2"),
        (4, {"train": 0.7, "validation": 0.3, "test": 0.0}, "test", "within: recordings, gap: 2"),
        (6, {"train": 0.7, "validation": 0.3, "test": 0.0}, "test", "train: 0.5, validation: 0.3, test: 0.2"),
        (6, {"train": 0.5, "validation": 0.0, "test": 0.5}, "validation", "train: 0.3, validation: 0.2, test: 0.5"),
        (
            1,
            {"train": 0.8, "validation": 0.2, "test": 0.0, "within": "recordings"},
            "test",
            "train: 0.6, validation: 0.2, test: 0.2, within: recordings, gap: 2",
        ),
        (
            1,
            {"train": 0.8, "validation": 0.2, "test": 0.0, "within": "recordings", "gap": 2.5},
            "test",
            "within: recordings, gap: 2.5}. The gap is what is left out between two parts",
        ),
    ],
)
def test_what_compare_says_to_write_fills_every_split(
    tmp_path: Path, recordings: int, split: dict[str, Any], lacks: str, words: str
) -> None:
    study = made(tmp_path, recordings, **split)
    with pytest.raises(ActScribeError, match=f"no annotated recording is in the {lacks} split") as refused:
        compare(study)
    assert words in refused.value.message
    filled = follow_hint(study, refused.value.message)
    assert all(filled.of_split(name) for name in ("train", "validation", "test"))


def test_recordings_that_are_not_annotated_and_an_unused_split_column_are_named(tmp_path: Path) -> None:
    study = made(tmp_path, 6, train=0.5, validation=0.25, test=0.25)
    data = load_data(study)
    bare = [replace(one, intervals=None) for one in data.recordings]
    hint = way_to_fill("test", study, replace(data, recordings=tuple(bare)))
    assert data.of_split("test")[0].name in hint
    assert "must be annotated" in hint
    train = [replace(one, split="train") for one in data.recordings]
    assert "split column" in way_to_fill("test", study, replace(data, recordings=tuple(train)))
