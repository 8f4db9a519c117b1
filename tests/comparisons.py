"""Comparisons with made-up scores in real run folders, so that tables and report are made without any training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from systems import MULTI_LABEL, NAMES, Field, field

from actscribe.compare.cost import Cost
from actscribe.compare.plan import Part
from actscribe.data.recording import Recording
from actscribe.labels import LabelSet
from actscribe.run_folder.comparison import Listed, Provenance
from actscribe.run_folder.run import OperatingPoint, Run, RunInfo
from actscribe.run_folder.scored_clips import ScoredClips
from actscribe.settings.study import Study, Windows
from actscribe.stored_path import StoredPath
from actscribe.timeline.segments import LabelOperatingPoint, TimelineSettings

#: Recognizer -> how well its scores follow the truth.
SKILLS = {"timesformer": 0.55, "vlm-yesno": 0.1, "vlm-lora": 0.75}
ZERO_SHOT = ("vlm-yesno",)


def made_up(
    folder: Path,
    count: int = 8,
    seeds: int = 2,
    curve: tuple[int, ...] = (2,),
    labels: LabelSet = MULTI_LABEL,
    shown: bool = True,
) -> Provenance:
    """Write the runs and the provenance of a comparison into `folder`; without `shown` test shows no activity."""
    length = 3.0 if labels.task == "multi-label" else None
    windows = Windows(length=length, stride=1.5 if length else 1.0)
    study = Study(
        name="made up",
        recordings="manifest.csv",
        labels=labels,
        windows=windows,
        seed=3,
        recognizers={name: {} for name in SKILLS},
        folder=folder,
    )
    splits = {split: _field(split, count, labels, seed) for seed, split in enumerate(("test", "validation", "train"))}
    if not shown:
        splits["test"] = _without_activity(splits["test"])
    recordings = tuple(recording for one in splits.values() for recording in one.recordings)
    provenance = Provenance(
        status="complete",
        study=study,
        folder=StoredPath.of(folder, folder),
        recognizers=list(SKILLS),
        seeds=seeds,
        curve=list(curve),
        recordings=[
            Listed(name=r.name, content=r.content, annotations="", group=r.group, split=r.split) for r in recordings
        ],
        columns={"site": {r.name: "north" if index % 3 else "south" for index, r in enumerate(recordings)}},
        versions={"python": "3.12.1", "torch": "2.14.0"},
        machine="made-up processor, 2 cores, Linux",
    )
    for name, skill in SKILLS.items():
        for seed in range(3, 3 + (1 if name in ZERO_SHOT else seeds)):
            for number in (None,) if name in ZERO_SHOT else (None, *curve):
                part = Part(name, seed, number)
                _run(folder / part.subfolder, study, recordings, splits, part, skill if number is None else skill / 2)
                provenance.runs[part.subfolder] = StoredPath.of(folder / part.subfolder, folder)
    provenance.write(folder)
    return provenance


def _field(split: str, count: int, labels: LabelSet, seed: int) -> Field:
    made = field(count, labels, seed=seed)
    recordings: list[Recording] = [
        replace(r, name=f"{split}-{r.name}", group=f"{split}-{r.group}", split=split) for r in made.recordings
    ]
    clips = [replace(clip, recording=f"{split}-{clip.recording}") for clip in made.clips]
    return Field(labels, tuple(recordings), clips, made.truth)


def _without_activity(one: Field) -> Field:
    recordings = tuple(replace(recording, intervals=(), gaps=()) for recording in one.recordings)
    clips = [replace(clip, fractions=(0.0,) * len(one.labels)) for clip in one.clips]
    return Field(one.labels, recordings, clips, np.zeros(one.truth.shape))


def _run(
    folder: Path, study: Study, recordings: tuple[Recording, ...], splits: dict[str, Field], part: Part, skill: float
) -> None:
    own = study.model_copy(update={"seed": part.seed})
    facts = RunInfo(
        status="complete",
        name=part.recognizer,
        recognizer=part.recognizer,
        settings={} if part.recognizer in ZERO_SHOT else {"epochs": 3},
        seed=part.seed,
        study=study.name,
        task_seconds={"train": 75.0, "validate": 4.0, "evaluate test": 5.0},
        versions={"python": "3.12.1", "torch": "2.14.0"},
        machine="made-up processor",
        reads={"test": 1},
    )
    labels = study.label_set()
    run = Run.create(folder, own, labels, recordings, facts)
    operating_point = LabelOperatingPoint(on=0.5, off=0.45, smoothing=0.5)
    settings = TimelineSettings(operating_points=dict.fromkeys(NAMES, operating_point))
    run.save_operating_point(OperatingPoint(thresholds=dict.fromkeys(NAMES, 0.5), timeline=settings))
    rng = np.random.default_rng([part.seed, len(part.recognizer), part.recordings or 0])
    for split in ("test", "validation"):
        one = splits[split]
        scores = np.clip(skill * one.truth + (1 - skill) * rng.random(one.truth.shape), 0.001, 0.999)
        if labels.task == "multi-class":
            scores = scores / scores.sum(axis=1, keepdims=True)
        times = [np.array([clip.start + 0.5, clip.end - 0.5]) for clip in one.clips]
        run.save_scores(split, ScoredClips(one.clips, times, scores))
    run.save_info()
    if part.recordings is None:
        slow = 10.0 ** (len(part.recognizer) - 9)
        cost = Cost(
            parameters=2_000_000, trainable_parameters=0, memory_mb=912.5, seconds_per_minute=slow, train_s=75.0
        )
        (folder / "cost.json").write_text(cost.model_dump_json())
