"""Indicators of annotation files, timelines and runs: what is read, and how far a run's recognizer is off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from actscribe import annotations as annotation_files
from actscribe.annotations import bids
from actscribe.annotations.interval import Annotations, Interval
from actscribe.annotations.media import is_there, resolved
from actscribe.data.folder import ANNOTATION_ENDINGS
from actscribe.data.manifest import SPLITS, Row, read_manifest
from actscribe.data.moments import events_of, misspelled_columns, moments_of
from actscribe.data.named_video import clock_of
from actscribe.data.recording import Recording
from actscribe.errors import ActScribeError, closest, did_you_mean
from actscribe.evaluation.audit import budget
from actscribe.evaluation.audit.errors import Off
from actscribe.evaluation.audit.measure import measured
from actscribe.evaluation.audit.presence import Observed, observed
from actscribe.evaluation.audit.table import ANNOTATED, PREDICTED, Audited, audit, errors, table
from actscribe.labels import LabelSet
from actscribe.names import same_name
from actscribe.report.audit import show_video
from actscribe.run_folder.file_names import RUN_FILE
from actscribe.run_folder.run import Run, runs_listed
from actscribe.runs.item import Item
from actscribe.runs.same_timeline import each_once
from actscribe.stored_path import real_path
from actscribe.tables import print_sentence
from actscribe.typed_words import typed
from actscribe.video.endings import VIDEO_ENDINGS
from actscribe.video.probe import probe


@dataclass(frozen=True, slots=True)
class Known:
    """How far a recognizer is off.

    Args:
        split: on which it was found out.
        errors: of each indicator.
    """

    split: str
    errors: dict[tuple[str, str], Off]

    def sentence(self) -> str:
        """Say what the errors rest on."""
        tuned = "; it was tuned on them, which flatters it" if self.split == "validation" else ""
        return f"How far the recognizer is off was found out on the run's {self.split} recordings{tuned}."


#: Videos that a note names.
NAMED = 4
UNKNOWN = "How far the recognizer is off is not known, so no limit is decided for its timelines."


@dataclass(frozen=True, slots=True)
class Read:
    """What was read.

    Args:
        items: videos, in the order of the paths.
        groups: name -> group, of runs' recordings.
        notes: sentences on what was guessed or left out.
    """

    items: tuple[Item, ...]
    groups: dict[str, str]
    notes: tuple[str, ...]


def read_items(
    paths: Sequence[Path],
    labels: LabelSet,
    manifest: Path | None = None,
    split: str = "test",
    subject: str | None = None,
    are_predicted: bool = False,
) -> Read:
    """Read annotation files, timelines, folders of them, and runs.

    Args:
        paths: at least one.
        labels: whose names are measured.
        manifest: of the videos, for the moments that indicators count from; a file belongs to the row that names it, or
            whose video has its name.
        split: of runs.
        subject: only this one's intervals; None: all, not told apart.
        are_predicted: whether a recognizer made all files, also those of formats that carry no scores to tell by.

    Raises:
        ActScribeError: a path is nothing of that kind, or damaged; nothing is there; an unknown name is like that of a
            label; or nothing is of that subject.
    """
    rows = _rows(manifest)
    items: list[Item] = []
    groups: dict[str, str] = {}
    notes = misspelled_columns(rows.values(), labels)
    unknown: Counter[str] = Counter()
    subjects: set[str] = set()
    for path in paths:
        if (path / RUN_FILE).is_file():
            for one in _of_run(Run.open(path), split, subject, labels, rows):
                items += one.items
                groups[one.recording.name] = one.recording.group
        else:
            for file in _files(path):
                items += _of_file(file, labels, rows, subject, unknown, subjects)
    _refuse_slips(unknown, labels)
    if subject is not None:
        _check_subject(subject, subjects)
    items, differing = each_once(items)
    if are_predicted:
        items = [replace(one, source=PREDICTED) if _is_predicted(one, differing) else one for one in items]
    if not items:
        raise ActScribeError("No video was found in what is named.", "Name annotation files, folders of them, or runs.")
    if guessed := [one.name for one in items if one.is_guessed]:
        more = f" and of {len(guessed) - NAMED} more" if len(guessed) > NAMED else ""
        notes.append(
            f"The length of {', '.join(guessed[:NAMED])}{more} is not known, and the video is not at hand: it is"
            f" taken to end with the last annotation. {_on_lengths(manifest)}"
        )
    often = Counter((one.name, one.source) for one in items)
    if repeated := sorted({name for (name, _), count in often.items() if count > 1}):
        more = f" and {len(repeated) - NAMED} more" if len(repeated) > NAMED else ""
        notes.append(f"Several files are called {', '.join(repeated[:NAMED])}{more}: each is a row and is counted.")
    if differing:
        named = ", ".join(sorted(file.name for file in differing)[: 2 * NAMED])
        notes.append(
            f"Files of one video differ, so each is a row and is counted: {named}."
            " If one was corrected, name that one alone."
        )
    if unknown:
        named = ", ".join(f"'{name}' ({count}x)" for name, count in sorted(unknown.items()))
        notes.append(f"Unknown to the label set, left out: {named}.")
    return Read(tuple(items), groups, tuple(dict.fromkeys(notes)))


def _is_predicted(item: Item, differing: Set[Path]) -> bool:
    """Tell of an item whether the recognizer made it: not one without scores whose video has another timeline, too."""
    return item.source == PREDICTED or (item.file is not None and item.file not in differing)


def _refuse_slips(unknown: Mapping[str, int], labels: LabelSet) -> None:
    """Refuse unknown names that a label was probably meant by: without them its indicators would be untrue."""
    meant = {name: near for name in sorted(unknown) if (near := closest(name, labels.names))}
    if meant:
        lines = [f"  '{name}' ({unknown[name]}x): did you mean '{near}'?" for name, near in meant.items()]
        raise ActScribeError(
            "\n".join([f"names that label set '{labels.name}' does not know:", *lines]),
            "Add each as an alias of its label, or put it under 'ignored:' to leave it out on purpose.",
        )


def _check_subject(subject: str, subjects: Set[str]) -> None:
    """Refuse a subject that nothing is of: all would be 0, as of one that did nothing."""
    named = sorted(filter(None, subjects))
    if subject not in subjects:
        hint = did_you_mean(subject, named) if named else "No subject is named in the files: leave --subject out."
        raise ActScribeError(f"no interval is of a subject '{subject}'.", hint)


def _on_lengths(manifest: Path | None) -> str:
    """Return how the lengths of videos become known."""
    if manifest is None:
        return "Name a manifest of the videos with --manifest MANIFEST, such as my-study/manifest.csv."
    return f"No row of {manifest} has such a name: add one with the video."


def audited(items: Sequence[Item], labels: LabelSet) -> list[Audited]:
    """Return the indicators of items."""
    return [Audited(one.name, one.source, measured(one.observed, labels)) for one in items]


def budgets(items: Sequence[Item], labels: LabelSet) -> pd.DataFrame:
    """Return the time budget of items, `budget.BUDGET_COLUMNS`."""
    tables = []
    for one in items:
        table = budget.budget(one.observed, labels)
        table.insert(0, "source", one.source)
        table.insert(0, "recording", one.name)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def transitions(items: Sequence[Item], labels: LabelSet) -> pd.DataFrame:
    """Return what follows what in all items of each source, `budget.TRANSITION_COLUMNS` behind a column `source`."""
    tables = []
    for source in dict.fromkeys(one.source for one in items):
        own = [part for one in items if one.source == source for part in budget.sequence(one.observed, labels)]
        table = budget.transitions(own, labels)
        table.insert(0, "source", source)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def known_of(run: Run, labels: LabelSet | None = None, manifest: Path | None = None) -> Known | None:
    """Return how far a run's recognizer is off, from kept scores; None where it keeps none of annotated recordings.

    Args:
        run: a complete one; measured on test where it was evaluated there, else on validation.
        labels: whose indicators; default the run's.
        manifest: of the run's videos; default with the moments that it had in training.
    """
    wanted = labels or run.labels
    split = next((name for name in ("test", "validation") if run.has_scores(name)), None)
    if split is None or not wanted.indicators:
        return None
    recordings = _annotated(run, split, wanted, _rows(manifest))
    timelines = _timelines(run, split, recordings)
    if not timelines:
        return None
    by = {ANNOTATED: {one.name: one.intervals or () for one in recordings}, PREDICTED: timelines}
    return Known(split, errors(audit(recordings, by, wanted), {one.name: one.group for one in recordings}))


def show_predicted(recording: Recording, intervals: Sequence[Interval], labels: LabelSet, known: Known | None) -> None:
    """Print the indicators of one predicted timeline, with how far the recognizer usually is off."""
    audits = audit([recording], {PREDICTED: {recording.name: intervals}}, labels)
    show_video(f"{recording.video.name}: indicators", table(audits, None if known is None else known.errors))
    print_sentence(UNKNOWN if known is None else known.sentence())


@dataclass(frozen=True, slots=True)
class _Both:
    recording: Recording
    items: list[Item]


def _of_run(run: Run, split: str, subject: str | None, labels: LabelSet, rows: Mapping[str, Row]) -> Iterator[_Both]:
    run.require_complete()
    if subject is not None:
        message = f"{run.folder}: a run's timelines do not tell subjects apart."
        raise ActScribeError(message, "Leave --subject out, or name annotation files.")
    if split not in SPLITS:
        raise ActScribeError(f"no split is called '{split}'.", did_you_mean(split, SPLITS))
    recordings = _annotated(run, split, labels, rows)
    timelines = _timelines(run, split, recordings)
    for one in recordings:
        items = [Item(one.name, ANNOTATED, observed(one, one.intervals or ()))]
        if one.name in timelines:
            items.append(Item(one.name, PREDICTED, observed(one, timelines[one.name])))
        yield _Both(one, items)


def _annotated(run: Run, split: str, labels: LabelSet, rows: Mapping[str, Row]) -> list[Recording]:
    """Return a run's annotated recordings, with the moments of those whose very video a manifest has a row of."""
    by_video = _by_video(rows)
    own = ((one, by_video.get(real_path(one.video))) for one in run.recordings(split) if one.intervals is not None)
    return [one if row is None else replace(one, moments=moments_of(row, labels)) for one, row in own]


