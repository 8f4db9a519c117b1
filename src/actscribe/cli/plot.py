"""actscribe plot."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from actscribe.cli.next_command import print_next


def plot(
    timelines: Annotated[list[str], typer.Argument(help="Annotation files of any format; with --run: recordings.")],
    out: Annotated[Path, typer.Option(help="Figure to write: .svg, .pdf or .png.")],
    run: Annotated[
        Path | None, typer.Option(help="Run that was evaluated: its timelines, scores and annotations.")
    ] = None,
    truth: Annotated[
        list[Path] | None, typer.Option(help="Annotation file to compare with; one for each timeline, in order.")
    ] = None,
    video: Annotated[
        list[str] | None,
        typer.Option(help="Which video or observation of a file that holds several; one for each timeline, in order."),
    ] = None,
    width: Annotated[str, typer.Option(help="single (89 mm), double (183 mm), or millimetres.")] = "double",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing figure.")] = False,
) -> None:
    """Draw timelines for a paper, with their annotation and scores if there are any."""
    from actscribe.errors import ActScribeError
    from actscribe.figure.draw import check_figure, draw, parse_width
    from actscribe.figure.panels import about_run, of_files, of_run
    from actscribe.run_folder.run import Run, study_above
    from actscribe.tables import print_sentence

    wide = parse_width(width)
    check_figure(out, overwrite)
    if run is not None and video:
        raise ActScribeError("Both --run and --video were given.", "Name the recordings of the run without --video.")
    if run is not None and truth:
        raise ActScribeError("Both --run and --truth were given.", "A run knows the annotations of its recordings.")
    opened = None if run is None else Run.open(run)
    files = [Path(one) for one in timelines]
    panels = of_files(files, truth or (), video or ()) if opened is None else of_run(opened, timelines)
    draw(panels, out, wide)
    print(out)
    if opened is not None:
        for sentence in about_run(opened, [panel.title for panel in panels]):
            print_sentence(sentence)
        print_next("review", study_above(opened.folder), "--run", opened.folder, "--open", panels[0].title)
    elif truth:
        print_next("agreement", truth[0], files[0])
