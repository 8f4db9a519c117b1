"""actscribe new."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer


def new(
    study_dir: Annotated[Path, typer.Argument(help="Folder to make; it must not hold a study yet.")],
    labels: Annotated[str, typer.Option(help="Label preset or YAML file to start from.")] = "newborn_resuscitation",
) -> None:
    """Scaffold a study: study.yaml with comments and an empty manifest, ready to edit."""
    from actscribe.scaffold import scaffold

    for path in scaffold(study_dir, labels):
        print(path)
    print(f"Fill manifest.csv, then type: actscribe check {shlex.quote(str(study_dir))}")
