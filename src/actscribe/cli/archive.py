"""actscribe archive."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from actscribe.errors import ActScribeError
from actscribe.typed_words import typed

if TYPE_CHECKING:
    from actscribe.archive.archive import Ended
    from actscribe.archive.folder import Archive

#: Exit code where something is not done, or not as it was written.
NOT_ALL = 3
#: Reasons why videos failed that are said on the terminal.
MOST_REASONS = 10
_SOURCE_HELP = "Folder of videos, or .csv with a column 'video'; with --status and the like, the folder of an archive."


def archive(
    folder: Annotated[Path, typer.Argument(metavar="VIDEOS|OUT", help=_SOURCE_HELP)],
    run: Annotated[Path | None, typer.Option(help="Run folder made by `actscribe train`.")] = None,
    out: Annotated[Path | None, typer.Option(help="New or empty folder, or an archive to continue.")] = None,
    format: Annotated[str, typer.Option(help="Comma-separated: elan, boris, csv, json, vtt, …")] = "json",
    rules: Annotated[
        bool | None, typer.Option("--rules/--no-rules", help="Apply the label set's rules; default as the run has it.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; default one for each GPU, or as many as cores allow.")
    ] = None,
    shard: Annotated[
        str | None, typer.Option(metavar="I/N", help="Do one of N parts; default as a Slurm array says.")
    ] = None,
    together: Annotated[
        int, typer.Option(min=1, metavar="N", help="Score up to N short videos in one pass, to fill a GPU's batches.")
    ] = 1,
    ray: Annotated[str | None, typer.Option(metavar="ADDRESS|auto", help="Work on a Ray cluster.")] = None,
    status: Annotated[bool, typer.Option("--status", help="Show the progress of the archive in OUT.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Retry what failed in OUT.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Compare every timeline in OUT with its digest.")] = False,
    report: Annotated[bool, typer.Option("--report", help="Rewrite the tables and the report of OUT.")] = False,
) -> None:
    """Write the timelines of many videos by many workers, with a report; one that fails does not stop the others."""
    asked = [name for name, wanted in _modes(status, retry_failed, verify, report).items() if wanted]
    if len(asked) > 1:
        raise ActScribeError(
            f"{' and '.join(asked)} at once.", f"Ask one after the other: actscribe archive {typed(folder)} {asked[0]}"
        )
    if asked and (run or out):
        raise ActScribeError(
            f"{asked[0]} is asked of an archive's folder alone.",
            f"Type: actscribe archive {typed(out or folder)} {asked[0]}",
        )
    kept = {"--format": format != "json", "--rules": rules is not None, "--together": together != 1}
    hands = {"--workers": workers is not None, "--shard": shard is not None, "--ray": ray is not None}
    for mode in asked:
        _check_heeded(folder, mode, kept if retry_failed else kept | hands)
    if status or verify:
        (_say_status if status else _say_verified)(folder)
        return
    part = _shard(shard, os.environ)
    if report or retry_failed:
        _go_over(folder, None if report else (workers, part, ray))
        return
    from actscribe.archive.folder import FILE, Archive

    if run is None or out is None:
        if not (run or out) and (folder / FILE).is_file():
            raise ActScribeError(f"{folder}: is an archive; what is to be done with it?", _next(Archive.open(folder)))
        raise ActScribeError(
            "Which run annotates, and where to?",
            f"Type: actscribe archive {typed(folder)} --run {_or(run, 'RUN')} --out {_or(out, 'OUT')}",
        )

    from actscribe.archive.listing import list_archive
    from actscribe.run_folder.run import Run

    formats = tuple(dict.fromkeys(name.strip() for name in format.split(",") if name.strip())) or ("json",)
    opened = Run.open(run)  # all of this is refused before networks are loaded
    if not folder.is_dir():
        list_archive(folder, opened.labels.moments())
    Archive.check_asked(out, folder, formats, rules, together)
    _check_ray(ray)

    from actscribe.archive.archive import Hands, annotate_archive

    _say(annotate_archive(folder, run, out, formats, rules, Hands(workers, part, ray or ""), together))


def _check_heeded(folder: Path, mode: str, given: Mapping[str, bool]) -> None:
    """Refuse options that would change nothing, for whoever typed them expects something else.

    Args:
        folder: of the archive.
        mode: what is asked of it.
        given: such an option -> whether it was typed.
    """
    if without := [name for name, was_typed in given.items() if was_typed]:
        raise ActScribeError(
            f"{mode} goes by what the archive was started with, so {' and '.join(without)} would change nothing.",
            f"Type: actscribe archive {typed(folder)} {mode}",
        )


def _go_over(folder: Path, hands: tuple[int | None, tuple[int, int] | None, str | None] | None) -> None:
    """Try again what failed in an archive, by such hands; None: write its report again."""
    from actscribe.archive.folder import Archive

    Archive.open(folder)  # refuses what is not an archive before networks are loaded
    _check_ray(hands and hands[2])

    from actscribe.archive.archive import Hands, report_again, retry_failed

    if hands is None:
        _say(report_again(folder))
        return
    workers, part, ray = hands
    _say(retry_failed(folder, Hands(workers, part, ray or "")))


def _check_ray(address: str | None) -> None:
    """Refuse an address at which no Ray cluster answers."""
    if address is not None:
        from actscribe.archive.cluster import check_cluster

        check_cluster(address)


def _next(archive: Archive) -> str:
    """Return what to type of an archive that is there: to look, to go on, and to try again."""
    from actscribe.models.device import device

    folder, plan = archive.folder, archive.plan
    go_on = typed("actscribe", "archive", plan.source.find(folder), "--run", plan.run.find(folder), "--out", folder)
    formats = f" --format {','.join(plan.formats)}" * (plan.formats != ("json",))
    rules = {None: "", True: " --rules", False: " --no-rules"}[plan.rules]
    numbers = {"--threads": plan.threads or 1, "--batch-size": plan.batch_size, "--together": plan.together}
    elsewhere = f" --device {plan.device}" * (plan.device != device().type)
    others = "".join(f" {name} {number}" for name, number in numbers.items() if number != 1)
    others += " --compile" * plan.compile + elsewhere
    asked = "\n".join(f"actscribe archive {typed(folder)} {mode}" for mode in ("--status", "--retry-failed"))
    return f"How far it is, or once more what failed:\n{asked}\nGo on with it:\n{go_on}{formats}{rules}{others}"


def _or(path: Path | None, word: str) -> str:
    """Return a path as it is typed, or the word that stands for one that was not given."""
    return word if path is None else typed(path)


def _modes(status: bool, retry_failed: bool, verify: bool, report: bool) -> dict[str, bool]:
    return {"--status": status, "--retry-failed": retry_failed, "--verify": verify, "--report": report}


def _shard(asked: str | None, environment: Mapping[str, str]) -> tuple[int, int] | None:
    """Return number and count of this process's part, as asked for or as a Slurm array says; None: all."""
    if asked is None:
        if "SLURM_ARRAY_TASK_ID" not in environment or "SLURM_ARRAY_TASK_COUNT" not in environment:
            return None
        return _of_slurm(environment)
    match = re.fullmatch(r"(\d+)/(\d+)", asked.strip())
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise ActScribeError(f"--shard is '{asked}', expected a part and how many there are.", "Such as: --shard 3/100")
    return int(match[1]), int(match[2])


