"""What a recognizer's model answered on a split, beside its scores: captions and hallucination, for the report."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import numpy as np

from actscribe.data.clips import Clip, targets
from actscribe.evaluation.hallucination import INTERVALS, hallucination, intervals_table
from actscribe.files import write_text
from actscribe.recognizers.base import Answering, Recognizer
from actscribe.recognizers.grounded import Grounded
from actscribe.recognizers.interval_answers import IntervalAnswer
from actscribe.recognizers.reading import mentions
from actscribe.recognizers.zero_shot import Answered
from actscribe.run_folder import file_names
from actscribe.run_folder.run import Run
from actscribe.settings.registry import recognizer as spec_of

#: Share of a window that a label covers where it occurs in it at all.
OCCURS = 1e-6


@contextmanager
def listening(recognizer: Recognizer, name: str) -> Iterator[list[Answered] | list[Grounded]]:
    """Yield a list that grows with the answers of a recognizer that tells them, while the block runs.

    Args:
        recognizer: that scores.
        name: its own in the registry, which says whether it tells them.
    """
    answers: list[Any] = []
    if not spec_of(name).answers:
        yield answers
        return
    asked = cast(Answering, recognizer)
    asked.on_answer = answers.append
    try:
        yield answers
    finally:
        asked.on_answer = None


def keep_answers(run: Run, split: str, answers: Sequence[Answered] | Sequence[Grounded]) -> None:
    """Write captions-SPLIT.json and hallucination-SPLIT.json into the run folder; nothing without answers.

    captions: list of {recording, start_s, end_s, caption}, one per clip for which the model wrote a list or a caption,
    or per window, for which it wrote when the labels happen.
    hallucination: see `evaluation.hallucination`.
    """
    if not answers:
        return
    asked = [answer for answer in answers if isinstance(answer, Answered)]
    grounded = [answer for answer in answers if isinstance(answer, Grounded)]
    captions = [*(_caption(a.clip, a.text) for a in asked if a.text), *_written(run, grounded)]
    if captions:
        _write(run, file_names.of_split(file_names.CAPTIONS, split), captions)
    measures = _of_windows(run, grounded) if grounded else _of_clips(run, asked)
    _write(run, file_names.of_split(file_names.HALLUCINATION, split), measures)


def _of_clips(run: Run, answers: Sequence[Answered]) -> dict[str, Any]:
    labels = run.labels
    return hallucination(
        labels,
        targets([answer.clip for answer in answers], labels.task, run.study.windows.threshold),
        np.stack([answer.scores for answer in answers]),
        np.array([run.operating_point.thresholds[name] for name in labels.names]),
        np.stack([answer.unread for answer in answers]),
        np.stack([answer.probability_mass for answer in answers]) if len(answers[0].probability_mass) else None,
        _mentioned(run, answers),
    )


def _of_windows(run: Run, answers: Sequence[Grounded]) -> dict[str, Any]:
    """Return the tables of windows: yes is an interval that can be, and true what occurs in the window at all."""
    labels = run.labels
    named = np.array([[float(bool(one.intervals)) for one in answer.answers] for answer in answers])
    happens = targets([answer.window for answer in answers], labels.task, OCCURS)
    unread = np.stack([answer.unread for answer in answers])
    measures = hallucination(labels, happens, named, np.full(len(labels), 0.5), unread)
    counts = [_counted([answer.answers[column] for answer in answers]) for column in range(len(labels))]
    return {INTERVALS: intervals_table(labels, counts), **measures}


def _counted(answers: Sequence[IntervalAnswer]) -> dict[str, int]:
    """Return how many intervals of a label are kept, and why others are not."""
    return {
        "kept": sum(len(one.intervals) for one in answers),
        "end before they begin": sum(one.reversed for one in answers),
        "outside the window": sum(one.outside for one in answers),
        "overstep it": sum(one.clipped for one in answers),
        "repeated": sum(one.repeats for one in answers),
        "of a label not asked for": sum(one.others for one in answers),
        "answers cut off": sum(one.cut for one in answers),
    }


def _written(run: Run, answers: Sequence[Grounded]) -> Iterator[dict[str, Any]]:
    for answer in answers:
        lines = (f"{name}: {text}" for name, text in zip(run.labels.names, answer.texts, strict=True))
        yield _caption(answer.window, "\n".join(lines))


def _caption(clip: Clip, text: str) -> dict[str, Any]:
    return {"recording": clip.recording, "start_s": clip.start, "end_s": clip.end, "caption": text}


def _mentioned(run: Run, answers: Sequence[Answered]) -> np.ndarray | None:
    """Return whether captions mention labels, shape (clips, labels), nan without caption.

    None for lists: there the answer is the caption.
    """
    if not len(answers[0].probability_mass):
        return None
    rows = [
        [float(mentions(answer.text, label)) if answer.text else np.nan for label in run.labels.labels]
        for answer in answers
    ]
    return np.array(rows)


def _write(run: Run, name: str, values: Any) -> None:
    path = run.folder / name
    write_text(path, json.dumps(values, indent=1, ensure_ascii=False))
    run.note(path)
