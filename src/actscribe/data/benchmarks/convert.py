"""From a benchmark set to what every recognizer is trained and evaluated on, and the table of what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from actscribe.annotations.interval import Interval
from actscribe.data.benchmarks.base import Benchmark, BenchmarkClip, Missing
from actscribe.data.benchmarks.few_shot import ClipSplit
from actscribe.data.loading import StudyData
from actscribe.data.manifest import SPLITS
from actscribe.data.recording import Recording
from actscribe.errors import ActScribeError
from actscribe.files import content_hash
from actscribe.labels import Label, LabelSet
from actscribe.names import unique_names
from actscribe.progress import track
from actscribe.settings.study import Study, Windows
from actscribe.video.probe import probe


def label_set(benchmark: Benchmark) -> LabelSet:
    """Return the classes as a multi-class label set, in the order of their ids; the prompt is the phrase."""
    labels = tuple(Label(name=one.name, phrase=one.prompt) for one in benchmark.classes)
    return LabelSet(name=benchmark.name, task="multi-class", labels=labels)


def study_of(
    benchmark: Benchmark, recognizers: Mapping[str, Mapping[str, Any]], frames: int, seed: int, name: str = ""
) -> Study:
    """Return a study of trimmed videos: `runs.train.train(study, recognizer, out, data=study_data(...))`.

    Args:
        benchmark: whose classes are the labels.
        recognizers: name -> settings, as in a study file.
        frames: of a clip.
        seed: of training.
        name: of the study; default the set's.
    """
    return Study(
        name=name or benchmark.name,
        recordings="",
        labels=label_set(benchmark),
        windows=Windows(length=None, frames=frames, square_pixels=benchmark.mode != "as_published"),
        seed=seed,
        recognizers={one: dict(settings) for one, settings in recognizers.items()},
    )


class Probes:
    """What was found out about videos, each read once, for several splits of one set."""

    def __init__(self) -> None:
        self._probed: dict[Path, tuple[float, str] | ActScribeError] = {}

    def of(self, video: Path) -> tuple[float, str]:
        """Return a video's duration in seconds and its content digest.

        Raises:
            ActScribeError: it cannot be read.
        """
        if video not in self._probed:
            try:
                self._probed[video] = probe(video).duration, content_hash(video)
            except ActScribeError as error:
                self._probed[video] = error
        probed = self._probed[video]
        if isinstance(probed, ActScribeError):
            raise probed
        return probed

    def reads(self, clip: BenchmarkClip) -> bool:
        """Tell whether a clip's video can be read."""
        try:
            self.of(clip.video)
        except ActScribeError:
            return False
        return True

    def unreadable(self, clips: Iterable[BenchmarkClip]) -> tuple[Missing, ...]:
        """Return those of `clips` whose video was tried and cannot be read, with what the reader says."""
        tried = ((clip, self._probed.get(clip.video)) for clip in clips)
        return tuple(
            Missing(clip.name, clip.class_id, clip.split, probed.message)
            for clip, probed in tried
            if isinstance(probed, ActScribeError)
        )


def study_data(benchmark: Benchmark, split: ClipSplit, probes: Probes | None = None) -> StudyData:
    """Probe the clips of a split and return them as recordings with one interval each, without those nobody can read.

    Args:
        benchmark: whose classes are the labels.
        split: of its clips.
        probes: of earlier splits of the set, so that no video is read twice; they tell afterwards what is unreadable.

    Raises:
        ActScribeError: not one clip of a part can be read.
    """
    probes = probes or Probes()
    recordings: list[Recording] = []
    parts = {"train": split.train, "validation": split.validation, "test": split.test}
    names = _recording_names([clip for clips in parts.values() for clip in clips])
    listed = [(part, clip) for part, clips in parts.items() for clip in clips]
    for part, clip in track(listed, f"Reading clips of {benchmark.name}"):
        if not probes.reads(clip):
            continue
        duration, content = probes.of(clip.video)
        whole = (Interval(benchmark.classes[clip.class_id].name, 0.0, duration),)
        recordings.append(Recording(names[clip.name], clip.video, duration, content, clip.group, part, whole))
    for part, clips in parts.items():
        if clips and not any(recording.split == part for recording in recordings):
            why = probes.unreadable(clips)[0].reason
            raise ActScribeError(f"none of the {len(clips)} {part} clips of {benchmark.name} can be read.", why)
    return StudyData(label_set(benchmark), tuple(recordings), {})


def lacking(benchmark: Benchmark, unreadable: Sequence[Missing]) -> Benchmark:
    """Return the set with clips that are here and cannot be read among the missing ones, for the two tables."""
    names = {lost.name for lost in unreadable}
    clips = tuple(clip for clip in benchmark.clips if clip.name not in names)
    return replace(benchmark, clips=clips, missing=(*benchmark.missing, *unreadable))


def availability(benchmark: Benchmark) -> pd.DataFrame:
    """Return one row a split: clips that the lists name (`expected`), that are here (`found`), that are `missing`.

    Column `classes_without` counts classes of which the split has no clip here. See `lacking` for unreadable clips.
    """
    rows = []
    for split in SPLITS:
        clips = benchmark.of_split(split)
        missing = sum(lost.split == split for lost in benchmark.missing)
        if clips or missing:
            without = len(benchmark.classes) - len({clip.class_id for clip in clips})
            rows.append((split, len(clips) + missing, len(clips), missing, without))
    return pd.DataFrame(rows, columns=["split", "expected", "found", "missing", "classes_without"])


def missing_table(benchmark: Benchmark) -> pd.DataFrame:
    """Return one row a missing clip: clip, class, split, reason."""
    classes = [one.name for one in benchmark.classes]
    rows = [
        (lost.name, "" if lost.class_id is None else classes[lost.class_id], lost.split, lost.reason)
        for lost in benchmark.missing
    ]
    return pd.DataFrame(rows, columns=["clip", "class", "split", "reason"])


def _recording_names(clips: Sequence[BenchmarkClip]) -> dict[str, str]:
    """Return clip name -> a unique recording name: the file's stem, with its folders where stems repeat."""
    distinct = list(dict.fromkeys(clip.name for clip in clips))
    return dict(zip(distinct, unique_names([name.split("/") for name in distinct]), strict=True))
