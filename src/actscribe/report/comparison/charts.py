"""The figures of a comparison as inline SVG: forest, heat map, lines, scatter, and lanes of all recognizers."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from markupsafe import Markup

from actscribe.annotations.interval import Interval
from actscribe.data import spans as sp
from actscribe.data.recording import Recording
from actscribe.evaluation.calibration import reliability_bins
from actscribe.evaluation.comparison.systems import System
from actscribe.report import formatting as w
from actscribe.report import svg
from actscribe.report.charts import (
    FOREST_LEFT,
    FOREST_RIGHT,
    FOREST_WIDTH,
    LEFT,
    SIDE,
    TOP,
    Panel,
    forest_across,
    forest_frame,
    forest_row,
    tag_title,
    unit_square,
)
from actscribe.report.review_links import moment
from actscribe.report.timelines import axis
from actscribe.timeline.matching import annotated_spans

#: Classes of colour, in the order of the recognizers; of more than eight they repeat, dashed and hollow.
COLOURS = ("one", "two", "three", "four", "five", "six", "seven", "eight")

#: Pixels of line charts and lanes.
WIDE, HIGH, EDGE = 720.0, 300.0, 56.0
LANES_WIDTH, LANES_LEFT, LANES_RIGHT = 900.0, 150.0, 20.0
LANE, BETWEEN = 11.0, 2.0
NAME_HIGH = 13.0
#: Pixels that a name at the end of a line takes.
NAME_WIDE, NAME_APART, LETTER_WIDE = 110.0, 14.0, 7.0


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a chart.

    Args:
        name: written at its end.
        colour: its class.
        x, y: of its points, in order of x.
        low, high: interval of each point, or nan.
    """

    name: str
    colour: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()


def colour(index: int) -> str:
    """Return the colour class of the recognizer with this index."""
    return COLOURS[index % len(COLOURS)] + (" again" if index >= len(COLOURS) else "")


def forest(table: pd.DataFrame, systems: int, title: str, one_colour: str = "") -> Markup:
    """Return a number of every recognizer with its interval, and of what it is held against as a hollow dot.

    Args:
        table: columns `system`, `value`, `low`, `high` (nan: none); recognizers first. Below 0 is drawn at 0.
        systems: how many rows are recognizers.
        title: what a screen reader says.
        one_colour: class of all, where rows are not recognizers.
    """
    height, parts = forest_frame(len(table))
    for index, row in enumerate(table.to_dict("records")):
        middle, value, is_system = forest_row(index), float(row["value"]), index < systems
        own = one_colour or colour(index)
        parts.append(
            svg.name_lines(FOREST_LEFT - 10, middle, str(row["system"]), 22, "name strong" if is_system else "name")
        )
        words = w.number(value)
        if math.isfinite(row["low"]):
            ends = [forest_across(max(row[side], 0.0)) for side in ("low", "high")]
            kind = f"reach {own}" if is_system else "reach other"
            parts.append(svg.line(ends[0], middle, ends[1], middle, kind))
            words += f"  [{w.span(row['low'], row['high'])}]"
        if math.isfinite(value):
            kind = f"mark {own}" if is_system else "hollow"
            parts.append(svg.tag("circle", cx=forest_across(max(value, 0.0)), cy=middle, r=5, class_=kind))
        parts.append(svg.text(FOREST_RIGHT + 14, middle + 4, words, "value"))
    return svg.drawing(FOREST_WIDTH, height, title, *parts, class_="forest")


