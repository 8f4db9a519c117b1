"""Annotations that hypothesis draws, and what a format is expected to make of them."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from actscribe.annotations import Annotations, Interval
from actscribe.annotations.interval import is_gap, sort_key

#: Everything that can be typed into an annotation tool: no control characters, surrogates or byte order marks.
LETTERS = st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufeff\ufffe\uffff")
AWKWARD = (
    "Suction",
    "a, b",
    'he said "no"',
    "<b>&amp;</b>",
    "-->",
    "Überdruck",
    "x;y",
    "CPAP | PPV",
    "#1",
    "1",
    "NOTE",
)
NAMES = st.one_of(st.sampled_from(AWKWARD), st.text(LETTERS, min_size=1, max_size=8)).filter(
    lambda name: bool(name.strip()) and not is_gap(name)
)
SUBJECTS = st.sampled_from(("", "nurse", "P 1", "A & <B>", " x"))
MEDIA = st.sampled_from(("a.mp4", "sub/b c.mp4", "/data/ü.mp4", "C:/v/d,e.mp4"))


def intervals(times: st.SearchStrategy[float], names: st.SearchStrategy[str] = NAMES) -> st.SearchStrategy[Interval]:
    """Intervals between two of `times`, now and then without length."""
    return st.builds(
        lambda label, pair, subject, *scores: Interval(label, min(pair), _end(*sorted(pair)), subject, *scores),
        names,
        st.tuples(times, times),
        SUBJECTS,
        *[st.none() | st.sampled_from((0.0, 1.0)) | st.floats(0, 1)] * 2,
    )


def _end(start: float, end: float) -> float:
    """Leave out what is shorter than 2 ms and no point: what becomes of it is another test."""
    return end if end - start >= 0.002 else start


def annotations(times: st.SearchStrategy[float]) -> st.SearchStrategy[Annotations]:
    """Annotations with everything that `Annotations` can hold."""
    gap_labels = st.sampled_from(("", "Suction", "a, b"))
    gaps = intervals(times, gap_labels).map(lambda gap: replace(gap, score=None, raw_score=None, subject=""))
    return st.builds(
        _of_a_video,
        st.lists(intervals(times), max_size=6),
        st.lists(gaps, max_size=3),
        st.lists(MEDIA, max_size=3, unique=True),
        st.none() | st.floats(0.001, 1000),
        st.lists(NAMES, max_size=3),
    )


def _of_a_video(
    intervals: list[Interval], gaps: list[Interval], media: list[str], rest: float | None, labels: list[str]
) -> Annotations:
    """Return annotations of a video that goes on for `rest` seconds after the last of them."""
    last = max((interval.end for interval in (*intervals, *gaps)), default=0.0)
    ordered, blank = (tuple(sorted(part, key=sort_key)) for part in (intervals, gaps))
    return Annotations(ordered, blank, tuple(media), None if rest is None else last + rest, tuple(labels))


def seconds() -> st.SearchStrategy[float]:
    """Times of no particular grid, up to a working day."""
    return st.one_of(st.floats(0, 30_000), st.integers(0, 30_000).map(float), st.integers(0, 40).map(lambda n: n / 8))


def eighths() -> st.SearchStrategy[float]:
    """Times within 20 s, on a grid that is coarser than the frames of any video here."""
    return st.integers(0, 160).map(lambda n: n / 8)


def without_overlaps(annotations: Annotations) -> Annotations:
    """Leave out what START and STOP rows cannot say: a second interval of a label and subject at the same time."""
    return replace(annotations, intervals=_sequential(annotations.intervals), gaps=_sequential(annotations.gaps))


def _sequential(intervals: tuple[Interval, ...]) -> tuple[Interval, ...]:
    kept: list[Interval] = []
    ends: dict[tuple[str, str], float] = {}
    for interval in intervals:
        key = (interval.label, interval.subject)
        if round(interval.start * 1000) >= ends.get(key, 0):
            kept.append(interval)
            ends[key] = round(interval.end * 1000)
    return tuple(kept)


def on_grid(intervals: tuple[Interval, ...], rate: float, shortest: int, keeps: frozenset[str]) -> list[Interval]:
    """Round times to 1/rate seconds, make every interval at least `shortest` steps long, drop what is not kept."""
    rounded = []
    for interval in intervals:
        start = round(interval.start * rate)
        end = max(round(interval.end * rate), start + shortest)
        rounded.append(_kept(replace(interval, start=start / rate, end=end / rate), keeps))
    return sorted(rounded, key=whole_key)


def whole_key(interval: Interval) -> tuple:
    scores = (interval.score, interval.raw_score)
    return (*sort_key(interval), *(-1.0 if score is None else score for score in scores))


def _kept(interval: Interval, keeps: frozenset[str]) -> Interval:
    return replace(
        interval,
        subject=interval.subject if "subject" in keeps else "",
        score=interval.score if "score" in keeps else None,
        raw_score=interval.raw_score if "raw score" in keeps else None,
    )
