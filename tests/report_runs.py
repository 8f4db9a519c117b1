"""Runs with made-up scores, measured by the real thing, for the tests of the report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from actscribe.annotations.interval import Interval
from actscribe.data.clips import Clip, Window, cut, targets
from actscribe.data.recording import Recording
from actscribe.evaluation.result import Evaluation, measure
from actscribe.indicator_settings import Indicator
from actscribe.labels import Label, LabelSet
from actscribe.report.page import write_report
from actscribe.run_folder.run import OperatingPoint, Run, RunInfo
from actscribe.run_folder.scored_clips import ScoredClips, time_scores
from actscribe.settings.study import Study, Windows
from actscribe.timeline.segments import LabelOperatingPoint, TimelineSettings, build

EVIL = '<script>alert(1)</script> & "ü"'
NAMES = ("Baby visible", "Ventilation", "Stimulation", EVIL)


@dataclass(frozen=True)
class Made:
    """A run and what was measured on its test split."""

    run: Run
    result: Evaluation
    scored: ScoredClips


def written(made: Made, frames: bool = False) -> str:
    """Return the text of the report of a run."""
    return write_report(made.run, made.result, made.scored, frames).read_text(encoding="utf-8")


def multi_label(
    folder: Path,
    *,
    names: tuple[str, ...] = NAMES,
    recordings: int = 6,
    groups: int = 6,
    duration: float = 120.0,
    bouts: int = 5,
    seed: int = 0,
    notes: tuple[str, ...] = (),
    indicators: tuple[Indicator, ...] = (),
) -> Made:
    """Return a run with timelines: three-second windows, scores that follow the truth with noise."""
    rng = np.random.default_rng(seed)
    labels = LabelSet(name="made up", labels=tuple(Label(name=name) for name in names), indicators=indicators)
    windows = Windows()
    made = []
    for index in range(recordings):
        for split in ("train", "validation", "test"):
            gaps = (Interval("", duration * 0.45, duration * 0.5),) if index == 0 else ()
            made.append(
                Recording(
                    f"{split}-{index:02d}",
                    folder / f"{split}-{index:02d}.mp4",
                    duration,
                    f"{index:02d}{split}".ljust(32, "0"),
                    f"{split} group {index % groups}",
                    split,
                    _bouts(names, duration, bouts, rng),
                    gaps,
                )
            )
    test = [recording for recording in made if recording.split == "test"]
    clips = [clip for recording in test for clip in cut(recording, labels, Window(windows.length, windows.stride))]
    scores = _follow(np.nan_to_num(np.array([clip.fractions for clip in clips])), rng)
    scored = ScoredClips(clips, [np.linspace(clip.start + 0.2, clip.end - 0.2, 4) for clip in clips], scores)
    operating_point = LabelOperatingPoint(on=0.55, off=0.4, smoothing=0.5, min_duration=0.5)
    settings = TimelineSettings(
        operating_points=dict.fromkeys(names, operating_point),
        notes={names[1]: "chosen on only 3 validation bouts: take it as a first guess"},
    )
    run = _run(folder, "made-up study", labels, windows, tuple(made), settings, notes)
    timelines = {name: tuple(build(s, settings, labels)) for name, s in time_scores(scored, test, 0.1).items()}
    return Made(run, _measure(run, labels, clips, scores, test, timelines), scored)


def by_hand(
    folder: Path,
    annotated: tuple[Interval, ...],
    predicted: tuple[Interval, ...],
    *,
    gaps: tuple[Interval, ...] = (),
    duration: float = 100.0,
    names: tuple[str, ...] = ("Walking", "Sitting"),
) -> Made:
    """Return a run of one test recording with this annotation and timeline; a clip's score is what it covers."""
    labels = LabelSet(name="by hand", labels=tuple(Label(name=name) for name in names))
    windows = Windows(length=10.0, stride=10.0)
    one = Recording("only", folder / "only.mp4", duration, "0" * 32, "someone", "test", annotated, gaps)
    clips = cut(one, labels, Window(10.0, 10.0))
    decided = cut(Recording("only", one.video, duration, "", "", "", predicted), labels, Window(10.0, 10.0))
    scores = np.array([clip.fractions for clip in decided])
    scored = ScoredClips(clips, [np.array([clip.start + 1.0]) for clip in clips], scores)
    run = _run(folder, "study by hand", labels, windows, (one,), TimelineSettings(), ())
    return Made(run, _measure(run, labels, clips, scores, [one], {"only": predicted}), scored)


