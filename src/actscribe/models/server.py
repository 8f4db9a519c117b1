"""A model behind an OpenAI-compatible chat endpoint (Ollama, llama.cpp, vLLM), on this machine unless told otherwise.

A request and its answer, bounded in time and size (`exchange`); no stream. A server that says that it is busy is asked
again, a few times.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import math
import time
from collections.abc import Sequence
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

from actscribe.errors import ActScribeError
from actscribe.models.exchange import INTERFACE, Trouble, exchange, shown
from actscribe.models.yes_no import YesNo, from_text

#: Seconds for one answer, further tries included: a large model on a CPU may take minutes for a video.
TIMEOUT_S = 600.0
#: Seconds for the list of models, which asks no model.
LIST_TIMEOUT_S = 30.0
#: Seconds between tries where a server says that it is busy, or drops the connection.
WAITS_S = (0.5, 2.0)
#: Alternatives asked for at the first token; what the OpenAI protocol allows at most.
TOP = 20
#: Of a token: rounding may lift a probability of 1 by a little.
MOST_LOGPROB = 0.01
#: Tokens in which a written yes or no is looked for.
YES_NO_TOKENS = 8


class ChatServer:
    """One model of a server.

    Args:
        address: such as http://127.0.0.1:11434/v1; without a path, /v1 is added.
        model: the server's name for it; empty where the server offers only one.
        allow_remote: whether the address may be another machine.
        timeout: seconds for one answer, from the question to its last byte.

    Raises:
        ActScribeError: an address that is none, or not of this machine; a server that does not answer or offers several
            models.
    """

    def __init__(self, address: str, model: str = "", allow_remote: bool = False, timeout: float = TIMEOUT_S) -> None:
        self.address = checked_address(address, allow_remote)
        self.timeout = timeout
        self.model = model or self._only_model()

    @property
    def identity(self) -> dict[str, str]:
        """What answers are kept under. A server does not tell its model's revision, only its name."""
        return {"server": self.address, "model": self.model}

    def written(self, text: str, images: Sequence[np.ndarray] = (), most: int = 64) -> str:
        """Return the answer, decoded greedily.

        Args:
            text: the user's message.
            images: shown before it, uint8 RGB, each of shape (height, width, 3).
            most: tokens.
        """
        return self._message(self._chat(text, images, {"max_tokens": most})).strip()

    def yes_no(self, text: str, images: Sequence[np.ndarray] = ()) -> YesNo:
        """Return the answer to a yes/no question from the first token's alternatives, or where the server gives none,
        or neither word is among them, from what it wrote."""
        ask = {"max_tokens": YES_NO_TOKENS, "logprobs": True, "top_logprobs": TOP}
        choice = self._chat(text, images, ask)
        wrote = self._message(choice)
        chances = _first_alternatives(choice)
        if chances is None:
            raise self._not_understood(choice)
        yes, no = (sum(p for token, p in chances if token.strip().casefold() == word) for word in ("yes", "no"))
        if yes + no > 0:
            return YesNo(yes / (yes + no), min(yes + no, 1.0), wrote)
        return from_text(wrote)

    def _chat(self, text: str, images: Sequence[np.ndarray], settings: dict[str, Any]) -> dict[str, Any]:
        content: Any = text
        if images:
            shown = [{"type": "image_url", "image_url": {"url": data_uri(image)}} for image in images]
            content = [*shown, {"type": "text", "text": text}]
        messages = [{"role": "user", "content": content}]
        found = self._call(
            "/chat/completions", {"model": self.model, "messages": messages, "temperature": 0, **settings}, self.timeout
        )
        try:
            return dict(found["choices"][0])
        except (KeyError, IndexError, TypeError, ValueError):
            raise self._not_understood(found) from None

    def _message(self, choice: dict[str, Any]) -> str:
        try:
            text = choice["message"]["content"]
        except (KeyError, TypeError):
            raise self._not_understood(choice) from None
        if not isinstance(text, str | None):
            raise self._not_understood(choice)
        return (text or "").encode("utf-8", "replace").decode()  # JSON can spell characters that no file can hold

    def _only_model(self) -> str:
        found = self._call("/models", None, min(LIST_TIMEOUT_S, self.timeout))
        try:
            names = [str(model["id"]) for model in found["data"]]
        except (KeyError, TypeError):
            raise self._not_understood(found) from None
        if len(names) != 1:
            raise ActScribeError(
                f"The server at {self.address} offers {len(names)} models: {shown(', '.join(names) or 'none')}.",
                "Name one of them in the settings: server_model (or judge_server_model).",
            )
        return names[0]

    def _call(self, path: str, body: dict[str, Any] | None, seconds: float) -> Any:
        data = None if body is None else json.dumps(body).encode()
        until = time.monotonic() + seconds
        for wait in (*WAITS_S, None):
            try:
                return exchange(self.address + path, data, max(until - time.monotonic(), 0.01))
            except Trouble as trouble:
                if wait is None or not trouble.again or time.monotonic() + wait >= until:
                    raise self._explained(path, trouble) from None
            time.sleep(wait)
        raise AssertionError("the last try returns or raises")

    def _explained(self, path: str, trouble: Trouble) -> ActScribeError:
        if trouble.status:
            message = f"The server at {self.address} answered {trouble.status} to {path}: {trouble.what}"
        else:
            message = f"No usable answer from {self.address}{path}: {trouble.what}"
        return ActScribeError(message, trouble.hint)

    def _not_understood(self, found: Any) -> ActScribeError:
        return ActScribeError(
            f"The server at {self.address} answered something else than a chat completion: {_json(found)}", INTERFACE
        )


def checked_address(address: str, allow_remote: bool) -> str:
    """Return a server's address without a slash at its end.

    Raises:
        ActScribeError: it is no http address, or of another machine and that was not allowed.
    """
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme not in ("http", "https") or not host:
        raise ActScribeError(f"'{address}' is no server address.", "Expected one like http://127.0.0.1:11434/v1")
    if not is_loopback(host) and not allow_remote:
        raise ActScribeError(
            f"'{address}' is another machine: frames of your videos would leave this one.",
            "Run the server here (127.0.0.1 or localhost). If you may send the videos there: allow_remote: true",
        )
    return address.rstrip("/") if parts.path.strip("/") else f"{parts.scheme}://{parts.netloc}/v1"


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address can only be this machine; no name is looked up."""
    if host.casefold() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def data_uri(image: np.ndarray) -> str:
    """Return a picture, uint8 RGB of shape (height, width, 3), as a PNG data URI: nothing is lost."""
    png = BytesIO()
    Image.fromarray(image).save(png, "PNG")
    return "data:image/png;base64," + base64.b64encode(png.getvalue()).decode()


def _first_alternatives(choice: dict[str, Any]) -> list[tuple[str, float]] | None:
    """Return (token, probability) of the first token's alternatives, none where the server gives none.

    None where it gives something that is not a probability: a number above 1 would make any answer a sure one.
    """
    try:
        listed = choice["logprobs"]["content"][0]["top_logprobs"]
    except (KeyError, IndexError, TypeError):
        return []
    try:
        found = [(str(one["token"]), float(one["logprob"])) for one in listed or ()]
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    if any(math.isnan(logprob) or logprob > MOST_LOGPROB for _, logprob in found):
        return None
    return [(token, math.exp(logprob)) for token, logprob in found]


def _json(found: Any) -> str:
    try:
        return shown(json.dumps(found))
    except RecursionError:
        return "JSON that is nested too deeply"
