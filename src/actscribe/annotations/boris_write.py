"""Writing BORIS projects: one observation, opened by BORIS 7 and newer."""

from __future__ import annotations

import json
import string
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import Annotations, Interval
from actscribe.annotations.media import has_sound, is_video
from actscribe.annotations.rounding import is_point, milliseconds
from actscribe.annotations.text import NO_DATE, check_writable
from actscribe.errors import ActScribeError
from actscribe.files import write_text

#: BORIS has eight players.
PLAYERS = 8
#: The comment of both rows of a point event whose behaviour is a state event elsewhere.
POINT_COMMENT = "point event"
#: What BORIS takes as the key of a behaviour, in the order in which they are given.
_KEYS = (*string.ascii_lowercase, *string.digits, *string.ascii_uppercase, *(f"F{n}" for n in range(1, 13)))
#: Colours that colour-blind eyes tell apart (M. Okabe and K. Ito, 2008), without black, which BORIS gives to points.
COLORS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#f0e442")


def write(path: Path, annotations: Annotations, clock: FrameClock | None = None) -> None:
    """Write a project with one observation, named after the video; every state event gets its START and STOP row.

    The ethogram holds every label, in the label set's order, each with a key and a colour of its own. Dates are left at
    the beginning of time, so that the same annotations give the same file.

    Raises:
        ActScribeError: two intervals of one label and subject overlap, which toggles cannot say.
    """
    check_writable(path, annotations, "\t\r\n", ethogram=True)
    intervals = milliseconds(annotations.as_intervals())
    refuse_overlaps(path, intervals)
    points = {i.label for i, *_ in intervals if is_point(i)} - {i.label for i, *_ in intervals if not is_point(i)}
    project = {
        "time_format": "hh:mm:ss",
        "project_date": NO_DATE,
        "project_name": path.stem,
        "project_description": "Written by ActScribe",
        "project_format_version": "7.0",
        "subjects_conf": _subjects(annotations.intervals),
        "behaviors_conf": _ethogram([*annotations.labels, *(i.label for i, *_ in intervals)], points),
        "observations": {
            observation_name(path, annotations): _observation(path, annotations, _events(intervals, points), clock)
        },
        "behavioral_categories": [],
        "independent_variables": {},
        "coding_map": {},
        "behaviors_coding_map": [],
        "converters": {},
    }
    write_text(path, json.dumps(project, indent=1, ensure_ascii=False) + "\n")


def observation_name(path: Path, annotations: Annotations) -> str:
    """Return the observation id that is written: the video's stem, or the target's where the video has no name."""
    spelled = annotations.media[0] if annotations.media else path.name
    return PurePosixPath(spelled.replace("\\", "/")).stem.strip() or path.stem.strip() or "observation"


def refuse_overlaps(path: Path, intervals: Iterable[tuple[Interval, int, int]]) -> None:
    """Refuse two intervals of one label and subject that overlap: START and STOP rows could not be paired.

    Raises:
        ActScribeError: there are two such intervals.
    """
    last: dict[tuple[str, str], tuple[Interval, int]] = {}
    for interval, start, end in intervals:
        before, edge = last.get((interval.label, interval.subject), (interval, 0))
        if start < edge:
            raise ActScribeError(
                f"{path}: '{interval.label}' is there twice at once, from {before.start:g} s to {before.end:g} s and"
                f" from {interval.start:g} s to {interval.end:g} s; START and STOP events cannot say that.",
                "Merge the two, give them two subjects, or choose another format (csv, json, elan).",
            )
        last[interval.label, interval.subject] = (interval, end)


def _subjects(intervals: Iterable[Interval]) -> dict[str, dict[str, str]]:
    names = sorted({interval.subject for interval in intervals if interval.subject})
    return {str(number): {"key": "", "name": name, "description": ""} for number, name in enumerate(names)}


def _ethogram(labels: Iterable[str], points: set[str]) -> dict[str, dict[str, Any]]:
    free = list(_KEYS)
    behaviors: dict[str, dict[str, Any]] = {}
    for number, code in enumerate(dict.fromkeys(labels)):
        key = next((letter for letter in code.lower() if letter in free), free[0] if free else "")
        if key:
            free.remove(key)
        behaviors[str(number)] = {
            "type": "Point event" if code in points else "State event",
            "key": key,
            "code": code,
            "description": "",
            "color": COLORS[number % len(COLORS)],
            "category": "",
            "modifiers": {},
            "excluded": "",
            "coding map": "",
        }
    return behaviors


def _events(intervals: Sequence[tuple[Interval, int, int]], points: set[str]) -> list[list[Any]]:
    """Return rows of time, subject, code, modifier, comment and frame; a STOP precedes the START that touches it."""
    rows: list[tuple[int, int, Interval, str]] = []
    for number, (interval, start, end) in enumerate(intervals):
        comment = _comment(interval, points)
        origin = "" if interval.origin is None else interval.origin.in_words()
        rows.append((start, number, interval, comment or origin))
        if interval.label not in points:
            rows.append((end, number, interval, comment))
    rows.sort(key=lambda row: row[:2])
    return [[time / 1000, one.subject, one.label, "", comment, "NA"] for time, _, one, comment in rows]


def _comment(interval: Interval, points: set[str]) -> str:
    return POINT_COMMENT if is_point(interval) and interval.label not in points else ""


def _observation(
    path: Path, annotations: Annotations, events: list[list[Any]], clock: FrameClock | None
) -> dict[str, Any]:
    media = annotations.media[:PLAYERS]
    length = clock.edges[-1] if annotations.duration is None and clock and clock.edges else annotations.duration
    return {
        "file": {str(n + 1): [media[n]] if n < len(media) else [] for n in range(PLAYERS)} if media else {},
        "type": "MEDIA" if media else "LIVE",
        "date": NO_DATE,
        "description": " ".join(annotations.notes),
        "time offset": 0.0,
        "observation time interval": [0, 0],
        "independent_variables": {},
        "visualize_spectrogram": False,
        "visualize_waveform": False,
        "close_behaviors_between_videos": False,
        "scan_sampling_time": 0,
        "media_info": {
            "length": {name: round(length, 3) for name in media if length is not None},
            "fps": {name: round(clock.rate, 3) for name in media if clock is not None},
            "hasVideo": {name: is_video(name) for name in media},
            "hasAudio": {name: has_sound(path, name) for name in media},
            "offset": {str(number): 0.0 for number in range(1, len(media) + 1)},
        },
        "events": events,
    }
