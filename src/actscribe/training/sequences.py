"""What a network over time learns from: pieces of recordings, their steps changed a little each time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from actscribe.training.augment import clip_rng
from actscribe.training.fit import Example

#: A piece that is cut shorter keeps this part of its steps at least (ours).
LEAST_CUT = 0.5
#: Steps whose features are added up at once: of hours of them all together would take four times what is kept (ours).
STEPS_AT_ONCE = 4096


@dataclass(frozen=True, slots=True, eq=False)
class LearnedSequence:
    """One recording as a network over time sees it.

    Args:
        features: as they are kept, float16, shape (steps, width).
        targets: float32, shape (steps, labels), nan where not annotated.
    """

    features: Tensor
    targets: np.ndarray

    def __len__(self) -> int:
        return len(self.features)


@dataclass(frozen=True, slots=True)
class TimeAugmentation:
    """How a piece is changed in training (ours).

    Args:
        stride: it is played up to this many times as fast or as slow.
        cut: share of pieces that are cut shorter, so that what stands at the ends of recordings is not learned.
        features: share of the numbers of the features that are dropped, for a whole piece.
        dropout: share of the channels of each layer that are dropped, for a whole piece (Tompson et al., CVPR 2015).
        kept_shape: of what is multiplied with the layers, see `TemporalNetwork.kept_shape`.
    """

    stride: float
    cut: float
    features: float
    dropout: float
    kept_shape: tuple[int, int]


def length_of(sequences: Sequence[LearnedSequence], most: int) -> int:
    """Return the steps of a piece: those of the longest recording, at most `most`."""
    return min(most, max((len(one) for one in sequences), default=1))


def pieces(sequences: Sequence[LearnedSequence], length: int) -> list[tuple[int, int]]:
    """Return (place of the recording, first step) of pieces of up to `length` steps that cover all recordings once.

    Pieces of a recording lie evenly in it and may share steps.
    """
    starts = []
    for index, one in enumerate(sequences):
        count = -(-len(one) // length)
        last = max(0, len(one) - length)
        starts += [(index, round(last * number / max(1, count - 1))) for number in range(count)]
    return starts


def padded_targets(sequences: Sequence[LearnedSequence], length: int, labels: int) -> np.ndarray:
    """Return the targets of all pieces, shape (pieces, length, labels), nan beyond the end of a recording."""
    padded = np.full((len(pieces(sequences, length)), length, labels), np.nan, dtype=np.float32)
    for row, (index, first) in zip(padded, pieces(sequences, length), strict=True):
        shown = sequences[index].targets[first : first + length]
        row[: len(shown)] = shown
    return padded


def example_of(
    sequences: Sequence[LearnedSequence], length: int, seed: int, change: TimeAugmentation | None
) -> Example:
    """Return a function from (epoch, piece) to the input of a `TemporalNetwork` with its targets.

    In training a piece begins anywhere in its recording; what is drawn depends on (seed, epoch, piece) alone.

    Args:
        sequences: recordings.
        length: of a piece, in steps; shorter ones are padded.
        seed: of the training.
        change: what is done in training; None: nothing is.
    """
    cut = pieces(sequences, length)

    def example(epoch: int | None, index: int) -> Mapping[str, Tensor]:
        number, first = cut[index]
        one = sequences[number]
        drawn: dict[str, Tensor] = {}
        steps = np.arange(first, min(len(one), first + length))
        if epoch is not None and change is not None:
            rng = clip_rng(seed, epoch, index)
            steps = drawn_steps(len(one), length, change, rng)
            drawn["features"] = torch.from_numpy(_kept(rng, (one.features.shape[1],), change.features))
            drawn["keep"] = torch.from_numpy(_kept(rng, change.kept_shape, change.dropout))
        states = one.features[torch.from_numpy(steps)].float()
        return {
            "states": torch.nn.functional.pad(states, (0, 0, 0, length - len(steps))),
            "mask": torch.arange(length) < len(steps),
            "labels": torch.from_numpy(_padded(one.targets[steps], length)),
            **drawn,
        }

    return example


def drawn_steps(steps: int, length: int, change: TimeAugmentation, rng: np.random.Generator) -> np.ndarray:
    """Return the steps of a recording that a piece shows, ascending; one that is played slowly is shown twice.

    Args:
        steps: of the recording.
        length: most steps of a piece.
        change: how pieces are changed.
        rng: of this piece in this epoch.
    """
    stride = change.stride ** rng.uniform(-1, 1)
    count = min(length, max(1, int(steps / stride)))
    if rng.random() < change.cut:
        count = max(1, int(count * rng.uniform(LEAST_CUT, 1)))
    first = rng.uniform(0, max(0.0, steps - count * stride))
    return np.asarray(np.minimum((first + np.arange(count) * stride).astype(np.int64), steps - 1))


def standard(sequences: Sequence[LearnedSequence]) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation of each number of the features, float32, shape (width,) each.

    A number that never changes has the deviation 1, so that it becomes nothing.
    """
    count = sum(len(one) for one in sequences)
    parts = [part for one in sequences for part in one.features.split(STEPS_AT_ONCE)]
    mean = sum(part.double().sum(0) for part in parts) / count
    square = sum((part.double() - mean).square().sum(0) for part in parts) / count
    deviation = torch.as_tensor(square).sqrt()
    return torch.as_tensor(mean).float(), torch.where(deviation > 1e-6, deviation, 1.0).float()


def _padded(targets: np.ndarray, length: int) -> np.ndarray:
    rest = np.full((length - len(targets), targets.shape[1]), np.nan, dtype=np.float32)
    return np.concatenate([targets.astype(np.float32), rest])


def _kept(rng: np.random.Generator, shape: tuple[int, ...], dropped: float) -> np.ndarray:
    """Return zeros where something is dropped, else what keeps the mean as it was, float32."""
    return ((rng.random(shape) >= dropped) / (1 - dropped)).astype(np.float32)
