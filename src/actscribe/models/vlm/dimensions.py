"""How known models differ from the defaults of their family in transformers, for `actscribe models plan`.

Numbers as in each model's config.json, which no package holds: transformers has each family's default alone, which is
one of its sizes at most, and a plan must be made before anything is downloaded. That the parameters come out as on its
card is tested.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import transformers

#: Model type -> video processor, which transformers' own table names in another way from version to version.
VIDEO_PROCESSORS = {
    "smolvlm": "SmolVLMVideoProcessor",
    "qwen2_5_vl": "Qwen2VLVideoProcessor",
    "qwen3_vl": "Qwen3VLVideoProcessor",
    "llava_next_video": "LlavaNextVideoVideoProcessor",
    "video_llava": "VideoLlavaVideoProcessor",
    "llava_onevision": "LlavaOnevisionVideoProcessor",
    "internvl": "InternVLVideoProcessor",
}


@dataclass(frozen=True, slots=True)
class Language:
    """The language model, by transformers' own names."""

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    vocab_size: int


@dataclass(frozen=True, slots=True)
class Dimensions:
    """One known model.

    Args:
        kind: model type, as in config.json.
        language: its language model.
        vision: what its vision tower has unlike the family's default.
        video: what its video processor has unlike the family's default.
        tied: the output layer is the embedding.
        more: what else its configuration has unlike the family's default.
    """

    kind: str
    language: Language
    vision: dict[str, Any] = field(default_factory=dict)
    video: dict[str, Any] = field(default_factory=dict)
    tied: bool = False
    more: dict[str, Any] = field(default_factory=dict)

    def configuration(self) -> Any:
        """Return the configuration, with the family's defaults for all that costs nothing or is as they are."""
        vision = dict(self.vision)
        if self.kind.startswith("qwen"):
            vision["out_hidden_size"] = self.language.hidden_size
        sizes = {
            "text_config": {**asdict(self.language), "tie_word_embeddings": self.tied},
            "tie_word_embeddings": self.tied,
            **({"vision_config": vision} if vision else {}),  # an empty one is not the family's default
        }
        return transformers.AutoConfig.for_model(self.kind, **sizes, **self.more)

    def video_processor(self) -> Any:
        """Return the video processor of the family."""
        return getattr(transformers, VIDEO_PROCESSORS[self.kind])(**self.video)


_VICUNA_7B = Language(4096, 11008, 32, 32, 32, 32064)

_SIGLIP_B16 = {"hidden_size": 768, "image_size": 512, "patch_size": 16}
_SIGLIP_SO400M = {"intermediate_size": 4304, "num_hidden_layers": 27, "image_size": 384, "patch_size": 14}
_QWEN25_VISION = {"hidden_size": 1280}
_QWEN3_VISION = {"hidden_size": 1024, "intermediate_size": 4096, "depth": 24}
_INTERNVL_VISION = {"attention_bias": True}
#: Sides of a frame, and for Qwen total pixels of a clip and of a frame, that the checkpoints' own processors allow.
_SMOL_512, _SMOL_384 = ({"max_image_size": {"longest_edge": side}} for side in (512, 384))
_QWEN25_VIDEO = {"size": {"shortest_edge": 3136, "longest_edge": 12845056}}
_QWEN3_VIDEO = {"size": {"shortest_edge": 4096, "longest_edge": 25165824}}
_NEXT_VIDEO = {"size": {"shortest_edge": 336}, "crop_size": {"height": 336, "width": 336}}
_INTERNVL_VIDEO = {"size": {"height": 448, "width": 448}}


def _smolvlm(language: Language, vision: dict[str, Any], scale: int, video: dict[str, Any]) -> Dimensions:
    return Dimensions("smolvlm", language, vision, video, more={"scale_factor": scale})


def _qwen25(language: Language, tied: bool = False) -> Dimensions:
    return Dimensions("qwen2_5_vl", language, _QWEN25_VISION, _QWEN25_VIDEO, tied)


def _qwen3(language: Language, vision: dict[str, Any], tied: bool = False) -> Dimensions:
    return Dimensions("qwen3_vl", language, vision, _QWEN3_VIDEO, tied)


def _internvl(language: Language) -> Dimensions:
    return Dimensions("internvl", language, _INTERNVL_VISION, _INTERNVL_VIDEO)


#: By name in the catalog.
DIMENSIONS: dict[str, Dimensions] = {
    "smolvlm2-256m": _smolvlm(Language(576, 1536, 30, 9, 3, 49280), _SIGLIP_B16, 4, _SMOL_512),
    "smolvlm2-500m": _smolvlm(Language(960, 2560, 32, 15, 5, 49280), _SIGLIP_B16, 4, _SMOL_512),
    "smolvlm2-2.2b": _smolvlm(Language(2048, 8192, 24, 32, 32, 49280), _SIGLIP_SO400M, 3, _SMOL_384),
    "qwen2.5-vl-3b": _qwen25(Language(2048, 11008, 36, 16, 2, 151936), tied=True),
    "qwen2.5-vl-7b": _qwen25(Language(3584, 18944, 28, 28, 4, 152064)),
    "qwen3-vl-2b": _qwen3(Language(2048, 6144, 28, 16, 8, 151936), _QWEN3_VISION, tied=True),
    "qwen3-vl-4b": _qwen3(Language(2560, 9728, 36, 32, 8, 151936), _QWEN3_VISION, tied=True),
    "qwen3-vl-8b": _qwen3(Language(4096, 12288, 36, 32, 8, 151936), {}),
    "llava-next-video-7b": Dimensions("llava_next_video", _VICUNA_7B, video=_NEXT_VIDEO),
    "video-llava-7b": Dimensions("video_llava", _VICUNA_7B),
    "llava-onevision-0.5b": Dimensions("llava_onevision", Language(896, 4864, 24, 14, 2, 152000), tied=True),
    "llava-onevision-7b": Dimensions("llava_onevision", Language(3584, 18944, 28, 28, 4, 152128)),
    "internvl3-1b": _internvl(Language(896, 4864, 24, 14, 2, 151674)),
    "internvl3-2b": _internvl(Language(1536, 8960, 28, 12, 2, 151674)),
    "internvl3-8b": _internvl(Language(3584, 18944, 28, 28, 4, 151674)),
}
