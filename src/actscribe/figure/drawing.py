"""Drawing a timeline figure with matplotlib. The same content always gives the same bytes."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from actscribe.data import spans as sp
from actscribe.errors import ActScribeError
from actscribe.figure.content import MOST_LABELS, Content, Lane
from actscribe.files import check_writable, write_beside
from actscribe.ownership import check_file
from actscribe.packages import require

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Endings of the files that a figure can be written to.
ENDINGS = (".svg", ".pdf", ".png")
#: Widths in millimetres of one and of two columns of most journals.
WIDTHS = {"single": 89.0, "double": 183.0}
NARROWEST_MM, WIDEST_MM = 50.0, 500.0
_INCH = 25.4
#: Of PNG, in dots per inch.
_DPI = 600
#: Points; no text is smaller.
_TEXT, _SMALL = 7.0, 6.5
#: Millimetres: a lane, the score curve of a label, between labels, and below and above all of them.
_LANE, _CURVE, _BETWEEN, _AROUND = 2.6, 5.0, 1.8, 13.0
#: Of lanes, from the top: dark and light enough to differ in grey, and apart for all kinds of colour vision (Okabe and
#: Ito 2008); the pattern tells two apart where neither helps.
_COLOURS = ("#111111", "#0072B2", "#E69F00", "#CC79A7")
_PATTERNS = ("", "", "////", "....")
_CURVE_COLOUR, _STRIP_COLOUR, _GAP_COLOUR = "#D55E00", "#F5F5F5", "#DCDCDC"
#: A point event is drawn as a line of so many points.
_POINT = 0.8
#: Seconds between ticks.
_TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)
#: Millimetres that a tick's text needs.
_TICK_MM = 11.0
_STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib, so that every machine draws the same
    "font.size": _TEXT,
    "text.parse_math": False,  # a dollar in a label is a dollar
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "actscribe",
    "pdf.fonttype": 42,
    "hatch.linewidth": 0.5,
    "axes.linewidth": 0.5,
}


@dataclass(frozen=True, slots=True)
class Look:
    """How a figure is drawn.

    Args:
        width_mm: of the whole figure.
        start, end: of the axis, in seconds; None: of the content.
        labels: rows to show, in this order; empty: all.
    """

    width_mm: float = WIDTHS["single"]
    start: float | None = None
    end: float | None = None
    labels: tuple[str, ...] = ()


def parse_width(text: str) -> float:
    """Return a width in millimetres from `single`, `double`, `120` or `120mm`.

    Raises:
        ActScribeError: none of these, or narrower than 50 or wider than 500 mm.
    """
    known = WIDTHS.get(text.strip().casefold())
    if known:
        return known
    try:
        width = float(text.strip().casefold().removesuffix("mm"))
    except ValueError:
        width = float("nan")
    if not NARROWEST_MM <= width <= WIDEST_MM:
        raise ActScribeError(
            f"width '{text}' is none.",
            f"Expected single (89 mm), double (183 mm), or {NARROWEST_MM:g}mm to {WIDEST_MM:g}mm.",
        )
    return width


def check_figure_file(path: Path, overwrite: bool = False) -> None:
    """Prove before any work that a figure can be drawn and written to a file.

    Raises:
        ActScribeError: matplotlib is not installed, another ending, a file that is there, or a folder that cannot be
            written to.
    """
    if path.suffix.casefold() not in ENDINGS:
        raise ActScribeError(f"{path}: a figure is written as {', '.join(ENDINGS)}.", "Choose one of these endings.")
    require("matplotlib", "Drawing a figure")
    check_file(path, overwrite)
    check_writable(path.parent)


def draw(path: Path, content: Content, look: Look = Look()) -> None:
    """Draw a figure: a row for each label, a lane for each timeline, score curves above them where there are any.

    Args:
        path: .svg, .pdf or .png (600 dots per inch).
        content: what to show.
        look: how.

    Raises:
        ActScribeError: an unknown label, more labels than fit on a page, an empty span of time, or a file that cannot
            be written.
    """
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    labels, span = _rows(content, look), _span(content, look)
    height = _AROUND + len(labels) * _row_mm(content)
    with matplotlib.rc_context(_STYLE), write_beside(path) as beside:
        figure = Figure((look.width_mm / _INCH, height / _INCH), layout=ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02))
        axes = figure.add_subplot()
        _axis(axes, content, labels, span, look.width_mm)
        for place, label in enumerate(labels):
            _row(axes, content, label, place * _row_mm(content))
        _legend(figure, axes, content)
        ending = path.suffix.casefold()[1:]
        figure.savefig(beside, format=ending, dpi=_DPI, metadata=_NO_DATE[ending])


#: What keeps the moment and the version out of a file.
_NO_DATE: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
}


def _rows(content: Content, look: Look) -> tuple[str, ...]:
    unknown = [label for label in look.labels if label not in content.labels]
    if unknown:
        raise ActScribeError(f"no label '{unknown[0]}' here.", f"There are: {', '.join(content.labels)}.")
    labels = look.labels or content.labels
    if len(labels) > MOST_LABELS:
        raise ActScribeError(f"{len(labels)} labels do not fit on a page.", "Choose some with --labels.")
    return labels


def _span(content: Content, look: Look) -> tuple[float, float]:
    start = 0.0 if look.start is None else look.start
    end = content.duration if look.end is None else look.end
    if not 0 <= start < end:
        raise ActScribeError(
            f"nothing lies between {start:g} and {end:g} s.", f"The video has {content.duration:.1f} s."
        )
    return start, end


def _row_mm(content: Content) -> float:
    return (_CURVE if content.curves else 0.0) + _LANE * len(content.lanes) + _BETWEEN


def _axis(axes: Axes, content: Content, labels: Sequence[str], span: tuple[float, float], width_mm: float) -> None:
    row = _row_mm(content)
    axes.set_xlim(*span)
    axes.set_ylim(len(labels) * row, -_BETWEEN / 2)
    axes.set_yticks([(place + 0.5) * row - _BETWEEN / 2 for place in range(len(labels))])
    widest = max(12, int(width_mm / 5))
    axes.set_yticklabels([textwrap.fill(label, widest) for label in labels], fontsize=_TEXT)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labelsize=_SMALL, length=2, width=0.5)
    step = _tick_step(span, width_mm)
    first = int(np.ceil(span[0] / step - 1e-9))
    ticks = np.arange(first, int(span[1] / step + 1e-9) + 1) * step
    axes.set_xticks(ticks, [_clock(tick, span[1], step) for tick in ticks])
    axes.set_xlabel("time (h:min:s)" if span[1] >= 3600 else "time (min:s)", fontsize=_SMALL)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def _tick_step(span: tuple[float, float], width_mm: float) -> float:
    """Return the smallest step whose ticks have room."""
    most = max(1.0, 0.7 * width_mm / _TICK_MM)
    return next((step for step in _TICKS if (span[1] - span[0]) / step <= most), (span[1] - span[0]) / most)


def _clock(seconds: float, end: float, step: float) -> str:
    whole, tenths = divmod(round(seconds * 10), 10)
    minutes, rest = divmod(whole, 60)
    fraction = f".{tenths}" if step < 1 else ""
    if end >= 3600:
        return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}{fraction}"
    return f"{minutes}:{rest:02d}{fraction}"


def _row(axes: Axes, content: Content, label: str, top: float) -> None:
    if content.curves is not None:
        _curve(axes, content, label, top)
        top += _CURVE
    for place, lane in enumerate(content.lanes):
        _lane(axes, content, lane, label, place, top + place * _LANE)


def _lane(axes: Axes, content: Content, lane: Lane, label: str, place: int, top: float) -> None:
    """Draw gaps in grey behind the activities of one label."""
    height = _LANE * 0.8
    gaps = sp.union(gap for gap in lane.gaps if gap.label in ("", label))
    axes.broken_barh(_widths(gaps), (top, height), facecolors=_GAP_COLOUR, linewidth=0)
    mine = [interval for interval in lane.intervals if interval.label == label]
    look: dict[str, Any] = {"facecolors": _COLOURS[place], "edgecolors": "white" if _PATTERNS[place] else "none"}
    axes.broken_barh(_widths(sp.union(mine)), (top, height), hatch=_PATTERNS[place], linewidth=0, **look)
    points = [interval.start for interval in mine if interval.end <= interval.start]
    axes.vlines(points, top, top + height, colors=_COLOURS[place], linewidth=_POINT)
    axes.hlines(top + height, 0, content.duration, colors="#B0B0B0", linewidth=0.25, zorder=0)


def _curve(axes: Axes, content: Content, label: str, top: float) -> None:
    """Draw the scores of a label between 0, at the bottom of their strip, and 1, with the threshold dashed."""
    curves, height = content.curves, _CURVE * 0.9
    assert curves is not None
    if label not in curves.scores:
        return
    axes.broken_barh([(0, content.duration)], (top, height), facecolors=_STRIP_COLOUR, linewidth=0, zorder=0)
    axes.plot(curves.times, top + height * (1 - curves.scores[label]), color=_CURVE_COLOUR, linewidth=0.6)
    if label in curves.thresholds:
        at = top + height * (1 - curves.thresholds[label])
        axes.hlines(at, 0, content.duration, colors="#707070", linewidth=0.4, linestyles=(0, (4, 3)))


def _widths(spans: np.ndarray) -> list[tuple[float, float]]:
    return [(start, end - start) for start, end in spans.tolist()]


def _legend(figure: Figure, axes: Axes, content: Content) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    shown: list[Any] = [
        Patch(facecolor=_COLOURS[place], edgecolor="white", linewidth=0, hatch=_PATTERNS[place], label=lane.name)
        for place, lane in enumerate(content.lanes)
    ]
    if any(lane.gaps for lane in content.lanes):
        shown.append(Patch(facecolor=_GAP_COLOUR, linewidth=0, label="not annotated"))
    if content.curves is not None:
        shown.append(Line2D([], [], color=_CURVE_COLOUR, linewidth=0.8, label="score"))
        if content.curves.thresholds:
            shown.append(Line2D([], [], color="#707070", linewidth=0.6, linestyle=(0, (4, 3)), label="threshold"))
    if len(shown) > 1:
        figure.legend(
            handles=shown,
            loc="outside upper left",
            ncols=len(shown),
            fontsize=_SMALL,
            frameon=False,
            handlelength=1.4,
            columnspacing=1.2,
            borderpad=0.1,
        )
