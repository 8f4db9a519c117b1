"""Model answers, kept as they come: a run that is killed goes on where it stopped and gives the same table."""

from __future__ import annotations

import hashlib
import itertools
import json
import sqlite3
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from actscribe.data.input_spec import PASSING, ClipFrames
from actscribe.errors import ActScribeError
from actscribe.video.cache import default_cache
from actscribe.video.sampling import nominal_times

#: Seconds to wait while another process writes.
PATIENCE_S = 60.0
#: Seconds between two looks at a file that is locked.
LOOK_S = 0.02
#: How often a file is tried: as it is, and once again after it was set aside; one more for another process' haste.
TRIES = 3
_SETTING_UP = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",
    "PRAGMA cell_size_check=ON",
    "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, answer TEXT NOT NULL, digest BLOB NOT NULL)",
    "SELECT key, answer, digest FROM answers LIMIT 0",
)
#: What reading a damaged file may raise. An operational error is damage by its words alone: most are of a full disk,
#: a lock or a missing right.
_DAMAGE = (sqlite3.Error, ValueError, TypeError, OverflowError, MemoryError)
_DAMAGED_WORDS = ("malformed", "no such column", "columns", "syntax error", "unrecognized", "Could not decode")


class AnswerStore:
    """Answers in one SQLite file, safe for several processes at once (write-ahead log).

    Each answer lies beside a digest of itself and its key. A file in which a digest is wrong, or that SQLite cannot
    read, is renamed (never deleted) and a new one takes its place, with all answers that are still whole: what was lost
    is asked for again. One sentence says so.

    The file holds what models said about videos, captions included; deleting it deletes them.

    Args:
        path: of the file; made if it is not there.

    Raises:
        ActScribeError: the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open()

    def get(self, key: str) -> Any:
        """Return the answer kept under a key, or None."""
        for _ in range(TRIES):
            try:
                row = self._base.execute("SELECT answer, digest FROM answers WHERE key = ?", (key,)).fetchone()
                if row is None:
                    return None
                if row[1] == _digest(key, row[0]):
                    return json.loads(row[0])
                damage: Exception = ValueError("an answer is not what was written")
            except _DAMAGE as error:
                damage = error
            self._mend(damage)
        raise self._problem(damage)

    def put(self, answers: Mapping[str, Any]) -> None:
        """Keep answers, all or none; the first answer to a key stays. They survive the end of this process."""
        rows = [(key, text, _digest(key, text)) for key, text in ((k, json.dumps(a)) for k, a in answers.items())]
        for _ in range(TRIES):
            try:
                self._base.execute("BEGIN IMMEDIATE")
                try:
                    self._base.executemany("INSERT OR IGNORE INTO answers VALUES (?, ?, ?)", rows)
                except BaseException:
                    self._base.execute("ROLLBACK")
                    raise
                self._base.execute("COMMIT")
                return
            except sqlite3.Error as error:
                damage = error
            self._mend(damage)
        raise self._problem(damage)

    def __len__(self) -> int:
        return int(self._base.execute("SELECT count(*) FROM answers").fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def _open(self) -> None:
        """Open the file, or in place of a damaged one a new one with all that could be saved."""
        aside: Path | None = None
        for _ in range(TRIES):
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self.path.touch()  # with the mode of any new file; SQLite's own lets only their owner write
                self._base = sqlite3.connect(self.path, timeout=PATIENCE_S, isolation_level=None)
                self._which = self.path.stat().st_ino
                _set_up(self._base)
                verdict = self._base.execute("PRAGMA integrity_check(1)").fetchone()[0]
                if verdict == "ok":
                    break
                damage: Exception = ValueError(" ".join(verdict.split()))
            except (*_DAMAGE, OSError) as error:
                damage = error
            aside = self._damaged(damage)
        else:
            raise self._problem(damage)
        if aside is not None:
            self._take_over(aside)

    def _mend(self, error: Exception) -> None:
        """Go on with a new file if the error is of a damaged one.

        Raises:
            ActScribeError: the error is of another sort, such as a full disk.
        """
        aside = self._damaged(error)
        self._open()
        if aside is not None:
            self._take_over(aside)

    def _take_over(self, aside: Path) -> None:
        self.put(_whole(aside))
        print(f"{len(self)} of its answers are whole and were kept.", file=sys.stderr)

    def _damaged(self, error: Exception) -> Path | None:
        """Set the file aside, or raise the error if it is of another sort than damage."""
        if not _is_damage(error):
            raise self._problem(error)
        return self._set_aside(error)

    def _set_aside(self, error: Exception) -> Path | None:
        """Rename the file, unless another process has done so already, and say it; return its new path."""
        self._base.close()
        try:
            with FileLock(self.path.with_name(f".{self.path.name}.lock"), timeout=PATIENCE_S):
                if not self.path.exists() or self.path.stat().st_ino != self._which:
                    return None
                aside = _free(self.path.with_suffix(".damaged"))
                for ending in ("", "-wal", "-shm"):
                    file = self.path.with_name(self.path.name + ending)
                    if file.exists():
                        file.rename(aside.with_name(aside.name + ending))
        except (OSError, Timeout) as problem:
            raise self._problem(problem) from problem
        message = f"{self.path}: the kept answers are damaged ({error}); the file is now {aside.name}"
        print(f"{message}, and what it lost is asked for again.", file=sys.stderr)
        return aside

    def _problem(self, error: Exception) -> ActScribeError:
        return ActScribeError(
            f"{self.path}: model answers cannot be kept: {error}.",
            "Free some space, or choose another place for it: set ACTSCRIBE_CACHE to a folder that can be written to.",
        )


def _set_up(base: sqlite3.Connection) -> None:
    """Make the table; SQLite does not wait for a file that another process is just setting up."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            for line in _SETTING_UP:
                base.execute(line)
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
        time.sleep(LOOK_S)


