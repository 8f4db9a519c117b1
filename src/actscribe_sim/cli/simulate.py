"""actscribe simulate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from actscribe.cli.next_command import print_next
from actscribe.counts import counted
from actscribe.packages import require

#: Clips of an action that a benchmark learns from, where there are as many.
SHOTS = 8
#: Tabletop clips of each action from which on the split has test clips.
TESTABLE = 4


def simulate(
    out: Annotated[Path, typer.Argument(help="Folder to make.")],
    recordings: Annotated[int, typer.Option(help="Number of recordings.", min=1)] = 10,
    minutes: Annotated[float, typer.Option(help="Minutes of each recording.", min=0.1)] = 2.0,
    seed: Annotated[int, typer.Option(help="Seed of everything random.", min=0)] = 0,
    size: Annotated[int, typer.Option(help="Width and height in pixels.", min=64)] = 256,
    tabletop: Annotated[int, typer.Option(help="Instead: trimmed clips of tabletop actions, this many of each.")] = 0,
    actions: Annotated[str, typer.Option(help="Comma-separated tabletop actions; default all 38.")] = "",
    plain: Annotated[bool, typer.Option(help="Tabletops with one table, light and hand, without bystanders.")] = False,
) -> None:
    """Simulate newborn resuscitations with exact annotations, as a study that is ready to train on."""
    require("cv2", "actscribe simulate")
    if tabletop:
        _tabletop(out, tabletop, seed, actions, size, plain)
        return
    from actscribe.data.manifest import SPLITS
    from actscribe_sim.resuscitation.recording import simulate as simulate_study
    from actscribe_sim.resuscitation.scene import PER_TEAM

    made = simulate_study(out, recordings=recordings, minutes=minutes, seed=seed, size=size)
    print(f"Study: {made.study}")
    teams = len({recording.group for recording in made.recordings})
    if teams >= len(SPLITS):
        print_next("check", out)
        return
    few = f"only {counted(teams, 'team')}"
    print(f"These are of {few}, and training, validation and test take one each: add recordings.")
    words = ["--recordings", len(SPLITS) * PER_TEAM, "--minutes", f"{minutes:g}", "--seed", seed, "--size", size]
    print_next("simulate", out, *map(str, words))


def _tabletop(out: Path, clips: int, seed: int, actions: str, size: int, plain: bool) -> None:
    from actscribe_sim.tabletop.actions import ACTIONS
    from actscribe_sim.tabletop.clips import simulate_tabletop, split_counts

    names = [name.strip() for name in actions.split(",") if name.strip()] or list(ACTIONS)
    simulate_tabletop(out, clips, seed, actions=names, size=size, plain=plain)
    print(f"Set: {out}, {counted(clips, 'clip')} of each of {len(names)} actions")
    counts = split_counts(clips)
    if not counts["test"]:
        print(f"{clips} of each are too few for a test split: simulate {TESTABLE} into another folder.")
        words = [f"{out}-{TESTABLE}", "--tabletop", TESTABLE, "--seed", seed, "--size", size]
        words += ["--actions", ",".join(names)] if actions else []
        words += ["--plain"] if plain else []
        print_next("simulate", *map(str, words))
        return
    # Where no clip is for validation, a benchmark takes one of the training clips for it.
    shots = min(SHOTS, counts["train"] - (not counts["validation"]))
    words = ["--videos", out, "--groups", "^([0-9]+)$", "--backbone", "vifi-clip", "--shots", shots]
    print_next("benchmark", "folder", *map(str, words))
