"""Everything a recognizer is made from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from actscribe.data.frames import ClipData
from actscribe.data.input_spec import InputSpec
from actscribe.labels import LabelSet


@dataclass(frozen=True, slots=True)
class TrainingInputs:
    """Everything a recognizer is made from.

    Args:
        labels: of the study.
        settings: the recognizer's own settings model.
        input_spec: as `Implementation.input_spec` answered.
        train, validation: clips with frames; a zero-shot recognizer leaves them alone.
        train_targets, validation_targets: float32, shape (clips, labels), nan where not annotated.
        folder: of the run; checkpoints and training curves go below it.
        seed: all randomness flows from it.
        resume: go on from the last checkpoint in `folder`.
        start: folder of a saved recognizer of the same kind, whose weights training starts from; None: the settings'.
    """

    labels: LabelSet
    settings: Any
    input_spec: InputSpec
    train: ClipData
    validation: ClipData
    train_targets: np.ndarray
    validation_targets: np.ndarray
    folder: Path
    seed: int
    resume: bool = False
    start: Path | None = None
