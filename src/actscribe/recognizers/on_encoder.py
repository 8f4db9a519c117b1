"""What recognizers on a frozen encoder have in common: what they see, what they note of it, how it is found again."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from actscribe.data.input_spec import InputSpec
from actscribe.features.embedder import Embedder, Encoder
from actscribe.features.embedders.load import described_encoder, encoder_input_spec, encoder_weights, load_embedder
from actscribe.models.checkpoint_files import read_json
from actscribe.recognizers.base import StoredFeatures
from actscribe.recognizers.noted_model import check_same, model_of, noted
from actscribe.recognizers.saved import RECOGNIZER_FILE
from actscribe.settings.encoder import EncoderChoice
from actscribe.settings.frozen_encoder import FrozenEncoderSettings

S = TypeVar("S", bound=FrozenEncoderSettings)


def input_spec(settings: FrozenEncoderSettings, frames: int) -> InputSpec:
    """Return the study's frames at the size that suits the encoder; only its configuration is read."""
    return encoder_input_spec(settings.encoder(), frames)


def weights(settings: FrozenEncoderSettings) -> str:
    """Return the digest of the encoder's weights, see `Implementation.weights`."""
    return encoder_weights(settings.encoder())


def encoder_of(settings: FrozenEncoderSettings, frames: int) -> Encoder:
    """Return what is known of the encoder from its configuration alone; its key is that of no weights."""
    return _described(settings.encoder(), frames)


def stored_features(settings: FrozenEncoderSettings, frames: int) -> StoredFeatures:
    """Return what the encoder's vectors take, see `Implementation.stored_features`; only its configuration is read."""
    encoder = encoder_of(settings, frames)
    return StoredFeatures(encoder.per, encoder.unit_bytes)


@lru_cache(maxsize=16)  # asked once for each recording
def _described(choice: EncoderChoice, frames: int) -> Encoder:
    return described_encoder(choice, frames)


def noted_encoder(settings: FrozenEncoderSettings, input_spec: InputSpec, folder: Path) -> dict[str, Any]:
    """Return what a recognizer that is saved in `folder` notes of its settings, its encoder and what it sees."""
    return {
        **noted(settings.model, weights(settings), folder),
        "settings": settings.model_dump(mode="json"),
        "frames": input_spec.frames,
        "short_side": input_spec.short_side,
    }


def noted_there(folder: Path, kind: type[S]) -> tuple[S, InputSpec, Embedder]:
    """Return settings, input specification and encoder of a recognizer that was saved in `folder`.

    Raises:
        ActScribeError: the encoder is not on this machine, or is another one than it was trained on.
    """
    values = read_json(folder / RECOGNIZER_FILE, "Copy the folder again, or train again.")
    settings = kind(**{**values["settings"], "model": model_of(values, folder)})
    check_same(values, weights(settings), folder)
    input_spec = InputSpec(values["frames"], values["short_side"])
    return settings, input_spec, load_embedder(settings.encoder(), input_spec.frames)
