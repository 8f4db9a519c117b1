"""One recording on the page: its videos, the sheet, suggestions, and what is written into it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from actscribe.errors import ActScribeError
from actscribe.journal.action import Bout, Suggestion
from actscribe.journal.sheet import Sheet
from actscribe.review import bodies
from actscribe.review.asked import Asked
from actscribe.review.recordings import Item, outside
from actscribe.review.session import Session, Unknown
from actscribe.review.settling import standing
from actscribe.review.sheets import Changed
from actscribe.timeline.score_file import read_scores

#: Points of a curve that are asked for at once: more than any window has pixels.
MOST_POINTS = 8192


def open_recording(asked: Asked) -> dict[str, Any]:
    """Answer POST /api/recordings/ID/open."""
    session, item = asked.session, asked.item
    wanted = bodies.read(asked.body, bodies.Open)
    session.check_video(item)
    session.look(item, wanted.insist)
    revision = session.sheets.revision(item.content)  # before all else: what comes meanwhile is refused, not missed
    sheet = session.open(item)
    times, end = session.conversions.times(item.cameras[0].video)
    return {
        "id": item.id,
        "name": item.recording.name,
        "split": item.split,
        "group": item.recording.group,
        "duration": item.recording.duration,
        "frame_s": float(np.median(np.diff(times, append=end))),
        "blind": session.is_blind(item),
        "hidden": session.hidden(item),
        "changed": session.remarks(item, sheet),
        "cameras": cameras(asked)["cameras"],
        **_sheet(session, sheet),
        "revision": revision,
        **suggestions(asked),
        "lanes": session.lanes(item),
    }


def cameras(asked: Asked) -> dict[str, Any]:
    """Answer GET /api/recordings/ID/cameras: how far conversions are."""
    return {"cameras": [_camera(asked.session, asked.item, index) for index in range(len(asked.item.cameras))]}


def inexact(asked: Asked) -> dict[str, Any]:
    """Answer POST /api/recordings/ID/inexact: the browser shows a camera's file at other times, so it is converted."""
    asked.session.conversions.distrust(video_of(asked.item, asked.query.get("camera", "0")))
    return cameras(asked)


def suggestions(asked: Asked) -> dict[str, Any]:
    """Answer GET /api/recordings/ID/suggestions: they may come later than the recording."""
    session, item = asked.session, asked.item
    if session.suggester is None or session.is_blind(item):
        return {"suggestions": None, "doubts": [], "suggesting": "none"}
    suggested = session.shown(item)
    if suggested is None:
        return {"suggestions": None, "doubts": [], "suggesting": session.suggester.state(item)}
    return {
        "suggestions": [shown(one) for one in suggested.suggestions],
        "doubts": [one.model_dump() for one in suggested.doubts],
        "suggesting": "ready",
    }


def frames(asked: Asked) -> bytes:
    """Answer GET /api/recordings/ID/frames: when each frame is shown, float64 little endian."""
    asked.session.check_video(asked.item)
    times, _ = asked.session.conversions.times(video_of(asked.item, asked.query.get("camera", "0")))
    return times.astype("<f8").tobytes()


def curves(asked: Asked) -> dict[str, Any]:
    """Answer GET /api/recordings/ID/curves: the mean score of each label in bins of equal length."""
    session, item = asked.session, asked.item
    if session.suggester is None or session.is_blind(item) or session.suggester.files_of(item).read() is None:
        raise Unknown("There are no scores of this recording to show.")
    start = asked.number("from", 0.0, 0.0, item.recording.duration)
    end = asked.number("to", item.recording.duration, 0.0, item.recording.duration)
    points = round(asked.number("points", 1000, 1, MOST_POINTS))
    scores, names = read_scores(session.suggester.files_of(item).scores)
    edges = np.linspace(start, max(end, start + scores.step), points + 1)
    bins = np.column_stack([edges[:-1], edges[1:]])
    hidden = session.hidden(item)
    visible = np.array([outside(hidden, low, high) for low, high in bins])
    labels = {name: _plain(np.where(visible, scores.mean(index, bins), np.nan)) for index, name in enumerate(names)}
    return {"times": ((edges[:-1] + edges[1:]) / 2).tolist(), "labels": labels}


