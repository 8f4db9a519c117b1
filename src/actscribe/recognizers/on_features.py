"""A frozen encoder with a small head: what only the head learns is quick, and what the encoder saw is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from actscribe.batching import batched
from actscribe.data.input_spec import ClipFrames, InputSpec
from actscribe.features.embedder import Embedder
from actscribe.features.feeding import embed_batches
from actscribe.labels import LabelSet
from actscribe.recognizers.abilities import ScoresFeatures
from actscribe.training.losses import probabilities

#: Clips whose vectors meet the head at once.
BATCH = 64


class OnFeatures(ScoresFeatures):
    """A head on a frozen encoder. `score` takes frames; whoever has the vectors already calls `score_features`.

    Args:
        embedder: of the clips.
        input_spec: what it sees of them.
        head: padded vectors (n, tokens, D) and their mask (n, tokens) -> logits (n, labels); in evaluation mode.
        labels: in the order of the head's outputs.
        save_parts: writes all that is needed to load it again.
    """

    def __init__(
        self,
        embedder: Embedder,
        input_spec: InputSpec,
        head: nn.Module,
        labels: LabelSet,
        save_parts: Callable[[Path], None],
    ) -> None:
        self.embedder, self.input_spec, self.head, self.labels = embedder, input_spec, head.eval(), labels
        self._save = save_parts

    def score(self, clips: Iterable[ClipFrames]) -> Iterator[np.ndarray]:
        """Yield scores per clip, shape (labels,); see `Recognizer.score`."""
        batches = batched(clips, self.embedder.encoder.clips_at_once(self.input_spec.frames))
        for _, vectors in embed_batches(self.embedder, batches):
            yield from self._scores(vectors)

    def score_features(self, features: Iterable[Tensor]) -> Iterator[np.ndarray]:
        """See `ScoresFeatures`."""
        for batch in batched(features, BATCH):
            yield from self._scores(batch)

    def save(self, folder: Path) -> None:
        """Write the head and which encoder it belongs to."""
        self._save(folder)

    def _scores(self, vectors: Sequence[Tensor]) -> Iterator[np.ndarray]:
        where = next(self.head.parameters()).device
        states, mask = padded(vectors)
        with torch.inference_mode():
            logits = self.head(states.to(where), mask.to(where))
        yield from probabilities(logits, self.labels.task).cpu().numpy()


def padded(vectors: Sequence[Tensor], longest: int = 0) -> tuple[Tensor, Tensor]:
    """Return vectors (tokens, D) padded to the longest, float32, (n, tokens, D), and the mask of real ones."""
    lengths = torch.tensor([len(one) for one in vectors])
    states = nn.utils.rnn.pad_sequence([one.float() for one in vectors], batch_first=True)
    states = nn.functional.pad(states, (0, 0, 0, max(0, longest - states.shape[1])))
    return states, torch.arange(states.shape[1])[None] < lengths[:, None]