def _of_slurm(environment: Mapping[str, str]) -> tuple[int, int]:
    """Return the part of one of a Slurm array's tasks, whose numbers must be evenly spaced."""
    named = {name: environment.get(f"SLURM_ARRAY_TASK_{name}", "1") for name in ("ID", "COUNT", "MIN", "STEP")}
    if all(re.fullmatch(r"\d+", value) for value in named.values()) and int(named["STEP"]) > 0:
        number = (int(named["ID"]) - int(named["MIN"])) // int(named["STEP"]) + 1
        if 1 <= number <= int(named["COUNT"]):
            return number, int(named["COUNT"])
    raise ActScribeError(
        f"This is task {named['ID']} of {named['COUNT']} of a Slurm array that begins at {named['MIN']} in steps of"
        f" {named['STEP']}: its numbers are not evenly spaced, so that it is not known which part is its own.",
        "Say which part it is: --shard 3/100, every shard must be run once.",
    )


def _say(ended: Ended) -> None:
    from actscribe.counts import counted
    from actscribe.tables import print_sentence

    for sentence in ended.sentences:
        print_sentence(sentence)
    _say_reasons(ended.reasons)
    if ended.stopped:
        print_sentence(f"No more were started: {ended.stopped} The same command goes on.")
    if ended.unwritten:
        print_sentence(f"Tables and report are not written: {ended.unwritten}")
        print(f"Afterwards: actscribe archive {typed(ended.archive.folder)} --report")
    for path in ended.files:
        print(path)
    if ended.unread:
        records = "record in state/ cannot be read", "records in state/ cannot be read"
        print(f"{counted(ended.unread, *records)}; see: actscribe archive {typed(ended.archive.folder)} --verify")
    if ended.failed:
        print(f"Again: actscribe archive {typed(ended.archive.folder)} --retry-failed")
    if ended.done < ended.videos or ended.unwritten:
        raise typer.Exit(NOT_ALL)


