"""actscribe agreement."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from actscribe.cli.convert import frame_times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actscribe.data.pairs import Pairs

#: Names that a note lists.
NAMED = 8


def agreement(
    first: Annotated[Path, typer.Argument(help="Annotation file, or a folder of them.")],
    second: Annotated[Path, typer.Argument(help="The other person's file or folder.")],
    unit: Annotated[float, typer.Option(help="Seconds from one moment to the next, for kappa.")] = 1.0,
    tolerance: Annotated[
        float, typer.Option(help="Seconds by which the other annotator may be early or late and still agree.")
    ] = 1.0,
    collar: Annotated[
        float | None, typer.Option(help="The same for F1 of events, in seconds; default: the tolerance.")
    ] = None,
    length_share: Annotated[
        float, typer.Option(help="The end may also differ by this share of the first one's event.")
    ] = 0.5,
    labels: Annotated[str | None, typer.Option(help="Label preset or YAML file: aliases become label names.")] = None,
    observation: Annotated[
        str | None, typer.Option(help="Which video or observation of the first file, if it holds several.")
    ] = None,
    observation_2: Annotated[
        str | None,
        typer.Option("--observation-2", help="Which video or observation of the second file, if it holds several."),
    ] = None,
    subject: Annotated[str | None, typer.Option(help="Only this subject's; default: all, not distinguished.")] = None,
    tiers: Annotated[
        list[str] | None,
        typer.Option(help="Tiers to read, by name: 'act*'; '!notes' leaves some out. May be repeated."),
    ] = None,
    video: Annotated[str | None, typer.Option(help="The video's file, for formats that count frames.")] = None,
    fps: Annotated[
        float | None,
        typer.Option(
            help="Frames per second, for formats that count frames, if the video is not available.", min=0.001
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="CSV file for the whole table.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing file.")] = False,
) -> None:
    """Measure how far two people agree: on moments (kappa, as BORIS), starts, ends and whole events (F1)."""
    from actscribe.data.pairs import Reading, labels_of, read_pairs
    from actscribe.evaluation import raters
    from actscribe.evaluation.by_subject import by_subject, side_by_side
    from actscribe.files import write_text
    from actscribe.labels import load_label_set
    from actscribe.ownership import check_file
    from actscribe.report.agreement import show
    from actscribe.table_text import csv_text

    how = raters.Measure(unit, tolerance, tolerance if collar is None else collar, length_share)
    if out is not None:
        check_file(out, overwrite)
    label_set = load_label_set(labels) if labels else None
    clock = frame_times(video, fps, True)
    reading = Reading(label_set, subject, tuple(tiers or ()), clock)
    pairs = read_pairs(first, second, reading, (observation, observation_2))
    done = raters.agreement(pairs.pairs, labels_of(pairs.pairs, label_set), how)
    subjects = by_subject(pairs.of_subject, how)
    show(done, _notes(pairs, subject, label_set is not None), subjects)
    if out is not None:
        write_text(out, csv_text(side_by_side(done, subjects)))
        print(f"Table: {out}")


def _notes(pairs: Pairs, subject: str | None, has_aliases: bool) -> list[str]:
    """Say what was not compared, and, unless a label set has joined them, what may be one name in two spellings."""
    from actscribe.evaluation.collars import names_of
    from actscribe.journal.spans import joined, seconds

    notes = []
    if pairs.alone:
        notes.append(f"only one of the two has: {_some(pairs.alone)}; left out")
    gaps = {
        one.name: joined([(gap.start, gap.end) for gap in (*one.first.gaps, *one.second.gaps)]) for one in pairs.pairs
    }
    if lacking := {name: seconds(spans) for name, spans in gaps.items() if spans}:
        texts = [f"{name} ({lasting:.1f} s)" for name, lasting in lacking.items()]
        notes.append(f"not annotated by one of the two, for one label at least, and left out: {_some(texts)}")
    if pairs.unknown:
        names = ", ".join(f"'{name}' ({count}x)" for name, count in pairs.unknown.items())
        notes.append(f"unknown to the label set, left out: {names}")
    if len(pairs.subjects) > 1 and subject is None:
        notes.append(
            f"in the first tables subjects are not distinguished ({_some(pairs.subjects)}); --subject shows one alone"
        )
    one, other = (names_of(pairs.pairs, side) for side in (0, 1))
    for who, own in (("first", one - other), ("second", other - one)):
        if own:
            advice = "" if has_aliases else "; spelled in two ways? See --labels"
            notes.append(f"only the {who} has: {_some(sorted(own))}{advice}")
    return notes


def _some(names: Sequence[str]) -> str:
    rest = len(names) - NAMED
    return ", ".join(" ".join(name.split()) for name in names[:NAMED]) + (f" and {rest} more" if rest > 0 else "")
