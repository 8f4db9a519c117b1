"""Sizes that the material and the model share."""

FRAMES = 8  # of a clip
SIDE = 96  # of a frame, pixels
PATCH = 16
SHUFFLE = 2  # patches per side that make one visual token
TOKENS = (SIDE // PATCH // SHUFFLE) ** 2  # visual tokens of a frame
