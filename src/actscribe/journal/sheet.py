"""What one annotator says of one recording: entries of the journal, applied one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from actscribe.errors import ActScribeError
from actscribe.journal.action import Action, Bout, Drop, Mark, Op, Put, Suggestion, Verdict
from actscribe.journal.entry import Began, Entry
from actscribe.journal.spans import Spans, added, joined, removed

#: The annotator under whose name two annotators' disagreements are settled.
AGREED = "agreed"
#: By how many seconds a bout may end after its recording; players round a video's end.
LATE_S = 1.0


@dataclass(frozen=True, slots=True)
class _Reviewed:
    """Sets the reviewed spans of labels as they were; only undoing makes it."""

    spans: Mapping[str, Spans | None]


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
        """Return the sheet that entries of one annotator on one recording amount to; the first is "began".

        Raises:
            ActScribeError: there is no entry, or the first is not "began".
        """
        sheet: Sheet | None = None
        for entry in entries:
            if entry.kind == "began":
                began = entry.read(Began)
                sheet = cls.beginning(entry.recording, entry.annotator, began, entry.seq)
            elif sheet is None:
                raise ActScribeError(f"entry {entry.seq} of the journal changes annotations that were never started.")
            else:
                sheet.follow(entry)
        if sheet is None:
            raise ActScribeError("the journal holds no entry of this recording and annotator.")
        return sheet

    @classmethod
    def beginning(cls, recording: str, annotator: str, began: Began, revision: int = 0) -> Sheet:
        """Return a sheet to which nothing was done yet; revision 0: that nobody wrote down."""
        bouts = {bout.id: bout for bout in began.bouts}
        reviewed = {label: joined(began.reviewed.get(label, ())) for label in began.labels}
        return cls(recording, annotator, began, revision, bouts, reviewed)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of labels that the sheet knows: those of its beginning, and those that the study has got since."""
        since = (*self.reviewed, *sorted(bout.label for bout in self.bouts.values()))
        return tuple(dict.fromkeys((*self.began.labels, *since)))

    @property
    def can_undo(self) -> str:
        """Name of the action that `undid` would take back; empty: none."""
        return self._done[-1][0].why if self._done else ""

    @property
    def can_redo(self) -> str:
        """Name of the action that `redid` would do again; empty: none."""
        return self._undone[-1].why if self._undone else ""

    def copy(self) -> Sheet:
        """Return the sheet as it is, which further entries do not change."""
        return replace(
            self,
            bouts=dict(self.bouts),
            reviewed=dict(self.reviewed),
            verdicts=dict(self.verdicts),
            _done=list(self._done),
            _undone=list(self._undone),
        )

    def follow(self, entry: Entry) -> None:
        """Apply a further entry.

        Raises:
            ActScribeError: there is nothing to undo or redo, or a bout to take away is not there.
        """
        if entry.kind == "did":
            self._undone.clear()
            self._do(entry.read(Action))
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
        else:
            raise ActScribeError(f"entry {entry.seq} of the review journal is of no known kind: '{entry.kind}'.")
        self.revision = entry.seq

    def check(self, action: Action, labels: Sequence[str] | None = None) -> None:
        """Refuse an action that cannot be applied: a label that is not known, a bout that is not there.

        Args:
            action: that is to be applied next.
            labels: of the study now; None: those that it had when this sheet was begun.

        Raises:
            ActScribeError: naming what was found.
        """
        known, ids = set(self.began.labels if labels is None else labels), set(self.bouts)
        for op in action.ops:
            unknown = [name for name in _labels_of(op) if name not in known]
            if unknown:
                raise ActScribeError(f"'{unknown[0]}' is not a label of this study.", "Load the page again.")
            if isinstance(op, Drop):
                if op.id not in ids:
                    raise ActScribeError(f"the bout '{op.id}' no longer exists.", "Load the page again.")
                ids.discard(op.id)
            elif isinstance(op, Put):
                self._check_inside(f"'{op.bout.label}'", op.bout)
                ids.add(op.bout.id)
            elif isinstance(op, Mark):
                self._check_inside("what was reviewed", op)

    def _check_inside(self, what: str, span: Bout | Mark) -> None:
        if span.end > self.began.duration + LATE_S or span.start > self.began.duration:
            raise ActScribeError(
                f"{what} ends at {span.end:.3f} s, after the recording, which lasts {self.began.duration:.3f} s.",
                "Let it end with the recording.",
            )

    def _do(self, action: Action) -> None:
        inverse: list[Op | _Reviewed] = []
        for op in action.ops:
            inverse.append(self._apply(op))
        if action.final:
            self._done.clear()
            self._undone.clear()
        else:
            self._done.append((action, inverse[::-1]))

    def _apply(self, op: Op | _Reviewed) -> Op | _Reviewed:
        """Apply one operation and return the one that takes it back."""
        if isinstance(op, Put):
            before = self.bouts.get(op.bout.id)
            self.bouts[op.bout.id] = op.bout
            self.reviewed.setdefault(op.bout.label, ())  # known from now on, whatever becomes of the bout
            return Put(bout=before) if before else Drop(id=op.bout.id)
        if isinstance(op, Drop):
            if op.id not in self.bouts:
                raise ActScribeError(f"the bout '{op.id}' no longer exists.")
            return Put(bout=self.bouts.pop(op.id))
        if isinstance(op, Verdict):
            was = self.verdicts.get(op.suggestion)
            if op.accepted is None:
                self.verdicts.pop(op.suggestion, None)
            else:
                self.verdicts[op.suggestion] = op.accepted
            return Verdict(suggestion=op.suggestion, accepted=was)
        if isinstance(op, Mark):
            change = added if op.reviewed else removed
            labels = op.labels or self.began.labels
            return self._set({name: change(self.reviewed.get(name, ()), op.start, op.end) for name in labels})
        return self._set(op.spans)

    def _set(self, spans: Mapping[str, Spans | None]) -> _Reviewed:
        """Set the reviewed spans of labels, None: none was ever named; return what sets them back."""
        former = _Reviewed({label: self.reviewed.get(label) for label in spans})
        for label, own in spans.items():
            if own is None:
                self.reviewed.pop(label, None)
            else:
                self.reviewed[label] = own
        return former


def _labels_of(op: Op) -> tuple[str, ...]:
    """Return the labels that an operation names."""
    if isinstance(op, Put):
        return (op.bout.label,)
    if isinstance(op, Mark):
        return op.labels
    return (op.suggestion.label,) if isinstance(op, Verdict) else ()
