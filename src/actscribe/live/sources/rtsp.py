"""RTSP streams: FFmpeg, which follows servers wherever they send it, is let at the one that the user named alone."""

from __future__ import annotations

import errno
import time
from collections.abc import Mapping
from typing import Any, Literal

import av
import av.error
from av.container import InputContainer

from actscribe.live.sources.rtsp_relay import Relay

#: What FFmpeg may use, and asks a server for. Over UDP lost packets grey the picture, so that is for servers that
#: refuse TCP, as VLC's does; and never for those that were to be reached over TLS.
_TRANSPORTS = ({"rtsp_transport": "tcp"}, {"rtsp_transport": "udp", "protocol_whitelist": "tcp,udp,rtp"})


def open_rtsp(
    target: str, mode: Literal["r"], *, options: Mapping[str, str], timeout: tuple[float, float], **more: Any
) -> InputContainer:
    """Open an RTSP stream as `av.open` does, through a relay that reaches no other server and leads nowhere else.

    Raises:
        OSError: the server redirects, does not speak RTSP or cannot be reached.
        av.error.FFmpegError: as `av.open`.
    """
    until = time.monotonic() + timeout[0]
    tcp, udp = ({**options, **transport} for transport in _TRANSPORTS)
    try:
        return _opened(target, mode, until, options=tcp, timeout=timeout, **more)
    except OSError as error:
        if error.errno != errno.EPROTONOSUPPORT or target.casefold().startswith("rtsps:"):
            raise
    return _opened(target, mode, until, options=udp, timeout=timeout, **more)


def _opened(
    target: str, mode: Literal["r"], until: float, *, timeout: tuple[float, float], **more: Any
) -> InputContainer:
    relay = Relay(target, timeout[0])
    try:
        left = max(0.1, until - time.monotonic())
        opened: InputContainer = av.open(relay.address, mode, timeout=(left, timeout[1]), **more)
    except (av.error.FFmpegError, OSError) as error:
        if relay.refused is not None:
            raise relay.refused from error
        raise
    return opened
