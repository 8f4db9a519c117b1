"""Recordings in the report: two lanes of time per label, annotated above predicted, and how well they agree."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from actscribe.data import spans as sp
from actscribe.data.recording import Recording
from actscribe.evaluation.result import Evaluation
from actscribe.report import formatting as w
from actscribe.report import svg
from actscribe.report.review_links import moment
from actscribe.report.table import Table
from actscribe.report.tables import indicator_table
from actscribe.timeline.matching import annotated_spans, label_spans

#: Up to this many recordings all timelines are open; of more, the worst and best few.
MOST_OPEN = 20
FEW = 3
#: Of more recordings than this only the worst and the FEW best are shown at all: the file stays small.
MOST_SHOWN = 100
#: So many bouts, over all recordings, tell their times when hovered; the rest is drawn without words.
MOST_TITLES = 12_000

#: Pixels: the picture, its lanes, and how much time a strip of a long recording shows at least, in seconds.
WIDTH, LEFT, RIGHT = 900.0, 160.0, 26.0
LANE, BETWEEN, ROW = 12.0, 2.0, 36.0
STRIP_S = 1800.0
MOST_STRIPS = 6
#: Seconds between ticks; the first that leaves this many pixels for each.
TICKS = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
TICK_PIXELS = 62.0
#: Pixels; a shorter bout is drawn this wide, a shorter error is not marked.
SHORTEST_BOUT, SHORTEST_ERROR = 1.2, 0.5


@dataclass(frozen=True, slots=True)
class Shown:
    """One recording of the report.

    Args:
        recording: what was annotated.
        agreement: frame F1 over all labels: twice the seconds annotated and predicted alike over all annotated plus
            all predicted seconds; nan where both are empty.
        is_open: shown without a click.
        pictures: strips of the timeline, in order of time.
        indicators: annotated / predicted.
        absent: labels that are neither annotated nor predicted.
        is_titled: whether its bouts tell their times when hovered.
    """

    recording: Recording
    agreement: float
    is_open: bool
    pictures: tuple[Markup, ...]
    indicators: Table
    absent: tuple[str, ...]
    is_titled: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Lanes:
    """The spans of one label in one recording, seconds, each of shape (spans, 2); `scores` of `predicted`."""

    label: str
    true: np.ndarray
    predicted: np.ndarray
    scores: tuple[float | None, ...]
    missed: np.ndarray
    false: np.ndarray
    gaps: np.ndarray


def shown_recordings(result: Evaluation) -> tuple[Shown, ...]:
    """Return the recordings to show: as they come, or, when there are many, by agreement, the worst first."""
    if not result.timelines or result.indicators is None:
        return ()
    agreements = {recording.name: agreement(recording, result) for recording in result.recordings}
    recordings, opened = list(result.recordings), {recording.name for recording in result.recordings}
    if len(recordings) > MOST_OPEN:
        recordings.sort(key=lambda recording: (_or_best(agreements[recording.name]), recording.name))
        if len(recordings) > MOST_SHOWN:
            recordings = recordings[: MOST_SHOWN - FEW] + recordings[-FEW:]
        opened = {recording.name for recording in (*recordings[:FEW], *recordings[-FEW:])}
    by_recording = dict(list(result.indicators.groupby("recording", sort=False)))
    shown, titles = [], MOST_TITLES
    for recording in recordings:
        lanes = [_lanes(recording, result, name) for name in result.labels.names]
        present = [lane for lane in lanes if len(lane.true) or len(lane.predicted)]
        titles -= sum(len(lane.true) + len(lane.predicted) for lane in present)
        shown.append(
            Shown(
                recording,
                agreements[recording.name],
                recording.name in opened,
                tuple(_strip(recording, present, a, b, titles >= 0) for a, b in _strips(recording.duration)),
                indicator_table(by_recording[recording.name]),
                tuple(lane.label for lane in lanes if lane not in present),
                titles >= 0,
            )
        )
    return tuple(shown)


def agreement(recording: Recording, result: Evaluation) -> float:
    """Return the frame F1 of one recording over all labels, see `Shown`."""
    both = either = 0.0
    for name in result.labels.names:
        true = label_spans(recording, recording.intervals or (), name)
        predicted = label_spans(recording, result.timelines[recording.name], name)
        both += 2 * sp.total(sp.intersect(true, predicted))
        either += sp.total(true) + sp.total(predicted)
    return both / either if either else math.nan


def _lanes(recording: Recording, result: Evaluation, name: str) -> _Lanes:
    predicted = [interval for interval in result.timelines[recording.name] if interval.label == name]
    annotated = annotated_spans(recording, name)
    true = sp.union(interval for interval in recording.intervals or () if interval.label == name)
    predicted_spans = sp.union(predicted)
    return _Lanes(
        label=name,
        true=true,
        predicted=np.array([(interval.start, interval.end) for interval in predicted], dtype=float).reshape(-1, 2),
        scores=tuple(interval.score for interval in predicted),
        missed=sp.intersect(sp.subtract(true, predicted_spans), annotated),
        false=sp.intersect(sp.subtract(predicted_spans, true), annotated),
        gaps=sp.subtract(sp.whole(recording.duration), annotated),
    )


def _strips(duration: float) -> list[tuple[float, float]]:
    """Return the spans of time of a long recording that are drawn one below the other."""
    count = min(MOST_STRIPS, max(1, math.ceil(duration / STRIP_S)))
    edges = np.linspace(0, max(duration, 1e-3), count + 1).tolist()
    return list(itertools.pairwise(edges))


def _strip(recording: Recording, lanes: Sequence[_Lanes], start: float, end: float, titled: bool) -> Markup:
    """Return the timeline from `start` to `end`; without `titled` its bouts say nothing when hovered."""
    scale = (WIDTH - LEFT - RIGHT) / (end - start)
    bottom = 4 + ROW * len(lanes)
    parts = [axis(start, end, scale, bottom)]
    for index, lane in enumerate(lanes):
        parts.append(_label(recording, lane, 4 + ROW * index, start, end, scale, titled))
    title = f"Timeline of {recording.name} from {w.clock(start)} to {w.clock(end)}: annotated above predicted"
    return svg.drawing(WIDTH, bottom + 22, title, *parts, class_="timeline")


def _label(
    recording: Recording, lane: _Lanes, top: float, start: float, end: float, scale: float, titled: bool
) -> Markup:
    def across(spans: np.ndarray, shortest: float) -> list[tuple[float, float]]:
        inside = spans[(spans[:, 1] > start) & (spans[:, 0] < end)].clip(start, end)
        pixels = LEFT + (inside - start) * scale
        # Never past the right edge: what is widened there grows to the left.
        begins = [min(a, WIDTH - RIGHT - shortest) for a in pixels[:, 0].tolist()]
        return [(a, max(b, a + shortest)) for a, b in zip(begins, pixels[:, 1].tolist(), strict=True)]

    def errors(spans: np.ndarray) -> list[tuple[float, float]]:
        return across(spans[(spans[:, 1] - spans[:, 0]) * scale >= SHORTEST_ERROR], 0.0)

    upper, lower = top + 4, top + 4 + LANE + BETWEEN
    inside = [_overlaps(spans, start, end) for spans in (lane.true, lane.predicted)]
    parts = [
        svg.name_lines(LEFT - 12, top + ROW / 2, lane.label),
        svg.tag("path", d=svg.boxes([(LEFT, WIDTH - RIGHT)], upper, LANE), class_="lane"),
        svg.tag("path", d=svg.boxes([(LEFT, WIDTH - RIGHT)], lower, LANE), class_="lane"),
    ]
    for spans, mask, y, kind in (
        (lane.true, inside[0], upper, "true"),
        (lane.predicted, inside[1], lower, "found"),
    ):
        boxes = across(spans, SHORTEST_BOUT)
        if titled:
            scores = lane.scores if kind == "found" else (None,) * len(spans)
            paths = []
            for box, index in zip(boxes, np.flatnonzero(mask), strict=True):
                words = svg.tag("title", _tooltip(lane.label, kind, spans[index], scores[index]))
                bar = svg.tag("path", words, d=svg.boxes([box], y, LANE))
                paths.append(moment(recording.id, float(spans[index][0]), bar, by_key=False))
            parts.append(svg.tag("g", *paths, class_=kind))
        elif boxes:
            parts.append(svg.tag("path", d=svg.boxes(boxes, y, LANE), class_=kind))
    for spans, y, kind in ((lane.missed, upper, "missed"), (lane.false, lower, "false")):
        marked = errors(spans)
        if marked:
            parts.append(svg.tag("path", d=svg.boxes(marked, y, LANE), class_=kind))
    hatched = across(lane.gaps, SHORTEST_BOUT)
    if hatched:
        parts.append(svg.tag("path", d=svg.boxes(hatched, upper, 2 * LANE + BETWEEN), class_="gap"))
    return svg.tag("g", *parts)


def _overlaps(spans: np.ndarray, start: float, end: float) -> np.ndarray:
    return (spans[:, 1] > start) & (spans[:, 0] < end)


def _tooltip(label: str, kind: str, span: Iterable[float], score: float | None) -> str:
    start, end = span
    word = "annotated" if kind == "true" else "predicted"
    sure = "" if score is None else f", confidence {w.number(score)}"
    return f"{label}, {word}: {w.clock(start)}–{w.clock(end)} ({w.length(end - start)}){sure}"


def axis(start: float, end: float, scale: float, bottom: float, left: float = LEFT) -> Markup:
    """Return ticks of time from `start` to `end` seconds, at `scale` pixels a second from `left` on."""
    step = next((tick for tick in TICKS if tick * scale >= TICK_PIXELS), TICKS[-1])
    parts = []
    for index in range(math.ceil(start / step - 1e-9), math.floor(end / step + 1e-9) + 1):
        x = left + (index * step - start) * scale
        parts.append(svg.line(x, 4, x, bottom + 4, "grid"))
        parts.append(svg.text(x, bottom + 17, w.clock(index * step, 1 if step < 1 else 0), "tick", "middle"))
    return svg.join(parts)


def _or_best(value: float) -> float:
    return value if math.isfinite(value) else 1.0
