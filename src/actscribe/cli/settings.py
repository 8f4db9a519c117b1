"""actscribe settings: every key of a study file, with its meaning, default, unit and range."""

from __future__ import annotations

from typing import Annotated

import typer


def settings(
    name: Annotated[
        str,
        typer.Argument(
            metavar="[RECOGNIZER]",
            help="A recognizer; 'study' or 'labels': the study file itself; or one key, such as windows.length.",
        ),
    ] = "study",
    markdown: Annotated[bool, typer.Option("--markdown", help="All of them as one page of Markdown.")] = False,
) -> None:
    """List what a study file may contain: every key with its meaning, default, unit and range."""
    from actscribe.settings import pages

    print(pages.markdown() if markdown else pages.text(name), end="")
