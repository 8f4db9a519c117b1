"""Scores over time as a file beside a timeline: one row a step, one column a label."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd

from actscribe.errors import ActScribeError, in_one_line
from actscribe.table_files import write_parquet
from actscribe.timeline.scores import TimeScores

#: After the name of the timeline, without the ending of its format.
ENDING = ".scores.parquet"
START, END, SCORE = "start_s", "end_s", "score: "
_WAY_OUT = (
    "Remove it to draw the timeline without curves, or make it again: actscribe annotate VIDEO --run RUN --scores"
)


def write_scores(path: Path, scores: TimeScores, labels: tuple[str, ...]) -> None:
    """Write one row a step: start_s, end_s in seconds, and `score: LABEL` in [0, 1] per label, empty where unseen.

    Args:
        path: of the file.
        scores: columns in the order of `labels`.
        labels: their names.
    """
    edges = scores.edges
    columns = {f"{SCORE}{name}": scores.scores[:, index] for index, name in enumerate(labels)}
    write_parquet(path, pd.DataFrame({START: edges[:-1], END: edges[1:], **columns}))


def read_scores(path: Path) -> tuple[TimeScores, tuple[str, ...]]:
    """Return what `write_scores` wrote, and the names of the labels.

    Raises:
        ActScribeError: another table, or a damaged one.
    """
    try:
        table = pd.read_parquet(io.BytesIO(path.read_bytes()))  # Arrow opens no name that is not UTF-8
        starts, ends = (table[name].to_numpy(dtype=float) for name in (START, END))
        names = [name for name in table.columns if name.startswith(SCORE)]
        values = table[names].to_numpy(dtype=float)
    except (OSError, ValueError, KeyError) as error:
        raise ActScribeError(f"{path}: not the scores of a timeline ({in_one_line(error)}).", _WAY_OUT) from None
    steps = ends - starts
    sound = len(starts) > 0 and starts[0] == 0 and bool((steps > 0).all()) and np.array_equal(starts[1:], ends[:-1])
    if not sound or not (np.isnan(values) | ((values >= 0) & (values <= 1))).all():
        raise ActScribeError(
            f"{path}: its steps do not follow each other from 0 s, or a score is not in 0 to 1.", _WAY_OUT
        )
    times = (starts + ends) / 2
    scores = TimeScores(times, values, float(steps[0]), np.isfinite(values).any(axis=1), float(ends[-1]))
    return scores, tuple(name.removeprefix(SCORE) for name in names)
