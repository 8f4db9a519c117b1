"""What to look at next in a study: its recordings, its runs, a strategy, a budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from actscribe.data.clips import Clip, Window
from actscribe.data.loading import StudyData, load_data
from actscribe.data.manifest import SPLITS
from actscribe.data.recording import Recording
from actscribe.errors import ActScribeError, did_you_mean
from actscribe.journal.spans import seconds
from actscribe.review.queue.candidates import Watched, candidates
from actscribe.review.queue.choose import Chosen, choose
from actscribe.review.queue.parts import Part, any_open, parts_of
from actscribe.review.queue.predictions import Predictions, predictions
from actscribe.review.queue.scored import encoder_of, scores_of, vectors_of
from actscribe.review.queue.strategies import STRATEGIES, Known
from actscribe.run_folder.file_names import RUN_FILE
from actscribe.run_folder.run import Run
from actscribe.settings.registry import on_encoders
from actscribe.settings.study import Study, load_study
from actscribe.video.contained import contained

#: Length of a span that is looked at in one go, and of what is shown before and after it, in clips (ours).
SPAN_CLIPS, CONTEXT_CLIPS = 5.0, 1.0
#: Runs that a strategy needs.
_RUNS = {"uncertainty": 1, "change": 1, "disagreement": 2}


@dataclass(frozen=True, slots=True)
class Queue:
    """What to look at next.

    Args:
        spans: the best first.
        strategy: by which they were chosen.
        left: seconds that nobody reviewed, in the recordings that were chosen from.
        notes: sentences that belong to them.
    """

    spans: tuple[Chosen, ...]
    strategy: str
    left: float
    notes: tuple[str, ...]


@contained()
def ask(
    study: Study | str | Path,
    minutes: float,
    strategy: str | None = None,
    runs: Sequence[Run | str | Path] = (),
    split: str = "train",
    span: float | None = None,
    context: float | None = None,
    seed: int = 0,
    data: StudyData | None = None,
) -> Queue:
    """Return spans of unreviewed time that are worth a person's time, within a budget.

    Args:
        study: from `load_study`, or its file or folder.
        minutes: of watching, context included.
        strategy: of `STRATEGIES`; None: "uncertainty" where there is a run, else "coverage" where the study has an
            encoder, else "random".
        runs: whose scores are looked at; default those in STUDY/runs.
        split: of the recordings.
        span: seconds of a span, about; default five clips.
        context: seconds shown before and after a span; default one clip.
        seed: of what is drawn at random.
        data: from `load_data(study)`, where the caller has it already.

    Raises:
        ActScribeError: an unknown strategy or split, too few runs for the strategy, a run of other labels or windows.
    """
    study = study if isinstance(study, Study) else load_study(study)
    if split not in SPLITS:
        raise ActScribeError(f"no split is called '{split}'.", did_you_mean(split, SPLITS))
    opened = [one if isinstance(one, Run) else Run.open(one) for one in runs] or runs_of(study)
    strategy = strategy or _usual(study, opened)
    if strategy not in STRATEGIES:
        raise ActScribeError(f"no strategy is called '{strategy}'.", did_you_mean(strategy, STRATEGIES))
    data = load_data(study) if data is None else data
    used = _usable(strategy, opened, study, data)
    parts = {name: parts_of(study, data, name) for name in SPLITS}
    also_open = [name for name in SPLITS[1:] if any_open(parts[name])]
    if not any_open(parts[split]):  # before anything is scored
        nothing = _nothing_left(study, split) if parts[split] else f"No recording is in {split}."
        return Queue((), strategy, 0.0, (nothing, *_left_out(split, also_open), *_of_review(data)))
    asked = [one for one in parts[split] if strategy == "coverage" or one.open]
    known = _known(strategy, study, data, used, asked)
    every = known.clips
    length = study.windows.length
    pieces = candidates(every, None if length is None else (span or SPAN_CLIPS * length))
    around = 0.0 if length is None else (CONTEXT_CLIPS * length if context is None else context)
    watched = Watched(around, {one.recording: one.duration for one in every})
    chosen = choose(pieces, known, strategy, minutes * 60, watched, seed)
    left = sum(seconds(one.open) for one in every)
    notes = (*_notes(strategy, split, bool(chosen)), *_left_out(split, also_open), *_of_review(data))
    return Queue(tuple(chosen), strategy, left, notes)


def runs_of(study: Study) -> list[Run]:
    """Return the complete runs that `train` put into the study's folder, in the order of the study's recognizers."""
    folders = [study.folder / "runs" / name for name in study.recognizers]
    runs = [Run.open(folder) for folder in folders if (folder / RUN_FILE).is_file()]
    return [run for run in runs if run.info.status == "complete"]


def _usual(study: Study, runs: Sequence[Run]) -> str:
    if runs:
        return "uncertainty"
    return "random" if encoder_of(study) is None else "coverage"


def _usable(strategy: str, runs: Sequence[Run], study: Study, data: StudyData) -> list[Run]:
    """Return the runs that a strategy looks at."""
    needed = _RUNS.get(strategy, 0)
    if len(runs) < needed:
        what = "a run" if needed == 1 else f"{needed} runs of different recognizers"
        raise ActScribeError(
            f"'{strategy}' uses the predictions of {what}, and there"
            f" {'is' if len(runs) == 1 else 'are'} {len(runs) or 'none'}.",
            "Train first, name runs with --run, or take --strategy coverage or random.",
        )
    if strategy == "random" or (strategy == "coverage" and encoder_of(study) is not None):
        return []
    used = list(runs) if strategy in ("disagreement", "coverage") else list(runs[:1])
    for run in used:
        other = "labels" if run.labels != data.labels else "windows" if run.study.windows != study.windows else ""
        if other:
            raise ActScribeError(
                f"{run.folder}: was trained with {other} that differ from the study's.", "Train it again."
            )
    return used


def _known(strategy: str, study: Study, data: StudyData, runs: Sequence[Run], parts: Sequence[Part]) -> Known:
    names, task = data.labels.names, data.labels.task
    recordings = [one.recording for one in parts]
    cut = [one.clips(Window(study.windows.length, study.windows.stride)) for one in parts]
    every = [clips for clips, _ in cut]
    each = [_predictions(run, recordings, [kept for _, kept in cut], names, task) for run in runs]
    vectors = np.zeros((sum(len(one.edges) for one in every), 1))
    if strategy == "coverage":
        encoder = encoder_of(study)
        if encoder is not None:
            clips = [Clip(one.recording, start, end) for one in every for start, end in one.edges.tolist()]
            vectors = vectors_of(study, encoder, recordings, clips)
        elif each:
            vectors = np.concatenate([one.centred for one in each], axis=1)
        else:
            raise ActScribeError(
                "'coverage' needs features or scores, and the study has no recognizer on a frozen encoder and no run.",
                f"Add '{on_encoders()[0]}: {{}}' to the study's recognizers, train something, or take --strategy"
                " random.",
            )
    return Known(names, task, every, each, vectors, study.windows.stride)


def _predictions(
    run: Run, recordings: Sequence[Recording], kept: Sequence[np.ndarray], names: Sequence[str], task: str
) -> Predictions:
    """Return what a run says of the clips of recordings that are kept."""
    scored = scores_of(run, recordings)
    each = (scored[one.name].scores[of] for one, of in zip(recordings, kept, strict=True))
    scores = [np.zeros((0, len(names))), *each]
    return predictions(run.info.name, np.concatenate(scores), names, task, run.operating_point)


def _nothing_left(study: Study, split: str) -> str:
    """Say that a split is annotated throughout, and what would give a person something to do."""
    listed = study.recordings
    how = f"put them into '{listed}'" if (study.folder / listed).is_dir() else f"give each a row in '{listed}'"
    return (
        f"Everything of {split} is annotated already, in files or in review. Of use would be videos that nobody has"
        f" annotated: {how}, without annotations."
    )


def _notes(strategy: str, split: str, any_chosen: bool) -> list[str]:
    if not any_chosen:
        return ["No span fits into these minutes; allow more, or shorter spans with --span."]
    if split == "train" or strategy == "random":
        return []
    held = "the test split" if split == "test" else "validation"
    return [
        f"These are spans of {held} that were chosen by {strategy}, so they are not like the rest of it, and numbers"
        " measured on them alone say less. Take --strategy random, or review these recordings whole and blind."
    ]


def _of_review(data: StudyData) -> tuple[str, ...]:
    """Return what is to be known of the review whose spans these are."""
    return data.review.remarks if data.review else ()


def _left_out(split: str, also_open: Sequence[str]) -> list[str]:
    """Say which splits are not annotated throughout either, where spans of training were asked for."""
    if split != "train" or not also_open:
        return []
    return [
        f"Left out: {' and '.join(also_open)}, which numbers are measured on. They are best annotated whole and"
        " blind, or drawn with --strategy random."
    ]
