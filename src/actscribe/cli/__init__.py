"""The command line: one file per command, each parses, calls one function and prints."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from actscribe import __version__
from actscribe.cli import (
    agreement,
    annotate,
    archive,
    benchmark,
    check,
    compare,
    convert,
    doctor,
    evaluate,
    indicators,
    models,
    new,
    next,
    plot,
    report,
    review,
    settings,
    terminal,
    train,
    watch,
)
from actscribe.cli.compute import with_compute
from actscribe.cli.guard import INTERRUPTED, guarded
from actscribe.cli.options import Command
from actscribe.cli.plugins import Commands

app = typer.Typer(
    name="actscribe",
    cls=Commands,
    help="Write the activity timeline of a video with recognizers that run on your own machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _say_version(asked: bool) -> None:
    if asked:
        print(f"actscribe {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Take what stands before a command."""


COMMANDS: tuple[Callable[..., None], ...] = (
    new.new,
    settings.settings,
    check.check,
    with_compute(train.train),
    with_compute(evaluate.evaluate),
    with_compute(compare.compare),
    with_compute(next.next),
    with_compute(benchmark.benchmark),
    report.report,
    with_compute(annotate.annotate),
    with_compute(watch.watch),
    with_compute(archive.archive),
    with_compute(review.review),
    plot.plot,
    convert.convert,
    agreement.agreement,
    indicators.indicators,
    doctor.doctor,
)
for command in COMMANDS:
    app.command(cls=Command)(guarded(command))
app.add_typer(models.models, name="models")


def main() -> None:
    """Run the command line. Nothing that it starts reaches a model hub."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    terminal.prepare()
    code: object = 0
    try:
        app()
    except SystemExit as end:
        code = end.code
    except OSError as error:  # outside of any command, such as a help text
        code = terminal.lost(error)
    except KeyboardInterrupt:  # before a command began, which answers for itself
        terminal.tell("\nInterrupted. Nothing was started.")
        code = INTERRUPTED
    sys.exit(terminal.finish(code if isinstance(code, int) else int(code is not None)))
