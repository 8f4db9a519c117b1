"""Recognizers on parts of the test recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from actscribe.columns import Column, names
from actscribe.evaluation.comparison.systems import MACRO_F1, SYSTEM, Shared, System, constant_answers, constant_counts
from actscribe.evaluation.intervals import estimate, group_units
from actscribe.evaluation.significance import macro

#: Slices by duration: the shortest, middle and longest third of the recordings.
THIRDS = ("shortest third", "middle third", "longest third")
#: Parts of the test set.
SLICE_COLUMNS = (
    Column("slice", "part by", "a column of the manifest, the group, or the length of the recordings", "text"),
    Column("value", "value", format="text"),
    Column("recordings", "recordings", "of the part", "count"),
    Column("clips", "clips", "of the part", "count"),
    SYSTEM,
    MACRO_F1,
)


def slice_table(
    systems: Sequence[System], shared: Shared, columns: Mapping[str, Mapping[str, str]] | None = None
) -> pd.DataFrame:
    """Return macro F1 on parts of the recordings, of recognizers and of answers that are the same for every clip.

    Columns: `slice` ("group", "duration" or a manifest column), `value`; `recordings`, `clips`; `system`, `macro_f1`,
    `low`, `high`. A slice whose recordings all have the same value is left out; so are groups of one recording each.

    Args:
        systems: at least one.
        shared: what they have in common.
        columns: manifest column -> recording -> value.
    """
    slices: dict[str, Mapping[str, str]] = {}
    group_of = {recording.name: recording.group for recording in shared.recordings}
    if len(set(group_of.values())) < len(group_of):  # else they are the recordings once more, as with 'groups: none'
        slices["group"] = group_of
    slices |= {"duration": _thirds(shared), **(columns or {})}
    counts_of = {system.name: system.counts()[..., :3] for system in systems}
    counts_of |= {name: constant_counts(shared, answer) for name, answer in constant_answers(shared).items()}
    rows = []
    for kind, value_of in slices.items():
        held = set(value_of.values())
        values = [third for third in THIRDS if third in held] if kind == "duration" else sorted(held)
        for value in values if len(values) > 1 else ():
            inside = [index for index, unit in enumerate(shared.units) if value_of.get(unit, "") == value]
            groups, units = group_units([shared.groups[i] for i in inside]), {shared.units[i] for i in inside}
            for name, counts in counts_of.items():
                estimated = estimate(macro, counts[inside], groups)
                cells = (float(estimated.value), float(estimated.low), float(estimated.high))
                rows.append((kind, value, len(units), len(inside), name, *cells))
    return pd.DataFrame(rows, columns=names(SLICE_COLUMNS))


def _thirds(shared: Shared) -> dict[str, str]:
    """Return which third by duration each recording belongs to; one value for all that are equally long."""
    durations = {recording.name: recording.duration for recording in shared.recordings}
    edges = np.quantile(list(durations.values()), [1 / 3, 2 / 3])
    return {name: THIRDS[int(np.searchsorted(edges, value - 1e-9))] for name, value in durations.items()}
