"""Every score of every recognizer, for analyses of one's own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from actscribe.evaluation.comparison.systems import Shared, System


def score_table(systems: Sequence[System], shared: Shared) -> pd.DataFrame:
    """Return one row per recognizer, seed, clip and label.

    Columns: `recognizer`, `seed`, `recording`, `start_s`, `end_s`, `label`, `target` (nan not annotated), `score`,
    `threshold` (nan in a multi-class set), `predicted`.
    """
    clips, labels = len(shared.clips), len(shared.labels)
    tables = []
    for system in systems:
        for seed, run in zip(system.seeds, system.runs, strict=True):
            thresholds = run.thresholds if shared.labels.task == "multi-label" else np.full(labels, np.nan)
            columns = {
                "recognizer": [system.name] * (clips * labels),
                "seed": [seed] * (clips * labels),
                "recording": np.repeat(shared.units, labels),
                "start_s": np.repeat([clip.start for clip in shared.clips], labels),
                "end_s": np.repeat([clip.end for clip in shared.clips], labels),
                "label": np.tile(shared.labels.names, clips),
                "target": run.targets.ravel().astype(float),
                "score": run.scores.ravel(),
                "threshold": np.tile(thresholds, clips),
                "predicted": run.decisions().ravel(),
            }
            tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)
