"""Made-up recognizers on the same recordings, measured by the real thing, for the tests of comparisons."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from actscribe.annotations.interval import Interval
from actscribe.data.clips import Clip, Window, cut, targets
from actscribe.data.recording import Recording
from actscribe.evaluation.comparison.systems import System
from actscribe.evaluation.result import Evaluation, measure
from actscribe.labels import Label, LabelSet, Rules
from actscribe.timeline.scores import merge_windows
from actscribe.timeline.segments import LabelOperatingPoint, TimelineSettings, build

NAMES = ("Visible", "Ventilation", "Suction")
MULTI_LABEL = LabelSet(
    name="made up",
    labels=tuple(Label(name=name) for name in NAMES),
    rules=Rules(requires={"Ventilation": ("Visible",)}),
)
MULTI_CLASS = LabelSet(name="classes", task="multi-class", labels=MULTI_LABEL.labels)
PRIORS = np.array([0.6, 0.3, 0.2])


@dataclass(frozen=True)
class Field:
    """Recordings with their clips."""

    labels: LabelSet
    recordings: tuple[Recording, ...]
    clips: list[Clip]
    truth: np.ndarray


def field(count: int = 8, labels: LabelSet = MULTI_LABEL, seed: int = 0, duration: float = 40.0) -> Field:
    """Return recordings of `duration` to `duration` + 12 s, one or two of a group, in 3 s windows or one clip."""
    rng = np.random.default_rng(seed)
    made = []
    for index in range(count):
        long = duration + 6.0 * (index % 3)
        intervals = [Interval(str(rng.choice(NAMES)), 0.0, long)]
        if labels.task == "multi-label":
            intervals = []
            for name in NAMES:
                start = rng.uniform(0, 8)
                while start < long - 3:
                    end = min(start + rng.uniform(3, 12), long)
                    intervals.append(Interval(name, round(start, 1), round(end, 1)))
                    start = end + rng.uniform(2, 9)
        one = Recording(f"r{index}", Path(f"r{index}.mp4"), long, f"{index:032d}", f"g{index * 5 // 8}", "test")
        gaps = (Interval("", 10.0, 14.0),) if index == 0 and labels.task == "multi-label" else ()
        made.append(
            Recording(
                one.name,
                one.video,
                long,
                one.content,
                one.group,
                "test",
                tuple(sorted(intervals, key=lambda one: (one.start, one.label))),
                gaps,
            )
        )
    window = Window(3.0, 1.5) if labels.task == "multi-label" else Window(None)
    clips = [clip for recording in made for clip in cut(recording, labels, window)]
    return Field(labels, tuple(made), clips, np.nan_to_num(np.array([clip.fractions for clip in clips])))


def evaluation(where: Field, skill: float, seed: int) -> Evaluation:
    """Return a measured recognizer whose scores follow the truth with this much skill in [0, 1]."""
    rng = np.random.default_rng(seed)
    scores = np.clip(skill * where.truth + (1 - skill) * rng.random(where.truth.shape), 0.001, 0.999)
    if where.labels.task == "multi-class":
        scores = scores / scores.sum(axis=1, keepdims=True)
    settings = TimelineSettings(
        operating_points=dict.fromkeys(NAMES, LabelOperatingPoint(on=0.5, off=0.45, smoothing=0.5))
    )
    timelines = {}
    if where.labels.task == "multi-label":
        for recording in where.recordings:
            rows = [index for index, clip in enumerate(where.clips) if clip.recording == recording.name]
            edges = [np.array([getattr(where.clips[row], side) for row in rows]) for side in ("start", "end")]
            merged = merge_windows(*edges, scores[rows], recording.duration, 0.1)
            timelines[recording.name] = tuple(build(merged, settings, where.labels))
    thresholds = np.full(len(NAMES), 0.5)
    return measure("test", where.labels, where.clips, scores, thresholds, 0.5, where.recordings, timelines, PRIORS)


def system(where: Field, name: str, skill: float, seeds: tuple[int, ...] = (0,), unread: float = np.nan) -> System:
    """Return a recognizer with one measured run per seed; its validation scores are those of test."""
    runs = tuple(evaluation(where, skill, seed + 1000 * len(name)) for seed in seeds)
    true = targets(where.clips, where.labels.task)
    return System(name, seeds, runs, tuple((true, run.scores) for run in runs), unread)