def heat_map(labels: pd.DataFrame, systems: Sequence[str], names: Sequence[str]) -> Markup:
    """Return F1 of every recognizer (across) and label (down); the stronger the colour, the higher."""
    cell_wide, cell_high, left = 82.0, 30.0, 170.0
    heads = [textwrap.wrap(system, 13) for system in systems]
    top = 17.0 + 13 * max(len(head) for head in heads)
    width, height = left + cell_wide * len(systems) + 10, top + cell_high * len(names) + 8
    by_cell = labels.set_index(["system", "label"])["f1"]
    parts = []
    for column, head in enumerate(heads):
        for line, words in enumerate(reversed(head)):
            parts.append(svg.text(left + cell_wide * (column + 0.5), top - 10 - 13 * line, words, "name", "middle"))
    for row, name in enumerate(names):
        y = top + cell_high * row
        parts.append(svg.name_lines(left - 10, y + cell_high / 2, name))
        for column, system in enumerate(systems):
            value, x = float(by_cell.loc[(system, name)]), left + cell_wide * column
            tooltip = tag_title(f"{system}, {name}: F1 {w.number(value)}")
            shade = svg.shade(value) if math.isfinite(value) else 0.0
            box = {"x": x + 1, "y": y + 1, "width": cell_wide - 2, "height": cell_high - 2}
            parts.append(svg.tag("rect", tooltip, **box, class_="heat", fill_opacity=shade))
            parts.append(svg.text(x + cell_wide / 2, y + cell_high / 2 + 4, w.number(value), "count", "middle"))
    title = "F1 of every recognizer and label"
    return svg.drawing(width, height, title, *parts, class_="matrix", natural=True)


def reliability(systems: Sequence[System]) -> tuple[Panel, ...]:
    """Return one reliability plot per recognizer, over all labels and seeds."""
    panels = []
    for index, system in enumerate(systems):
        bins = reliability_points(system)
        points = [(LEFT + SIDE * x, TOP + SIDE * (1 - y)) for x, y in bins[["mean_score", "positive_rate"]].to_numpy()]
        marks = [svg.line(LEFT, TOP + SIDE, LEFT + SIDE, TOP, "chance")]
        if points:
            marks.append(svg.tag("path", d=_path(points), class_=f"line {colour(index)}"))
        marks += [svg.tag("circle", cx=x, cy=y, r=3.5, class_=f"mark {colour(index)}") for x, y in points]
        note = f"ECE {w.number(float(np.mean([run.calibration['ece'].iloc[-1] for run in system.runs])))}"
        picture = unit_square("score", "came true", f"{system.name}: {note}", *marks)
        panels.append(Panel(system.name, note, picture))
    return tuple(panels)


def reliability_points(system: System) -> pd.DataFrame:
    """Return `calibration.reliability_bins` of a recognizer over all labels and seeds."""
    targets = np.concatenate([run.targets.ravel() for run in system.runs])
    scores = np.concatenate([run.scores.ravel() for run in system.runs])
    return reliability_bins(targets, scores)


def lines(series: Sequence[Series], ticks: Mapping[float, str], x_title: str, y_title: str, title: str) -> Markup:
    """Return lines with their names at the end; y is a score, drawn over the tenths that are needed.

    Args:
        series: at least one, each with at least one point.
        ticks: position on the x axis, between 0 and 1 -> what is written there. `x` of the series is on the same scale.
        x_title, y_title: of the axes.
        title: what a screen reader says.
    """
    low, high = _tenths(series)
    right = WIDE - 150

    def at(x: float, y: float) -> tuple[float, float]:
        return EDGE + x * (right - EDGE), 14 + (high - y) / (high - low) * (HIGH - 60)

    parts = _lines_axes(ticks, low, high, at, x_title, y_title)
    ends = []
    for one in series:
        points = [at(x, y) for x, y in zip(one.x, one.y, strict=True) if math.isfinite(y)]
        for x, bottom, top in zip(one.x, one.low, one.high, strict=False):
            if math.isfinite(bottom):
                parts.append(svg.line(*at(x, bottom), *at(x, top), f"reach {one.colour}"))
        if points:
            parts.append(svg.tag("path", d=_path(points), class_=f"line {one.colour}"))
            parts += [svg.tag("circle", cx=x, cy=y, r=3.5, class_=f"mark {one.colour}") for x, y in points]
            ends.append((*points[-1], one))
    for x, y, one in _apart(ends):
        parts.append(svg.text(x + 12, y + 4, one.name, f"tinted {one.colour}"))
    return svg.drawing(WIDE, HIGH, title, *parts, class_="wide")


