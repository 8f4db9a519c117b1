"""WebVTT: cues that a video player shows; each line of a cue's text is one label (ours).

The subject is the voice of a line, `<v Subject>Label`; other tags are passed over. A cue cannot be shorter than 1 ms,
so a point event becomes 1 ms long. Scores, the video's name and length are not carried.
"""

from __future__ import annotations

import html
import re
from pathlib import Path

from actscribe.annotations.entry import Entry, single
from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import Annotations, Interval
from actscribe.annotations.rounding import milliseconds
from actscribe.annotations.text import check_writable, interval_at, lines, read_text
from actscribe.errors import ActScribeError
from actscribe.files import write_text

_TIME = r"(?:(\d{2,}):)?([0-5]\d):([0-5]\d)[.,](\d{3})"
_TIMING = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:\s.*)?")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?[ \t]([^>]*)>")
_TAG = re.compile(r"<[^>]*>")


def read(path: Path, clock: FrameClock | None = None) -> list[Entry]:
    """Return one interval per line of each cue.

    Raises:
        ActScribeError: no WEBVTT header, or a timing line that cannot be read.
    """
    text = lines(read_text(path))
    if not re.fullmatch(r"WEBVTT(?:[ \t].*)?", text[0]):
        raise ActScribeError(f"{path}:1: expected 'WEBVTT', found {text[0][:40]!r}.")
    found: list[Interval] = []
    block: list[tuple[int, str]] = []
    for number, line in enumerate([*text[1:], ""], start=2):
        if line.strip():
            block.append((number, line))
        else:
            found += _cue(path, block)
            block = []
    return single(Annotations.of(found))


def write(path: Path, annotations: Annotations, clock: FrameClock | None = None) -> None:
    """Write one cue per interval."""
    check_writable(path, annotations, "\r\n")
    cues = []
    for interval, start, end in milliseconds(annotations.as_intervals(), shortest=1):
        voice = f"<v {html.escape(interval.subject, quote=False)}>" if interval.subject else ""
        cues.append(f"\n{_clock(start)} --> {_clock(end)}\n{voice}{html.escape(interval.label, quote=False)}\n")
    write_text(path, "WEBVTT\n" + "".join(cues))


def _cue(path: Path, block: list[tuple[int, str]]) -> list[Interval]:
    """Return the intervals of a block of lines; comments, styles and regions hold none."""
    position = next((index for index, (_, line) in enumerate(block[:2]) if "-->" in line), None)
    if position is None:
        return []
    line_number, timing = block[position]
    times = _TIMING.fullmatch(timing)
    if not times:
        raise ActScribeError(
            f"{path}:{line_number}: expected a timing such as 00:01.000 --> 00:02.500, found {timing[:60]!r}."
        )
    fields = [int(field or 0) for field in times.groups()]
    start, end = ((((h * 60 + m) * 60 + s) * 1000 + ms) / 1000 for h, m, s, ms in (fields[:4], fields[4:]))
    found = []
    for number, line in block[position + 1 :] or [(line_number, "")]:
        voice = _VOICE.search(line)
        subject = html.unescape(voice.group(1)) if voice else ""
        found.append(interval_at(path, f"line {number}", html.unescape(_TAG.sub("", line)), start, end, subject))
    return found


def _clock(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest:03d}"
