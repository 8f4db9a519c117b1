"""How a run stands: what its own measurements say of it, for whoever holds a timeline that it made."""

from __future__ import annotations

import numpy as np

from actscribe.evaluation.result import Evaluation, measure
from actscribe.report.sections import unusable
from actscribe.report.verdict import grouped_notes, verdict
from actscribe.run_folder.run import Run
from actscribe.runs.evaluate import timelines_of, training_priors
from actscribe.typed_words import typed

UNMEASURED = "The run that made this timeline was never measured: it keeps no scores of annotated clips."


def quality_notes(run: Run) -> tuple[str, ...]:
    """Return what to know before relying on a run's timelines: its report's verdict, and labels without a confidence.

    The verdict is that of test where the run was measured there, else of validation, on which it was tuned; of clips
    and of their timelines, as in the report. No video is read.
    """
    split = next((name for name in ("test", "validation") if run.has_scores(name)), None)
    result = _measured(run, split) if split else None
    if split is None or result is None:
        sentences = [UNMEASURED]
    else:
        command = f"actscribe evaluate {typed(run.folder)}"
        tuned = f" It was tuned on them, which flatters it; type {command} to measure it on test."
        sentences = [f"The run that made this timeline, measured on {split}:", *unusable(run, split), *verdict(result)]
        sentences = [" ".join(sentences) + (tuned if split == "validation" else "")]
    notes = grouped_notes("Timeline", run.operating_point.timeline.notes)
    return (*sentences, *notes, *grouped_notes("Confidence", run.operating_point.confidence.notes))


def known_videos(run: Run) -> dict[str, str]:
    """Return content of a video -> what a run has taken from it already, which flatters its timeline of that video.

    A video is known by its bytes, wherever it lies and whatever it is called. One that the run was measured on alone
    counts as new. No video is read.
    """
    learned = {"train": "was trained on", "validation": "was tuned on"}
    splits: dict[str, set[str]] = {}
    names: dict[str, str] = {}
    for one in run.listed():
        if one.intervals is not None and (one.split == "validation" or (one.split == "train" and run.is_trained)):
            splits.setdefault(one.content, set()).add(one.split)
            names.setdefault(one.content, one.name)
    return {
        content: f"The run that made this timeline {' and '.join(learned[split] for split in sorted(of_one))} this very"
        f" video (its recording '{names[content]}'), so the timeline looks better than that of a new video would."
        for content, of_one in splits.items()
    }


def _measured(run: Run, split: str) -> Evaluation | None:
    """Return the measurements of kept scores; None where none of the clips is annotated."""
    recordings = tuple(recording for recording in run.recordings(split) if recording.intervals is not None)
    scored = run.scores(split)
    if not recordings or not scored.clips:
        return None
    thresholds = np.array([run.operating_point.thresholds[name] for name in run.labels.names])
    windows, priors = run.study.windows, training_priors(run)
    timelines = timelines_of(run, scored, recordings, run.operating_point)
    return measure(
        split, run.labels, scored.clips, scored.scores, thresholds, windows.threshold, recordings, timelines, priors
    )
