"""The recordings of a study as review knows them: each with an id, its annotation file and its videos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from actscribe.data.loading import StudyData
from actscribe.data.manifest import Row, read_manifest
from actscribe.data.recording import Recording
from actscribe.data.reviewed import Written
from actscribe.data.within import spans_of_parts
from actscribe.journal.spans import Spans
from actscribe.review.cameras import Camera
from actscribe.settings.study import Study

TEST = "test"


@dataclass(frozen=True, slots=True)
class Item:
    """One recording in review.

    Args:
        id: first digits of the digest of its video's bytes.
        recording: as its files have it.
        written: what these files say.
        cameras: its videos, the recording's own first.
        split: it is in; empty: in several, by time.
        hidden: spans of which predictions are kept back: those of the test split.
    """

    id: str
    recording: Recording
    written: Written
    cameras: tuple[Camera, ...]
    split: str
    hidden: Spans

    @property
    def content(self) -> str:
        """Digest of the video's bytes, by which the journal knows it."""
        return self.recording.content

    @property
    def is_test(self) -> bool:
        """Whether it is of the test split as a whole."""
        return self.split == TEST


def items(study: Study, data: StudyData) -> dict[str, Item]:
    """Return the recordings of a study by their ids, in the study's order.

    Args:
        study: from `load_study`.
        data: of it, from `load_data`.
    """
    by_time = study.split.within == "recordings"
    splits = {} if by_time else {one.content: one.split for one in data.recordings}
    hidden = _hidden_parts(study, data) if by_time else {}
    by_id: dict[str, Item] = {}
    for content, written in data.written.items():
        one, split = written.recording, splits.get(content, "")
        whole: Spans = ((0.0, one.duration),) if split == TEST else ()
        item = Item(one.id, one, written, cameras_of(written.row), split, hidden.get(content, whole))
        by_id.setdefault(item.id, item)
    return by_id


def cameras_of(row: Row) -> tuple[Camera, ...]:
    """Return the videos of a manifest's row."""
    further = (Camera(one.name, one.video, one.offset) for one in row.cameras)
    return (Camera(row.video.name, row.video), *further)


def _hidden_parts(study: Study, data: StudyData) -> dict[str, Spans]:
    """Return the test part of each recording where recordings are split by time."""
    whole = [written.recording for written in data.written.values()]
    parts = spans_of_parts(whole, study, read_manifest(study.folder / study.recordings))
    return {content: inside for (content, split), inside in parts.items() if split == TEST}


def outside(spans: Sequence[tuple[float, float]], start: float, end: float) -> bool:
    """Tell whether [start, end) meets none of the spans."""
    return all(end <= low or start >= high for low, high in spans)
