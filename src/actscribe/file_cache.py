"""What was found out about a large file, kept in the user's cache for as long as the file looks the same."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from actscribe.caches import cache_folder
from actscribe.errors import ActScribeError
from actscribe.files import content_hash, text_hash, write_text
from actscribe.stored_path import real_path

#: A file that changed so few seconds ago may change again within one tick of its file system's clock (ours).
FRESH_S = 3.0


def cached(path: Path, what: str, find: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what `find` finds out about a file; of one that looks as it did then, without looking into it.

    How it looked is its size, its times and its place on the disk: bits that rot in a file whose times stay are seen
    once on every machine, and again whenever the cache is emptied. A cache that cannot be written is not an error.

    Args:
        path: of the file, which may be gone: then `find` says so.
        what: is found out, and by which version of whose code; other answers are not taken for it.
        find: reads the file; returns what JSON holds.
    """
    before = _looks(path)
    if before is None:
        return find()
    name = text_hash(f"{what} {real_path(path)}")
    note = cache_folder() / "files" / name[:2] / f"{name}.json"  # writing looks through the folder: small ones
    kept = _read(note)
    if kept.get("looks") == before:
        known: dict[str, Any] = kept["facts"]
        return known
    facts = find()
    if before == _looks(path) and time.time() - before[1] / 1e9 > FRESH_S:
        with suppress(ActScribeError):
            text = json.dumps({"looks": before, "facts": facts, "sum": text_hash(json.dumps([before, facts]))})
            write_text(note, text, durable=False)
    return facts


def cached_digest(path: Path) -> str:
    """Return the digest of a file's bytes, see `files.content_hash`.

    Raises:
        OSError: it cannot be read.
    """
    return str(cached(path, "content", lambda: {"digest": content_hash(path)})["digest"])


def _looks(path: Path) -> list[int] | None:
    try:
        state = path.stat()
    except (OSError, ValueError):  # not there, or no name that a file can have
        return None
    return [state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino]


def _read(note: Path) -> dict[str, Any]:
    """Return a note, or an empty one where there is none that is whole."""
    try:
        values: dict[str, Any] = json.loads(note.read_text(encoding="utf-8"))
        return values if values["sum"] == text_hash(json.dumps([values["looks"], values["facts"]])) else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
