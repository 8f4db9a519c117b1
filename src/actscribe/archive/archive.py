"""The timelines of all videos of a folder or a list, by workers of this machine, a shard of them, or a Ray cluster."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from actscribe.annotations.formats import find_format
from actscribe.annotations.frame_clock import FrameClock
from actscribe.archive.cluster import RayPool, computed_by_cluster
from actscribe.archive.drift import Reference, reference
from actscribe.archive.folder import TIMELINES, Archive, Plan, State
from actscribe.archive.listing import Video, list_archive, shard
from actscribe.archive.local import LocalPool
from actscribe.archive.pool import Pool, hand_out
from actscribe.archive.report import Written, write_none, write_tables
from actscribe.archive.status import reasons
from actscribe.archive.task import Outcome
from actscribe.archive.work import check_run, computed_here, run_digest, working
from actscribe.compute import Compute, chosen
from actscribe.counts import counted
from actscribe.errors import ActScribeError
from actscribe.leftovers import sweep_below
from actscribe.models.device import computing
from actscribe.progress import LEAST_S, LINE_EVERY_S, Progress, say
from actscribe.run_folder.file_names import RUN_FILE
from actscribe.run_folder.run import Run
from actscribe.runs.one_video import try_to_write
from actscribe.runs.quality_notes import quality_notes
from actscribe.stored_path import StoredPath, absolute_path
from actscribe.typed_words import typed
from actscribe.workers import spread


@dataclass(frozen=True, slots=True)
class Ended:
    """How far an archive, or a shard of it, is when its processes have ended.

    Args:
        archive: the folder.
        videos: how many there are.
        done: how many of them have their timeline, and a record that can be read.
        failed: how many were tried and have none.
        reasons: why those failed -> how many.
        unread: how many have a timeline, but a record that cannot be read; 0 of a shard, which reads none.
        stopped: why no more were handed out; empty where all were.
        unwritten: why tables and report could not be written; empty where they were, and of a shard.
        sentences: what to say of it.
        files: tables and report; none of a shard.
    """

    archive: Archive
    videos: int
    done: int
    failed: int
    reasons: dict[str, int]
    unread: int
    stopped: str
    unwritten: str
    sentences: tuple[str, ...]
    files: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Hands:
    """Who works.

    Args:
        workers: processes; None: one for each GPU, or as many as cores and memory allow.
        shard: (number, count), of this process's part; None: all.
        ray: address of a Ray cluster, or "auto"; empty: processes of this machine.
    """

    workers: int | None = None
    shard: tuple[int, int] | None = None
    ray: str = ""


#: Seconds without a line after which it is said what workers are at (ours).
SILENT_S = 60.0
#: Workers of this machine, as many as it has room for.
ALONE = Hands()


def annotate_archive(
    source: Path,
    run: Path,
    out: Path,
    formats: Sequence[str] = ("json",),
    rules: bool | None = None,
    hands: Hands = ALONE,
    together: int = 1,
) -> Ended:
    """Write the timeline of every video to OUT/timelines, and unless it is a shard, tables and a report of all.

    What is done is not done again, so the same call goes on where one that was killed has stopped; any number of calls
    may run at once, on any machines that share the folder. A video that fails keeps no other from its timeline.

    Args:
        source: a folder of videos, or a .csv that lists them in a column `video`; its columns of the names that the
            run's indicators count from hold moments.
        run: folder of a complete run.
        out: a new or empty folder, or that of the same archive.
        formats: of the timelines, see `write_annotations`.
        rules: whether the label set's rules are applied; None: as the run has it.
        hands: who works.
        together: how many short videos a worker scores in one pass, see `runs.together`.

    Raises:
        ActScribeError: before any video is opened: nothing to do, a run that is not complete, a format that cannot
            carry a label, a folder that holds something else.
    """
    opened = Run.open(run).require_complete()
    formats = tuple(dict.fromkeys(formats))
    for name in formats:
        find_format(name)
    videos = list_archive(source, opened.labels.moments())
    try_to_write(out / TIMELINES / "trial", "trial.mp4", 60.0, FrameClock(25.0), formats, opened.labels)
    plan = Plan(
        source=StoredPath.of(source, out),
        run=StoredPath.of(run, out),
        formats=formats,
        rules=rules,
        model=run_digest(opened),
        notes=quality_notes(opened),
        together=together,
        **_computed(hands),
    )
    archive = Archive.begin(out, plan)
    archive.save_videos(videos)
    return _work(archive, opened, videos, hands)


def report_again(out: Path) -> Ended:
    """Write the tables and the report of an archive as it is now: once after all shards, say."""
    archive = Archive.open(out)
    return _with_tables(archive, archive.videos(), reference(_run(archive)))


def retry_failed(out: Path, hands: Hands = ALONE) -> Ended:
    """Try again what failed in an archive, and what is not done yet.

    Raises:
        ActScribeError: as `annotate_archive`.
    """
    archive = Archive.open(out)
    run = _run(archive)
    with computing(_as_before(archive.plan)):
        archive.check_alike(_computed(hands))
        videos = list_archive(_source(archive), run.labels.moments())
        archive.save_videos(videos)
        mine = _part(videos, hands)  # what another shard tries again may have failed again by now
        for video, state in zip(mine, archive.states(mine), strict=True):
            if state == "failed":
                archive.forget_failure(video)
        return _work(archive, run, videos, hands)


def _source(archive: Archive) -> Path:
    """Return where the videos of an archive lie.

    Raises:
        ActScribeError: nothing is there any more.
    """
    source = archive.plan.source.find(archive.folder)
    if not source.exists():
        raise ActScribeError(f"{archive.folder}: its videos do not lie in {source} any more.", _where_now(archive))
    return source


def _where_now(archive: Archive) -> str:
    return f"Say where all lies now: actscribe archive VIDEOS --run RUN --out {typed(archive.folder)}"


def _run(archive: Archive) -> Run:
    """Return the run that an archive was started with.

    Raises:
        ActScribeError: it is not where it was, or not as it was.
    """
    folder = archive.plan.run.find(archive.folder, RUN_FILE)
    if not (folder / RUN_FILE).is_file():
        raise ActScribeError(f"{archive.folder}: its run does not lie in {folder} any more.", _where_now(archive))
    run = Run.open(folder).require_complete()
    check_run(archive, run)
    return run


def _computed(hands: Hands) -> dict[str, Any]:
    """Return the fields of a plan that say how workers compute."""
    return computed_by_cluster(hands.ray, chosen()) if hands.ray else computed_here()


def _as_before(plan: Plan) -> Compute:
    """Return what was asked for, and where nothing was, what an archive was started with."""
    asked = chosen()
    return Compute(
        "cpu" if asked.device == "auto" and plan.device == "cpu" else asked.device,
        asked.threads or plan.threads,
        asked.batch_size or plan.batch_size,
        asked.compile or plan.compile,
    )


def _work(archive: Archive, run: Run, videos: Sequence[Video], hands: Hands) -> Ended:
    mine = _part(videos, hands)
    states = archive.states(mine)
    todo = [video for video, state in zip(mine, states, strict=True) if state == "open"]
    sweep_below(archive.claims())
    compared, stopped = reference(run), ""
    if todo:
        say(_begin_sentence(states))
        with closing(_pool(archive, run, hands, len(todo))) as pool:
            teller = _Teller(mine, todo, states.count("failed"))
            outcomes = hand_out(archive, todo, pool, teller, teller.at_work)
        stopped = next((one.sentence for one in outcomes if one.how == "stopped"), "")
    if hands.shard is not None:
        return _shard_ended(archive, mine, stopped, *hands.shard)
    return _with_tables(archive, mine, compared, stopped)


def _part(videos: Sequence[Video], hands: Hands) -> Sequence[Video]:
    """Return the videos that are this process's to do."""
    return videos if hands.shard is None else shard(videos, *hands.shard)


