"""What of each recording a split is: all of it, or its part where recordings are split by time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from actscribe.data.clips import Window, spans
from actscribe.data.loading import StudyData
from actscribe.data.manifest import read_manifest
from actscribe.data.recording import Recording
from actscribe.data.within import spans_of_parts
from actscribe.journal.spans import Spans, joined, shared
from actscribe.review.queue.candidates import Clips
from actscribe.settings.study import Study


@dataclass(frozen=True, slots=True)
class Part:
    """One recording, as far as it is in a split.

    Args:
        recording: under the name that review calls it, with what was said of it so far.
        inside: spans that are in the split, in seconds.
    """

    recording: Recording
    inside: Spans

    @property
    def open(self) -> Spans:
        """The time of the split that is not annotated for every label."""
        return shared(self.inside, open_time(self.recording))

    def clips(self, window: Window) -> tuple[Clips, np.ndarray]:
        """Return the clips whose middles lie in the split, and which of all clips of the recording they are."""
        one = self.recording
        edges = np.array(spans(one.duration, window), dtype=float).reshape(-1, 2)
        middles = edges.mean(axis=1)
        kept = np.zeros(len(edges), dtype=bool)
        for start, end in self.inside:
            kept |= (middles >= start) & (middles < end)
        return Clips(one.name, one.duration, edges[kept], self.open), kept


def parts_of(study: Study, data: StudyData, split: str) -> list[Part]:
    """Return the recordings of a split, or the parts of recordings that are.

    Args:
        study: from `load_study`.
        data: of it, from `load_data`.
        split: "train", "validation" or "test".
    """
    recordings = data.of_split(split)
    if study.split.within != "recordings":
        return [Part(one, ((0.0, one.duration),)) for one in recordings]
    whole = [written.recording for written in data.written.values()]
    names = {one.content: one.name for one in whole}
    inside = spans_of_parts(whole, study, read_manifest(study.folder / study.recordings))
    return [Part(replace(one, name=names[one.content]), inside[one.content, split]) for one in recordings]


def open_time(recording: Recording) -> Spans:
    """Return the time of a recording that is not annotated for every label."""
    if recording.intervals is None:
        return joined([(0.0, recording.duration)])
    return joined((gap.start, gap.end) for gap in recording.gaps)


def any_open(parts: Sequence[Part]) -> bool:
    """Tell whether something is left to annotate."""
    return any(one.open for one in parts)
