"""Recordings and label sets for the tests of timelines and of their evaluation."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from actscribe.annotations.interval import Interval
from actscribe.data.recording import Recording
from actscribe.labels import LabelSet
from actscribe.timeline.scores import TimeScores, step_edges

Spans = Iterable[tuple[str, float, float]]


def recording(spans: Spans, duration: float = 100.0, gaps: Spans = (), name: str = "r") -> Recording:
    return Recording(name, Path("r.mp4"), duration, name, name, intervals=intervals(spans), gaps=intervals(gaps))


def intervals(spans: Spans) -> tuple[Interval, ...]:
    return tuple(Interval(label, start, end) for label, start, end in spans)


def label_set(*names: str, task: str = "multi-label", **rules: object) -> LabelSet:
    return LabelSet.model_validate({"name": "test", "task": task, "labels": names, "rules": rules})


def time_scores(scores: object, step: float = 1.0, duration: float | None = None) -> TimeScores:
    """Time scores as they stand, rows of one score per label (or a flat list for one label)."""
    values = np.array(scores, dtype=float)
    values = values[:, None] if values.ndim == 1 else values
    duration = len(values) * step if duration is None else duration
    edges = step_edges(duration, step)
    return TimeScores((edges[:-1] + edges[1:]) / 2, values, step, np.isfinite(values).any(axis=1), duration)


def frames(spans: Iterable[tuple[float, float]], count: int) -> np.ndarray:
    """One bool per second: whether a span with whole seconds covers it."""
    covered = np.zeros(count, dtype=bool)
    for start, end in spans:
        covered[int(start) : int(end)] = True
    return covered


#: Some intervals on whole seconds within a minute, possibly overlapping: (label, start, end).
whole_second_spans = st.lists(
    st.tuples(st.sampled_from("ABC"), st.integers(0, 58), st.integers(1, 12)).map(
        lambda t: (t[0], float(t[1]), float(min(t[1] + t[2], 60)))
    ),
    max_size=12,
)
