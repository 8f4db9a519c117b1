"""Reports of the study's runs as review shows them: their moments are links to the page.

A report shows what a run predicts. One of the test split is therefore kept from who annotates it blind, unless this
person insists, which is written down for each recording of that split.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actscribe.data.manifest import SPLITS
from actscribe.errors import ActScribeError
from actscribe.report.review_links import PLACE
from actscribe.review import bodies
from actscribe.review.asked import Asked
from actscribe.review.recordings import TEST
from actscribe.review.session import Session, Unknown
from actscribe.review.suggestions import run_digest
from actscribe.run_folder.run import Run
from actscribe.run_folder.written import REPORT, of_split

#: As a report's own policy says: style within it, pictures within it, and nothing else.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Report:
    """One report.

    Args:
        run: name of the run's folder.
        split: that it is about.
        path: of the file.
    """

    run: str
    split: str
    path: Path


def reports(session: Session) -> list[Report]:
    """Return the reports of the runs in STUDY/runs and of the one that suggests, which comes first."""
    return list(_found(session))


def listed(session: Session) -> list[dict[str, Any]]:
    """Return what the page says of them; `blind`: it has to be insisted on."""
    found = reports(session)
    blind = any(one.split == TEST for one in found) and _is_blind(session)
    return [{"run": one.run, "split": one.split, "blind": blind and one.split == TEST} for one in found]


def insist(asked: Asked) -> dict[str, Any]:
    """Answer POST /api/report: this person wants to see what a run predicts of test recordings; write that down."""
    wanted, session = bodies.read(asked.body, bodies.Report), asked.session
    report = find(session, wanted.run, wanted.split)
    if report.split == TEST:
        digest = run_digest(Run.open(report.path.parent))
        for item in session.items.values():
            if item.hidden:
                session.looks.note(item.content, digest, insisted=True)
    return {}


def page(session: Session, run: str, split: str) -> bytes:
    """Return a report with links to our page.

    Raises:
        Unknown: there is none.
        ActScribeError: it is about recordings that this person annotates blind.
    """
    report = find(session, run, split)
    if report.split == TEST and _is_blind(session):
        raise ActScribeError(
            "This report shows what a run predicts of recordings that you annotate blind.",
            "Open it from the list of recordings, which asks first and writes down that you saw it.",
        )
    try:
        held = report.path.read_bytes()
    except OSError as error:
        raise Unknown(f"The report cannot be read ({error.strerror}).", "Was its run deleted?") from None
    return held.replace(PLACE.encode(), b'<a href="/#')


def find(session: Session, run: str, split: str) -> Report:
    """Return a report by the name of its run's folder and its split: never by a path.

    Raises:
        Unknown: there is none.
    """
    for one in reports(session):
        if (one.run, one.split) == (run, split):
            return one
    raise Unknown("There is no such report.", "Load the page again.")


def _is_blind(session: Session) -> bool:
    return any(session.hidden(item) for item in session.items.values())


def _found(session: Session) -> Iterator[Report]:
    shown = [session.suggester.run.folder] if session.suggester else []
    seen: set[str] = set()
    for folder in [*shown, *sorted((session.study.folder / "runs").glob("*"))]:
        if folder.name in seen or not (folder / "run.json").is_file():
            continue
        seen.add(folder.name)
        for split in reversed(SPLITS):
            path = folder / of_split(REPORT, split)
            if path.is_file():
                yield Report(folder.name, split, path)
