"""BORIS projects (`.boris`).

State events are unpaired toggles: the first row of a subject, behaviour and modifiers starts it, the second stops it.
Point events are intervals without length. A behaviour with modifiers reads as 'behaviour: modifiers' (ours). Times are
those of the video: the observation's time offset, and the media's creation date where that is the offset, are taken
off. An observation that plays several files, one after another or side by side with offsets, reads as one entry for
each stretch of time (see `boris_media`), with times from that file's beginning. What lies outside the observation time
interval, or beyond the first player's files, nobody observed: gaps.

Refused by name: observations from pictures, live ones on the clock of the day, and scan samples, which say nothing of
the time between.
"""

from __future__ import annotations

import datetime
import json
import string
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import BaseModel

from actscribe.annotations.boris_media import Part, parts
from actscribe.annotations.boris_observation import Observation
from actscribe.annotations.entry import Entry
from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import Annotations, Interval
from actscribe.annotations.text import check_writable, interval_at, milliseconds, read_json
from actscribe.errors import ActScribeError
from actscribe.files import write_text

#: No video has this many seconds; a whole number beyond the range of a float would not even convert.
_NO_TIME = 1e12
_WAY_OUT = (
    "Correct the observation in BORIS, or make a new one of the same video; the project's others can be read"
    " by their names."
)
#: BORIS has eight players.
PLAYERS = 8


class _Behavior(BaseModel):
    code: str
    type: str = "State event"


class _Project(BaseModel):
    observations: dict[str, Observation]
    behaviors_conf: dict[str, _Behavior] = {}


def read(path: Path, clock: FrameClock | None = None) -> list[Entry]:
    """Return one entry per observation, or per file of an observation that plays several in turn.

    Raises:
        ActScribeError: not a BORIS project. An odd state event is raised by the entry's own `read`, so that one
            unfinished observation does not hide the others.
    """
    project = read_json(path, _Project)
    types = {behavior.code: behavior.type for behavior in project.behaviors_conf.values()}
    entries: list[Entry] = []
    for name, observation in project.observations.items():
        entries += _entries(path, name, observation, types)
    return entries


def write(path: Path, annotations: Annotations, clock: FrameClock | None = None) -> None:
    """Write a project with one observation, named after the video; every state event gets its START and STOP row.

    Raises:
        ActScribeError: two intervals of one label and subject overlap, which toggles cannot say.
    """
    check_writable(path, annotations, "\t\r\n")
    intervals = annotations.as_intervals()
    refuse_overlaps(path, intervals)
    points = {i.label for i in intervals if is_point(i)} - {i.label for i in intervals if not is_point(i)}
    now = datetime.datetime.now().isoformat(timespec="seconds")
    project = {
        "time_format": "hh:mm:ss",
        "project_date": now,
        "project_name": path.stem,
        "project_description": "Written by ActScribe",
        "project_format_version": "7.0",
        "subjects_conf": _subjects(intervals),
        "behaviors_conf": _ethogram(intervals, points),
        "observations": {
            observation_name(path, annotations): _observation(annotations, _events(intervals, points), now, clock)
        },
        "behavioral_categories": [],
        "independent_variables": {},
        "coding_map": {},
        "behaviors_coding_map": [],
        "converters": {},
    }
    write_text(path, json.dumps(project, indent=1, ensure_ascii=False))


def observation_name(path: Path, annotations: Annotations) -> str:
    """Return the observation id that is written: the video's stem, or the target's where the video has no name."""
    spelled = annotations.media[0] if annotations.media else path.name
    return PurePosixPath(spelled.replace("\\", "/")).stem or path.stem


