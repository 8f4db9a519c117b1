"""LM Studio: GET /api/v1/models (before 0.4: /api/v0/models), POST /v1/chat/completions (its documentation's
1_developer). What it does not know it answers with 200 and an error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fakes.serving import THOUGHT, Model, Reply, Served, bright, completion, prompt_of, serving
from fakes.writing import in_json, write


@contextmanager
def lm_studio(
    model: Model = bright, vision: bool = True, thinks: bool = False, switch: bool = False, old: bool = False
) -> Iterator[Served]:
    """Run one; it gives no probabilities, and within a JSON schema nothing is thought.

    Args:
        model: that answers.
        vision: whether the model takes pictures.
        thinks: whether the model thinks first.
        switch: whether it can be kept from that.
        old: whether it is a version before 0.4.
    """

    def get(path: str) -> Reply:
        if path == "/v1/models":
            return 200, {"data": [{"id": "qwen3-vl-4b", "object": "model", "owned_by": "organization_owner"}]}
        if path == "/api/v1/models" and not old:
            able: dict[str, Any] = {"vision": vision, "trained_for_tool_use": False}
            if thinks:
                able["reasoning"] = {"allowed_options": ["off", "on"] if switch else ["on"], "default": "on"}
            one = {"type": "llm", "key": "qwen3-vl-4b", "size_bytes": 3300000000, "loaded_instances": []}
            return 200, {"models": [{**one, "capabilities": able}, {"type": "embedding", "key": "nomic-embed"}]}
        if path == "/api/v0/models" and old:
            one = {"id": "qwen3-vl-4b", "type": "vlm" if vision else "llm", "state": "loaded"}
            return 200, {"object": "list", "data": [one, {"id": "nomic-embed", "type": "embeddings"}]}
        return 200, {"error": f"Unexpected endpoint or method. (GET {path})"}

    def post(path: str, body: dict[str, Any]) -> Reply:
        if path != "/v1/chat/completions":
            return 200, {"error": f"Unexpected endpoint or method. (POST {path})"}
        assert vision or "image_url" not in json.dumps(body["messages"])
        prompt = prompt_of(body["messages"])
        schema = body.get("response_format")
        only = tuple(f'{{"answer": "{word}"}}' for word in ("yes", "no")) if schema else ()
        aloud = thinks and not schema and not (switch and body.get("reasoning_effort") == "none")
        text = write(in_json(model) if schema else model, prompt, body["max_tokens"], aloud, only)
        message = {"reasoning_content": THOUGHT} if text.thought else {}
        usage = {"prompt_tokens": 10 + 60 * len(prompt.pictures), "completion_tokens": len(text.tokens)}
        return completion(text.answer, None, text.finish, message, usage)

    with serving(get, post) as served:
        yield served
