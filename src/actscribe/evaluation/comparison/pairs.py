"""Whether two recognizers differ on the same clips, and what this test set could have shown."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from actscribe.columns import Column
from actscribe.evaluation.comparison.systems import Shared, System, constant_answers, constant_counts
from actscribe.evaluation.significance import compare_pair, holm, macro_over_seeds

#: The table of pairs.
PAIR_COLUMNS = (
    Column("second", "recognizer", format="text"),
    Column("first", "against", format="text"),
    Column("difference", "difference", "in macro F1, on the same clips", "change", interval=("low", "high")),
    Column(
        "p",
        "p",
        "permutation test: how often chance alone gives a difference at least as large, found by exchanging the two "
        "recognizers recording by recording (or group by group)",
        "precise",
    ),
    Column(
        "p_holm",
        "corrected p",
        "the p beside it, corrected for testing all pairs (Holm); below 0.05 a difference is usually called clear",
        "precise",
    ),
    Column("detectable", "would show", "smallest true difference that one test shows in four of five such studies"),
)


def pair_table(systems: Sequence[System], shared: Shared) -> pd.DataFrame:
    """Return one row per pair of recognizers, and per recognizer against the best answer that never looks.

    Columns: `first`, `second`; `difference` in macro F1 (second minus first), `low`, `high`; `p` of the permutation
    test, `p_holm` corrected for all rows, `smallest_p` that so few groups allow; `detectable`: the smallest true
    difference that this test set would show in four of five studies.
    """
    counts = {system.name: system.counts()[..., :3] for system in systems}
    name, constant = _best_constant(shared)
    pairs = [(name, system.name) for system in systems] + list(combinations(counts, 2))
    counts = {name: constant, **counts}
    differences = [compare_pair(counts[one], counts[other], shared.grouping, shared.seed) for one, other in pairs]
    corrected = holm([difference.p for difference in differences])
    rows = [
        (*pair, each.value, each.low, each.high, each.p, p, each.smallest_p, each.detectable)
        for pair, each, p in zip(pairs, differences, corrected.tolist(), strict=True)
    ]
    columns = ["first", "second", "difference", "low", "high", "p", "p_holm", "smallest_p", "detectable"]
    return pd.DataFrame(rows, columns=columns)


def _best_constant(shared: Shared) -> tuple[str, np.ndarray]:
    """Return the best of the answers that are the same for every clip, with its counts, shape (clips, 1, labels, 3)."""
    counts = {name: constant_counts(shared, decisions) for name, decisions in constant_answers(shared).items()}
    best = max(counts, key=lambda name: float(np.nan_to_num(macro_over_seeds(counts[name].sum(axis=0)))))
    return best, counts[best]
