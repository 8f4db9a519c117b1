"""The three files of a drafted study."""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from actscribe.annotations.entry import folders_are
from actscribe.counts import counted
from actscribe.draft.groups import draft_groups
from actscribe.draft.labels import DraftLabel, alike, draft_labels, merged
from actscribe.draft.labels import label_text as drafted_text
from actscribe.draft.pairs import Pair, Pairing, pair
from actscribe.draft.sources import Sources, gather, is_of_trimmed
from actscribe.draft.trimmed import draft_trimmed
from actscribe.errors import ActScribeError
from actscribe.settings.scaffold import TEMPLATE, Scaffold, check_free, filled, label_text, write_scaffold
from actscribe.spreadsheet import as_text
from actscribe.stored_path import real_path
from actscribe.typed_words import typed
from actscribe.yaml_file import quoted

SHOWN = 4
TIERS_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Draft:
    """What was drafted, and what a person should look at.

    Args:
        files: that were written.
        remarks: a sentence each.
    """

    files: tuple[Path, ...]
    remarks: tuple[str, ...]


def draft(folder: Path, paths: Sequence[Path], tiers: Sequence[str] = (), labels: str | None = None) -> Draft:
    """Write a study drafted from annotation files and videos, and say what is open in it.

    Nothing is written before everything was read. A group is only filled in where the names of the files or the
    subjects of the annotations show it plainly.

    Args:
        folder: of the study, which must not hold one.
        paths: annotation files, videos, and folders of both.
        tiers: patterns of the tiers to read, see `annotations.read`.
        labels: of videos that nobody annotated yet, see `scaffold.label_text`; where there are annotations, theirs are
            drafted.

    Raises:
        ActScribeError: a study is there already, a path that is not, files that cannot be read or paired, no video, no
            annotation, or labels where there are annotations.
    """
    check_free(folder)
    sources = gather(paths, tiers)
    if labels and sources.videos and not sources.files:
        return _unannotated(folder, sources, labels)
    if labels and sources.files:
        raise ActScribeError(
            f"--labels {labels}: only for videos that nobody annotated yet, and here"
            f" {'is' if len(sources.files) == 1 else 'are'} {counted(len(sources.files), 'annotation file')}.",
            "Leave --labels out: labels.yaml is drafted from them, and can be edited, or replaced by a preset's name"
            " under 'labels:' in study.yaml.",
        )
    tables = [path for path in sources.others if is_of_trimmed(path)]
    if len(tables) == 1 and not sources.files:
        return _trimmed(folder, tables[0], sources)
    _check(folder, sources, paths)
    paired = pair(sources)
    annotated = [one for one in paired.pairs if one.files]
    if not annotated:
        raise _none_paired(sources, paired)
    drafted = draft_labels(each for one in annotated for each in one.annotations)
    learned = sum(not label.is_points_only for label in drafted)
    groups = draft_groups(paired.pairs)
    name = real_path(folder).name
    study = _study_text(name, tiers, annotated)
    texts = Scaffold(study, _manifest_text(folder, paired.pairs, groups.names), drafted_text(drafted, name))
    remarks = [
        f"{len(annotated)} of {counted(len(paired.pairs), 'video')} annotated; {counted(learned, 'label')}.",
        *_on_tiers(annotated, tiers),
        *groups.remarks,
        *_on_labels(drafted),
        *_on_second(paired.pairs),
        *(f"{path}: its video was not found: {what}." for path, what in paired.without_video),
        *(f"Not used: {reason}" for reason in sources.unreadable),
        *_on_others(sources.others),
    ]
    return Draft(write_scaffold(folder, texts), tuple(remarks))


def _trimmed(folder: Path, table: Path, sources: Sources) -> Draft:
    """Write a study of the trimmed videos of a table."""
    drafted = draft_trimmed(real_path(folder).name, table, sources.videos, lambda path: _way(folder, path))
    others = [path for path in sources.others if path != table]
    return Draft(write_scaffold(folder, drafted.texts), (*drafted.remarks, *_on_others(others)))


def _none_paired(sources: Sources, paired: Pairing) -> ActScribeError:
    path, name = paired.without_video[0]
    reason = f"{path} is of {name}"
    hint = "Name the folder of these videos, call each file as its video is called, or write a manifest."
    if paired.elsewhere:
        path, folders = next(iter(paired.elsewhere.items()))
        videos = counted(sum(one == path for one, _ in paired.without_video), "video")
        reason = f"{videos} of {path.name}; the file names are the same, the {folders_are(folders)} not"
        hint = "Name the folder that these folders lie in, or write a manifest with the column 'observation'."
    return ActScribeError(
        f"{counted(len(sources.files), 'annotation file')} and {counted(len(sources.videos), 'video')}, but none"
        f" belongs to another; {reason}.",
        hint,
    )


def _unannotated(folder: Path, sources: Sources, labels: str) -> Draft:
    """Write a study of videos that nobody annotated yet, to begin with review."""
    pairs = [Pair(video, (), ()) for video in sources.videos]
    groups = draft_groups(pairs)
    study = _study_text(real_path(folder).name, (), pairs)
    texts = Scaffold(study, _manifest_text(folder, pairs, groups.names), label_text(labels))
    remarks = [
        f"None of {counted(len(pairs), 'video')} annotated yet: they are to be annotated in the browser.",
        *groups.remarks,
        *(f"Not used: {reason}" for reason in sources.unreadable),
        *_on_others(sources.others),
    ]
    return Draft(write_scaffold(folder, texts), tuple(remarks))


