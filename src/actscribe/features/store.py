"""Vectors on disk, under what they were made from: encoder, video content, moment.

A store is a folder of shelves, one for each pair of encoder and video. A shelf holds segments, each a safetensors file
that is written whole and never changed, so that a process that is killed loses its last segment at most, and two that
fill a shelf at once write the same thing twice at worst. Segments are mapped, not read: only what is looked at takes
memory. The shelves used longest ago go first where the store grows above its limit.
"""

from __future__ import annotations

import hashlib
import logging
import os
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from weakref import WeakValueDictionary

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from actscribe.caches import FOLDER_VARIABLE, cache_folder, disk_free, limit_bytes
from actscribe.errors import ActScribeError
from actscribe.files import check_writable, write_beside
from actscribe.leftovers import sweep
from actscribe.tables import bytes_text

logger = logging.getLogger(__name__)

#: The environment variable that sets the store's size in GiB, and the size without it.
SIZE_VARIABLE, USUAL_GIB = "ACTSCRIBE_FEATURES_GIB", 20.0
#: Part of every shelf's name; raise it when segments have another form.
STORE_VERSION = 1
#: How the names of segments end, so that nothing else in a folder is taken for one and removed.
ENDING = ".actscribe-features"


class Moment(NamedTuple):
    """What of a video a row is about, in microseconds: a frame (twice the same time), or a clip by its frames' ends."""

    first: int
    last: int


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """What an encoder makes of one frame or clip.

    Args:
        vectors: shape (tokens, D); a frame has one token.
        times: presentation times of the frames that were looked at, in seconds, float64, shape (frames,).
    """

    vectors: Tensor
    times: Tensor


class Shelf:
    """The rows of one video by one encoder.

    Args:
        folder: of its segments; need not exist.
        store: that it belongs to.

    Attributes:
        held_bytes: of the rows that are not on disk yet.
    """

    def __init__(self, folder: Path, store: FeatureStore) -> None:
        self.folder, self._store = folder, store
        self._segments: dict[str, _Segment] = {}
        self._places: dict[Moment, tuple[str, int]] = {}
        self._held: dict[Moment, Row] = {}
        self.held_bytes = 0
        self.refresh()

    def __contains__(self, moment: Moment) -> bool:
        return moment in self._places or moment in self._held

    def get(self, moment: Moment) -> Row:
        """Return a row, checked against its sum when it is first read.

        Raises:
            KeyError: it is not here.
            ActScribeError: it was damaged since it was written.
        """
        if moment in self._held:
            return self._held[moment]
        name, row = self._places[moment]
        try:
            return self._segments[name].row(row)
        except ValueError as error:
            path = self.folder / name
            self._store.discard_damaged()
            raise ActScribeError(
                f"{path}: kept features are not what was written: {error}.",
                "They have been removed, and are computed again the next time.",
            ) from error

    def hold(self, moments: Sequence[Moment], rows: Sequence[Row]) -> None:
        """Take rows, which can be read from here on; `write` puts them on disk."""
        self._held.update(zip(moments, rows, strict=True))
        self.held_bytes += sum(_bytes(row.vectors) for row in rows)

    def write(self) -> None:
        """Put the rows that are held on disk as one segment.

        Raises:
            ActScribeError: they do not fit into the store, or its folder cannot be written to.
        """
        if not self._held:
            return
        moments = list(self._held)
        tensors = _packed(self.folder.name, moments, list(self._held.values()))
        size = sum(map(_bytes, tensors.values()))
        self._store.make_room(size)
        digest = hashlib.blake2b(repr(moments).encode(), digest_size=12).hexdigest()
        path = self.folder / f"{digest}{ENDING}"
        with write_beside(path, durable=False) as beside:
            save_file(tensors, beside)
        self._add(path)
        kept = {moment: row for moment, row in self._held.items() if moment not in self._places}
        self._held, self.held_bytes = kept, sum(_bytes(row.vectors) for row in kept.values())

    def forget_held(self) -> None:
        """Let go of rows that were not written."""
        self._held, self.held_bytes = {}, 0

    def refresh(self) -> None:
        """Look for what other processes wrote meanwhile, and mark the shelf as used now."""
        sweep(self.folder)
        for path in sorted(self.folder.glob(f"*{ENDING}")):
            if path.name not in self._segments:
                self._add(path)
        with suppress(OSError):
            os.utime(self.folder)

    def discard_damaged(self) -> None:
        """Remove the segments of which a row has another sum than when it was written."""
        for name, segment in self._segments.items():
            if not segment.is_whole():
                _discard(self.folder / name)

    def _add(self, path: Path) -> None:
        try:
            segment = _Segment.open(path)
        except FileNotFoundError:  # another process made room meanwhile
            return
        except OSError as error:  # too many open files, no right to read: the file may be whole, and it stays
            logger.warning("%s: kept features cannot be read (%s); they are computed again", path, error)
            return
        except Exception:  # whatever a damaged file makes its reader stumble over: it is said here
            logger.warning("%s: kept features are damaged; they are computed again", path)
            _discard(path)
            return
        self._segments[path.name] = segment
        self._places.update((moment, (path.name, index)) for index, moment in enumerate(segment.moments))


