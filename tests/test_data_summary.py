"""Notes of `check`: where annotations break the label set's rules, in seconds counted by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from actscribe.annotations.interval import Annotations, Interval
from actscribe.data.loading import StudyData
from actscribe.data.recording import Recording
from actscribe.data.summary import summarise
from actscribe.labels import load_label_set
from actscribe.settings.study import Study

LABELS = load_label_set("newborn_resuscitation")
GAP = Interval("", 50.0, 60.0)


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
        "film (1.5 s): Suction and Ventilation exclude each other, yet both are annotated at once.",
        "film (3.5 s): Ventilation requires Baby visible, yet is annotated without it.",
        "film (2.0 s): Suction requires Baby visible, yet is annotated without it.",
    ]


def test_annotations_that_keep_the_rules_are_not_mentioned() -> None:
    assert notes(("Baby visible", 10.0, 30.0), ("Ventilation", 10.0, 20.0), ("Suction", 20.0, 30.0)) == []


def test_a_note_that_fits_many_recordings_is_one_that_lists_the_first() -> None:
    """Eleven recordings: annotated twice with the same intervals, with scores, with gaps, and one rule broken."""
    broken = (Interval("Suction", 10.0, 20.0, score=0.5),)
    every = tuple(
        Recording(f"r{number}", Path("film.mp4"), 60.0, f"c{number}", "team", "train", broken, gaps=(GAP,))
        for number in range(11)
    )
    empty = (
        replace(every[0], name="e0", content="e0", intervals=(), gaps=()),
        replace(every[0], name="e1", content="e1", intervals=(), gaps=()),
    )
    data = StudyData(LABELS, (*every, *empty), {}, second={one.name: Annotations(broken) for one in every})
    study = Study(name="many", recordings="none", labels=LABELS)
    listed = "r0, r1, r2, r3, r4, r5, r6, r7 and 3 more: "
    seconds = ", ".join(f"r{number} (10.0 s)" for number in range(8)) + " and 3 more: "
    about = [note for note in summarise(study, data).notes if note.startswith(("r", "e"))]
    assert about == [
        f"{listed}every interval has a score; were they written by a recognizer?",
        f"{listed}parts are not annotated; clips there have no target.",
        f"{listed}both annotators wrote the very same intervals; is one a copy?",
        f"{seconds}Suction requires Baby visible, yet is annotated without it.",
        "e0, e1: annotated, but without an interval of the study's labels.",
    ]
