"""actscribe evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from actscribe.cli.next_command import print_next

if TYPE_CHECKING:
    from actscribe.run_folder.run import Run

#: Where the timeline of the next command goes.
TIMELINES = Path("timelines")
#: What stands for the video of the next command, as on every page.
NEW = "new.mp4"


def evaluate(
    run: Annotated[Path, typer.Argument(help="Run folder made by `actscribe train`.")],
    split: Annotated[str, typer.Option(help="test, validation or train.")] = "test",
    frames: Annotated[
        bool, typer.Option("--frames", help="Put frames of the worst errors into the report (privacy!).")
    ] = False,
    videos: Annotated[
        list[Path] | None,
        typer.Option(help="Folder to search for videos that have moved; they are recognized by their content."),
    ] = None,
    as_live: Annotated[
        bool,
        typer.Option(
            "--as-live", help="Also compare the timelines that `watch` would have shown with the offline ones."
        ),
    ] = False,
) -> None:
    """Measure a run on a split, with baselines and confidence intervals, and write its report."""
    from actscribe.run_folder.run import Run

    opened = Run.open(run)  # refuses what is not a run before networks are loaded

    if as_live:
        from actscribe.live.watch import check_run

        check_run(opened)

    from actscribe.runs.evaluate import evaluate as evaluate_run
    from actscribe.tables import print_sentence, print_table

    result = evaluate_run(opened, split, frames=frames, videos=videos or ())
    for title, table in result.summary().items():
        print_table(title, table)
    print_sentence(result.words())
    print_sentence(" ".join(result.verdict()))
    if as_live:
        from actscribe.live.as_live import WORDS
        from actscribe.live.as_live import as_live as compare_live

        comparison = compare_live(result.run, split)
        print_table("As seen live, beside offline", comparison.table)
        print_sentence(WORDS)
        print(comparison.file)
    for note in result.run.info.notes:
        print_sentence(f"Note: {note}")
    print(f"Report: {result.report}")
    _say_next(result.run)


def _say_next(run: Run) -> None:
    """Print the command that annotates a new video, in the format of the study's own annotations."""
    from actscribe.run_folder.own_format import own_format

    words = ("annotate", NEW, "--run", run.folder, "--format", own_format(run), "--out", TIMELINES)
    print_next(*words, first=f"read the report, put a new video of yours in the place of {NEW}")
