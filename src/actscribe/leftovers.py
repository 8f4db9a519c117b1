"""What a killed process leaves: temporary files and folders with a name of our own, removed by the next run.

The name tells for which target it was made, and by which process of which machine. It is removed only when that process
is known to be gone; of a process on another machine (or before a restart) nothing is known, so there its age decides.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import secrets
import shutil
import socket
import time
from pathlib import Path

import psutil

#: Temporary names: for which target, by which machine, process and its start; the ending is the target's own.
PREFIX = ".actscribe-part-"
PATTERN = re.compile(r"\.actscribe-part-([0-9a-f]{12})-([0-9a-f]{12})-(\d+)-(\d+)-[0-9a-f]{8}(\.\w{1,12})?")
#: Seconds without a change after which a leftover of a machine that cannot be asked counts as left behind.
FORGOTTEN_S = 24 * 3600.0
#: The longest ending that a temporary name takes over; libraries tell containers apart by it.
LONGEST_ENDING = 13


def this_process() -> str:
    """Return a name that no other process has, on this machine or another one."""
    return f"{_machine()}-{os.getpid()}-{_started(os.getpid())}"


def is_alive(process: str) -> bool | None:
    """Tell whether the process of a name that `this_process` gave lives; None where its machine cannot be asked."""
    machine, _, rest = process.partition("-")
    pid, _, started = rest.partition("-")
    if machine != _machine() or not pid.isdecimal():
        return None
    return str(_started(int(pid))) == started


def temporary_name(target: str) -> str:
    """Return a new name for what is written beside the file or folder `target` (a name without folders)."""
    ending = Path(target).suffix
    if len(ending) > LONGEST_ENDING or not re.fullmatch(r"\.[A-Za-z0-9_]+", ending):
        ending = ""
    return f"{PREFIX}{_digest(target)}-{this_process()}-{secrets.token_hex(4)}{ending}"


def is_temporary(name: str) -> bool:
    """Tell whether a name is one that `temporary_name` gives."""
    return PATTERN.fullmatch(name) is not None


def sweep(folder: Path, target: str | None = None) -> None:
    """Remove from a folder what killed processes left there; nothing is removed that a living process may own.

    Args:
        folder: looked through, without those below it; need not exist.
        target: only what was made for a file or folder of this name; None: for any, in a folder of our own.
    """
    try:
        names = [entry.name for entry in os.scandir(folder) if entry.name.startswith(PREFIX)]
    except OSError:  # not there, or not ours to read
        return
    for name in names:
        match = PATTERN.fullmatch(name)
        if match and (target is None or match[1] == _digest(target)) and not _is_owned(folder / name, match):
            _remove(folder / name)


def sweep_below(folder: Path) -> None:
    """Do as `sweep` for a folder of our own and all folders below it; links are not followed."""
    for parent, below, _ in os.walk(folder):
        sweep(Path(parent))
        below[:] = [name for name in below if not is_temporary(name)]


def _is_owned(path: Path, match: re.Match[str]) -> bool:
    _, machine, pid, started, _ = match.groups()
    if machine == _machine():
        return _started(int(pid)) == int(started)
    return time.time() - _last_change(path) < FORGOTTEN_S


def _last_change(path: Path) -> float:
    """Return when the file, or anything in the folder, was last written to; now where that cannot be told."""
    try:
        inside = [Path(parent) / name for parent, below, files in os.walk(path) for name in (*below, *files)]
        return max(one.lstat().st_mtime for one in (path, *inside))
    except OSError:
        return time.time()


def _remove(path: Path) -> None:
    """Remove a leftover; its name proves that it is ours. Another process may be doing the same."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    try:
        path.unlink(missing_ok=True)
    except OSError:  # a folder that lets nobody write, or another process has it open (Windows)
        return


def _digest(text: str) -> str:
    return hashlib.blake2b(os.fsencode(text), digest_size=6).hexdigest()


@functools.cache
def _machine() -> str:
    """Return a digest of what process ids are counted in: host, its start, and on Linux the namespace (a container)."""
    parts = [socket.gethostname()]
    try:
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii"))
        parts.append(str(Path("/proc/self/ns/pid").stat().st_ino))
    except OSError:
        parts.append(str(int(psutil.boot_time())))
    return _digest("\n".join(parts))


def _started(pid: int) -> int:
    """Return when a process began, as its system counts, which clock changes do not move; -1 if there is none."""
    try:
        if Path("/proc/self/stat").exists():  # ticks since the system's start, behind the name in brackets
            return int(
                Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
            )
        return int(psutil.Process(pid).create_time())
    except (OSError, psutil.Error, ValueError, IndexError):
        return -1
