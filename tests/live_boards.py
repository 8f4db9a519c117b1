"""What a session would show on the live page, made by hand."""

from __future__ import annotations

from typing import Any

from actscribe.live.causal.timeline import Bar
from actscribe.live.page.board import Board
from actscribe.live.session import State

VENTILATION, HOSTILE = "Ventilation", "<img src=x onerror=alert(1)>"
MEDIA = "rtsp://ward-3.local/main"


def state(at: float = 200.0, **changes: Any) -> State:
    """Return a state at a second: one bar is over, one goes on, and there is a gap."""
    values: dict[str, Any] = {
        "decided": at - 1.5,
        "bars": (
            Bar(VENTILATION, at - 90, at - 60, open=False, appeared=at - 88),
            Bar(VENTILATION, at - 300, at - 290, open=False, appeared=at - 299),
            Bar(HOSTILE, at - 20, at - 1.5, open=True, appeared=at - 18),
        ),
        "unseen": ((at - 50, at - 40),),
        "scores": {VENTILATION: 0.125, HOSTILE: 0.875},
        "stride": 2.0,
        "asked_stride": 1.0,
        "latency": (0.31, 0.94),
        "sentences": (f"{MEDIA} is back",),
    }
    return State(at=at, **(values | changes))


def board() -> Board:
    return Board(MEDIA, [VENTILATION, HOSTILE])


def source(what: str, at: float = 195.0) -> dict[str, Any]:
    return {"kind": "source", "what": what, "at": at, "sentence": f"the source: {what}"}
