"""From a source and a run to a timeline that grows, and at the end to files: what `actscribe watch` does."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from actscribe.errors import ActScribeError
from actscribe.files import content_hash, noting
from actscribe.live import final, lines
from actscribe.live.log import ENDING, Earlier, LiveLog
from actscribe.live.scorers import scorer_of
from actscribe.live.session import Ended, Session, Shown, begin_of, warm_up
from actscribe.live.sources.choose import Chosen
from actscribe.live.windows import LiveWindows
from actscribe.run_folder.run import Run
from actscribe.runs.one_video import Loaded, load, timeline_path, try_to_write
from actscribe.settings.registry import recognizer as spec_of
from actscribe.settings.study import parse_settings
from actscribe.typed_words import typed
from actscribe.video.frame_times import frame_clock

#: Days for which a camera's or stream's recording is gone on with: its timeline at the end holds all of them (ours).
MOST_DAYS = 31


@dataclass(frozen=True, slots=True)
class Watched:
    """What `watch` returns.

    Args:
        ended: how the session ended; None: there was nothing left to watch.
        kept: the file of all that happened, see `lines`.
        files: the timelines that were written.
        by: "file": decided over the whole video file, as `annotate` does; "scores": over the scores that were made.
        window_s: length of a window, in seconds.
        notes: what is to be known of the run.
    """

    ended: Ended | None
    kept: Path
    files: tuple[Path, ...]
    by: str
    window_s: float
    notes: tuple[str, ...]


def check_run(run: Run) -> None:
    """Prove that a run can be watched with; nothing is loaded.

    Raises:
        ActScribeError: it is not complete, has no windows, or its recognizer needs what comes later.
    """
    run.require_complete()
    run.operating_point  # noqa: B018 - refuses a run without decisions
    if run.study.windows.length is None:
        raise ActScribeError(
            f"{run.folder}: scores whole videos (windows without a length), so there is no result before one ends.",
            "Train a run on recordings, with 'length:' in the study's windows.",
        )
    name = run.info.recognizer
    spec = spec_of(name)
    why = spec.looks_ahead(parse_settings(name, run.info.settings))
    if why:
        raise ActScribeError(
            f"{run.folder}: its recognizer '{name}' {why}, so it cannot report at once what happens.",
            "Watch with a run of another recognizer, or annotate the recording afterwards: actscribe annotate VIDEO"
            f" --run {typed(run.folder)}",
        )


def watch(
    chosen: Chosen,
    run: Run,
    stem: Path,
    shown: Shown,
    formats: Sequence[str] = ("json",),
    rules: bool | None = None,
    lasting_s: float | None = None,
    loaded: Loaded | None = None,
) -> Watched:
    """Watch a source until it ends, for so many seconds, or until Ctrl-C, and write its timeline.

    All that happens goes to STEM.live.jsonl as it happens; a file of that name that an earlier session began is gone
    on with. The timelines are decided at the end, by the offline pipeline.

    Args:
        chosen: the source.
        run: complete.
        stem: path of the files without their endings.
        shown: where it is shown.
        formats: of the timelines.
        rules: whether the label set's rules are applied; None: as the run has it.
        lasting_s: seconds of the recording; None: until its end.
        loaded: the run, where the caller has loaded it.

    Raises:
        ActScribeError: before anything is opened: a run that cannot be watched with, a file of the user's in the way, a
            format that cannot carry a label. Later: a source that cannot be read, a full disk.
    """
    check_run(run)
    media = chosen.source.media
    clock = None if chosen.video is None else frame_clock(chosen.video)
    try_to_write(stem, media, 60.0, clock, formats, run.labels)
    kept = LiveLog(stem.with_name(f"{stem.name}{ENDING}"))
    earlier = kept.open(run, media, chosen.picture)
    try:
        _check_age(chosen, earlier, kept.path)
        final.check_targets(stem, formats, earlier)
        loaded = loaded or load(run, rules)
        scorer = scorer_of(loaded.recognizer, run)
        ended = None
        if not _is_over(chosen, scorer.windows, earlier):
            warm_up(loaded, scorer)
            session = Session(chosen, loaded, scorer, kept, earlier, shown)
            ended = session.run(lasting_s)
        whole = ended is None or ended.whole
        targets = [timeline_path(stem, name) for name in formats]
        with noting(lambda target, beside: _note(kept, shown, target, beside) if target in targets else None):
            files, by = _written(chosen, loaded, kept, stem, formats, earlier, whole)
        line = lines.written(final.digests(files), by)
        kept.add(line)
        shown.line(line)
        return Watched(ended, kept.path, tuple(files), by, scorer.windows.length, loaded.notes)
    finally:
        kept.close(earlier is None)


def _check_age(chosen: Chosen, earlier: Earlier | None, path: Path) -> None:
    """Refuse to go on with what began long ago: this machine's clock is wrong, or a gap would be most of the timeline.

    Raises:
        ActScribeError: so long ago.
    """
    days = 0.0 if earlier is None or not chosen.passes else (time.time() - earlier.began) / 86400
    if days > MOST_DAYS:
        raise ActScribeError(
            f"{path}: began {days:,.0f} days ago by this machine's clock; a recording is gone on with for {MOST_DAYS}.",
            "Set the clock right, or choose another --name; nothing was changed.",
        )


def _is_over(chosen: Chosen, windows: LiveWindows, earlier: Earlier | None) -> bool:
    """Tell whether an earlier session has seen a file to its end."""
    if earlier is None or chosen.video is None:
        return False
    duration = getattr(chosen.source, "duration", float("inf"))
    return begin_of(chosen, windows, earlier) + windows.length > float(duration)


def _note(kept: LiveLog, shown: Shown, target: Path, beside: Path) -> None:
    """Note what a timeline will be before it is there: a kill at any moment leaves one that is known as ours."""
    line = lines.writing(target.name, content_hash(beside))
    kept.add(line, at_once=True)
    shown.line(line)


def _written(
    chosen: Chosen,
    loaded: Loaded,
    kept: LiveLog,
    stem: Path,
    formats: Sequence[str],
    earlier: Earlier | None,
    whole: bool,
) -> tuple[list[Path], str]:
    """Write the timelines, and return them and what they were decided over, see `Watched`."""
    if not formats:
        return [], "scores"
    if chosen.video is not None and whole:
        return final.of_file(loaded, chosen.video, stem, formats, earlier), "file"
    return final.of_scores(loaded, kept, chosen.source.media, stem, formats, earlier), "scores"