def _timelines(run: Run, split: str, recordings: Sequence[Recording]) -> Mapping[str, Sequence[Interval]]:
    """Return a run's timelines from kept scores; none where it keeps none of this split."""
    from actscribe.runs.evaluate import timelines_of  # loads networks, which annotation files need not wait for

    if not recordings or not run.has_scores(split):
        return {}
    return timelines_of(run, run.scores(split), recordings, run.operating_point)


def moments_of_videos(
    manifest: Path | None, videos: Sequence[Path], labels: LabelSet
) -> dict[Path, tuple[tuple[str, float], ...]]:
    """Return the moments that a manifest gives of videos that are not in a study; a row belongs to the video that it
    names, or that is called like its own.

    Raises:
        ActScribeError: the manifest cannot be read, spells a column differently, a cell is not a time, or no indicator
            counts from a column.
    """
    if manifest is None:
        return {}
    if not labels.moments():
        raise ActScribeError(
            f"No indicator of '{labels.name}' counts from a column of a manifest.",
            "Leave --manifest out.",
        )
    rows = _rows(manifest)
    if slips := misspelled_columns(rows.values(), labels):
        raise ActScribeError(f"{manifest}: {slips[0]}")
    known = _by_video(rows)
    own = ((video, known.get(real_path(video)) or rows.get(same_name(video.stem))) for video in videos)
    return {video: moments_of(row, labels) for video, row in own if row is not None}


