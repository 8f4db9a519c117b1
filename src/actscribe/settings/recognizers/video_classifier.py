"""Settings of the supervised video classifiers. Light to import: no network is loaded here."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from actscribe.settings.located import Located
from actscribe.settings.named_models import EMBEDDED
from actscribe.settings.spec import TRAINED_FORMATS, RecognizerSpec, named_model, training_splits
from actscribe.settings.training import Training
from actscribe.settings.unit import Unit


class VideoClassifierSettings(Training):
    """A supervised video classifier of transformers: TimeSformer, VideoMAE, ViViT, V-JEPA 2, VideoPrism.

    Args:
        model: "embedded" (the tiny TimeSformer in the package), a local folder, or a name in the Hugging Face cache.
        resize_mode: how a picture becomes square: "stretch" keeps the whole picture; "crop" takes the centre square, as
            published.
        frozen_epochs: epochs in which only the head learns (gradual unfreezing).
        unfreeze_blocks: blocks that join from the top in each epoch after that; 0 unfreezes all at once.
    """

    #: Keys of `models.video_classifier.FAMILIES` that are taken; empty: all.
    families: ClassVar[tuple[str, ...]] = ()

    model: Annotated[str, Located()] = EMBEDDED
    resize_mode: Literal["stretch", "crop"] = "stretch"
    frozen_epochs: Annotated[int, Unit("epochs")] = Field(1, ge=0)
    unfreeze_blocks: Annotated[int, Unit("blocks")] = Field(2, ge=0)


class TimesformerSettings(VideoClassifierSettings):
    """Supervised TimeSformer (Guerriero et al. 2026, system 1).

    Args:
        model: "embedded" (the tiny one in the package), a local folder, or a name in the Hugging Face cache such
            as facebook/timesformer-base-finetuned-ssv2 or -k400.
    """

    families = ("timesformer",)


#: What the registry takes from here.
RECOGNIZERS = {
    "timesformer": RecognizerSpec(
        "supervised TimeSformer: divided space-time attention, fine-tuned on the study's clips",
        TimesformerSettings,
        "actscribe.recognizers.video_classifier:VIDEO_CLASSIFIER",
        training_splits,
        models=("timesformer",),
        model=named_model,
        number_formats=TRAINED_FORMATS,
    ),
    "video-classifier": RecognizerSpec(
        "supervised TimeSformer, VideoMAE, ViViT, V-JEPA 2 or VideoPrism, fine-tuned on the study's clips",
        VideoClassifierSettings,
        "actscribe.recognizers.video_classifier:VIDEO_CLASSIFIER",
        training_splits,
        model=named_model,
        number_formats=TRAINED_FORMATS,
    ),
}
