"""What more training recordings give."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from actscribe.columns import Column, names
from actscribe.evaluation.comparison.systems import MACRO_F1, SEED_SD, SEEDS, SYSTEM, Shared, System
from actscribe.evaluation.intervals import estimate
from actscribe.evaluation.significance import difference, macro

#: What more recordings give.
CURVE_COLUMNS = (
    SYSTEM,
    Column("recordings", "recordings", "that it was trained on", "count"),
    SEEDS,
    MACRO_F1,
    SEED_SD,
    Column("gain", "gain", "change in macro F1 since the number before", "change", interval=("gain_low", "gain_high")),
)


def curve_table(points: Sequence[tuple[int, System]], shared: Shared) -> pd.DataFrame:
    """Return macro F1 by number of training recordings.

    Columns: `system`, `recordings`, `seeds`, `macro_f1`, `low`, `high`, `seed_sd`, as in `headline_table`; `gain`,
    `gain_low`, `gain_high`: change since the number before, on the same clips; nan for the first.

    Args:
        points: number of training recordings, and the recognizer that was trained on them; of each recognizer in order.
        shared: of the comparison.
    """
    rows = []
    before: tuple[str, np.ndarray] | None = None
    for number, system in points:
        counts = system.counts()[..., :3]
        estimated = estimate(macro, counts, shared.grouping)
        by_seed = macro(counts.sum(axis=0))
        spread = float(by_seed.std(ddof=1)) if len(by_seed) > 1 else float("nan")
        gain = [float("nan")] * 3
        if before is not None and before[0] == system.name:
            change = difference(before[1], counts, shared.grouping)
            gain = [float(change.value), float(change.low), float(change.high)]
        before = (system.name, counts)
        ends = (float(estimated.low), float(estimated.high))
        rows.append((system.name, number, len(by_seed), float(estimated.value), *ends, spread, *gain))
    return pd.DataFrame(rows, columns=names(CURVE_COLUMNS))
