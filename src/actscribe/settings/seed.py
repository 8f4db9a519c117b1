"""The seeds that every library takes."""

from __future__ import annotations

#: NumPy's global generator takes 32 bits, and a comparison counts up from the first seed.
MOST_SEED = 2**31 - 1
