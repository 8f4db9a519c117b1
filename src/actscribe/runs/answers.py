"""What a zero-shot recognizer said on a split, beside its scores: captions and hallucination, for the report."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from actscribe.data.clips import targets
from actscribe.evaluation.hallucination import hallucination
from actscribe.files import write_text
from actscribe.recognizers.base import Recognizer
from actscribe.recognizers.reading import mentions
from actscribe.recognizers.zero_shot import Answered, ZeroShotRecognizer
from actscribe.run_folder import written
from actscribe.run_folder.run import Run


@contextmanager
def listening(recognizer: Recognizer) -> Iterator[list[Answered]]:
    """Yield a list that grows with the answers of a zero-shot recognizer while the block runs; others tell nothing."""
    answers: list[Answered] = []
    if not isinstance(recognizer, ZeroShotRecognizer):
        yield answers
        return
    recognizer.on_answer = answers.append
    try:
        yield answers
    finally:
        recognizer.on_answer = None


def keep_answers(run: Run, split: str, answers: Sequence[Answered]) -> None:
    """Write captions-SPLIT.json and hallucination-SPLIT.json into the run folder; nothing without answers.

    captions: list of {recording, start_s, end_s, caption}, one per clip for which the model wrote a list or a caption.
    hallucination: see `evaluation.hallucination`.
    """
    if not answers:
        return
    captions = [
        {"recording": a.clip.recording, "start_s": a.clip.start, "end_s": a.clip.end, "caption": a.text}
        for a in answers
        if a.text
    ]
    if captions:
        _write(run, written.of_split(written.CAPTIONS, split), captions)
    labels = run.labels
    found = hallucination(
        labels,
        targets([answer.clip for answer in answers], labels.task, run.study.windows.threshold),
        np.stack([answer.scores for answer in answers]),
        np.array([run.operating_point.thresholds[name] for name in labels.names]),
        np.stack([answer.unread for answer in answers]),
        np.stack([answer.probability_mass for answer in answers]) if len(answers[0].probability_mass) else None,
        _mentioned(run, answers),
    )
    _write(run, written.of_split(written.HALLUCINATION, split), found)


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
