"""Decoded frames on disk: written once in one pass, then read at random, as training does."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from weakref import WeakValueDictionary

import numpy as np

from actscribe.caches import FOLDER_VARIABLE, cache_folder, disk_free, limit_bytes
from actscribe.errors import ActScribeError
from actscribe.files import check_writable, explain_os_error, write_beside
from actscribe.leftovers import sweep
from actscribe.tables import bytes_text
from actscribe.video.reading import Frame, frames_at

logger = logging.getLogger(__name__)

#: Raised when the same sampling would give other pixels than before, or entries have another form; entries of another
#: version are never read.
CACHE_VERSION = 2
#: How entries are called, so that nothing else in a folder that a user names is taken for one and removed.
ENDING = ".actscribe-frames"
OURS = re.compile(r"[0-9a-f]{32}\.actscribe-frames")
#: The environment variable that sets the cache's size in GiB, and the size without it.
SIZE_VARIABLE, USUAL_GIB = "ACTSCRIBE_CACHE_GIB", 20.0


@dataclass(frozen=True, slots=True)
class Entry:
    """What an entry holds, mapped from disk: only what is looked at takes memory.

    Args:
        images: uint8 RGB, shape (n, height, width, 3), read-only.
        pts: presentation times of the frames, in seconds, shape (n,).
        sums: CRC-32 of each image as it was written, uint32, shape (n,).
    """

    images: np.ndarray
    pts: np.ndarray
    sums: np.ndarray


class CachedFrames(Sequence[np.ndarray]):
    """The frames of one video at distinct times. Each is checked against its sum whenever it is read.

    Args:
        times: as asked for, seconds, ascending, shape (n,).
        entry: of the cache.
        again: decodes the entry of these frames again and returns it; called when a frame is not as it was written.
    """

    def __init__(self, times: np.ndarray, entry: Entry, again: Callable[[CachedFrames], Entry]) -> None:
        self.times, self.entry, self._again = times, entry, again

    def __len__(self) -> int:
        return len(self.times)

    @property
    def pts(self) -> np.ndarray:
        """Presentation times of the frames, in seconds, shape (n,)."""
        return self.entry.pts

    def __getitem__(self, index: int) -> np.ndarray:  # type: ignore[override]
        """Return a frame: uint8 RGB, shape (height, width, 3), read-only.

        Raises:
            ActScribeError: it is damaged, and so is what was decoded in its place, or that cannot be decoded.
        """
        image = np.asarray(self.entry.images[index])
        if not self._is_whole(index, image):
            self.entry = self._again(self)
            image = np.asarray(self.entry.images[index])
            if not self._is_whole(index, image):
                raise ActScribeError(
                    "Decoded frames read back from the frame cache differ from what was written, twice in a row.",
                    f"The disk or the memory of this machine is failing. Set {FOLDER_VARIABLE} to a folder on another"
                    " disk.",
                )
        return image

    def _is_whole(self, index: int, image: np.ndarray) -> bool:
        return zlib.crc32(image.data) == int(self.entry.sums[index])


class FrameCache:
    """A folder of decoded frames that stays below a size; the entries used longest ago go first.

    Several processes may use one folder. Two that need the same entry at once both decode it and the later one to
    finish replaces the other's equal file. An entry appears whole or not at all; one that is cut short or damaged is
    decoded again, with a warning. An entry that this process still holds is never removed.

    Args:
        root: the folder, made when first written to.
        limit_bytes: of all entries together.
    """

    def __init__(self, root: Path, limit_bytes: int) -> None:
        self.root, self.limit_bytes = Path(root), limit_bytes
        self._held: WeakValueDictionary[str, CachedFrames] = WeakValueDictionary()

    def __reduce__(self) -> tuple[type[FrameCache], tuple[Path, int]]:
        """Another process gets the same folder, and holds what it opens itself."""
        return FrameCache, (self.root, self.limit_bytes)

    def frames(
        self, path: Path, content: str, times: np.ndarray, short_side: int | None, square_pixels: bool = True
    ) -> CachedFrames:
        """Return the frames of a video at distinct times, decoding them in one pass if they are not here yet.

        Args:
            path: of the video.
            content: its digest, see `files.content_hash`; with the other arguments it is the key.
            times: seconds, ascending, shape (n,).
            short_side, square_pixels: see `reading.frames_at`.

        Raises:
            ActScribeError: the video cannot be read, the disk is full, or the frames do not fit into the cache.
            ValueError: no times, or times that do not ascend.
        """
        times = np.asarray(times, dtype=np.float64)
        if not len(times) or (np.diff(times) <= 0).any():
            raise ValueError("the frame cache wants at least one time, and distinct times that ascend")
        frames = self.held(path, content, times, short_side, square_pixels)
        if frames is not None:
            return frames
        with self.writing(path, content, times, short_side, square_pixels) as add:
            for frame in frames_at(path, times, short_side, square_pixels):
                add(frame)
        made = self.held(path, content, times, short_side, square_pixels)
        if made is None:
            raise ActScribeError(
                f"{self.root}: what was decoded of {path} was removed while it was written.",
                "Run the same command again.",
            )
        return made

    def held(
        self, path: Path, content: str, times: np.ndarray, short_side: int | None, square_pixels: bool = True
    ) -> CachedFrames | None:
        """Return the frames of a video that are here, or None; arguments as in `frames`."""
        entry = self._entry(content, times, short_side, square_pixels)
        if (known := self._held.get(entry.name)) is not None:
            return known
        stored = _open(entry, len(times), path)
        if stored is None:
            return None

        def again(holder: CachedFrames) -> Entry:
            _discard(entry, path)
            del self._held[entry.name]
            made = self.frames(path, content, times, short_side, square_pixels).entry
            self._held[entry.name] = holder
            return made

        frames = CachedFrames(times, stored, again)
        self._held[entry.name] = frames
        return frames

    @contextmanager
    def writing(
        self, path: Path, content: str, times: np.ndarray, short_side: int | None, square_pixels: bool = True
    ) -> Iterator[Callable[[Frame], None]]:
        """Yield a function that takes the frames of `times` in order; the entry is there when the block ends well.

        Arguments and errors as in `frames`.
        """
        try:
            check_writable(self.root)
        except ActScribeError as error:
            hint = f"Set {FOLDER_VARIABLE} to a folder that you may write to; decoded frames are kept there."
            raise ActScribeError(error.message, hint) from error
        entry = self._entry(content, times, short_side, square_pixels)
        with write_beside(entry, durable=False) as beside, _closing(beside.open("wb")) as file:
            pts: list[float] = []
            sums: list[int] = []
            shape: tuple[int, ...] = (len(times),)

            def add(frame: Frame) -> None:
                nonlocal shape
                if not pts:
                    self._make_room(entry_bytes(len(times), frame.image.nbytes), path)
                    shape = (len(times), *frame.image.shape)
                    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
                file.write(frame.image.data)
                pts.append(frame.pts)
                sums.append(zlib.crc32(frame.image.data))

            yield add
            np.save(file, np.array(pts, dtype="<f8"))
            np.save(file, np.array([*sums, _sum(shape, pts, sums)], dtype="<u4"))

    def size(self) -> int:
        """Return how many bytes the entries take."""
        return sum(state.st_size for _, state in self._entries())

    def free(self) -> int:
        """Return how many bytes the disk has for entries, with what may go to make room for them."""
        return disk_free(self.root) + self.size()

    def check_room(self, needed: int) -> None:
        """Prove that entries of so many bytes together can be held, with what may go to make room for them.

        Raises:
            ActScribeError: they are more than the limit, or than the disk has left.
        """
        hint = f"Set {SIZE_VARIABLE} to a larger number, or use fewer frames or a smaller short side."
        if needed > self.limit_bytes:
            raise ActScribeError(
                f"the decoded frames of its clips take {bytes_text(needed)}, and the frame cache {self.root} holds"
                f" {bytes_text(self.limit_bytes)}.",
                hint,
            )
        free = self.free()
        if needed > free:
            raise ActScribeError(
                f"the decoded frames of its clips take {bytes_text(needed)}, and the disk of the frame cache"
                f" {self.root} has {bytes_text(free)} left for them.",
                f"Free some space, or set {FOLDER_VARIABLE} to a folder on a larger disk.",
            )

    def _entries(self) -> list[tuple[Path, os.stat_result]]:
        ours = (entry for entry in self.root.glob(f"*{ENDING}") if OURS.fullmatch(entry.name))
        return [(entry, state) for entry in ours if (state := _state(entry))]

    def _entry(self, content: str, times: np.ndarray, short_side: int | None, square_pixels: bool) -> Path:
        return self.root / f"{_key(content, times, short_side, square_pixels)}{ENDING}"

    def _make_room(self, needed: int, path: Path) -> None:
        """Remove leftovers, and entries used longest ago, until `needed` bytes fit under the limit."""
        sweep(self.root)
        states = self._entries()
        total = sum(state.st_size for _, state in states)
        for entry, state in sorted(states, key=lambda pair: pair[1].st_mtime_ns):
            if total + needed <= self.limit_bytes:
                return
            if entry.name not in self._held and _removed(entry):
                total -= state.st_size
        if total + needed > self.limit_bytes:
            raise ActScribeError(
                f"{path}: its frames take {bytes_text(needed)} and do not fit into the frame cache {self.root}:"
                f" {bytes_text(total)} of {bytes_text(self.limit_bytes)} are in use by this run.",
                f"Set {SIZE_VARIABLE} to a larger number, or use fewer frames or a smaller short side.",
            )


@contextmanager
def _closing(file: BinaryIO) -> Iterator[BinaryIO]:
    """Close a file; one that is given up may fail to, on a full disk, which is no further error."""
    try:
        yield file
    except BaseException:
        with suppress(OSError):
            file.close()
        raise
    file.close()


def entry_bytes(frames: int, image: int) -> int:
    """Return the size of an entry of so many frames, each of `image` bytes: with times, sums and three headers."""
    return frames * (image + 12) + 3 * 128 + 4


def default_cache() -> FrameCache:
    """Return the user's frame cache: ~/.cache/actscribe/frames of at most 20 GiB, unless the environment differs.

    The frames are those of the user's videos and stay on this machine; deleting the folder deletes them.

    Raises:
        ActScribeError: ACTSCRIBE_CACHE_GIB is not a number above zero.
    """
    return FrameCache(cache_folder() / "frames", limit_bytes(SIZE_VARIABLE, USUAL_GIB))


def _key(content: str, times: np.ndarray, short_side: int | None, square_pixels: bool) -> str:
    sampling = json.dumps([CACHE_VERSION, content, short_side, square_pixels]).encode()
    return hashlib.blake2b(sampling + times.astype("<f8").tobytes(), digest_size=16).hexdigest()


def _open(path: Path, count: int, video: Path | None = None) -> Entry | None:
    """Map an entry and mark it as used now; None if it is not there, or not whole, in which case it is removed."""
    try:
        # Three arrays one after the other: the images, which are mapped, when they are shown, and their sums.
        images = np.load(path, mmap_mode="r", allow_pickle=False)
        with path.open("rb") as file:
            file.seek(images.offset + images.nbytes)
            pts, sums = np.load(file, allow_pickle=False), np.load(file, allow_pickle=False)
        if images.dtype != np.uint8 or not len(images) == len(pts) == len(sums) - 1 == count:
            raise ValueError("not the entry that its name says")
        if _sum(images.shape, pts.tolist(), sums[:-1].tolist()) != int(sums[-1]):
            raise ValueError("not what was written")
        os.utime(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise explain_os_error(error, path) from error
    except Exception:  # cut short or damaged: what numpy makes of a header that is none is without end
        _discard(path, video)
        return None
    return Entry(images, pts, sums[:-1])


def _sum(shape: Sequence[int], pts: Sequence[float], sums: Sequence[int]) -> int:
    """Return the CRC-32 of all of an entry but its images, which have their own."""
    parts = (np.array(shape, "<u8"), np.array(pts, "<f8"), np.array(sums, "<u4"))
    return zlib.crc32(b"".join(part.tobytes() for part in parts))


def _discard(entry: Path, video: Path | None) -> None:
    """Remove a damaged entry, saying that its video is decoded again."""
    logger.warning("%s: damaged in the frame cache (%s); decoding it again", video or "a video", entry.name)
    entry.unlink(missing_ok=True)


def _state(entry: Path) -> os.stat_result | None:
    try:
        return entry.stat()
    except FileNotFoundError:  # removed by another process meanwhile
        return None


def _removed(entry: Path) -> bool:
    try:
        entry.unlink(missing_ok=True)
    except PermissionError:  # Windows: another process has it open
        return False
    return True
