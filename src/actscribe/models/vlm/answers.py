"""Which tokens begin the answers yes and no."""

from __future__ import annotations

from typing import Any

from actscribe.errors import ActScribeError


def yes_no_tokens(tokenizer: Any, source: str) -> tuple[list[int], list[int]]:
    """Return the token ids that begin "yes" and "no" in any spelling: Yes, yes, YES, with and without a space before.

    Spellings of one token are taken. Where a word has none, the first piece of each of its spellings is, less the
    pieces that begin both words.

    Args:
        tokenizer: of a transformers checkpoint.
        source: the checkpoint's name, for the error.

    Raises:
        ActScribeError: the tokenizer begins both words alike, so no token tells them apart.
    """
    yes, no = (_beginnings(tokenizer, word) for word in ("yes", "no"))
    if not (yes - no and no - yes):
        raise ActScribeError(
            f"The tokenizer of '{source}' has no token that begins 'yes' but not 'no'.",
            "Use mode: text, which reads the written answer.",
        )
    return sorted(yes - no), sorted(no - yes)


def _beginnings(tokenizer: Any, word: str) -> set[int]:
    cases = (word, word.capitalize(), word.upper())
    pieces = [tokenizer.encode(space + case, add_special_tokens=False) for case in cases for space in ("", " ")]
    vocabulary = tokenizer.get_vocab()
    candidates = {p[0] for p in pieces if len(p) == 1} | {
        vocabulary[mark + case] for case in cases for mark in ("", "Ġ", "▁") if mark + case in vocabulary
    }
    whole = {token for token in candidates if _text(tokenizer, token) == word}
    first = {p[0] for p in pieces if p}
    return whole or {token for token in first if _text(tokenizer, token) and word.startswith(_text(tokenizer, token))}


def _text(tokenizer: Any, token: int) -> str:
    return str(tokenizer.decode([token])).strip().casefold()
