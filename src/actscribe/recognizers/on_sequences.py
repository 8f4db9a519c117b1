"""A frozen encoder with a network over time: a recording is scored as a whole, step by step."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from actscribe.batching import batched
from actscribe.data.input_spec import ClipFrames, InputSpec
from actscribe.features.embedder import Embedder
from actscribe.features.feeding import embed_batches
from actscribe.features.sequences import Stepping
from actscribe.labels import LabelSet, Task
from actscribe.models.temporal.network import TemporalNetwork
from actscribe.recognizers.abilities import ScoresSteps
from actscribe.training.losses import probabilities

#: Steps whose features become channels at once: what is held of a recording are its channels (ours).
STEPS_AT_ONCE = 1024


class NetworkFollower:
    """Scores steps as they come, as a `StepFollower`.

    What the network can see of the past is held, and nothing older: the scores are those of the whole recording.

    Args:
        network: causal, in evaluation mode.
        task: of the label set.
        together: steps that come at a time.
    """

    def __init__(self, network: TemporalNetwork, task: Task, together: int) -> None:
        self._network, self._task = network, task
        self._narrow: deque[Tensor] = deque(maxlen=network.design.reach + together)

    def score(self, features: Sequence[Tensor]) -> np.ndarray:
        """See `StepFollower`."""
        where = next(self._network.parameters()).device
        with torch.inference_mode():
            self._narrow.extend(self._network.narrowed(torch.stack(list(features)).to(where).float()[None])[0])
            held = torch.stack(list(self._narrow))[None]
            logits = self._network.refined(held, torch.ones(held.shape[:2], dtype=torch.bool, device=where))
            return np.asarray(probabilities(logits[0, -len(features) :], self._task).cpu().numpy())

    def forget(self) -> None:
        """See `StepFollower`."""
        self._narrow.clear()


class OnSequences(ScoresSteps):
    """A network over the steps of a recording, behind a frozen encoder.

    Whoever has a recording calls `score_steps` with the features of its steps. `score` takes clips by themselves: each
    is scored as a recording that begins and ends with it.

    Args:
        embedder: of frames or clips.
        input_spec: what it sees of a study's clips.
        stepping: how it walks through a recording.
        network: of the features; in evaluation mode.
        labels: in the order of its outputs.
        save_parts: writes all that is needed to load it again.
    """

    def __init__(
        self,
        embedder: Embedder,
        input_spec: InputSpec,
        stepping: Stepping,
        network: TemporalNetwork,
        labels: LabelSet,
        save_parts: Callable[[Path], None],
    ) -> None:
        self.embedder, self.input_spec, self.stepping, self.labels = embedder, input_spec, stepping, labels
        self.network = network.eval()
        self._save = save_parts

    def score(self, clips: Iterable[ClipFrames]) -> Iterator[np.ndarray]:
        """Yield scores per clip, shape (labels,); see `Recognizer.score`."""
        batches = batched(clips, self.embedder.encoder.clips_at_once(self.input_spec.frames))
        for batch, made in embed_batches(self.embedder, batches):
            for clip, vectors in zip(batch, made, strict=True):
                yield self.score_steps(self._alone(clip, vectors)).mean(axis=0)

    def score_steps(self, features: Iterable[Tensor]) -> np.ndarray:
        """See `ScoresSteps`; held are 48 numbers of each step, or as many channels as the network has."""
        where = next(self.network.parameters()).device
        with torch.inference_mode():
            parts = [
                self.network.narrowed(torch.stack(batch).to(where).float()[None])
                for batch in batched(features, STEPS_AT_ONCE)
            ]
            narrow = torch.cat(parts, 1)
            logits = self.network.refined(narrow, torch.ones(narrow.shape[:2], dtype=torch.bool, device=where))
            return np.asarray(probabilities(logits[0], self.labels.task).cpu().numpy())

    def follower(self, together: int) -> NetworkFollower:
        """See `ScoresSteps`; the network is causal."""
        return NetworkFollower(self.network, self.labels.task, together)

    def save(self, folder: Path) -> None:
        """Write the network and which encoder it belongs to."""
        self._save(folder)

    def _alone(self, clip: ClipFrames, vectors: Tensor) -> Iterator[Tensor]:
        """Yield the features of the steps of a clip of which nothing but its own vectors is known."""
        stepping, length = self.stepping, clip.clip.end - clip.clip.start
        for start, end in stepping.spans(0.0, length, length):
            moment = clip.clip.start + float((start + end) / 2)
            once = stepping.vector(vectors, clip.times, moment)
            yield once.repeat(stepping.clips_a_step)
