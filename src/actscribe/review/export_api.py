"""POST /api/export and GET /api/guards: what was made of the sheets, and how suggestions were judged."""

from __future__ import annotations

from typing import Any

from actscribe.review import bodies
from actscribe.review.asked import Asked
from actscribe.review.guard import judged


def export(asked: Asked) -> dict[str, Any]:
    """Answer POST /api/export: this annotator's sheets, of the recordings that are named or all."""
    session = asked.session
    wanted = bodies.read(asked.body, bodies.Export)
    chosen = wanted.recordings if wanted.recordings is not None else tuple(session.items)
    items = [session.item(id) for id in dict.fromkeys(chosen)]
    for item in items:
        if session.sheets.of(item.content) is not None:
            session.check_video(item)  # times of another file's frames would be written
    files, sentences = session.exporter.write(items, session.annotator, wanted.formats)
    return {"files": [path.relative_to(session.study.folder).as_posix() for path in files], "sentences": sentences}


def guards(asked: Asked) -> dict[str, Any]:
    """Answer GET /api/guards: this annotator's own numbers, and nobody else's.

    Those of suggestions wrong on purpose are as they were when the server started: else each answer would show which
    ones they are.
    """
    session = asked.session
    now = judged(session.sheets.all())
    return {
        session.annotator: {
            "shown": session.shown_count(),
            "accepted": now.accepted,
            "rejected": now.rejected,
            "planted": session.before.planted,
            "planted_accepted": session.before.planted_accepted,
        }
    }
