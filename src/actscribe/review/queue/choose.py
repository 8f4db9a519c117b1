"""The next spans within a budget: greedily the most worth for each second that somebody has to watch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from actscribe.data.clips import SAME_S
from actscribe.review.queue.candidates import Candidate, Watched
from actscribe.review.queue.strategies import Known, ranking


@dataclass(frozen=True, slots=True)
class Chosen:
    """A span to look at next.

    Args:
        recording: its name.
        start, end: in seconds, without context.
        cost: seconds of watching that it adds, with context.
        worth: by the strategy's own measure, for each second of watching.
        why: in a few words.
    """

    recording: str
    start: float
    end: float
    cost: float
    worth: float
    why: str


def choose(
    spans: Sequence[Candidate], known: Known, strategy: str, budget: float, watched: Watched, seed: int = 0
) -> list[Chosen]:
    """Return the spans to look at, the best first; those that touch are one.

    Args:
        spans: all candidates, and what was reviewed already.
        known: what is known of their clips.
        strategy: of `strategies.STRATEGIES`.
        budget: seconds of watching, context included.
        watched: nothing yet; holds what was chosen afterwards.
        seed: of what is drawn at random.
    """
    if not any(not one.reviewed for one in spans):
        return []
    order = ranking(strategy, spans, known, seed)
    left = {index for index, one in enumerate(spans) if not one.reviewed}
    chosen: list[Chosen] = []
    while left:
        indices = np.array(sorted(left))
        costs = np.array([watched.cost(spans[index]) for index in indices])
        affordable = watched.total + costs <= budget + SAME_S
        if not affordable.any():
            break
        indices, costs = indices[affordable], costs[affordable]
        per_second = order.worth()[indices] / np.maximum(costs, SAME_S)
        best = int(per_second.argmax())
        index = int(indices[best])
        one = spans[index]
        chosen.append(
            Chosen(one.recording, one.start, one.end, float(costs[best]), float(per_second[best]), order.why(index))
        )
        watched.watch(one)
        order.chose(index)
        left.discard(index)
    return _joined(chosen)


def _joined(chosen: Sequence[Chosen]) -> list[Chosen]:
    """Return spans of which those that touch are one, with the words of the one that was chosen first."""
    done: list[Chosen] = []
    for one in chosen:
        met = [index for index, other in enumerate(done) if _touches(one, other)]
        if not met:
            done.append(one)
            continue
        parts = [one, *(done[index] for index in met)]
        start, end = min(part.start for part in parts), max(part.end for part in parts)
        done[met[0]] = replace(done[met[0]], start=start, end=end, cost=sum(part.cost for part in parts))
        done = [other for index, other in enumerate(done) if index not in met[1:]]
    return done


def _touches(one: Chosen, other: Chosen) -> bool:
    apart = one.start > other.end + SAME_S or other.start > one.end + SAME_S
    return one.recording == other.recording and not apart
