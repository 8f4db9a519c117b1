"""The clips of a split with what a recognizer saw and said of them: what a run keeps, and its scores over time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from actscribe.data.clips import Clip
from actscribe.data.recording import Recording
from actscribe.labels import LabelSet
from actscribe.timeline.scores import StepScores, TimeScores, merge_windows, on_grid

#: Columns of a table that holds scores of steps, too.
STEP, STEP_TIMES, STEP_SCORES = "step_s", "step_times_s", "step_scores: "


class ScoredClips:
    """Clips with the frames that were seen and the scores they got.

    Args:
        clips: in the order of the rows; of each recording in order of time where there are `steps`.
        times: presentation times of the frames taken, seconds; one array a clip.
        scores: shape (clips, labels), in [0, 1].
        steps: by recording, where it was scored as a whole, step by step; its timeline is made from these.
    """

    def __init__(
        self,
        clips: list[Clip],
        times: list[np.ndarray],
        scores: np.ndarray,
        steps: Mapping[str, StepScores] | None = None,
    ) -> None:
        self.clips, self.times, self.scores, self.steps = clips, times, scores, dict(steps or {})

    def table(self, labels: LabelSet) -> pd.DataFrame:
        """Return one row a clip: recording, start_s, end_s, frame_times_s, `fraction: L` and `score: L` per label.

        Where recordings were scored step by step, a row also has those from its clip's start to the next one's:
        step_s, step_times_s and `step_scores: L` per label.
        """
        columns: dict[str, Any] = {
            "recording": [clip.recording for clip in self.clips],
            "start_s": [clip.start for clip in self.clips],
            "end_s": [clip.end for clip in self.clips],
            "frame_times_s": [list(map(float, times)) for times in self.times],
        }
        fractions = np.array([clip.fractions or (np.nan,) * len(labels) for clip in self.clips], dtype=np.float64)
        fractions = fractions.reshape(len(self.clips), len(labels))
        for index, name in enumerate(labels.names):
            columns[f"fraction: {name}"] = fractions[:, index]
            columns[f"score: {name}"] = self.scores[:, index].astype(np.float64)
        return pd.DataFrame(columns | self._step_columns(labels))

    def _step_columns(self, labels: LabelSet) -> dict[str, Any]:
        if not self.steps:
            return {}
        parts = {row: part for rows in self.rows().values() for row, part in self._parts(rows)}
        own = [(self.steps[clip.recording], parts[row]) for row, clip in enumerate(self.clips)]
        columns: dict[str, Any] = {
            STEP: [one.step for one, _ in own],
            STEP_TIMES: [one.times[part].tolist() for one, part in own],
        }
        for index, name in enumerate(labels.names):
            columns[f"{STEP_SCORES}{name}"] = [one.scores[part, index].tolist() for one, part in own]
        return columns

    def _parts(self, rows: Sequence[int]) -> Iterator[tuple[int, slice]]:
        """Yield each row of a recording with its steps: those from its clip's start to the next one's."""
        times = self.steps[self.clips[rows[0]].recording].times
        first = [0, *np.searchsorted(times, [self.clips[row].start for row in rows[1:]]).tolist()]
        for row, start, end in zip(rows, first, [*first[1:], len(times)], strict=True):
            yield row, slice(start, end)

    def rows(self) -> dict[str, list[int]]:
        """Return the rows of each recording."""
        rows_of = defaultdict(list)
        for row, clip in enumerate(self.clips):
            rows_of[clip.recording].append(row)
        return rows_of

    @classmethod
    def from_table(cls, table: pd.DataFrame, labels: LabelSet) -> ScoredClips:
        """Return what `table` holds."""
        fractions = table[[f"fraction: {name}" for name in labels.names]].to_numpy()
        clips = [
            Clip(row.recording, float(row.start_s), float(row.end_s), tuple(map(float, fractions[index])))
            for index, row in enumerate(table.itertuples())
        ]
        times = [np.asarray(values, dtype=float) for values in table["frame_times_s"]]
        scores = table[[f"score: {name}" for name in labels.names]].to_numpy(dtype=np.float64)
        return cls(clips, times, scores, _steps(table, labels) if STEP in table else None)


def time_scores(scored: ScoredClips, recordings: Sequence[Recording], step: float) -> dict[str, TimeScores]:
    """Return each recording's scores over time: those of its steps, or averaged over its overlapping windows."""
    rows_of = scored.rows()
    merged = {}
    for recording in recordings:
        if recording.name in scored.steps:
            merged[recording.name] = on_grid(scored.steps[recording.name], recording.duration, step)
            continue
        rows = rows_of[recording.name]
        starts = np.array([scored.clips[row].start for row in rows])
        ends = np.array([scored.clips[row].end for row in rows])
        merged[recording.name] = merge_windows(starts, ends, scored.scores[rows], recording.duration, step)
    return merged


def _steps(table: pd.DataFrame, labels: LabelSet) -> dict[str, StepScores]:
    """Return what `ScoredClips.table` wrote of steps, by recording."""
    by_recording = {}
    for name, rows in table.groupby("recording", sort=False):
        columns = [np.concatenate(list(rows[f"{STEP_SCORES}{label}"])) for label in labels.names]
        times = np.concatenate(list(rows[STEP_TIMES]))
        by_recording[str(name)] = StepScores(times, np.column_stack(columns), float(rows[STEP].iloc[0]))
    return by_recording
