"""actscribe annotate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def annotate(
    videos: Annotated[list[Path], typer.Argument(help="Videos to annotate.")],
    run: Annotated[Path, typer.Option(help="Run folder made by `actscribe train`.")],
    format: Annotated[str, typer.Option(help="Comma-separated: elan, boris, csv, json, vtt, …")] = "json",
    out: Annotated[Path | None, typer.Option(help="Folder to write to; default beside each video.")] = None,
    rules: Annotated[
        bool | None, typer.Option("--rules/--no-rules", help="Apply the label set's rules; default as the run has it.")
    ] = None,
    budget: Annotated[
        Path | None,
        typer.Option(help="Also write totals, bouts and first times of all videos to this .csv or .xlsx file."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")] = False,
) -> None:
    """Write the activity timeline of videos in the formats that annotation tools read."""
    from actscribe.runs.annotate import annotate_each
    from actscribe.runs.budget_file import check_budget_file, write_budget
    from actscribe.runs.folder import Run
    from actscribe.tables import print_table
    from actscribe.timeline.budget import time_budget
    from actscribe.timeline.indicators import indicators

    opened = Run.open(run)
    if budget is not None:
        check_budget_file(budget, overwrite)
    formats = [name.strip() for name in format.split(",") if name.strip()]
    timelines = []
    try:
        for done in annotate_each(videos, opened, formats, out, rules, overwrite=overwrite):
            timelines.append((done.recording, "predicted", done.intervals))
            table = indicators(done.recording, done.intervals, opened.labels)
            print_table(f"{done.recording.video.name}: {len(done.intervals)} intervals", table)
            for path in done.files:
                print(path)
    finally:  # also of those that were annotated before one could not be
        if budget is not None and timelines:
            write_budget(budget, time_budget(timelines, opened.labels))
            print(budget)
