"""Ollama: GET /api/version and /api/tags, POST /api/show and /api/chat (docs/openapi.yaml, its thinking.mdx)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fakes.serving import Model, Prompt, Reply, Served, bright, completion, not_found, picture, serving
from fakes.writing import in_json, write


@contextmanager
def ollama(
    model: Model = bright,
    version: str = "0.13.1",
    probabilities: bool = True,
    capabilities: tuple[str, ...] = ("completion", "vision"),
    thinking: dict[str, Any] | None = None,
    obeys: bool = True,
    remote: str = "",
    context: int = 262144,
    full: bool = False,
) -> Iterator[Served]:
    """Run one with the model qwen3-vl:8b.

    Args:
        model: that answers.
        version: that it tells.
        probabilities: whether it gives them, as it does since the end of 2025.
        capabilities: of the model; with "thinking" it thinks first unless told not to.
        thinking: what /api/show tells of thinking, in newer versions.
        obeys: whether `think: false` keeps the model from it.
        remote: another machine on which the model runs, as Ollama's cloud models do.
        context: of the model.
        full: whether prompts are longer than the context that was asked for: the rest is left out.
    """
    named = {"name": "qwen3-vl:8b", "model": "qwen3-vl:8b", "digest": "901cae73216286c9", "size": 6140389211}
    tag = {**named, **({"remote_host": remote} if remote else {})}

    def get(path: str) -> Reply:
        if path == "/api/version":
            return 200, {"version": version}
        if path == "/api/tags":
            return 200, {"models": [tag]}
        if path == "/v1/models":
            return 200, {"object": "list", "data": [{"id": "qwen3-vl:8b", "owned_by": "library"}]}
        return not_found(path)

    def post(path: str, body: dict[str, Any]) -> Reply:
        if path == "/api/show":
            description = {"capabilities": list(capabilities), "model_info": {"qwen3vl.context_length": context}}
            return 200, {**description, **({"thinking": thinking} if thinking else {})}
        if path == "/v1/chat/completions":
            return completion("spoken to by OpenAI's way")
        if path != "/api/chat":
            return not_found(path)
        return 200, chat(body)

    def chat(body: dict[str, Any]) -> dict[str, Any]:
        assert body["stream"] is False
        (message,) = body["messages"]
        prompt = Prompt(message["content"], [picture(one) for one in message.get("images", ())])
        thinks = "thinking" in capabilities and (body.get("think") is not False or not obeys)
        only = tuple(f'{{"answer": "{word}"}}' for word in ("yes", "no")) if "format" in body else ()
        text = write(in_json(model) if only else model, prompt, body["options"]["num_predict"], thinks, only)
        count = body["options"]["num_ctx"] if full else len(prompt.text.split()) + 70 * len(prompt.pictures)
        turn: dict[str, Any] = {"role": "assistant", "content": text.answer}
        if thinks:
            turn["thinking"] = text.thought.removeprefix("<think>\n").removesuffix("\n</think>\n\n")
        reply = {"model": body["model"], "message": turn, "done": True, "done_reason": text.finish}
        reply |= {"prompt_eval_count": count, "eval_count": len(text.tokens)}
        return reply | ({"logprobs": text.tokens} if probabilities and body.get("logprobs") else {})

    with serving(get, post) as served:
        yield served
