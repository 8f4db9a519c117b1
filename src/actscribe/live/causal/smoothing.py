"""The Gaussian of `timeline.segments.smooth`, of which only the half that looks back is used."""

from __future__ import annotations

from collections import deque

import numpy as np

#: Deviations that the Gaussian reaches, as SciPy's.
REACH = 4.0


class Smoothing:
    """Smooths the scores of one label step by step; unseen steps (nan) stay unseen, and only seen ones count.

    Args:
        deviation: of the Gaussian, in steps; 0: nothing is smoothed.
    """

    def __init__(self, deviation: float) -> None:
        reach = int(REACH * deviation + 0.5) if deviation > 0 else 0
        self._weights = np.exp(-0.5 * (np.arange(reach + 1) / max(deviation, 1e-12)) ** 2)
        self._values: deque[float] = deque(maxlen=reach + 1)

    def step(self, value: float) -> float:
        """Return the smoothed score of a step."""
        self._values.appendleft(value)
        if np.isnan(value) or len(self._values) == 1:
            return value
        values = np.array(self._values)
        weights = self._weights[: len(values)] * np.isfinite(values)
        return float(np.clip((weights * np.nan_to_num(values)).sum() / weights.sum(), 0.0, 1.0))

    def forget(self) -> None:
        """Start over: what was seen before is too long ago."""
        self._values.clear()
