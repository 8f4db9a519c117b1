"""From a study file to recordings: videos probed, annotations read, names resolved, problems gathered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
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
from actscribe.video.frame_times import frame_clock
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
        second: recording -> what a second annotator wrote, under the label set's names; nothing is trained on it.
        matched: by what videos were found in annotation files, with counts.
    """

    labels: LabelSet
    recordings: tuple[Recording, ...]
    ignored: dict[str, int]
    second: Mapping[str, Annotations] = field(default_factory=dict)
    matched: Mapping[str, int] = field(default_factory=dict)

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
    loaded = _load_rows(rows, labels, study.tiers)
    recordings = assign_splits([one.recording for one in loaded], labels, study.split.model_dump(), study.seed)
    check_leakage(recordings, {row.video: row for row in rows})
    ignored = sum((one.ignored for one in loaded), Counter[str]())
    second = {one.recording.name: one.second for one in loaded if one.second is not None}
    matched = Counter(by for one in loaded for by in one.matched)
    return StudyData(labels, tuple(recordings), dict(sorted(ignored.items())), second, dict(sorted(matched.items())))


@dataclass(frozen=True, slots=True)
class Loaded:
    """One manifest row, read.

    Args:
        recording: with the annotations that count.
        second: the second annotator's, or None.
        unknown, ignored: names of both annotators that the label set does not know, or leaves out, with counts.
        matched: by what the video was found in each annotation file.
    """

    recording: Recording
    second: Annotations | None
    unknown: Counter[str]
    ignored: Counter[str]
    matched: tuple[str, ...]


def load_recording(row: Row, name: str, labels: LabelSet, tiers: tuple[str, ...] = ()) -> Loaded:
    """Read one manifest row.

    Raises:
        ActScribeError: an unreadable video, or annotations that are not of this video.
    """
    info = probe(row.video)
    recording = Recording(name, row.video, info.duration, content_hash(row.video), row.group, row.split)
    unknown: Counter[str] = Counter()
    ignored: Counter[str] = Counter()
    read = []
    matched = []
    for path, label, observation in (
        (row.annotations, row.label, row.observation),
        (row.annotations_2, row.label_2, row.observation_2),
    ):
        raw, by = _raw_annotations(row.video, path, label, observation, info, tiers)
        if by:
            matched.append(by)
        if raw is not None:
            ignored += Counter(i.label for i in raw.intervals if labels.is_ignored(i.label))
            raw, unknown_here = annotation_files.resolve(raw, labels)
            unknown += Counter(unknown_here)
        read.append(raw)
    first, second = read
    if first is not None:
        recording = replace(recording, intervals=first.intervals, gaps=first.gaps)
    return Loaded(recording, second, unknown, ignored, tuple(matched))


def _load_rows(rows: list[Row], labels: LabelSet, tiers: tuple[str, ...]) -> list[Loaded]:
    problems: list[str] = []
    loaded = []
    for row, name in track(list(zip(rows, _names(rows), strict=True)), "Reading recordings"):
        try:
            loaded.append(load_recording(row, name, labels, tiers))
        except ActScribeError as error:
            problems.append(str(error))
    unknown = sum((one.unknown for one in loaded), Counter[str]())
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
    return loaded


def _raw_annotations(
    video: Path, path: Path | None, label: str, observation: str, info: VideoInfo, tiers: tuple[str, ...]
) -> tuple[Annotations | None, str]:
    """Return what a row says of its video, and by what the video was found in the annotation file."""
    if label:
        parts = [part.strip() for part in label.split(";") if part.strip()]
        return Annotations.of(Interval(part, 0.0, info.duration) for part in parts), ""
    if path is None:
        return None, ""
    clock = frame_clock(video) if annotation_files.counts_frames(path) else None
    read, by = annotation_files.read_matched(path, observation or str(video), clock, tiers)
    return annotation_files.check(read, info.duration, path), by


def _names(rows: Iterable[Row]) -> list[str]:
    """Return a short unique name for each row: the file's stem, with its folders, and its place, where stems repeat."""
    rows = list(rows)
    stems = Counter(row.video.stem for row in rows)
    names = [row.video.stem if stems[row.video.stem] == 1 else _long_name(row.video) for row in rows]
    counts = Counter(names)
    return [name if counts[name] == 1 else f"{name}-{place + 1}" for place, name in enumerate(names)]


def _long_name(video: Path) -> str:
    return "-".join((*video.parts[-3:-1], video.stem))
