"""Two people's bouts, one to one: starts and ends within a tolerance, and F1 of whole events with collars.

Events of one label that touch or overlap are one bout; a point event is a bout without length. Bouts that either of the
two left unannotated, even in part, are left out on both sides.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from actscribe.data.clips import SAME_S, merge_spans
from actscribe.data.pairs import Pair

#: More than any sum of deviations: another pair always counts for more than a better one.
_FAR = 1e9


def bouts(pair: Pair, label: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the bouts of a label on each side, in seconds, shapes (bouts, 2)."""
    gaps = [gap for side in (pair.first, pair.second) for gap in side.gaps if gap.label in ("", label)]
    sides = []
    for side in (pair.first, pair.second):
        merged = merge_spans(one for one in side.intervals if one.label == label)
        kept = [span for span in merged if not any(gap.start < span[1] and span[0] < gap.end for gap in gaps)]
        sides.append(np.array(kept, dtype=float).reshape(-1, 2))
    return sides[0], sides[1]


def collar_hits(first: np.ndarray, second: np.ndarray, collar: float, share: float) -> int:
    """Return how many events agree: starts within the collar, ends within it or a share of the first one's length.

    One to one, as many as there can be (sed_eval's event-based measure with optimal matching; Mesaros, Heittola and
    Virtanen 2016, section 3.2, `t_collar` and `percentage_of_length`).

    Args:
        first, second: seconds, shapes (bouts, 2); the first is the reference.
        collar: seconds.
        share: of the reference's length, 0 to 1.
    """
    if not len(first) or not len(second):
        return 0
    away = np.abs(first[:, None] - second[None])
    reach = np.maximum(collar, share * (first[:, 1] - first[:, 0]))[:, None]
    return _most((away[..., 0] <= collar + SAME_S) & (away[..., 1] <= reach + SAME_S))


def edge_hits(first: np.ndarray, second: np.ndarray, tolerance: float) -> int:
    """Return how many starts (or ends) of one have another's within `tolerance` seconds, one to one (ours).

    Args:
        first, second: seconds, shapes (bouts,).
        tolerance: seconds.
    """
    if not len(first) or not len(second):
        return 0
    return _most(np.abs(first[:, None] - second[None]) <= tolerance + SAME_S)


def deviations(first: np.ndarray, second: np.ndarray, tolerance: float) -> np.ndarray:
    """Return by how much the second one starts and ends later, in seconds, of bouts that belong together (ours).

    They do if they overlap or lie within `tolerance` of each other; one to one, as many as there can be, and of those
    the choice with the smallest sum of deviations.

    Returns:
        shape (pairs, 2): start, end; negative where the second one is earlier.
    """
    if not len(first) or not len(second):
        return np.empty((0, 2))
    away = np.abs(first[:, None] - second[None]).sum(axis=-1)
    apart = np.maximum(first[:, None, 0], second[None, :, 0]) - np.minimum(first[:, None, 1], second[None, :, 1])
    fits = apart <= tolerance + SAME_S
    rows, columns = linear_sum_assignment(np.where(fits, away, _FAR))
    real = fits[rows, columns]
    return np.asarray(second[columns[real]] - first[rows[real]])


def one_to_one(fits: np.ndarray | csr_array) -> np.ndarray:
    """Return the column that each row is paired with, -1: none; as many pairs as there can be.

    Args:
        fits: which may be paired, bool, shape (rows, columns).
    """
    return np.asarray(maximum_bipartite_matching(csr_array(fits.astype(np.int8)), perm_type="column"))


def _most(fits: np.ndarray) -> int:
    return int((one_to_one(fits) >= 0).sum())


def names_of(pairs: Sequence[Pair], side: int) -> set[str]:
    """Return the labels that occur on one side, 0 or 1."""
    return {one.label for pair in pairs for one in (pair.first, pair.second)[side].intervals}
