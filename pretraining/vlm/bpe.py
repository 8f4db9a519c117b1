"""The byte-level BPE of the tiny models."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers


def byte_level_bpe(texts: Iterable[str], size: int, marks: Sequence[str], as_clip: bool = False) -> Tokenizer:
    """Train a byte-level BPE.

    Args:
        texts: that it is trained on.
        size: of the vocabulary.
        marks: special tokens, which get the first ids.
        as_clip: all in lower case, a space before the first word.
    """
    raw = Tokenizer(models.BPE())
    if as_clip:
        raw.normalizer = normalizers.Lowercase()
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=as_clip)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=2,
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=list(marks),
    )
    raw.train_from_iterator(texts, trainer)
    return raw
