"""Writing files so that a crash, a full disk or Ctrl-C never leaves half of one."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from actscribe.errors import ActScribeError
from actscribe.leftovers import sweep, temporary_name
from actscribe.ownership import check_replaceable, mark

#: Error numbers of a full disk, and what libraries say that write files themselves (safetensors, Arrow; torch).
FULL = (errno.ENOSPC, errno.EDQUOT)
FULL_WORDS = ("No space left on device", "PytorchStreamWriter failed writing", "inline_container.cc")

_noting: ContextVar[Callable[[Path, Path], None] | None] = ContextVar("noting", default=None)


@contextmanager
def noting(note: Callable[[Path, Path], None]) -> Iterator[None]:
    """Call `note` with each file that is written within the block, just before it is there, and where its bytes lie.

    What is noted so is known to be ours, whenever the process is killed.
    """
    before = _noting.set(note)
    try:
        yield
    finally:
        _noting.reset(before)


@contextmanager
def write_beside(target: Path, *, durable: bool = True) -> Iterator[Path]:
    """Yield a temporary path in the folder of `target`; rename it to `target` when the block ends well.

    An empty file is there already; the block fills it, or puts another in its place. On any exception,
    KeyboardInterrupt included, the temporary file is removed and whatever stood at `target` before is untouched. What a
    killed process left for the same target is removed. The mode is that of any new file here (umask), whoever wrote it.

    Args:
        target: the file.
        durable: wait until the disk has it, so that it outlives a power cut. What carries sums of its own and can be
            computed again, such as a cache's entry, need not.

    Raises:
        ActScribeError: the disk is full or the folder cannot be written to.
    """
    target = Path(target)
    beside = target.parent / temporary_name(target.name)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        sweep(target.parent, target.name)
        mode = _create(beside)
    except OSError as error:
        raise explain_os_error(error, target) from error
    try:
        yield beside
        if durable:
            with beside.open("rb") as file:
                os.fsync(file.fileno())
        _set_mode(beside, mode)
        note = _noting.get()
        if note is not None:
            note(target, beside)
        beside.replace(target)
    except OSError as error:
        raise explain_os_error(error, target) from error
    finally:
        beside.unlink(missing_ok=True)


def write_text(target: Path, text: str, *, durable: bool = True) -> None:
    """Write `text` to `target` as UTF-8, whole or not at all; see `write_beside`."""
    with write_beside(target, durable=durable) as beside:
        beside.write_text(text, encoding="utf-8", newline="")


@contextmanager
def folder_beside(target: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `target`; it becomes `target` when the block ends well.

    A folder that is there is replaced only if this program wrote it and nothing else lies in it; that is looked at
    before the block, so that no work is lost, and once more after it. What a killed process left is removed.

    Raises:
        ActScribeError: something else is at `target`, the disk is full, or the folder cannot be written to.
    """
    target = Path(target)
    check_replaceable(target)
    beside = target.parent / temporary_name(target.name)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        sweep(target.parent, target.name)
        beside.mkdir()
    except OSError as error:
        raise explain_os_error(error, target) from error
    try:
        yield beside
        mark(beside)
        share(beside)
        check_replaceable(target)
        _put(beside, target)
    except OSError as error:
        raise explain_os_error(error, target) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)  # its name is our own, and it was made above


def _put(beside: Path, target: Path) -> None:
    """Rename a folder to `target`; what was there is first moved aside, and put back should that fail."""
    if not target.exists():
        beside.rename(target)
        return
    aside = target.parent / temporary_name(target.name)
    target.rename(aside)
    try:
        beside.rename(target)
    except BaseException:
        aside.rename(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)  # `check_replaceable` proved that nothing but ours is in it


def check_writable(folder: Path) -> None:
    """Prove that a folder can be written to, by making a file in it and removing that; nothing else is made.

    Where the folder does not exist yet, the nearest one above it that does is tried.

    Raises:
        ActScribeError: it cannot, or a file is in its place.
    """
    existing = Path(folder)
    while not os.path.lexists(existing) and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        what = "a link to a place that does not exist" if existing.is_symlink() else "a file"
        raise ActScribeError(f"{existing}: is {what}, expected a folder.", "Choose another folder to write to.")
    tried = existing / temporary_name("tried")
    try:
        _create(tried)
        tried.unlink()
    except OSError as error:
        raise explain_os_error(error, Path(folder)) from error


@contextmanager
def trial_folder(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder in `folder`, or in the nearest one above it that exists, to try what will be written.

    Raises:
        ActScribeError: as `check_writable`.
    """
    check_writable(folder)
    existing = Path(folder)
    while not existing.exists():
        existing = existing.parent
    tried = existing / temporary_name("tried")
    try:
        tried.mkdir()
        yield tried
    except OSError as error:
        raise explain_os_error(error, Path(folder)) from error
    finally:
        shutil.rmtree(tried, ignore_errors=True)  # its name is our own, and it was made above


def _create(path: Path) -> int:
    """Make an empty file and return the mode that the system gave it: umask and what the folder hands down."""
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
    try:
        return stat.S_IMODE(os.fstat(handle).st_mode)
    finally:
        os.close(handle)


def _set_mode(path: Path, mode: int) -> None:
    if stat.S_IMODE(path.stat().st_mode) != mode:  # safetensors makes files that their owner alone may read
        path.chmod(mode)


def share(folder: Path) -> None:
    """Give every file in a folder that was just written the mode of any new file there: umask, and what it hands down.

    Libraries make some that their owner alone may read, and colleagues could not use them.
    """
    tried = folder / temporary_name("tried")
    mode = _create(tried)
    tried.unlink()
    for parent, _, names in os.walk(folder):
        for name in names:
            if not (Path(parent) / name).is_symlink():
                _set_mode(Path(parent) / name, mode)


def free_path(path: Path) -> Path:
    """Return a path at which nothing is: as it was given, or with a number behind its name."""
    free, number = path, 1
    while free.exists() or free.is_symlink():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free


def content_hash(path: Path) -> str:
    """Return the hex BLAKE2b-128 digest of a file's bytes: the identity of a video wherever it lies."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def text_hash(text: str) -> str:
    """Return the hex BLAKE2b-128 digest of a text."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


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
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return ActScribeError(f"{target}: a file is where a folder is expected.", "Choose another folder to write to.")
    if error.errno == errno.EISDIR:
        return ActScribeError(f"{target}: is a folder; expected a file to write to.", "Move it away, then try again.")
    return ActScribeError(f"{target}: {error.strerror or error}.")


def disk_is_full(error: BaseException) -> bool:
    """Tell whether an error, or one that led to it, came from a full disk; some libraries say so in words only."""
    cause: BaseException | None = error
    while cause is not None:
        if (isinstance(cause, OSError) and cause.errno in FULL) or any(word in str(cause) for word in FULL_WORDS):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
