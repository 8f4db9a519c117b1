"""The tables of a behaviour lab: how time was spent (as BORIS's time budget), and what follows what.

Bouts of one label that touch or overlap are one; a gap ends a bout, and no interval between two events reaches over
one. Time out of sight is taken from the time of observation, not from the activities.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from actscribe.columns import Column, names
from actscribe.data import spans as sp
from actscribe.data.clips import SAME_S
from actscribe.evaluation.audit.presence import Observed, presence
from actscribe.labels import LabelSet

BUDGET_COLUMNS = (
    Column("recording", "video", format="text"),
    Column("source", "from", format="text"),
    Column("label", "label", format="text"),
    Column("events", "events", "bouts and point events", "count"),
    Column("total_s", "total s", "seconds that it ran", "number"),
    Column("mean_s", "mean s", "of its bouts' durations", "number"),
    Column("sd_s", "SD s", "of its bouts' durations, by n - 1", "number"),
    Column("interval_mean_s", "mean interval s", "from the end of one to the next start", "number", short="gap s"),
    Column("interval_sd_s", "SD interval s", "by n - 1", "number", short="gap SD"),
    Column("fraction", "of observation", "of the annotated time without that out of sight", "percent", short="share"),
)
TRANSITION_COLUMNS = (
    Column("lag", "lag", "how many events later", "count"),
    Column("given", "given", format="text"),
    Column("target", "target", format="text"),
    Column("count", "count", format="count"),
    Column("probability", "probability", "of the target, this many events after the given one", "number"),
    Column("expected", "expected", "count if neither depended on the other", "number"),
    Column("z", "z", "adjusted residual (Allison and Liker 1982); beyond 1.96 in one of 20 by chance", "number"),
)


def budget(observed: Observed, labels: LabelSet) -> pd.DataFrame:
    """Return a row for each label and event of one video: `BUDGET_COLUMNS` from `label` on.

    Args:
        observed: of the video.
        labels: with what is out of sight.
    """
    hidden = _runs(observed, labels.time_budget.out_of_sight)
    rows = [{"label": name} | _spent(observed, name, hidden) for name in (*labels.names, *labels.events)]
    return pd.DataFrame(rows, columns=names(BUDGET_COLUMNS)[2:])


def sequence(observed: Observed, labels: LabelSet) -> list[list[str]]:
    """Return what began in which order, parts that a gap separates apart: labels and events but what is out of sight.

    What begins at the same moment comes in the order of the label set.

    Args:
        observed: of one video.
        labels: of the study.
    """
    chosen = [name for name in (*labels.names, *labels.events) if name not in labels.time_budget.out_of_sight]
    begun = sorted((start, index) for index, name in enumerate(chosen) for start in _starts(observed, name))
    cuts = np.sort([gap.start for gap in observed.gaps])
    parts: dict[int, list[str]] = {}
    for start, index in begun:
        parts.setdefault(int(np.searchsorted(cuts, start, side="right")), []).append(chosen[index])
    return list(parts.values())


def transitions(sequences: Iterable[Sequence[str]], labels: LabelSet) -> pd.DataFrame:
    """Return what follows what, for each lag up to the label set's: a row for each pair, `TRANSITION_COLUMNS`.

    Expected counts and z take any label to be able to follow any, itself, too.

    Args:
        sequences: parts of videos without a gap; nothing follows over the end of one.
        labels: of the study.
    """
    known = (*labels.names, *labels.events)
    chosen = [name for name in known if name not in labels.time_budget.out_of_sight]
    coded = [np.array([chosen.index(name) for name in one], dtype=int) for one in sequences]
    tables = [_lagged(coded, chosen, lag) for lag in range(1, labels.time_budget.lags + 1)]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=names(TRANSITION_COLUMNS))


def _lagged(coded: Sequence[np.ndarray], chosen: Sequence[str], lag: int) -> pd.DataFrame:
    counts = np.zeros((len(chosen), len(chosen)))
    for one in coded:
        np.add.at(counts, (one[:-lag], one[lag:]), 1)
    given, target, whole = counts.sum(axis=1)[:, None], counts.sum(axis=0)[None], counts.sum()
    expected = _over(given * target, np.full(counts.shape, whole))
    spread = np.sqrt(expected * (1 - _over(given, whole)) * (1 - _over(target, whole)))
    columns = {
        "count": counts.astype(int),
        "probability": _over(counts, np.broadcast_to(given, counts.shape)),
        "expected": expected,
        "z": _over(counts - expected, spread),
    }
    pairs = pd.MultiIndex.from_product([[lag], chosen, chosen], names=["lag", "given", "target"])
    table = pd.DataFrame({name: values.ravel() for name, values in columns.items()}, index=pairs)
    return table.reset_index()


def _over(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    part, whole = np.broadcast_arrays(np.asarray(part, dtype=float), np.asarray(whole, dtype=float))
    return np.asarray(np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0))


def _spent(observed: Observed, name: str, hidden: np.ndarray) -> dict[str, Any]:
    label_presence = presence(observed, (name,))
    known = sp.subtract(sp.whole(observed.duration), label_presence.unknown)
    observed_s = sp.total(sp.subtract(known, hidden))
    lengths = label_presence.present[:, 1] - label_presence.present[:, 0]
    events = [(start, end) for start, end in label_presence.present] + [
        (point, point) for point in label_presence.points
    ]
    between = _between(sorted(events), label_presence.unknown)
    covered = sp.total(label_presence.present)
    return {
        "events": len(events),
        "total_s": covered,
        "mean_s": float(lengths.mean()) if len(lengths) else np.nan,
        "sd_s": float(lengths.std(ddof=1)) if len(lengths) > 1 else np.nan,
        "interval_mean_s": float(between.mean()) if len(between) else np.nan,
        "interval_sd_s": float(between.std(ddof=1)) if len(between) > 1 else np.nan,
        "fraction": covered / observed_s if observed_s > 0 else np.nan,
    }


def _between(events: Sequence[tuple[float, float]], unknown: np.ndarray) -> np.ndarray:
    """Return seconds from each end to the next begin, but for those that a gap lies in."""
    pairs = [(one[1], other[0]) for one, other in pairwise(events)]
    durations = [b - a for a, b in pairs if not ((unknown[:, 0] < b - SAME_S) & (unknown[:, 1] > a + SAME_S)).any()]
    return np.array(durations, dtype=float)


def _runs(observed: Observed, chosen: Sequence[str]) -> np.ndarray:
    return presence(observed, chosen).present if chosen else np.empty((0, 2))


def _starts(observed: Observed, name: str) -> list[float]:
    label_presence = presence(observed, (name,))
    return [*label_presence.present[:, 0].tolist(), *label_presence.points.tolist()]
