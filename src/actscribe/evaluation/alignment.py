"""Needleman and Wunsch's alignment of two sequences of states, and the share of it that is identical.

Needleman and Wunsch (1970) with +1 for equal, -1 for unequal and -1 for a gap; of alignments with the same score the
one that BORIS takes is taken, so that the share is BORIS's: read backwards, it pairs where it can, and else puts the
gap into the second sequence.
"""

from __future__ import annotations

import numpy as np

#: Cells of the table, one byte each; about 16,000 moments of two people, an hour at four a second (ours).
MOST_CELLS = 256_000_000
_PAIR, _FIRST_ALONE, _SECOND_ALONE = 0, 1, 2


def identity(first: np.ndarray, second: np.ndarray) -> tuple[int, int] | None:
    """Return how many places of the alignment are identical, and how long it is; None above `MOST_CELLS`.

    Args:
        first, second: numbers of states, shapes (m,) and (n,).
    """
    if (len(first) + 1) * (len(second) + 1) > MOST_CELLS:
        return None
    return _walk_back(_table(first, second), first, second)


def _table(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return where each cell's score comes from, uint8, shape (m + 1, n + 1), one diagonal after the other."""
    m, n = len(first), len(second)
    came = np.full((m + 1, n + 1), _PAIR, dtype=np.uint8)
    older, old = np.zeros(m + 1, dtype=np.int64), np.zeros(m + 1, dtype=np.int64)  # scores by row on diagonals
    old[: min(1, m) + 1] = -1
    for total in range(2, m + n + 1):
        new = np.full(m + 1, -total, dtype=np.int64)
        rows = np.arange(max(1, total - n), min(m, total - 1) + 1)
        columns = total - rows
        paired = older[rows - 1] + np.where(first[rows - 1] == second[columns - 1], 1, -1)
        first_alone, second_alone = old[rows - 1] - 1, old[rows] - 1
        best = np.maximum(paired, np.maximum(first_alone, second_alone))
        came[rows, columns] = np.where(
            paired == best, _PAIR, np.where(first_alone == best, _FIRST_ALONE, _SECOND_ALONE)
        )
        new[rows] = best
        older, old = old, new
    return came


def _walk_back(came: np.ndarray, first: np.ndarray, second: np.ndarray) -> tuple[int, int]:
    i, j, same, length = len(first), len(second), 0, 0
    while i > 0 and j > 0:
        step = came[i, j]
        same += int(step == _PAIR and first[i - 1] == second[j - 1])
        i -= int(step != _SECOND_ALONE)
        j -= int(step != _FIRST_ALONE)
        length += 1
    return same, length + i + j
