"""How a dual encoder meets videos and labels."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DualEncoderOptions:
    """How a recognizer meets videos and labels, beside its network.

    Args:
        backbone: its name.
        frames: of a clip.
        short_side: of the frames that pictures are cut from, in pixels.
        template: of a label's prompt.
        neutral: prompt of a multi-label zero-shot study.
        bfloat16: whether matrix products run in bf16; cosines never do.
    """

    backbone: str
    frames: int
    short_side: int
    template: str
    neutral: str
    bfloat16: bool
