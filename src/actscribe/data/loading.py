"""From a study file to recordings: videos probed, annotations read, names resolved, problems gathered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from actscribe import annotations as annotation_files
from actscribe.annotations.interval import Annotations, Interval
from actscribe.data.manifest import Row, read_manifest
from actscribe.data.recording import Recording
from actscribe.data.splits import assign_splits, check_leakage
from actscribe.errors import ActScribeError
from actscribe.files import content_hash
from actscribe.labels import LabelSet
from actscribe.progress import track
from actscribe.study import Study
from actscribe.video.probe import VideoInfo, probe

#: More problems than this are counted, not listed.
MOST_PROBLEMS = 12


@dataclass(frozen=True, slots=True)
class StudyData:
    """The recordings of a study, ready to be cut.

    Args:
        labels: of the study.
        recordings: each with its split.
        ignored: names in annotation files that the label set leaves out on purpose, with counts.
    """

    labels: LabelSet
    recordings: tuple[Recording, ...]
    ignored: dict[str, int]

    def of_split(self, split: str) -> tuple[Recording, ...]:
        """Return the recordings of one split."""
        return tuple(recording for recording in self.recordings if recording.split == split)


def load_data(study: Study) -> StudyData:
    """Read everything a study names, assign splits and prove that nothing leaks.

    Raises:
        ActScribeError: listing every problem found: unreadable videos, annotations of another video, overlapping
            intervals, unknown labels with their counts, leakage between splits.
    """
    labels = study.label_set()
    rows = read_manifest(study.folder / study.recordings)
    recordings, ignored = _load_rows(rows, labels)
    recordings = assign_splits(recordings, labels, study.split.model_dump(), study.seed)
    check_leakage(recordings, {row.video: row for row in rows})
    return StudyData(labels, tuple(recordings), dict(sorted(ignored.items())))


def load_recording(row: Row, name: str, labels: LabelSet) -> tuple[Recording, Counter[str], Counter[str]]:
    """Read one manifest row; return the recording, its unknown names and its ignored names with counts."""
    info = probe(row.video)
    raw = _raw_annotations(row, info)
    recording = Recording(name, row.video, info.duration, content_hash(row.video), row.group, row.split)
    if raw is None:
        return recording, Counter(), Counter()
    names = [interval.label for interval in raw.intervals]
    resolved, unknown = annotation_files.resolve(raw, labels)
    ignored = Counter(label for label in names if labels.is_ignored(label))
    return replace(recording, intervals=resolved.intervals, gaps=resolved.gaps), Counter(unknown), ignored


def _load_rows(rows: list[Row], labels: LabelSet) -> tuple[list[Recording], Counter[str]]:
    problems: list[str] = []
    unknown: Counter[str] = Counter()
    ignored: Counter[str] = Counter()
    recordings = []
    for row, name in track(list(zip(rows, _names(rows), strict=True)), "Reading recordings"):
        try:
            recording, unknown_here, ignored_here = load_recording(row, name, labels)
        except ActScribeError as error:
            problems.append(str(error))
            continue
        recordings.append(recording)
        unknown += unknown_here
        ignored += ignored_here
    if unknown:
        listed = ", ".join(f"'{spelling}' ({count}x)" for spelling, count in sorted(unknown.items()))
        problems.append(
            f"names that label set '{labels.name}' does not know: {listed}.\n"
            "Add each as an alias of a label, or under 'ignored:' to leave it out on purpose."
        )
    if problems:
        more = len(problems) - MOST_PROBLEMS
        shown = [*problems[:MOST_PROBLEMS], *([f"… and {more} more problems."] if more > 0 else [])]
        raise ActScribeError("\n".join(shown))
    return recordings, ignored


def _raw_annotations(row: Row, info: VideoInfo) -> Annotations | None:
    if row.label:
        parts = [part.strip() for part in row.label.split(";") if part.strip()]
        return Annotations.of(Interval(part, 0.0, info.duration) for part in parts)
    if row.annotations is None:
        return None
    read = annotation_files.read(row.annotations, video=str(row.video), fps=info.fps)
    return annotation_files.check(read, info.duration, row.annotations)


def _names(rows: Iterable[Row]) -> list[str]:
    """Return a short unique name for each row: the file's stem, with its folders, and its place, where stems repeat."""
    rows = list(rows)
    stems = Counter(row.video.stem for row in rows)
    names = [row.video.stem if stems[row.video.stem] == 1 else _long_name(row.video) for row in rows]
    counts = Counter(names)
    return [name if counts[name] == 1 else f"{name}-{place + 1}" for place, name in enumerate(names)]


def _long_name(video: Path) -> str:
    return "-".join((*video.parts[-3:-1], video.stem))