def cost_scatter(headline: pd.DataFrame, costs: pd.DataFrame) -> Markup | None:
    """Return macro F1 against seconds of compute per minute of video, on a logarithmic scale; None where unknown."""
    both = headline.merge(costs[["system", "seconds_per_minute"]], on="system", how="inner")
    seconds = pd.to_numeric(both["seconds_per_minute"])
    known = both[np.isfinite(seconds) & (seconds > 0)]
    if not len(known):
        return None
    logs = np.log10(pd.to_numeric(known["seconds_per_minute"]).to_numpy(dtype=float))
    first, last = math.floor(logs.min()), max(math.ceil(logs.max()), math.floor(logs.min()) + 1)
    ticks = {(power - first) / (last - first): f"{10.0**power:.{max(0, -power)}f}" for power in range(first, last + 1)}
    indices = [headline["system"].tolist().index(name) for name in known["system"]]
    series = [
        Series(
            row["system"], colour(index), [(x - first) / (last - first)], [row["macro_f1"]], [row["low"]], [row["high"]]
        )
        for index, x, row in zip(indices, logs.tolist(), known.to_dict("records"), strict=True)
    ]
    title = "Macro F1 against seconds of compute per minute of video"
    return lines(series, ticks, "seconds of compute per minute of video", "macro F1", title)


def bars(values: Sequence[tuple[str, float]], title: str) -> Markup:
    """Return one horizontal bar per recognizer for a share between 0 and 1."""
    left, right, row_height = 156.0, 556.0, 26.0
    height = row_height * len(values) + 28
    parts = []
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        x = left + tick * (right - left)
        parts.append(svg.line(x, 4, x, height - 24, "grid"))
        parts.append(svg.text(x, height - 8, w.percent(tick), "tick", "middle"))
    for index, (name, value) in enumerate(values):
        y = 4 + row_height * index
        parts.append(svg.name_lines(left - 10, y + row_height / 2, name))
        if math.isfinite(value):
            box = svg.boxes([(left, left + max(value, 0.002) * (right - left))], y + 5, row_height - 10)
            parts.append(svg.tag("path", d=box, class_=f"bar {colour(index)}"))
        parts.append(svg.text(right + 14, y + row_height / 2 + 4, w.percent(value), "value"))
    return svg.drawing(640, height, title, *parts, class_="forest")


def lanes(recording: Recording, systems: Sequence[System], names: Sequence[str]) -> Markup:
    """Return one recording: per label the annotated lane, and below it one lane per recognizer (its first seed).

    Args:
        recording: annotated.
        systems: with timelines.
        names: of the labels to show.
    """
    scale = (LANES_WIDTH - LANES_LEFT - LANES_RIGHT) / max(recording.duration, 1e-3)
    block = NAME_HIGH + (LANE + BETWEEN) * (len(systems) + 1) + 10
    bottom = 4 + block * len(names)
    parts = [axis(0.0, recording.duration, scale, bottom, LANES_LEFT)]
    for index, name in enumerate(names):
        top = 4 + block * index
        parts.append(svg.text(LANES_LEFT, top + 10, name, "name strong"))
        rows: list[tuple[str, str, Sequence[Interval]]] = [("annotated", "truth", recording.intervals or ())]
        rows += [(s.name, f"bar {colour(i)}", s.runs[0].timelines[recording.name]) for i, s in enumerate(systems)]
        for row, (who, kind, intervals) in enumerate(rows):
            y = top + NAME_HIGH + (LANE + BETWEEN) * row
            spans = sp.union(interval for interval in intervals if interval.label == name)
            parts.append(svg.text(LANES_LEFT - 8, y + LANE - 2, who, "name tiny", "end"))
            parts.append(svg.tag("path", d=_lane_box([(0.0, recording.duration)], y, scale), class_="lane"))
            parts.append(
                svg.tag("g", *(_bout(recording.id, name, who, span, y, scale) for span in spans.tolist()), class_=kind)
            )
        gaps = sp.subtract(sp.whole(recording.duration), annotated_spans(recording, name))
        if len(gaps):
            high = (LANE + BETWEEN) * len(rows) - BETWEEN
            box = _lane_box(gaps.tolist(), top + NAME_HIGH, scale, high)
            parts.append(svg.tag("path", d=box, class_="gap"))
    title = f"Timeline of {recording.name}: annotated, and by every recognizer"
    return svg.drawing(LANES_WIDTH, bottom + 22, title, *parts, class_="timeline")


