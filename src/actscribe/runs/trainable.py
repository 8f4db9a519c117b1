"""What a recognizer needs of a study to be trained on it: clips in its splits, and steps that processes can share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from actscribe.counts import counted
from actscribe.data.empty_splits import nobody_annotated
from actscribe.data.loading import StudyData
from actscribe.data.manifest import SPLITS
from actscribe.errors import ActScribeError
from actscribe.processes import count
from actscribe.runs.training_clips import clips_of, targets_of
from actscribe.settings.study import Study
from actscribe.settings.training import Training

#: What to type where a split is empty.
_WAY_OUT = {
    "train": "Give train annotated recordings: name their files in the manifest's column 'annotations', or annotate"
    " them with `actscribe review`.",
    "validation": (
        "Give validation annotated recordings and a share under 'split:' in the study file, or write 'keep: last' into"
        " the recognizer's settings: every epoch is trained then, and all thresholds stay at 0.5."
    ),
}


def check_targets(study: Study, data: StudyData, needed: Sequence[str] = ("train", "validation")) -> list[str]:
    """Return notes on labels without a positive clip in a split.

    Args:
        study: whose clips they are.
        data: of the study.
        needed: splits that must have a clip.

    Raises:
        ActScribeError: there is such a label, and the study does not allow it, or a needed split is empty.
    """
    problems, causes = [], defaultdict[str, list[str]](list)
    for split in SPLITS:
        clips = clips_of(data, study, split)
        if not clips:
            if split in needed:
                raise ActScribeError(f"{nobody_annotated(split)}.", _WAY_OUT.get(split, ""))
            continue
        truth = targets_of(clips, study, data.labels)
        empty = [name for name, count in zip(data.labels.names, np.nansum(truth, axis=0), strict=True) if not count]
        if empty:
            problems.append(f"no clip of {split} shows: {', '.join(empty)}")
        for name in empty:
            seconds = _bouts(data, split, name)
            if seconds and study.windows.length is not None:
                causes[_why_empty(study, data, max(seconds))].append(
                    f"{name} ({counted(len(seconds), 'bout')} in {split}, {_lengths(seconds)})"
                )
    reasons = [why.format(", ".join(bouts)) for why, bouts in causes.items()]
    if problems and study.empty_labels == "error":
        raise ActScribeError(
            " ".join([f"Some labels cannot be learned or judged: {'; '.join(problems)}.", *reasons]),
            "Add recordings, change the split or the label set, or set 'empty_labels: allow' in the study file.",
        )
    return [*problems, *reasons]


def _bouts(data: StudyData, split: str, label: str) -> list[float]:
    """Return the seconds of each bout of a label that is annotated in a split."""
    own = [one for recording in data.of_split(split) for one in recording.intervals or () if one.label == label]
    return [one.duration for one in own if one.duration > 0]


def _lengths(seconds: list[float]) -> str:
    return f"{seconds[0]:.1f} s" if len(seconds) == 1 else f"the longest {max(seconds):.1f} s"


def _why_empty(study: Study, data: StudyData, longest: float) -> str:
    """Return why no clip shows a label that is annotated, and what would change that; bouts are to be put in."""
    length, threshold = float(study.windows.length or 0), study.windows.threshold
    if data.labels.task == "multi-class":
        return "In each clip another label covers as much or more: {}."
    part = "half" if threshold == 0.5 else f"{threshold:.0%}"
    why = (
        f"All shorter than {part} of the window ({length:g} s)"
        if longest < threshold * length
        else f"No clip of {length:g} s is covered to {part} by"
    )
    return f"{why}: {{}}. A shorter 'windows: length' or a lower 'threshold' counts them."


def check_shares(study: Study, recognizer: str) -> None:
    """Prove that several processes can share the clips of an optimiser step evenly, as one process would take them.

    Raises:
        ActScribeError: they cannot; another number of clips would be another training.
    """
    settings = study.chosen(recognizer).settings
    if count() == 1 or not isinstance(settings, Training) or not study.chosen(recognizer).trains:
        return
    passes = settings.gradient_accumulation_steps
    clips, parts = min(settings.batch_size, settings.clips_per_epoch or settings.batch_size), count() * passes
    if clips % parts:
        raise ActScribeError(
            f"{recognizer}: {count()} processes cannot share the {counted(clips, 'clip')} of an optimiser step evenly"
            f"{f' in {passes} passes each' if passes > 1 else ''}.",
            f"Set 'batch_size' to a multiple of {parts}, or start another number of processes.",
        )


def needed(study: Study, recognizer: str) -> tuple[str, ...]:
    """Return the splits that a recognizer cannot do without."""
    chosen = study.chosen(recognizer)
    return chosen.spec.splits(chosen.settings)
