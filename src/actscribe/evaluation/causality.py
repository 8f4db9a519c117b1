"""What looking at the past alone costs: recognizers beside those that differ from them in nothing else (ours)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from actscribe.columns import Column, names
from actscribe.evaluation.comparison.systems import Shared, System, group_recordings
from actscribe.evaluation.comparison.timelines import event_sums, ratio_with_mean
from actscribe.evaluation.intervals import Estimate, estimate, with_macro
from actscribe.evaluation.significance import difference
from actscribe.timeline.matching import IOUS, segment_counts

#: What is measured -> how it is called.
MEASURES = {"macro_f1": "macro F1", "f1@50": "segment F1@50", "onset_mae_s": "start off (s)"}
#: The table of what looking at the past alone costs.
CAUSALITY_COLUMNS = (
    Column("system", "recognizer", "that looks at the past alone", "text"),
    Column("against", "against", "the one that looks at what comes, too, and differs in nothing else", "text"),
    Column("measure", "measured", "F1 of clips, F1 of whole bouts, or how far bouts begin from the true ones", "text"),
    Column(
        "difference",
        "difference",
        "of the one that looks at the past alone; below 0, or of seconds above 0, it is worse by that",
        "change",
        interval=("low", "high"),
    ),
)


def causality_table(pairs: Sequence[tuple[System, System]], shared: Shared) -> pd.DataFrame | None:
    """Return what looking at the past alone changes, columns CAUSALITY_COLUMNS; None without such a pair.

    `measure` is one of MEASURES; of trimmed data sets `macro_f1` alone. Means over labels and seeds.

    Args:
        pairs: of recognizers that differ in nothing else, the one that looks at the past alone first.
        shared: what they have in common.
    """
    rows = [
        (alone.name, around.name, measure, float(each.value), float(each.low), float(each.high))
        for alone, around in pairs
        for measure, each in _changes(around, alone, shared)
    ]
    return pd.DataFrame(rows, columns=names(CAUSALITY_COLUMNS)) if rows else None


def _changes(first: System, second: System, shared: Shared) -> Iterator[tuple[str, Estimate]]:
    """Yield how far the second is above the first in each measure; the same groups are left out of both."""
    yield "macro_f1", difference(first.counts()[..., :3], second.counts()[..., :3], shared.grouping)
    if not shared.recordings or not first.runs[0].timelines:
        return
    groups = group_recordings(shared)
    timelines = [[run.timelines for run in system.runs] for system in (first, second)]
    # (recordings, seeds, the two, ...)
    counts = np.stack(
        [np.stack([segment_counts(shared.recordings, each, shared.labels) for each in own], 1) for own in timelines], 2
    )
    of_half = counts[..., IOUS.index(0.5), :].astype(float)
    yield "f1@50", estimate(lambda pooled: np.diff(with_macro(pooled)[..., -1])[..., 0], of_half, groups, "signed")
    sums = np.stack([np.stack([event_sums(each, shared) for each in own], 1) for own in timelines], 2)
    shown = (counts[:, 0, 0, :, 0, 0] + counts[:, 0, 0, :, 0, 2]).sum(axis=0) > 0
    begins = ratio_with_mean(shown)
    yield (
        "onset_mae_s",
        estimate(lambda pooled: np.diff(begins(pooled)[..., -1])[..., 0], sums[..., 1, :], groups, "unbounded"),
    )
