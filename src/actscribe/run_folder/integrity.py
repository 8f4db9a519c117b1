"""Whether the files of a run are still those that were written: digests in run.json, looked at when a run is opened.

Covered is whatever a result depends on: study.yaml, labels.yaml, recordings.json, operating-point.json, scores,
captions and hallucination of each split, every file of model/ (to which none may be added), and run.json itself, which
ends with a digest of its own content. Not covered, so that they may be edited, added to or made again: reports,
metrics-SPLIT.json, timelines, training curves, and anything a user puts beside them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from actscribe.counts import counted
from actscribe.errors import ActScribeError, in_one_line
from actscribe.file_cache import cached_digest
from actscribe.files import content_hash, text_hash

#: Files from this size on are read once; then size, times and place on the disk tell whether they are the same (ours).
LARGE_BYTES = 2**24
#: The folder of a run to which nothing may be added, since what lies in it decides how the recognizer is loaded.
MODEL = "model"
SEAL = "seal"
COPY_AGAIN = "Put back the file as it was, copy the run's folder again from where it was made, or train again."


def sealed(values: Mapping[str, Any]) -> str:
    """Return JSON values as the text of a file that ends with a digest of them."""
    whole = {**values, SEAL: _seal(values)}
    text = json.dumps(whole, indent=1, ensure_ascii=False)
    return text if _is_utf8(text) else json.dumps(whole, indent=1)


def unsealed(path: Path) -> dict[str, Any]:
    """Return the values of a file that `sealed` wrote.

    Raises:
        ActScribeError: it cannot be read, or was changed since.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ActScribeError(f"{path}: cannot be read: {in_one_line(error)}", COPY_AGAIN) from None
    if not isinstance(values, dict) or SEAL not in values:
        raise ActScribeError(f"{path}: was not written by this version of ActScribe.", COPY_AGAIN)
    seal = values.pop(SEAL)
    if seal != _seal(values):
        raise ActScribeError(f"{path}: was changed after it was written.", COPY_AGAIN)
    return values


def digests(folder: Path, paths: Iterable[Path]) -> dict[str, str]:
    """Return the digest of each file, and of each file below a folder, by its path from `folder` with `/`."""
    by_path = {}
    for path in paths:
        for file in _files(path) if path.is_dir() else (path,):
            by_path[file.relative_to(folder).as_posix()] = content_hash(file)
    return dict(sorted(by_path.items()))


def check(folder: Path, noted: Mapping[str, str]) -> None:
    """Refuse a run of which a file is missing, was changed, or was added to its model.

    Args:
        folder: of the run.
        noted: from `digests`.

    Raises:
        ActScribeError: counts and names the files.
    """
    missing = [name for name in noted if not (folder / name).is_file()]
    if missing:
        more = f" and {counted(len(missing) - 1, 'more file is', 'more files are')}" if len(missing) > 1 else " is"
        raise ActScribeError(f"{folder / missing[0]}{more} missing; the run is not whole.", COPY_AGAIN)
    for name, digest in noted.items():
        if not _is_same(folder / name, digest):
            raise ActScribeError(f"{folder / name}: was changed after the run wrote it.", COPY_AGAIN)
    for file in _files(folder / MODEL):
        if file.relative_to(folder).as_posix() not in noted and any(n.startswith(f"{MODEL}/") for n in noted):
            raise ActScribeError(
                f"{file}: was added after the run wrote its model.", f"Move it out of {folder / MODEL}."
            )


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, but for what a system's file manager leaves there."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in (".DS_Store", "Thumbs.db", "desktop.ini", ".directory"):
            yield path


def _is_same(path: Path, digest: str) -> bool:
    """Tell whether a file has a digest; a large one that looks as it did is not read again, see `cached`."""
    try:
        if path.stat().st_size < LARGE_BYTES:
            return content_hash(path) == digest
        return cached_digest(path) == digest
    except OSError as error:
        raise ActScribeError(f"{path}: cannot be read: {error.strerror or error}.", COPY_AGAIN) from error


def _is_utf8(text: str) -> bool:
    """Tell whether a text can be written; names of folders in another encoding cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _seal(values: Mapping[str, Any]) -> str:
    return text_hash(json.dumps(values, sort_keys=True))
