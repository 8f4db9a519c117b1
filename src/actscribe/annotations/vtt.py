"""WebVTT: cues that a video player shows; each line of a cue's text is one label (ours).

The subject is the voice of a line, `<v Subject>Label`; other tags are passed over, but a time stamp within a cue, which
would split it, is refused. SubRip (`.srt`), which has no header, is read too. A line with '-->' always begins a cue,
whether or not an empty line stands before it. A cue cannot be shorter than 1 ms, so a point event becomes 1 ms long.
Scores, the video's name and length are not carried; what is noted about the intervals is written as a comment, and not
read back.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from actscribe.annotations.entry import Entry, single
from actscribe.annotations.format import Format
from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import Annotations, Interval
from actscribe.annotations.rounding import milliseconds
from actscribe.annotations.text import check_writable, interval_at, lines, quoted, read_text
from actscribe.errors import ActScribeError
from actscribe.files import write_text

_TIME = r"(?:([0-9]{1,8}):)?([0-5]?[0-9]):([0-5][0-9])[.,]([0-9]{3})"
_TIMING = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:\s.*)?")
_HEADER = re.compile(r"WEBVTT(?:[ \t].*)?")
# A tag ends before the next one begins; otherwise a text of many '<' would be searched to its end from each of them.
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?[ \t]([^<>]*)>")
_TAG = re.compile(r"<[^<>]*>")
_STAMP = re.compile(rf"<{_TIME}>")
_COMMENT = re.compile(r"(?:NOTE|STYLE|REGION)(?:[ \t].*)?")


@dataclass(frozen=True, slots=True)
class _Cue:
    line: int
    timing: str
    text: list[tuple[int, str]] = field(default_factory=list)


def is_subtitles(text: str) -> bool:
    """Tell whether a text begins as WebVTT or SubRip does."""
    first, second = ([line.strip() for line in lines(text[:4096]) if line.strip()] + ["", ""])[:2]
    return bool(
        _HEADER.fullmatch(first) or _TIMING.fullmatch(first) or (first.isdecimal() and _TIMING.fullmatch(second))
    )


def read(path: Path, clock: FrameClock | None = None) -> list[Entry]:
    """Return one interval per line of each cue.

    Raises:
        ActScribeError: neither WebVTT nor SubRip, a timing line that cannot be read, text that belongs to no cue, or a
            header that moves the times (line named).
    """
    text = read_text(path)
    if not is_subtitles(text):
        raise ActScribeError(f"{path}:1: expected 'WEBVTT', found {quoted(lines(text)[0])}.")
    return single(Annotations.of(i for cue in _cues(path, lines(text)) for i in _intervals(path, cue)))


def write(path: Path, annotations: Annotations, clock: FrameClock | None = None) -> None:
    """Write one cue per interval, and what is noted as comments for whoever opens the file."""
    check_writable(path, annotations, "\r\n")
    cues = []
    for interval, start, end in milliseconds(annotations.as_intervals(), shortest=1):
        voice = f"<v {html.escape(interval.subject, quote=False)}>" if interval.subject else ""
        cues.append(f"\n{_clock(start)} --> {_clock(end)}\n{voice}{html.escape(interval.label, quote=False)}\n")
    notes = [f"\nNOTE {' '.join(note.replace('-->', '->').split())}\n" for note in annotations.notes]
    write_text(path, "WEBVTT\n" + "".join(notes + cues))


def _is_meant(text: str) -> bool:
    """Tell whether a text says that it is WebVTT, rightly or not, or begins as SubRip does."""
    return text.lstrip().startswith("WEBVTT") or is_subtitles(text)


def _cues(path: Path, text: Sequence[str]) -> Iterator[_Cue]:
    """Yield the cues; whatever else stands in the file must be a header, a comment, or the name of a cue."""
    cue: _Cue | None = None
    block: list[tuple[int, str]] = []  # lines since the last empty one that belong to no cue
    for number, line in enumerate([*text, ""], start=1):
        if "-->" in line:
            if cue:
                _refuse_number(path, cue)
                yield cue
            else:
                _check_block(path, block, is_named=True)
            cue, block = _Cue(number, line), []
        elif not line.strip():
            if cue:
                yield cue
            _check_block(path, block, is_named=False)
            cue, block = None, []
        elif cue:
            cue.text.append((number, line))
        else:
            block.append((number, line))


def _check_block(path: Path, block: list[tuple[int, str]], is_named: bool) -> None:
    """Refuse lines outside of cues in which something could be lost; `is_named`: a cue follows at once."""
    if not block:
        return
    if _HEADER.fullmatch(block[0][1]):
        for number, line in block:
            if line.startswith("X-TIMESTAMP-MAP"):
                raise ActScribeError(
                    f"{path}:{number}: {quoted(line)} moves all times by a stream's clock, which is not known.",
                    "Export the subtitles of the whole video as one file, and remove this line.",
                )
    elif not _COMMENT.fullmatch(block[0][1]) and not (is_named and len(block) == 1):
        number, line = block[0]
        raise ActScribeError(
            f"{path}:{number}: {quoted(line)} belongs to no cue.",
            "The text of a cue follows directly below its timing; a comment begins with NOTE.",
        )


def _refuse_number(path: Path, cue: _Cue) -> None:
    """Refuse a number directly above the next timing: a label of this cue, or the next one's number?"""
    if cue.text and cue.text[-1][1].strip().isdecimal():
        number, line = cue.text[-1]
        raise ActScribeError(
            f"{path}:{number}: '{line.strip()}' could be a label, or the number of the next cue.",
            "Put an empty line before it if it is the number, or after it if it is a label.",
        )


def _intervals(path: Path, cue: _Cue) -> list[Interval]:
    times = _TIMING.fullmatch(cue.timing)
    if not times:
        raise ActScribeError(
            f"{path}:{cue.line}: expected a timing such as 00:01.000 --> 00:02.500, found {quoted(cue.timing)}."
        )
    fields = [int(part or 0) for part in times.groups()]
    start, end = ((((h * 60 + m) * 60 + s) * 1000 + ms) / 1000 for h, m, s, ms in (fields[:4], fields[4:]))
    intervals = []
    for number, line in cue.text or [(cue.line, "")]:
        if _STAMP.search(line):
            raise ActScribeError(
                f"{path}:{number}: a time stamp within a cue splits it: {quoted(line)}.", "Write one cue for each part."
            )
        voices = _VOICE.findall(line)
        if len(voices) > 1:
            raise ActScribeError(f"{path}:{number}: two voices in one line: {quoted(line)}.", "Give each its own line.")
        subject = _unescaped(path, number, voices[0]) if voices else ""
        label = _unescaped(path, number, _TAG.sub("", line))
        intervals.append(interval_at(path, f"line {number}", label, start, end, subject))
    return intervals


def _unescaped(path: Path, number: int, text: str) -> str:
    try:
        return html.unescape(text)
    except ValueError:  # &# and thousands of digits
        raise ActScribeError(f"{path}:{number}: an invalid character reference.") from None


def _clock(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest:03d}"


FORMAT = Format(
    title="WebVTT or SubRip",
    ending=".vtt",
    resolution=0.001,
    keeps=frozenset({"subject", "notes"}),
    read=read,
    write=write,
    becomes_label="each line of a cue; its voice is the subject",
    passed_over="tags; refused: time stamps within a cue",
    is_text=_is_meant,
)
