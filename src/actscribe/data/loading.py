"""From a study file to recordings: videos probed, annotations read, names resolved, problems gathered."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from actscribe import annotations as annotation_files
from actscribe.annotations.checks import DoesNotFit
from actscribe.annotations.entry import NotOneVideo
from actscribe.annotations.interval import Annotations, Interval
from actscribe.counts import counted
from actscribe.data.clips import Window, count
from actscribe.data.folder import candidates, unused
from actscribe.data.groups import check_own_files, in_two_splits, not_known
from actscribe.data.manifest import SPLITS, Row, read_manifest
from actscribe.data.moments import events_of, misspelled_columns, moments_of
from actscribe.data.overrun import Overrun, overrun_in
from actscribe.data.overrun import messages as overrun_messages
from actscribe.data.points import Points, points_in
from actscribe.data.points import messages as point_messages
from actscribe.data.recording import Recording
from actscribe.data.reviewed import Review, Written, digest_of, read_review, written_of
from actscribe.data.splits import assign_splits, check_leakage
from actscribe.data.unknown import Unknown, message, unknown_in
from actscribe.data.within import WITHIN_NOTE, part_of, split_within
from actscribe.errors import ActScribeError
from actscribe.file_cache import cached_digest
from actscribe.journal import JOURNAL_FILE
from actscribe.labels import LabelSet
from actscribe.names import same_name, unique_names
from actscribe.progress import track
from actscribe.settings.study import Study, load_study
from actscribe.video.contained import contained
from actscribe.video.frame_times import frame_clock
from actscribe.video.probe import VideoInfo, probe

#: More problems than this are counted, not listed.
MOST_PROBLEMS = 12
#: Videos that one problem names.
MOST_NAMED = 4
#: A thousand hours at a clip a second.
MOST_STUDY_CLIPS = 4_000_000


@dataclass(frozen=True, slots=True)
class StudyData:
    """The recordings of a study, ready to be cut.

    Args:
        labels: of the study.
        recordings: each with its split.
        ignored: names in annotation files that the label set leaves out on purpose, with counts.
        second: recording -> what a second annotator wrote, under the label set's names; nothing is trained on it.
        matched: by what videos were found in annotation files, with counts.
        not_known: sentences on what the proof that nothing leaks could not see.
        remarks: sentences on annotations that cover no time or end after their video, and on misspelled columns.
        unused: files beside the videos that the study does not use, relative to its recordings where they can be.
        review: what was said of the recordings in review; None: nothing was.
        written: content of a recording -> what its files say, whoever reviewed it since.
    """

    labels: LabelSet
    recordings: tuple[Recording, ...]
    ignored: dict[str, int]
    second: Mapping[str, Annotations] = field(default_factory=dict)
    matched: Mapping[str, int] = field(default_factory=dict)
    not_known: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    unused: tuple[Path, ...] = ()
    review: Review | None = None
    written: Mapping[str, Written] = field(default_factory=dict)

    def of_split(self, split: str) -> tuple[Recording, ...]:
        """Return the recordings of one split."""
        return tuple(recording for recording in self.recordings if recording.split == split)


@contained()
def load_data(study: Study | str | Path) -> StudyData:
    """Read everything a study names, assign splits, prove that nothing leaks, and return its recordings.

    Groups stay whole, and each split gets its share of every label as far as groups allow (ours, `data.splits`);
    annotation files decide that, so that no recording changes its split while it is reviewed. Annotations made in
    review then take the place of those in files, see `data.reviewed`. Every packet of the videos is read, but only
    their first picture is decoded.

    Args:
        study: from `load_study`, or its file or folder.

    Raises:
        ActScribeError: listing every problem found: unreadable videos, annotations of another video, overlapping
            intervals, unknown labels with their counts, one annotation file for two videos, leakage between splits.
    """
    study = study if isinstance(study, Study) else load_study(study)
    labels = study.label_set()
    listed = study.folder / study.recordings
    rows = read_manifest(listed)
    groups = not_known(rows, study.groups == "none")
    digests = list(map(digest_of, rows))
    loaded = _load_rows(rows, labels, study.tiers, listed if listed.is_dir() else listed.parent)
    check_own_files(rows, [one.matched for one in loaded])
    _check_clips(study, [one.recording for one in loaded])
    whole = [one.recording for one in loaded]
    written = written_of(whole, [one.second for one in loaded], rows, digests, listed, study.folder)
    review = read_review(study.folder, labels, written)
    second = {one.recording.name: one.second for one in loaded if one.second is not None}
    second |= {one.name: review.second[one.content] for one in whole if one.content in review.second}
    if study.split.within == "recordings":
        whole = review.applied(whole)
        recordings, unseen = split_within(whole, study, rows), [WITHIN_NOTE]
        second = _second_within(whole, recordings, second)
    else:
        shares = {name: getattr(study.split, name) for name in SPLITS}
        recordings = review.applied(assign_splits(whole, labels, shares, study.seed, study.windows.length))
        check_leakage(recordings, {row.video: row for row in rows}, listed.parent)
        unseen = [groups, *in_two_splits(rows, {str(one.video): one.split for one in recordings})]
    ignored = sum((one.ignored for one in loaded), Counter[str]())
    matched = Counter(by for one in loaded for by in one.matched)
    return StudyData(
        labels,
        tuple(recordings),
        dict(sorted(ignored.items())),
        second,
        dict(sorted(matched.items())),
        tuple(filter(None, unseen)),
        (
            *point_messages(_points(loaded, review, labels)),
            *overrun_messages([late for one in loaded for late in one.late]),
            *misspelled_columns(rows, labels),
            *review.remarks,
        ),
        tuple(_unused(listed, rows)),
        review if review.whose else None,
        written,
    )


def _points(loaded: Sequence[Loaded], review: Review, labels: LabelSet) -> list[Points]:
    """Return the point events of the annotations that count."""
    of_files = [point for one in loaded if one.recording.content not in review.whose for point in one.points]
    reviewed = [
        point
        for annotations in review.truth.values()
        if annotations
        for point in points_in(annotations, labels, JOURNAL_FILE)
    ]
    return of_files + reviewed


def _second_within(
    whole: Sequence[Recording], parts: Sequence[Recording], second: Mapping[str, Annotations]
) -> dict[str, Annotations]:
    of_video = {one.video: one for one in whole}
    of_part = ((part, of_video[part.video]) for part in parts)
    return {part.name: part_of(second[one.name], one, part) for part, one in of_part if one.name in second}


def _unused(listed: Path, rows: Sequence[Row]) -> list[Path]:
    """Return what lies beside the videos and is not used.

    Where a manifest says what belongs to the study, other videos and their annotations are left out on purpose; only
    files that look like annotations of the study's own videos are named.
    """
    used = [path for row in rows for path in (row.video, row.annotations, row.annotations_2) if path is not None]
    if listed.is_dir():
        left, base = unused((row.video.parent for row in rows), used), listed
    else:
        lacking = [row.video for row in rows if row.annotations is None and not row.label]
        left, base = sorted({path for path, _ in candidates(lacking)} - set(used)), listed.parent
    return [path.relative_to(base) if path.is_relative_to(base) else path for path in left]


def _check_clips(study: Study, recordings: Iterable[Recording]) -> None:
    window = Window(study.windows.length, study.windows.stride)
    wanted = sum(count(recording.duration, window) for recording in recordings)
    if not wanted < MOST_STUDY_CLIPS:
        raise ActScribeError(
            f"windows of {study.windows.length} s every {study.windows.stride} s cut the study's videos into"
            f" {wanted:,.0f} clips; up to {MOST_STUDY_CLIPS:,} can be held in memory.",
            "Set a larger 'stride:' in the study's windows.",
        )


@dataclass(frozen=True, slots=True)
class Loaded:
    """One manifest row, read.

    Args:
        recording: with the annotations that count.
        second: the second annotator's, or None.
        unknown: names of both annotators that the label set does not know.
        ignored: names that it leaves out, with counts.
        matched: by what the video was found in each annotation file.
        points: point events of the annotations that count.
        late: what of both annotators' was cut at the video's end.
    """

    recording: Recording
    second: Annotations | None
    unknown: tuple[Unknown, ...]
    ignored: Counter[str]
    matched: tuple[str, ...]
    points: tuple[Points, ...] = ()
    late: tuple[Overrun, ...] = ()


def load_recording(
    row: Row,
    name: str,
    labels: LabelSet,
    tiers: tuple[str, ...] = (),
    files: annotation_files.ReadOnce | None = None,
) -> Loaded:
    """Read one manifest row.

    Args:
        row: of the manifest.
        name: of the recording.
        labels: of the study.
        tiers: patterns of the tiers to read, where `files` does not say.
        files: the annotation files of all rows; None: this row's are read for it alone.

    Raises:
        ActScribeError: an unreadable video, or annotations that are not of this video.
    """
    files = files or annotation_files.ReadOnce((), tiers)
    info = probe(row.video)
    recording = Recording(name, row.video, info.duration, cached_digest(row.video), row.group, row.split)
    recording = replace(recording, moments=moments_of(row, labels))
    unknown: list[Unknown] = []
    ignored: Counter[str] = Counter()
    read = []
    events: list[tuple[Interval, ...]] = []
    matched = []
    over: list[Overrun] = []
    for path, label, observation in (
        (row.annotations, row.label, row.observation),
        (row.annotations_2, row.label_2, row.observation_2),
    ):
        raw, by, late = _raw_annotations(row.video, path, label, observation, info, files)
        over += [late] if late else []
        if by:
            matched.append(by)
        if raw is not None:
            ignored += Counter(i.label for i in raw.intervals if labels.is_ignored(i.label))
            unknown += unknown_in(raw, labels, path, row.video)
            events.append(events_of(raw, labels))
            raw, _ = annotation_files.resolve(raw, labels)
        read.append(raw)
    first, second = read
    points: list[Points] = []
    if first is not None:
        points = points_in(first, labels, row.annotations or row.video)
        recording = replace(recording, intervals=first.intervals, gaps=first.gaps, events=events[0])
    return Loaded(recording, second, tuple(unknown), ignored, tuple(matched), tuple(points), tuple(over))


def _load_rows(rows: list[Row], labels: LabelSet, tiers: tuple[str, ...], folder: Path) -> list[Loaded]:
    refused: list[ActScribeError] = []
    loaded = []
    files = annotation_files.ReadOnce(_asked_for(rows), tiers, [row.video for row in rows])
    for row, name in track(list(zip(rows, _names(rows, folder), strict=True)), "Reading recordings"):
        try:
            loaded.append(load_recording(row, name, labels, tiers, files))
        except ActScribeError as error:
            refused.append(error)
    problems = _messages(refused)
    unknown = [one for of_row in loaded for one in of_row.unknown]
    if unknown:
        problems.append(message(unknown, labels))
    if problems:
        problems = list(dict.fromkeys(problems))  # a table of all videos is refused once for each of them
        more = len(problems) - MOST_PROBLEMS
        shown = [*problems[:MOST_PROBLEMS], *([f"… and {counted(more, 'more problem')}."] if more > 0 else [])]
        raise ActScribeError("\n".join(shown))
    return loaded


def _messages(refused: Sequence[ActScribeError]) -> list[str]:
    """Return what was refused; a file that is refused for several videos stands once in each way, with their number."""
    others: dict[tuple[type, Path], list[str]] = {}
    for error in refused:
        if isinstance(error, DoesNotFit | NotOneVideo):
            others.setdefault((type(error), error.source), []).append(Path(error.video or "").name)
    messages = []
    for error in refused:
        if not isinstance(error, DoesNotFit | NotOneVideo):
            messages.append(str(error))
        elif (type(error), error.source) in others:
            more = others.pop((type(error), error.source))[1:]
            messages.append(_message_of_all(error, more))
    return messages


def _message_of_all(error: DoesNotFit | NotOneVideo, more: Sequence[str]) -> str:
    """Return the words of one file's error for one video, and for `more` by name."""
    shown = ", ".join(more[:MOST_NAMED]) + (", …" if len(more) > MOST_NAMED else "")
    videos = counted(len(more), "more video")
    if isinstance(error, DoesNotFit):
        too, hint = f" It does not fit {videos} either: {shown}.", error.hint
    else:
        too, hint = f"\nNor does it say what belongs to {videos}: {shown}.", error.hint_of_manifest
    return f"{error.message}{too if more else ''}\n{hint}"


