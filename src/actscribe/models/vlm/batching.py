"""Which clips run together: as many as fit a budget of tokens, padding counted."""

from __future__ import annotations

from collections.abc import Sequence


def plan_batches(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Return batches of indices such that in each the longest length times the number of items is at most `budget`.

    Items of like length share a batch, so little is padded; an item longer than the budget runs alone.

    Args:
        lengths: tokens of each item.
        budget: tokens of a padded batch, at least 1.
    """
    if budget < 1:
        raise ValueError(f"a batch of {budget} tokens holds nothing")
    batches: list[list[int]] = []
    longest = 0
    for index in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        longest = max(longest, lengths[index])
        if batches and longest * (len(batches[-1]) + 1) <= budget:
            batches[-1].append(index)
        else:
            batches.append([index])
            longest = lengths[index]
    return batches
