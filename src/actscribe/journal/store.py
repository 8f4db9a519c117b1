"""The journal on disk: SQLite, append-only, each entry chained to the one before."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from actscribe.errors import ActScribeError
from actscribe.journal.entry import FROM_BACKUP, NO_DIGEST, Entry, EntryKind, Version, digest_of
from actscribe.journal.sheet import Sheet
from actscribe.journal.verify import Verified, verified

#: Below the study file's folder.
JOURNAL_FILE = Path("review") / "journal.sqlite"
#: Seconds that an append waits for another process's.
_WAIT_S = 30.0
#: What to do where it cannot be opened, and where it is damaged.
_DISK = "Is the disk full, the folder read-only or on a network drive? The journal wants a local disk."
_DAMAGED = f"The file is damaged. {FROM_BACKUP}; STUDY/review/export holds what was exported."
#: Errors of the disk; whatever else SQLite says is wrong with the file.
_OF_THE_DISK = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_READONLY,
)
_TABLE = (
    "CREATE TABLE entries (seq INTEGER PRIMARY KEY, at TEXT NOT NULL, annotator TEXT NOT NULL,"
    " recording TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL, digest TEXT NOT NULL) STRICT",
    "CREATE INDEX whose ON entries (recording, annotator, seq)",
    "CREATE TRIGGER no_change BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'append-only'); END",
    "CREATE TRIGGER no_removal BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'append-only'); END",
)
_BEGAN_BY_OTHERS = "SELECT 1 FROM entries WHERE recording = ? AND annotator != ? AND kind = 'began'"
#: SQLite's greatest integer.
_LAST_SEQ = (1 << 63) - 1
_COLUMNS = "seq, at, annotator, recording, kind, body, digest"


class Conflict(ActScribeError):
    """An action was based on a revision that is no longer the last: another window or process wrote since."""


class Journal:
    """What people said of the recordings of one study. An entry that `append` returned is on disk.

    Args:
        path: of the file; its folder is made by the first `append`.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)

    @classmethod
    def of(cls, study_folder: Path) -> Journal:
        """Return the journal of the study whose file lies in `study_folder`."""
        return cls(Path(study_folder) / JOURNAL_FILE)

    @property
    def exists(self) -> bool:
        """Whether anything was ever said."""
        return self.path.is_file()

    def append(
        self,
        annotator: str,
        recording: str,
        kind: EntryKind,
        body: BaseModel | None = None,
        revision: int | None = None,
        alone: bool = False,
        among: Sequence[str] = (),
    ) -> Entry:
        """Write one entry and return it once it is on disk.

        Args:
            annotator: who.
            recording: digest of the video's bytes.
            kind: what was done.
            body: a `Began`, `Looked` or `Action`.
            revision: number of the last entry of this annotator on this recording that the caller knows, 0 for none;
                None: whatever was.
            alone: only where nobody else began this recording.
            among: others whose entries on this recording count for `revision`, too: what is written is about them.

        Raises:
            Conflict: there is a later one, or somebody else began.
            ActScribeError: the file cannot be written, or is not a journal.
        """
        text = "" if body is None else body.model_dump_json()
        with self._open(write=True) as database:
            if revision is not None:
                ask, values = _last_of(recording, (annotator, *among))
                if (database.execute(ask, values).fetchone()[0] or 0) != revision:
                    raise changed_since(bool(among))
            if alone and database.execute(_BEGAN_BY_OTHERS, (recording, annotator)).fetchone():
                raise Conflict(
                    "somebody else began this recording meanwhile, so it begins from nothing here.",
                    "Load the page again to go on.",
                )
            before = database.execute("SELECT seq, digest FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
            seq, digest = (before[0] + 1, before[1]) if before else (1, NO_DIGEST)
            at = datetime.now(UTC).isoformat(timespec="milliseconds")
            digest = digest_of(digest, seq, at, annotator, recording, kind, text)
            entry = Entry(seq, at, annotator, recording, kind, text, digest)
            database.execute(
                f"INSERT INTO entries ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (seq, at, annotator, recording, kind, text, digest),
            )
        return entry

    def entries(
        self, recording: str | None = None, annotator: str | None = None, kind: EntryKind | None = None, after: int = 0
    ) -> list[Entry]:
        """Return entries in order: all, or of one recording, annotator or kind, or after the one of a number."""
        asked = {"recording": recording, "annotator": annotator, "kind": kind}
        given = [f"{name} = :{name}" for name, value in asked.items() if value is not None]
        where = " AND ".join(["seq > :after", *given])
        values = {**asked, "after": after}
        return [Entry(*row) for row in self._rows(f"SELECT {_COLUMNS} FROM entries WHERE {where} ORDER BY seq", values)]

    def annotators(self, recording: str | None = None) -> list[str]:
        """Return who began a recording, or any, in the order in which they did."""
        which = "" if recording is None else "recording = :recording AND "
        ask = f"SELECT annotator FROM entries WHERE {which}kind = 'began' ORDER BY seq"
        return list(dict.fromkeys(row[0] for row in self._rows(ask, {"recording": recording})))

    def last(self, recording: str, annotators: Sequence[str]) -> int:
        """Return the number of the last entry by which one of these annotators changed a recording; 0: none did."""
        rows = self._rows(*_last_of(recording, annotators))
        return rows[0][0] or 0 if rows else 0

    def sheet(self, recording: str, annotator: str) -> Sheet:
        """Return what an annotator says of a recording.

        Raises:
            ActScribeError: this annotator has not begun it.
        """
        return Sheet.of(one for one in self.entries(recording, annotator) if one.kind != "looked")

    def version(self) -> Version:
        """Return what this version of the journal is known by."""
        row = next(iter(self._rows("SELECT seq, digest FROM entries ORDER BY seq DESC LIMIT 1", {})), None)
        return Version(entries=row[0], head=row[1]) if row else Version()

    def holds(self, version: Version) -> bool:
        """Tell whether a version that was noted is one that this journal went through."""
        ask = "SELECT digest FROM entries WHERE seq = :seq"
        return not version.entries or (version.head,) in self._rows(ask, {"seq": min(version.entries, _LAST_SEQ)})

    def verify(self, noted: Iterable[Version] = ()) -> Verified:
        """Recompute the chain of digests, and say where it breaks.

        An edit, a removed or an inserted entry breaks the chain. Who takes off its end, or computes every digest again,
        is found by the versions that were noted elsewhere.

        Args:
            noted: versions that runs and comparisons saw.
        """
        return verified(self.entries(), noted)

    def _rows(self, ask: str, values: Mapping[str, str | int | None] | Sequence[str]) -> list[tuple[Any, ...]]:
        if not self.exists:
            return []
        with self._open() as database:
            return database.execute(ask, values).fetchall() if _has_table(database) else []

    @contextmanager
    def _open(self, write: bool = False) -> Iterator[sqlite3.Connection]:
        try:
            if write:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._address(write), _WAIT_S, isolation_level=None, uri=True)) as database:
                if write:
                    _into_wal(database)
                    database.execute("PRAGMA synchronous = FULL")  # acknowledged means on disk, not in a buffer
                    database.execute("BEGIN IMMEDIATE")
                    for statement in () if _has_table(database) else _TABLE:
                        database.execute(statement)
                yield database
                if write:
                    database.execute("COMMIT")
        except (sqlite3.Error, OSError, OverflowError) as error:
            disk = isinstance(error, OSError) or getattr(error, "sqlite_errorcode", 0) & 0xFF in _OF_THE_DISK
            raise ActScribeError(
                f"{self.path}: cannot be read or written as a review journal: {error}.", _DISK if disk else _DAMAGED
            ) from error

    def _address(self, write: bool) -> str:
        address = self.path.absolute().as_uri()
        beside = self.path.with_name(f"{self.path.name}-wal")
        # To read in WAL mode, SQLite makes files beside; in a folder that allows none, nobody writes either.
        fixed = not write and not beside.exists() and not os.access(self.path.parent, os.W_OK)
        return f"{address}?mode=ro&immutable=1" if fixed else f"{address}?mode=rwc"


def changed_since(settling: bool) -> Conflict:
    """Return what refuses a change of what is no longer as it was when it was shown; `settling`: shown of two."""
    what = "What is settled here was changed since, by one of the two or in another window."
    own = "These annotations were changed in another window since."
    return Conflict(what if settling else own, "Load the page again to go on.")


def _last_of(recording: str, annotators: Sequence[str]) -> tuple[str, Sequence[str]]:
    marks = ", ".join("?" for _ in annotators)
    ask = f"SELECT max(seq) FROM entries WHERE recording = ? AND annotator IN ({marks}) AND kind != 'looked'"
    return ask, (recording, *annotators)


def _has_table(database: sqlite3.Connection) -> bool:
    """Tell whether the first entry's transaction ended; a process may have been killed before."""
    return bool(database.execute("SELECT 1 FROM sqlite_master WHERE name = 'entries'").fetchone())


def _into_wal(database: sqlite3.Connection) -> None:
    """Switch a new file into WAL mode; SQLite does not wait for another process that does the same.

    On a disk that cannot have it, it stays in the other mode: slower, and as safe.
    """
    until = time.monotonic() + _WAIT_S
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return
