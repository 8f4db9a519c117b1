"""The folder of an archive: what it is made with, its videos, and how far each of them is."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from actscribe.annotations.formats import find_format
from actscribe.archive.claims import create_whole
from actscribe.archive.listing import NAME_DIGITS, Video, list_archive, video_back, video_stored
from actscribe.archive.record import Done, Failed, read_done, read_failed, write_record
from actscribe.counts import counted
from actscribe.errors import ActScribeError
from actscribe.files import check_writable, content_hash, write_text
from actscribe.ownership import check_free
from actscribe.run_folder.integrity import sealed, unsealed
from actscribe.stored_path import StoredPath, real_path
from actscribe.typed_words import typed
from actscribe.wrong_values import first_problem

FILE, REPORT, TABLE, TIMELINES = "archive.json", "report.html", "archive", "timelines"
#: Table of indicators, where the run's label set has some.
INDICATORS = "indicators"
#: Below it lies what processes tell each other, see `Archive`.
STATE = "state"
#: Deaths of workers after which a video is set aside.
MOST_DEATHS = 2
_ELSEWHERE = "Choose a new or empty folder with --out."
State = Literal["done", "failed", "open"]


class Plan(BaseModel):
    """What archive.json holds: what every process must agree on, so that all write the same bytes.

    Args:
        made_by: this program.
        source: the folder or list of the videos.
        run: that annotates.
        formats: of the timelines.
        rules: whether the label set's rules are applied; None: as the run has it.
        model: digest of all of the run that timelines depend on, see `work.run_digest`.
        notes: what was to be known of the run at the start; every timeline holds the same.
        versions: of the libraries that compute.
        device: kind of it, on which networks run.
        precision: of networks, where the run leaves it open.
        threads: of arithmetic on a processor; None: on another device.
        batch_size: clips that run through a network together.
        compile: whether networks are compiled.
        together: how many short videos are scored in one pass.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    made_by: Literal["actscribe archive"] = "actscribe archive"
    source: StoredPath
    run: StoredPath
    formats: tuple[str, ...]
    rules: bool | None
    model: str
    notes: tuple[str, ...]
    versions: dict[str, str]
    device: str
    precision: str
    threads: int | None
    batch_size: int
    compile: bool
    together: int = 1


