"""Training and scoring the runs of a benchmark, each only as far as that is not done yet."""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from actscribe.benchmark.draw import Classes, Draw
from actscribe.benchmark.plan import Plan
from actscribe.data.benchmarks.base import Benchmark
from actscribe.data.benchmarks.convert import study_of
from actscribe.errors import ActScribeError
from actscribe.progress import LINE_EVERY_S, say
from actscribe.recognizers.base import Recognizer
from actscribe.run_folder.environment import machine, versions
from actscribe.run_folder.file_names import RUN_FILE
from actscribe.run_folder.run import Run, RunInfo
from actscribe.runs.evaluate import score_split
from actscribe.runs.reuse import check_same, complete_run
from actscribe.runs.train import train
from actscribe.settings.study import Study
from actscribe.video.cache import FrameCache
from actscribe.workers import Done, Job, run_jobs

#: In a run's folder: its scores on the novel classes, as a run without a model of its own.
NOVEL_FOLDER = "novel"
INSTEAD = "or benchmark into another folder with --out."


@dataclass(frozen=True, slots=True)
class Piece:
    """One run: a system on the shots of a seed.

    Args:
        plan, chosen: of the benchmark.
        drawn: the seed's shots.
        folder: of the benchmark.
        vghif: whether the backbone has VgHIF.
        seed: of draw and training.
        cache: of decoded frames; None: the user's.
    """

    plan: Plan
    chosen: Classes
    drawn: Draw
    folder: Path
    vghif: bool
    seed: int
    cache: FrameCache | None

    @property
    def words(self) -> str:
        """What a user reads."""
        return f"{system(self.plan, self.vghif)}, seed {self.seed}"


def finish_all(pieces: Sequence[Piece], at_once: int) -> None:
    """Train and score every run, as far as that is not done, several at once.

    Raises:
        ActScribeError: as `train`; runs or scores of another plan are in the way; or a process ended.
    """
    if at_once > 1:
        _finish_at_once(pieces, at_once)
        return
    for index, piece in enumerate(pieces):
        say(f"{piece.words} ({index + 1} of {len(pieces)})")
        _finish(piece)
        gc.collect()


def _finish_at_once(pieces: Sequence[Piece], count: int) -> None:
    jobs = [Job(piece, piece.words) for piece in pieces]
    done, last = 0, 0.0
    for news in run_jobs(_finish, jobs, count):
        words = pieces[news.job].words
        if isinstance(news, Done):
            done += 1
            say(f"{words}: done ({done} of {len(pieces)})")
        elif time.monotonic() - last >= LINE_EVERY_S:
            last = time.monotonic()
            say(f"{words}: {news.report}")


def _finish(piece: Piece) -> None:
    """Train and score one run, as far as that is not done."""
    plan, chosen, drawn, vghif, seed = piece.plan, piece.chosen, piece.drawn, piece.vghif, piece.seed
    folder = piece.folder / plan.run_name(vghif, seed)
    settings = plan.settings(vghif, len(drawn.data.of_split("train")))
    study = study_with(plan, chosen.learned, settings, seed)
    run = complete_run(folder)
    if run is None:
        begun = (folder / RUN_FILE).is_file()
        run = train(study, plan.backbone, folder, resume=begun, cache=piece.cache, data=drawn.data)
    check_same(run, study, drawn.data, INSTEAD)
    recognizer = _score(run, plan, None)
    if chosen.novel is None or drawn.novel is None:
        return
    study = study_with(plan, chosen.novel, settings, seed)
    target = folder / NOVEL_FOLDER
    other = Run.open(target) if (target / RUN_FILE).is_file() else None
    if other is not None and other.info.status != "begun":
        check_same(other, study, drawn.novel, INSTEAD)
    else:
        facts = RunInfo(
            status="complete",
            name=plan.backbone,
            recognizer=plan.backbone,
            settings=run.info.settings,
            seed=seed,
            study=study.name,
            versions=versions(),
            machine=machine(),
            notes=["scored by the model of the run above, with the prompts of the novel classes"],
        )
        other = Run.create(target, study, drawn.novel.labels, drawn.novel.recordings, facts)
    if not _is_scored(other, plan):
        learned: Any = recognizer or run.recognizer()
        _score(other, plan, learned.for_labels(drawn.novel.labels))


def _score(run: Run, plan: Plan, recognizer: Recognizer | None) -> Recognizer | None:
    """Score test if that is not done; return the recognizer if one was loaded."""
    if _is_scored(run, plan):
        return recognizer
    loaded = recognizer or run.recognizer()
    score_split(run, "test", loaded, plan.views)
    return loaded


def _is_scored(run: Run, plan: Plan) -> bool:
    """Tell whether the run keeps test scores of these views; those that a killed process left count as none.

    Raises:
        ActScribeError: it keeps scores of other views.
    """
    if not run.has_scores("test") or "test" not in run.info.views:
        return False
    kept, wanted = run.info.views["test"], (plan.views.clips, plan.views.crops)
    if kept != wanted:
        raise ActScribeError(
            f"{run.folder}: its scores are of {kept[0]} x {kept[1]} views, not of {wanted[0]} x {wanted[1]}.",
            "Give the same --clips and --crops, or benchmark into another folder with --out.",
        )
    return True


def system(plan: Plan, vghif: bool) -> str:
    """Return what tables call a backbone with or without VgHIF."""
    return f"{plan.backbone} + VgHIF" if vghif else plan.backbone


def study_with(plan: Plan, benchmark: Benchmark, settings: BaseModel, seed: int) -> Study:
    """Return the classes of a set as a study of the plan's backbone with some settings."""
    made = study_of(benchmark, {plan.backbone: settings.model_dump(mode="json")}, plan.clip_frames, seed)
    return made.model_copy(update={"empty_labels": "allow"})  # Kinetics may have lost a class's last video
