"""actscribe new."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from actscribe.cli.next_command import print_next


def new(
    study_dir: Annotated[Path, typer.Argument(help="Folder to make; it must not hold a study yet.")],
    labels: Annotated[
        str | None,
        typer.Option(
            help="Label preset, YAML file, or names with commas between them; with --from for videos that nobody"
            " annotated yet.",
            show_default="newborn_resuscitation",
        ),
    ] = None,
    sources: Annotated[
        list[Path] | None,
        typer.Option("--from", help="Annotation files, videos or folders of both, to draft labels and manifest from."),
    ] = None,
    tiers: Annotated[str, typer.Option(help="With --from: which tiers to read, such as 'act*' or '!notes*'.")] = "",
) -> None:
    """Scaffold a study: study.yaml with comments and an empty manifest, or a draft from the files that you have."""
    from actscribe.settings.scaffold import scaffold
    from actscribe.tables import print_sentence

    if not sources:
        for path in scaffold(study_dir, labels or "newborn_resuscitation"):
            print(path)
        print_next("check", study_dir, first="fill manifest.csv")
        return
    from actscribe.draft.study import draft

    drafted = draft(study_dir, sources, tuple(part.strip() for part in tiers.split(",") if part.strip()), labels)
    for path in drafted.files:
        print(path)
    for remark in drafted.remarks:
        print_sentence(remark)
    print_next("check", study_dir, first="look through labels.yaml and manifest.csv")
