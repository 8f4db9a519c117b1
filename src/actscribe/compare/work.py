"""Doing the parts of a comparison, each only if it is not done yet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from actscribe.compare.board import Board
from actscribe.compare.cost import kept_cost, measure_cost, peak_memory
from actscribe.compare.plan import Part, study_of, subset
from actscribe.data.loading import StudyData
from actscribe.evaluation.result import Evaluation
from actscribe.models.cost import MB
from actscribe.run_folder import file_names
from actscribe.run_folder.file_names import RUN_FILE
from actscribe.run_folder.run import Run
from actscribe.runs.evaluate import evaluate, measured
from actscribe.runs.reuse import changes, check_same, complete_run
from actscribe.runs.train import train
from actscribe.settings.study import Study
from actscribe.video.cache import FrameCache


@dataclass(frozen=True, slots=True)
class Measured:
    """A part that is done but for its cost.

    Args:
        run: complete and evaluated.
        macro_f1: on test, see `Evaluation.headline`.
        memory_mb: peak of the process while it was trained, 10^6 bytes; None: not looked at.
        reused: was done already.
    """

    run: Run
    macro_f1: float
    memory_mb: float | None
    reused: bool


def finish(
    part: Part,
    study: Study,
    data: StudyData,
    folder: Path,
    board: Board,
    cache: FrameCache | None = None,
    retrain: bool = False,
    memory_mb: float | None = None,
) -> Run:
    """Return the complete, evaluated run of a part with its cost, doing whatever of it is missing.

    Args:
        part: to do.
        study, data: of the comparison.
        folder: of the comparison.
        board: receives the progress.
        cache: of decoded frames; default the user's.
        retrain: take no run from outside the comparison's folder.
        memory_mb: peak while the part was trained by another process, where it was.

    Raises:
        ActScribeError: as `train_and_measure`.
    """
    with board.on(part):
        done = train_and_measure(part, study, data, folder, cache, retrain)
        if part.recordings is None and kept_cost(done.run) is None:
            measure_cost(done.run, done.memory_mb or memory_mb)
    board.finished(part, done.macro_f1, done.reused)
    return done.run


def train_and_measure(
    part: Part, study: Study, data: StudyData, folder: Path, cache: FrameCache | None = None, retrain: bool = False
) -> Measured:
    """Return the complete, evaluated run of a part, doing whatever of it is missing.

    A complete run of the same study, seed and settings is taken from the comparison's folder, or from where `actscribe
    train` puts one. An unfinished training goes on from its last checkpoint. Arguments as in `finish`.

    Raises:
        ActScribeError: as `train` and `evaluate`, or a run of another study is in the way.
    """
    own, its = study_of(study, part), subset(data, part.recordings, part.seed)
    run = complete_run_of(part, own, its, folder, retrain)
    reused = run is not None and _is_evaluated(run, part)
    memory = None
    if run is None:
        with peak_memory() as peak:
            run_folder = folder / part.subfolder
            begun = (run_folder / RUN_FILE).is_file()
            run = train(own, part.recognizer, run_folder, resume=begun, cache=cache, data=its)
        memory = round(peak[0] / MB, 1)
    return Measured(run, _evaluation(run, part, study).headline(), memory, reused)


def complete_run_of(part: Part, study: Study, data: StudyData, folder: Path, retrain: bool = False) -> Run | None:
    """Return the complete run of a part, if there is one.

    Raises:
        ActScribeError: a complete run lies in the comparison's folder, but of another study.
    """
    own = complete_run(folder / part.subfolder)
    if own is not None:
        check_same(own, study, data, "or compare into another folder with --out.")
        return own
    if retrain or part.recordings is not None:
        return None
    trained = complete_run(study.folder / "runs" / part.recognizer)
    if trained is None or trained.info.warm_start:  # of a comparison's runs all start where the settings say
        return None
    return trained if not changes(trained, study, data) else None


def _is_evaluated(run: Run, part: Part) -> bool:
    return run.has_scores("test") and (part.recordings is not None or _has_report(run))


def _has_report(run: Run) -> bool:
    return (run.folder / file_names.of_split(file_names.REPORT, "test")).is_file()


def _evaluation(run: Run, part: Part, study: Study) -> Evaluation:
    """Return the measurements of a run, scoring test if that is not done; runs of the curve get no report.

    Videos that are not where the run has them are looked for in the study's folder.
    """
    if part.recordings is not None or _has_report(run):
        return measured(run, videos=(study.folder,))[0]
    return evaluate(run, videos=(study.folder,)).evaluation
