"""Indicators on the terminal and as a page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from actscribe.columns import Column, explained
from actscribe.counts import counted
from actscribe.evaluation.audit import table as tables
from actscribe.evaluation.audit.table import ANNOTATED, COLUMNS, ERROR_COLUMNS, PREDICTED, SHOWN, SUMMARY_COLUMNS
from actscribe.evaluation.result import Evaluation
from actscribe.report.rendering import render
from actscribe.report.sections import Section
from actscribe.report.table import Table, frame_table
from actscribe.tables import print_sentence, print_table

#: Videos whose tables are printed one by one; of more, the table of all alone.
MOST_VIDEOS = 4


@dataclass(frozen=True, slots=True)
class AuditPage:
    """What an audit says.

    Args:
        kind: of the main table: "indicators", "errors", "time-budget" or "transitions".
        table: the main one.
        columns: of it.
        summary: of indicators over all videos; None: of another kind.
        errors: how far the recognizer is off; None: nothing is predicted, or it is not known.
        notes: sentences that stand last.
    """

    kind: str
    table: pd.DataFrame
    columns: Sequence[Column]
    summary: pd.DataFrame | None = None
    errors: pd.DataFrame | None = None
    notes: tuple[str, ...] = ()


def show(page: AuditPage) -> None:
    """Print what an audit says: each video's indicators, or of many videos those of all together."""
    if page.kind == "indicators":
        _show_indicators(page)
    else:
        _show_plain(page)
    for note in page.notes:
        print_sentence(f"Note: {note}")


def show_video(name: str, table: pd.DataFrame) -> None:
    """Print the indicators of one video.

    Args:
        name: shown above it.
        table: its rows of `COLUMNS`.
    """
    called = table["indicator"].where(table["part"] == "", table["indicator"] + ": " + table["part"])
    why = called.where(table["why"] != "", "") + table["why"].where(table["why"] == "", ": " + table["why"])
    shown = pd.DataFrame({"indicator": called, "value": table["text"]})
    if table["usually"].any():
        shown["usually"] = table["usually"]
    if table["limit"].any():
        shown["limit"], shown["verdict"] = table["limit"], table["verdict"]
    print_table(name, shown.assign(note=[f"{one}." if one else "" for one in why]), fold=True)


def _show_plain(page: AuditPage) -> None:
    """Print a table, that of a time budget once for each source with a column of videos, without empty columns."""
    if page.kind in ("agreement", "errors"):
        (off_by,) = (one.title for one in page.columns if one.name == "off_by")
        print_table(page.kind.capitalize(), _correlated(page.table, off_by))
        return
    title = page.kind.replace("-", " ").capitalize()
    headings = {one.name: one.short or one.title for one in page.columns if one.short or one.name.endswith("_s")}
    table = page.table.rename(columns=headings | {"recording": "video"})
    table = table.drop(columns=[name for name in ("part", "why") if name in table and not table[name].any()])
    if "source" not in table:
        print_table(title, table, fold=True)
        return
    for source, own in table.groupby("source", sort=False):
        if "video" in own:  # not of transitions, which are of all videos together
            own = own.assign(video=own["video"].where(own["video"].ne(own["video"].shift()), ""))
        print_table(f"{title}: {source}", own.drop(columns="source"), True)


def _correlated(table: pd.DataFrame, off_by: str) -> pd.DataFrame:
    """Return what of errors or agreement fits into 80 characters; `off_by` is what the differences are called."""
    parts = table["part"] if "part" in table else pd.Series("", index=table.index)
    called = table["indicator"].where(parts == "", table["indicator"] + ": " + parts)
    shown = {"indicator": called, "of": table["recordings"], off_by: table["off_by"]}
    for name, title in (("icc", "ICC(2,1)"), ("icc3", "ICC(3,1)")):
        ends = zip(table[name], table[f"{name}_low"], table[f"{name}_high"], strict=True)
        shown[title] = [_with_ends(*one) for one in ends]
    return pd.DataFrame(shown)


def _with_ends(value: float, low: float, high: float) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:.2f}" if math.isnan(low) else f"{value:.2f} ({low:.2f} to {high:.2f})"


def _show_indicators(page: AuditPage) -> None:
    videos = page.table.groupby(["recording", "source"], sort=False)
    if len(videos) <= MOST_VIDEOS:
        for (name, source), own in videos:
            show_video(f"{name}, {source}", own)
    elif page.summary is not None:
        print_table(counted(page.table["recording"].nunique(), "video"), _in_short(page.summary, page.table))
    for name, words in () if page.errors is None else _error_texts(page.errors):
        print_sentence(f"{name}: {words}.")