def _rows(manifest: Path | None) -> dict[str, Row]:
    """Return the rows of a manifest by the names of their videos and annotation files."""
    rows = read_manifest(manifest) if manifest else []
    by_stem = {same_name(row.video.stem): row for row in rows}
    return by_stem | {same_name(_stem(row.annotations.name)): row for row in rows if row.annotations is not None}


def _by_video(rows: Mapping[str, Row]) -> dict[Path, Row]:
    return {real_path(row.video): row for row in rows.values()}


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise ActScribeError(f"{path}: no such file or folder.")
    files = [one for one in sorted(path.iterdir()) if one.is_file() and _is_annotation(one.name)]
    if not files:
        hint = runs_listed(path) or _folders_below(path)
        raise ActScribeError(f"{path}: neither a run nor a folder with annotation files.", hint)
    return files


def _folders_below(path: Path) -> str:
    """Name folders with annotation files, such as those of an archive's timelines; empty where there are none."""
    folders = sorted({one.parent for one in path.rglob("*") if _is_annotation(one.name) and one.is_file()})
    shown = " ".join(typed(one) for one in folders[:NAMED])
    return f"Name the folders below it that have some: {shown}{' …' if len(folders) > NAMED else ''}" if folders else ""


def _is_annotation(name: str) -> bool:
    if name.endswith(bids.DESCRIPTION):
        return False
    return not name.startswith((".", "~$")) and name.casefold().endswith(tuple(ANNOTATION_ENDINGS))


def _of_file(
    path: Path,
    labels: LabelSet,
    rows: dict[str, Row],
    subject: str | None,
    unknown: Counter[str],
    subjects: set[str],
) -> Iterator[Item]:
    clock = clock_of(path)
    for title, whole in annotation_files.read_all(path, clock).items():
        subjects.update(one.subject for one in whole.intervals)
        of_one = tuple(one for one in whole.intervals if subject in (None, one.subject))
        one_video = replace(whole, intervals=of_one)
        named, more = annotation_files.resolve(one_video, labels)
        unknown.update(more)
        name = _stem(title) if title else _stem(path.name)
        row = rows.get(same_name(name)) or rows.get(same_name(_stem(path.name)))
        duration, is_guessed = _duration(path, whole, row)
        intervals = (*named.intervals, *events_of(one_video, labels))
        moments = dict(moments_of(row, labels)) if row is not None else {}
        source = PREDICTED if any(one.is_predicted for one in one_video.intervals) else ANNOTATED
        yield Item(name, source, Observed(intervals, duration, named.gaps, moments), path, is_guessed)


def _duration(path: Path, annotations: Annotations, row: Row | None) -> tuple[float, bool]:
    """Return a video's length in seconds, and whether it is a guess."""
    if annotations.duration is not None:
        return annotations.duration, False
    videos = [row.video] if row is not None else [Path(one) for one in resolved(path, annotations.media)]
    if len(videos) == 1 and is_there(videos[0]):
        return probe(videos[0]).duration, False
    return max((one.end for one in (*annotations.intervals, *annotations.gaps)), default=0.0), True


def _stem(name: str) -> str:
    """Return a name without folders and without the ending of an annotation format or a video."""
    name = name.replace("\\", "/").rpartition("/")[2] or name
    for ending in ANNOTATION_ENDINGS:
        if name.casefold().endswith(ending) and len(name) > len(ending):
            name = name[: -len(ending)]
            break
    ending = Path(name).suffix
    return name.removesuffix(ending) if ending.casefold() in VIDEO_ENDINGS else name
