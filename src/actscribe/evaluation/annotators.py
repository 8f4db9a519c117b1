"""Two annotators: how far they agree beyond chance, and beside it how far each recognizer agrees with either.

Of recordings that two people annotated, the first one's intervals are what everything else is measured against; the
second one's say how much two people agree on the same material, which no recognizer can be asked to exceed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np
import pandas as pd

from actscribe.annotations.interval import Annotations
from actscribe.columns import Column
from actscribe.data.clips import Clip, Window, annotated_by, cut, targets
from actscribe.data.recording import Recording
from actscribe.evaluation.agreement import class_kappa, four_counts, kappa, raw_agreement, where_varied
from actscribe.evaluation.comparison.systems import Shared, System
from actscribe.evaluation.intervals import Groups, estimate, group_units, mean_of_known
from actscribe.evaluation.measures import KAPPA, LABEL
from actscribe.labels import LabelSet

#: How the two are called in tables.
FIRST, SECOND = "annotator", "second annotator"


#: The table of annotators and recognizers, as a page shows it.
ANNOTATOR_COLUMNS = (
    Column("system", "who", format="text"),
    Column("against", "against", format="text"),
    LABEL,
    replace(KAPPA, interval=("low", "high")),
    Column("alike", "alike", "share of the clips that both call the same", "percent", higher_is_better=True),
    Column("clips", "clips", "that both annotators annotated", "count"),
)


def between(
    recordings: Sequence[Recording],
    second: Mapping[str, Annotations],
    labels: LabelSet,
    window: Window,
    coverage: float,
) -> pd.DataFrame:
    """Return how far two annotators agree on clips.

    Columns: `label` (and `all`: of classes all at once, of labels the mean, for kappa over those that the first one
    marks neither in all clips nor in none), `recordings`, `clips` that both annotated, `alike`: share of those on which
    they say the same, `kappa`.

    Args:
        recordings: of a study.
        second: recording -> the second annotator's.
        labels: the label set.
        window: how recordings are cut.
        coverage: share of a clip that a label must cover to be present.
    """
    both = [r for r in recordings if r.intervals is not None and r.name in second]
    clips = [clip for recording in both for clip in cut(recording, labels, window)]
    first, other = targets(clips, labels.task, coverage), _second_targets(clips, second, labels, coverage)
    pooled = four_counts(np.where(np.isnan(other), np.nan, first.reshape(other.shape)), other > 0).sum(axis=0)
    values, alike = _with_all(pooled, labels.task)
    counted = pooled.sum(axis=-1)
    return pd.DataFrame(
        {
            "label": [*labels.names, "all"],
            "recordings": len(both),
            "clips": [*counted.astype(int), int(counted.max(initial=0))],
            "alike": alike,
            "kappa": values,
        }
    )


def annotator_table(
    systems: Sequence[System], shared: Shared, second: Mapping[str, Annotations], coverage: float
) -> pd.DataFrame | None:
    """Return kappa of the second annotator and of each recognizer; None where no test recording has two annotations.

    All rows are of the same clips: those that both annotators annotated.

    Columns: `system` (or SECOND), `against` (FIRST or SECOND), `label` (and `all`: as in `between`), `kappa`, `low`,
    `high`, `alike`: share of clips called the same, `clips`. Means over seeds; intervals as in
    `comparison.headline_table`.

    Args:
        systems: at least one.
        shared: what they have in common.
        second: recording -> the second annotator's.
        coverage: share of a clip that a label must cover to be present.
    """
    rows = [index for index, unit in enumerate(shared.units) if unit in second]
    if not rows:
        return None
    clips = [shared.clips[index] for index in rows]
    first, other = shared.targets[rows], _second_targets(clips, second, shared.labels, coverage)
    groups = group_units([shared.groups[i] for i in rows])
    unknown = np.isnan(first) | np.isnan(other)
    sides = {FIRST: np.where(unknown, np.nan, first), SECOND: np.where(unknown, np.nan, other)}
    decisions = {SECOND: (other > 0)[:, None], **{system.name: system.decisions()[rows] for system in systems}}
    tables = []
    for name, side in [(SECOND, FIRST), *((system.name, side) for side in sides for system in systems)]:
        table = _agreement(sides[side], decisions[name], groups, shared.labels)
        table.insert(0, "against", side)
        table.insert(0, "system", name)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _agreement(truth: np.ndarray, decisions: np.ndarray, groups: Groups, labels: LabelSet) -> pd.DataFrame:
    """Return a row per label and `all` for decisions of shape (clips, seeds, labels)."""
    counts = np.stack([four_counts(truth, decisions[:, seed]) for seed in range(decisions.shape[1])], axis=1)
    alike = mean_of_known(_with_all(counts.sum(axis=0), labels.task)[1], axis=-2)
    showing = np.append(groups.showing(counts[..., :3]), groups.count)
    estimated = estimate(lambda pooled: _with_all(pooled, labels.task)[0], counts, groups, "signed", showing)
    known = counts[:, 0].sum(axis=(0, 2)).astype(int)
    names = [*labels.names, "all"]
    columns = {
        "label": names,
        "kappa": estimated.value,
        "low": estimated.low,
        "high": np.minimum(estimated.high, 1),
        "alike": alike,
    }
    return pd.DataFrame({**columns, "clips": [*known, known.max()]})


def _second_targets(
    clips: Sequence[Clip], second: Mapping[str, Annotations], labels: LabelSet, coverage: float
) -> np.ndarray:
    """Return the second annotator's targets, shape (clips, labels), nan not annotated."""
    second_clips: list[Clip] = []
    for name, own in groupby(clips, key=lambda clip: clip.recording):
        second_clips += annotated_by(list(own), second[name], labels)
    return targets(second_clips, labels.task, coverage).reshape(len(second_clips), len(labels))


def _with_all(pooled: np.ndarray, task: str) -> tuple[np.ndarray, np.ndarray]:
    """Return kappa and raw agreement with that of all behind: (..., labels, 4) to (..., labels + 1), twice."""
    by_label, alike = kappa(pooled), raw_agreement(pooled)
    if task == "multi-class":
        clips = pooled.sum(axis=-1).max(axis=-1, initial=0.0)
        hits = pooled[..., 0].sum(axis=-1)
        whole = class_kappa(pooled), np.divide(hits, clips, out=np.full(clips.shape, np.nan), where=clips > 0)
    else:
        whole = mean_of_known(where_varied(by_label, pooled)), mean_of_known(alike)
    by_label, alike = (
        np.concatenate([own, one[..., None]], axis=-1) for own, one in zip((by_label, alike), whole, strict=True)
    )
    return by_label, alike
