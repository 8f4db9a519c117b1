"""The figures of the report as inline SVG: F1 with intervals, precision-recall curves, confusion, reliability."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from markupsafe import Markup
from sklearn.metrics import precision_recall_curve

from actscribe.counts import counted
from actscribe.evaluation.calibration import reliability_bins
from actscribe.evaluation.intervals import label_counts
from actscribe.evaluation.result import Evaluation
from actscribe.report import formatting as w
from actscribe.report import svg
from actscribe.report.verdict import best_baseline

#: Panels of one label: the picture's size and, inside it, left and top edge and side of the unit square.
PANEL = (208.0, 194.0)
LEFT, TOP, SIDE = 46.0, 8.0, 152.0

#: Forest figures: width, edges of the scores from 0 to 1, height of a row.
FOREST_WIDTH, FOREST_LEFT, FOREST_RIGHT, FOREST_ROW = 690.0, 156.0, 556.0, 28.0

#: Of more labels than this, panels are in order of F1, the weakest first; the F1 figure shows the ends of that order.
MOST_IN_ORDER, MOST_ROWS = 12, 24

#: A confusion matrix with more classes than this shows shades without counts.
MOST_COUNTS = 25


@dataclass(frozen=True, slots=True)
class Panel:
    """A small picture of one label with its caption."""

    label: str
    note: str
    picture: Markup


def forest_frame(rows: int) -> tuple[float, list[Markup]]:
    """Return the height of a forest figure of scores from 0 to 1, and its grid with ticks."""
    height = FOREST_ROW * rows + 30
    bottom = height - 24
    parts = []
    for value in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts.append(svg.line(forest_across(value), 4, forest_across(value), bottom, "grid"))
        parts.append(svg.text(forest_across(value), bottom + 16, f"{value:g}", "tick", "middle"))
    return height, parts


def forest_across(value: float) -> float:
    """Return where a score stands in a forest figure."""
    return FOREST_LEFT + value * (FOREST_RIGHT - FOREST_LEFT)


def forest_row(row: int) -> float:
    """Return the middle of a row of a forest figure."""
    return 4 + FOREST_ROW * (row + 0.5)


def f1_figure(result: Evaluation) -> Markup:
    """Return F1 of every label and the macro average with its interval, and the F1 of the best baseline as a tick.

    Of more than MOST_ROWS labels the weakest and the strongest are shown, half of each.
    """
    indices = label_order(result)
    if len(indices) > MOST_ROWS:
        indices = [*indices[: MOST_ROWS // 2], *indices[-MOST_ROWS // 2 :]]
    names = [*(result.labels.names[index] for index in indices), "macro average"]
    indices = [*indices, len(result.labels)]
    height, parts = forest_frame(len(indices))
    baseline = best_baseline(result)
    for row, (index, name) in enumerate(zip(indices, names, strict=True)):
        middle = forest_row(row)
        label_row = result.confidence.iloc[index]
        values = [float(label_row[key]) for key in ("value", "low", "high")]
        parts.append(
            svg.name_lines(FOREST_LEFT - 10, middle, name, 22, "name strong" if index == indices[-1] else "name")
        )
        parts.append(_f1_row(values, float(baseline.table["f1"].iloc[index]), forest_across, middle))
        parts.append(svg.text(FOREST_RIGHT + 14, middle + 4, _f1_words(values), "value"))
    return svg.drawing(FOREST_WIDTH, height, "F1 of every label with its 95 % interval", *parts, class_="forest")


def label_order(result: Evaluation) -> list[int]:
    """Return the indices of labels: as they come, or by F1 when there are many, those that no clip shows left out."""
    f1 = result.table["f1"].to_numpy()[: len(result.labels)]
    if len(f1) <= MOST_IN_ORDER:
        return list(range(len(f1)))
    return cast("list[int]", np.argsort(f1, kind="stable")[: int(np.isfinite(f1).sum())].tolist())


def recall_precision_panels(result: Evaluation) -> tuple[Panel, ...]:
    """Return the precision-recall curve of each label that a clip shows, its operating point, and chance."""
    panels = []
    for index in label_order(result):
        name, row = result.labels.names[index], result.table.iloc[index]
        known = ~np.isnan(result.targets[:, index])
        target, score = result.targets[known, index] > 0, result.scores[known, index]
        if not target.any():
            continue
        share = float(row["prior"])
        marks = [svg.line(LEFT, _down(share), LEFT + SIDE, _down(share), "chance")]
        marks.append(svg.tag("path", d=_steps(target, score), class_="curve"))
        if row["predicted_rate"] > 0:
            at = (_across(row["recall"]), _down(row["precision"]))
            marks.append(svg.tag("circle", cx=at[0], cy=at[1], r=4.5, class_="point"))
        note = f"AP {w.number(row['average_precision'])}, by chance {w.number(share)}"
        panels.append(Panel(name, note, unit_square("recall", "precision", f"{name}: {note}", *marks)))
    return tuple(panels)


def reliability_panels(result: Evaluation) -> tuple[Panel, ...]:
    """Return a plot of each annotated label: mean score against the share that came true, in bins of equal mass."""
    panels = []
    for index in label_order(result):
        name = result.labels.names[index]
        bins = reliability_bins(result.targets[:, index], result.scores[:, index])
        if not len(bins):
            continue
        points = [(_across(x), _down(y)) for x, y in bins[["mean_score", "positive_rate"]].to_numpy()]
        marks = [svg.line(LEFT, TOP + SIDE, LEFT + SIDE, TOP, "chance")]
        path = "L".join(f"{svg.plain(x)} {svg.plain(y)}" for x, y in points)
        marks.append(svg.tag("path", d=f"M{path}", class_="curve thin"))
        marks += [svg.tag("circle", cx=x, cy=y, r=3.5, class_="dot") for x, y in points]
        note = f"ECE {w.number(result.calibration['ece'].iloc[index])}"
        panels.append(Panel(name, note, unit_square("score", "came true", f"{name}: {note}", *marks)))
    return tuple(panels)


def confusion_panels(result: Evaluation) -> tuple[Panel, ...]:
    """Return per label the numbers of clips by annotation and decision, for a multi-label set."""
    counts = label_counts(result.targets, result.scores >= result.thresholds).sum(axis=0)
    annotated = (~np.isnan(result.targets)).sum(axis=0)
    panels = []
    for index in label_order(result):
        name, (tp, fp, fn) = result.labels.names[index], counts[index].tolist()
        tn = annotated[index] - tp - fp - fn
        cells = [(0, 0, tp, tp + fn, "found"), (1, 0, fn, tp + fn, "missed")]
        cells += [(0, 1, fp, fp + tn, "false alarm"), (1, 1, tn, fp + tn, "correct no")]
        panels.append(Panel(name, "", _two_by_two(name, cells)))
    return tuple(panels)


def confusion_matrix(counts: np.ndarray, names: Sequence[str]) -> Markup:
    """Return the confusion matrix of a multi-class set: true classes down, predicted classes across.

    Shades are shares of the true class.

    Args:
        counts: clips, shape (classes, classes).
        names: of the classes.
    """
    size = len(names)
    cell = min(44.0, 640 / size)
    left, top = (180.0, 150.0) if size <= 60 else (20.0, 12.0)
    width, height = left + cell * size + (110 if size <= 60 else 20), top + cell * size + 34
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    parts = [
        svg.tag("rect", x=left, y=top, width=cell * size, height=cell * size, class_="frame"),
        svg.text(left + cell * size / 2, height - 8, "predicted", "tick", "middle"),
    ]
    for index, name in enumerate(names):
        middle = (index + 0.5) * cell
        if size <= 60:
            short = name if len(name) <= 24 else f"{name[:22]}…"
            parts.append(svg.text(left - 8, top + middle + 4, short, "name" if cell >= 12 else "name tiny", "end"))
            turned = f"translate({svg.plain(left + middle + 4)} {svg.plain(top - 8)}) rotate(-50)"
            parts.append(svg.tag("text", short, transform=turned, class_="name" if cell >= 12 else "name tiny"))
    for row, column in zip(*np.nonzero(counts), strict=True):
        share, clips = float(shares[row, column]), int(counts[row, column])
        tooltip = tag_title(f"{names[row]} taken for {names[column]}: {counted(clips, 'clip')}, {w.percent(share)}")
        x, y = left + column * cell, top + row * cell
        kind = "right" if row == column else "wrong"
        parts.append(
            svg.tag("rect", tooltip, x=x, y=y, width=cell, height=cell, class_=kind, fill_opacity=svg.shade(share))
        )
        if size <= MOST_COUNTS:
            parts.append(svg.text(x + cell / 2, y + cell / 2 + 4, str(clips), "count", "middle"))
    title = "Confusion matrix: true classes down, predicted across"
    return svg.drawing(width, height, title, *parts, class_="matrix", natural=True)


def tag_title(words: str) -> Markup:
    """Return the text that is shown when an element is hovered."""
    return svg.tag("title", words)


def _f1_row(values: list[float], baseline: float, across: Callable[[float], float], middle: float) -> Markup:
    value, low, high = values
    parts = []
    if math.isfinite(low):
        parts.append(svg.line(across(low), middle, across(high), middle, "whisker"))
    if math.isfinite(value):
        parts.append(svg.tag("circle", cx=across(value), cy=middle, r=5, class_="point"))
    if math.isfinite(baseline):  # last: a dot would hide it, while the dot is seen on both sides of it
        parts.append(svg.line(across(baseline), middle - 8, across(baseline), middle + 8, "baseline"))
    return svg.join(parts)


def _f1_words(values: list[float]) -> str:
    value, low, high = values
    if not math.isfinite(value):
        return "no clip shows it"
    return f"{w.number(value)}  [{w.span(low, high)}]" if math.isfinite(low) else w.number(value)


def unit_square(x_title: str, y_title: str, title: str, *marks: Markup) -> Markup:
    """Return a unit square with its axes, and `marks` in it."""
    parts = [svg.tag("rect", x=LEFT, y=TOP, width=SIDE, height=SIDE, class_="frame")]
    for value in (0.0, 0.5, 1.0):
        parts.append(svg.text(_across(value), TOP + SIDE + 14, f"{value:g}", "tick", "middle"))
        parts.append(svg.text(LEFT - 5, _down(value) + 4, f"{value:g}", "tick", "end"))
    parts.append(svg.line(_across(0.5), TOP, _across(0.5), TOP + SIDE, "grid"))
    parts.append(svg.line(LEFT, _down(0.5), LEFT + SIDE, _down(0.5), "grid"))
    parts.append(svg.text(LEFT + SIDE / 2, TOP + SIDE + 29, x_title, "tick", "middle"))
    turned = f"translate(11 {svg.plain(TOP + SIDE / 2)}) rotate(-90)"
    parts.append(svg.tag("text", y_title, transform=turned, class_="tick", text_anchor="middle"))
    return svg.drawing(*PANEL, title, *parts, *marks)


def _two_by_two(name: str, cells: list[tuple[int, int, float, float, str]]) -> Markup:
    """Return four boxes, shaded by the share of their row: annotated yes and no down, marked yes and no across."""
    left, top, wide, high = 66.0, 22.0, 70.0, 46.0
    parts = [svg.text(left + wide * (0.5 + i), top - 7, word, "tick", "middle") for i, word in enumerate(("yes", "no"))]
    parts += [svg.text(4, top - 7, "marked", "tick")]
    for row, word in enumerate(("shows it", "does not")):
        parts.append(svg.text(left - 6, top + high * (row + 0.5) + 4, word, "tick", "end"))
    for column, row, clips, of, meaning in cells:
        share = clips / of if of else 0.0
        x, y = left + wide * column, top + high * row
        kind = "right" if row == column else "wrong"
        tooltip = tag_title(f"{name}: {meaning}, {counted(round(clips), 'clip')} of {w.count(of)}")
        box = {"x": x + 1, "y": y + 1, "width": wide - 2, "height": high - 2}
        parts.append(svg.tag("rect", tooltip, **box, class_=kind, fill_opacity=svg.shade(share)))
        parts.append(svg.text(x + wide / 2, y + high / 2, w.count(clips), "count", "middle"))
        parts.append(svg.text(x + wide / 2, y + high / 2 + 14, meaning, "count tiny", "middle"))
    return svg.drawing(PANEL[0], top + 2 * high + 6, f"{name}: clips by annotation and decision", *parts)


def _steps(target: np.ndarray, score: np.ndarray) -> str:
    """Return the path of a precision-recall curve as the steps whose area is the average precision."""
    precision, recall, _ = precision_recall_curve(target, score)
    precision, recall = precision[-2::-1], recall[-2::-1]  # from the highest threshold on, without the point (0, 1)
    path = [f"M{svg.plain(LEFT)} {svg.plain(_down(precision[0]))}"]
    last = (svg.plain(LEFT), svg.plain(_down(precision[0])))
    for recalled, right in zip(recall, precision, strict=True):
        point = (f"{_across(recalled):.1f}", f"{_down(right):.1f}")
        if point != last:
            path.append(f"V{point[1]}H{point[0]}")
            last = point
    return "".join(path)


def _across(value: float) -> float:
    return LEFT + SIDE * float(value)


def _down(value: float) -> float:
    return TOP + SIDE * (1 - float(value))