def _asked_for(rows: Iterable[Row]) -> list[Path]:
    """Return the annotation files of all rows, each as often as one asks for it."""
    return [path for row in rows for path in row.files]


def _raw_annotations(
    video: Path, path: Path | None, label: str, observation: str, info: VideoInfo, files: annotation_files.ReadOnce
) -> tuple[Annotations | None, str, Overrun | None]:
    """Return what a row says of its video, by what that was found in the annotation file, and what was cut of it."""
    if label:
        parts = [part.strip() for part in label.split(";") if part.strip()]
        return Annotations.of(Interval(part, 0.0, info.duration) for part in parts), "", None
    if path is None:
        return None, "", None
    read, by = files.read_matched(path, observation or str(video), lambda: frame_clock(video))
    return annotation_files.check(read, info.duration, path, video), by, overrun_in(read, info.duration, video, path)


def _names(rows: Sequence[Row], folder: Path) -> list[str]:
    """Return a name for each row: the file's stem, with its folders from the study's on where stems repeat.

    Two files of one folder that differ in their endings alone are distinguished by these. Where the study lies does not
    matter, as far as its videos lie in it.
    """
    parts = [_parts(row.video, folder) for row in rows]
    counts = Counter(tuple(map(same_name, own)) for own in parts)
    for own, row in zip(parts, rows, strict=True):
        if counts[tuple(map(same_name, own))] > 1:
            own[-1] += f"-{row.video.suffix.removeprefix('.')}"
    return unique_names(parts)


def _parts(video: Path, folder: Path) -> list[str]:
    """Return the folders above a video and its stem, as they stand relative to the study's folder where they can."""
    try:
        parts = Path(os.path.relpath(video, folder)).parts
    except ValueError:  # another drive (Windows)
        parts = video.absolute().parts
    return [part for part in parts[:-1] if part not in ("..", os.sep)] + [video.stem]
