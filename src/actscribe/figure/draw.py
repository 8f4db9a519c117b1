"""Timelines at the widths of journals: one row a label, the annotation above the prediction, scores as a curve.

Rows carry their names, and the two lanes differ in lightness and place, so that nothing hangs on colour: it reads in
greyscale and to colour-blind eyes (colours of M. Okabe and K. Ito, 2008). The same input gives the same bytes.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from actscribe.annotations.interval import Interval
from actscribe.errors import ActScribeError
from actscribe.figure.panels import Panel
from actscribe.files import check_writable, write_beside
from actscribe.ownership import check_file
from actscribe.packages import require

ENDINGS = (".svg", ".pdf", ".png")
#: Columns of most journals, in mm.
WIDTHS = {"single": 89.0, "double": 183.0}
NARROWEST, WIDEST, TALLEST = 50.0, 400.0, 2000.0
#: Points; nothing is written smaller than the second.
FONT, SMALL = 7.0, 6.0
#: mm: of a lane, between lanes, of a curve, between rows, around a panel.
LANE, BETWEEN, CURVE, APART, TITLE, AXIS, LEGEND = 1.9, 0.3, 5.0, 1.1, 5.0, 6.5, 5.0
#: mm: right of the axes, for half of the last tick's text.
RIGHT = 6.0
#: Lightness 0.2, 0.6 and 0.9.
TRUE, PREDICTED, GROUND, LINE = "#333333", "#56b4e9", "#e8e8e8", "#0072b2"
#: Seconds between ticks.
TICKS = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200)
DPI = 600


def parse_width(text: str) -> float:
    """Return a width in mm: "single", "double", "89mm" or "89".

    Raises:
        ActScribeError: something else, or too narrow or wide.
    """
    try:
        width = WIDTHS.get(text) or float(text.strip().removesuffix("mm"))
    except ValueError:
        width = float("nan")
    if not NARROWEST <= width <= WIDEST:
        raise ActScribeError(
            f"--width {text}: expected single, double, or {NARROWEST:.0f} to {WIDEST:.0f} mm.", "Example: --width 89mm"
        )
    return width


def check_figure(path: Path, overwrite: bool = False) -> None:
    """Prove that a figure can be drawn and written to `path`.

    Raises:
        ActScribeError: matplotlib is missing, another ending than .svg, .pdf or .png, or a file that is not to be
            replaced.
    """
    require("matplotlib", "Drawing a timeline for a paper")
    if path.suffix.casefold() not in ENDINGS:
        raise ActScribeError(
            f"{path}: a figure is written as .svg, .pdf or .png.", f"Name it {path.with_suffix('.pdf')}"
        )
    check_file(path, overwrite)
    check_writable(path.parent)


def draw(panels: Sequence[Panel], path: Path, width: float = WIDTHS["double"]) -> None:
    """Draw panels below each other on one axis of time each, and write them whole or not at all.

    Args:
        panels: at least one.
        path: .svg, .pdf or .png, see `check_figure`.
        width: mm.

    Raises:
        ActScribeError: so many rows that no page holds them.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    heights = [_height(panel) for panel in panels]
    total = sum(heights) + LEGEND
    if total > TALLEST:
        raise ActScribeError(
            f"The figure would be {total / 10:.0f} cm high.", "Draw fewer recordings, or fewer labels, in one figure."
        )
    style: dict[Any, Any] = {
        "font.family": _fonts(panels),
        "svg.hashsalt": "actscribe",
        "pdf.fonttype": 42,
        "hatch.linewidth": 0.4,
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=(width / 25.4, total / 25.4))
        FigureCanvasAgg(figure)
        left = _left(figure, panels, width)
        top = total
        for panel, height in zip(panels, heights, strict=True):
            bottom = top - height + AXIS
            box = (left / width, bottom / total, (width - left - RIGHT) / width, (height - AXIS - TITLE) / total)
            _panel(figure.add_axes(box), panel, left, width)
            top -= height
        _legend(figure, panels)
        ending = path.suffix.casefold().lstrip(".")
        metadata: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {"Software": None}}
        held = io.BytesIO()
        figure.savefig(held, format=ending, dpi=DPI, metadata=metadata[ending])
    with write_beside(path) as beside:
        beside.write_bytes(held.getvalue())


def _fonts(panels: Sequence[Panel]) -> list[str]:
    """Return DejaVu Sans, and an installed font that has the letters which it lacks.

    Raises:
        ActScribeError: there is none.
    """
    from matplotlib.font_manager import fontManager, get_font

    def has(path: str) -> set[int]:
        try:
            return set(get_font(path).get_charmap())
        except (OSError, RuntimeError):  # not a font that matplotlib reads
            return set()

    used = {ord(letter) for panel in panels for text in (panel.title, *panel.labels) for letter in text}
    used = {code for code in used if chr(code).isprintable()}
    lacking = used - has(fontManager.findfont("DejaVu Sans"))
    if not lacking:
        return ["DejaVu Sans"]
    others = sorted(fontManager.ttflist, key=lambda font: (font.name, font.fname))
    real = (font for font in others if "lastresort" not in font.name.replace(" ", "").casefold())  # of boxes alone
    family = next((font.name for font in real if lacking <= has(font.fname)), None)
    if family is None:
        shown = "".join(sorted(map(chr, lacking)))[:20]
        raise ActScribeError(
            f"No font of this machine has the letters {shown}.", "Install one, such as Noto Sans CJK, or rename labels."
        )
    return ["DejaVu Sans", family]


def _row(panel: Panel) -> float:
    lanes = LANE if panel.truth is None else 2 * LANE + BETWEEN
    return lanes + (CURVE if panel.scores is not None else 0.0) + APART


