"""Writing files so that a crash, a full disk or Ctrl-C never leaves half of one."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from actscribe.errors import ActScribeError

#: Error numbers of a full disk, and what libraries say that write files themselves (safetensors, Arrow; torch).
FULL = (errno.ENOSPC, errno.EDQUOT)
FULL_WORDS = ("No space left on device", "PytorchStreamWriter failed writing", "inline_container.cc")


@contextmanager
def write_beside(target: Path) -> Iterator[Path]:
    """Yield a temporary path in the folder of `target`; rename it to `target` when the block ends well.

    The block creates a file at the yielded path. On any exception, KeyboardInterrupt included, the temporary file is
    removed and whatever stood at `target` before is untouched.

    Raises:
        ActScribeError: the disk is full or the folder cannot be written to.
    """
    target = Path(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.stem}-", suffix=target.suffix)
    except OSError as error:
        raise explain_os_error(error, target) from error
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        beside.chmod(0o666 & ~_umask())
        beside.replace(target)
    except OSError as error:
        raise explain_os_error(error, target) from error
    finally:
        beside.unlink(missing_ok=True)


def write_text(target: Path, text: str) -> None:
    """Write `text` to `target` as UTF-8, whole or not at all."""
    with write_beside(target) as beside:
        beside.write_text(text, encoding="utf-8", newline="")


@contextmanager
def folder_beside(target: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `target`; it becomes `target`, replacing it, when the block ends well."""
    target = Path(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-"))
        beside.chmod(0o777 & ~_umask())
    except OSError as error:
        raise explain_os_error(error, target) from error
    try:
        yield beside
        if target.exists():
            shutil.rmtree(target)
        beside.rename(target)
    except OSError as error:
        raise explain_os_error(error, target) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def content_hash(path: Path) -> str:
    """Return the hex BLAKE2b-128 digest of a file's bytes: the identity of a video wherever it lies."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def explain_os_error(error: OSError, target: Path) -> ActScribeError:
    """Turn an operating-system error met while writing `target` into a message with a way out."""
    if error.errno in FULL:
        free = shutil.disk_usage(target.parent if target.parent.exists() else Path.cwd()).free // 2**20
        return ActScribeError(
            f"{target}: the disk is full ({free} MiB free). Nothing was left half-written.",
            "Free some space or choose another folder, then run the same command again.",
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return ActScribeError(
            f"{target}: cannot be written: {error.strerror}.", "Choose a folder that you may write to."
        )
    return ActScribeError(f"{target}: {error.strerror or error}.")


def disk_is_full(error: BaseException) -> bool:
    """Tell whether an error, or one that led to it, came from a full disk; some libraries say so in words only."""
    cause: BaseException | None = error
    while cause is not None:
        if (isinstance(cause, OSError) and cause.errno in FULL) or any(word in str(cause) for word in FULL_WORDS):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
