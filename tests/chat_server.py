"""A small server on this machine that speaks OpenAI's chat completions, for tests."""

from __future__ import annotations

import base64
import json
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

Reply = tuple[int, Any]
Answer = Callable[[dict[str, Any]], Reply]


@contextmanager
def chat_server(answer: Answer, models: tuple[str, ...] = ("tiny",)) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield the address and the list of requests that came in; `answer` gets each request's body."""
    asked: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.reply(200, {"data": [{"id": name} for name in models]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append({"path": self.path, **body})
            self.reply(*answer(body))

        def reply(self, code: int, values: Any) -> None:
            data = values.encode() if isinstance(values, str) else json.dumps(values).encode()
            self.send_response(code)
            if code == 302:
                self.send_header("Location", "http://192.0.2.1/v1/chat/completions")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def completion(text: str, top: dict[str, float] | None = None) -> Reply:
    """A chat completion; `top` gives the probability of each alternative of the first token."""
    choice: dict[str, Any] = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    if top is not None:
        listed = [{"token": token, "logprob": math.log(chance)} for token, chance in top.items()]
        choice["logprobs"] = {"content": [{**listed[0], "top_logprobs": listed}]}
    return 200, {"object": "chat.completion", "choices": [choice]}


def said(body: dict[str, Any]) -> tuple[str, list[np.ndarray]]:
    """The text and the decoded pictures (RGB) of a request."""
    content = body["messages"][-1]["content"]
    if isinstance(content, str):
        return content, []
    images = [part["image_url"]["url"] for part in content if part["type"] == "image_url"]
    coded = [base64.b64decode(uri.split(",", 1)[1]) for uri in images]
    return content[-1]["text"], [np.asarray(Image.open(BytesIO(one))) for one in coded]
