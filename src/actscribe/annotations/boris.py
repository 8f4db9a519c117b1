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

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from actscribe.annotations.boris_media import Part, parts
from actscribe.annotations.boris_observation import Observation
from actscribe.annotations.boris_write import POINT_COMMENT, write
from actscribe.annotations.entry import Entry
from actscribe.annotations.format import Format
from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import Annotations, Interval, is_gap
from actscribe.annotations.label_sources import label_sources
from actscribe.annotations.text import interval_at, read_json
from actscribe.errors import ActScribeError

#: No video has this many seconds; a whole number beyond the range of a float would not even convert.
_NO_TIME = 1e12
_WAY_OUT = (
    "Correct the observation in BORIS, or make a new one of the same video; the project's others can be read"
    " by their names."
)


class _Behavior(BaseModel):
    code: str
    type: str = "State event"
    category: Any = ""


class _Project(BaseModel):
    observations: dict[str, Observation]
    behaviors_conf: dict[str, _Behavior] = {}


def is_project(content: object) -> bool:
    """Tell whether the content of a JSON file is a BORIS project."""
    return isinstance(content, dict) and "observations" in content


def read(path: Path, clock: FrameClock | None = None) -> list[Entry]:
    """Return one entry per observation, or per file of an observation that plays several in turn.

    Raises:
        ActScribeError: not a BORIS project. An odd state event is raised by the entry's own `read`, so that one
            unfinished observation does not hide the others.
    """
    project = read_json(path, _Project)
    types = {behavior.code: behavior.type for behavior in project.behaviors_conf.values()}
    categories = {behavior.code: str(behavior.category or "") for behavior in project.behaviors_conf.values()}
    entries: list[Entry] = []
    for name, observation in project.observations.items():
        entries += _entries(path, name, observation, types, categories)
    return entries


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
    intervals = []
    for time, subject, label, status, location in events:
        key = (subject, label)
        if status == "POINT":
            intervals.append(interval_at(path, location, label, time, time, subject))
        elif key in started and status in ("STOP", "TOGGLE"):
            intervals.append(interval_at(path, location, label, started.pop(key), time, subject))
        elif key not in started and status in ("START", "TOGGLE"):
            started[key] = time
        elif status == "STOP":
            raise _odd(path, where, subject, label, time, "stops", "did not start before")
        elif status == "START":
            raise _odd(
                path, where, subject, label, started[key], "starts", f"starts again at {time:g} s without a stop"
            )
        else:
            raise ActScribeError(f"{path}: {location}: '{status}' is neither START, STOP nor POINT.")
    for (subject, label), time in started.items():
        raise _odd(path, where, subject, label, time, "starts", "never stops")
    return intervals


def _odd(path: Path, where: str, subject: str, label: str, time: float, does: str, problem: str) -> ActScribeError:
    return ActScribeError(
        f"{path}: {where}: the state event '{label}' of {_who(subject)} {does} at {time:g} s, but {problem}.",
        "Open the observation in BORIS and add or delete the odd event ('Check state events' finds it).",
    )


def _who(subject: str) -> str:
    return f"subject '{subject}'" if subject else "no focal subject"


def _entries(
    path: Path, name: str, observation: Observation, types: dict[str, str], categories: dict[str, str]
) -> list[Entry]:
    where = f"observation '{name}'"
    try:
        ahead = observation.ahead()
        media_parts = parts(observation.players(), *observation.observed())
    except ActScribeError as error:
        # Raised when this observation is asked for, so that it does not hide the others.
        files = tuple(file for player in observation.players() for file in player.files)
        problem = ActScribeError(f"{path}: {where}: {error.message}", _WAY_OUT)
        return [Entry(name, files, partial(_refuse, problem))]

    def read(part: Part) -> Annotations:
        intervals = _intervals(path, where, observation, types, ahead)
        under = ((one.label, _category(one.label, categories)) for one in intervals)
        places = label_sources("category", under)
        return replace(part.of(intervals), labels=_labels(types, intervals), label_sources=places)

    names = [name] if len(media_parts) == 1 else [f"{name}: {', '.join(part.files)}" for part in media_parts]
    return [Entry(one, part.files, partial(read, part)) for one, part in zip(names, media_parts, strict=True)]


def _category(label: str, categories: Mapping[str, str]) -> str:
    """Return the category of a behaviour, which stands before its modifiers."""
    return next((of for code, of in categories.items() if label == code or label.startswith(f"{code}: ")), "")


def _labels(codes: Iterable[str], intervals: Iterable[Interval]) -> tuple[str, ...]:
    """Return the ethogram's behaviours as labels, without those that occur with modifiers only."""
    names = {interval.label for interval in intervals}
    modified = {name.partition(": ")[0] for name in names} - names
    return tuple(code for code in codes if code not in modified and not is_gap(code))


def _refuse(problem: ActScribeError) -> Annotations:
    raise problem


def _intervals(path: Path, where: str, observation: Observation, types: dict[str, str], ahead: float) -> list[Interval]:
    events = []
    bouts = []
    for number, row in enumerate(observation.events, start=1):
        location = f"{where}, event {number}"
        if len(row) < 3 or not isinstance(row[0], int | float) or not abs(row[0]) < _NO_TIME:
            raise ActScribeError(f"{path}: {location}: expected time, subject and behaviour, found {row[:3]}.")
        code = str(row[2])
        if code not in types:
            raise ActScribeError(f"{path}: {location}: behaviour '{code}' is not in the project's ethogram.")
        status = "POINT" if types[code].casefold().startswith("point") else "TOGGLE"
        modifiers = [text for text in str(row[3]).split("|") if text not in ("", "None")] if len(row) > 3 else []
        label = f"{code}: {', '.join(modifiers)}" if modifiers else code
        # BORIS keeps milliseconds; rounding takes the subtraction's noise off.
        time = float(row[0]) - ahead if not ahead else round(float(row[0]) - ahead, 6)
        events.append((time, str(row[1]), label, status, location))
        if status == "TOGGLE" and row[4:5] != [POINT_COMMENT]:
            bouts.append((time, str(row[1]), label))
    # A stable sort: BORIS keeps rows in time order, and rows at one time in the order of coding.
    events.sort(key=lambda event: event[0])
    _refuse_doubled(path, where, sorted(bouts))
    return pair(path, where, events)


def _refuse_doubled(path: Path, where: str, events: Iterable[tuple[float, str, str]]) -> None:
    """Refuse state events that all occur twice: paired, each bout would become two without length."""
    times: dict[tuple[str, str], list[float]] = {}
    for time, subject, label in events:
        times.setdefault((subject, label), []).append(time)
    for (subject, label), event_times in times.items():
        if len(event_times) > 2 and len(event_times) % 4 == 0 and event_times[::2] == event_times[1::2]:
            raise ActScribeError(
                f"{path}: {where}: every state event '{label}' of {_who(subject)} occurs twice, the first at"
                f" {event_times[0]:g} s.",
                "Delete one of each pair in BORIS.",
            )


FORMAT = Format(
    title="BORIS project",
    ending=".boris",
    resolution=0.001,
    keeps=frozenset({"subject", "media", "further media", "duration", "labels", "notes"}),
    read=read,
    write=write,
    becomes_label="the behaviour, with modifiers as `behaviour: modifiers`",
    passed_over="refused: observations from pictures, live ones on the clock of the day, scan samples",
    offered="the ethogram, each with a key and a colour",
    is_json=is_project,
)
