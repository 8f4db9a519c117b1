"""What every recognizer offers, and what it is given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from actscribe.data.clips import Clip
from actscribe.labels import LabelSet


@dataclass(frozen=True, slots=True)
class View:
    """What a recognizer wants to see of a clip.

    Args:
        frames: how many, see `video.sampling.sample_times`.
        short_side: of a decoded frame, in pixels, aspect kept; a smaller video is not enlarged.
    """

    frames: int
    short_side: int


@dataclass(frozen=True, slots=True)
class ClipFrames:
    """The frames of one clip.

    Args:
        clip: the span.
        content: the recording's content digest; with `times` it identifies a frame anywhere.
        frames: uint8 RGB, shape (frames, height, width, 3).
        times: presentation times of the frames actually taken, in seconds, shape (frames,).
    """

    clip: Clip
    content: str
    frames: np.ndarray
    times: np.ndarray


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
