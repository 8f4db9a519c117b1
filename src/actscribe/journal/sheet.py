"""What one annotator says of one recording: entries of the journal, applied one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from actscribe.errors import ActScribeError
from actscribe.journal.action import Action, Bout, Drop, Mark, Op, Put, Suggestion, Verdict
from actscribe.journal.entry import Began, Entry

Spans = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class _Reviewed:
    """Sets the reviewed spans of labels as they were; only undoing makes it."""

    spans: Mapping[str, Spans]


@dataclass(slots=True)
class Sheet:
    """The bouts, the reviewed spans and the verdicts of one annotator on one recording.

    Args:
        recording: digest of the video's bytes.
        annotator: who.
        began: what was there at first.
        revision: number of the last entry that changed this sheet.
        bouts: by id.
        reviewed: label -> spans in seconds that were looked through for it, in order and disjoint.
        verdicts: suggestion -> whether it was accepted.
    """

    recording: str
    annotator: str
    began: Began
    revision: int
    bouts: dict[str, Bout] = field(default_factory=dict)
    reviewed: dict[str, Spans] = field(default_factory=dict)
    verdicts: dict[Suggestion, bool] = field(default_factory=dict)
    _done: list[tuple[Action, list[Op | _Reviewed]]] = field(default_factory=list)
    _undone: list[Action] = field(default_factory=list)

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Sheet:
        """Return the sheet that entries of one annotator on one recording amount to; the first is "began"."""
        sheet: Sheet | None = None
        for entry in entries:
            if entry.kind == "began":
                began = Began.model_validate_json(entry.body)
                sheet = cls(entry.recording, entry.annotator, began, entry.seq)
                sheet.bouts = {bout.id: bout for bout in began.bouts}
                sheet.reviewed = {label: tuple(spans) for label, spans in began.reviewed.items()}
            elif sheet is None:
                raise ActScribeError(f"entry {entry.seq} of the journal changes annotations that nobody began.")
            else:
                sheet.follow(entry)
        if sheet is None:
            raise ActScribeError("the journal holds no entry of this recording and annotator.")
        return sheet

    @property
    def can_undo(self) -> str:
        """Name of the action that `undid` would take back; empty: none."""
        return self._done[-1][0].why if self._done else ""

    @property
    def can_redo(self) -> str:
        """Name of the action that `redid` would do again; empty: none."""
        return self._undone[-1].why if self._undone else ""

    def follow(self, entry: Entry) -> None:
        """Apply a further entry.

        Raises:
            ActScribeError: there is nothing to undo or redo, or a bout to take away is not there.
        """
        if entry.kind == "did":
            self._undone.clear()
            self._do(Action.model_validate_json(entry.body))
        elif entry.kind == "undid":
            if not self._done:
                raise ActScribeError("there is nothing to undo.")
            action, inverse = self._done.pop()
            for op in inverse:
                self._apply(op)
            self._undone.append(action)
        elif entry.kind == "redid":
            if not self._undone:
                raise ActScribeError("there is nothing to redo.")
            self._do(self._undone.pop())
        self.revision = entry.seq

    def check(self, action: Action) -> None:
        """Refuse an action that cannot be applied: a label that the sheet does not know, a bout that is not there.

        Raises:
            ActScribeError: naming what was found.
        """
        known, ids = set(self.began.labels), set(self.bouts)
        for op in action.ops:
            if isinstance(op, Drop):
                if op.id not in ids:
                    raise ActScribeError(f"the bout '{op.id}' is not there (any more).")
                ids.discard(op.id)
                continue
            named = {Put: lambda one: (one.bout.label,), Mark: lambda one: one.labels}.get(
                type(op), lambda one: (one.suggestion.label,)
            )(op)
            unknown = [name for name in named if name not in known]
            if unknown:
                raise ActScribeError(f"'{unknown[0]}' is no label of the study.")
            if isinstance(op, Put):
                if op.bout.end > self.began.duration + 1.0:
                    raise ActScribeError(
                        f"'{op.bout.label}' ends at {op.bout.end:.3f} s, after the recording, which lasts"
                        f" {self.began.duration:.3f} s."
                    )
                ids.add(op.bout.id)

    def _do(self, action: Action) -> None:
        inverse: list[Op | _Reviewed] = []
        for op in action.ops:
            inverse.append(self._apply(op))
        self._done.append((action, inverse[::-1]))

    def _apply(self, op: Op | _Reviewed) -> Op | _Reviewed:
        """Apply one operation and return the one that takes it back."""
        if isinstance(op, Put):
            before = self.bouts.get(op.bout.id)
            self.bouts[op.bout.id] = op.bout
            return Put(bout=before) if before else Drop(id=op.bout.id)
        if isinstance(op, Drop):
            if op.id not in self.bouts:
                raise ActScribeError(f"the bout '{op.id}' is not there (any more).")
            return Put(bout=self.bouts.pop(op.id))
        if isinstance(op, Verdict):
            was = self.verdicts.get(op.suggestion)
            if op.accepted is None:
                self.verdicts.pop(op.suggestion, None)
            else:
                self.verdicts[op.suggestion] = op.accepted
            return Verdict(suggestion=op.suggestion, accepted=was)
        if isinstance(op, Mark):
            labels = op.labels or self.began.labels
            former = _Reviewed({label: self.reviewed.get(label, ()) for label in labels})
            change = _with if op.reviewed else _without
            self.reviewed |= {label: change(former.spans[label], op.start, op.end) for label in labels}
            return former
        former = _Reviewed({label: self.reviewed.get(label, ()) for label in op.spans})
        self.reviewed |= op.spans
        return former


def _with(spans: Sequence[tuple[float, float]], start: float, end: float) -> Spans:
    """Return spans and one more, joined where they touch."""
    apart = [span for span in spans if span[1] < start or span[0] > end]
    joined = [span for span in spans if not (span[1] < start or span[0] > end)]
    if end <= start:
        return tuple(spans)
    whole = (min([start, *(one for one, _ in joined)]), max([end, *(one for _, one in joined)]))
    return tuple(sorted([*apart, whole]))


def _without(spans: Sequence[tuple[float, float]], start: float, end: float) -> Spans:
    """Return spans without one."""
    left = [(one, min(other, start)) for one, other in spans if one < start]
    right = [(max(one, end), other) for one, other in spans if other > end]
    return tuple(sorted({span for span in (*left, *right) if span[0] < span[1]}))
