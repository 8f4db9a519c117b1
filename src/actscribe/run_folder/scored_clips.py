"""The clips of a split with what a recognizer saw and said of them: what a run keeps, and its scores over time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from actscribe.data.clips import Clip
from actscribe.data.recording import Recording
from actscribe.labels import LabelSet
from actscribe.timeline.scores import TimeScores, merge_windows


class ScoredClips:
    """Clips with the frames that were seen and the scores they got.

    Args:
        clips: in the order of the rows.
        times: presentation times of the frames taken, seconds; one array a clip.
        scores: shape (clips, labels), in [0, 1].
    """

    def __init__(self, clips: list[Clip], times: list[np.ndarray], scores: np.ndarray) -> None:
        self.clips, self.times, self.scores = clips, times, scores

    def table(self, labels: LabelSet) -> pd.DataFrame:
        """Return one row a clip: recording, start_s, end_s, frame_times_s, `fraction: L` and `score: L` per label."""
        columns: dict[str, Any] = {
            "recording": [clip.recording for clip in self.clips],
            "start_s": [clip.start for clip in self.clips],
            "end_s": [clip.end for clip in self.clips],
            "frame_times_s": [list(map(float, times)) for times in self.times],
        }
        fractions = np.array([clip.fractions or (np.nan,) * len(labels) for clip in self.clips], dtype=np.float64)
        fractions = fractions.reshape(len(self.clips), len(labels))
        for place, name in enumerate(labels.names):
            columns[f"fraction: {name}"] = fractions[:, place]
            columns[f"score: {name}"] = self.scores[:, place].astype(np.float64)
        return pd.DataFrame(columns)

    @classmethod
    def from_table(cls, table: pd.DataFrame, labels: LabelSet) -> ScoredClips:
        """Return what `table` holds."""
        fractions = table[[f"fraction: {name}" for name in labels.names]].to_numpy()
        clips = [
            Clip(row.recording, float(row.start_s), float(row.end_s), tuple(map(float, fractions[place])))
            for place, row in enumerate(table.itertuples())
        ]
        times = [np.asarray(values, dtype=float) for values in table["frame_times_s"]]
        scores = table[[f"score: {name}" for name in labels.names]].to_numpy(dtype=np.float64)
        return cls(clips, times, scores)


def time_scores(scored: ScoredClips, recordings: Sequence[Recording], step: float) -> dict[str, TimeScores]:
    """Return each recording's scores over time, averaged over its overlapping windows."""
    rows_of = defaultdict(list)
    for row, clip in enumerate(scored.clips):
        rows_of[clip.recording].append(row)
    merged = {}
    for recording in recordings:
        rows = rows_of[recording.name]
        starts = np.array([scored.clips[row].start for row in rows])
        ends = np.array([scored.clips[row].end for row in rows])
        merged[recording.name] = merge_windows(starts, ends, scored.scores[rows], recording.duration, step)
    return merged
