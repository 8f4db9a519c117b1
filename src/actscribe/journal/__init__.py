"""What people said of a study's recordings: an append-only journal, and the annotations that it amounts to."""

from actscribe.journal.action import Action, Bout, Drop, Mark, Op, Put, Suggestion, Verdict
from actscribe.journal.annotations import annotated, annotations_of, begin
from actscribe.journal.entry import Began, Entry, Looked, Version
from actscribe.journal.file_voices import FILES, SECOND_FILES
from actscribe.journal.sheet import AGREED, Sheet
from actscribe.journal.store import JOURNAL_FILE, Conflict, Journal
from actscribe.journal.verify import Verified

__all__ = [
    "AGREED",
    "FILES",
    "JOURNAL_FILE",
    "SECOND_FILES",
    "Action",
    "Began",
    "Bout",
    "Conflict",
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
    "Verified",
    "Version",
    "annotated",
    "annotations_of",
    "begin",
]
