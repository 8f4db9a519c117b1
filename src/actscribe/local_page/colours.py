"""Colours of labels, the same on every page."""

from __future__ import annotations

#: Degrees from one label's hue to the next: the golden angle keeps neighbours apart however many there are.
_GOLDEN = 137.508


def label_colour(index: int) -> str:
    """Return the colour of a label, as CSS writes it, by its place in the label set."""
    return f"hsl({(200 + index * _GOLDEN) % 360:.1f} 65% 48%)"