def act(asked: Asked) -> dict[str, Any]:
    """Answer POST /api/recordings/ID/actions."""
    wanted = bodies.read(asked.body, bodies.Act)
    return _revision(asked.session.act(asked.item, wanted.action(), wanted.revision))


def undo(asked: Asked) -> dict[str, Any]:
    """Answer POST /api/recordings/ID/undo."""
    wanted = bodies.read(asked.body, bodies.At)
    return _changed(asked.session, asked.item, asked.session.sheets.undo(asked.item.content, wanted.revision))


def redo(asked: Asked) -> dict[str, Any]:
    """Answer POST /api/recordings/ID/redo."""
    wanted = bodies.read(asked.body, bodies.At)
    return _changed(asked.session, asked.item, asked.session.sheets.redo(asked.item.content, wanted.revision))


def shown(one: Suggestion) -> dict[str, Any]:
    """Return a suggestion as the page may see it: which ones are wrong on purpose stays here."""
    return one.model_copy(update={"planted": False}).model_dump()


def _bout(one: Bout) -> dict[str, Any]:
    fields = one.model_dump(exclude={"planted"})
    return {**fields, "origin": None if one.origin is None else shown(one.origin)}


def _sheet(session: Session, sheet: Sheet) -> dict[str, Any]:
    return {
        **_revision(sheet),
        "bouts": [_bout(one) for one in sheet.bouts.values()],
        "reviewed": {name: sheet.reviewed.get(name, ()) for name in session.data.labels.names},
        "verdicts": _verdicts(tuple(sheet.verdicts.items())),
    }


def _changed(session: Session, item: Item, done: Changed) -> dict[str, Any]:
    ops = [{"op": "put", "bout": _bout(one.bout)} if one.op == "put" else one.model_dump() for one in done.ops]
    reviewed = dict(standing(done.sheet, item, session.journal, session.data.labels).reviewed)
    return {**_revision(done.sheet), "ops": ops, "reviewed": reviewed, "verdicts": _verdicts(done.verdicts)}


def _verdicts(verdicts: tuple[tuple[Suggestion, bool | None], ...]) -> list[dict[str, Any]]:
    return [{"suggestion": shown(one), "accepted": accepted} for one, accepted in verdicts]


def _revision(sheet: Sheet) -> dict[str, Any]:
    return {"revision": sheet.revision, "undo": sheet.can_undo, "redo": sheet.can_redo}


def _camera(session: Session, item: Item, index: int) -> dict[str, Any]:
    camera = item.cameras[index]
    try:
        about = session.conversions.about(camera.video)
        times, end = session.conversions.times(camera.video)
        file = session.conversions.playable(camera.video)
    except ActScribeError as error:
        return {"name": camera.name, "offset": camera.offset, "plays": "not", "why": error.message}
    plays = "converting" if file is None else ("as is" if about.served_as else "converted")
    return {
        "name": camera.name,
        # Firefox plays what it has of an address again, whatever lies there by now.
        "url": f"/media/{item.id}/{index}{'' if about.served_as else '?converted'}",
        "offset": camera.offset,
        "begins": float(times[0]),
        "ends": end,
        "plays": plays,
        "progress": session.conversions.progress(camera.video) if file is None else 1.0,
        "left_out": session.conversions.left_out(camera.video),
        "width": about.width,
        "height": about.height,
    }


def video_of(item: Item, camera: str) -> Path:
    """Return the file of a camera by its index.

    Raises:
        Unknown: the recording has none there.
    """
    if not camera.isascii() or not camera.isdigit() or len(camera) > 3 or int(camera) >= len(item.cameras):
        raise Unknown("The recording has no such camera.", "Load the page again.")
    return item.cameras[int(camera)].video


def _plain(values: np.ndarray) -> list[float | None]:
    return [round(float(one), 4) if np.isfinite(one) else None for one in values]