def _in_short(summary: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return what of a summary fits into 80 characters, and as notes why an indicator has no number of any video."""
    verdicts = zip(summary["met"], summary["not_met"], summary["undecided"], strict=True)
    counts = ["/".join(map(str, one)) if any(one) else "" for one in verdicts]
    shown = {
        "indicator": summary["indicator"],
        "from": summary["source"],
        "of": [f"{one}/{all_}" for one, all_ in zip(summary["measured"], summary["videos"], strict=True)],
        "median (quartiles)": summary["text"],
        "met / not / undecided": counts,
    }
    return pd.DataFrame({**shown, "note": [_why_none(one, table) for one in summary.itertuples()]})


def _why_none(one: Any, table: pd.DataFrame) -> str:
    """Say why an indicator has no number of any video: what is said most often of them; empty where it has one."""
    own = table[(table["indicator"] == one.indicator) & (table["source"] == one.source) & (table["why"] != "")]
    if one.measured or not len(own):
        return ""
    often = own["why"].value_counts()
    return f"{one.indicator}: {often.index[0]}, in {often.iloc[0]} of {counted(one.videos, 'video')}."


def _error_texts(errors: pd.DataFrame) -> list[tuple[str, str]]:
    own = errors[errors["part"] == ""]
    return list(zip(own["indicator"], own["text"], strict=True))


def section(page: AuditPage) -> Section:
    """Return an audit as a section of a report."""
    return Section("Indicators", tuple(_tables(page)), page.notes)


def audit_page(page: AuditPage) -> str:
    """Return the HTML of an audit: one file that loads nothing."""
    tables = _tables(page)
    shown = [*page.columns, *(SUMMARY_COLUMNS if page.summary is not None else ())]
    return render(
        "audit.html",
        {
            "title": {"indicators": "Indicators", "errors": "Errors of indicators"}.get(
                page.kind, page.kind.replace("-", " ").capitalize()
            ),
            "date": datetime.now().astimezone().strftime("%d %B %Y, %H:%M"),
            "verdict": _verdicts(page),
            "warnings": page.notes,
            "tables": tables,
            "words": explained([*shown, *(ERROR_COLUMNS if page.errors is not None else ())]),
        },
    )


def _verdicts(page: AuditPage) -> list[str]:
    if page.summary is None:
        return []
    limited = page.summary[page.summary["limit"] != ""]
    return [_sentence(one) for one in limited.itertuples(index=False)]


def _sentence(one: Any) -> str:
    """Say in how many videos a limit is met."""
    rest = one.videos - one.met - one.not_met - one.undecided
    if rest == one.videos:  # "met in 0" would read like a verdict
        videos = "the only video" if rest == 1 else f"any of {rest} videos"
        return f"{one.indicator} ({one.limit}), {one.source}: there is nothing to count from in {videos}."
    counts = {"not met in": one.not_met, "undecided in": one.undecided, "nothing to count from in": rest}
    more = "".join(f", {what} {count}" for what, count in counts.items() if count)
    return f"{one.indicator} ({one.limit}), {one.source}: met in {one.met} of {counted(one.videos, 'video')}{more}."


def _tables(page: AuditPage) -> list[Table]:
    if page.kind != "indicators":
        return [frame_table(f"{page.kind.replace('-', ' ').capitalize()}.", page.table, page.columns)]
    made = []
    if page.summary is not None:
        made.append(frame_table("All videos together.", page.summary, SUMMARY_COLUMNS))
    if page.errors is not None and len(page.errors):
        made.append(frame_table("How far the recognizer is off.", page.errors, ERROR_COLUMNS))
    columns = [one for one in SHOWN if one.name not in ("part", "why", "usually") or page.table[one.name].any()]
    made.append(frame_table("Each video.", page.table, columns))
    return made


def audit_of(result: Evaluation) -> AuditPage | None:
    """Return the indicators of a measured split; None where its label set has none, or it has no timelines."""
    if not result.labels.indicators or not result.timelines:
        return None
    sides = {ANNOTATED: {one.name: one.intervals or () for one in result.recordings}, PREDICTED: result.timelines}
    audits = tables.audit(result.recordings, sides, result.labels)
    errors = tables.errors(audits, {one.name: one.group for one in result.recordings})
    note = f"How far the recognizer is off was found out on these {result.split} recordings themselves."
    return indicators_page(
        tables.table(audits, errors),
        tables.summary(audits, result.labels, errors),
        tables.error_table(errors, result.labels),
        [note],
    )


def indicators_page(
    table: pd.DataFrame, summary: pd.DataFrame, errors: pd.DataFrame | None, notes: Sequence[str]
) -> AuditPage:
    """Return what an audit of indicators says."""
    return AuditPage("indicators", table, COLUMNS, summary, errors, tuple(notes))
