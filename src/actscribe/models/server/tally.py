"""What a server was sent and what it wrote, counted in its own tokens."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from actscribe.models.server.question import Reply
from actscribe.tables import seconds_text


@dataclass(slots=True)
class Tally:
    """Counts of requests that were answered; answers that were kept from before are not among them.

    Args:
        clips: that were shown one after the other, or texts that were judged.
        requests: about them.
        counted: of the requests, those of which the server told the tokens.
        prompt, written: tokens of these prompts and of what was written.
        cached: tokens of prompts that the server had kept from before; None where it never told.
        thought: requests that were answered after thinking aloud.
        cut: requests whose answer did not come to its end.
        seconds: that the requests took, one by one.
    """

    clips: int = 0
    requests: int = 0
    counted: int = 0
    prompt: int = 0
    written: int = 0
    cached: int | None = None
    thought: int = 0
    cut: int = 0
    seconds: float = 0.0
    _lock: Any = field(default_factory=threading.Lock, repr=False, compare=False)

    def add(self, reply: Reply, seconds: float) -> None:
        """Count a request."""
        with self._lock:
            self.requests += 1
            self.seconds += seconds
            self.thought += bool(reply.thought)
            self.cut += not reply.whole
            if reply.prompt is not None:
                self.counted += 1
                self.prompt += reply.prompt
                self.written += reply.written or 0
            if reply.cached is not None:
                self.cached = (self.cached or 0) + reply.cached

    def record(self) -> dict[str, Any]:
        """Return it as a row of a table, tokens by clip; empty where nothing was asked."""
        if not self.requests:
            return {}
        whole = self.counted == self.requests and self.clips > 0
        uncached = None if self.cached is None or not whole else round((self.prompt - self.cached) / self.clips, 1)
        return {
            "clips": self.clips,
            "requests": self.requests,
            "prompt tokens a clip": round(self.prompt / self.clips, 1) if whole else None,
            "of them uncached": uncached,
            "tokens written a clip": round(self.written / self.clips, 1) if whole else None,
            "after thinking": self.thought,
            "cut off": self.cut,
            "seconds a request": self.seconds / self.requests,
        }

    def sentence(self) -> str:
        """Return it in words; empty where nothing was asked."""
        row = self.record()
        if not row:
            return ""
        text = f"{self.requests:,} requests on {self.clips:,} clips, {seconds_text(row['seconds a request'])} each"
        if row["prompt tokens a clip"] is None:
            return f"{text}; the server reports no tokens"
        text += f"; {row['prompt tokens a clip']:,.0f} prompt tokens a clip"
        if row["of them uncached"] is not None:
            text += f", {row['of them uncached']:,.0f} of them uncached"
        return f"{text}, {row['tokens written a clip']:,.0f} written"
