"""What people said of a study's recordings: an append-only journal, and the annotations that it amounts to."""

from actscribe.journal.action import Action, Bout, Drop, Mark, Op, Put, Suggestion, Verdict
from actscribe.journal.entry import Began, Entry, Looked
from actscribe.journal.sheet import Sheet
from actscribe.journal.store import JOURNAL_FILE, Journal

__all__ = [
    "JOURNAL_FILE",
    "Action",
    "Began",
    "Bout",
    "Drop",
    "Entry",
    "Journal",
    "Looked",
    "Mark",
    "Op",
    "Put",
    "Sheet",
    "Suggestion",
    "Verdict",
]
