"""Columns and events that indicators count from: what the study lacks or spells differently is said when it is read."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from short_studies import BOTH, actscribe
from small_studies import LEFT, RIGHT, film, interval_text, write_manifest, write_study

#: Counts from two columns of the manifest and from a point event.
LABELS = {
    "name": "lamps",
    "labels": [LEFT, RIGHT],
    "events": ["Switch", "Door"],
    "indicators": [
        {"name": "after birth", "measure": "latency", "of": LEFT, "after": {"manifest": "birth_s"}},
        {"name": "after arrival", "measure": "latency", "of": LEFT, "after": {"manifest": "arrival_s"}},
        {"name": "after the switch", "measure": "latency", "of": LEFT, "after": {"event": "Switch"}},
    ],
}


def checked(folder: Path, **moments: str) -> str:
    """Check a study of one video, whose manifest has these columns besides."""
    film(folder / "r0.mp4", BOTH, 3.0)
    interval_text(folder / "r0.txt", BOTH)
    write_manifest(folder, [{"video": "r0.mp4", "annotations": "r0.txt", "group": "p", "split": "train", **moments}])
    write_study(folder, labels=LABELS)
    return " ".join(actscribe("check", folder).split())


def test_what_indicators_count_from_and_the_study_lacks_is_noted(tmp_path: Path) -> None:
    text = checked(tmp_path, arrival_s="0:01")
    assert "Note: no row of the manifest has 'birth_s', so there is nothing to be said of 'after birth'." in text
    assert "Note: no annotation has the event 'Switch', so there is nothing to be said of 'after the switch'." in text
    assert "'arrival_s'" not in text
    assert "'Door'" not in text  # nothing counts from it


@pytest.mark.parametrize("column", ["births", "brith_s", "Birth s"])
def test_a_column_that_is_spelled_differently_is_a_warning(tmp_path: Path, column: str) -> None:
    text = checked(tmp_path, **{column: "-3", "arrival_s": "1"})
    words = "indicators count from the column 'birth_s', which the manifest does not have."
    assert f"Warning: {words} Did you mean '{column}'?" in text
    labels, manifest = tmp_path / "lamps.yaml", tmp_path / "manifest.csv"
    write_labels(labels)
    again = actscribe("indicators", tmp_path / "r0.txt", "--labels", labels, "--manifest", manifest)
    assert f"Note: {words} Did you mean '{column}'?" in " ".join(again.split())


def write_labels(path: Path) -> None:
    """Write the label set as a file of its own."""
    path.write_text(yaml.safe_dump(LABELS), encoding="utf-8")


def test_folders_below_that_hold_annotations_are_named(tmp_path: Path) -> None:
    for folder in ("ward 1", "ward2/night"):
        (tmp_path / folder).mkdir(parents=True)
        interval_text(tmp_path / folder / "r0.txt", BOTH)
    write_labels(tmp_path / "lamps.yaml")
    text = actscribe("indicators", tmp_path, "--labels", tmp_path / "lamps.yaml", code=2)
    hint = f"Name the folders below it that have some: '{tmp_path / 'ward 1'}' {tmp_path / 'ward2' / 'night'}"
    assert hint in " ".join(text.split())
