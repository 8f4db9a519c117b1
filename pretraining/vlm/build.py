"""The tiny model before training: SmolVLM's classes in a small configuration, its tokenizer and its processor."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import templates
import torch
import transformers as hf
from bpe import byte_level_bpe
from sizes import FRAMES, PATCH, SHUFFLE, SIDE, tokens
from tokenizers import AddedToken

VOCABULARY = 1536
VISION = {
    "hidden_size": 160,
    "intermediate_size": 512,
    "num_hidden_layers": 4,
    "num_attention_heads": 5,
    "image_size": SIDE,
    "patch_size": PATCH,
    "hidden_act": "relu",
}
TEXT = {
    "hidden_size": 192,
    "intermediate_size": 512,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "hidden_act": "relu",
    "max_position_embeddings": 2048,
    "tie_word_embeddings": True,
}
EOU = "<end_of_utterance>"
#: Parts of the family's video prompt that are always the same, one token each: fewer tokens around the frames.
FIXED = (
    "You are provided the following series of",
    " frames from a ",
    " [H:MM:SS] video.\n",
    *(f"0:00:{second:02d}" for second in range(11)),
    *(f"\nFrame from 00:{second:02d}:" for second in range(11)),
)


def tokenizer(texts: Iterable[str]) -> hf.PreTrainedTokenizerFast:
    """Train the byte-level BPE on the captions and prompts, and on common English words, each said a few times."""
    marks = ("<|im_start|>", EOU, "<pad>", "<image>", "<fake_token_around_image>", "<global-img>")
    common = [f" {word}" for word in templates.COMMON] * 8
    prompts = [
        *templates.SETTINGS,
        *templates.HAPPENS,
        *templates.LIES,
        *templates.FULL,
        *templates.YES_NO,
        *templates.DEFINED,
        *templates.WHICH,
        *templates.VISIBLE,
        *templates.LIST_ENDS,
    ]
    corpus = [*texts, *prompts, *common, "User: \nAssistant: Yes", "Assistant: No"]
    raw = byte_level_bpe(corpus, VOCABULARY, marks)
    made = hf.PreTrainedTokenizerFast(
        tokenizer_object=raw,
        bos_token="<|im_start|>",
        eos_token=EOU,
        pad_token="<pad>",
        extra_special_tokens={
            "image_token": "<image>",
            "fake_image_token": "<fake_token_around_image>",
            "global_image_token": "<global-img>",
            "end_of_utterance_token": EOU,
        },
    )
    made.add_tokens([AddedToken(text, normalized=False) for text in (*FIXED, "\nAssistant:", "User:")])
    return made


def processor(words: hf.PreTrainedTokenizerFast, pixels: int = SIDE) -> hf.SmolVLMProcessor:
    """Return the family's processor for square frames of so many pixels a side, without splitting."""
    side = {"longest_edge": pixels}
    return hf.SmolVLMProcessor(
        hf.SmolVLMImageProcessor(size=side, max_image_size=side, do_image_splitting=False),
        words,
        hf.SmolVLMVideoProcessor(
            size=side,
            max_image_size=side,
            num_frames=FRAMES,
            fps=3,
            video_sampling={"max_frames": FRAMES, "fps": 3, "video_size": side},  # type: ignore[call-arg]
        ),
        image_seq_len=tokens(pixels),
        chat_template=_template(),
    )


def _template() -> str:
    from transformers.models.smolvlm.processing_smolvlm import DEFAULT_CHAT_TEMPLATE

    return str(DEFAULT_CHAT_TEMPLATE)


def model(words: hf.PreTrainedTokenizerFast, seed: int) -> Any:
    """Return the untrained model, float32."""
    ids = {
        "vocab_size": len(words),
        "pad_token_id": words.pad_token_id,
        "bos_token_id": words.bos_token_id,
        "eos_token_id": words.eos_token_id,
    }
    config = hf.SmolVLMConfig(  # type: ignore[call-arg]
        text_config={"model_type": "llama", **ids, **TEXT},
        vision_config=VISION,
        image_token_id=words.convert_tokens_to_ids("<image>"),
        scale_factor=SHUFFLE,
        tie_word_embeddings=True,
        pad_token_id=words.pad_token_id,
    )
    torch.manual_seed(seed)
    made = hf.SmolVLMForConditionalGeneration(config)
    made.generation_config.eos_token_id = words.eos_token_id
    made.generation_config.pad_token_id = words.pad_token_id
    made.generation_config.bos_token_id = words.bos_token_id
    return made