def _is_damage(error: Exception) -> bool:
    """Tell a damaged file from one that cannot be read or written now."""
    if isinstance(error, sqlite3.OperationalError):
        return any(words in str(error) for words in _DAMAGED_WORDS)
    return isinstance(error, _DAMAGE)


def _whole(path: Path) -> dict[str, Any]:
    """Return the answers of a damaged file whose digests are right, as far as SQLite can read it."""
    values: dict[str, Any] = {}
    with suppress(*_DAMAGE), closing(sqlite3.connect(path)) as base:
        base.text_factory = bytes  # damaged text may be no UTF-8
        for key, answer, digest in base.execute("SELECT key, answer, digest FROM answers"):
            with suppress(ValueError, TypeError, AttributeError):
                name, text = key.decode(), answer.decode()
                if digest == _digest(name, text):
                    values[name] = json.loads(text)
    return values


def _free(path: Path) -> Path:
    """Return a path of which nothing exists yet: `path` itself, or with a number."""
    names = itertools.chain([path], (path.with_name(f"{path.name}-{number}") for number in itertools.count(2)))
    return next(name for name in names if not name.exists())


def _digest(key: str, answer: str) -> bytes:
    return hashlib.blake2b(f"{key}\0{answer}".encode("utf-8", "surrogatepass"), digest_size=8).digest()


def default_store() -> AnswerStore:
    """Return the user's store: actscribe-answers.sqlite beside the cache of decoded frames."""
    return AnswerStore(default_cache().root.parent / "actscribe-answers.sqlite")


def store_for(clip: ClipFrames, store: AnswerStore) -> AnswerStore | None:
    """Return where answers on a clip are kept; None: it passes by and never comes again, so they are kept nowhere."""
    return None if clip.content.startswith(PASSING) else store


def remember(
    store: AnswerStore | None, keys: Sequence[str], ask: Callable[[Sequence[int]], Sequence[Any]]
) -> list[Any]:
    """Return the answer of each key, asking `ask` once for the indices that are not kept; what it answers is kept.

    Args:
        store: of answers; None: none is kept, and all are asked for.
        keys: see `answer_key`.
        ask: indices of keys -> their answers.
    """
    if store is None:
        return list(ask(range(len(keys))))
    answers = [store.get(key) for key in keys]
    left = [index for index, answer in enumerate(answers) if answer is None]
    if left:
        for index, answer in zip(left, ask(left), strict=True):
            answers[index] = answer
        store.put({keys[index]: answers[index] for index in left})
    return answers


def answer_key(model: Mapping[str, Any], prompt: str, settings: Mapping[str, Any], clip: str = "") -> str:
    """Return the key of an answer: a BLAKE2b digest of all that it depends on.

    Args:
        model: identity of the model: digest of its files and dtype, or a server's address and name.
        prompt: the whole text.
        settings: kind of answer, tokens at most.
        clip: from `clip_digest`; empty for a text-only model.
    """
    parts = json.dumps([dict(model), prompt, dict(settings), clip], sort_keys=True)
    return hashlib.blake2b(parts.encode(), digest_size=16).hexdigest()


def clip_digest(clip: ClipFrames) -> str:
    """Return a digest of all that a model is told and shown of a clip: nominal frame times (microseconds) and pixels.

    Where in which recording the clip lies is not part of it: the same pictures get the same answer.
    """
    times = nominal_times(clip.clip.start, clip.clip.end, len(clip.frames)).tolist()
    state = hashlib.blake2b(json.dumps([times, clip.frames.shape]).encode(), digest_size=16)
    state.update(clip.frames.tobytes())
    return state.hexdigest()