def _check(folder: Path, sources: Sources, paths: Sequence[Path]) -> None:
    """Refuse sources without annotations or without videos."""
    if not sources.files:
        reason = f" {sources.unreadable[0]}" if sources.unreadable else ""
        if sources.videos and not reason:
            raise ActScribeError(
                f"{', '.join(map(str, paths))}: no annotation file that can be used.",
                "To annotate these videos in the browser, name the activities (--labels 'Walking,Standing', or a preset"
                " or file) beside --from, then type:"
                f" actscribe review {typed(folder)}. Else name annotation files, too.",
            )
        raise ActScribeError(
            f"{', '.join(map(str, paths))}: no annotation file that can be used.{reason}",
            "Name annotation files and the folder of their videos; or, of trimmed videos, one table with the columns"
            " video and label.",
        )
    if not sources.videos:
        file = sources.files[0]
        raise ActScribeError(
            f"{file.path}: the video that it is of was not found"
            f" ({', '.join(file.entries[0].media) or 'it does not name one'}).",
            "Name the folder of the videos too, in place of VIDEOS:"
            f" {typed('actscribe', 'new', folder, *_from(paths), '--from', 'VIDEOS')}",
        )


def _from(paths: Sequence[Path]) -> list[str | Path]:
    return [word for path in paths for word in ("--from", path)]


def _manifest_text(folder: Path, pairs: Sequence[Pair], groups: Sequence[str]) -> str:
    second = any(len(one.files) > 1 for one in pairs)
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["video", "annotations", *(["annotations_2"] if second else []), "group", "split"])
    for one, group in zip(pairs, groups, strict=True):
        files = [_way(folder, path) for path in one.files]
        files += [""] * (1 + second - len(files))
        rows.writerow([_way(folder, one.video), *files, as_text(group), ""])
    return text.getvalue()


def _way(folder: Path, path: Path) -> str:
    """Return the path as the manifest spells it: from its own folder, absolute where there is no way."""
    try:
        return Path(os.path.relpath(real_path(path.parent) / path.name, real_path(folder))).as_posix()
    except ValueError:  # another drive (Windows)
        return str(real_path(path.parent) / path.name)


def _study_text(name: str, tiers: Sequence[str], annotated: Sequence[Pair]) -> str:
    template = TEMPLATE
    if tiers:
        template = _before(template, "# The activities.", f"tiers: [{', '.join(map(quoted, tiers))}]\n\n")
    first = [read for one in annotated for read in one.annotations[:1]]
    lengths = [i.end - i.start for read in first for i in read.intervals if i.end > i.start]
    if lengths:
        comment = f"# Half of the annotated bouts are shorter than {np.median(lengths):.1f} s.\n"
        template = _before(template, "windows:", comment)
    return filled(template, name)


def _before(template: str, line: str, more: str) -> str:
    """Return a template, into which no name was filled yet, with more before the line that begins so."""
    escaped = more.replace("{", "{{").replace("}", "}}")
    return template.replace(f"\n{line}", f"\n{escaped}{line}", 1)


def _on_tiers(annotated: Sequence[Pair], chosen: Sequence[str]) -> list[str]:
    """Say which tiers were read and which not, of formats that have some; if none was chosen, how to leave one out."""
    tiers = [item for one in annotated for read in one.annotations for item in read.tiers.items()]
    taken, left = (Counter(name for name, is_read in tiers if is_read is kind) for kind in (True, False))
    if not taken and not left:
        return []
    lines = [f"Tiers read: {_in_files(taken)}."]
    lines += [f"Tiers left out: {_in_files(left)}."] if left else []
    if chosen:
        return lines
    name = typed(f"!{next(iter(taken or left))}")
    return [*lines, f"To leave one out by name, draft into another folder with, for instance, --tiers {name}"]


def _in_files(tiers: Counter[str]) -> str:
    """Return names of tiers with the number of files that they are in, the most frequent first."""
    shown = [f"{name} ({counted(count, 'file')})" for name, count in tiers.most_common(TIERS_SHOWN)]
    more = len(tiers) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _on_labels(labels: Sequence[DraftLabel]) -> list[str]:
    points = [label.name for label in labels if label.is_points_only]
    never = [label.name for label in labels if not label.points and not label.bouts]
    notes = []
    if points:
        notes.append(
            "Only point events, which cover no time and cannot be learned, so left out under 'ignored:' in labels.yaml:"
            f" {', '.join(points)}."
        )
    if never:
        notes.append(f"Offered by the files and never annotated: {', '.join(never)}.")
    notes += [f"Taken for one activity: '{name}' and '{alias}'." for name, alias in merged(labels)]
    pairs = [f"'{one}' and '{other}'" for one, other in alike(label for label in labels if not label.is_points_only)]
    if pairs:
        more = f" and {len(pairs) - SHOWN} more pairs in labels.yaml" if len(pairs) > SHOWN else ""
        notes.append(
            f"Perhaps one activity each: {', '.join(pairs[:SHOWN])}{more}. If so, make one name an alias of the other"
            " in labels.yaml."
        )
    return notes


def _on_others(others: Sequence[Path]) -> list[str]:
    if not others:
        return []
    shown = ", ".join(path.name for path in others[:SHOWN]) + (" …" if len(others) > SHOWN else "")
    return [f"{counted(len(others), 'file')} neither videos nor annotations, not used: {shown}."]


def _on_second(pairs: Sequence[Pair]) -> list[str]:
    twice = [one.video.name for one in pairs if len(one.files) > 1]
    if not twice:
        return []
    have = counted(len(twice), "video has", "videos have")
    return [f"{have} two files, taken for two annotators (first: {twice[0]}); the first one counts."]
