"""A study of trimmed videos, drafted from the table that says what each one shows."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from actscribe.counts import counted
from actscribe.data.manifest import Row, read_manifest
from actscribe.draft.groups import Groups, draft_groups
from actscribe.draft.pairs import Pair
from actscribe.errors import ActScribeError
from actscribe.settings.scaffold import TEMPLATE, Scaffold, filled
from actscribe.spreadsheet import as_text
from actscribe.stored_path import real_path
from actscribe.yaml_file import quoted

_WHOLE_VIDEOS = "  length: null     # every video is one clip: they are trimmed"


@dataclass(frozen=True, slots=True)
class TrimmedStudy:
    """What is drafted from a table of trimmed videos.

    Args:
        texts: of the study's files.
        remarks: a sentence each.
    """

    texts: Scaffold
    remarks: tuple[str, ...]


def draft_trimmed(name: str, path: Path, videos: Sequence[Path], way: Callable[[Path], str]) -> TrimmedStudy:
    """Return a study of the videos of a table.

    Args:
        name: of the study.
        path: of the table; names of videos are relative to it.
        videos: that were named beside it.
        way: returns how the study spells the path of a video.

    Raises:
        ActScribeError: the table cannot be read as a manifest, or no video has a label.
    """
    rows = read_manifest(path)
    of_rows = [_labels(row) for row in rows]
    counts = Counter(label for labels in of_rows for label in labels)
    if not counts:
        raise ActScribeError(
            f"{path}: no video has a label.", "Fill the column 'label': what the whole of a video shows."
        )
    groups = Groups(tuple(row.group if row.has_group else "" for row in rows), ())
    if not any(groups.names):
        groups = draft_groups([Pair(row.video, (), ()) for row in rows])
    listed = {real_path(row.video) for row in rows}
    beside = [video for video in videos if real_path(video) not in listed]
    texts = Scaffold(_study_text(name), _manifest_text(rows, groups.names, way), _label_text(name, counts, of_rows))
    return TrimmedStudy(
        texts,
        (
            f"{counted(len(rows), 'trimmed video')} of {path.name}; {counted(len(counts), 'label')}. Each is one clip.",
            *groups.remarks,
            *([f"Not in {path.name}, left out: {counted(len(beside), 'video')}."] if beside else []),
        ),
    )


def _labels(row: Row) -> list[str]:
    return [label.strip() for label in row.label.split(";") if label.strip()]


def _study_text(name: str) -> str:
    lines = [_WHOLE_VIDEOS if line.startswith("  length: ") else line for line in TEMPLATE.splitlines()]
    return filled("\n".join([*lines, ""]), name)


def _manifest_text(rows: Sequence[Row], groups: Sequence[str], way: Callable[[Path], str]) -> str:
    own = list(dict.fromkeys(column for row in rows for column in row.extra))
    second = ["label_2"] if any(row.label_2 for row in rows) else []
    source = ["source", "source_start", "source_end"] if any(row.source for row in rows) else []
    text = io.StringIO()
    table_rows = csv.DictWriter(
        text, ["video", "label", *second, "group", "split", *source, *own], extrasaction="ignore", lineterminator="\n"
    )
    table_rows.writeheader()
    for row, group in zip(rows, groups, strict=True):
        cells = {"video": way(row.video), "label": row.label, "label_2": row.label_2, "group": as_text(group)}
        times = {"source_start": row.source_start, "source_end": row.source_end}
        table_rows.writerow({**row.extra, **cells, "split": row.split, "source": row.source, **times})
    return text.getvalue()


def _label_text(name: str, counts: Counter[str], of_rows: Sequence[Sequence[str]]) -> str:
    task = "multi-class" if all(len(labels) == 1 for labels in of_rows) else "multi-label"
    lines = [f"  - name: {quoted(label)}   # {counted(count, 'video')}" for label, count in counts.most_common()]
    return "\n".join(
        [
            "# Drafted from the column 'label': names and counts are its own. Put what is one activity in several",
            "# spellings under one name, as aliases; put names that are not to be learned under 'ignored:'.",
            f"name: {quoted(name)}",
            f"task: {task}   # multi-label: several at once, or none; multi-class: exactly one label a clip",
            "# One sentence on what the videos show; the prompts of vision-language models begin with it.",
            'setting: ""',
            "labels:",
            *lines,
            "ignored: []",
            "",
        ]
    )
