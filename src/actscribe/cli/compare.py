"""actscribe compare."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from actscribe.cli.compute import AtOnce
from actscribe.cli.next_command import print_next, short
from actscribe.errors import ActScribeError


def compare(
    study: Annotated[
        Path | None,
        typer.Argument(help="study.yaml, or its folder; with --from only if it has moved."),
    ] = None,
    only: Annotated[str | None, typer.Option(help="Comma-separated recognizers; default all of the study.")] = None,
    seeds: Annotated[
        int | None, typer.Option(help="How many times each trained recognizer is trained; default: 1.", min=1)
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Continue the comparison in the folder, as it was requested; what is done is reused. With other"
            " --only, --seeds or --curve: change it to those.",
        ),
    ] = False,
    curve: Annotated[
        str | None, typer.Option(help="Learning curve by number of training recordings, such as 1,2,5,10,all.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write to; default STUDY/comparison.")] = None,
    again: Annotated[
        Path | None, typer.Option("--from", help="provenance.json of a comparison to repeat, retraining everything.")
    ] = None,
    at_once: AtOnce = 1,
) -> None:
    """Compare all recognizers of a study on the same clips, with statistics, tables and one report."""
    from actscribe.settings.study import load_study

    if again is not None:
        if any(value is not None for value in (only, curve, seeds)):
            raise ActScribeError("--from repeats a comparison as it was: --only, --seeds and --curve are in it.")

        from actscribe.compare.compare import repeat
        from actscribe.report.comparison.show import show

        done, differ = repeat(again, out, resume, home=study, at_once=at_once)
        show(done)
        print(f"Not the same numbers: {', '.join(differ)}" if differ else "The same numbers in every table.")
        return
    if study is None:
        raise ActScribeError("Which study?", "Type: actscribe compare study.yaml")
    names = None if only is None else [name.strip() for name in only.split(",") if name.strip()]
    loaded = load_study(study)  # refuses a study that is none before networks are loaded

    from actscribe.compare.compare import compare as compare_study
    from actscribe.report.comparison.show import show

    done = compare_study(loaded, names, seeds, resume, curve, out, at_once=at_once)
    show(done)
    print_next("report", short(done.folder), "--open")
