"""actscribe plot."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def plot(
    sources: Annotated[list[Path], typer.Argument(help="Annotation files of one video, or one run folder.")],
    out: Annotated[Path, typer.Option(help="Figure to write: .svg, .pdf or .png.")],
    recording: Annotated[str, typer.Option(help="Which recording of a run, or video of files with several.")] = "",
    split: Annotated[str, typer.Option(help="Of a run: the split that the recording is in.")] = "test",
    width: Annotated[str, typer.Option(help="single (89 mm), double (183 mm), or millimetres.")] = "single",
    names: Annotated[str, typer.Option(help="Comma-separated, for the legend; default the files' names.")] = "",
    labels: Annotated[str, typer.Option(help="Comma-separated rows, in this order; default all.")] = "",
    start: Annotated[float | None, typer.Option(help="Of the axis, in seconds.", min=0)] = None,
    end: Annotated[float | None, typer.Option(help="Of the axis, in seconds.", min=0)] = None,
    scores: Annotated[bool, typer.Option(help="Of a run: draw score curves.")] = True,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False,
) -> None:
    """Draw timelines as a figure for print, annotated above predicted, with score curves where a run keeps them."""
    from actscribe.errors import ActScribeError
    from actscribe.figure.content import of_files, of_run
    from actscribe.figure.drawing import Look, check_figure_file, draw, parse_width
    from actscribe.runs.folder import Run

    look = Look(parse_width(width), start, end, _listed(labels))
    check_figure_file(out, overwrite)
    if any(source.is_dir() for source in sources):
        if len(sources) > 1:
            raise ActScribeError("A run folder stands alone.", "Name one run folder, or annotation files.")
        content = of_run(Run.open(sources[0]), recording, split, scores)
    else:
        content = of_files(sources, _listed(names), recording or None)
    draw(out, content, look)
    print(out)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
