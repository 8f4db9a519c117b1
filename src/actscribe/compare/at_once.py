"""Several parts of a comparison at once, each in a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from actscribe.compare.board import Board
from actscribe.compare.decode_once import decoding_once
from actscribe.compare.plan import Part
from actscribe.compare.work import train_and_measure
from actscribe.data.loading import StudyData
from actscribe.settings.study import Study
from actscribe.video.cache import FrameCache, default_cache
from actscribe.workers import Done, Job, run_jobs


@dataclass(frozen=True, slots=True)
class Shared:
    """What all parts of a comparison have in common, see `work.finish`.

    Args:
        study, data: of the comparison.
        folder: of the comparison.
        cache: of decoded frames; None: the user's.
        retrain: take no run from outside the comparison's folder.
        sharers: recognizers that are still to be made, for which each process decodes a video once.
    """

    study: Study
    data: StudyData
    folder: Path
    cache: FrameCache | None
    retrain: bool
    sharers: tuple[str, ...]


def finish_at_once(every: Sequence[Part], shared: Shared, board: Board, count: int) -> dict[Part, float | None]:
    """Train and measure parts, several at once, and return the peak of memory of each training, 10^6 bytes.

    The cost of each is left to `work.finish`: it is measured when nothing else runs. Of recognizers on one model the
    first keeps what the frozen model sees, and the others wait for it.

    Args:
        every: part to do, in this order.
        shared: by all.
        board: receives the progress.
        count: how many at once.

    Raises:
        ActScribeError: as `work.train_and_measure`; or a process ended.
    """
    jobs = [Job((part, shared), part.words, _model(part, shared.study)) for part in every]
    memories: dict[Part, float | None] = {}
    for news in run_jobs(_train_and_measure, jobs, count):
        part = every[news.job]
        if isinstance(news, Done):
            macro_f1, memories[part], reused = news.value
            board.finished(part, macro_f1, reused)
        else:
            board.tell(part, news.report)
    return memories


def _train_and_measure(argument: tuple[Part, Shared]) -> tuple[float, float | None, bool]:
    """Do one part: what a process runs."""
    part, shared = argument
    with decoding_once(shared.study, shared.sharers, shared.data, shared.cache or default_cache()):
        done = train_and_measure(part, shared.study, shared.data, shared.folder, shared.cache, shared.retrain)
    return done.macro_f1, done.memory_mb, done.reused


def _model(part: Part, study: Study) -> str:
    """Return the model whose frozen features recognizers share; empty where this one keeps none."""
    recognizer = study.chosen(part.recognizer)
    shares = recognizer.spec.embeds or recognizer.spec.shares_features
    return recognizer.spec.model(recognizer.settings) if shares else ""
