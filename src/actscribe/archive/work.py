"""What is done with each video of an archive: the same as `annotate` does."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from actscribe.archive.ahead import opened_ahead
from actscribe.archive.audit import stored
from actscribe.archive.drift import see
from actscribe.archive.folder import Archive
from actscribe.archive.listing import Video
from actscribe.archive.record import Done, LabelSummary
from actscribe.archive.task import Made, Work
from actscribe.compute import Compute, chosen
from actscribe.data.input_spec import ClipFrames
from actscribe.errors import ActScribeError, UnreadableVideo
from actscribe.evaluation.audit.measure import measured
from actscribe.evaluation.audit.presence import observed
from actscribe.evaluation.indicators import indicators
from actscribe.files import content_hash, text_hash
from actscribe.models.device import bfloat16_pays, clips_at_once, computing, device
from actscribe.names import printable, safe_name
from actscribe.progress import Report, report_to
from actscribe.run_folder.environment import versions
from actscribe.run_folder.file_names import OPERATING_POINT
from actscribe.run_folder.run import Run
from actscribe.runs.kept_scores import scores_key, scoring_parts
from actscribe.runs.one_video import (
    AnnotatedVideo,
    Loaded,
    Probed,
    annotate_video,
    keep_scores,
    load,
    probe_video,
    show_first,
    timeline_path,
    try_formats,
)
from actscribe.runs.quality_notes import known_videos
from actscribe.video.contained import contained


@dataclass(frozen=True, slots=True)
class OpenedVideo:
    """A video that was probed and read once, see `task.Prepared`.

    Args:
        shown: its frames, the first of which are decoded already; None: not one is.
    """

    archive: Archive
    loaded: Loaded
    video: Video
    probed: Probed
    content: str
    shown: Generator[ClipFrames, None, None] | None

    @property
    def task(self) -> str:
        """Digest of content, run and settings."""
        return scores_key(self.loaded.run, self.content)

    @property
    def name(self) -> str:
        """Of the recording."""
        return safe_name(self.probed.video.stem)

    @property
    def targets(self) -> tuple[Path, ...]:
        """The timelines that will be written."""
        stem = self.archive.stem(self.video)
        return tuple(timeline_path(stem, name) for name in self.archive.plan.formats)

    def make(self) -> Made:
        """Score the video, unless a file of the same content is, and write its timelines."""
        made = self._annotated(self.archive.plan.formats)
        return Made(made.files, self.probed.duration, _summaries(self.loaded, made), self._measured(made))

    def measured_again(self, before: Done) -> tuple[dict[str, Any], ...]:
        """See `task.Prepared`; without columns of moments the indicators are those of before."""
        if not self.loaded.run.labels.moments():
            return before.indicators
        return self._measured(self._annotated(()))

    def _annotated(self, formats: tuple[str, ...]) -> AnnotatedVideo:
        """Return the timeline, from kept scores where there are some, written in the formats."""
        made, _ = annotate_video(
            self.loaded,
            self.probed,
            self.name,
            self.archive.stem(self.video),
            formats,
            kept_in=self.archive.scores(),
            content=self.content,
            shown=self.shown,
        )
        return made

    def _measured(self, made: AnnotatedVideo) -> tuple[dict[str, Any], ...]:
        recording = replace(made.recording, moments=self.video.moments)
        return stored(measured(observed(recording, made.intervals), self.loaded.run.labels))


@contextmanager
def working(run: Run, archive: Archive, compute: Compute) -> Iterator[Work]:
    """Yield what does an archive's videos: the run is loaded once, each video is decoded in a child process.

    Args:
        run: that annotates.
        archive: whose videos they are.
        compute: where networks run.

    Raises:
        ActScribeError: the run cannot be loaded here, or another one lies in its place, or this process
            computes in another way than the archive was started with.
    """
    with computing(compute), contained(), report_to(_silent):
        archive.check_alike(computed_here())  # a node of a cluster may have other libraries than the one who hands out
        loaded = load(run, archive.plan.rules, notes=archive.plan.notes)
        check_run(archive, Run.open(run.folder))  # what was loaded just now, not what it was at the start

        def open_video(video: Video) -> OpenedVideo:
            probed = probe_video(Path(video.path))
            media, formats = printable(str(probed.video.absolute())), archive.plan.formats
            try_formats(archive.stem(video), media, probed.duration, probed.clock, formats, run.labels)
            try:
                content = content_hash(probed.video)
            except OSError as error:
                raise UnreadableVideo(f"{video.path}: {error.strerror or error}.") from error
            shown = None
            if archive.plan.together == 1:  # else one pass goes over several videos, and decodes ahead by itself
                with suppress(ActScribeError, OSError):  # raised again when it is scored
                    shown = show_first(loaded, probed, safe_name(probed.video.stem), content)
            return OpenedVideo(archive, loaded, video, probed, content, shown)

        def score(opened: Sequence[OpenedVideo]) -> None:
            keep_scores(loaded, [(one.probed, one.name, one.content) for one in opened], archive.scores())

        with opened_ahead(open_video) as (open_or_take, begin):
            yield Work(open_or_take, score, begin)


def run_digest(run: Run) -> str:
    """Return what tells all of a run that timelines depend on, wherever it lies."""
    parts = [*scoring_parts(run), run.info.digests[OPERATING_POINT], known_videos(run)]
    return text_hash(json.dumps(parts, sort_keys=True))


def computed_here() -> dict[str, Any]:
    """Return the fields of an archive's plan that say how this process computes."""
    where = device().type
    return {
        "versions": versions(),
        "device": where,
        "precision": "bf16" if bfloat16_pays()[0] else "float32",
        "threads": chosen().threads or 1 if where == "cpu" else None,
        "batch_size": clips_at_once(),
        "compile": chosen().compile,
    }


def check_run(archive: Archive, run: Run) -> None:
    """Refuse a run that is not the one that an archive was started with.

    Raises:
        ActScribeError: it was changed since, or another one lies in its place.
    """
    if run_digest(run) != archive.plan.model:
        raise ActScribeError(
            f"{run.folder}: is not as it was when {archive.folder} was started with it, so its timelines would not all"
            " be made alike.",
            "Put back the run as it was, or start a new archive with another folder as --out.",
        )


def _summaries(loaded: Loaded, made: AnnotatedVideo) -> dict[str, LabelSummary]:
    labels = loaded.run.labels
    sights = see(made.scored.scores, labels, loaded.confidence)
    table = indicators(made.recording, made.intervals, labels)
    return {
        row.label: LabelSummary(
            first_s=float(row.first_s),
            bouts=int(row.bouts),
            total_s=float(row.total_s),
            fraction=float(row.fraction),
            longest_pause_s=float(row.longest_interruption_s),
            certainty=sights[row.label].certainty,
            scores=sights[row.label].counts,
        )
        for row in table.itertuples(index=False)
    }


def _silent(report: Report) -> None:
    """Say nothing: whoever hands out the videos speaks of all workers together."""
