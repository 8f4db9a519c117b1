"""actscribe demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from actscribe.cli.compute import with_compute
from actscribe.packages import require


@with_compute
def demo(
    quick: Annotated[bool, typer.Option("--quick", help="A smaller demo, in a few minutes.")] = False,
    out: Annotated[Path, typer.Option(help="Folder to make.")] = Path("demo"),
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Delete an earlier demo in that folder, with all that is in it.")
    ] = False,
) -> None:
    """Run the whole job on simulated recordings, offline, and print the path of the report."""
    require("cv2", "actscribe demo")
    from actscribe_sim.demo import demo as run_demo

    run_demo(out, quick=quick, overwrite=overwrite)
