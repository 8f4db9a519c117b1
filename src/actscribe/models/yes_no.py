"""A yes/no answer as a probability, from a next-token distribution or from what was written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

_WORDS = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class YesNo:
    """One answer.

    Args:
        probability: P(yes) / (P(yes) + P(no)) in [0, 1]; None where the answer could not be read.
        probability_mass: P(yes) + P(no): how much of the distribution is an answer at all; None where there is no
            distribution.
        text: what was written; empty where only the distribution was read.
    """

    probability: float | None
    probability_mass: float | None = None
    text: str = ""


#: What a kept answer holds; it is part of the answer's key, so that one of another shape is asked for again.
FIELDS = tuple(field.name for field in fields(YesNo))


def from_logits(logits: Any, yes: Sequence[int], no: Sequence[int]) -> list[YesNo]:
    """Return the answers of next-token logits, a float tensor of shape (answers, vocabulary).

    Args:
        logits: after each whole prompt.
        yes, no: token ids of all spellings, see `models.vlm.answers.yes_no_tokens`.
    """
    chances = logits.double().softmax(-1)
    says_yes, says_no = chances[:, list(yes)].sum(-1), chances[:, list(no)].sum(-1)
    probability_mass = says_yes + says_no
    share = (logits[:, list(yes)].double().logsumexp(-1) - logits[:, list(no)].double().logsumexp(-1)).sigmoid()
    return [YesNo(float(p), float(m)) for p, m in zip(share, probability_mass, strict=True)]


def from_text(text: str) -> YesNo:
    """Return a written answer: the first word if it is yes or no, else the one of the two that occurs; else unread."""
    words = _WORDS.findall(text.casefold())
    answers = {word for word in words if word in ("yes", "no")}
    if words and words[0] in answers:
        answers = {words[0]}
    return YesNo(float("yes" in answers) if len(answers) == 1 else None, text=text)
