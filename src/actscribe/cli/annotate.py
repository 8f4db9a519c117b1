"""actscribe annotate."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from actscribe.cli.next_command import plot_of, print_next
from actscribe.counts import counted


def annotate(
    videos: Annotated[list[Path], typer.Argument(help="Videos to annotate.")],
    run: Annotated[Path, typer.Option(help="Run folder made by `actscribe train`.")],
    format: Annotated[str, typer.Option(help="Comma-separated: elan, boris, csv, json, vtt, …")] = "json",
    out: Annotated[Path | None, typer.Option(help="Folder to write to; default: beside each video.")] = None,
    rules: Annotated[
        bool | None, typer.Option("--rules/--no-rules", help="Apply the label set's rules; default as the run has it.")
    ] = None,
    time_budget: Annotated[
        Path | None, typer.Option(help="Also write seconds, bouts and pauses per label to this .csv or .xlsx.")
    ] = None,
    scores: Annotated[
        bool, typer.Option("--scores", help="Also write the scores over time, NAME.scores.parquet; plot draws them.")
    ] = False,
    manifest: Annotated[
        Path | None, typer.Option(help="CSV of the videos, for moments such as birth that indicators count from.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")] = False,
) -> None:
    """Write the activity timeline of videos in the formats that annotation tools read."""
    from actscribe.annotations import FORMATS, counts_frames
    from actscribe.errors import ActScribeError
    from actscribe.run_folder.run import Run

    opened = Run.open(run)
    formats = [name.strip() for name in format.split(",") if name.strip()]
    if not formats:
        raise ActScribeError("No format to write was named.", f"Known: {', '.join(FORMATS)}.")

    from actscribe.evaluation.indicators import indicators
    from actscribe.runs.annotate import annotate_each
    from actscribe.runs.audit import known_of, moments_of_videos, show_predicted
    from actscribe.tables import print_sentence, print_table

    moments = moments_of_videos(manifest, videos, opened.labels)
    made = annotate_each(
        videos, opened, formats, out, rules, overwrite=overwrite, time_budget=time_budget, scores=scores
    )
    known = drawable = None
    for index, done in enumerate(made):
        if not index:  # they are of the run, so once for all videos
            for note in done.notes:
                print_sentence(note)
            if done.notes and (silent := [name for name in formats if "notes" not in FORMATS[name].keeps]):
                print_sentence(f"The files hold these notes as well, except {', '.join(silent)}, which can hold none.")
        if done.known:
            print_sentence(f"Warning: {done.recording.video.name}: {done.known}")
        table = indicators(done.recording, done.intervals, opened.labels)
        print_table(f"{done.recording.video.name}: {counted(len(done.intervals), 'interval')}", table)
        if opened.labels.indicators:
            known = known_of(opened) if not index else known
            recording = replace(done.recording, moments=moments.get(done.recording.video, ()))
            show_predicted(recording, done.intervals, opened.labels, known)
        for path in done.files:
            print(path)
        drawable = drawable or next((path for path in done.files if not counts_frames(path)), None)
    if manifest is None and (columns := opened.labels.moments()):
        print_sentence(f"What counts from {' or '.join(columns)} is measured with --manifest, a CSV that has them.")
    if time_budget is not None:
        print(time_budget)
    if drawable is not None:
        print_next(*plot_of(drawable))
