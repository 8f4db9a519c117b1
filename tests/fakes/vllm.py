"""vLLM: GET /v1/models and /version, POST /v1/chat/completions (docs/features of its repository)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from fakes.serving import THOUGHT, Model, Prompt, Reply, Served, bright, completion, not_found, prompt_of, serving
from fakes.writing import write


@contextmanager
def vllm(
    model: Model = bright,
    video: bool = True,
    thinks: bool = False,
    switch: bool = True,
    parser: bool = True,
    version: str = "0.13.0",
    count: Callable[[Prompt], int] | None = None,
) -> Iterator[Served]:
    """Run one.

    Args:
        model: that answers.
        video: whether the model takes videos.
        thinks: whether the model thinks first.
        switch: whether its template knows `enable_thinking`.
        parser: whether it was started with --reasoning-parser, which parts the two; restrictions hold after it.
        version: before 0.12 only the old name of restricted answers is known.
        count: prompt -> tokens.
    """

    def get(path: str) -> Reply:
        if path == "/v1/models":
            one = {"id": "Qwen/Qwen3-VL-4B", "owned_by": "vllm", "root": "Qwen/Qwen3-VL-4B", "max_model_len": 32768}
            return 200, {"object": "list", "data": [one]}
        return (200, {"version": version}) if path == "/version" else not_found(path)

    def post(path: str, body: dict[str, Any]) -> Reply:
        if path != "/v1/chat/completions":
            return not_found(path)
        if "video_url" in json.dumps(body["messages"]) and not video:
            return 400, {"error": {"message": "At most 0 video(s) may be provided in one prompt.", "code": 400}}
        if body.get("top_logprobs", 0) > 20:
            return 400, {"error": {"message": "top_logprobs: 20 at most"}}
        prompt = prompt_of(body["messages"])
        if prompt.is_video:  # else it would take 2 frames a second, or 32 of all
            assert body["mm_processor_kwargs"] == {"do_sample_frames": False}
            assert body["media_io_kwargs"]["video"]["num_frames"] == -1
        old = tuple(int(part) for part in version.split(".")[:2]) < (0, 12)
        only = tuple(body.get("guided_choice", ()) if old else body.get("structured_outputs", {}).get("choice", ()))
        aloud = thinks and not (switch and body.get("chat_template_kwargs", {}).get("enable_thinking") is False)
        text = write(model, prompt, body["max_tokens"], aloud and (parser or not only), only)
        tokens = text.tokens if body.get("logprobs") else None
        usage = {"completion_tokens": len(text.tokens)}
        usage["prompt_tokens"] = count(prompt) if count else len(prompt.text.split()) + 50 * len(prompt.pictures)
        if parser:
            message = {"reasoning": THOUGHT if text.thought else None}
            return completion(text.answer, tokens, text.finish, message, usage)
        return completion(text.thought + text.answer, tokens, text.finish, None, usage)

    with serving(get, post) as served:
        yield served
