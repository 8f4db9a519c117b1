"""What browsers can play as it is (Chromium and Firefox on all systems), told by container, codec and pixel format."""

from __future__ import annotations

from actscribe.data.clips import SAME_S
from actscribe.video.opening import MP4
from actscribe.video.probe import VideoInfo

MATROSKA = "matroska,webm"
#: 8 bits and 4:2:0, which every browser decodes, in hardware or without.
_PLAIN = ("yuv420p", "yuvj420p")
#: Container, by its beginning: codecs that play in it, and what it is served as.
_PLAYS = {
    MP4: ({"h264", "vp9", "av1", "libdav1d"}, "video/mp4"),
    "webm": ({"vp8", "vp9", "av1", "libdav1d"}, "video/webm"),
}


def media_type(info: VideoInfo, head: bytes) -> str:
    """Return what a video is served as where browsers play it as it is, else "".

    Not as it is, though browsers play it: a video whose time stamps had to be put right, since they would believe them;
    one whose container does not begin at zero, from which they count; and one with open groups of pictures, into which
    Chromium does not seek to the frame.

    Args:
        info: of the video.
        head: first bytes of the file.
    """
    kind = "webm" if info.container == MATROSKA and b"webm" in head[:64] else info.container
    codecs, served = _PLAYS.get(kind, (set(), ""))
    plays = info.codec in codecs and info.pixel_format in _PLAIN
    exact = not info.mended and not info.open_groups and abs(info.begins) < SAME_S
    return served if plays and exact else ""