def multi_class(folder: Path, *, classes: int = 5, recordings: int = 60, groups: int = 10, seed: int = 0) -> Made:
    """Return a run on trimmed videos, each one clip of one class."""
    rng = np.random.default_rng(seed)
    names = (*(f"class {index}" for index in range(classes - 1)), EVIL)
    labels = LabelSet(name="made up", task="multi-class", labels=tuple(Label(name=name) for name in names))
    windows = Windows(length=None)
    made = []
    for index in range(3 * recordings):
        split = ("train", "validation", "test")[index // recordings]
        own = Interval(names[int(rng.integers(classes))], 0.0, 4.0)
        path = folder / f"{index:04d}.mp4"
        made.append(Recording(f"{index:04d}", path, 4.0, f"{index:032d}", f"{split}-{index % groups}", split, (own,)))
    test = [recording for recording in made if recording.split == "test"]
    clips = [clip for recording in test for clip in cut(recording, labels, Window(None))]
    raw = np.array([clip.fractions for clip in clips]) * 2.5 + rng.normal(size=(len(clips), classes))
    scores = np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True)
    scored = ScoredClips(clips, [np.array([0.5, 1.5, 2.5, 3.5]) for _ in clips], scores)
    run = _run(folder, "trimmed study", labels, windows, tuple(made), TimelineSettings(), ())
    return Made(run, _measure(run, labels, clips, scores, test, {}), scored)


def _run(
    folder: Path,
    name: str,
    labels: LabelSet,
    windows: Windows,
    recordings: tuple[Recording, ...],
    settings: TimelineSettings,
    notes: tuple[str, ...],
) -> Run:
    study = Study(name=name, recordings="manifest.csv", labels=labels, windows=windows, seed=7)
    facts = RunInfo(
        status="complete",
        name="timesformer",
        recognizer="timesformer",
        settings={"model": "embedded", "epochs": 12},
        seed=7,
        study=name,
        task_seconds={"train": 431.2, "validate": 12.9, "evaluate test": 14.1},
        versions={"python": "3.12.1", "torch": "2.14.0"},
        machine="made-up processor, 2 cores, Linux",
        notes=list(notes),
        reads={"test": 1},
    )
    run = Run.create(folder / "run", study, labels, recordings, facts)
    run.save_operating_point(OperatingPoint(thresholds=dict.fromkeys(labels.names, 0.5), timeline=settings))
    return run


def _measure(
    run: Run,
    labels: LabelSet,
    clips: list[Clip],
    scores: np.ndarray,
    test: list[Recording],
    timelines: dict[str, tuple[Interval, ...]],
) -> Evaluation:
    priors = np.nan_to_num(np.nanmean(targets(clips, labels.task), axis=0))
    thresholds = np.full(len(labels), 0.5)
    return measure("test", labels, clips, scores, thresholds, 0.5, test, timelines, priors)


def _bouts(names: tuple[str, ...], duration: float, bouts: int, rng: np.random.Generator) -> tuple[Interval, ...]:
    """Return `bouts` disjoint intervals of every label."""
    intervals = []
    for name in names:
        edges = np.sort(rng.uniform(0, duration, 2 * bouts)).round(2)
        intervals += [Interval(name, float(a), float(b)) for a, b in edges.reshape(-1, 2) if b - a > 0.2]
    return tuple(sorted(intervals, key=lambda interval: (interval.start, interval.end, interval.label)))


def _follow(fractions: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return scores in [0, 1] that follow covered fractions; labels further right are harder."""
    noise = rng.normal(size=fractions.shape) * np.linspace(0.5, 2.2, fractions.shape[1])
    return 1 / (1 + np.exp(-(5 * (fractions - 0.5) + noise)))