def refuse_overlaps(path: Path, intervals: Iterable[Interval]) -> None:
    """Refuse two intervals of one label and subject that overlap: START and STOP rows could not be paired."""
    last: dict[tuple[str, str], Interval] = {}
    for interval in intervals:
        before = last.get((interval.label, interval.subject))
        if before and milliseconds(interval)[0] < milliseconds(before)[1]:
            raise ActScribeError(
                f"{path}: '{interval.label}' is there twice at once, from {before.start:g} s to {before.end:g} s and"
                f" from {interval.start:g} s to {interval.end:g} s; START and STOP events cannot say that.",
                "Merge the two, give them two subjects, or choose another format (csv, json, elan).",
            )
        last[interval.label, interval.subject] = interval


def pair(path: Path, where: str, events: Iterable[tuple[float, str, str, str, str]]) -> list[Interval]:
    """Pair START and STOP events into intervals.

    Args:
        path: for messages.
        where: the observation, for messages.
        events: (time in seconds, subject, label, status, place in the file), in time order; the status is START, STOP,
            POINT, or TOGGLE where the file does not tell starts from stops.

    Raises:
        ActScribeError: a START without STOP or a STOP without START, naming subject, behaviour and time.
    """
    started: dict[tuple[str, str], float] = {}
    found = []
    for time, subject, label, status, place in events:
        key = (subject, label)
        if status == "POINT":
            found.append(interval_at(path, place, label, time, time, subject))
        elif key in started and status in ("STOP", "TOGGLE"):
            found.append(interval_at(path, place, label, started.pop(key), time, subject))
        elif key not in started and status in ("START", "TOGGLE"):
            started[key] = time
        elif status == "STOP":
            raise _odd(path, where, subject, label, time, "stops", "did not start before")
        elif status == "START":
            raise _odd(
                path, where, subject, label, started[key], "starts", f"starts again at {time:g} s without a stop"
            )
        else:
            raise ActScribeError(f"{path}: {place}: '{status}' is neither START, STOP nor POINT.")
    for (subject, label), time in started.items():
        raise _odd(path, where, subject, label, time, "starts", "never stops")
    return found


def _odd(path: Path, where: str, subject: str, label: str, time: float, does: str, problem: str) -> ActScribeError:
    return ActScribeError(
        f"{path}: {where}: the state event '{label}' of {_who(subject)} {does} at {time:g} s, but {problem}.",
        "Open the observation in BORIS and add or delete the odd event ('Check state events' finds it).",
    )


def _who(subject: str) -> str:
    return f"subject '{subject}'" if subject else "no focal subject"


def _entries(path: Path, name: str, observation: Observation, types: dict[str, str]) -> list[Entry]:
    where = f"observation '{name}'"
    try:
        ahead = observation.ahead()
        found = parts(observation.players(), *observation.observed())
    except ActScribeError as error:
        # Raised when this observation is asked for, so that it does not hide the others.
        files = tuple(file for player in observation.players() for file in player.files)
        problem = ActScribeError(f"{path}: {where}: {error.message}", _WAY_OUT)
        return [Entry(name, files, partial(_refuse, problem))]

    def read(part: Part) -> Annotations:
        return part.of(_intervals(path, where, observation, types, ahead))

    names = [name] if len(found) == 1 else [f"{name}: {', '.join(part.files)}" for part in found]
    return [Entry(one, part.files, partial(read, part)) for one, part in zip(names, found, strict=True)]


def _refuse(problem: ActScribeError) -> Annotations:
    raise problem


def _intervals(path: Path, where: str, observation: Observation, types: dict[str, str], ahead: float) -> list[Interval]:
    events = []
    for number, row in enumerate(observation.events, start=1):
        place = f"{where}, event {number}"
        if len(row) < 3 or not isinstance(row[0], int | float) or not abs(row[0]) < _NO_TIME:
            raise ActScribeError(f"{path}: {place}: expected time, subject and behaviour, found {row[:3]}.")
        code = str(row[2])
        if code not in types:
            raise ActScribeError(f"{path}: {place}: behaviour '{code}' is not in the project's ethogram.")
        status = "POINT" if types[code].casefold().startswith("point") else "TOGGLE"
        modifiers = [text for text in str(row[3]).split("|") if text not in ("", "None")] if len(row) > 3 else []
        label = f"{code}: {', '.join(modifiers)}" if modifiers else code
        # BORIS keeps milliseconds; rounding takes the subtraction's noise off.
        time = float(row[0]) - ahead if not ahead else round(float(row[0]) - ahead, 6)
        events.append((time, str(row[1]), label, status, place))
    # A stable sort: BORIS keeps rows in time order, and rows at one time in the order of coding.
    events.sort(key=lambda event: event[0])
    _refuse_doubled(path, where, events)
    return pair(path, where, events)


