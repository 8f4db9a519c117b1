"""actscribe benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from actscribe.cli.compute import AtOnce
from actscribe.errors import ActScribeError

if TYPE_CHECKING:
    from actscribe.benchmark.benchmark import Benchmarked

Set = Annotated[str, typer.Argument(metavar="SET", help="ucf101, hmdb51, kinetics400, mini-kinetics200 or folder.")]
Videos = Annotated[Path, typer.Option(help="Folder of the videos; sub-folders are searched.")]
Backbone = Annotated[str, typer.Option(help="A recognizer; VgHIF needs one that compares videos with prompts.")]
Lists = Annotated[Path | None, typer.Option(help="Folder of the official lists; default: with the videos.")]
Split = Annotated[int, typer.Option(help="Number of the official split.", min=1)]
Published = Annotated[bool, typer.Option("--as-published", help="Prompts and pictures as the published code has them.")]
Groups = Annotated[
    str, typer.Option(help="Folder sets: regular expression whose bracket finds a clip's group in its name.")
]
Vghif = Annotated[
    bool, typer.Option("--vghif", help="Measure with VgHIF, too, and test the two against each other, paired.")
]
Shots = Annotated[str, typer.Option(help="Training clips per class, such as 2, 4, 8, 16; full; 0: zero-shot.")]
Seeds = Annotated[int, typer.Option(help="Number of draws and trainings.", min=1)]
Recipe = Annotated[str, typer.Option(help="A published training, by name or file.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting, such as learning_rate=1e-5.")
]
Frames = Annotated[int | None, typer.Option(help="Frames of a clip; default: 8, or the recipe's.", min=1)]
Clips = Annotated[int | None, typer.Option(help="Temporal views of a test clip; default 1, or the recipe's.", min=1)]
Crops = Annotated[int | None, typer.Option(help="Spatial views of a test clip, 1 or 3; default 1, or the recipe's.")]
ShotsList = Annotated[Path | None, typer.Option(help="Split list of the training clips, drawn by others.")]
ShotsLabels = Annotated[
    Path | None, typer.Option(help="Label file of that list, lines id,name, if its ids are not those of the set.")
]
BaseToNovel = Annotated[bool, typer.Option("--base-to-novel", help="Learn half of the classes, test on both halves.")]
Halves = Annotated[
    tuple[Path, Path] | None,
    typer.Option(metavar="BASE NOVEL", help="Label files of the two halves; default: the rule of ViFi-CLIP."),
]
Out = Annotated[Path | None, typer.Option(help="Folder to write to; default runs/SET-splitN.")]
Resume = Annotated[bool, typer.Option("--resume", help="Continue, or add to what is there; finished runs are reused.")]


def benchmark(
    dataset: Set,
    videos: Videos,
    backbone: Backbone,
    lists: Lists = None,
    split: Split = 1,
    as_published: Published = False,
    groups: Groups = "",
    vghif: Vghif = False,
    shots: Shots = "",
    seeds: Seeds = 5,
    recipe: Recipe = "",
    settings: Settings = None,
    frames: Frames = None,
    clips: Clips = None,
    crops: Crops = None,
    shots_list: ShotsList = None,
    shots_labels: ShotsLabels = None,
    base_to_novel: BaseToNovel = False,
    halves: Halves = None,
    out: Out = None,
    resume: Resume = False,
    at_once: AtOnce = 1,
) -> None:
    """Measure a backbone on a benchmark set over several seeds, with and without VgHIF."""
    drawn = _shots(shots, shots_list)  # refused before networks are loaded

    from actscribe.benchmark.benchmark import benchmark as run_benchmark
    from actscribe.benchmark.plan import Plan, parse_overrides
    from actscribe.data.benchmarks.base import Source

    plan = Plan(
        dataset,
        Source(videos, lists, split, "as_published" if as_published else "corrected", groups),
        backbone,
        drawn,
        shots_list,
        vghif=vghif,
        seeds=seeds,
        recipe=recipe,
        overrides=parse_overrides(settings or ()),
        frames=frames,
        clips=clips,
        crops=crops,
        base_to_novel=base_to_novel,
        halves=halves,
        shots_labels=shots_labels,
    )
    _show(run_benchmark(plan, out, resume, at_once=at_once))


def _show(done: Benchmarked) -> None:
    from actscribe.report.benchmark_page import REPORT
    from actscribe.tables import print_sentence, print_table

    for title, table in done.shown().items():
        print_table(title, table)
    for note in done.notes:
        print_sentence(f"Note: {note}")
    print(f"Tables: {done.folder}")
    print(f"Report: {done.folder / REPORT}")


def _shots(text: str, shots_list: Path | None) -> int | None:
    """Return the number of shots; None for all clips, or where a list says which."""
    if text == "full" or (not text and shots_list is not None):
        return None
    if not text.isdecimal():
        raise ActScribeError(
            f"--shots {text}: expected a number or full." if text else "How many training clips a class?",
            "Example: --shots 8, or --shots full, or --shots 0 for zero-shot",
        )
    return int(text)