def _say_status(folder: Path) -> None:
    from actscribe.archive.folder import Archive
    from actscribe.archive.status import status
    from actscribe.progress import clock
    from actscribe.tables import print_sentence

    progress = status(Archive.open(folder))
    rest = progress.videos - progress.done - progress.failed
    left = (
        f", about {clock(progress.left_s)} left at the pace of the last ones"
        if rest and progress.left_s is not None
        else ""
    )
    print_sentence(
        f"{progress.done} of {progress.videos} done, {progress.failed} failed, {progress.working} at work,"
        f" {rest} open{left}."
    )
    _say_reasons(progress.reasons)
    if progress.failed:
        raise typer.Exit(NOT_ALL)


def _say_reasons(reasons: Mapping[str, int]) -> None:
    """Say why videos failed, the most frequent reason first; there may be as many reasons as videos."""
    from actscribe.counts import counted
    from actscribe.tables import print_sentence

    ordered = sorted(reasons.items(), key=lambda one: (-one[1], one[0]))
    for reason, count in ordered[:MOST_REASONS]:
        print_sentence(f"Failed, {count}: {reason}")
    if rest := ordered[MOST_REASONS:]:
        failed = sum(count for _, count in rest)
        print_sentence(f"Failed, {failed}: {counted(len(rest), 'other reason')}, listed by --report in archive.csv.")


def _say_verified(folder: Path) -> None:
    from actscribe.archive.folder import Archive
    from actscribe.archive.status import verify
    from actscribe.tables import print_sentence

    check = verify(Archive.open(folder))
    print(f"{check.whole} of {check.files} files are as they were written.")
    for name in check.changed:
        print(f"changed: {name}")
    for name in check.gone:
        print(f"gone: {name}")
    for name in check.unreadable:
        print(f"its record is damaged: {name}")
    for name in check.unread:
        print(f"cannot be read now: {name}")
    if check.unnoted:
        print_sentence(f"What is gone is not noted, so no command writes it again: {check.unnoted}")
    elif check.gone:
        print("What is gone is written again by the command that made the archive,")
        print("except for videos of which another file was changed: move that one away first.")
    if check.unreadable:
        print("A video whose record is damaged is done again by the command that made the archive:")
        print("move its timelines away first, since nobody knows whether they were corrected.")
    if check.changed or check.gone or check.unreadable or check.unread:
        raise typer.Exit(NOT_ALL)
