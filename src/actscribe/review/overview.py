"""The first page: the study, its labels and keys, and how far each recording is."""

from __future__ import annotations

from typing import Any

from actscribe.annotations import FORMATS
from actscribe.annotations.interval import Annotations
from actscribe.data.clips import SAME_S
from actscribe.journal.annotations import begin
from actscribe.journal.sheet import Sheet
from actscribe.journal.spans import Spans, seconds, shared
from actscribe.local_page.colours import label_colour
from actscribe.review.asked import Asked
from actscribe.review.commands import COMMANDS
from actscribe.review.keys import key_map
from actscribe.review.recordings import Item
from actscribe.review.reports import listed
from actscribe.review.session import Session
from actscribe.review.settling import standing


def overview(asked: Asked) -> dict[str, Any]:
    """Answer GET /api/study."""
    session = asked.session
    labels = session.data.labels
    keys = key_map(session.folder.keys, labels.names, session.program)
    rows = [_row(session, item) for item in session.items.values()]
    return {
        "name": session.study.name,
        "task": labels.task,
        "annotator": session.annotator,
        "review": session.name,
        "settling": session.is_settling,
        "run": _run(session),
        "reports": listed(session),
        "labels": [
            {
                "name": label.name,
                "definition": label.definition,
                "color": label_colour(index),
                "keys": keys.labels[label.name],
            }
            for index, label in enumerate(labels.labels)
        ],
        "excludes": [list(pair) for pair in labels.rules.excludes],
        "formats": list(FORMATS),
        "commands": [
            {"name": name, "group": one.group, "title": one.title, "keys": keys.commands[name]}
            for name, one in COMMANDS.items()
        ],
        "recordings": rows,
        "left_s": sum(row["left_s"] for row in rows),
    }


def whole_reviewed(sheet: Sheet, labels: tuple[str, ...]) -> Spans:
    """Return the time that was reviewed for every label."""
    spans: Spans = ((0.0, sheet.began.duration),)
    for label in labels:
        spans = shared(spans, sheet.reviewed.get(label, ()))
    return spans


def _row(session: Session, item: Item) -> dict[str, Any]:
    own, recording, labels = session.sheets.of(item.content), item.recording, session.data.labels.names
    own = None if own is None else standing(own, item, session.journal, session.data.labels)
    sheet = _of_file(session, item) if own is None and session.in_file(item) else own
    done = seconds(whole_reviewed(sheet, labels)) if sheet else 0.0
    left = max(0.0, recording.duration - done)
    left = 0.0 if left < max(SAME_S, 1e-3) else left
    return {
        "id": item.id,
        "name": recording.name,
        "split": item.split,
        "group": recording.group,
        "duration": recording.duration,
        "state": "new" if sheet is None else ("file" if own is None else ("done" if left == 0 else "begun")),
        "reviewed_s": {name: seconds(sheet.reviewed.get(name, ())) if sheet else 0.0 for name in labels},
        "left_s": left,
        "bouts": len(sheet.bouts) if sheet else 0,
        "blind": session.is_blind(item),
        **_doubt(session, item),
        "others": len([who for who in session.annotators(item) if who != session.annotator]),
    }


def _of_file(session: Session, item: Item) -> Sheet:
    """Return what the study's annotation file says of a recording, as the sheet that would begin with it."""
    one, labels = item.recording, session.data.labels.names
    annotations = Annotations(one.intervals or (), one.gaps)
    return Sheet.beginning(item.content, session.annotator, begin(one.name, one.duration, labels, annotations))


def _doubt(session: Session, item: Item) -> dict[str, Any]:
    """Return how doubtful a recording is, see `doubtful.doubt`, None where that is not known or not shown, and why."""
    if session.suggester is None or session.is_blind(item):
        return {"doubt": None, "suggesting": "none"}
    suggested = session.suggester.files_of(item).read()
    return {"doubt": None if suggested is None else suggested.doubt, "suggesting": session.suggester.state(item)}


def _run(session: Session) -> dict[str, Any] | None:
    if session.suggester is None:
        return None
    run = session.suggester.run
    return {"name": run.info.name, "folder": str(run.folder), "verdict": session.suggester.verdict}
