"""What all of them share: an HTTP server on this machine, and a model that looks at pictures and can think aloud."""

from __future__ import annotations

import base64
import json
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any

import av
import numpy as np
from PIL import Image

Reply = tuple[int, Any]
THOUGHT = "Let me look at the frames. Yes? No? The light may be on. I look again."


@dataclass(frozen=True)
class Prompt:
    """What a model is shown, whatever the dialect: all words in order, the pictures, and the times written to each."""

    text: str
    pictures: list[np.ndarray] = field(default_factory=list)
    is_video: bool = False


#: What a model writes about a prompt, and the probability of each first word (empty: the whole text is sure).
Model = Callable[[Prompt], tuple[str, dict[str, float]]]


def bright(prompt: Prompt) -> tuple[str, dict[str, float]]:
    """Answer yes/no questions by how bright the pictures are, lists and captions by heart."""
    if "yes or no" in prompt.text.lower():
        share = float(np.mean([picture.mean() for picture in prompt.pictures])) / 255 if prompt.pictures else 0.25
        word = "Yes" if share >= 0.5 else "No"
        return word, {"Yes": 0.8 * share, "No": 0.8 * (1 - share), "Maybe": 0.2}
    return ("suction and ventilation" if "list" in prompt.text else "A baby is visible."), {}


@dataclass
class Served:
    """A fake that runs: where, and the bodies that were posted to it, each with its path."""

    address: str
    asked: list[dict[str, Any]]

    def questions(self) -> list[dict[str, Any]]:
        """The bodies but for those that only ask what the server can do, its first test among them."""
        return [body for body in self.asked if "messages" in body and "Is this a test?" not in json.dumps(body)]


@contextmanager
def serving(get: Callable[[str], Reply], post: Callable[[str, dict[str, Any]], Reply]) -> Iterator[Served]:
    """Run a server that answers paths."""
    asked: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.reply(*get(self.path))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append({"path": self.path, **body})
            self.reply(*post(self.path, body))

        def reply(self, code: int, values: Any) -> None:
            data = values.encode() if isinstance(values, str) else json.dumps(values).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield Served(f"http://127.0.0.1:{server.server_port}", asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def picture(coded: str) -> np.ndarray:
    """Decode a picture in base64."""
    return np.asarray(Image.open(BytesIO(base64.b64decode(coded, validate=True))).convert("RGB"))


def frames_of(coded: str) -> tuple[list[np.ndarray], float]:
    """Decode a video in base64: its frames, and how many it has a second."""
    with av.open(BytesIO(base64.b64decode(coded, validate=True))) as container:
        stream = container.streams.video[0]
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)], float(stream.average_rate)


def prompt_of(messages: list[dict[str, Any]]) -> Prompt:
    """Read messages with OpenAI's parts, and vLLM's and llama.cpp's videos."""
    content = messages[-1]["content"]
    if isinstance(content, str):
        return Prompt(content)
    words, pictures, is_video = [], [], False
    for part in content:
        if part["type"] == "text":
            words.append(part["text"])
        elif part["type"] == "image_url":
            pictures.append(picture(part["image_url"]["url"].split(",", 1)[1]))
        else:
            data = part["video_url"]["url"].split(",", 1)[1] if "video_url" in part else part["input_video"]["data"]
            frames, _ = frames_of(data)
            pictures, is_video = pictures + frames, True
    return Prompt(" ".join(words), pictures, is_video)


def pieces(text: str) -> list[str]:
    """Cut a text into tokens of a word with the blank before it."""
    words = text.split(" ")
    return [word if index == 0 else f" {word}" for index, word in enumerate(words)] if text else []


def token_list(parts: list[str], first: int, chances: dict[str, float]) -> list[dict[str, Any]]:
    """Return OpenAI's list of tokens; the one at `first` has the alternatives, all others are sure."""
    entries = []
    for index, text in enumerate(parts):
        at = chances if index == first and chances else {text: 1.0}
        listed = [{"token": one, "logprob": math.log(chance)} for one, chance in at.items() if chance > 0]
        own = math.log(at.get(text, 1e-6))
        entries.append({"token": text, "logprob": own, "bytes": list(text.encode()), "top_logprobs": listed})
    return entries


def completion(
    text: str,
    tokens: list[dict[str, Any]] | None = None,
    finish: str = "stop",
    message: dict[str, Any] | None = None,
    usage: dict[str, Any] | None = None,
) -> Reply:
    """Return a chat completion."""
    reply = {"role": "assistant", "content": text, **(message or {})}
    choice: dict[str, Any] = {"index": 0, "message": reply, "finish_reason": finish, "logprobs": None}
    if tokens is not None:
        choice["logprobs"] = {"content": tokens}
    return 200, {"id": "1", "object": "chat.completion", "choices": [choice], **({"usage": usage} if usage else {})}


def not_found(path: str) -> Reply:
    """Answer as a server does that has no such endpoint."""
    return 404, {"error": f"no such endpoint: {path}"}
