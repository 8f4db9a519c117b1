"""The recordings of a study as review knows them: each with an id, its annotation file and its videos."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from actscribe.annotations.interval import Annotations
from actscribe.data.loading import StudyData
from actscribe.data.manifest import Row, read_manifest
from actscribe.data.recording import Recording
from actscribe.places import real_path
from actscribe.review.cameras import Camera
from actscribe.settings.study import Study

#: Hex digits of a recording's digest that make its id.
ID_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Item:
    """One recording in review.

    Args:
        id: first digits of the digest of its video's bytes.
        recording: with the annotations that the study has of it.
        cameras: its videos, the recording's own first.
        source: its annotation file, relative to the study; empty: none.
        digest: of that file's bytes.
        second: what the study's second annotator wrote, or None.
    """

    id: str
    recording: Recording
    cameras: tuple[Camera, ...]
    source: str = ""
    digest: str = ""
    second: Annotations | None = None

    @property
    def content(self) -> str:
        """Digest of the video's bytes, by which the journal knows it."""
        return self.recording.content

    @property
    def written(self) -> Annotations | None:
        """What the annotation file says under the study's labels; None where there is none."""
        if self.recording.intervals is None:
            return None
        return Annotations(self.recording.intervals, self.recording.gaps)


def items(study: Study, data: StudyData) -> dict[str, Item]:
    """Return the recordings of a study by their ids, in the study's order.

    Args:
        study: from `load_study`.
        data: of it, from `load_data`.
    """
    rows = {real_path(row.video): row for row in read_manifest(study.folder / study.recordings)}
    found: dict[str, Item] = {}
    for recording in data.recordings:
        row = rows[real_path(recording.video)]
        item = _item(study, recording, row, data.second)
        found.setdefault(item.id, item)
    return found


def _item(study: Study, recording: Recording, row: Row, second: Mapping[str, Annotations]) -> Item:
    source = row.annotations
    return Item(
        recording.content[:ID_DIGITS],
        recording,
        (Camera(recording.video.name, recording.video),),
        _relative(source, study.folder) if source else "",
        file_digest(source) if source else "",
        second.get(recording.name),
    )


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _relative(path: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive (Windows)
        return path.as_posix()
