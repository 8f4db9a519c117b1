"""The features of a recording step by step, for who looks at it as a whole: which clips each step is seen through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from actscribe.batching import batched
from actscribe.data.clips import MOST_CLIPS, SAME_S, Clip
from actscribe.data.input_spec import InputSpec
from actscribe.errors import ActScribeError
from actscribe.features.embedder import Encoder
from actscribe.features.store import Row
from actscribe.models.probe_heads import pool

#: Vectors that are made of a clip: three statistics of its own ones, and the one nearest to the step.
VECTORS = 4


@dataclass(frozen=True, slots=True)
class Stepping:
    """How an encoder walks through a recording.

    An encoder of frames sees the frame in the middle of each step. One of clips sees clips around the middle of each
    step, moved to lie within the recording; or where causal, clips that end with the step and begin no earlier than the
    recording. Of a clip the mean, deviation and change of its vectors are taken, see `probe_heads.pool`, and the vector
    nearest to the step (ours).

    Args:
        encoder: what is known of it.
        step: in seconds.
        lengths: of the clips that an encoder of clips sees at each step, in seconds.
        causal: whether a step sees nothing that comes after it.
    """

    encoder: Encoder
    step: float
    lengths: tuple[float, ...]
    causal: bool

    @property
    def clips_a_step(self) -> int:
        """Clips that are seen at each step."""
        return 1 if self.encoder.per == "frame" else len(self.lengths)

    @property
    def width(self) -> int:
        """Numbers of a step's features."""
        return self.encoder.width * (1 if self.encoder.per == "frame" else VECTORS * len(self.lengths))

    def input_spec(self, input_spec: InputSpec) -> InputSpec:
        """Return what is seen of the clips of `clips`: one frame, or as many as an encoder of clips takes."""
        return replace(input_spec, frames=1) if self.encoder.per == "frame" else input_spec

    def spans(self, start: float, end: float, duration: float) -> np.ndarray:
        """Return the steps of a recording whose middles lie from `start` to `end`, in seconds, shape (steps, 2).

        Step k spans [k * step, (k + 1) * step); the last one ends with the recording and is half to one and a half
        times as long. Where no middle lies inside, the step nearest to it is returned.

        Args:
            start, end: in seconds.
            duration: of the recording, in seconds.

        Raises:
            ActScribeError: more than `MOST_CLIPS` are seen, before the first of them is made.
        """
        wanted = duration / self.step * self.clips_a_step
        if not wanted < MOST_CLIPS:
            raise ActScribeError(
                f"steps of {self.step:g} s show {wanted:,.0f} clips of a video of {duration:.1f} s; up to"
                f" {MOST_CLIPS:,} can be held in memory.",
                "Set a larger 'step:' of temporal.",
            )
        count = max(1, int(duration / self.step + 0.5 + SAME_S))
        edges = np.append(np.arange(count) * self.step, duration)
        middles = (edges[:-1] + edges[1:]) / 2
        inside = np.flatnonzero((middles >= start - SAME_S) & (middles < end + SAME_S))
        if not len(inside):
            inside = np.array([int(np.abs(middles - (start + end) / 2).argmin())])
        return np.stack([edges[inside], edges[inside + 1]], axis=1)

    def clips(self, name: str, spans: np.ndarray, duration: float) -> list[Clip]:
        """Return what is seen of a recording at each step, `clips_a_step` after each other for every step."""
        if self.encoder.per == "frame":
            return [Clip(name, float(start), float(end)) for start, end in spans]
        clips = []
        for start, end in spans:
            for length in self.lengths:
                first, last = self._around(float(start), float(end), length, duration)
                clips.append(Clip(name, first, last))
        return clips

    def vectors(self, rows: Iterable[Row], spans: np.ndarray) -> Iterator[tuple[Tensor, np.ndarray]]:
        """Yield the features of each step, float32, shape (width,), and the times of the frames that were seen.

        Args:
            rows: of the clips of `clips`, in their order.
            spans: of the steps.
        """
        for (start, end), group in zip(spans, batched(rows, self.clips_a_step), strict=True):
            moment = float(end if self.causal else (start + end) / 2)
            parts = [self.vector(row.vectors, row.times.numpy(), moment) for row in group]
            yield torch.cat(parts), np.concatenate([row.times.numpy() for row in group])

    def vector(self, vectors: Tensor, times: np.ndarray, moment: float) -> Tensor:
        """Return the features of a moment that a clip's vectors make, float32.

        Args:
            vectors: in order of time, shape (tokens, D).
            times: of the frames that they are made from, in seconds.
            moment: in seconds.
        """
        if self.encoder.per == "frame":
            index, each = nearest(times, moment), self.encoder.tokens
            return vectors[index * each : (index + 1) * each].float().mean(0)
        states = vectors.float()
        index = nearest(np.linspace(times[0], times[-1], len(states)), moment)
        return torch.cat(
            [pool(states[None], torch.ones(1, len(states), dtype=torch.bool), "statistics")[0], states[index]]
        )

    def _around(self, start: float, end: float, length: float, duration: float) -> tuple[float, float]:
        if self.causal:
            return max(0.0, end - length), end
        length = min(length, duration)
        first = min(max(0.0, (start + end - length) / 2), duration - length)
        return first, first + length


def nearest(times: np.ndarray, moment: float) -> int:
    """Return the index of the time that is nearest to a moment, the first of equals."""
    return int(np.abs(times - moment).argmin())


def stacked(rows: Iterable[Row], spans: np.ndarray, stepping: Stepping) -> Tensor:
    """Return the features of all steps of a recording as they are kept, float16, shape (steps, width)."""
    features = torch.empty(len(spans), stepping.width, dtype=torch.float16)
    for index, (vector, _) in enumerate(stepping.vectors(rows, spans)):
        features[index] = vector
    return features
