"""actscribe simulate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def simulate(
    out: Annotated[Path, typer.Argument(help="Folder to make.")],
    recordings: Annotated[int, typer.Option(help="How many.", min=1)] = 10,
    minutes: Annotated[float, typer.Option(help="Length of each.", min=0.1)] = 2.0,
    seed: Annotated[int, typer.Option(help="All randomness flows from it.", min=0)] = 0,
    size: Annotated[int, typer.Option(help="Width and height in pixels.", min=64)] = 256,
) -> None:
    """Simulate newborn resuscitations with exact annotations, as a study that is ready to train on."""
    from actscribe.simulation.recording import simulate as simulate_study

    simulate_study(out, recordings=recordings, minutes=minutes, seed=seed, size=size)
    print(f"Study: {out / 'study.yaml'}")
    print(f"Next: actscribe check {out}")
