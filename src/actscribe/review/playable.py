"""What browsers can play as it is (Chromium and Firefox on all systems), told by container, codecs and pixel format."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import av

from actscribe.data.clips import SAME_S
from actscribe.video.contained import contained
from actscribe.video.decoding import MATROSKA
from actscribe.video.opening import MP4
from actscribe.video.probe import VideoInfo

#: 8 bits and 4:2:0, which every browser decodes, in hardware or without.
_PLAIN = ("yuv420p", "yuvj420p")
#: Container, by its beginning: codecs of pictures that play in it, and what it is served as.
_SHOWN = {
    MP4: ({"h264", "vp9", "av1", "libdav1d"}, "video/mp4"),
    "webm": ({"vp8", "vp9", "av1", "libdav1d"}, "video/webm"),
}
#: What a file is served as: codecs of sound that are heard in it. AC-3, DTS, ALAC and PCM
#: outside WAV are played by some, on some systems. What is not played is silence, and the browser does not say so.
_HEARD = {"video/mp4": {"aac", "mp3", "opus", "flac"}, "video/webm": {"opus", "vorbis"}}


def shown_as(info: VideoInfo, head: bytes) -> str:
    """Return what a video is served as where browsers show its pictures as they are, else "".

    Not as they are, though browsers show them: a video whose time stamps had to be put right, since they would believe
    them; one whose container does not begin at zero, from which they count; and one with open groups of pictures, into
    which Chromium does not seek to the frame.

    Args:
        info: of the video.
        head: first bytes of the file.
    """
    kind = "webm" if info.container == MATROSKA and b"webm" in head[:64] else info.container
    codecs, served = _SHOWN.get(kind, (set(), ""))
    plays = info.codec in codecs and info.pixel_format in _PLAIN
    exact = not info.mended and not info.open_groups and abs(info.begins) < SAME_S
    return served if plays and exact else ""


def begins_within(video: Path) -> bool:
    """Tell whether an edit list lets a video begin within a group of pictures, as where its beginning was cut off.

    Firefox shows what was cut off, and each frame later than it should by as much.

    Args:
        video: the file.
    """
    with contained(), av.open(str(video)) as container:
        return any(packet.is_discard for packet in islice(container.demux(video=0), 1))


def is_heard(info: VideoInfo, served: str) -> bool:
    """Tell whether browsers play all that there is of a video's sound.

    Args:
        info: of the video.
        served: what it is served as, from `shown_as`.
    """
    return not info.sound or info.sound in _HEARD.get(served, ())


def fits_mp4(info: VideoInfo) -> bool:
    """Tell whether MP4 holds the pictures of a video such that browsers show them."""
    return info.codec in _SHOWN[MP4][0]