def _refuse_doubled(path: Path, where: str, events: Iterable[tuple[float, str, str, str, str]]) -> None:
    """Refuse state events that all stand there twice: paired, each bout would become two without length."""
    times: dict[tuple[str, str], list[float]] = {}
    for time, subject, label, status, _ in events:
        if status == "TOGGLE":
            times.setdefault((subject, label), []).append(time)
    for (subject, label), found in times.items():
        if len(found) > 2 and len(found) % 4 == 0 and found[::2] == found[1::2]:
            raise ActScribeError(
                f"{path}: {where}: every state event '{label}' of {_who(subject)} stands there twice, the first at"
                f" {found[0]:g} s.",
                "Delete one of each two in BORIS.",
            )


def is_point(interval: Interval) -> bool:
    """Tell whether an interval has no length in milliseconds, so that BORIS calls it a point event."""
    start, end = milliseconds(interval)
    return start == end


def _subjects(intervals: Iterable[Interval]) -> dict[str, dict[str, str]]:
    names = sorted({interval.subject for interval in intervals if interval.subject})
    return {str(number): {"key": "", "name": name, "description": ""} for number, name in enumerate(names)}


def _ethogram(intervals: Iterable[Interval], points: set[str]) -> dict[str, dict[str, Any]]:
    free = [*string.ascii_lowercase, *string.digits]
    behaviors: dict[str, dict[str, Any]] = {}
    for number, code in enumerate(sorted({interval.label for interval in intervals})):
        key = next((letter for letter in code.lower() if letter in free), free[0] if free else "")
        if key:
            free.remove(key)
        behaviors[str(number)] = {
            "type": "Point event" if code in points else "State event",
            "key": key,
            "code": code,
            "description": "",
            "color": "",
            "category": "",
            "modifiers": {},
            "excluded": "",
            "coding map": "",
        }
    return behaviors


def _events(intervals: Sequence[Interval], points: set[str]) -> list[list[Any]]:
    """Return rows of time, subject, code, modifier, comment and frame; a STOP precedes the START that touches it."""
    rows: list[tuple[int, int, Interval]] = []
    for number, interval in enumerate(intervals):
        start, end = milliseconds(interval)
        rows.append((start, number, interval))
        if interval.label not in points:
            rows.append((end, number, interval))
    rows.sort(key=lambda row: row[:2])
    return [[time / 1000, interval.subject, interval.label, "", "", "NA"] for time, _, interval in rows]


def _observation(
    annotations: Annotations, events: list[list[Any]], date: str, clock: FrameClock | None
) -> dict[str, Any]:
    media = annotations.media[:PLAYERS]
    return {
        "file": {str(n + 1): [media[n]] if n < len(media) else [] for n in range(PLAYERS)} if media else {},
        "type": "MEDIA" if media else "LIVE",
        "date": date,
        "description": "",
        "time offset": 0.0,
        "observation time interval": [0, 0],
        "independent_variables": {},
        "visualize_spectrogram": False,
        "visualize_waveform": False,
        "close_behaviors_between_videos": False,
        "scan_sampling_time": 0,
        "media_info": {
            "length": {name: annotations.duration for name in media if annotations.duration is not None},
            "fps": {name: round(clock.rate, 3) for name in media if clock is not None},
            "hasVideo": dict.fromkeys(media, True),
            "hasAudio": dict.fromkeys(media, False),
            "offset": {str(number): 0.0 for number in range(1, len(media) + 1)},
        },
        "events": events,
    }
