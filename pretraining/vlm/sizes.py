"""Sizes that the material and the model share."""

FRAMES = 8  # of a clip
SIDE = 96  # of a frame, pixels
PATCH = 16
SHUFFLE = 2  # patches per side that make one visual token


def tokens(side: int) -> int:
    """Return the visual tokens of a square frame."""
    return (side // PATCH // SHUFFLE) ** 2


TOKENS = tokens(SIDE)
