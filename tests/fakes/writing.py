"""How a fake's model writes: what it thinks first, how far it gets in so many tokens, and what a grammar leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fakes.serving import THOUGHT, Model, Prompt, pieces, token_list


@dataclass(frozen=True)
class Text:
    """What a model wrote: thought and answer apart, whether it came to its end, and OpenAI's list of its tokens."""

    thought: str
    answer: str
    whole: bool
    tokens: list[dict[str, Any]]

    @property
    def finish(self) -> str:
        """OpenAI's word for how it ended."""
        return "stop" if self.whole else "length"


def write(model: Model, prompt: Prompt, most: int, thinks: bool = False, only: tuple[str, ...] = ()) -> Text:
    """Let a model write at most so many tokens; with `only`, its answer is the likeliest of these words."""
    answer, chances = model(prompt)
    if only:
        answer = max(only, key=lambda word: chances.get(word, 0.0) or (word.casefold() == answer.casefold()) * 1e-9)
    thought = pieces(f"<think>\n{THOUGHT}\n</think>\n\n") if thinks else []
    answer_pieces = pieces(answer)
    parts = [*thought, *answer_pieces]
    kept = parts[:most]
    tokens = token_list(kept, len(thought), chances)
    wrote = "".join(kept[len(thought) :])
    aloud = "".join(kept[: len(thought)])
    return Text(aloud, wrote, len(kept) == len(parts), tokens)


def in_json(model: Model) -> Model:
    """Return a model that knows its words within the JSON of a restricted answer."""

    def answer(prompt: Prompt) -> tuple[str, dict[str, float]]:
        word, _ = model(prompt)
        return f'{{"answer": "{word.casefold()}"}}', {}

    return answer
