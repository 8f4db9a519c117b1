"""Two people's annotations of the same videos: two files, two folders, or two observations of one project."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from actscribe import annotations as annotation_files
from actscribe.annotations import bids
from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import Annotations, Interval
from actscribe.data.folder import ANNOTATION_ENDINGS
from actscribe.data.named_video import clock_of
from actscribe.data.recording import Recording
from actscribe.errors import ActScribeError, did_you_mean
from actscribe.labels import LabelSet
from actscribe.names import same_name
from actscribe.video.endings import VIDEO_ENDINGS


@dataclass(frozen=True, slots=True)
class Pair:
    """One video that two people annotated.

    Args:
        name: of the video.
        first, second: what each of them wrote, under the same labels.
    """

    name: str
    first: Annotations
    second: Annotations


@dataclass(frozen=True, slots=True)
class Pairs:
    """What was read.

    Args:
        pairs: in order of their names.
        alone: names of videos that only one side has.
        subjects: everybody whom the files name, sorted; empty where none is named.
        unknown: names that the label set does not know -> intervals of both sides; left out.
        of_subject: subject -> the videos with this one's intervals alone, "" for those of nobody; empty where fewer
            than two are distinguished, or one was asked for.
    """

    pairs: tuple[Pair, ...]
    alone: tuple[str, ...]
    subjects: tuple[str, ...]
    unknown: dict[str, int]
    of_subject: dict[str, tuple[Pair, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """How both sides are read.

    Args:
        labels: aliases become label names; None: labels are compared as they are spelled.
        subject: only this one's intervals; None: all, without telling subjects apart.
        tiers: patterns of tiers, as in `annotations.read`.
        clock: for formats that count frames; None: by the video that each file is about, where it is at hand.
    """

    labels: LabelSet | None = None
    subject: str | None = None
    tiers: tuple[str, ...] = ()
    clock: FrameClock | None = None


def read_pairs(
    first: str | Path,
    second: str | Path,
    reading: Reading | None = None,
    observations: tuple[str | None, str | None] = (None, None),
) -> Pairs:
    """Read what two people wrote, and bring together what is about the same video.

    Two files of one video each are about the same one, whatever they are called. Of files with several, and of folders,
    those of one name belong together; a folder's file is called by its name without the ending of its format.

    Args:
        first, second: two files, or two folders; the same file twice where `observations` says which of it.
        reading: how; default everything, as it is spelled.
        observations: of files that hold several: the video or observation that is meant, on each side.

    Raises:
        ActScribeError: a file is missing or damaged, one side is a folder and the other is not, nothing belongs
            together, or nobody annotated anything.
    """
    how = reading or Reading()
    first, second = Path(first), Path(second)
    _check(first, second, observations)
    named = zip((first, second), observations, strict=True)
    one, other = (_folder(path, how) if path.is_dir() else _file(path, wanted, how) for path, wanted in named)
    if len(one) == len(other) == 1 and first.is_file():
        other = dict(zip(one, other.values(), strict=True))
    shared = [name for name in one if name in other]
    if not shared:
        raise ActScribeError(
            f"{first} and {second} have no video in common: {_some(one)} here, {_some(other)} there.",
            "Give both the same names, or say which belong together with --observation and --observation-2.",
        )
    alone = tuple(sorted({shown for name, (shown, _) in (one | other).items() if name not in shared}))
    held = [side[name][1] for name in shared for side in (one, other)]
    subjects = tuple(sorted({i.subject for part in held for i in part.intervals if i.subject}))
    _check_subject(how.subject, subjects)
    unknown: Counter[str] = Counter()
    both = {one[name][0]: (one[name][1], other[name][1]) for name in sorted(shared)}
    pairs = _pairs(both, how, unknown)
    if not any(pair.first.intervals or pair.second.intervals for pair in pairs):
        raise ActScribeError(f"{first} and {second}: nothing is annotated in either.", _hint(unknown))
    nobody = [""] if any(not i.subject for part in held for i in part.intervals) else []
    whose = [*subjects, *nobody] if how.subject is None else []
    apart = {who: _pairs(both, replace(how, subject=who), Counter()) for who in whose} if len(whose) > 1 else {}
    return Pairs(pairs, alone, subjects, dict(sorted(unknown.items())), apart)


def pairs_of(recordings: Iterable[Recording], second: Mapping[str, Annotations]) -> list[Pair]:
    """Return the recordings of a study that two people annotated, in order; `second` is the second one's, by name."""
    return [
        Pair(one.name, Annotations(tuple(one.intervals), tuple(one.gaps)), second[one.name])
        for one in recordings
        if one.intervals is not None and one.name in second
    ]


