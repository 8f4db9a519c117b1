"""actscribe train."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from actscribe.cli.next_command import print_next
from actscribe.settings.seed import MOST_SEED
from actscribe.typed_words import typed

#: Splits in which a run is measured next, the first one that has annotated recordings.
MEASURED = ("test", "validation", "train")


def train(
    study: Annotated[Path, typer.Argument(help="study.yaml, or its folder.")],
    recognizer: Annotated[
        str | None,
        typer.Option(help="One of the study's recognizers, or one of the registry.", show_default="the study's first"),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Run folder; default STUDY/runs/RECOGNIZER.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue a training that was interrupted.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an earlier run in the folder, finished or not.")
    ] = False,
    seed: Annotated[int | None, typer.Option(help="Seed in place of the study's own.", min=0, max=MOST_SEED)] = None,
    warm_start: Annotated[
        Path | None,
        typer.Option(help="Earlier run of the same recognizer to start from.", show_default="the settings' checkpoint"),
    ] = None,
) -> None:
    """Train a recognizer on a study, or set up a zero-shot one, and choose thresholds on validation."""
    from actscribe.errors import ActScribeError
    from actscribe.processes import is_first
    from actscribe.progress import say
    from actscribe.run_folder.existing_run import refuse_complete
    from actscribe.run_folder.file_names import RUN_FILE
    from actscribe.run_folder.run import Run
    from actscribe.settings.study import load_study

    loaded = load_study(study)
    if seed is not None:
        loaded = loaded.model_copy(update={"seed": seed})
    first, *others = loaded.recognizers
    loaded.chosen(recognizer or first)  # refuses a name that is none before networks are loaded

    folder = out or loaded.folder / "runs" / (recognizer or first)
    if is_first() and not overwrite and (folder / RUN_FILE).is_file():
        try:
            there = Run.open(folder)
        except ActScribeError:  # a damaged one: `train_run` says what to do
            there = None
        if there is not None:
            refuse_complete(there)  # at once, before networks are loaded

    from actscribe.report.verdict import grouped_notes
    from actscribe.runs.train import train as train_run
    from actscribe.tables import print_sentence
    from actscribe.training.checkpoints import CURVES

    if recognizer is None and others:
        say(
            f"Training {first}, the first of the study's {len(others) + 1} recognizers; --recognizer names another.",
        )
    run = train_run(loaded, recognizer or first, out=out, resume=resume, overwrite=overwrite, warm_start=warm_start)
    if not is_first():
        return
    for sentence in grouped_notes("Timeline", run.operating_point.timeline.notes):
        print_sentence(f"Note: {sentence}")
    print(f"Run: {run.folder}")
    curves = run.folder / CURVES
    if curves.is_dir():
        print(f"Curves of the training: tensorboard --logdir {typed(curves)}")
    measured = next(
        (split for split in MEASURED if any(one.intervals is not None for one in run.recordings(split))), ""
    )
    print_next("evaluate", run.folder, *(["--split", measured] if measured not in ("", "test") else []))
