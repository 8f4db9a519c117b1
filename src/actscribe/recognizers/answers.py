"""Model answers, kept as they come: a run that is killed goes on where it stopped and gives the same table."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from actscribe.data.view import ClipFrames
from actscribe.errors import ActScribeError
from actscribe.video.cache import default_cache
from actscribe.video.sampling import nominal_times

#: Seconds to wait while another process writes.
PATIENCE_S = 60.0


class AnswerStore:
    """Answers in one SQLite file, safe for several processes at once (write-ahead log).

    The file holds what models said about videos, captions included; deleting it deletes them.

    Args:
        path: of the file; made if it is not there.

    Raises:
        ActScribeError: the file is damaged or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(path, timeout=PATIENCE_S, isolation_level=None)
            self._base.execute("PRAGMA journal_mode=WAL")
            self._base.execute("PRAGMA synchronous=NORMAL")
            self._base.execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, answer TEXT NOT NULL)")
        except (sqlite3.Error, OSError) as error:
            raise self._problem(error) from error

    def get(self, key: str) -> Any:
        """Return the answer kept under a key, or None."""
        try:
            row = self._base.execute("SELECT answer FROM answers WHERE key = ?", (key,)).fetchone()
            return None if row is None else json.loads(row[0])
        except (sqlite3.Error, ValueError) as error:
            raise self._problem(error) from error

    def put(self, answers: Mapping[str, Any]) -> None:
        """Keep answers, all or none; the first answer to a key stays. They survive the end of this process."""
        rows = [(key, json.dumps(answer)) for key, answer in answers.items()]
        try:
            self._base.execute("BEGIN IMMEDIATE")
            try:
                self._base.executemany("INSERT OR IGNORE INTO answers VALUES (?, ?)", rows)
            except BaseException:
                self._base.execute("ROLLBACK")
                raise
            self._base.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._problem(error) from error

    def __len__(self) -> int:
        return int(self._base.execute("SELECT count(*) FROM answers").fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def _problem(self, error: Exception) -> ActScribeError:
        return ActScribeError(
            f"{self.path}: model answers cannot be kept: {error}.",
            "Free some space, or delete the file: the answers in it are then asked for again. Another place for it:"
            " set ACTSCRIBE_CACHE to a folder.",
        )


def default_store() -> AnswerStore:
    """Return the user's store: answers.sqlite beside the cache of decoded frames."""
    return AnswerStore(default_cache().root.parent / "answers.sqlite")


def remember(store: AnswerStore, keys: Sequence[str], ask: Callable[[Sequence[int]], Sequence[Any]]) -> list[Any]:
    """Return the answer of each key, asking `ask` once for the places that are not kept; what it answers is kept."""
    found = [store.get(key) for key in keys]
    left = [place for place, answer in enumerate(found) if answer is None]
    if left:
        for place, answer in zip(left, ask(left), strict=True):
            found[place] = answer
        store.put({keys[place]: found[place] for place in left})
    return found


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

    Where in which recording the clip lies is no part of it: the same pictures get the same answer.
    """
    times = nominal_times(clip.clip.start, clip.clip.end, len(clip.frames)).tolist()
    state = hashlib.blake2b(json.dumps([times, clip.frames.shape]).encode(), digest_size=16)
    state.update(clip.frames.tobytes())
    return state.hexdigest()
