"""actscribe convert."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def convert(
    source: Annotated[Path, typer.Argument(help="Annotation file; its format is found from its content.")],
    target: Annotated[Path, typer.Argument(help="File to write.")],
    to: Annotated[str | None, typer.Option(help="Format of the target; default from its ending.")] = None,
    labels: Annotated[str | None, typer.Option(help="Label preset or YAML file: aliases become label names.")] = None,
    video: Annotated[str | None, typer.Option(help="Which video or observation, where a file holds several.")] = None,
    fps: Annotated[float | None, typer.Option(help="For formats that count frames.", min=0.001)] = None,
) -> None:
    """Convert between annotation formats."""
    from actscribe import annotations as annotation_files
    from actscribe.labels import load_label_set

    label_set = load_label_set(labels) if labels else None
    done = annotation_files.convert(source, target, to=to, labels=label_set, video=video, fps=fps)
    print(f"{source} ({done.source_format}) -> {target} ({done.target_format})")
    for label, count in done.counts.items():
        print(f"  {label}: {count}")
    for name, count in done.unknown.items():
        print(f"Unknown to the label set, kept under its own name: '{name}' ({count}x)")
    for name, count in done.ignored.items():
        print(f"Left out on purpose: '{name}' ({count}x)")
    if done.lost:
        print(f"{done.target_format} cannot carry: {', '.join(done.lost)}")
