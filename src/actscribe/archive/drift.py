"""Whether a video looks to its recognizer as the recordings did on which it was measured (ours)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from actscribe.labels import LabelSet
from actscribe.run_folder.run import Run
from actscribe.run_folder.scored_clips import ScoredClips
from actscribe.timeline.curves import Confidence

#: Parts of [0, 1] in which clips are counted by their score.
BINS = 20
#: With fewer recordings than this nothing can be said of how far they lie from each other.
FEWEST = 3


@dataclass(frozen=True, slots=True)
class Sight:
    """How one label's clips were scored in one video.

    Args:
        counts: clips by score, `BINS` equal parts of [0, 1].
        certainty: mean over clips of the larger of the probabilities of present and absent, in [0.5, 1]; nan without
            clips.
    """

    counts: tuple[int, ...]
    certainty: float


@dataclass(frozen=True, slots=True)
class Reference:
    """The recordings that videos are compared with.

    Args:
        split: of the run, from which they are.
        recordings: how many.
        counts: label -> clips by score, of all of them, shape (BINS,).
        farthest: the largest distance of one of them from the others.
        least_certain: the lowest mean certainty of one of them.
    """

    split: str
    recordings: int
    counts: Mapping[str, np.ndarray]
    farthest: float
    least_certain: float

    def distance(self, sights: Mapping[str, Sight]) -> float:
        """Return how far a video's scores lie from those of the recordings, in [0, 1]; nan where nothing was scored.

        Of each label it is the mean distance between the sorted scores (Wasserstein's of order 1, by `BINS` parts);
        the largest of all labels counts.
        """
        return _distance({name: np.asarray(one.counts, dtype=float) for name, one in sights.items()}, self.counts)

    def is_unlike(self, sights: Mapping[str, Sight]) -> bool:
        """Tell whether a video lies farther off than each of the recordings from the others."""
        return self.distance(sights) > self.farthest

    def is_unsure(self, sights: Mapping[str, Sight]) -> bool:
        """Tell whether the recognizer is less certain, in the mean over labels, than at each of the recordings."""
        return mean_certainty(sights) < self.least_certain


def see(scores: np.ndarray, labels: LabelSet, confidence: Confidence) -> dict[str, Sight]:
    """Return how each label was scored.

    Args:
        scores: of a video's clips, in [0, 1], shape (clips, labels).
        labels: the set.
        confidence: what a score stands for; a label without a curve is taken by its score.
    """
    by_label = {}
    for index, name in enumerate(labels.names):
        own = scores[:, index]
        own = own[np.isfinite(own)]
        sure = confidence.curves[name](own) if name in confidence.curves else own
        counts, _ = np.histogram(own, bins=BINS, range=(0.0, 1.0))
        certainty = float(np.maximum(sure, 1 - sure).mean()) if len(own) else float("nan")
        by_label[name] = Sight(tuple(int(count) for count in counts), certainty)
    return by_label


def mean_certainty(sights: Mapping[str, Sight]) -> float:
    """Return the mean over labels, in [0.5, 1]; nan where nothing was scored."""
    values = [one.certainty for one in sights.values() if np.isfinite(one.certainty)]
    return float(np.mean(values)) if values else float("nan")


def reference(run: Run) -> Reference | None:
    """Return the recordings of a run that videos are compared with: validation, else test; None where they are few."""
    split = next((name for name in ("validation", "test", "train") if run.has_scores(name)), None)
    if split is None:
        return None
    scored, labels, confidence = run.scores(split), run.labels, run.operating_point.confidence
    sights = [see(one, labels, confidence) for one in _by_recording(scored)]
    if len(sights) < FEWEST:
        return None
    each = {name: np.array([one[name].counts for one in sights], dtype=float) for name in labels.names}
    distances = [
        _distance(
            {name: counts[index] for name, counts in each.items()},
            {name: counts.sum(0) - counts[index] for name, counts in each.items()},
        )
        for index in range(len(sights))
    ]
    certainties = [mean_certainty(one) for one in sights]
    totals = {name: counts.sum(0) for name, counts in each.items()}
    return Reference(split, len(sights), totals, float(np.nanmax(distances)), float(np.nanmin(certainties)))


def _by_recording(scored: ScoredClips) -> list[np.ndarray]:
    rows = groupby(range(len(scored.clips)), key=lambda row: scored.clips[row].recording)
    return [scored.scores[list(own)] for _, own in rows]


def _distance(counts: Mapping[str, np.ndarray], others: Mapping[str, np.ndarray]) -> float:
    distances = [_moved(own, others[name]) for name, own in counts.items() if own.sum() > 0 and others[name].sum() > 0]
    return max(distances, default=float("nan"))


def _moved(first: np.ndarray, second: np.ndarray) -> float:
    below = np.cumsum(first / first.sum()) - np.cumsum(second / second.sum())
    return float(np.abs(below).sum() / BINS)
