"""Who works on what, so that processes on any number of machines do not do the same twice.

A claim is a small file that appears by a hard link, which every network file system makes once; locks it may not have.
Its holder rewrites it every few seconds. Whether a holder on another machine is gone is told by this process's own
clock alone: its claim has not changed for `EXPIRED_S`. No two machines' clocks are ever compared.

Claims save work and nothing else: what two processes make of one video is the same, byte for byte, and is put in its
place by a rename. So a claim that is lost, or seen late, costs time and no result.
"""

from __future__ import annotations

import errno
import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from actscribe.leftovers import is_alive, temporary_name, this_process

#: Seconds between two signs of life, and without one until a claim counts as left behind: NFS shows files up to a
#: minute late (ours).
BEAT_S, EXPIRED_S = 15.0, 240.0
#: Error numbers of file systems without hard links.
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


class Claims:
    """The claims of one process.

    Args:
        folder: of all processes' claims.
        beat_s, expired_s: see above.
    """

    def __init__(self, folder: Path, beat_s: float = BEAT_S, expired_s: float = EXPIRED_S) -> None:
        self.holder = f"{this_process()}-{secrets.token_hex(4)}"
        self._folder, self._beat_s, self._expired_s = folder, beat_s, expired_s
        self._held: dict[str, int] = {}
        self._last_texts: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()

    @contextmanager
    def hold(self, name: str) -> Iterator[bool]:
        """Yield whether the claim is ours; it is given back when the block ends, however it does.

        Args:
            name: of the claim, a file name.
        """
        mine = self._take(name)
        if mine:
            with self._lock:
                self._held[name] = 0
        try:
            yield mine
        finally:
            if mine:
                with self._lock:
                    del self._held[name]
                    if self._holder_of(name) == self.holder:
                        (self._folder / name).unlink(missing_ok=True)

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Give signs of life for all that is held, while the block runs."""
        ended = threading.Event()

        def beat() -> None:
            while not ended.wait(self._beat_s):
                self.beat()

        thread = threading.Thread(target=beat, name="claims", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def beat(self) -> None:
        """Give one sign of life for all that is held; what another process has taken over meanwhile stays its."""
        with self._lock:
            for name, count in self._held.items():
                if self._holder_of(name) != self.holder:
                    continue
                self._held[name] = count + 1
                beside = self._folder / temporary_name(name)
                with suppress(OSError):  # a full disk: the claim expires, which costs time only
                    beside.write_text(f"{self.holder} {count + 1}", encoding="utf-8")
                    beside.replace(self._folder / name)
                with suppress(OSError):
                    beside.unlink(missing_ok=True)

    def free(self, holder: str) -> None:
        """Give back what a process held that is known to be dead.

        Args:
            holder: its `Claims.holder`; empty where it never said.
        """
        for name in self.names():
            if holder and self._holder_of(name) == holder:
                with suppress(OSError):  # a disk that cannot be written: the claim expires, which costs time only
                    (self._folder / name).unlink(missing_ok=True)

    def names(self) -> list[str]:
        """Return what is claimed by anybody; nothing is written, so that whoever only looks on may ask."""
        if not self._folder.is_dir():
            return []
        return sorted(path.name for path in self._folder.iterdir() if not path.name.startswith("."))

    def at_work(self) -> list[str]:
        """Return those of `names` whose holder is not known to be dead; of another machine's nobody knows."""
        return [name for name in self.names() if (text := _read(self._folder / name)) and _asked(text) is not False]

    def _take(self, name: str) -> bool:
        if self._create(name):
            return True
        path = self._folder / name
        text = _read(path)
        if text is None:
            return self._create(name)
        if not self._is_dead(name, text):
            return False
        aside = self._folder / temporary_name(name)
        try:
            path.rename(aside)
        except FileNotFoundError:  # another process was quicker
            return False
        moved = _read(aside)
        if moved != text:  # it was: what we moved is its new claim
            with suppress(OSError):
                os.link(aside, path)
        aside.unlink(missing_ok=True)
        return moved == text and self._create(name)

    def _create(self, name: str) -> bool:
        self._folder.mkdir(parents=True, exist_ok=True)
        return create_whole(self._folder / name, f"{self.holder} 0")

    def _holder_of(self, name: str) -> str:
        return (_read(self._folder / name) or "").partition(" ")[0]

    def _is_dead(self, name: str, text: str) -> bool:
        alive = _asked(text)
        if alive is not None:
            return not alive
        now = time.monotonic()
        last_text, since = self._last_texts.get(name, ("", now))
        if last_text != text:
            self._last_texts[name] = (text, now)
            return False
        return now - since > self._expired_s


def _asked(text: str) -> bool | None:
    """Tell whether the holder that a claim names lives; None where its machine cannot be asked."""
    return is_alive(text.partition(" ")[0].rpartition("-")[0])


def create_whole(path: Path, text: str) -> bool:
    """Write a file that is not there yet, whole or not at all, and tell whether this process did.

    Args:
        path: of the file, in a folder that is there.
        text: to write.
    """
    beside = path.with_name(temporary_name(path.name))
    try:
        beside.write_text(text, encoding="utf-8")
        os.link(beside, path)
        return True
    except FileExistsError:
        # An answer of a server that was lost and asked for again says that the link exists, when it is ours.
        return beside.stat().st_nlink == 2
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return _create_alone(path, text)
    finally:
        beside.unlink(missing_ok=True)


def _create_alone(path: Path, text: str) -> bool:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return False
    return True


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")  # a power failure may leave anything; it expires
    except OSError:
        return None
