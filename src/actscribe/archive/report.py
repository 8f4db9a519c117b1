"""The files that say what became of an archive: a table in three formats, and a page."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from actscribe.archive import table as tables
from actscribe.archive.drift import reference
from actscribe.archive.folder import REPORT, TABLE, Archive
from actscribe.files import write_beside, write_text
from actscribe.report.archive_page import ArchivePage, archive_page
from actscribe.run_folder.run import Run
from actscribe.runs.standing import standing
from actscribe.table_files import write_table

#: Rows of a workbook's sheet, its head left out; a hundred thousand take half a minute to write.
MOST_SHEET_ROWS = 2**20 - 1


def write_tables(archive: Archive, run: Run) -> tuple[tuple[str, ...], tuple[Path, ...]]:
    """Write archive.csv, .xlsx, .parquet and report.html into an archive's folder; return sentences and their paths.

    The tables have the same bytes whoever did which video; a workbook is left out where its sheet would be too long.

    Args:
        archive: at any state.
        run: that annotates.
    """
    content = tables.read(archive, reference(run))
    rows = tables.rows(content)
    paths = [archive.folder / f"{TABLE}{ending}" for ending in (".csv", ".xlsx", ".parquet")]
    if len(rows) > MOST_SHEET_ROWS:
        paths.pop(1)
    for path in paths[:-1]:
        write_table(path, rows)
    with write_beside(paths[-1]) as beside:
        rows.to_parquet(beside, index=False)
    retry = f"actscribe archive {shlex.quote(str(archive.folder))} --retry-failed"
    page = page_of(content, f"Archive {archive.folder.absolute().name}", standing(run), retry, rows)
    write_text(archive.folder / REPORT, archive_page(page))
    return tuple(page.verdict), (*paths, archive.folder / REPORT)


def page_of(
    content: tables.Content, title: str, warnings: Sequence[str], retry: str, rows: pd.DataFrame
) -> ArchivePage:
    """Return what the page of an archive shows.

    Args:
        content: of the archive.
        title: of the page.
        warnings: what to know before relying on it.
        retry: the command that tries failures again.
        rows: from `table.rows`.
    """
    own = content.reference.counts if content.reference else {}
    return ArchivePage(
        title=title,
        verdict=tables.sentences(content),
        warnings=warnings,
        rows=rows,
        columns=tables.SHOWN,
        tables={
            "labels": (tables.labels(content), tables.LABELS),
            "failures": (tables.failures(content), tables.FAILURES),
            "slowest": (tables.slowest(content), tables.SLOWEST),
            "look": (tables.unlike(content), tables.UNLIKE),
        },
        counts={name: (found, own.get(name)) for name, found in tables.counts(content).items()},
        retry=retry,
        table_name=TABLE,
        has_workbook=len(rows) <= MOST_SHEET_ROWS,
    )
