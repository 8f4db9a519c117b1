"""Settings of the probe: a head on a frozen encoder. Light to import: no network is loaded here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from actscribe.settings.frozen_encoder import FrozenEncoderSettings, encoder_packages, frozen_encoder
from actscribe.settings.spec import TRAINED_FORMATS, RecognizerSpec, named_model, training_splits
from actscribe.settings.unit import Unit

#: What acts on a head that is trained in epochs alone.
OF_EPOCHS = (
    "attention_heads",
    "dropout",
    "epochs",
    "patience",
    "batch_size",
    "head_learning_rate",
    "weight_decay",
    "warmup",
    "min_lr_ratio",
    "optimizer",
    "betas",
    "eps",
    "decay_vectors",
    "gradient_accumulation_steps",
    "clips_per_epoch",
)


class ProbeSettings(FrozenEncoderSettings):
    """A head on a frozen encoder, whose vectors are computed once and kept.

    Args:
        head: "linear" is logistic regression, fitted to the end; "attentive" is one block of cross-attention and a
            linear layer (Assran et al. 2025), trained in epochs.
        pooling: what of a clip's vectors over time a linear head sees: "mean", or "statistics", which adds their
            standard deviation and their mean absolute change from one moment to the next (ours).
        inverse_strength: of the ridge penalty on a linear head, C of scikit-learn; null: that of seven powers of ten
            with the least loss on validation, or without validation in five folds of the training groups.
        attention_heads: of an attentive head.
        dropout: share of an attentive head's inputs that are dropped in training.
    """

    acts_with: ClassVar[Mapping[str, str]] = {
        "pooling": "head: linear",
        "inverse_strength": "head: linear",
        **dict.fromkeys(OF_EPOCHS, "head: attentive"),
    }

    head: Literal["linear", "attentive"] = "linear"
    pooling: Literal["mean", "statistics"] = "statistics"
    inverse_strength: float | None = Field(None, gt=0)
    attention_heads: int = Field(4, ge=1)
    dropout: float = Field(0.1, ge=0, lt=1)
    epochs: Annotated[int, Unit("epochs")] = Field(40, ge=1)
    patience: Annotated[int, Unit("epochs")] = Field(10, ge=1)

    @model_validator(mode="after")
    def _of_one_head(self) -> Self:
        if self.head == "attentive" and self.inverse_strength is not None:
            raise ValueError("inverse_strength belongs to a linear head; this one is attentive")
        return self


#: What the registry takes from here.
RECOGNIZERS = {
    "probe": RecognizerSpec(
        "linear or attentive head on a frozen encoder: ImageNet, CLIP, SigLIP, DINO, V-JEPA 2, VideoMAE and others",
        ProbeSettings,
        "actscribe.recognizers.probe:PROBE",
        training_splits,
        encoder_packages,
        models=("encoder",),
        embeds=True,
        encoder=frozen_encoder,
        model=named_model,
        number_formats=TRAINED_FORMATS,
    ),
}
