"""actscribe indicators."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from actscribe.cli.next_command import print_next
from actscribe.files import free_path


def indicators(
    paths: Annotated[list[Path], typer.Argument(help="Annotation files, timelines, folders of them, or runs.")],
    labels: Annotated[
        str | None, typer.Option(help="Label preset or YAML file with `indicators:`; default the run's.")
    ] = None,
    run: Annotated[Path | None, typer.Option(help="The run that made the timelines, to show its errors.")] = None,
    manifest: Annotated[
        Path | None, typer.Option(help="CSV of the videos, for moments such as birth or arrival.")
    ] = None,
    table: Annotated[str, typer.Option(help="indicators, errors, time-budget or transitions.")] = "indicators",
    split: Annotated[str, typer.Option(help="Split of a run: test, validation or train.")] = "test",
    second: Annotated[
        Path | None, typer.Option(help="The second annotator's file or folder: how far both agree, by ICC.")
    ] = None,
    subject: Annotated[str | None, typer.Option(help="Only this subject's; default: all, not distinguished.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Also write the table to this .csv, .xlsx, .parquet or .html.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing file.")] = False,
) -> None:
    """Answer what an audit asks of each video: latencies, shares, pauses, and whether limits are met."""
    from actscribe.report.audit import show
    from actscribe.runs.audited import Asked, answer

    answered = answer(Asked(tuple(paths), labels, run, manifest, table, split, second, subject, out, overwrite))
    show(answered)
    if out is not None:
        print(out)
        return
    given = {"--labels": labels, "--run": run, "--manifest": manifest, "--second": second, "--subject": subject}
    given |= {"--table": table} if table != "indicators" else {}
    given |= {"--split": split} if split != "test" else {}
    words = [word for name, value in given.items() if value is not None for word in (name, value)]
    print_next("indicators", *paths, *words, "--out", free_path(Path(f"{answered.kind}.xlsx")))