def labels_of(pairs: Iterable[Pair], labels: LabelSet | None) -> list[str]:
    """Return the labels to compare: those of the set, or all that occur, sorted."""
    if labels is not None:
        return list(labels.names)
    return sorted({i.label for pair in pairs for side in (pair.first, pair.second) for i in side.intervals})


def _check(first: Path, second: Path, observations: Sequence[str | None]) -> None:
    for path in (first, second):
        if not path.exists():
            raise ActScribeError(f"{path}: no such file or folder.")
    if first.is_dir() != second.is_dir():
        raise ActScribeError(f"{first} and {second}: one is a folder, the other a file.", "Name two of a kind.")
    if first.is_dir() and any(observations):
        raise ActScribeError("Observations are named for two files, not for folders.", "Name the two files.")
    if first.samefile(second) and (observations[0] is None or observations[0] == observations[1]):
        raise ActScribeError(
            f"{first} would be compared with itself.",
            "Name two files, or two observations of one with --observation and --observation-2.",
        )


def _file(path: Path, wanted: str | None, how: Reading) -> dict[str, tuple[str, Annotations]]:
    """Return a file's videos by a name that is the same on every system."""
    if wanted is not None or how.tiers:
        by_name = {wanted or path.stem: annotation_files.read(path, wanted, _clock(path, wanted, how), how.tiers)}
    else:
        by_name = annotation_files.read_all(path, _clock(path, None, how))
    return {same_name(_stem(name)): (_stem(name), held) for name, held in by_name.items()}


def _folder(folder: Path, how: Reading) -> dict[str, tuple[str, Annotations]]:
    by_name: dict[str, tuple[Path, str, Annotations]] = {}
    for path in sorted(folder.iterdir()):
        name = _recording(path)
        if name is None:
            continue
        key = same_name(name)
        if key in by_name:
            raise ActScribeError(
                f"{folder}: {by_name[key][0].name} and {path.name} are both called '{name}'.",
                "Leave one annotation file for each video in the folder.",
            )
        by_name[key] = (path, name, annotation_files.read(path, None, _clock(path, None, how), how.tiers))
    if not by_name:
        raise ActScribeError(f"{folder}: no annotation file lies in this folder.")
    return {key: (name, held) for key, (_, name, held) in by_name.items()}


def _clock(path: Path, wanted: str | None, how: Reading) -> FrameClock | None:
    """Return the frame times that are given, or else those of the video that a file which counts frames is about."""
    return how.clock or clock_of(path, wanted)


def _recording(path: Path) -> str | None:
    """Return what an annotation file in a folder is about, by its name; None for other files."""
    if not path.is_file() or path.name.startswith((".", "~$")) or path.name.endswith(bids.DESCRIPTION):
        return None
    for ending in ANNOTATION_ENDINGS:
        if path.name.casefold().endswith(ending) and len(path.name) > len(ending):
            return _stem(path.name[: -len(ending)])
    return None


def _stem(name: str) -> str:
    """Return a video's name without folders and a video's ending."""
    name = name.replace("\\", "/").rpartition("/")[2] or name
    ending = Path(name).suffix
    return name.removesuffix(ending) if ending.casefold() in VIDEO_ENDINGS else name


def _pairs(
    both: Mapping[str, tuple[Annotations, Annotations]], how: Reading, unknown: Counter[str]
) -> tuple[Pair, ...]:
    return tuple(Pair(name, *(_comparable(side, how, unknown) for side in sides)) for name, sides in both.items())


def _comparable(held: Annotations, how: Reading, unknown: Counter[str]) -> Annotations:
    if how.labels is not None:
        held, more = annotation_files.resolve(held, how.labels)
        unknown.update(more)
    kept = (i for i in held.intervals if how.subject is None or i.subject == how.subject)
    return replace(held, intervals=tuple(replace(one, subject="") for one in _counted(kept)))


def _counted(intervals: Iterable[Interval]) -> list[Interval]:
    return sorted(intervals, key=lambda one: (one.start, one.end, one.label))


def _check_subject(wanted: str | None, subjects: Sequence[str]) -> None:
    if wanted is not None and wanted not in subjects:
        raise ActScribeError(f"No subject '{wanted}' in these annotations.", did_you_mean(wanted, subjects))


def _some(side: dict[str, tuple[str, Annotations]]) -> str:
    names = [name for name, _ in side.values()]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _hint(unknown: Counter[str]) -> str:
    return f"The label set does not know: {', '.join(sorted(unknown))}." if unknown else ""
