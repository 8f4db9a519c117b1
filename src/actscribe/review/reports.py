"""Reports about the study's recordings as review shows them: their moments are links to the page.

A report shows what runs predict. One about recordings that a person annotates blind is therefore kept from this person,
who may insist, which is written down for each of these recordings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from actscribe.errors import ActScribeError
from actscribe.file_cache import cached
from actscribe.files import content_hash
from actscribe.report.archive_page import ids_in, script
from actscribe.report.review_links import KNOWN, LINK_START
from actscribe.review import bodies
from actscribe.review.asked import Asked
from actscribe.review.recordings import TEST, Item
from actscribe.review.report_listing import ARCHIVE, COMPARISON, Report, reports
from actscribe.review.session import Session, Unknown
from actscribe.review.suggestions import run_digest
from actscribe.run_folder.run import Run

#: As a report's own policy says: style within it, pictures within it, and nothing else; an archive's has a script.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)
_LINK = re.compile(re.escape(LINK_START.encode()) + rb"([0-9a-f]+)@")


@dataclass(frozen=True, slots=True)
class Page:
    """A report as it is sent.

    Args:
        html: with links to our page.
        policy: of its content.
    """

    html: bytes
    policy: str


def listed(session: Session) -> list[dict[str, Any]]:
    """Return what the page says of all reports; `blind`: it has to be insisted on."""
    return [
        {"name": one.name, "about": one.about, "title": _title(one), "blind": bool(_kept_back(session, one))}
        for one in reports(session)
    ]


def insist(asked: Asked) -> dict[str, Any]:
    """Answer POST /api/report: this person wants to see what is predicted of test recordings; write that down."""
    wanted, session = bodies.read(asked.body, bodies.Report), asked.session
    report = find(session, wanted.name, wanted.about)
    if kept_back := _kept_back(session, report):
        digest = _digest(report)
        for item in kept_back:
            session.looks.note(item.content, digest, insisted=True)
    return {}


def page(session: Session, name: str, about: str) -> Page:
    """Return a report with links to our page.

    Raises:
        Unknown: there is none.
        ActScribeError: it is about recordings that this person annotates blind.
    """
    report = find(session, name, about)
    if _kept_back(session, report):
        raise ActScribeError(
            "This report shows what is predicted of recordings that you annotate blind.",
            "Open it from the list of recordings, which asks first and writes down that you saw it.",
        )
    try:
        held = report.path.read_bytes()
    except OSError as error:
        raise _gone(error) from None
    if about != ARCHIVE:
        return Page(_linked(session, held), POLICY)
    ids = " ".join(sorted(session.items))
    held = _linked(session, held).replace(KNOWN.encode(), f"{KNOWN}{ids}".encode())
    return Page(held, f"{POLICY}; script-src '{script()[1]}'")


def find(session: Session, name: str, about: str) -> Report:
    """Return a report by the name of its folder and what it is about: never by a path.

    Raises:
        Unknown: there is none.
    """
    for one in reports(session):
        if (one.name, one.about) == (name, about):
            return one
    raise Unknown("There is no such report.", "Load the page again.")


def _title(report: Report) -> str:
    if report.about == COMPARISON:
        return f"comparison {report.name}" if report.name != COMPARISON else COMPARISON
    return f"archive {report.name}" if report.about == ARCHIVE else f"{report.name} on {report.about}"


def _linked(session: Session, html: bytes) -> bytes:
    """Return a report whose moments are links, where they lie in recordings that this study has."""

    def link(match: re.Match[bytes]) -> bytes:
        id = match[1].decode()
        return f'<a href="/#{id}@'.encode() if id in session.items else match[0]

    return _LINK.sub(link, html)


def _kept_back(session: Session, report: Report) -> list[Item]:
    """Return the recordings in a report whose predictions are kept from this annotator."""
    hidden = [item for item in session.items.values() if session.hidden(item)]
    if report.about == ARCHIVE and hidden:
        ids = cached(report.path, "ids in the report of an archive", partial(_ids, report.path))["ids"]
        return [item for item in hidden if ids is None or item.id in ids]
    if report.about in (TEST, COMPARISON) or not hidden:
        return hidden
    # Of another split when the run was made: the study may have been split anew since.
    ids = cached(report.path, "ids in the report of a run", partial(_linked_ids, report.path))["ids"]
    return [item for item in hidden if item.is_test and item.id in ids]


def _linked_ids(path: Path) -> dict[str, Any]:
    try:
        return {"ids": sorted({id.decode() for id in _LINK.findall(path.read_bytes())})}
    except OSError:  # gone since it was listed; opening it says so
        return {"ids": []}


def _ids(path: Path) -> dict[str, Any]:
    try:
        ids = ids_in(path.read_bytes())
    except OSError:  # gone since it was listed; opening it says so
        ids = frozenset()
    return {"ids": None if ids is None else sorted(ids)}


def _digest(report: Report) -> str:
    """Return what was seen: the run, or the bytes of a report of several runs or of an archive."""
    if report.about == TEST:
        return run_digest(Run.open(report.path.parent))
    try:
        return content_hash(report.path)
    except OSError as error:
        raise _gone(error) from None


def _gone(error: OSError) -> Unknown:
    return Unknown(f"The report cannot be read ({error.strerror}).", "Was its folder deleted?")
