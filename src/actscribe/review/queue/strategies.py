"""How spans are ranked: what each strategy takes a span to be worth, and why, in words.

A strategy is a function of the candidates that gives their worth, to be divided by what looking costs. All but
`coverage` know it beforehand; that one is asked again after each choice, since what was chosen covers its surroundings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from actscribe.review.queue.candidates import Candidate, Clips
from actscribe.review.queue.predictions import Predictions, disagreement, entropy, likely_wrong

#: A strategy's name -> what it looks for, for help and tables.
STRATEGIES = {
    "uncertainty": "scores nearest to where the timeline decides",
    "disagreement": "moments of which several runs say different things",
    "change": "most seconds of the timeline that looking is expected to change",
    "coverage": "what is least like anything reviewed so far",
    "random": "drawn at random: the baseline, and the one to measure on",
}


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What strategies go by.

    Args:
        names: of the labels.
        task: "multi-label" or "multi-class".
        clips: of each recording.
        runs: what each run says of all clips, in the order of `clips`.
        vectors: of all clips, shape (clips, D); features, or scores where there are none.
        stride: seconds that a clip stands for.
    """

    names: Sequence[str]
    task: str
    clips: Sequence[Clips]
    runs: Sequence[Predictions]
    vectors: np.ndarray
    stride: float

    def at(self, row: int) -> float:
        """Return the middle of a clip, in seconds."""
        return float(np.concatenate([one.edges for one in self.clips])[row].mean())


@dataclass(frozen=True, slots=True)
class Ranking:
    """What spans are worth, and why.

    Args:
        worth: of each span, shape (spans,); asked again after each choice.
        why: a span's index -> why it is chosen, in a few words.
        chose: is called with the index of each span that was chosen.
    """

    worth: Callable[[], np.ndarray]
    why: Callable[[int], str]
    chose: Callable[[int], None] = lambda index: None


def ranking(strategy: str, spans: Sequence[Candidate], known: Known, seed: int) -> Ranking:
    """Return how a strategy ranks spans.

    Args:
        strategy: of `STRATEGIES`.
        spans: all of them; those that were reviewed are worth nothing, and cover their surroundings.
        known: what is known of their clips.
        seed: of what is drawn at random.
    """
    if strategy == "coverage":
        return _coverage(spans, known)
    if strategy == "random":
        drawn = np.random.default_rng(seed).random(len(spans)) * [one.end - one.start for one in spans]
        return Ranking(lambda: drawn, lambda index: "drawn at random")
    per_clip, tell = {"uncertainty": _uncertainty, "disagreement": _disagreement, "change": _change}[strategy](known)
    worth = np.array([per_clip[list(one.rows)].mean(axis=1).sum() * known.stride for one in spans])
    return Ranking(lambda: worth, lambda index: tell(per_clip, spans[index]))


_Tell = Callable[[np.ndarray, Candidate], str]


def _uncertainty(known: Known) -> tuple[np.ndarray, _Tell]:
    first = known.runs[0]

    def tell(per_clip: np.ndarray, span: Candidate) -> str:
        row, label = _highest(per_clip, span)
        return f"{known.names[label]}: {first.centred[row, label]:.2f} at {clock(known.at(row))}, decided at 0.50"

    def tell_class(per_clip: np.ndarray, span: Candidate) -> str:
        row, _ = _highest(per_clip, span)
        one, other = np.argsort(-first.centred[row])[:2]
        shares = f"{first.centred[row, one]:.2f}, {known.names[other]} {first.centred[row, other]:.2f}"
        return f"{known.names[one]} {shares} at {clock(known.at(row))}"

    several = known.task == "multi-class" and len(known.names) > 1
    return entropy(first.centred, known.task), tell_class if several else tell


def _disagreement(known: Known) -> tuple[np.ndarray, _Tell]:
    def tell(per_clip: np.ndarray, span: Candidate) -> str:
        row, label = _highest(per_clip, span)
        each = ", ".join(f"{one.run} {one.centred[row, label]:.2f}" for one in known.runs)
        return f"{known.names[label]} at {clock(known.at(row))}: {each}"

    return disagreement(known.runs, known.task), tell


def _change(known: Known) -> tuple[np.ndarray, _Tell]:
    def tell(per_clip: np.ndarray, span: Candidate) -> str:
        of_label = per_clip[list(span.rows)].sum(axis=0) * known.stride
        return f"about {of_label.sum():.1f} s likely to change, most {known.names[int(of_label.argmax())]}"

    return likely_wrong(known.runs[0], known.task), tell


def _highest(per_clip: np.ndarray, span: Candidate) -> tuple[int, int]:
    """Return row and label of a span's highest value."""
    rows = per_clip[list(span.rows)]
    row, label = np.unravel_index(rows.argmax(), rows.shape)
    return span.rows[int(row)], int(label)


def _coverage(spans: Sequence[Candidate], known: Known) -> Ranking:
    """Rank by the distance to the nearest span that was reviewed or chosen (k-centre greedy; Sener and Savarese 2018).

    Where nothing was reviewed yet, the first is the one nearest to the middle of all (ours).
    """
    means = np.stack([known.vectors[list(one.rows)].mean(axis=0) for one in spans])
    spread = means.std(axis=0)
    means = (means - means.mean(axis=0)) / np.where(spread > 0, spread, 1)
    nearest = np.full(len(spans), -1)
    away = np.full(len(spans), np.inf)

    def chose(index: int) -> None:
        apart = np.linalg.norm(means - means[index], axis=1)
        nearest[apart < away] = index
        np.minimum(away, apart, out=away)

    for index, one in enumerate(spans):
        if one.reviewed:
            chose(index)

    def worth() -> np.ndarray:
        return away if np.isfinite(away).any() else 1 / (1 + np.linalg.norm(means, axis=1))

    def why(index: int) -> str:
        if nearest[index] < 0:
            return "like most of what there is; nothing was reviewed yet"
        one = spans[nearest[index]]
        return f"unlike anything reviewed; nearest is {one.recording} at {clock(one.start)}"

    return Ranking(worth, why, chose)


def clock(seconds: float) -> str:
    """Return `1:05` or `1:02:07`."""
    whole = int(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
