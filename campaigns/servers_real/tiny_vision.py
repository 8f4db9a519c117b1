"""A vision-language model with random weights as llama.cpp's files: no package brings one that was trained.

Two layers of text and two of vision, with pictures projected as SmolVLM's are. What it answers means nothing, but it
follows from the pictures, the words and their order, which is what a server can get wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import gguf
import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

LAYERS, HEADS, CONTEXT = 2, 4, 8192
WIDTH, WIDE = 64, 128
#: Pixels to a side of a picture and of a patch, and patches to a side that become one token.
PICTURE, PATCH, MERGED = 64, 16, 2
MARKS = ("<unk>", "<|im_start|>", "<|im_end|>", "<fake_token_around_image>", "<global-img>")
#: One token, which llama.cpp puts before a picture.
EMPTY_LINE = "\n\n"
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
Tensors = Iterator[tuple[str, np.ndarray]]


def write_model(folder: Path, texts: Sequence[str], seed: int) -> tuple[Path, Path]:
    """Write a model and its projector, and return their files.

    Args:
        folder: exists.
        texts: that its tokenizer learns.
        seed: of the weights.
    """
    rng = np.random.default_rng(seed)
    text, vision = folder / "tiny.gguf", folder / "mmproj-tiny.gguf"
    known = _tokenizer(texts)
    writer = gguf.GGUFWriter(text, "llama")
    writer.add_name("tiny")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(WIDE)
    writer.add_block_count(LAYERS)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(known.get_vocab_size())
    _add_tokens(writer, known)
    _written(writer, _text(rng, known.get_vocab_size()))
    writer = gguf.GGUFWriter(vision, "clip")
    writer.add_clip_has_vision_encoder(True)
    writer.add_clip_projector_type("idefics3")
    writer.add_vision_image_size(PICTURE)
    writer.add_vision_preproc_image_size(PICTURE)
    writer.add_vision_patch_size(PATCH)
    writer.add_vision_embedding_length(WIDTH)
    writer.add_vision_feed_forward_length(WIDE)
    writer.add_vision_block_count(LAYERS)
    writer.add_vision_head_count(HEADS)
    writer.add_vision_attention_layernorm_eps(1e-6)
    writer.add_vision_projection_dim(WIDTH)
    writer.add_vision_projector_scale_factor(MERGED)
    writer.add_vision_image_mean([0.5] * 3)
    writer.add_vision_image_std([0.5] * 3)
    writer.add_vision_use_gelu(True)
    _written(writer, _vision(rng))
    return text, vision


def _written(writer: gguf.GGUFWriter, tensors: Tensors) -> None:
    for name, values in tensors:
        writer.add_tensor(name, values.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _text(rng: np.random.Generator, words: int) -> Tensors:
    yield "token_embd.weight", _drawn(rng, words, WIDTH)
    yield "output_norm.weight", np.ones(WIDTH)
    for layer in range(LAYERS):
        at = f"blk.{layer}"
        for name in ("attn_norm", "ffn_norm"):
            yield f"{at}.{name}.weight", np.ones(WIDTH)
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            yield f"{at}.{name}.weight", _drawn(rng, WIDTH, WIDTH)
        for name in ("ffn_gate", "ffn_up"):
            yield f"{at}.{name}.weight", _drawn(rng, WIDE, WIDTH)
        yield f"{at}.ffn_down.weight", _drawn(rng, WIDTH, WIDE)


def _vision(rng: np.random.Generator) -> Tensors:
    patches = (PICTURE // PATCH) ** 2
    yield "v.patch_embd.weight", _drawn(rng, WIDTH, 3, PATCH, PATCH)
    yield "v.patch_embd.bias", np.zeros(WIDTH)
    yield "v.position_embd.weight", _drawn(rng, patches, WIDTH)
    for layer in range(LAYERS):
        at = f"v.blk.{layer}"
        shapes = dict.fromkeys(("attn_q", "attn_k", "attn_v", "attn_out"), (WIDTH, WIDTH))
        shapes |= {"ffn_up": (WIDE, WIDTH), "ffn_down": (WIDTH, WIDE)}
        for name, (rows, columns) in shapes.items():
            yield f"{at}.{name}.weight", _drawn(rng, rows, columns)
            yield f"{at}.{name}.bias", np.zeros(rows)
        for name in ("ln1", "ln2"):
            yield from _norm(f"{at}.{name}")
    yield from _norm("v.post_ln")
    yield "mm.model.fc.weight", _drawn(rng, WIDTH, WIDTH * MERGED**2)


def _norm(name: str) -> Tensors:
    yield f"{name}.weight", np.ones(WIDTH)
    yield f"{name}.bias", np.zeros(WIDTH)


def _drawn(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Return weights of a size at which every input leaves its mark."""
    return rng.normal(0.0, 1.5 / np.sqrt(WIDTH), shape)


def _tokenizer(texts: Sequence[str]) -> Tokenizer:
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    raw.train_from_iterator(
        [*texts, "yes no Yes No user assistant", EMPTY_LINE] * 3,
        trainers.BpeTrainer(vocab_size=600, special_tokens=list(MARKS), show_progress=False, initial_alphabet=alphabet),
    )
    return raw


def _add_tokens(writer: gguf.GGUFWriter, known: Tokenizer) -> None:
    tokens = sorted(known.get_vocab(), key=known.token_to_id)
    control, normal = gguf.TokenType.CONTROL, gguf.TokenType.NORMAL
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([control if token in MARKS else normal for token in tokens])
    writer.add_token_merges([" ".join(pair) for pair in _merges(known)])
    writer.add_bos_token_id(known.token_to_id("<|im_start|>"))
    writer.add_eos_token_id(known.token_to_id("<|im_end|>"))
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)


def _merges(known: Tokenizer) -> list[list[str]]:
    return list(json.loads(known.to_str())["model"]["merges"])