class FeatureStore:
    """A folder of shelves that stays below a size; see the head of this file.

    Args:
        root: the folder, made when first written to.
        limit_bytes: of all shelves together.
    """

    def __init__(self, root: Path, limit_bytes: int) -> None:
        self.root, self.limit_bytes = Path(root), limit_bytes
        self._open: WeakValueDictionary[str, Shelf] = WeakValueDictionary()
        self._checked = False

    def shelf(self, encoder: str, content: str) -> Shelf:
        """Return the shelf of a video by an encoder.

        Args:
            encoder: digest of all that vectors depend on beside the video, see `Embedder.key`.
            content: digest of the video, see `files.content_hash`.
        """
        name = hashlib.blake2b(f"{STORE_VERSION} {encoder} {content}".encode(), digest_size=16).hexdigest()
        shelf = self._open.get(name)
        if shelf is None:
            shelf = self._open[name] = Shelf(self.root / name, self)
        return shelf

    def discard_damaged(self) -> None:
        """Remove what is damaged on all shelves in use, so that one more run is enough where a disk spoiled many."""
        for shelf in list(self._open.values()):
            shelf.discard_damaged()

    def size(self) -> int:
        """Return how many bytes the segments take."""
        return sum(size for _, size, _ in self._shelves())

    def check_room(self, needed: int, what: str) -> None:
        """Prove that rows of so many bytes together can be kept, with what may go to make room for them.

        Args:
            needed: bytes.
            what: they are, as the message begins, such as "Features of training clips".

        Raises:
            ActScribeError: they are more than the limit, or than the disk has left.
        """
        if needed > self.limit_bytes:
            raise ActScribeError(
                f"{what} take {bytes_text(needed)}, and the feature store {self.root} holds"
                f" {bytes_text(self.limit_bytes)}.",
                f"Set {SIZE_VARIABLE} to a larger number, or choose a larger stride, fewer frames or mean pooling.",
            )
        free = disk_free(self.root) + self.size()
        if needed > free:
            raise ActScribeError(
                f"{what} take {bytes_text(needed)}, and the disk of the feature store {self.root} has"
                f" {bytes_text(free)} left for them.",
                f"Free some space, or set {FOLDER_VARIABLE} to a folder on a larger disk.",
            )

    def make_room(self, needed: int) -> None:
        """Remove the shelves used longest ago until so many bytes fit under the limit; those in use here stay.

        Raises:
            ActScribeError: they do not fit, or the folder cannot be written to.
        """
        if not self._checked:
            self._check_folder()
            self._checked = True
        shelves = self._shelves()  # looked at each time: other stores and processes fill the same folder
        total = sum(size for _, size, _ in shelves)
        for folder, size, _ in sorted(shelves, key=lambda shelf: shelf[2]):
            if total + needed <= self.limit_bytes:
                break
            if folder.name not in self._open:
                _remove(folder)
                total -= size
        if total + needed > self.limit_bytes:
            raise ActScribeError(
                f"features of {bytes_text(needed)} do not fit into the feature store {self.root}: {bytes_text(total)}"
                f" of {bytes_text(self.limit_bytes)} are in use by this run.",
                f"Set {SIZE_VARIABLE} to a larger number.",
            )

    def _check_folder(self) -> None:
        try:
            check_writable(self.root)
        except ActScribeError as error:
            hint = f"Set {FOLDER_VARIABLE} to a folder that you may write to; features are kept there."
            raise ActScribeError(error.message, hint) from error

    def _shelves(self) -> list[tuple[Path, int, int]]:
        """Return (folder, bytes, last use) of every shelf."""
        shelves = []
        for folder in self.root.glob("*"):
            with suppress(FileNotFoundError):  # removed by another process meanwhile
                sizes = [path.stat().st_size for path in folder.glob(f"*{ENDING}")]
                if sizes:
                    shelves.append((folder, sum(sizes), folder.stat().st_mtime_ns))
        return shelves


