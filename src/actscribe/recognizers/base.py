"""What every recognizer offers, and what its training is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from actscribe.data.frames import ClipData
from actscribe.data.view import ClipFrames, View
from actscribe.labels import LabelSet

__all__ = ["ClipData", "ClipFrames", "Job", "Kind", "Recognizer", "View", "always", "never", "unknown", "unsaid"]


class Recognizer(Protocol):
    """Turns clips into scores. Zero-shot or trained, all are used the same way."""

    labels: LabelSet
    view: View

    def score(self, clips: Iterable[ClipFrames]) -> Iterator[np.ndarray]:
        """Yield one array of scores in [0, 1] per clip, shape (labels,), in the order of `clips`.

        Reads ahead by at most one batch, so that an endless video is scored in bounded memory.
        """
        ...

    def save(self, folder: Path) -> None:
        """Write all that is needed to load it again into an existing empty folder; safetensors, JSON and YAML only."""
        ...


@dataclass(frozen=True, slots=True)
class Job:
    """Everything a recognizer is made from.

    Args:
        labels: of the study.
        settings: the recognizer's own settings model.
        view: as `Kind.view` answered.
        train, validation: clips with frames; a zero-shot recognizer leaves them alone.
        train_targets, validation_targets: float32, shape (clips, labels), nan where not annotated.
        folder: of the run; checkpoints and training curves go below it.
        seed: all randomness flows from it.
        resume: go on from the last checkpoint in `folder`.
    """

    labels: LabelSet
    settings: Any
    view: View
    train: ClipData
    validation: ClipData
    train_targets: np.ndarray
    validation_targets: np.ndarray
    folder: Path
    seed: int
    resume: bool = False


def unknown(settings: object) -> str:
    """Answer `Kind.weights` of a recognizer that trains nothing."""
    return ""


def no_packages(settings: object) -> tuple[str, ...]:
    """Answer `Kind.packages` of a recognizer that needs no optional one."""
    return ()


def unsaid(settings: object, labels: object, frames: int) -> list[str]:
    """Answer `Kind.starting` of a recognizer whose checkpoint is taken as it is."""
    return []


@dataclass(frozen=True, slots=True)
class Kind:
    """One choice of the registry.

    Args:
        summary: one line for `--help` and the report.
        trains: settings -> whether `make` learns from the training clips; else it draws nothing and looks at none.
        view: settings and the study's frames per clip -> what the recognizer wants to see.
        make: trains, or for a zero-shot recognizer just sets up.
        load: a saved folder and the run's label set -> the recognizer.
        weights: settings -> the digest of the weights that training starts from; empty where nothing tells.
        packages: settings -> modules that must be importable, keys of `packages.COMMANDS`.
        starting: settings, label set and frames per clip -> what the run's notes say of the checkpoint that training
            starts from, such as a new head; refuses one whose weights do not fit, before anything is written.
    """

    summary: str
    trains: Callable[[Any], bool]
    view: Callable[[Any, int], View]
    make: Callable[[Job], Recognizer]
    load: Callable[[Path, LabelSet], Recognizer]
    weights: Callable[[Any], str] = unknown
    packages: Callable[[Any], tuple[str, ...]] = no_packages
    starting: Callable[[Any, LabelSet, int], list[str]] = unsaid


def always(settings: object) -> bool:
    """Answer `Kind.trains` of a recognizer that learns whatever its settings are."""
    return True


def never(settings: object) -> bool:
    """Answer `Kind.trains` of a recognizer that learns nothing."""
    return False
