"""GET /api/agreement: how far two annotators agree, and what is left to settle."""

from __future__ import annotations

import math
from typing import Any

from actscribe.annotations.interval import Annotations
from actscribe.data import spans as sp
from actscribe.evaluation.agreement import kappa
from actscribe.evaluation.reliability import reliability, seconds_agreed
from actscribe.journal.spans import shared
from actscribe.review.asked import Asked
from actscribe.review.recordings import Item
from actscribe.review.session import Session, Unknown
from actscribe.review.settling import Disagreement, Voice, disagreements, voices
from actscribe.timeline.matching import label_spans
from actscribe.typed_words import typed

#: Disagreements of one recording that are listed.
MOST_LISTED = 5000


def agreement(asked: Asked) -> dict[str, Any]:
    """Answer GET /api/agreement, for who settles alone: two annotators never see each other's work."""
    session = asked.session
    if not session.is_settling:
        raise Unknown(
            "Only the person who settles disagreements sees both annotations.",
            f"Type: actscribe review {typed(session.study.folder)} --annotator agreed",
        )
    by_item = {item.id: voices(item, session.journal, session.data.labels) for item in session.items.values()}
    both = {id: (one[0], one[1]) for id, one in by_item.items() if len(one) == 2}
    return {
        "recordings": [_recording(session, session.items[id], pair) for id, pair in both.items()],
        "labels": _labels(session, both),
    }


def _recording(session: Session, item: Item, pair: tuple[Voice, Voice]) -> dict[str, Any]:
    labels = session.data.labels.names
    first, second = (voice.annotations for voice in pair)
    alike = {name: float(kappa(seconds_agreed(item.recording, first, second, name))) for name in labels}
    listed = disagreements(item, pair, labels)
    return {
        "id": item.id,
        "name": item.recording.name,
        "annotators": [voice.name for voice in pair],
        "began_with": {voice.name: voice.source for voice in pair if voice.source},
        "kappa": {name: _number(value) for name, value in alike.items()},
        "durations": {voice.name: _durations(item, voice.annotations, labels) for voice in pair},
        "disagreements": [_listed(session, item, index, one) for index, one in enumerate(listed[:MOST_LISTED])],
        "more": max(0, len(listed) - MOST_LISTED),
    }


def _listed(session: Session, item: Item, number: int, one: Disagreement) -> dict[str, Any]:
    sheet = session.sheets.of(item.content)
    reviewed = sheet.reviewed.get(one.label, ()) if sheet else ()
    settled = shared(((one.start, one.end),), reviewed) == ((one.start, one.end),)
    return {
        "id": f"d{number}",
        "label": one.label,
        "start": one.start,
        "end": one.end,
        "who": dict(one.present),
        "settled": settled,
    }


def _durations(item: Item, annotations: Annotations, labels: tuple[str, ...]) -> dict[str, float]:
    return {name: sp.total(label_spans(item.recording, annotations.intervals, name)) for name in labels}


def _labels(session: Session, both: dict[str, tuple[Voice, Voice]]) -> dict[str, dict[str, float | None]]:
    if not both:
        return {}
    recordings = [session.items[id].recording for id in both]
    annotations = {
        session.items[id].recording.name: (one.annotations, other.annotations) for id, (one, other) in both.items()
    }
    table = reliability(recordings, annotations, session.data.labels.names)
    rows = table.set_index("label").to_dict("index")
    return {str(name): {str(key): _number(float(value)) for key, value in row.items()} for name, row in rows.items()}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
