"""The files that say what became of an archive: a table in three formats, and a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from actscribe.archive import table as tables
from actscribe.archive.audit import audited
from actscribe.archive.drift import Reference, reference
from actscribe.archive.folder import INDICATORS, REPORT, TABLE, Archive
from actscribe.counts import counted
from actscribe.evaluation.audit import table as audit_tables
from actscribe.evaluation.audit.table import SUMMARY_COLUMNS
from actscribe.files import write_text
from actscribe.names import printable
from actscribe.report.archive_page import ArchivePage, archive_page
from actscribe.run_folder.run import Run
from actscribe.runs.audit import known_of
from actscribe.runs.quality_notes import known_videos, quality_notes
from actscribe.table_files import write_parquet, write_table
from actscribe.typed_words import typed

#: Rows of a workbook's sheet, its head left out; a hundred thousand take half a minute to write.
MOST_SHEET_ROWS = 2**20 - 1


@dataclass(frozen=True, slots=True)
class Written:
    """What was written of an archive.

    Args:
        sentences: what to say of it.
        files: tables and report.
        unread: how many videos have a timeline, but a record that cannot be read.
    """

    sentences: tuple[str, ...]
    files: tuple[Path, ...] = ()
    unread: int = 0


def write_tables(archive: Archive, run: Run) -> Written:
    """Write archive.csv, .xlsx, .parquet and report.html into an archive's folder.

    Where the run's label set has indicators, so they do: indicators.csv, .xlsx and .parquet.

    The tables have the same bytes whoever did which video; a workbook is left out where its sheet would be too long.

    Args:
        archive: at any state.
        run: that annotates.
    """
    content = tables.read(archive, reference(run))
    rows = tables.rows(content)
    paths = _write(archive.folder / TABLE, rows)
    summary = None
    if run.labels.indicators:
        named = ((printable(video.name), content.done.get(video.key)) for video in content.videos)
        audits = audited([(name, record) for name, record in named if record is not None], run.labels)
        known = known_of(run)
        errors = None if known is None else known.errors
        paths += _write(archive.folder / INDICATORS, audit_tables.table(audits, errors))
        summary = audit_tables.summary(audits, run.labels, errors)
    retry = printable(f"actscribe archive {typed(archive.folder)} --retry-failed")
    title = printable(f"Archive {archive.folder.absolute().name}")
    page = page_of(content, title, _warnings(content, run), retry, rows, summary)
    write_text(archive.folder / REPORT, archive_page(page))
    return Written(tuple(page.verdict), (*paths, archive.folder / REPORT), content.unread)


def write_none(archive: Archive, compared: Reference | None) -> Written:
    """Return what `write_tables` does, and write nothing; `compared` is what videos are compared with."""
    content = tables.read(archive, compared)
    return Written(tuple(tables.sentences(content)), unread=content.unread)


def _warnings(content: tables.Content, run: Run) -> tuple[str, ...]:
    """Return what to know before relying on the timelines: how the run stands, and which videos it has learned from."""
    known = known_videos(run)
    learned_from = sum(record.content in known for record in content.done.values())
    if not learned_from:
        return quality_notes(run)
    of_all = f"Of {learned_from} of {counted(len(content.done), 'video')}, byte for byte,"
    return (
        f"{of_all} the run has learned already, so their timelines look better than those of new videos would.",
        *quality_notes(run),
    )


def _write(stem: Path, rows: pd.DataFrame) -> list[Path]:
    """Write a table in three formats and return their paths; no workbook where its sheet would be too long."""
    paths = [stem.with_name(f"{stem.name}{ending}") for ending in (".csv", ".xlsx", ".parquet")]
    if len(rows) > MOST_SHEET_ROWS:
        paths.pop(1)
    for path in paths[:-1]:
        write_table(path, rows)
    write_parquet(paths[-1], rows)
    return paths


def page_of(
    content: tables.Content,
    title: str,
    warnings: Sequence[str],
    retry: str,
    rows: pd.DataFrame,
    indicators: pd.DataFrame | None = None,
) -> ArchivePage:
    """Return what the page of an archive shows.

    Args:
        content: of the archive.
        title: of the page.
        warnings: what to know before relying on it.
        retry: the command that tries failures again.
        rows: from `table.rows`.
        indicators: over all videos, from `audit.table.summary`; None: the label set has none.
    """
    own = content.reference.counts if content.reference else {}
    return ArchivePage(
        title=title,
        verdict=tables.sentences(content),
        warnings=warnings,
        rows=rows,
        columns=tables.SHOWN,
        tables={
            "indicators": (pd.DataFrame() if indicators is None else indicators, SUMMARY_COLUMNS),
            "labels": (tables.labels(content), tables.LABELS),
            "failures": (tables.failures(content), tables.FAILURES),
            "slowest": (tables.slowest(content), tables.SLOWEST),
            "look": (tables.unlike(content), tables.UNLIKE),
        },
        ids=tables.ids(content),
        counts={name: (label_counts, own.get(name)) for name, label_counts in tables.counts(content).items()},
        retry=retry,
        table_name=TABLE,
        has_workbook=len(rows) <= MOST_SHEET_ROWS,
    )
