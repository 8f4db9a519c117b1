"""Splits that recordings allow: each is tried before it is suggested."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from actscribe.data.clips import SAME_S
from actscribe.data.manifest import SPLITS
from actscribe.data.recording import Recording

Shares = Mapping[str, float]
#: Shares of which none is empty, tried where those of a study do not fit (ours).
OF_THREE = tuple(dict(zip(SPLITS, shares, strict=True)) for shares in ((0.6, 0.2, 0.2), (0.34, 0.33, 0.33)))
#: Shares that go without validation, so that there is a test (ours).
OF_TWO = tuple(dict(zip(SPLITS, shares, strict=True)) for shares in ((0.75, 0, 0.25), (0.5, 0, 0.5)))
TRAIN_ONLY = dict(zip(SPLITS, (1, 0, 0), strict=True))
#: Said of a split by time, and of one that is only trained on.
BY_TIME = "splits every recording by time and says nothing about other subjects"
NO_TEST = "leaves nothing to test on"


def written(shares: Shares, *keys: str) -> str:
    """Return a split as a study file has it."""
    return f"split: {{{', '.join([*(f'{name}: {shares[name]:g}' for name in SPLITS), *keys])}}}"


def needed_s(shares: Shares, length: float, gap: float) -> float:
    """Return how long a recording must be, in seconds, to have room for a clip in each of its parts.

    Args:
        shares: of the splits; those of 0 get no part.
        length: of a clip, in seconds.
        gap: between two parts, in seconds.
    """
    used = [share for share in shares.values() if share > 0]
    return length / min(used) + gap * (len(used) - 1)


def too_short(recordings: Iterable[Recording], shares: Shares, length: float, gap: float) -> list[Recording]:
    """Return the recordings that have no room for a clip in each part; arguments as of `needed_s`."""
    needed = needed_s(shares, length, gap)
    return [one for one in recordings if one.duration < needed - SAME_S]


def by_groups(groups: int) -> str:
    """Return a split of fewer parts than three that so many groups allow."""
    return written(OF_TWO[0] if groups > 1 else TRAIN_ONLY)


def by_time(
    recordings: Sequence[Recording], tried: Iterable[Shares], length: float | None, gap: float | None = None
) -> str:
    """Return the first split by time for which every recording is long enough; empty where there is none.

    Args:
        recordings: whole ones.
        tried: shares, best first; those of one part are passed over.
        length: of a clip, in seconds; None: each video is one clip, which cannot be split.
        gap: that the study asks for, in seconds; the shortest that there can be, a clip's length, is tried after it.
    """
    if length is None:
        return ""
    for shares in (one for one in tried if sum(share > 0 for share in one.values()) > 1):
        for width in dict.fromkeys((gap or length, length)):
            if not too_short(recordings, shares, length, width):
                return written(shares, "within: recordings", f"gap: {width:g}")
    return ""
