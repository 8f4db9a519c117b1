"""Several recognizers on the same clips, and what they have in common.

A recognizer may have been trained with several seeds. Its number is then the mean over them, its interval says how far
that mean would move with other groups and other trainings, and `seed_sd` how far it moves from seed to seed (ours).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from actscribe.columns import Column
from actscribe.data.clips import Clip
from actscribe.data.recording import Recording
from actscribe.evaluation.agreement import four_counts
from actscribe.evaluation.baselines import majority_answers
from actscribe.evaluation.intervals import Groups, group_units, label_counts
from actscribe.evaluation.result import Evaluation
from actscribe.labels import LabelSet

SYSTEM = Column("system", "recognizer", format="text")


MACRO_F1 = Column(
    "macro_f1",
    "macro F1",
    "mean over labels of F1 (precision and recall in one number), rare ones counting as much as common ones",
    interval=("low", "high"),
    higher_is_better=True,
)


SEEDS = Column("seeds", "seeds", "how often it was trained", "count")
SEED_SD = Column("seed_sd", "± seeds", "standard deviation from training to training", "precise")


@dataclass(frozen=True, slots=True, eq=False)
class System:
    """One recognizer of a comparison.

    Args:
        name: of the recognizer.
        seeds: it was trained with; one where nothing is left to chance.
        runs: measured on test, one per seed.
        validation: targets and scores on validation, shape (clips, labels) each, one pair per seed.
        unread: share of a zero-shot model's answers that could not be read; nan where nothing is written.
    """

    name: str
    seeds: tuple[int, ...]
    runs: tuple[Evaluation, ...]
    validation: tuple[tuple[np.ndarray, np.ndarray], ...]
    unread: float = float("nan")

    def decisions(self) -> np.ndarray:
        """Return the decisions on each clip, bool, shape (clips, seeds, labels)."""
        return np.stack([run.decisions() for run in self.runs], axis=1)

    def counts(self) -> np.ndarray:
        """Return each clip's (tp, fp, fn, tn), shape (clips, seeds, labels, 4)."""
        return np.stack([four_counts(run.targets, run.decisions()) for run in self.runs], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """What all recognizers of a comparison have in common.

    Args:
        labels: the label set.
        clips: in the order of the rows of `targets`, shape (clips, labels), nan not annotated.
        recordings: the annotated ones.
        units, groups: recording and group of each clip.
        grouping: of the clips, for intervals.
        baselines: tables of answers that never look at the video.
        seed: of flips.
    """

    labels: LabelSet
    clips: Sequence[Clip]
    targets: np.ndarray
    recordings: Sequence[Recording]
    units: Sequence[str]
    groups: Sequence[str]
    grouping: Groups
    baselines: Mapping[str, pd.DataFrame]
    seed: int


def share(systems: Sequence[System], priors: np.ndarray, seed: int) -> Shared:
    """Return what the recognizers have in common.

    Args:
        systems: at least one.
        priors: share of positive clips per label in training, shape (labels,).
        seed: of flips.

    Raises:
        ValueError: they were not measured on the same clips and annotations.
    """
    first = systems[0].runs[0]
    for system in systems:
        for run in system.runs:
            if _spans(run) != _spans(first) or not np.array_equal(run.targets, first.targets, equal_nan=True):
                raise ValueError(f"{system.name} was measured on different clips from {systems[0].name}")
    group_of = {recording.name: recording.group for recording in first.recordings}
    units = [clip.recording for clip in first.clips]
    groups = [group_of[unit] for unit in units]
    baselines = dict(first.baselines)
    if first.labels.task == "multi-label":
        baselines["majority"] = majority_answers(first.targets, first.labels.names, priors)
    grouping = group_units(groups)
    return Shared(first.labels, first.clips, first.targets, first.recordings, units, groups, grouping, baselines, seed)


def constant_answers(shared: Shared) -> dict[str, np.ndarray]:
    """Return the answers that are the same for every clip by name, each bool, shape (labels,)."""
    labels = len(shared.labels)
    if shared.labels.task == "multi-class":
        recall = shared.baselines["majority"]["recall"].to_numpy(dtype=float)[:labels]
        return {"majority": np.nan_to_num(recall) > 0}  # nothing, where no clip of this split is of that class
    majority = shared.baselines["majority"]["predicted_rate"].to_numpy(dtype=float)[:labels] > 0
    none = np.zeros(labels, dtype=bool)
    return {"always yes": ~none, "always no": none, "majority": majority}


def constant_counts(shared: Shared, decisions: np.ndarray) -> np.ndarray:
    """Return the counts of an answer that is the same for every clip, shape (clips, 1, labels, 3)."""
    return label_counts(shared.targets, np.broadcast_to(decisions, shared.targets.shape))[:, None]


def group_recordings(shared: Shared) -> Groups:
    """Return the groups of the recordings, in their order."""
    return group_units([recording.group for recording in shared.recordings])


def _spans(run: Evaluation) -> list[tuple[str, float, float]]:
    return [(clip.recording, clip.start, clip.end) for clip in run.clips]