def _begin_sentence(states: Sequence[State]) -> str:
    """Return what is to be done: until the run is loaded and the first video has ended, nothing else is said."""
    done, failed, left = (states.count(state) for state in ("done", "failed", "open"))
    before = f", {done} done before" * bool(done) + f", {failed} failed before" * bool(failed)
    return f"{counted(len(states), 'video')}{before}, {left} to do; the run is loaded first."


def _shard_ended(archive: Archive, mine: Sequence[Video], stopped: str, number: int, count: int) -> Ended:
    ended = _ended(archive, mine, Written(()), stopped)
    sentence = f"Shard {number} of {count}: {ended.done} of {ended.videos} done, {ended.failed} failed."
    return replace(ended, sentences=(sentence,))


def _with_tables(archive: Archive, mine: Sequence[Video], compared: Reference | None, stopped: str = "") -> Ended:
    """Write tables and report, and return how far the archive is; where there is no room for them, without."""
    try:
        written = write_tables(archive, _run(archive))
    except ActScribeError as error:
        return _ended(archive, mine, write_none(archive, compared), stopped, error.message)
    return _ended(archive, mine, written, stopped)


def _ended(archive: Archive, mine: Sequence[Video], written: Written, stopped: str = "", unwritten: str = "") -> Ended:
    states, unread = archive.states(mine), written.unread
    done, failed = states.count("done") - unread, states.count("failed")
    why, sentences = reasons(archive, mine, states), written.sentences
    return Ended(archive, len(mine), done, failed, why, unread, stopped, unwritten, sentences, written.files)