def _height(panel: Panel) -> float:
    return TITLE + _row(panel) * len(panel.labels) + AXIS


def _wrapped(label: str) -> str:
    lines = textwrap.wrap(label, 24) or [label]
    return "\n".join(lines[:2]) + ("…" if len(lines) > 2 else "")


def _left(figure: Any, panels: Sequence[Panel], width: float) -> float:
    """Return the room that names of labels take, in mm: as much as the longest one, at most two fifths."""
    widest = 0.0
    for label in {label for panel in panels for label in panel.labels}:
        drawn = figure.text(0, 0, _wrapped(label), fontsize=FONT, parse_math=False)
        widest = max(widest, drawn.get_window_extent().width / figure.dpi * 25.4)
        drawn.remove()
    return min(widest + 3.0, 0.4 * width)


def _panel(axes: Any, panel: Panel, left: float, width: float) -> None:
    row, count = _row(panel), len(panel.labels)
    axes.set(xlim=(0, panel.duration), ylim=(row * count, 0), yticks=[])
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_linewidth(0.5)
    _title(axes, panel.title, width - left - RIGHT)
    _ticks(axes, panel.duration, width - left - RIGHT)
    for index, label in enumerate(panel.labels):
        top = index * row + APART / 2
        _curve(axes, panel, index, top)
        lanes = top + (CURVE if panel.scores is not None else 0.0)
        if panel.truth is not None:
            _bars(axes, panel.truth, label, lanes, TRUE, panel.duration)
            _gaps(axes, panel.gaps, label, lanes, LANE)  # what the other lane says there is said all the same
            lanes += LANE + BETWEEN
        _bars(axes, panel.intervals, label, lanes, PREDICTED if panel.predicted else TRUE, panel.duration)
        if panel.truth is None:
            _gaps(axes, panel.gaps, label, top, lanes + LANE - top)
        else:
            _gaps(axes, panel.own_gaps, label, lanes, LANE)
        name = {"fontsize": FONT, "ha": "right", "va": "center", "parse_math": False, "linespacing": 0.95}
        axes.annotate(
            _wrapped(label),
            (0, index * row + row / 2),
            (-4, 0),
            textcoords="offset points",
            annotation_clip=False,
            **name,
        )


def _title(axes: Any, title: str, room: float) -> None:
    """Write a title, its end left out where it takes more than `room` mm."""
    drawn = axes.set_title(title, loc="left", fontsize=FONT, fontweight="bold", pad=3, parse_math=False)
    kept = len(title)
    while kept and drawn.get_window_extent().width / axes.figure.dpi * 25.4 > room:
        kept -= 1
        drawn.set_text(f"{title[:kept]}…")


def _ticks(axes: Any, duration: float, room: float) -> None:
    most = max(2.0, room / 13)
    step = next((step for step in TICKS if duration / step <= most), TICKS[-1])
    ticks = np.arange(0, duration + step * 1e-6, step)
    axes.set_xticks(ticks, [_clock(tick, step < 1) for tick in ticks], fontsize=SMALL)
    axes.tick_params(axis="x", length=2, width=0.5, pad=1.5)
    axes.set_xlabel("time (h:mm:ss)" if duration >= 3600 else "time (m:ss)", fontsize=SMALL, labelpad=1)


def _clock(seconds: float, parts: bool) -> str:
    whole = int(seconds + 1e-6)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    clock = f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
    return f"{clock}.{round((seconds - whole) * 10)}" if parts else clock


def _bars(axes: Any, intervals: Iterable[Interval], label: str, top: float, colour: str, duration: float) -> None:
    axes.broken_barh([(0, duration)], (top, LANE), facecolors=GROUND, linewidth=0)
    spans = [(i.start, max(i.duration, duration / 2000)) for i in intervals if i.label == label]
    axes.broken_barh(spans, (top, LANE), facecolors=colour, linewidth=0)


def _curve(axes: Any, panel: Panel, index: int, top: float) -> None:
    if panel.scores is None:
        return
    height = CURVE - 0.6
    axes.plot([0, panel.duration], [top + height] * 2, color="#999999", linewidth=0.3)
    axes.plot(panel.scores.times, top + height * (1 - panel.scores.scores[:, index]), color=LINE, linewidth=0.6)


def _gaps(axes: Any, gaps: Iterable[Interval], label: str, top: float, height: float) -> None:
    spans = [(gap.start, gap.duration) for gap in gaps if gap.label in ("", label)]
    axes.broken_barh(spans, (top, height), facecolors="white", edgecolors="#777777", hatch="/////", linewidth=0)


def _legend(figure: Any, panels: Sequence[Panel]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    shown: list[Any] = []
    if any(panel.truth is not None or not panel.predicted for panel in panels):
        shown.append(Patch(facecolor=TRUE, label="annotated"))
    if any(panel.predicted for panel in panels):
        shown.append(Patch(facecolor=PREDICTED, label="predicted"))
    if any(panel.scores is not None for panel in panels):
        shown.append(Line2D([], [], color=LINE, linewidth=0.8, label="score, 0 to 1"))
    if any(panel.gaps or panel.own_gaps for panel in panels):
        shown.append(Patch(facecolor="white", edgecolor="#777777", hatch="/////", linewidth=0, label="not annotated"))
    figure.legend(
        handles=shown,
        loc="lower right",
        ncols=2 if figure.get_figwidth() < 4 and len(shown) > 3 else 4,
        fontsize=SMALL,
        frameon=False,
        borderaxespad=0.1,
        handlelength=1.4,
        columnspacing=1.2,
    )
