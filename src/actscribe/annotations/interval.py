"""What annotation files hold and what a timeline is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

from actscribe.errors import ActScribeError

#: In formats that have no word for it, a span that nobody annotated is an interval with this label, for every label,
#: or this label, a space and a label's name, for that label alone.
GAP_LABEL = "(not annotated)"


#: How an interval came about: entered by hand; suggested by a run, and accepted as it was; suggested, or in a file, and
#: changed; as it was in an annotation file.
How = Literal["manual", "accepted", "corrected", "file"]
_HOWS: dict[str, How] = {how: how for how in get_args(How)}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an interval that was reviewed comes from.

    Args:
        how: it came about.
        annotator: who said it last.
        run: digest of the run that suggested it; empty: none did.
    """

    how: How
    annotator: str = ""
    run: str = ""

    def in_words(self) -> str:
        """Return a phrase, for formats that carry comments."""
        what = {
            "manual": "by hand",
            "accepted": "suggested and accepted",
            "corrected": "suggested and corrected" if self.run else "corrected",
            "file": "from a file",
        }[self.how]
        who = f"{self.annotator}: " if self.annotator else ""
        return f"{who}{what}{f' (run {self.run})' if self.run else ''}"


def origin_of(how: str, annotator: str = "", run: str = "") -> Origin | None:
    """Return the origin that a file states in a word of `How`; None where it states another word, or none."""
    return Origin(_HOWS[how], annotator, run) if how in _HOWS else None


def unknown_origins(words: Iterable[str]) -> tuple[str, ...]:
    """Return a note on what a file states in the place of origins that are none; nothing where all are.

    Args:
        words: as the file has them, of all rows; empty: of a row without an origin.
    """
    unknown = [word for word in words if word and word not in _HOWS]
    if not unknown:
        return ()
    named = ", ".join(f"'{word[:40]}'" for word in sorted(set(unknown))[:3])
    return (f"The origin was left out of rows ({len(unknown)}): {named} is none of {', '.join(_HOWS)}.",)


@dataclass(frozen=True, slots=True)
class Interval:
    """One activity from `start` to `end`, in seconds from the beginning of the video (start == end: a point event).

    Args:
        label: the activity's name as the file spells it.
        start, end: seconds, 0 <= start <= end, finite.
        subject: who did it; empty where the file does not say.
        score: confidence in [0, 1] of a predicted interval; None for one that a person annotated, and where a
            recognizer has no calibrated one.
        raw_score: in [0, 1], the recognizer's score before calibration; None for one that a person annotated.
        origin: where it comes from; None where that was not recorded. It does not count when intervals are compared.

    Raises:
        ActScribeError: the times are negative, reversed or not finite.
    """

    label: str
    start: float
    end: float
    subject: str = ""
    score: float | None = None
    raw_score: float | None = None
    origin: Origin | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end < float("inf"):
            raise ActScribeError(
                f"'{self.label}' from {self.start} s to {self.end} s is not an interval:"
                " times must be finite, not negative, and the end must not come before the start."
            )

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.end - self.start

    @property
    def is_predicted(self) -> bool:
        """Whether a recognizer made it, as far as its scores tell."""
        return self.score is not None or self.raw_score is not None


@dataclass(frozen=True, slots=True)
class Annotations:
    """The annotations of one video.

    Args:
        intervals: in the order of (start, end, label, subject).
        gaps: spans that nobody annotated, label "" meaning every label; *not annotated* is not *absent*.
        media: file names of the video as the annotation file spells them; empty where it does not say.
        duration: the video's length in seconds as the annotation file has it, or None.
        labels: every label that could have been annotated, in the label set's order; those that occur but are not named
            are added, sorted. So an annotation tool that opens an export also offers labels that do not occur. They do
            not count when annotations are compared.
        notes: sentences about how the intervals came about, for the person who opens the file; not compared either.
        label_sources: label as the file spells it -> the tier or category that it is written under, for messages; not
            of every format, and not compared either.
        tiers: name of each tier of the file -> whether it was read; of formats that have tiers, for messages.
    """

    intervals: tuple[Interval, ...]
    gaps: tuple[Interval, ...] = ()
    media: tuple[str, ...] = ()
    duration: float | None = None
    labels: tuple[str, ...] = field(default=(), compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)
    label_sources: Mapping[str, str] = field(default_factory=dict, compare=False)
    tiers: Mapping[str, bool] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        named = dict.fromkeys(self.labels)
        more = sorted({interval.label for interval in self.intervals} - named.keys())
        object.__setattr__(self, "labels", (*named, *more))

    @classmethod
    def of(
        cls,
        intervals: Iterable[Interval],
        media: str | Path | Iterable[str | Path] = (),
        duration: float | None = None,
        labels: str | Iterable[str] = (),
        notes: str | Iterable[str] = (),
    ) -> Annotations:
        """Return annotations from intervals in any order; those called "(not annotated)" become gaps.

        Args:
            intervals: of one video; "(not annotated)" and a label's name is a gap of that label alone.
            media, duration, labels, notes: as in the class; one of them needs no list.
        """
        ordered = sorted(intervals, key=sort_key)
        gaps = tuple(
            replace(interval, label=interval.label[len(GAP_LABEL) :].strip())
            for interval in ordered
            if is_gap(interval.label)
        )
        kept = tuple(interval for interval in ordered if not is_gap(interval.label))
        return cls(kept, tuple(sorted(gaps, key=sort_key)), _each(media), duration, _each(labels), _each(notes))

    def as_intervals(self) -> tuple[Interval, ...]:
        """Return intervals and gaps together, gaps as "(not annotated)", for formats that know only intervals."""
        gaps = (replace(gap, label=f"{GAP_LABEL} {gap.label}".strip()) for gap in self.gaps)
        return tuple(sorted((*self.intervals, *gaps), key=sort_key))


def _each(given: str | Path | Iterable[str | Path]) -> tuple[str, ...]:
    """Return one name or several as several."""
    return (str(given),) if isinstance(given, (str, Path)) else tuple(map(str, given))


def sort_key(interval: Interval) -> tuple[float, float, str, str]:
    """Order of time, then of name: the same file always reads to the same tuple."""
    return interval.start, interval.end, interval.label, interval.subject


def is_gap(label: str) -> bool:
    """Tell whether a label in a file marks a span that nobody annotated."""
    return label == GAP_LABEL or label.startswith(f"{GAP_LABEL} ")