def _bout(recording: str, label: str, who: str, span: Sequence[float], y: float, scale: float) -> Markup:
    start, end = span
    tooltip = f"{label}, {who}: {w.clock(start)}–{w.clock(end)} ({w.length(end - start)})"
    bar = svg.tag("path", svg.tag("title", tooltip), d=_lane_box([(start, end)], y, scale))
    return moment(recording, start, bar, by_key=False)


def _lane_box(spans: Sequence[Sequence[float]], y: float, scale: float, high: float = LANE) -> str:
    return svg.boxes([(LANES_LEFT + a * scale, LANES_LEFT + b * scale) for a, b in spans], y, high)


def _lines_axes(
    ticks: Mapping[float, str],
    low: float,
    high: float,
    at: Callable[[float, float], tuple[float, float]],
    x_title: str,
    y_title: str,
) -> list[Markup]:
    parts = []
    step = 0.1 if high - low < 0.65 else 0.2
    for value in np.arange(low, high + 1e-9, step).tolist():
        (x, y), (end, _) = at(0.0, value), at(1.0, value)
        parts.append(svg.line(x, y, end, y, "grid"))
        parts.append(svg.text(x - 8, y + 4, f"{value:.2g}", "tick", "end"))
    for position, words in ticks.items():
        x, y = at(position, low)
        parts.append(svg.line(x, y, x, y + 4, "grid"))
        parts.append(svg.text(x, y + 17, words, "tick", "middle"))
    (x, y), (end, top) = at(0.0, low), at(1.0, high)
    parts.append(svg.text((x + end) / 2, y + 36, x_title, "tick", "middle"))
    turned = f"translate(14 {svg.plain((y + top) / 2)}) rotate(-90)"
    parts.append(svg.tag("text", y_title, transform=turned, class_="tick", text_anchor="middle"))
    return parts


def _tenths(series: Sequence[Series]) -> tuple[float, float]:
    """Return the whole tenths that hold every point and interval."""
    values = np.concatenate([np.asarray([*one.y, *one.low, *one.high], dtype=float) for one in series])
    known = values[np.isfinite(values)]
    if not len(known):
        return 0.0, 1.0
    low, high = math.floor(known.min() * 10 + 1e-9) / 10, math.ceil(known.max() * 10 - 1e-9) / 10
    return (low, high) if high - low > 0.15 else (max(low - 0.1, 0.0), max(low - 0.1, 0.0) + 0.3)


def _apart(ends: Sequence[tuple[float, float, Series]]) -> list[tuple[float, float, Series]]:
    """Return where names go: right of the last point, moved down, or up at the bottom, where another one is.

    Nor do they lie on the last point of another line.
    """
    dots = [(x, y) for x, y, _ in ends]

    def taken(x: float, y: float, name: str, others: Sequence[tuple[float, float, Series]]) -> bool:
        ahead = x + 12 + LETTER_WIDE * len(name)
        return any(
            abs(x - other_x) < NAME_WIDE and abs(y - other_y) < NAME_APART for other_x, other_y, _ in others
        ) or any(x + 6 < dot_x < ahead and abs(y - dot_y) < NAME_APART / 2 + 2 for dot_x, dot_y in dots)

    placed: list[tuple[float, float, Series]] = []
    for x, y, one in sorted(ends, key=lambda end: (end[1], end[0])):
        while taken(x, y, one.name, placed):
            y += 1
        placed.append((x, y, one))
    over = max((y for _, y, _ in placed), default=0.0) - (HIGH - 50)
    if over <= 0:
        return placed
    moved: list[tuple[float, float, Series]] = []
    for x, y, one in reversed(placed):
        y = min(y, HIGH - 50)
        while taken(x, y, one.name, moved):
            y -= 1
        moved.append((x, y, one))
    return moved


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{svg.plain(x)} {svg.plain(y)}" for x, y in points)
