"""actscribe next."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from actscribe.cli.next_command import print_next
from actscribe.settings.seed import MOST_SEED


def next(
    study: Annotated[Path, typer.Argument(help="study.yaml, or its folder.")],
    minutes: Annotated[
        float, typer.Option(help="Minutes of watching, including the context around each span.", min=0.1)
    ] = 30.0,
    strategy: Annotated[
        str | None,
        typer.Option(
            help="uncertainty, disagreement, change, coverage or random.",
            show_default="uncertainty where there is a run, else coverage",
        ),
    ] = None,
    run: Annotated[
        list[Path] | None,
        typer.Option(help="A run whose predictions are used; may be repeated.", show_default="those in STUDY/runs"),
    ] = None,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "train",
    span: Annotated[
        float | None, typer.Option(help="Approximate length of a span, in seconds.", min=0.1, show_default="five clips")
    ] = None,
    context: Annotated[
        float | None, typer.Option(help="Seconds shown around a span.", min=0.0, show_default="one clip")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of what is drawn at random.", min=0, max=MOST_SEED)] = 0,
    out: Annotated[Path | None, typer.Option(help="Also write the table to this .csv or .xlsx.")] = None,
) -> None:
    """Suggest what to review next, and why, within a number of minutes of a person's time."""
    from dataclasses import asdict

    import pandas as pd

    from actscribe.review.queue.ask import ask
    from actscribe.review.queue.strategies import STRATEGIES, clock
    from actscribe.table_files import check_table, write_table
    from actscribe.tables import print_sentence, print_table

    if out is not None:
        check_table(out, overwrite=False)
    queue = ask(study, minutes, strategy, run or (), split, span, context, seed)
    rows = [
        {
            "recording": one.recording,
            "from": clock(one.start),
            "to": clock(one.end),
            "watch": f"{one.cost:.1f} s",
            "why": one.why,
        }
        for one in queue.spans
    ]
    if rows:
        print_table(f"By {queue.strategy}: {STRATEGIES[queue.strategy]}", pd.DataFrame(rows))
        watched = sum(one.cost for one in queue.spans) / 60
        print_sentence(f"{watched:.1f} minutes of watching; {queue.left / 60:.1f} minutes of {split} are not reviewed.")
    for note in queue.notes:
        print_sentence(f"Note: {note}")
    if out is not None:
        table = [{"rank": index, **asdict(one), "strategy": queue.strategy} for index, one in enumerate(queue.spans, 1)]
        write_table(out, pd.DataFrame(table).rename(columns={"start": "start_s", "end": "end_s", "cost": "cost_s"}))
        print(f"Table: {out}")
    if queue.left:
        print_next("review", study)
