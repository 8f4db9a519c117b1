"""Suggestions that are wrong on purpose, an option: how often they are accepted says how closely somebody looks.

The browser is never told which they are. Those that were accepted, and what derives from them (`derived`), are taken
back when the work ends, or before the next begins, and neither exported nor trained on meanwhile
(`journal.annotations`); their span counts as not reviewed again, since nobody knows what is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from actscribe.journal import Suggestion
from actscribe.review.suggestions import Suggested
from actscribe.timeline.scores import TimeScores

#: Places that are tried for each; the one where the run sees least of the label is taken (ours).
TRIES = 40
#: By how much a confidence differs from the only one that is known of a label (ours).
JITTER = 0.03


def planted(
    suggested: Suggested,
    scores: TimeScores,
    labels: Sequence[str],
    annotated: Iterable[tuple[str, float, float]],
    own: Sequence[Suggestion],
    share: float,
    seed: Sequence[int],
) -> tuple[Suggestion, ...]:
    """Return wrong suggestions, about `share` as many as there are right ones.

    Each looks like the run's own of its label: as long as one of them, on the same grid of edges, as sure as they are,
    and without a confidence where they have none. Labels that the run suggests nowhere are never among them.

    Args:
        suggested: what the run suggests.
        scores: of the run, columns in the order of `labels`.
        labels: of the run.
        annotated: label, start and end of what is known to be there.
        own: what the run suggests anywhere, this recording among it.
        share: of the suggestions, 0 to 1.
        seed: the same numbers give the same suggestions.
    """
    rng = np.random.default_rng(list(seed))
    there = [*annotated, *((one.label, one.start, one.end) for one in suggested.suggestions)]
    models = {label: [one for one in own if one.label == label] for label in labels}
    names = [label for label in labels if models[label]]
    made: list[Suggestion] = []
    for _ in suggested.suggestions:
        if rng.random() >= share:
            continue
        places = []
        for _ in range(TRIES):
            label = names[rng.integers(len(names))]
            start, end = _moved_span(models[label][rng.integers(len(models[label]))], scores, rng)
            if end > start and not any(one == label and low < end and start < high for one, low, high in there):
                mean = float(np.nan_to_num(scores.mean(labels.index(label), np.array([[start, end]]))[0], nan=1.0))
                places.append((mean, label, start, end))
        if places:
            _, label, start, end = min(places)
            score = _sure(models[label], rng)
            made.append(Suggestion(label=label, start=start, end=end, run=suggested.run, score=score, planted=True))
            there.append((label, start, end))
    return tuple(made)


def _moved_span(like: Suggestion, scores: TimeScores, rng: np.random.Generator) -> tuple[float, float]:
    """Return a span as long as one of the run's, moved by whole steps of its scores; empty: there is no room for it."""
    length = like.end - like.start
    steps = int((scores.duration - length) / scores.step)
    if steps < 1:
        return 0.0, 0.0
    within = like.start % scores.step if like.start else float(rng.random()) * scores.step
    start = within + int(rng.integers(steps + 1)) * scores.step
    return (start, start + length) if start + length <= scores.duration else (0.0, 0.0)


def _sure(models: Sequence[Suggestion], rng: np.random.Generator) -> float | None:
    """Return a confidence between two that the run has of a label; None where it has none of them."""
    known = [one.score for one in models if one.score is not None]
    if len(known) < len(models) * rng.random() or not known:
        return None
    one, other = (known[rng.integers(len(known))] for _ in range(2))
    between = one + rng.random() * (other - one)
    if between in known:
        between += JITTER * (rng.random() - 0.5)
    return float(min(max(between, 0.0), 1.0))
