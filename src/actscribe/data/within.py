"""A split within recordings, by time: the way through where there are too few subjects to keep some apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from actscribe.annotations.interval import Annotations, Interval, sort_key
from actscribe.data import spans as sp
from actscribe.data.clips import SAME_S, Clip, Window, spans
from actscribe.data.fitting_splits import (
    NO_TEST,
    OF_THREE,
    OF_TWO,
    TRAIN_ONLY,
    by_time,
    needed_s,
    too_short,
    written,
)
from actscribe.data.manifest import SPLITS, Row
from actscribe.data.recording import Recording
from actscribe.data.splits import check_sources
from actscribe.errors import ActScribeError
from actscribe.journal.spans import Spans, joined, left_of
from actscribe.settings.study import Study

#: Recordings that one error names; more would fill a screen.
MOST_NAMED = 40
#: Said wherever numbers are: what such a split cannot tell.
WITHIN_NOTE = (
    "split within recordings, by time: every recording and subject is in all splits, so the numbers say how well the"
    " same recordings go on, and nothing about other people, animals or places."
)


def split_within(recordings: Sequence[Recording], study: Study, rows: Sequence[Row]) -> list[Recording]:
    """Return a part of every recording for each split: training first, then validation, then test (ours).

    A part is the recording itself under a name of its own, such as 'visit-test', of which all that lies outside the
    part is not annotated. Between two parts lies a gap of at least one clip's length. A clip that reaches out of its
    part by more than half of its length has no target and is not scored, so clips of two splits share no second of
    video. Where such a clip alone would see a moment at a part's border, the part ends before it.

    Raises:
        ActScribeError: trimmed videos; a gap shorter than a clip; a recording too short for a clip in every part; a
            split column; two files of the same content or the same stretch of a source.
    """
    length = study.windows.length
    if length is None:
        raise ActScribeError(
            "split: within: recordings: a trimmed video is a single clip, which cannot be split by time.",
            "Split by groups, or set the 'length:' of the study's windows.",
        )
    gap = length if study.split.gap is None else study.split.gap
    if gap < length - SAME_S:
        raise ActScribeError(
            f"split: gap: {gap:g} s is shorter than a clip of {length:g} s, which would reach from one split into the"
            " next.",
            f"Write 'gap: {length:g}' or more, or leave it out.",
        )
    named = next((recording for recording in recordings if recording.split), None)
    if named:
        raise ActScribeError(
            f"split: within: recordings, but the manifest gives {named.name} to {named.split}.",
            "Leave the manifest's split column empty, or 'within:' out of the study.",
        )
    _check_apart(recordings, rows, (study.folder / study.recordings).parent)
    shares = {name: getattr(study.split, name) for name in SPLITS if getattr(study.split, name) > 0}
    short = too_short(recordings, shares, length, gap)
    if short:
        raise ActScribeError(
            f"split: within: recordings: {len(short)} of {len(recordings)} recordings are too short for a clip in each"
            f" of {', '.join(shares)} (needed: {needed_s(shares, length, gap):.1f} s): {_with_seconds(short)}.",
            _ways_out(recordings, short, study, length),
        )
    window = Window(length, study.windows.stride)
    return [part for recording in recordings for part in _parts(recording, gap, shares, window)]


def _with_seconds(recordings: Sequence[Recording]) -> str:
    """Return names of recordings with how long they are."""
    shown = ", ".join(f"{one.name} {one.duration:.1f} s" for one in recordings[:MOST_NAMED])
    return shown + (f" and {len(recordings) - MOST_NAMED} more" if len(recordings) > MOST_NAMED else "")


def _ways_out(recordings: Sequence[Recording], short: Sequence[Recording], study: Study, length: float) -> str:
    """Say what can be done with recordings that are too short: splits that were tried."""
    own = {name: getattr(study.split, name) for name in SPLITS}
    timed = by_time(recordings, (own, *OF_THREE, *OF_TWO), length, study.split.gap)
    ways = [f"write '{timed}', for which all are long enough"] if timed else []
    if len(short) < len(recordings):
        ways.append("leave these out of the manifest")
    gap = study.split.gap
    ways += [f"write a shorter 'gap' than {gap:g} s"] if gap is not None and gap > length else []
    ways += ["take shorter windows", f"write '{written(TRAIN_ONLY)}', which {NO_TEST}"]
    text = "; or ".join(ways)
    return f"{text[0].upper()}{text[1:]}."


def spans_of_parts(recordings: Sequence[Recording], study: Study, rows: Sequence[Row]) -> dict[tuple[str, str], Spans]:
    """Return which spans of each recording are in each split, by its content and the split's name.

    Raises:
        ActScribeError: as `split_within`.
    """
    blank = [replace(one, intervals=(), gaps=()) for one in recordings]
    return {
        (part.content, part.split): left_of(part.duration, joined((gap.start, gap.end) for gap in part.gaps))
        for part in split_within(blank, study, rows)
    }


def part_of(annotations: Annotations, whole: Recording, part: Recording) -> Annotations:
    """Return what a second annotator wrote within one part of a recording."""
    outside = tuple(gap for gap in part.gaps if gap not in whole.gaps)
    return replace(
        annotations,
        intervals=_inside(annotations.intervals, outside),
        gaps=tuple(sorted((*annotations.gaps, *outside), key=sort_key)),
    )


def clips_of_part(clips: Sequence[Clip], part: Recording) -> list[Clip]:
    """Return the clips that show some of a part and reach out of it by half of their length at most.

    In the gap to the next part, at least a clip's length wide, these meet no clip that the other part's splits see.
    """
    outside = sp.union(gap for gap in part.gaps if not gap.label)
    beyond = outside[(outside[:, 0] <= SAME_S) | (outside[:, 1] >= part.duration - SAME_S)]
    kept = []
    for clip in clips:
        span = np.array([[clip.start, clip.end]])
        reach = sp.total(sp.intersect(span, beyond))
        if reach <= (clip.end - clip.start) / 2 + SAME_S and sp.total(sp.subtract(span, outside)) > SAME_S:
            kept.append(clip)
    return kept


def _check_apart(recordings: Sequence[Recording], rows: Sequence[Row], folder: Path) -> None:
    by_content: dict[str, Recording] = {}
    for one in recordings:
        first = by_content.setdefault(one.content, one)
        if first is not one:
            raise ActScribeError(
                f"Leakage: {first.name} and {one.name} have the same file content.", "Leave one of them out."
            )
    check_sources([replace(one, split=one.name) for one in recordings], {row.video: row for row in rows}, folder)


def _room(recording: Recording, gap: float, shares: Mapping[str, float]) -> float:
    """Return the seconds that are left for parts when the gaps are taken off."""
    return recording.duration - gap * (len(shares) - 1)


def _parts(recording: Recording, gap: float, shares: Mapping[str, float], window: Window) -> list[Recording]:
    clips = np.array(spans(recording.duration, window))
    parts, start = [], 0.0
    for split, share in shares.items():
        end = start + share * _room(recording, gap, shares)
        # Beginning and end of the video are not borders, whatever rounding made of the sum.
        first, last = _extent(start, end, clips)
        ends = ((0.0, first), (last, recording.duration))
        outside = tuple(Interval("", one, other) for one, other in ends if other - one > SAME_S)
        intervals = None if recording.intervals is None else _inside(recording.intervals, outside)
        gaps = tuple(sorted((*recording.gaps, *outside), key=sort_key))
        name = f"{recording.name}-{split}"
        parts.append(replace(recording, name=name, split=split, intervals=intervals, gaps=gaps))
        start = end + gap
    return parts


def _extent(start: float, end: float, clips: np.ndarray) -> tuple[float, float]:
    """Return what of a part those clips, shape (clips, 2), see that reach out of it by half their length at most."""
    reach = np.maximum(start - clips[:, 0], 0) + np.maximum(clips[:, 1] - end, 0)
    kept = clips[reach <= (clips[:, 1] - clips[:, 0]) / 2 + SAME_S]
    return max(start, float(kept[:, 0].min())), min(end, float(kept[:, 1].max()))


def _inside(intervals: Sequence[Interval], outside: Sequence[Interval]) -> tuple[Interval, ...]:
    """Return the intervals cut to what lies between the two spans outside of a part."""
    start = max((one.end for one in outside if one.start == 0), default=0.0)
    end = min((one.start for one in outside if one.start > 0), default=float("inf"))
    cut = [
        replace(one, start=max(one.start, start), end=min(one.end, end))
        for one in intervals
        if (one.start < end and one.end > start) or start <= one.start == one.end < end
    ]
    return tuple(sorted(cut, key=sort_key))
