"""llama.cpp's server: GET /v1/models and /props, POST /v1/chat/completions (tools/server/README.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fakes.serving import THOUGHT, Model, Reply, Served, bright, completion, not_found, prompt_of, serving
from fakes.writing import write


@contextmanager
def llama_cpp(
    model: Model = bright,
    vision: bool = True,
    thinks: bool = False,
    switch: bool = True,
    old_field: bool = False,
    opens_video: bool = True,
    models: tuple[str, ...] = ("qwen3-vl.gguf",),
) -> Iterator[Served]:
    """Run one; it keeps the prompt of each slot, and says how much of the next one it had read before.

    Args:
        model: that answers.
        vision: whether it was started with --mmproj.
        thinks: whether the model thinks first.
        switch: whether its template knows `enable_thinking`.
        old_field: whether probabilities come in `completion_probabilities`.
        opens_video: whether ffmpeg is there; a video is passed over without it.
        models: more than one: it is a router.
    """
    slots: dict[int, str] = {}

    def get(path: str) -> Reply:
        if path == "/v1/models":
            meta = {"n_ctx_train": 262144, "n_params": 8190735360, "size": 5027784704}
            return 200, {"object": "list", "data": [{"id": n, "owned_by": "llamacpp", "meta": meta} for n in models]}
        if path.split("?")[0] == "/props":
            props = {"default_generation_settings": {"n_ctx": 8192}, "total_slots": 4, "build_info": "b7200-00dc805"}
            return 200, {**props, "modalities": {"vision": vision, "audio": False}, "model_path": models[0]}
        return not_found(path)

    def post(path: str, body: dict[str, Any]) -> Reply:
        if path != "/v1/chat/completions":
            return not_found(path)
        parts = json.dumps(body["messages"])
        if not vision and "image_url" in parts:
            return 500, {"error": {"message": "image input is not supported - hint: provide the mmproj"}}
        prompt = prompt_of(body["messages"])
        kept = body.get("chat_template_kwargs", {}).get("enable_thinking") is False and switch
        grammar = body.get("grammar", "").removeprefix("root ::= ")
        only = tuple(word.strip('" ') for word in grammar.split("|") if word)
        # a grammar holds from the first token on, so nothing is thought
        text = write(model, prompt, body["max_tokens"], thinks and not kept and not only, only)
        before = slots.get(body.get("id_slot", -1), "")
        shared = next((at for at, (a, b) in enumerate(zip(before, parts, strict=False)) if a != b), 0)
        slots[body.get("id_slot", -1)] = parts
        picture_tokens = 64 * len(prompt.pictures) if not prompt.is_video or opens_video else 0
        total = len(prompt.text.split()) + picture_tokens
        usage = {"prompt_tokens": total, "completion_tokens": len(text.tokens)}
        usage["prompt_tokens_details"] = {"cached_tokens": round(total * min(1.0, shared / len(parts)))}
        message = {"reasoning_content": THOUGHT} if text.thought else {}
        status, reply = completion(text.answer, text.tokens, text.finish, message, usage)
        if old_field:
            reply["choices"][0]["logprobs"] = None
            reply["completion_probabilities"] = text.tokens
        return status, reply

    with serving(get, post) as served:
        yield served
