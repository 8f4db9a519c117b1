"""Settings of the supervised TimeSformer. Light to import: no network is loaded here."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from actscribe.settings.located import Located
from actscribe.settings.named_models import EMBEDDED
from actscribe.settings.training import Training
from actscribe.settings.unit import Unit


class TimesformerSettings(Training):
    """Supervised TimeSformer (paper 1, system 1).

    Args:
        model: "embedded" (the tiny one in the package), a local folder, or a name in the Hugging Face cache such
            as facebook/timesformer-base-finetuned-ssv2 or -k400.
        fit: how a picture becomes square: "stretch" keeps the whole picture; "crop" takes the centre square, as
            published.
        frozen_epochs: epochs in which only the head learns (gradual unfreezing).
        unfreeze_blocks: blocks that join from the top in each epoch after that; 0 unfreezes all at once.
    """

    model: Annotated[str, Located("model")] = EMBEDDED
    fit: Literal["stretch", "crop"] = "stretch"
    frozen_epochs: Annotated[int, Unit("epochs")] = Field(1, ge=0)
    unfreeze_blocks: Annotated[int, Unit("blocks")] = Field(2, ge=0)
