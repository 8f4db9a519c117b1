"""Which frozen encoder looks at clips, and how. Light to import: no network is loaded here."""

from __future__ import annotations

from dataclasses import dataclass

from actscribe.settings.named_models import IMAGENET


@dataclass(frozen=True, slots=True)
class EncoderChoice:
    """A frozen encoder, as a recognizer's settings name it.

    Args:
        model: see `ProbeSettings`.
        resize_mode: how a picture becomes square, "stretch" or "crop".
        above_layers: blocks left out from the top of the encoder.
        precision: of the arithmetic: "auto", "float32" or "bfloat16".
    """

    model: str = IMAGENET
    resize_mode: str = "stretch"
    above_layers: int = 0
    precision: str = "auto"