def default_store() -> FeatureStore:
    """Return the user's feature store: ~/.cache/actscribe/features of at most 20 GiB, unless the environment differs.

    What is kept was computed from the user's videos and stays on this machine; deleting the folder deletes it.

    Raises:
        ActScribeError: ACTSCRIBE_FEATURES_GIB is not a number above zero.
    """
    return FeatureStore(cache_folder() / "features", limit_bytes(SIZE_VARIABLE, USUAL_GIB))


@dataclass(frozen=True, slots=True, eq=False)
class _Segment:
    """One file, mapped: the rows of `moments` one after the other, those of row i at offsets[i]:offsets[i + 1]."""

    moments: list[Moment]
    values: Tensor
    offsets: list[int]
    times: Tensor
    sums: list[int]
    checked: set[int]

    @classmethod
    def open(cls, path: Path) -> _Segment:
        with safe_open(path, "pt") as file:
            moments = [Moment(*pair) for pair in file.get_tensor("moments").tolist()]
            offsets, sums = file.get_tensor("offsets").tolist(), file.get_tensor("sums").tolist()
            values, times = file.get_tensor("values"), file.get_tensor("times")
        if not len(moments) == len(offsets) - 1 == len(sums) - 1 == len(times) or offsets[-1] != len(values):
            raise ValueError("not the segment that it was")
        if sums[-1] != _whole(
            path.parent.name, torch.tensor(moments), torch.tensor(offsets), times, torch.tensor(sums[:-1])
        ):
            raise ValueError("not what was written")
        return cls(moments, values, offsets, times, sums, set())

    def row(self, index: int) -> Row:
        vectors = self.values[self.offsets[index] : self.offsets[index + 1]]
        if index not in self.checked:
            if _sum(vectors) != self.sums[index]:
                raise ValueError(f"row {index} has another sum")
            self.checked.add(index)
        return Row(vectors, self.times[index])

    def is_whole(self) -> bool:
        """Tell whether every row is what was written."""
        try:
            for index in range(len(self.moments)):
                self.row(index)
        except ValueError:
            return False
        return True


def _bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def _packed(shelf: str, moments: Sequence[Moment], rows: Sequence[Row]) -> dict[str, Tensor]:
    vectors = [row.vectors.detach().cpu().contiguous() for row in rows]
    offsets = torch.tensor([0, *(len(one) for one in vectors)]).cumsum(0)
    times, keys = torch.stack([row.times for row in rows]), torch.tensor(moments)
    sums = torch.tensor([_sum(one) for one in vectors])
    whole = torch.cat([sums, torch.tensor([_whole(shelf, keys, offsets, times, sums)])])
    return {"values": torch.cat(vectors), "offsets": offsets, "times": times, "moments": keys, "sums": whole}


def _whole(shelf: str, *tensors: Tensor) -> int:
    """Return the sum of all of a segment but its vectors, with its shelf: in another one it is another video's."""
    return zlib.crc32(shelf.encode(), _sum(*tensors))


def _sum(*tensors: Tensor) -> int:
    """Return the CRC-32 of types, shapes and bytes."""
    total = 0
    for tensor in tensors:
        total = zlib.crc32(f"{tensor.dtype} {list(tensor.shape)}".encode(), total)
        total = zlib.crc32(tensor.contiguous().view(-1).view(torch.uint8).numpy().data, total)
    return total


def _discard(path: Path) -> None:
    """Remove a damaged segment, where that may be done: a store that colleagues share can be read-only here."""
    with suppress(OSError):
        path.unlink()


def _remove(folder: Path) -> None:
    """Remove the segments of a shelf, and the shelf where nothing else lies in it."""
    for path in folder.glob(f"*{ENDING}"):
        with suppress(OSError):  # Windows: another process has it mapped
            path.unlink()
    with suppress(OSError):
        folder.rmdir()
