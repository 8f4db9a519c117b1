"""Notes of `check`: where annotations break the label set's rules, in seconds counted by hand."""

from __future__ import annotations

from pathlib import Path

from actscribe.annotations.interval import Interval
from actscribe.data.loading import StudyData
from actscribe.data.recording import Recording
from actscribe.data.summary import summarise
from actscribe.labels import load_label_set
from actscribe.settings.study import Study

LABELS = load_label_set("newborn_resuscitation")


def notes(*intervals: tuple[str, float, float]) -> list[str]:
    shown = tuple(Interval(*one) for one in sorted(intervals, key=lambda one: one[1]))
    recording = Recording("film", Path("film.mp4"), 60.0, "content", "team", "train", shown)
    study = Study(name="rules", recordings="none", labels=LABELS)
    return [note for note in summarise(study, StudyData(LABELS, (recording,), {})).notes if note.startswith("film")]


def test_broken_rules_are_told_in_seconds() -> None:
    sentences = notes(
        ("Baby visible", 10.0, 30.0),
        ("Ventilation", 8.0, 12.0),
        ("Ventilation", 20.0, 31.5),
        ("Suction", 21.0, 22.0),
        ("Suction", 31.0, 33.0),
    )
    assert sentences == [
        "film: Suction and Ventilation exclude each other, yet share 1.5 s.",
        "film: Ventilation requires Baby visible, yet is without it for 3.5 s.",
        "film: Suction requires Baby visible, yet is without it for 2.0 s.",
    ]


def test_annotations_that_keep_the_rules_are_not_mentioned() -> None:
    assert notes(("Baby visible", 10.0, 30.0), ("Ventilation", 10.0, 20.0), ("Suction", 20.0, 30.0)) == []
