"""Reading a reply: a yes or no with its probability, and the probabilities of what was written."""

from __future__ import annotations

import itertools

from actscribe.models.generated_text import GeneratedText
from actscribe.models.server.question import Reply, Token
from actscribe.models.yes_no import YesNo, from_text


def yes_no(reply: Reply) -> YesNo:
    """Return the answer to a yes/no question.

    From the alternatives of the first word of the answer, and where the server gives none, or neither word is among
    them, from what was written.
    """
    first = next((token for token in answer_tokens(reply) if any(letter.isalnum() for letter in token.text)), None)
    if first is not None and first.others:
        yes, no = (sum(p for text, p in first.others if text.strip().casefold() == word) for word in ("yes", "no"))
        if yes + no > 0:
            return YesNo(yes / (yes + no), min(yes + no, 1.0), reply.text)
    return from_text(reply.text)


def written(reply: Reply) -> GeneratedText:
    """Return an answer with the probabilities of its tokens, where the server gives them."""
    tokens = answer_tokens(reply)
    begins = "".join(token.text for token in tokens).find(reply.text) if reply.text else -1
    if begins < 0:
        return GeneratedText(reply.text, whole=reply.whole)
    ends = (end - begins for end in itertools.accumulate(len(token.text) for token in tokens))
    chances = tuple(token.probability for token in tokens)
    return GeneratedText(reply.text, tuple(min(max(end, 0), len(reply.text)) for end in ends), chances, reply.whole)


def answer_tokens(reply: Reply) -> tuple[Token, ...]:
    """Return the tokens of the answer alone: servers count those of thinking too, and of an end that nobody sees."""
    if not reply.text:
        return ()
    whole = "".join(token.text for token in reply.tokens)
    start = whole.rfind(reply.text)
    if start < 0:  # spelled differently from its tokens
        return () if reply.thought else reply.tokens
    ends = list(itertools.accumulate(len(token.text) for token in reply.tokens))
    stop = start + len(reply.text)
    return tuple(
        token
        for token, end in zip(reply.tokens, ends, strict=True)
        if end > start and end - len(token.text) < stop and token.text
    )
