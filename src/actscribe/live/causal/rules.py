"""The label set's rules on bars that are shown: what was shown is never taken back (ours)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from actscribe.data import spans as sp
from actscribe.labels import LabelSet

#: label -> spans in seconds, shape (spans, 2).
Spans = dict[str, np.ndarray]
NOTHING = np.empty((0, 2))


def allowed(
    new: Mapping[str, np.ndarray],
    shown: Mapping[str, np.ndarray],
    labels: LabelSet,
    mean: Callable[[str, np.ndarray], np.ndarray],
) -> Spans:
    """Return what of new pieces of bars may be shown, given what is shown already.

    *requires*: only where each required label is shown. *excludes*: where the other label is shown already, it stays;
    where both are new, the one with the higher mean score inside the overlap is shown, the first of the pair on a tie.

    Args:
        new: pieces that the labels' own decisions add.
        shown: of the last minutes.
        labels: the set with its rules.
        mean: label and spans -> mean score inside each, nan where unseen.
    """
    left: Spans = {name: new.get(name, NOTHING) for name in labels.names}
    while True:
        before = sum(len(spans) and sp.total(spans) for spans in left.values())
        for name, needed in labels.rules.requires.items():
            for other in needed:
                left[name] = sp.intersect(left[name], sp.join(shown.get(other, NOTHING), left[other]))
        for first, second in labels.rules.excludes:
            if first != second:
                _part(left, shown, first, second, mean)
        if sum(len(spans) and sp.total(spans) for spans in left.values()) == before:
            return left


def _part(
    left: Spans,
    shown: Mapping[str, np.ndarray],
    first: str,
    second: str,
    mean: Callable[[str, np.ndarray], np.ndarray],
) -> None:
    left[first] = sp.subtract(left[first], shown.get(second, NOTHING))
    left[second] = sp.subtract(left[second], shown.get(first, NOTHING))
    overlap = sp.intersect(left[first], left[second])
    if not len(overlap):
        return
    first_keeps = np.nan_to_num(mean(first, overlap)) >= np.nan_to_num(mean(second, overlap))
    left[second] = sp.subtract(left[second], overlap[first_keeps])
    left[first] = sp.subtract(left[first], overlap[~first_keeps])
