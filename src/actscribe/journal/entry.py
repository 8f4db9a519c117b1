"""The lines of the journal, and the chain of digests through them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from actscribe.errors import ActScribeError
from actscribe.journal.action import Bout

EntryKind = Literal["began", "looked", "did", "undid", "redid", "read"]
Body = TypeVar("Body", bound=BaseModel)
#: What to do with a damaged journal. SQLite would write what a crash left in the -wal into whatever file is put there.
FROM_BACKUP = (
    "Move journal.sqlite, journal.sqlite-wal and journal.sqlite-shm out of STUDY/review, those that are there, and put"
    " a copy of journal.sqlite from a backup in their place"
)
#: Before the first entry.
NO_DIGEST = "0" * 64


class Began(BaseModel):
    """An annotator began a recording, or what an annotation file of the study says of it was read (`file_voices`).

    Args:
        name: of the recording at that time.
        duration: of the recording, in seconds.
        labels: of the study at that time.
        source: the annotation file that the bouts are from, relative to the study; empty: from nothing.
        digest: of that file.
        bouts: that were there.
        reviewed: label -> spans (start, end) in seconds that were annotated.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    duration: float
    labels: tuple[str, ...]
    source: str = ""
    digest: str = ""
    bouts: tuple[Bout, ...] = ()
    reviewed: dict[str, tuple[tuple[float, float], ...]] = {}


class Looked(BaseModel):
    """An annotator was shown a recording, or a report about it.

    Args:
        run: digest of the run whose predictions were shown, or of a report of several runs or of an archive; empty: no
            predictions.
        insisted: the person insisted on them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    run: str = ""
    insisted: bool = False


class Version(BaseModel):
    """A version of the journal: what it held when somebody looked.

    Args:
        entries: how many.
        head: digest of the last one; empty where there is none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    entries: int = Field(0, ge=0)
    head: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal.

    Args:
        seq: 1, 2, 3, … without a gap.
        at: when, UTC, ISO 8601 with milliseconds.
        annotator: who; of "read" the column of the manifest that names the file.
        recording: digest of the video's bytes, by which a renamed or moved video is known again.
        kind: "began", "looked", "did", "undid", "redid" or "read".
        body: JSON of a `Began` (of "read", too), `Looked` or `Action`; of "undid" and "redid" empty: the last one is
            meant.
        digest: SHA-256 over the digest before and everything above, in hex.
    """

    seq: int
    at: str
    annotator: str
    recording: str
    kind: EntryKind
    body: str
    digest: str

    def read(self, kind: type[Body]) -> Body:
        """Return what the body says.

        Args:
            kind: a `Began`, `Looked` or `Action`.

        Raises:
            ActScribeError: it is none, as where somebody edited the file.
        """
        try:
            return kind.model_validate_json(self.body)
        except ValidationError:
            raise ActScribeError(
                f"entry {self.seq} of the review journal, of {self.at} by {self.annotator}, cannot be read: it is not"
                " as ActScribe writes it.",
                f"{FROM_BACKUP}; actscribe review STUDY --verify says from which entry on it was changed.",
            ) from None


def digest_of(before: str, seq: int, at: str, annotator: str, recording: str, kind: str, body: str) -> str:
    """Return the digest of an entry that follows one with the digest `before`."""
    text = json.dumps([before, seq, at, annotator, recording, kind, body], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