@dataclass(frozen=True, slots=True)
class Archive:
    """The folder of an archive, which any number of processes on any number of machines share.

    `state` holds one small file per video and state rather than a database: file systems of clusters often lock
    nothing, while a rename or a hard link is whole on all of them. Files are spread over 256 folders.

    Args:
        folder: of the archive.
        plan: what it is made with.
    """

    folder: Path
    plan: Plan

    @classmethod
    def check_asked(
        cls, folder: Path, source: Path, formats: tuple[str, ...], rules: bool | None, together: int
    ) -> None:
        """Refuse what `begin` would refuse, as far as it is known before networks are loaded.

        Args:
            folder: of the archive.
            source, formats, rules, together: see `Plan`.

        Raises:
            ActScribeError: as `begin`; or an unknown format.
        """
        for name in formats:
            find_format(name)
        if not (folder / FILE).is_file():
            check_free(folder, _ELSEWHERE)
            check_writable(folder)
            return
        archive = cls.open(folder)
        asked = {"source": StoredPath.of(source, folder), "formats": formats, "rules": rules, "together": together}
        archive._check_same(archive.plan.model_copy(update=asked))

    @classmethod
    def begin(cls, folder: Path, plan: Plan) -> Archive:
        """Return a new archive, or the one that is there, if it is made with the same.

        Where its run lies now is kept, and where its videos do, if they were moved.

        Raises:
            ActScribeError: the folder holds something else, or an archive that is made with something else.
        """
        if not (folder / FILE).is_file():
            check_free(folder, _ELSEWHERE)
            check_writable(folder)
            folder.mkdir(parents=True, exist_ok=True)
            create_whole(folder / FILE, sealed(plan.model_dump(mode="json")))  # of two that begin at once, one does
        archive = cls.open(folder)
        archive._check_same(plan)
        source = archive.plan.source if archive._has_source(plan.source) else plan.source
        moved = cls(folder, archive.plan.model_copy(update={"source": source, "run": plan.run}))
        if moved == archive:
            return archive
        write_text(folder / FILE, sealed(moved.plan.model_dump(mode="json")))
        return moved

    @classmethod
    def open(cls, folder: Path) -> Archive:
        """Return the archive in a folder.

        Raises:
            ActScribeError: there is none, or its archive.json was changed.
        """
        path = folder / FILE
        if not path.is_file():
            raise ActScribeError(
                f"{folder}: no archive here (no {FILE}).",
                f"Make one with: actscribe archive VIDEOS --run RUN --out {typed(folder)}",
            )
        try:
            return cls(folder, Plan.model_validate(unsealed(path)))
        except ActScribeError as error:
            raise ActScribeError(error.message, f"Put back the file as it was. Or: {_ELSEWHERE}") from None
        except ValueError as error:
            raise ActScribeError(
                f"{path}: was not written by this version of ActScribe ({first_problem(error)}).",
                f"Use the version that made it. Or: {_ELSEWHERE}",
            ) from None

    def _check_same(self, plan: Plan) -> None:
        if not self._has_source(plan.source):
            self._check_moved(plan.source)
        self.check_alike({name: getattr(plan, name) for name in _WORDS})

    def check_alike(self, values: Mapping[str, Any]) -> None:
        """Refuse what would make other timelines than those of before.

        Args:
            values: field of the plan -> what it would be now.

        Raises:
            ActScribeError: one of them differs.
        """
        for name in (one for one in _WORDS if one in values):
            ours, theirs = getattr(self.plan, name), values[name]
            if ours != theirs:
                raise ActScribeError(
                    f"{self.folder}: was started with another {_WORDS[name]} ({_shown(name, ours)}; now"
                    f" {_shown(name, theirs)}), so its timelines would not all be made alike.",
                    "Choose another folder with --out, or continue with what it was started with.",
                )

    def _has_source(self, source: StoredPath) -> bool:
        return real_path(source.find(self.folder)) in map(real_path, self.plan.source.options(self.folder))

    def _check_moved(self, source: StoredPath) -> None:
        """Refuse a source that is not where the videos lie now: nothing is left where they were, all names are there.

        Raises:
            ActScribeError: it is another one, or holds only some of them.
        """
        another = f"{self.folder}: is the archive of {self.plan.source.was}, not of {source.was}"
        known = {one.key[:NAME_DIGITS]: one.name for one in self.videos() if one.bytes}
        if not known or any(path.exists() for path in self.plan.source.options(self.folder)):
            raise ActScribeError(f"{another}.", "Choose another folder with --out.")
        listed = {one.key[:NAME_DIGITS] for one in list_archive(source.find(self.folder))}
        if missing := sorted(name for digest, name in known.items() if digest not in listed):
            lacking = counted(len(missing), "is", "are")
            shown = missing[0] + ", …" * (len(missing) > 1)
            raise ActScribeError(
                f"{another}: of its {counted(len(known), 'video')}, {lacking} not there ({shown}).",
                "Name the folder or list that has all of them now, or choose another folder with --out.",
            )

    def save_videos(self, videos: Iterable[Video]) -> None:
        """Write down which videos there are, for whoever asks how far the archive is."""
        write_text(self.folder / STATE / "videos.json", json.dumps([video_stored(one) for one in videos]))

    def videos(self) -> list[Video]:
        """Return the videos of the archive as they were last listed, longest first.

        Raises:
            ActScribeError: they never were, or the list is damaged.
        """
        path = self.folder / STATE / "videos.json"
        try:
            listed = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(listed, list):
                raise ValueError("no list of videos")
            return [video_back(one) for one in listed]
        except (OSError, ValueError, TypeError):
            raise ActScribeError(
                f"{path}: cannot be read.", "List the videos again: actscribe archive VIDEOS --run RUN --out OUT"
            ) from None

    def scores(self) -> Path:
        """Return the folder of kept scores, a file for each task."""
        return self.folder / STATE / "scores"

    def claims(self) -> Path:
        """Return the folder of claims."""
        return self.folder / STATE / "claims"

    def stem(self, video: Video) -> Path:
        """Return the path of a video's timelines without ending."""
        return self.folder / TIMELINES / video.stem

    def is_done(self, video: Video) -> bool:
        """Tell whether a video's timeline is written."""
        return self._path("done", video.key).exists()

    def done(self, video: Video) -> Done | None:
        """Return what is written down of a video that is done."""
        return read_done(self._path("done", video.key))

    def gives_record(self, video: Video) -> bool:
        """Tell whether the system gives what is written down of a video, damaged or not."""
        try:
            self._path("done", video.key).read_bytes()
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True

    def done_before(self, video: Video) -> Iterator[Done]:
        """Yield what is written down of files of the same name that had another size or time of change."""
        for path in self._path("done", video.key).parent.glob(f"{video.key[:NAME_DIGITS]}*.json"):
            record = read_done(path)
            if record is not None and record.key != video.key:
                yield record

    def failed(self, video: Video) -> Failed | None:
        """Return why a video is not done, if it failed; where that cannot be read, a record that says so."""
        path = self._path("failed", video.key)
        record = read_failed(path)
        return self._unread(video, "Try it again: --retry-failed.") if record is None and path.exists() else record

    def unread_done(self, video: Video) -> Failed | None:
        """Return what is to be said of a video that is done, but of which the record cannot be read."""
        hint = f"See which file it is: actscribe archive {typed(self.folder)} --verify"
        return self._unread(video, hint) if self.is_done(video) and self.done(video) is None else None

    def save(self, record: Done | Failed) -> None:
        """Write down how a video ended. One that is done stays done, whatever another process says of it."""
        write_record(self._path("done" if isinstance(record, Done) else "failed", record.key), record)

    def note_begun(self, video: Video) -> None:
        """Note that files at the stem of a video of this name are ours from now on, until this one is done."""
        path = self._path("begun", video.key[:NAME_DIGITS])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(video.key, encoding="utf-8")

    def is_begun(self, video: Video) -> bool:
        """Tell whether somebody began with a video of this name and has not ended.

        A note of one that is done was left by whoever was killed before `end_begun`: its files may be corrected since.
        """
        try:
            key, *_ = self._begun_notes(video)
        except FileNotFoundError:
            return False
        return bool(key) and not self._path("done", key).exists()  # empty: the disk was full

    def note_written(self, video: Video, target: Path, digest: str) -> None:
        """Add what a file is to the note of `note_begun`; of one that is being written, just before it is there.

        Args:
            video: that it belongs to.
            target: where it is, or will be.
            digest: of its bytes.
        """
        with self._path("begun", video.key[:NAME_DIGITS]).open("a", encoding="utf-8") as note:
            note.write(f"\n{digest} {target.name}")

    def is_own(self, video: Video, target: Path) -> bool:
        """Tell whether a file of a video that is begun is as it was noted: nobody has corrected it since."""
        try:
            notes = self._begun_notes(video)
        except FileNotFoundError:
            return False
        return f"{content_hash(target)} {target.name}" in notes

    def end_begun(self, video: Video) -> None:
        """Take back `note_begun`."""
        self._path("begun", video.key[:NAME_DIGITS]).unlink(missing_ok=True)

    def note_death(self, video: Video, name: str) -> int:
        """Note that a worker died over a video, and return how many have; `name` tells deaths apart."""
        folder = self._path("deaths", video.key).with_suffix("")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
        return sum("." not in path.name for path in folder.iterdir())  # file managers' own files have one

    def forget(self, video: Video) -> None:
        """Let a video be done again: forget its failure, deaths, and that it was done."""
        self.forget_failure(video)
        self._path("done", video.key).unlink(missing_ok=True)

    def forget_failure(self, video: Video) -> None:
        """Let a video that failed be tried again; what another process has done meanwhile stays done."""
        self._path("failed", video.key).unlink(missing_ok=True)
        deaths = self._path("deaths", video.key).with_suffix("")
        for path in deaths.iterdir() if deaths.is_dir() else ():
            path.unlink(missing_ok=True)

    def states(self, videos: Iterable[Video]) -> list[State]:
        """Return how far each video is; folders are listed, no record is opened."""
        done, failed = set(self._keys("done")), set(self._keys("failed"))
        return ["done" if one.key in done else "failed" if one.key in failed else "open" for one in videos]

    def newest(self) -> list[float]:
        """Return when each record of a done video was written, in seconds by the file system's clock, in order."""
        return sorted(entry.stat().st_mtime for entry in self._entries("done"))

    def _begun_notes(self, video: Video) -> list[str]:
        # after a power failure it may hold anything: then no file is as it was noted, and none is replaced
        return self._path("begun", video.key[:NAME_DIGITS]).read_text(encoding="utf-8", errors="replace").split("\n")

    def _unread(self, video: Video, hint: str) -> Failed:
        reason = f"what is written down of it in {STATE} cannot be read."
        return Failed(video.key, video.name, video.bytes, "", 0.0, reason, f"{video.name}: {reason}", hint)

    def _path(self, state: str, key: str) -> Path:
        return self.folder / STATE / state / key[:2] / f"{key}.json"

    def _keys(self, state: str) -> Iterator[str]:
        return (entry.name.removesuffix(".json") for entry in self._entries(state))

    def _entries(self, state: str) -> Iterator[os.DirEntry[str]]:
        folder = self.folder / STATE / state
        for parent in os.scandir(folder) if folder.is_dir() else ():
            for entry in os.scandir(parent) if parent.is_dir() else ():  # file managers leave files of their own
                if entry.name.endswith(".json") and not entry.name.startswith("."):
                    yield entry


#: What must be the same for all processes, in the order in which it is compared.
_WORDS = {
    "versions": "version of a library",
    "device": "kind of device",
    "precision": "precision",
    "threads": "number of --threads",
    "batch_size": "--batch-size",
    "compile": "choice of --compile",
    "model": "run or other settings",
    "formats": "choice of formats",
    "rules": "choice of rules",
    "together": "number of videos that are scored together",
}


#: How values that are no words are said.
_SHOWN: dict[str, dict[object, str]] = {
    "rules": {None: "as the run has it", True: "applied", False: "not applied"},
    "compile": {True: "compiled", False: "not compiled"},
    "threads": {None: "as the device chooses"},
}


def _shown(name: str, value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {number}" for name, number in value.items())
    if isinstance(value, tuple):
        return ", ".join(value)
    words = _SHOWN.get(name, {})
    return next((words[one] for one in words if one is value), str(value))
