"""actscribe report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from actscribe.stored_path import real_path
from actscribe.typed_words import typed


def report(
    folder: Annotated[Path, typer.Argument(help="Folder of a run, or of a comparison.")],
    split: Annotated[str, typer.Option(help="Split of a run: test, validation or train.")] = "test",
    open_it: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Rewrite the report of a run or a comparison from what was kept, and print its path."""
    import webbrowser

    from actscribe.run_folder.comparison import FILE

    if (folder / FILE).is_file():
        from actscribe.compare.compare import rewrite_report

        path = rewrite_report(folder)
    else:
        from actscribe.errors import ActScribeError
        from actscribe.run_folder.run import Run

        run = Run.open(folder)
        if not run.has_scores(split):
            command = f"actscribe evaluate {typed(folder)} --split {split}"
            raise ActScribeError(f"{folder}: was not measured on {split}: no scores are kept.", f"Type: {command}")

        from actscribe.runs.evaluate import evaluate

        path = evaluate(run, split).report
    print(f"Report: {path}")
    if open_it:
        webbrowser.open(real_path(path).as_uri())
