"""actscribe check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from actscribe.cli.next_command import print_next

if TYPE_CHECKING:
    from actscribe.data.loading import StudyData
    from actscribe.settings.study import Study


#: Exit code where the study would be refused, as for other input that a person can mend.
REFUSED = 2


def check(study: Annotated[Path, typer.Argument(help="study.yaml, or its folder.")]) -> None:
    """Show what is in the data: hours, intervals and clips per label and split, overlaps, problems.

    Ends with exit code 2 where `train`, or `compare` of several recognizers, would refuse the study; not where nothing
    is annotated yet.
    """
    from actscribe.data.loading import load_data
    from actscribe.settings.study import load_study

    loaded = load_study(study)  # refuses data that are none before networks are loaded
    data = load_data(loaded)

    from actscribe.compare.plan import default_folder
    from actscribe.data.clips import Window
    from actscribe.data.summary import summarise
    from actscribe.evaluation.annotators import between
    from actscribe.run_folder.existing_run import out_beside, train_command
    from actscribe.runs.preflight import (
        Infos,
        comparison_notes,
        data_warnings,
        frame_notes,
        label_notes,
        memory_warnings,
        model_notes,
        preflight_problems,
        weight_notes,
    )
    from actscribe.tables import print_sentence, print_table

    summary = summarise(loaded, data)
    for title, table in summary.tables.items():
        print_table(title, table)
    if data.second:
        window = Window(loaded.windows.length, loaded.windows.stride)
        agreed = between(data.recordings, data.second, data.labels, window, loaded.windows.threshold)
        print_table("Two annotators on the same clips", agreed)
        _show_moments(data, loaded.windows.length)
    for note in (*summary.notes, *label_notes(loaded, data), *weight_notes(loaded, data)):
        print_sentence(f"Note: {note}")
    infos: Infos = {}
    refused = preflight_problems(loaded, data, infos=infos)
    for sentence in (*frame_notes(loaded, data, infos=infos), *model_notes(loaded)):
        print_sentence(f"Note: {sentence}")
    nothing = all(one.intervals is None for one in data.recordings)
    refused += _ask_servers(loaded)
    refused = [] if nothing else refused  # what is lacking follows from that
    untested = [] if nothing else comparison_notes(loaded, data)
    for sentence in untested:
        print_sentence(f"Note: {sentence}")
    for sentence in (*memory_warnings(loaded, list(loaded.recognizers), data), *data_warnings(loaded, data)):
        print_sentence(f"Warning: {sentence}")
    for sentence in refused:
        print_sentence(f"Error: {sentence}")
    if loaded.split.within == "recordings":
        print_sentence("No second of video is in both training and evaluation.")
    elif data.not_known:
        print_sentence("No leakage of file contents and source spans; for subjects it is not proved, see the warning.")
    else:
        print("No leakage: every file content, group and source span lies in one split only.")
    if refused:
        print_next("check", study, first="fix the errors above")
        raise typer.Exit(REFUSED)
    if nothing:
        print("Nothing is annotated yet. Annotate in the browser:")
        print_next("review", study)
        return
    unsure = data.not_known and loaded.groups is None and loaded.split.within == "groups"
    first = "say which videos belong together (see the warning)" if unsure else ""
    several = len(loaded.recognizers) > 1 and not untested
    compared: list[str | Path] = ["compare", study, *out_beside(default_folder(loaded))]
    _print_beside(compared if several else train_command(study, loaded), first)


def _print_beside(command: list[str | Path], first: str) -> None:
    print_next(*command, first=first)
    if "--out" in command:
        print("  beside what is there already; with --overwrite in place of --out it is replaced")


def _ask_servers(loaded: Study) -> list[str]:
    """Show what the servers that a study names can do, and return why they cannot be used."""
    from actscribe.runs.preflight import server_notes
    from actscribe.tables import print_sentence

    served, unserved = server_notes(loaded)
    for sentence in served:
        print_sentence(f"Server: {sentence}.")
    return unserved


def _show_moments(data: StudyData, length: float | None) -> None:
    """Show how far two annotators agree on when something happens; of trimmed videos there is nothing to say."""
    from actscribe.data.pairs import pairs_of
    from actscribe.evaluation import raters
    from actscribe.report.agreement import show

    pairs = pairs_of(data.recordings, data.second)
    if length is None or not pairs:
        return
    groups = {one.name: one.group for one in data.recordings}
    show(raters.agreement(pairs, data.labels.names, groups=[groups[pair.name] for pair in pairs]))
