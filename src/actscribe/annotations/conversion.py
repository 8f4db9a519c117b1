"""From one annotation format to another: what was written, what was lost on the way, what nobody knew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from actscribe.annotations.checks import resolve
from actscribe.annotations.format import Format
from actscribe.annotations.formats import detect, find_format, format_of, read_matched, write
from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import Annotations, Interval, sort_key
from actscribe.annotations.media import resolved
from actscribe.annotations.video_name import is_there
from actscribe.errors import ActScribeError
from actscribe.files import check_writable
from actscribe.labels import LabelSet
from actscribe.ownership import check_file


@dataclass(frozen=True, slots=True)
class Conversion:
    """What `convert` did.

    Args:
        source_format, target_format: keys in `FORMATS`.
        counts: label -> intervals written.
        unknown: names that the label set does not know -> intervals, written under their own name.
        ignored: names that the label set leaves out on purpose -> intervals, not written.
        lost: fields that were there and that the target format cannot carry.
        matched: by what the video was found in the source.
    """

    source_format: str
    target_format: str
    counts: dict[str, int]
    unknown: dict[str, int]
    ignored: dict[str, int]
    lost: tuple[str, ...]
    matched: str


def convert(
    source: str | Path,
    target: str | Path,
    to: str | None = None,
    labels: LabelSet | None = None,
    video: str | None = None,
    clock: FrameClock | None = None,
    tiers: Sequence[str] = (),
    overwrite: bool = False,
    film: str | None = None,
) -> Conversion:
    """Convert an annotation file into another format, and return what was written, what was lost and what is unknown.

    Args:
        source: the file to read.
        target: the file to write.
        to: a format's name, as for `write`; None: by the target's ending.
        labels: maps aliases to label names and leaves ignored names out; names that it does not know are kept as they
            are and listed in the result.
        video: which one, where the source holds several.
        clock: when the video's frames are shown, for formats that count frames.
        tiers: patterns of the tiers to read, of formats that have some: 'act*', '!notes'; none: all.
        overwrite: replace a file that is there.
        film: the video's file, which the target names where the source names none, or one that is not there.

    Raises:
        ActScribeError: as reading and writing do, or `target` exists already or is the source itself.
    """
    source, target = Path(source), Path(target)
    wanted = to or format_of(target)
    form = find_format(wanted)
    check_target(source, target, video, overwrite)
    annotations, matched = read_matched(source, video, clock, tiers)
    unknown: dict[str, int] = {}
    ignored: Counter[str] = Counter()
    if labels is not None:
        known, unknown = resolve(annotations, labels)
        ignored = Counter(i.label for i in annotations.intervals if labels.is_ignored(i.label))
        annotations = replace(
            known,
            intervals=_sorted(known.intervals, (i for i in annotations.intervals if i.label in unknown)),
            gaps=_sorted(known.gaps, (gap for gap in annotations.gaps if gap.label in unknown)),
        )
    write(target, replace(annotations, media=_media(source, annotations, film)), wanted, clock)
    counts = Counter(interval.label for interval in annotations.intervals)
    return Conversion(
        source_format=detect(source),
        target_format=wanted,
        counts=dict(sorted(counts.items())),
        unknown=unknown,
        ignored=dict(ignored),
        lost=_lost(annotations, form),
        matched=matched,
    )


def _media(source: Path, annotations: Annotations, film: str | None) -> tuple[str, ...]:
    """Return the names of the videos for a target: those of the source, or a film in the place of one that is gone."""
    led_to = (path for name in annotations.media for path in (source.parent / name, Path(name)))
    if film is None or any(map(is_there, led_to)) or len(annotations.media) > 1:
        return resolved(source, annotations.media)
    return (film,)


def check_target(source: Path, target: Path, video: str | None = None, overwrite: bool = False) -> None:
    """Prove before anything is read that `convert` may write its target.

    Raises:
        ActScribeError: it is the source or the video, by whatever link or spelling; a file is there that is not to be
            replaced; or the folder cannot be written to.
    """
    for what, path in (("source", source), ("video", Path(video or ""))):
        if is_there(path) and target.exists() and path.samefile(target):
            raise ActScribeError(f"{target}: is the {what} itself.", "Give another name for the converted file.")
    check_file(target, overwrite)
    check_writable(target.parent)


def _sorted(*parts: Iterable[Interval]) -> tuple[Interval, ...]:
    return tuple(sorted((interval for part in parts for interval in part), key=sort_key))


def _lost(annotations: Annotations, form: Format) -> tuple[str, ...]:
    present = {
        "subject": any(interval.subject for interval in annotations.intervals),
        "score": any(interval.score is not None for interval in annotations.intervals),
        "raw score": any(interval.raw_score is not None for interval in annotations.intervals),
        "origin": any(interval.origin is not None for interval in annotations.intervals),
        "media": bool(annotations.media),
        "further media": len(annotations.media) > 1 and "media" in form.keeps,
        "duration": annotations.duration is not None,
        "notes": bool(annotations.notes),
    }
    return tuple(field for field, is_there in present.items() if is_there and field not in form.keeps)
