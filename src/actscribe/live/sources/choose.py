"""Which source a user means: a camera by its number, a stream by its address, a file by its path."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from actscribe.errors import ActScribeError
from actscribe.live.arrivals import Source
from actscribe.live.sources.first_picture import first_picture
from actscribe.live.sources.growing import Growing, check_growing_file
from actscribe.live.sources.opened import Opened, Recorder
from actscribe.live.sources.played import Played
from actscribe.live.sources.rtsp import open_rtsp
from actscribe.live.sources.rtsp_relay import without_secrets
from actscribe.names import safe_name
from actscribe.video.opening import check_video_file
from actscribe.video.probe import probe

#: Addresses that are opened, and the protocols that FFmpeg may use for each: never a file, and no playlist.
_HTTP, _RTSP = "http,https,tcp,tls,crypto", "tcp"
SCHEMES = {"http": _HTTP, "https": _HTTP, "rtsp": _RTSP, "rtsps": _RTSP}
#: What may come over HTTP. Playlists (HLS, DASH) are left out: they name other addresses, which the user did not.
_FORMATS = "mpegts,matroska,webm,mov,mp4,flv,mpjpeg,jpeg_pipe,mjpeg,avi,h264,hevc,ogg,asf,rtsp,rtp,sdp,mpeg"
#: FFmpeg's name for cameras, and how one is named by its number, by system.
_CAMERAS = {"linux": ("v4l2", "/dev/video{}"), "darwin": ("avfoundation", "{}:none"), "win32": ("dshow", "")}


@dataclass(frozen=True, slots=True)
class Chosen:
    """A source with what is known of it before it is opened.

    Args:
        source: to read.
        name: for files, safe on every system.
        video: the file, if it is one.
        passes: whether time goes on while nobody watches: of a camera and a stream.
        picture: digest of a file's first picture; empty where there is none yet, and of all else.
    """

    source: Source
    name: str
    video: Path | None = None
    passes: bool = False
    picture: str = ""


def choose(
    given: str,
    speed: float = 1.0,
    growing: bool = False,
    patience_s: float | None = None,
    recorder: Recorder | None = None,
) -> Chosen:
    """Return the source that a user means; cameras and streams are not opened yet.

    Args:
        given: a number, an address or a path.
        speed: of a file that is played.
        growing: whether a file is still being written.
        patience_s: seconds after which a growing file has ended, by default 10, and a lost source, by default never.
        recorder: of a stream or camera.

    Raises:
        ActScribeError: there is no such file or camera, or an address of another kind.
    """
    if re.fullmatch(r"\d+", given):
        return _camera(int(given), patience_s, recorder)
    if "://" in given:
        return _stream(given, patience_s, recorder)
    path = Path(given)
    if growing:
        check_growing_file(path)
        source = Growing(path, 10.0 if patience_s is None else patience_s)
        return Chosen(source, safe_name(path.stem), picture=first_picture(path))
    check_video_file(path)
    played = Played(path, probe(path).duration, speed)
    return Chosen(played, safe_name(path.stem), path, picture=first_picture(path))


def _camera(number: int, patience_s: float | None, recorder: Recorder | None) -> Chosen:
    kind, target = _CAMERAS.get(sys.platform, ("", ""))
    if not kind:
        raise ActScribeError(f"camera {number}: cameras of this system ({sys.platform}) are not known.")
    options: dict[str, str] = {}
    if kind == "dshow":
        target = f"video={_named(kind, number)}"
    elif kind == "v4l2":
        target = target.format(number)
        if not Path(target).exists():
            there = ", ".join(sorted(path.name.removeprefix("video") for path in Path("/dev").glob("video*")))
            raise ActScribeError(
                f"camera {number}: there is none ({target} does not exist).",
                f"There are: {there}." if there else "No camera is connected; a file can be watched, too.",
            )
    else:
        target, options = target.format(number), {"framerate": "30"}
    opened = Opened(f"camera {number}", target, kind, options, patience_s, recorder)
    return Chosen(opened, f"camera-{number}", passes=True)


def _named(kind: str, number: int) -> str:
    from av.device import enumerate_input_devices

    devices = [device for device in enumerate_input_devices(kind) if "video" in device.media_types]
    if number >= len(devices):
        there = ", ".join(f"{index}: {device.description}" for index, device in enumerate(devices))
        raise ActScribeError(f"camera {number}: there is none.", f"There are: {there}." if there else "None is there.")
    return devices[number].name


def _stream(given: str, patience_s: float | None, recorder: Recorder | None) -> Chosen:
    shown = without_secrets(given)
    try:
        parts = urlsplit(given)
        parts.port  # noqa: B018 - raises where it is no number
    except ValueError:  # or brackets of IPv6 do not close
        raise ActScribeError(
            f"{shown}: not an address: its port is not a number below 65,536, or it has brackets that do not close.",
            "In a name or a password write %2F for /, %3F for ?, %23 for #, %40 for @, %3A for : and %25 for %.",
        ) from None
    if parts.scheme.casefold() not in SCHEMES or not parts.hostname:
        raise ActScribeError(
            f"{shown}: not an address of a stream that can be watched.",
            f"Known are addresses that begin with {', '.join(f'{scheme}://' for scheme in SCHEMES)}.",
        )
    options = {"protocol_whitelist": SCHEMES[parts.scheme.casefold()], "format_whitelist": _FORMATS}
    name = safe_name(f"{parts.hostname}{parts.path}".rpartition("@")[2].strip("/"))
    if parts.scheme.casefold().startswith("rtsp"):
        return Chosen(Opened(shown, given, None, options, patience_s, recorder, open_rtsp), name, passes=True)
    # To where the user did not say: a server may redirect, and the environment may name a proxy.
    options |= {"max_redirects": "0", "http_proxy": ""}
    return Chosen(Opened(shown, given, None, options, patience_s, recorder), name, passes=True)
