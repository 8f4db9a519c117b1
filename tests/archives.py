"""Archives of made-up videos: a few bytes each, whose timeline is a digest of them, so no network is needed."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actscribe.annotations.formats import find_format
from actscribe.archive.ahead import opened_ahead
from actscribe.archive.claims import Claims
from actscribe.archive.drift import BINS
from actscribe.archive.folder import Archive, Plan
from actscribe.archive.listing import Video, list_archive
from actscribe.archive.local import Maker
from actscribe.archive.pool import Heard
from actscribe.archive.record import Done, LabelSummary
from actscribe.archive.task import Made, Work, attempt_all
from actscribe.compute import Compute
from actscribe.errors import UnreadableVideo
from actscribe.files import content_hash, write_text
from actscribe.stored_path import StoredPath

#: What the first bytes of a made-up video let happen.
POISON, BROKEN, DEFECT, SLOW = b"poison", b"broken", b"defect", b"slow"
SUMMARY = LabelSummary(1.0, 1, 2.0, 0.5, 0.0, 0.75, (4, *[0] * (BINS - 1)))


def fill(folder: Path, contents: dict[str, bytes]) -> Path:
    """Write made-up videos."""
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def begun(
    source: Path, out: Path, together: int = 1, formats: tuple[str, ...] = ("json",)
) -> tuple[Archive, list[Video]]:
    """Begin an archive of made-up videos."""
    plan = Plan(
        source=StoredPath.of(source, out),
        run=StoredPath.of(source, out),
        formats=formats,
        rules=None,
        model="0",
        notes=(),
        versions={},
        device="cpu",
        precision="float32",
        threads=1,
        batch_size=1,
        compile=False,
        together=together,
    )
    archive = Archive.begin(out, plan)
    videos = list_archive(source)
    archive.save_videos(videos)
    return archive, videos


@dataclass(frozen=True, slots=True)
class Opened:
    """A made-up video, see `task.Prepared`."""

    archive: Archive
    video: Video
    content: str
    data: bytes

    @property
    def task(self) -> str:
        return hashlib.blake2b(self.data, digest_size=16).hexdigest()

    @property
    def targets(self) -> tuple[Path, ...]:
        stem = self.archive.stem(self.video)
        return tuple(stem.with_suffix(find_format(name).ending) for name in self.archive.plan.formats)

    def make(self) -> Made:
        if self.data.startswith(POISON):
            os.kill(os.getpid(), signal.SIGKILL)
        if self.data.startswith(DEFECT):
            raise ZeroDivisionError("a defect of a recognizer")
        if self.data.startswith(SLOW):
            time.sleep(0.3)
        note(self.archive, self.task)
        for target in self.targets:
            write_text(target, expected(self.data))
        return Made(self.targets, float(len(self.data)), {"on": SUMMARY})

    def measured_again(self, before: Done) -> tuple[dict[str, Any], ...]:
        return before.indicators


def expected(data: bytes) -> str:
    """Return the timeline of a made-up video."""
    return hashlib.sha256(data).hexdigest()


def note(archive: Archive, task: str) -> None:
    """Write down that a task is done, as often as it is."""
    with (archive.folder.parent / "made.log").open("a", encoding="utf-8") as log:
        log.write(f"{task}\n")


def noted(archive: Archive) -> list[str]:
    """Return the tasks that were done, in the order of their ends."""
    log = archive.folder.parent / "made.log"
    return log.read_text(encoding="utf-8").split() if log.exists() else []


def work(archive: Archive, together: list[list[str]] | None = None) -> Work:
    """Return what does made-up videos; the names of those that are scored together are appended to `together`."""

    def open_video(video: Video) -> Opened:
        path = Path(video.path)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise UnreadableVideo(f"{path}: no such file.", "Check the name.") from None
        if data.startswith(BROKEN):
            raise UnreadableVideo(f"{path}: not a video.", "Convert it.")
        return Opened(archive, video, content_hash(path), data)

    def score(opened: Sequence[Opened]) -> None:
        if together is not None:
            together.append([one.video.name for one in opened])
        if any(one.data.startswith(POISON) for one in opened):
            os.kill(os.getpid(), signal.SIGKILL)
        if any(one.data.startswith(DEFECT) for one in opened):
            raise ZeroDivisionError("a defect of a recognizer")

    return Work(open_video, score)


@contextmanager
def make(archive: Archive, compute: Compute) -> Iterator[Work]:
    """Yield what does made-up videos, for a worker."""
    made = work(archive)
    with opened_ahead(made.open) as (take, begin):
        yield Work(take, made.score, begin)


class HerePool:
    """One worker that is this process: no test waits for another one to import PyTorch, see `pool.Pool`."""

    def __init__(self, archive: Archive, make: Maker, computes: Sequence[Compute]) -> None:
        self._archive, self._claims, self._stack = archive, Claims(archive.claims()), ExitStack()
        self._work = self._stack.enter_context(make(archive, computes[0]))
        self._heard = [Heard(0)]

    def give(self, worker: int, videos: Sequence[Video], then: Sequence[Video]) -> None:
        outcomes = attempt_all(self._archive, self._claims, videos, self._work, then)
        self._heard.append(Heard(worker, tuple(outcomes)))

    def hear(self, seconds: float) -> list[Heard]:
        heard, self._heard = self._heard, []
        return heard

    def close(self) -> None:
        self._stack.close()


def timelines(archive: Archive) -> dict[str, str]:
    """Return the timelines that there are, by their paths."""
    return {path.relative_to(archive.folder).as_posix(): path.read_text() for path in _files(archive)}


def wanted(contents: dict[str, bytes], good: Sequence[str]) -> dict[str, str]:
    """Return the timelines that there must be."""
    return {f"timelines/{Path(name).with_suffix('.json').as_posix()}": expected(contents[name]) for name in good}


def _files(archive: Archive) -> list[Path]:
    return sorted(path for path in (archive.folder / "timelines").rglob("*") if path.is_file())
