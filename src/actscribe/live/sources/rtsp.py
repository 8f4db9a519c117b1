"""RTSP streams: FFmpeg, which follows servers wherever they send it, is let at the one that the user named alone."""

from __future__ import annotations

import time
from typing import Any, Literal

import av
import av.error
from av.container import InputContainer

from actscribe.live.sources.rtsp_relay import Relay


def open_rtsp(target: str, mode: Literal["r"], *, timeout: tuple[float, float], **options: Any) -> InputContainer:
    """Open an RTSP stream as `av.open` does, through a relay that reaches no other server and leads nowhere else.

    Raises:
        OSError: the server redirects, does not speak RTSP or cannot be reached.
        av.error.FFmpegError: as `av.open`.
    """
    until = time.monotonic() + timeout[0]
    relay = Relay(target, timeout[0])
    try:
        left = max(0.1, until - time.monotonic())
        opened: InputContainer = av.open(relay.address, mode, timeout=(left, timeout[1]), **options)
    except (av.error.FFmpegError, OSError) as error:
        if relay.refused is not None:
            raise relay.refused from error
        raise
    return opened
