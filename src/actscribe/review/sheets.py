"""The sheets of one annotator, held in memory and written through: what was answered is on disk."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from actscribe.errors import ActScribeError
from actscribe.journal import Action, Began, Bout, Conflict, Drop, Journal, Op, Put, Sheet, Suggestion


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
    """All sheets of one annotator.

    Args:
        journal: of the study.
        annotator: who.
        labels: of the study.
    """

    def __init__(self, journal: Journal, annotator: str, labels: Sequence[str]) -> None:
        self.journal, self.annotator, self.labels = journal, annotator, tuple(labels)
        self._lock = threading.RLock()
        self._held: dict[str, Sheet] = {}
        began = {one.recording for one in journal.entries(annotator=annotator) if one.kind == "began"}
        for content in began:
            self.load(content)

    def of(self, content: str) -> Sheet | None:
        """Return the sheet of a recording; None: not begun."""
        return self._held.get(content)

    def all(self) -> list[Sheet]:
        """Return all sheets."""
        return list(self._held.values())

    def load(self, content: str) -> Sheet | None:
        """Return the sheet of a recording as it is on disk: another window may have written since."""
        with self._lock:
            entries = [one for one in self.journal.entries(content, self.annotator) if one.kind != "looked"]
            if not entries:
                return None
            self._held[content] = Sheet.of(entries)
            return self._held[content]

    def begin(self, content: str, began: Began, action: Action, revision: int) -> Sheet:
        """Begin a recording with an action, and return the sheet after both.

        Raises:
            Conflict: it was begun in another window meanwhile, or `revision` is not 0.
            ActScribeError: the action cannot be applied; then nothing was begun.
        """
        with self._lock:
            if revision:
                raise Conflict("The journal of these annotations is another one.", "Load the page again to go on.")
            Sheet.beginning(content, self.annotator, began).check(action.naming(self.labels), self.labels)
            entry = self.journal.append(self.annotator, content, "began", began, revision=0)
            return self.act(content, action, entry.seq)

    def act(self, content: str, action: Action, revision: int) -> Sheet:
        """Write an action and return the sheet after it.

        Raises:
            Conflict: `revision` is not the last.
            ActScribeError: the action cannot be applied.
        """
        with self._lock:
            sheet = self._at(content, revision)
            named = action.naming(self.labels)
            sheet.check(named, self.labels)
            sheet.follow(self.journal.append(self.annotator, content, "did", named, revision))
            return sheet

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
            bouts, verdicts = dict(sheet.bouts), dict(sheet.verdicts)
            entry = self.journal.append(
                self.annotator, content, "undid" if way == "undo" else "redid", revision=revision
            )
            sheet.follow(entry)
            changed = [one for one in {**verdicts, **sheet.verdicts} if verdicts.get(one) != sheet.verdicts.get(one)]
            return Changed(
                sheet, _changes(bouts, sheet.bouts), tuple((one, sheet.verdicts.get(one)) for one in changed)
            )

    def _at(self, content: str, revision: int) -> Sheet:
        sheet = self.of(content)
        if sheet is None or sheet.revision != revision:
            sheet = self.load(content)  # another window may have written, and this one know of it
        if sheet is None:
            raise ActScribeError("No review of this recording was started.", "Open it first.")
        if sheet.revision != revision:
            raise Conflict("These annotations were changed in another window since.", "Load the page again to go on.")
        return sheet


def _changes(before: dict[str, Bout], now: dict[str, Bout]) -> tuple[Op, ...]:
    gone: list[Op] = [Drop(id=one) for one in before if one not in now]
    return (*gone, *(Put(bout=bout) for one, bout in now.items() if before.get(one) != bout))
