"""The sheets of one annotator, held in memory and written through: what was answered is on disk."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from actscribe.errors import ActScribeError
from actscribe.journal import (
    AGREED,
    FILES,
    SECOND_FILES,
    Action,
    Began,
    Bout,
    Conflict,
    Drop,
    Entry,
    Journal,
    Op,
    Put,
    Sheet,
    Suggestion,
    Version,
)
from actscribe.journal.store import changed_since
from actscribe.labels import LabelSet
from actscribe.review.renamed import as_now, as_written


@dataclass(frozen=True, slots=True)
class Changed:
    """What undoing or redoing did to a sheet.

    Args:
        sheet: as it is now.
        ops: puts and drops that turn the bouts that were into those that are.
        verdicts: suggestion -> what is said of it now, None: nothing, of those of which something else was said before.
    """

    sheet: Sheet
    ops: tuple[Op, ...]
    verdicts: tuple[tuple[Suggestion, bool | None], ...]


class Sheets:
    """All sheets of one annotator, under the names that the study's labels have now.

    Args:
        journal: of the study.
        annotator: who.
        labels: of the study now.
    """

    def __init__(self, journal: Journal, annotator: str, labels: LabelSet) -> None:
        self.journal, self.annotator, self.labels = journal, annotator, labels
        self._lock = threading.RLock()
        self._held: dict[str, Sheet] = {}
        self._heads: dict[str, Version] = {}  # of the journal at each sheet's last entry
        for one in journal.entries(annotator=annotator, kind="began"):
            self._read(one.recording)

    def of(self, content: str) -> Sheet | None:
        """Return the sheet of a recording; None: not begun."""
        with self._lock:
            sheet = self._held.get(content)
            return None if sheet is None else self._now(sheet)

    def all(self) -> list[Sheet]:
        """Return all sheets."""
        with self._lock:
            return [self._now(sheet) for sheet in self._held.values()]

    def load(self, content: str) -> Sheet | None:
        """Return the sheet of a recording as it is on disk: another window may have written since."""
        with self._lock:
            sheet = self._read(content)
            return None if sheet is None else self._now(sheet)

    def revision(self, content: str) -> int:
        """Return by what a page says which state of a recording it shows: the number of the last entry; 0: none.

        Of who settles it is the last one of the two annotators, too: an answer is to what they said when it was given;
        and of files that are one of the two.
        """
        return self.journal.last(content, (self.annotator, *self._settled(content)))

    def begin(self, content: str, began: Began, action: Action, revision: int) -> Sheet:
        """Begin a recording with an action, and return the sheet after both.

        Raises:
            Conflict: it was begun in another window meanwhile, `revision` is not what `revision` returns, or it would
                begin with the study's file, and somebody else began with that meanwhile.
            ActScribeError: the action cannot be applied; then nothing was begun.
        """
        with self._lock:
            among = self._settled(content)
            if revision and not among:
                raise Conflict("The journal of these annotations is another one.", "Load the page again to go on.")
            names = self.labels.names
            Sheet.beginning(content, self.annotator, began).check(action.naming(names), names)
            entry = self.journal.append(
                self.annotator, content, "began", began, revision, alone=bool(began.source), among=among
            )
            return self.act(content, action, entry.seq)

    def act(self, content: str, action: Action, revision: int) -> Sheet:
        """Write an action and return the sheet after it.

        Raises:
            Conflict: `revision` is not the last.
            ActScribeError: the action cannot be applied.
        """
        with self._lock:
            sheet = self._at(content, revision)
            named = action.naming(self.labels.names)
            sheet.check(named, self.labels.names)
            written = as_written(named, sheet, self.labels)
            among = self._settled(content)
            entry = self.journal.append(self.annotator, content, "did", written, revision, among=among)
            self._follow(content, sheet, [entry])
            return self._now(sheet)

    def undo(self, content: str, revision: int) -> Changed:
        """Take the last action back.

        Raises:
            Conflict: `revision` is not the last.
            ActScribeError: there is none.
        """
        return self._again(content, revision, "undo")

    def redo(self, content: str, revision: int) -> Changed:
        """Do again what was undone last.

        Raises:
            Conflict: `revision` is not the last.
            ActScribeError: there is nothing.
        """
        return self._again(content, revision, "redo")

    def _again(self, content: str, revision: int, way: str) -> Changed:
        with self._lock:
            sheet = self._at(content, revision)
            if not (sheet.can_undo if way == "undo" else sheet.can_redo):
                raise ActScribeError(f"There is nothing to {way}.")
            before = self._now(sheet)
            entry = self.journal.append(
                self.annotator,
                content,
                "undid" if way == "undo" else "redid",
                revision=revision,
                among=self._settled(content),
            )
            self._follow(content, sheet, [entry])
            now, was = self._now(sheet), before.verdicts
            verdicts = {one: now.verdicts.get(one) for one in {**was, **now.verdicts}}
            changed = tuple((one, verdict) for one, verdict in verdicts.items() if was.get(one) != verdict)
            return Changed(now, _changes(before.bouts, now.bouts), changed)

    def _read(self, content: str) -> Sheet | None:
        """Return the sheet of a recording as it is on disk, under the names that it has there; held is what was read.

        It is not to be given away: what comes next changes it.
        """
        with self._lock:
            sheet = self._held.get(content)
            if sheet is not None and not self.journal.holds(self._heads[content]):
                del self._held[content]  # another journal lies in the place of that one
                sheet = None
            after = 0 if sheet is None else sheet.revision
            entries = self.journal.entries(content, self.annotator, after=after)
            self._follow(content, sheet, [one for one in entries if one.kind != "looked"])
            return self._held.get(content)

    def _follow(self, content: str, sheet: Sheet | None, entries: Sequence[Entry]) -> None:
        """Apply entries to a sheet, None: they begin it; one that cannot be applied leaves nothing half changed."""
        if not entries:
            return
        self._held.pop(content, None)
        if sheet is None:
            sheet = Sheet.of(entries)
        else:
            for one in entries:
                sheet.follow(one)
        self._held[content] = sheet
        self._heads[content] = Version(entries=entries[-1].seq, head=entries[-1].digest)

    def _now(self, sheet: Sheet) -> Sheet:
        """Return a sheet under the study's names, as it is by now whatever comes next."""
        return as_now(sheet.copy(), self.labels)

    def _at(self, content: str, revision: int) -> Sheet:
        sheet = self._read(content)  # another window may have written, and this one know of it
        if sheet is None:
            raise ActScribeError("No review of this recording was started.", "Open it first.")
        if self.revision(content) != revision:
            raise changed_since(bool(self._settled(content)))
        return sheet

    def _settled(self, content: str) -> tuple[str, ...]:
        """Return who says of a recording what is settled here, files included; none where this is one's own."""
        if self.annotator != AGREED:
            return ()
        people = [name for name in self.journal.annotators(content) if name != AGREED]
        return *people[:2], FILES, SECOND_FILES


def _changes(before: dict[str, Bout], now: dict[str, Bout]) -> tuple[Op, ...]:
    # The page names the first one to who undid it: what is there now, rather than what is gone.
    put: list[Op] = [Put(bout=bout) for one, bout in now.items() if before.get(one) != bout]
    return (*put, *(Drop(id=one) for one in before if one not in now))