def _pool(archive: Archive, run: Run, hands: Hands, most: int) -> Pool:
    archive = replace(archive, folder=absolute_path(archive.folder))  # an actor of Ray works in another folder
    make = partial(working, Run(absolute_path(run.folder), run.info))
    if hands.ray:
        return RayPool(archive, make, hands.ray, chosen(), hands.workers)
    return LocalPool(archive, make, spread(hands.workers, chosen())[:most])


class _Teller:
    """Says how far all workers together are: every failure, and a line now and then, also where no video ends.

    Args:
        videos: of this process's part.
        todo: those that were not done when it began.
        failed: how many had failed before.
    """

    def __init__(self, videos: Sequence[Video], todo: Sequence[Video], failed: int) -> None:
        self._total, self._ended, self._failed = len(videos), len(videos) - len(todo), failed
        self._left, self._read, self._last = sum(one.bytes for one in todo), 0, -LINE_EVERY_S
        self._begun: float | None = None
        self._spoken_at = time.monotonic()

    def at_work(self, videos: Sequence[Video], elsewhere: Sequence[Video]) -> None:
        """Say which videos take long, where nothing else was to be said for a minute: here, else in other processes."""
        now = time.monotonic()
        waited_for = videos or elsewhere
        if waited_for and now - self._spoken_at >= SILENT_S:
            self._spoken_at = now
            others = f" and {counted(len(waited_for) - 1, 'other')}" if len(waited_for) > 1 else ""
            still = "still at" if videos else "other processes are still at"
            say(Progress(self._how_far(), f"{still} {waited_for[0].name}{others}"))

    def __call__(self, video: Video, outcome: Outcome) -> None:
        self._ended += 1
        self._failed += outcome.how == "failed"
        self._read += video.bytes
        self._left -= video.bytes
        now = time.monotonic()
        if self._begun is None:
            self._begun = now - outcome.seconds  # before it networks were loaded, which takes no longer for many videos
        if outcome.how != "done":
            say(f"{outcome.how}: {outcome.sentence}")
        if now - self._last >= LINE_EVERY_S or self._ended == self._total:
            self._last = self._spoken_at = now
            elapsed = now - self._begun
            left = elapsed / self._read * self._left if self._read and self._left and elapsed >= LEAST_S else None
            say(Progress(self._how_far(), video.name, left))

    def _how_far(self) -> str:
        return f"{self._ended} of {self._total}" + (f", {self._failed} failed" if self._failed else "")
