"""A vision-language model as an encoder of clips: what its language model makes of each moment, whatever is asked."""

from __future__ import annotations

from actscribe.data.input_spec import InputSpec
from actscribe.errors import ActScribeError
from actscribe.features.embedder import Encoder
from actscribe.features.embedders.pictures import check_layer
from actscribe.features.embedders.vlm import Backbone, VlmEmbedder, described, moments_of
from actscribe.features.vision import keep_vision
from actscribe.models.device import use_bfloat16
from actscribe.models.quiet import quiet
from actscribe.models.vlm import load_vlm
from actscribe.models.vlm.plan import configuration
from actscribe.settings.encoder import EncoderChoice

#: A causal language model has read no word after the video when it makes the states of its visual tokens.
PROMPT = ""
#: Tokens of a padded batch at most (ours), as `vlm-head` has it.
BATCH_TOKENS = 4096


def load(settings: EncoderChoice, frames: int) -> VlmEmbedder:
    """Return the embedder of a vision-language model.

    Args:
        settings: which one.
        frames: of a clip.

    Raises:
        ActScribeError: as `load_vlm` and `input_spec`.
    """
    with quiet():
        vlm = load_vlm(settings.model, "bfloat16" if use_bfloat16(settings.precision) else "float32")
    keep_vision(vlm)
    return VlmEmbedder(Backbone(vlm, PROMPT, "moments", BATCH_TOKENS), input_spec(settings, frames))


def input_spec(settings: EncoderChoice, frames: int) -> InputSpec:
    """Return the study's frames at the size that suits the model; only its configuration is read.

    Raises:
        ActScribeError: settings that a vision-language model does not follow, or one that is not here.
    """
    family, config, video = configuration(settings.model)
    check_layer(family.name, 0, settings.above_layers)
    if settings.resize_mode != "stretch":
        raise ActScribeError(
            f"resize_mode is {settings.resize_mode}; the processor of this {family.name} decides how it sees pictures.",
            "Leave resize_mode out.",
        )
    return InputSpec(frames, family.short_side(config, video))


def encoder(settings: EncoderChoice, frames: int) -> Encoder:
    """Return what is known of the vectors from the configuration alone; the key is that of no weights."""
    family, config, video = configuration(settings.model)
    side, width = family.short_side(config, video), int(config.get_text_config().hidden_size)
    tokens = family.tokens(config, video, frames, side, side * 16 // 9)
    return described("", "moments", width, tokens, moments_of(family, frames))
