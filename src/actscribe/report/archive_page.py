"""The report of an archive: one HTML file that loads nothing from anywhere, with a script of its own."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from actscribe.columns import Column, explained
from actscribe.report import formatting as w
from actscribe.report import svg
from actscribe.report.charts import Panel
from actscribe.report.rendering import render
from actscribe.report.review_links import KNOWN, moment
from actscribe.report.table import Head, frame_table

#: A panel of scores: its size, and the place of its bars.
PANEL = (208.0, 120.0)
LEFT, TOP, WIDTH, HEIGHT = 10.0, 8.0, 188.0, 88.0
#: Digits behind the point in the page's own data, as in the files beside it.
DIGITS = 6
#: The ids in that data. No name can look like it: quotation marks within JSON's texts have a backslash before them.
_IDS = re.compile(rb'<script type="application/json" id="data">\{"ids":(\[[^\]]*\])')


@dataclass(frozen=True, slots=True)
class ArchivePage:
    """What the page shows.

    Args:
        title: of the page.
        verdict: sentences that it begins with; the last one also introduces what to look at.
        warnings: what to know before relying on it.
        rows: one for each video and label.
        columns: of `rows`, in their order; those that hold names of videos and labels are the first and the third.
        tables: "indicators", "labels", "failures", "slowest", "look" -> table and its columns.
        ids: name of a video -> id under which review would know it; none of videos without a timeline.
        counts: label -> clips by score of the archive and of the run's own recordings, the latter None where unknown.
        retry: the command that tries failures again.
        table_name: of the files beside the page, without ending.
        has_workbook: whether a workbook is among them.
    """

    title: str
    verdict: Sequence[str]
    warnings: Sequence[str]
    rows: pd.DataFrame
    columns: Sequence[Column]
    tables: Mapping[str, tuple[pd.DataFrame, Sequence[Column]]]
    ids: Mapping[str, str]
    counts: Mapping[str, tuple[np.ndarray, np.ndarray | None]]
    retry: str
    table_name: str
    has_workbook: bool


CAPTIONS = {
    "indicators": "What the label set's indicators say over all videos.",
    "labels": "What happened in all videos.",
    "failures": "Why videos have no timeline.",
    "slowest": "The videos that took longest.",
    "look": "Unlike or unsure: of these, the videos that lie farthest from the run's own recordings. All are marked in"
    " the column 'look at' below.",
}


def archive_page(page: ArchivePage) -> str:
    """Return the HTML; numbers of the large table stand in it as data, and a page of 25 rows is drawn at a time."""
    own_script, script_digest = script()
    links = {"look": {"video": lambda row, text: moment(page.ids[row["video"]], 0.0, text)}}
    made = {name: frame_table(CAPTIONS[name], *page.tables[name], links=links.get(name, {})) for name in CAPTIONS}
    shown = [*page.columns, *(one for table, own in page.tables.values() if len(table) for one in own)]
    content = {
        "w": w,
        "title": page.title,
        "date": datetime.now().astimezone().strftime("%d %B %Y, %H:%M"),
        "verdict": page.verdict,
        "look_sentence": page.verdict[-1],
        "warnings": page.warnings,
        **made,
        "panels": [_panel(name, *both) for name, both in page.counts.items()],
        "has_line": any(own is not None for _, own in page.counts.values()),
        "retry": page.retry,
        "table_name": page.table_name,
        "has_workbook": page.has_workbook,
        "heads": [Head(one.title, one.meaning, one.format == "text") for one in page.columns],
        "words": explained(shown),
        "known": Markup(KNOWN),
        "data": _data(page),
        "script": own_script,
        "script_digest": script_digest,
    }
    return render("archive.html", content)


def script() -> tuple[Markup, str]:
    """Return the page's own script, and its digest as a content policy names it."""
    text = files("actscribe.report").joinpath("archive.js").read_text(encoding="utf-8")
    return Markup(text), f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def ids_in(html: bytes) -> frozenset[str] | None:
    """Return the ids under which review would know the videos of a page; None: it was written by another version."""
    match = _IDS.search(html)
    return frozenset(filter(None, json.loads(match[1]))) if match else None


def _data(page: ArchivePage) -> Markup:
    """Return the large table as JSON that no HTML ends; names of videos and labels stand in it once."""
    rows, columns = page.rows, page.columns
    names, labels = (list(dict.fromkeys(rows[columns[index].name])) for index in (0, 2))
    held = [
        _values(rows[column.name], column, {0: names, 2: labels}.get(index)) for index, column in enumerate(columns)
    ]
    formats = [{0: "name", 2: "label"}.get(index, column.format) for index, column in enumerate(columns)]
    data = {
        "ids": [page.ids.get(name, "") for name in names],
        "names": names,
        "labels": labels,
        "formats": formats,
        "first": [one.name for one in columns].index("first_s"),
        "rows": list(zip(*held, strict=True)),
    }
    return Markup(json.dumps(data, separators=(",", ":")).replace("<", "\\u003c"))


def _values(values: pd.Series, column: Column, known: Sequence[str] | None) -> list[Any]:
    if known is not None:
        indices = {value: index for index, value in enumerate(known)}
        return [indices[value] for value in values]
    if column.format == "text":
        return ["" if pd.isna(value) else str(value) for value in values]
    numbers = values.astype("Float64").to_numpy(dtype=float, na_value=math.nan)
    return [_short(float(value)) for value in numbers]


def _short(value: float) -> float | int | None:
    if not math.isfinite(value):
        return None
    rounded = round(value, DIGITS)
    return int(rounded) if rounded.is_integer() else rounded


def _panel(label: str, counts: np.ndarray, own: np.ndarray | None) -> Panel:
    """Return how often each score occurs, as bars, and in the run's own recordings, as a line."""
    bars = counts / max(counts.sum(), 1.0)
    line = None if own is None or not own.sum() else own / own.sum()
    most = max(float(bars.max(initial=0.0)), 0.0 if line is None else float(line.max()), 1e-9)
    width, bottom = WIDTH / len(bars), TOP + HEIGHT
    parts: list[Markup] = [svg.line(LEFT, bottom, LEFT + WIDTH, bottom, "frame")]
    for index, share in enumerate(bars):
        if share > 0:
            tall = HEIGHT * share / most
            parts.append(
                svg.tag(
                    "rect", x=LEFT + index * width + 1, y=bottom - tall, width=width - 2, height=tall, class_="heat"
                )
            )
    if line is not None:
        points = [
            f"{svg.plain(LEFT + (index + 0.5) * width)} {svg.plain(bottom - HEIGHT * share / most)}"
            for index, share in enumerate(line)
        ]
        parts.append(svg.tag("path", d="M" + "L".join(points), class_="line two"))
    for value in (0.0, 0.5, 1.0):
        anchor = {0.0: "start", 0.5: "middle", 1.0: "end"}[value]
        parts.append(svg.text(LEFT + value * WIDTH, bottom + 16, f"{value:g}", "tick", anchor))
    beside = "" if line is None else ", and in the run's own recordings"
    title = f"{label}: how often each score occurs in the archive{beside}"
    note = "" if line is not None else "the run has too few recordings to compare with"
    return Panel(label, note, svg.drawing(*PANEL, title, *parts))
