"""What `actscribe indicators` answers: from what is named to a table, and the file that it is written to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from actscribe.columns import names
from actscribe.errors import ActScribeError, did_you_mean
from actscribe.evaluation.audit import table as tables
from actscribe.evaluation.audit.budget import BUDGET_COLUMNS, TRANSITION_COLUMNS
from actscribe.evaluation.audit.table import AGREEMENT_COLUMNS, ANNOTATED, ERROR_COLUMNS, PREDICTED, SECOND
from actscribe.files import check_writable, write_text
from actscribe.indicator_settings import Indicator
from actscribe.labels import LabelSet, load_label_set
from actscribe.ownership import check_file
from actscribe.report.audit import AuditPage, audit_page, indicators_page
from actscribe.run_folder.file_names import RUN_FILE
from actscribe.run_folder.run import Run, runs_listed
from actscribe.runs.audit import NAMED, UNKNOWN, Known, Read, audited, budgets, known_of, read_items, transitions
from actscribe.stored_path import real_path
from actscribe.table_files import ENDINGS, write_parquet, write_table
from actscribe.typed_words import typed
from actscribe.video.contained import contained

KINDS = ("indicators", "errors", "time-budget", "transitions")
#: Endings of the files that a table is written to.
WRITTEN = (*ENDINGS, ".parquet", ".html")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked; each as the command's argument of that name."""

    paths: tuple[Path, ...]
    labels: str | None = None
    run: Path | None = None
    manifest: Path | None = None
    table: str = "indicators"
    split: str = "test"
    second: Path | None = None
    subject: str | None = None
    out: Path | None = None
    overwrite: bool = False


@contained()
def answer(asked: Asked) -> AuditPage:
    """Return what is asked for, written to a file where one is named.

    Raises:
        ActScribeError: an unknown table or ending, no label set or one without indicators, nothing to read, or a file
            that is not to be replaced.
    """
    if asked.table not in KINDS:
        raise ActScribeError(f"no table is called '{asked.table}'.", did_you_mean(asked.table, KINDS))
    _check_out(asked.out, asked.overwrite)
    run = _run(asked)
    labels = _labels(asked, run)
    by_run = asked.run is not None
    read = read_items(asked.paths, labels, asked.manifest, asked.split, asked.subject, are_predicted=by_run)
    if asked.second is not None:
        _check_two([*asked.paths, asked.second])
        other = read_items([asked.second], labels, asked.manifest, asked.split, asked.subject)
        page = _agreement(read, other, labels)
        if asked.out is not None:
            write(asked.out, page)
        return page
    known = known_of(run, labels, asked.manifest) if run is not None else None
    page = _page(asked.table, read, labels, known)
    if asked.out is not None:
        write(asked.out, page)
    return page


def write(out: Path, page: AuditPage) -> None:
    """Write a page's table by the ending of `out`, whole or not at all; as .html the page itself."""
    ending = out.suffix.casefold()
    if ending == ".html":
        write_text(out, audit_page(page))
    elif ending == ".parquet":
        write_parquet(out, page.table)
    else:
        write_table(out, page.table)


def _page(kind: str, read: Read, labels: LabelSet, known: Known | None) -> AuditPage:
    if kind == "time-budget":
        return AuditPage(kind, budgets(read.items, labels), BUDGET_COLUMNS, notes=read.notes)
    if kind == "transitions":
        if not labels.time_budget.lags:
            raise ActScribeError(
                f"The label set '{labels.name}' asks for no transitions: its time_budget says 'lags: 0'.",
                "Write 'lags: 1' or more there, or leave it out.",
            )
        columns = (replace(BUDGET_COLUMNS[1]), *TRANSITION_COLUMNS)
        return AuditPage(kind, transitions(read.items, labels), columns, notes=read.notes)
    audits = audited(read.items, labels)
    errors = None if known is None else known.errors
    error_table = None if errors is None else tables.error_table(errors, labels)
    notes = list(read.notes)
    if any(one.source == PREDICTED for one in audits):
        notes.append(UNKNOWN if known is None else known.sentence())
    if kind == "errors":
        if error_table is None:
            raise ActScribeError(UNKNOWN, "Name a run that was evaluated, among the arguments or with --run.")
        return AuditPage(kind, error_table, ERROR_COLUMNS, notes=tuple(notes))
    return indicators_page(tables.table(audits, errors), tables.summary(audits, labels, errors), error_table, notes)


