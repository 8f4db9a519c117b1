"""GET /api/agreement: how far two annotators agree, and what is left to settle."""

from __future__ import annotations

import math
from typing import Any

from actscribe.annotations.interval import Annotations
from actscribe.data import spans as sp
from actscribe.data.clips import SAME_S
from actscribe.evaluation.agreement import kappa
from actscribe.evaluation.reliability import reliability, seconds_agreed
from actscribe.journal.outdated import as_it_stands
from actscribe.journal.spans import joined, within, without
from actscribe.review.asked import Asked
from actscribe.review.recordings import Item
from actscribe.review.session import Session, Unknown
from actscribe.review.settled_origins import origins_in
from actscribe.review.settling import Voice, changed_meanwhile, disagreements, subjects_in, voices
from actscribe.timeline.matching import label_spans
from actscribe.typed_words import typed

#: Disagreements of one recording that are listed, those first that are not settled.
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
    agreed = {name: seconds_agreed(item.recording, first, second, name) for name in labels}
    listed = _questions(session, item, pair)
    shown = {one["id"] for one in sorted(listed, key=lambda one: bool(one["settled"]))[:MOST_LISTED]}
    return {
        "id": item.id,
        "name": item.recording.name,
        "annotators": [voice.name for voice in pair],
        "began_with": {voice.name: voice.source for voice in pair if voice.source},
        "kappa": {name: _number(float(kappa(one))) for name, one in agreed.items()},
        "seconds_agreed": {name: one.tolist() for name, one in agreed.items()},
        "durations": {voice.name: _durations(item, voice.annotations, labels) for voice in pair},
        "disagreements": [one for one in listed if one["id"] in shown],
        "more": len(listed) - len(shown),
        "left": sum(not one["settled"] for one in listed),
    }


def _questions(session: Session, item: Item, pair: tuple[Voice, Voice]) -> list[dict[str, Any]]:
    """Return what was and is to be settled, in order of time, cut where one part is settled and the next is not."""
    sheet, labels = session.sheets.of(item.content), session.data.labels
    again = changed_meanwhile(item, session.journal, labels)
    reviewed = as_it_stands(sheet, again, labels).reviewed if sheet else {}
    differing = disagreements(item, pair, labels.names)
    parts = []
    for label in labels.names:
        theirs = [one for one in differing if one.label == label]
        settled = reviewed.get(label, ())
        questions = [(one.start, one.end, dict(one.present)) for one in theirs]
        changed = joined(span for of_one in again.values() for span in of_one.get(label, ()))
        changed = without(changed, joined((one.start, one.end) for one in theirs))
        questions += [(start, end, _present(pair, label, (start + end) / 2)) for start, end in changed]
        subject_of = subjects_in((one for voice in pair for one in voice.annotations.intervals), label)
        origin_of = origins_in((one for voice in pair for one in voice.suggested), label)
        for start, end, who in questions:
            done = within(settled, start, end)
            pieces = [(one, True) for one in done]
            pieces += [(one, False) for one in without(((start, end),), done)]
            for (low, high), is_settled in pieces:
                if high - low > SAME_S:
                    names = [name for name, of in again.items() if within(of.get(label, ()), low, high)]
                    why = f"asked again: changed by {' and '.join(names)}" if names and not is_settled else ""
                    subject = subject_of(low, high)
                    origin = origin_of(subject, low, high)
                    about = {"label": label, "start": low, "end": high, "subject": subject, "who": who}
                    about["origin"] = None if origin is None else origin.model_dump()
                    parts.append({**about, "settled": is_settled, "again": why})
    parts.sort(key=lambda one: (one["start"], one["end"], one["label"]))
    return [{"id": f"d{index}", **one} for index, one in enumerate(parts)]


def _present(pair: tuple[Voice, Voice], label: str, moment: float) -> dict[str, bool]:
    """Return who says that a label is there at a moment, of those who looked."""
    present = {}
    for voice in pair:
        gaps = [one for one in voice.annotations.gaps if one.label in ("", label)]
        if not any(one.start <= moment < one.end for one in gaps):
            own = [one for one in voice.annotations.intervals if one.label == label]
            present[voice.name] = any(one.start <= moment < one.end for one in own)
    return present


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
