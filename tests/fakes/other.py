"""Any other server with OpenAI's chat completions: what it does not know it refuses, or passes over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fakes.serving import Model, Reply, Served, bright, completion, not_found, prompt_of, serving
from fakes.writing import write


@contextmanager
def other(
    model: Model = bright,
    refuses: tuple[str, ...] = (),
    probabilities: bool = True,
    thinks: bool = False,
    models: tuple[str, ...] = ("tiny",),
    usage: bool = False,
) -> Iterator[Served]:
    """Run one.

    Args:
        model: that answers.
        refuses: fields that are answered with 400.
        probabilities: whether it gives them where they are asked for.
        thinks: whether the model thinks first, within the message, whatever it is told.
        models: that it offers.
        usage: whether it tells tokens.
    """

    def get(path: str) -> Reply:
        return (200, {"data": [{"id": name} for name in models]}) if path == "/v1/models" else not_found(path)

    def post(path: str, body: dict[str, Any]) -> Reply:
        if path != "/v1/chat/completions":
            return not_found(path)
        if unknown := [name for name in refuses if name in body]:
            return 400, {"error": {"message": f"Unrecognized request argument supplied: {json.dumps(unknown)}"}}
        prompt = prompt_of(body["messages"])
        text = write(model, prompt, body["max_tokens"], thinks)
        counts = {"prompt_tokens": 5 + 20 * len(prompt.pictures), "completion_tokens": len(text.tokens)}
        tokens = text.tokens if body.get("logprobs") and probabilities else None
        return completion(text.thought + text.answer, tokens, text.finish, None, counts if usage else None)

    with serving(get, post) as served:
        yield served