def _agreement(first: Read, second: Read, labels: LabelSet) -> AuditPage:
    """Return how far two annotators agree on each label's seconds, bouts and latency, and on the set's indicators.

    Raises:
        ActScribeError: they have no video in common.
    """
    own = {one.name for one in labels.indicators}
    each = [
        Indicator(name=f"{name}: {measure}", measure=measure, of=(name,))
        for name in labels.names
        for measure in ("total", "count", "latency")
        if f"{name}: {measure}" not in own
    ]
    wanted = labels.model_copy(update={"indicators": (*each, *labels.indicators)})
    audits = [replace(one, source=ANNOTATED) for one in audited(first.items, wanted)]
    audits += [replace(one, source=SECOND) for one in audited(second.items, wanted)]
    names_of = [[one.name for one in side.items] for side in (first, second)]
    shared = set(names_of[0]).intersection(names_of[1])
    if not shared:
        raise ActScribeError(
            "The two annotators have no video in common.", "Give their files the same names, except for the endings."
        )
    twice = sorted(name for name in shared if max(own.count(name) for own in names_of) > 1)
    if twice:
        raise ActScribeError(
            f"One annotator has several files of {twice[0]}, so it is open which of them to compare.",
            "Name one file or folder for each annotator, with one file for each video.",
        )
    notes = [*first.notes, *second.notes]
    if alone := sorted(set(names_of[0]).symmetric_difference(names_of[1])):
        more = f" and {len(alone) - NAMED} more" if len(alone) > NAMED else ""
        notes.append(f"Only one of the two annotators has {', '.join(alone[:NAMED])}{more}: left out.")
    table = tables.error_table(tables.errors(audits, {name: name for name in shared}, SECOND), wanted)
    table = table[table["part"] == ""][names(AGREEMENT_COLUMNS)]
    return AuditPage("agreement", table, AGREEMENT_COLUMNS, notes=tuple(dict.fromkeys(notes)))


def _check_two(paths: Sequence[Path]) -> None:
    """Refuse a run as one of two annotators: it holds what a person annotated and what it predicted."""
    run = next((path for path in paths if (path / RUN_FILE).is_file()), None)
    if run is not None:
        raise ActScribeError(
            f"{run}: is a run; --second compares the files of two annotators.",
            f"How far a recognizer agrees with its annotators: actscribe indicators {typed(run)} --table errors",
        )


def _check_out(out: Path | None, overwrite: bool) -> None:
    if out is None:
        return
    if out.suffix.casefold() not in WRITTEN:
        raise ActScribeError(
            f"{out}: a table is written as {', '.join(WRITTEN)}.", f"Name it {out.with_suffix('.xlsx')}"
        )
    check_file(out, overwrite)
    check_writable(out.parent)


def _run(asked: Asked) -> Run | None:
    """Return the run whose errors count.

    Raises:
        ActScribeError: there are several, each with errors of its own; or a table is asked for beside --second.
    """
    named = [path for path in asked.paths if (path / RUN_FILE).is_file()]
    runs = {real_path(path): path for path in (*named, *filter(None, (asked.run,)))}
    if len(runs) > 1:
        raise ActScribeError(
            f"{' and '.join(map(str, runs.values()))}: each run's errors are its own.", "Name one run at a time."
        )
    if asked.second is not None and asked.table != KINDS[0]:
        raise ActScribeError(f"--second makes a table of its own, so --table {asked.table} would change nothing.")
    return next((Run.open(path) for path in runs.values()), None)


def _with_indicators(asked: Asked) -> str:
    return " with `indicators:`" if asked.table in ("indicators", "errors") and asked.second is None else ""


def _labels(asked: Asked, run: Run | None) -> LabelSet:
    if asked.labels is None and run is None:
        below = next(filter(None, map(runs_listed, asked.paths)), "")
        raise ActScribeError(
            "No label set is named, so there is nothing to measure.",
            below or f"Add --labels, a preset's name or a YAML file{_with_indicators(asked)}.",
        )
    labels = load_label_set(asked.labels) if asked.labels else run.labels if run else None
    assert labels is not None
    if _with_indicators(asked) and not labels.indicators:
        raise ActScribeError(
            f"The label set '{labels.name}' has no indicators.",
            "Write them under `indicators:` of its file (a drafted labels.yaml holds an example behind '#', the"
            " preset newborn_resuscitation more) and name that file with --labels, or ask for --table time-budget.",
        )
    return labels
