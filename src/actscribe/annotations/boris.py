"""BORIS projects (`.boris`).

State events are unpaired toggles: the first row of a subject, behaviour and modifiers starts it, the second stops it.
Point events are intervals without length. A behaviour with modifiers reads as 'behaviour: modifiers' (ours). Times are
those of the video: the observation's time offset is taken off. A player with several files plays them one after
another, so such an observation reads as one entry per file, with times from that file's beginning. Players that were
given an offset of their own are left out of the media: their files have other times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from actscribe.annotations.entry import Entry
from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import Annotations, Interval, is_gap
from actscribe.annotations.rounding import is_point
from actscribe.annotations.text import interval_at, read_json
from actscribe.errors import ActScribeError

#: No video has this many seconds; a whole number beyond the range of a float would not even convert.
_NO_TIME = 1e12


class _MediaInfo(BaseModel):
    length: dict[str, float | None] = {}
    offset: dict[str, float | None] = {}


class _Observation(BaseModel):
    file: dict[str, list[str]] | list[Any] = {}
    media_info: _MediaInfo = _MediaInfo()
    time_offset: float | None = Field(default=0.0, alias="time offset")
    events: list[list[Any]] = []

    def players(self) -> list[list[str]]:
        """Return the files of each player in use that runs with the observation's own clock."""
        players = self.file if isinstance(self.file, dict) else {}
        used = sorted((number, files) for number, files in players.items() if files)
        return [
            files for index, (number, files) in enumerate(used) if not index or not self.media_info.offset.get(number)
        ]


class _Behavior(BaseModel):
    code: str
    type: str = "State event"


class _Project(BaseModel):
    observations: dict[str, _Observation]
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


def _entries(path: Path, name: str, observation: _Observation, types: dict[str, str]) -> list[Entry]:
    players = observation.players()
    lengths = observation.media_info.length

    def whole() -> list[Interval]:
        return _intervals(path, name, observation, types)

    if not players or len(players[0]) == 1:
        media = tuple(files[0] for files in players if len(files) == 1)
        duration = lengths.get(media[0]) if media else None
        return [Entry(name, media, lambda: Annotations.of(found := whole(), media, duration, _labels(types, found)))]
    queue = players[0]
    known = [lengths.get(file) for file in queue]
    if any(length is None for length in known):
        return [Entry(name, (), lambda: Annotations.of(found := whole(), queue, None, _labels(types, found)))]
    edges = [0.0, *accumulate(length or 0.0 for length in known)]
    return [
        Entry(f"{name}: {file}", (file,), partial(_part, whole, types, file, start, end, is_last=number == len(queue)))
        for number, (file, (start, end)) in enumerate(zip(queue, pairwise(edges), strict=True), start=1)
    ]


def _part(
    whole: Callable[[], list[Interval]], types: Iterable[str], file: str, start: float, end: float, is_last: bool
) -> Annotations:
    """Return what falls into one of several files that are played in turn, with times from its own beginning."""
    stop = float("inf") if is_last else end
    found = []
    intervals = whole()
    for interval in intervals:
        is_inside = (
            start <= interval.start < stop if is_point(interval) else interval.start < stop and interval.end > start
        )
        if is_inside:
            # BORIS keeps milliseconds; rounding takes the subtraction's noise off.
            first, last = (round(time - start, 6) for time in (max(interval.start, start), min(interval.end, stop)))
            found.append(replace(interval, start=first, end=last))
    return Annotations.of(found, (file,), round(end - start, 6), _labels(types, intervals))


def _labels(codes: Iterable[str], found: Iterable[Interval]) -> list[str]:
    """Return the ethogram's behaviours as labels, without those that occur with modifiers only."""
    names = {interval.label for interval in found}
    modified = {name.partition(": ")[0] for name in names} - names
    return [code for code in codes if code not in modified and not is_gap(code)]


def _intervals(path: Path, name: str, observation: _Observation, types: dict[str, str]) -> list[Interval]:
    where = f"observation '{name}'"
    offset = observation.time_offset or 0.0
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
        events.append((float(row[0]) - offset, str(row[1]), label, status, place))
    # A stable sort: BORIS keeps rows in time order, and rows at one time in the order of coding.
    events.sort(key=lambda event: event[0])
    return pair(path, where, events)
