"""A simulated annotator: knows the truth of recordings, and says it of spans at a pace and with mistakes of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

import numpy as np

from actscribe.annotations.interval import Interval
from actscribe.data.recording import ID_DIGITS
from actscribe.data.reviewed import Written
from actscribe.journal import Action, Bout, Drop, Journal, Mark, Op, Put, Sheet
from actscribe.labels import LabelSet


class Desk(Protocol):
    """Where an annotator works: at the page's server, or on the journal itself."""

    def open(self, recording: str) -> Sequence[Bout]:
        """Begin a recording, known by the digest of its video, or go on with it; return the bouts that are there."""
        ...

    def act(self, recording: str, action: Action) -> None:
        """Do something in it."""
        ...


@dataclass(slots=True)
class JournalDesk:
    """Works on the journal of a study, as the server does.

    Args:
        journal: of the study.
        annotator: who.
        written: from `StudyData.written`.
        labels: of the study.
    """

    journal: Journal
    annotator: str
    written: Mapping[str, Written]
    labels: LabelSet

    def open(self, recording: str) -> Sequence[Bout]:
        """Begin a recording, or go on with it; return the bouts that are there."""
        if self.annotator not in self.journal.annotators(recording):
            began = self.written[recording].began(self.labels)
            self.journal.append(self.annotator, recording, "began", began, revision=0)
        return tuple(self._sheet(recording).bouts.values())

    def act(self, recording: str, action: Action) -> None:
        """Do something in it."""
        sheet = self._sheet(recording)
        sheet.check(action, self.labels.names)
        self.journal.append(self.annotator, recording, "did", action.naming(self.labels.names), sheet.revision)

    def _sheet(self, recording: str) -> Sheet:
        return self.journal.sheet(recording, self.annotator)


@dataclass(slots=True)
class ServerDesk:
    """Works at a review server, as the page does.

    Args:
        post: address and what is sent -> what comes back, both as JSON has them.
    """

    post: Callable[[str, Any], Any]
    _revisions: dict[str, int] = field(default_factory=dict)

    def open(self, recording: str) -> Sequence[Bout]:
        """Begin a recording, or go on with it; return the bouts that are there."""
        answer = self.post(f"/api/recordings/{recording[:ID_DIGITS]}/open", {})
        self._revisions[recording] = answer["revision"]
        return tuple(map(Bout.model_validate, answer["bouts"]))

    def act(self, recording: str, action: Action) -> None:
        """Do something in it."""
        asked = {"revision": self._revisions[recording], **action.model_dump(mode="json", exclude={"final"})}
        answer = self.post(f"/api/recordings/{recording[:ID_DIGITS]}/actions", asked)
        self._revisions[recording] = answer["revision"]


@dataclass(slots=True)
class Mistakes:
    """What an annotator does wrong.

    Args:
        rate: share of bouts that are missed, and of those that get another label.
        jitter: standard deviation of the edges of bouts, in seconds.
    """

    rate: float = 0.0
    jitter: float = 0.0


class Annotator:
    """Reviews spans of recordings.

    Args:
        desk: where it works.
        truth: content of a recording -> what really happens in it.
        labels: of the study.
        mistakes: that it makes.
        delay: seconds that it takes for a bout, besides watching.
        seed: of its mistakes.

    Attributes:
        spent: seconds of work so far.
    """

    def __init__(
        self,
        desk: Desk,
        truth: Mapping[str, Sequence[Interval]],
        labels: LabelSet,
        mistakes: Mistakes | None = None,
        delay: float = 2.0,
        seed: int = 0,
    ) -> None:
        self.desk, self.truth, self.labels = desk, truth, labels
        self.mistakes, self.delay = mistakes or Mistakes(), delay
        self.spent = 0.0
        self._rng = np.random.default_rng(seed)

    def review(self, recording: str, start: float, end: float) -> None:
        """Watch a span, put what happens in it in place of what is there, and say that it was reviewed.

        A bout that reaches into the span is written whole where it is seen, that is, within the span; what stood there
        before is cut back to outside of it.

        Args:
            recording: digest of the video's bytes.
            start, end: in seconds.
        """
        before = self.desk.open(recording)
        ops: list[Op] = []
        for bout in before:
            if bout.start < end and bout.end > start:
                ops += self._cut_back(bout, start, end)
        overlapping = [one for one in self.truth[recording] if one.start < end and one.end > start]
        for one in overlapping:
            ops += self._annotate(one, start, end)
        ops.append(Mark(start=start, end=end, labels=self.labels.names))
        self.desk.act(recording, Action(why="review", ops=tuple(ops)))
        self.spent += end - start + self.delay * len(overlapping)

    def _cut_back(self, one: Bout, start: float, end: float) -> list[Op]:
        ops: list[Op] = [Drop(id=one.id)]
        for low, high in ((one.start, start), (end, one.end)):
            if low < high:
                ops.append(Put(bout=one.model_copy(update={"id": self._id(), "start": low, "end": high})))
        return ops

    def _annotate(self, one: Interval, start: float, end: float) -> list[Op]:
        label = one.label
        drawn = self._rng.random(2)
        if drawn[0] < self.mistakes.rate:
            return []
        others = [name for name in self.labels.names if name != label]
        if drawn[1] < self.mistakes.rate and others:
            label = others[int(self._rng.integers(len(others)))]
        shift = self._rng.normal(0, self.mistakes.jitter, 2) if self.mistakes.jitter else (0.0, 0.0)
        low, high = (min(max(edge, start), end) for edge in (one.start + shift[0], one.end + shift[1]))
        if high <= low:
            return []
        return [Put(bout=Bout(id=self._id(), label=label, start=low, end=high, subject=one.subject))]

    def _id(self) -> str:
        return UUID(bytes=self._rng.bytes(16), version=4).hex
