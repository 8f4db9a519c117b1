"""Containers x codecs x oddities: the same numbered frames in each, and what other programs make of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
from chromium import Tab
from video_players import TYPES, chromium_numbers, ffprobe_times, installed, mpv_number
from videos import TURNS, make_video, number_of, numbered, turn_mp4

from actscribe.video.decoding import Pictures
from actscribe.video.opening import open_video, origin
from actscribe.video.probe import probe
from actscribe.video.reading import frames_at

FRAMES = 60
_X264 = "bframes=3:b-adapt=0:keyint=20:min-keyint=20:scenecut=0"
_B = {"options": {"x264-params": _X264}}
_X265 = {"codec": "libx265", "options": {"x265-params": "log-level=none:bframes=3:keyint=20"}}
_VP8 = {"codec": "libvpx", "options": {"deadline": "realtime", "cpu-used": "8"}}
_VP9 = {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8"}}
_AV1 = {"codec": "libsvtav1", "options": {"preset": "12", "svtav1-params": "keyint=20"}}
_MJPEG = {"codec": "mjpeg", "pixel_format": "yuvj420p"}
_MPEG4 = {"codec": "mpeg4", "options": {"bf": "2"}}
_MPEG2 = {"codec": "mpeg2video", "options": {"bf": "2"}}

Maker = Callable[[Path], Path]


def _plain(**how: Any) -> Maker:
    return lambda path: make_video(path, FRAMES, **how)


def _stepped(number: int) -> int:
    """A phone's rate: steps of 33 and 51 ms."""
    return number * 45 + number % 3 * 6


def _frozen(number: int) -> int:
    return number if number < 41 else number + 190


def _turned(path: Path) -> Path:
    """The frames lie stored on their side; the file says by how much to turn them."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 48, 64, "yuv420p"
        for number in range(FRAMES):
            image = np.ascontiguousarray(np.rot90(numbered(number, 64, 48)))
            file.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        file.mux(stream.encode(None))
    return turn_mp4(path, TURNS[90])


def _two_sizes(path: Path) -> Path:
    """A transport stream, or raw one, of one size and then another."""
    parts = [
        make_video(path.with_name(f"{width}-{path.name}"), FRAMES // 2, size=(width, width * 3 // 4), **_B)
        for width in (64, 128)
    ]
    with av.open(str(path), "w") as target:
        first = av.open(str(parts[0]))
        stream = target.add_stream_from_template(first.streams.video[0])
        first.close()
        for index, part in enumerate(parts):
            with av.open(str(part)) as source:
                for packet in source.demux(video=0):
                    if packet.size:
                        later = round(index * FRAMES / 2 / 25 / packet.time_base)
                        packet.pts, packet.dts = packet.pts + later, packet.dts + later
                        packet.stream = stream
                        target.mux(packet)
    return path


def _interlaced(path: Path) -> Path:
    options = {"flags": "+ildct+ilme", "bf": "2"}
    return make_video(path, FRAMES, codec="mpeg2video", options=options)


#: Name of a file -> who makes it. What comes before the point is the oddity.
MATRIX: dict[str, Maker] = {
    "h264.mp4": _plain(),
    "h264-b.mp4": _plain(**_B),
    "h264-b.mov": _plain(**_B),
    "h264-b.mkv": _plain(**_B),
    "h264-b.ts": _plain(**_B),
    "h264-b.flv": _plain(**_B),
    "h264-b.avi": _plain(**_B),
    "h264-b-raw.h264": _plain(container="h264", **_B),
    "hevc-b.mp4": _plain(**_X265),
    "hevc-b.mkv": _plain(**_X265),
    "hevc-b.ts": _plain(**_X265),
    "hevc-b-raw.hevc": _plain(container="hevc", **_X265),
    "mpeg4-b.mp4": _plain(**_MPEG4),
    "mpeg4-b.avi": _plain(**_MPEG4),
    "mpeg4-b.mkv": _plain(**_MPEG4),
    "mpeg4-b.3gp": _plain(container="3gp", **_MPEG4),
    "mpeg4-raw.m4v": _plain(container="m4v", codec="mpeg4"),
    "mpeg2-b.mpg": _plain(**_MPEG2),
    "mpeg2-b.ts": _plain(**_MPEG2),
    "mpeg2-b.mkv": _plain(**_MPEG2),
    "mpeg2-b.mxf": _plain(**_MPEG2),
    "mpeg1.mpg": _plain(codec="mpeg1video", options={"bf": "2"}),
    "vp8.webm": _plain(**_VP8),
    "vp8.ogv": _plain(container="ogg", **_VP8),
    "vp8.avi": _plain(**_VP8),
    "vp9.webm": _plain(**_VP9),
    "vp9.mp4": _plain(**_VP9),
    "av1.mp4": _plain(**_AV1),
    "av1.webm": _plain(**_AV1),
    "av1.mkv": _plain(**_AV1),
    "mjpeg.avi": _plain(**_MJPEG),
    "mjpeg.mov": _plain(**_MJPEG),
    "mjpeg.mkv": _plain(**_MJPEG),
    "gif.gif": _plain(codec="gif", pixel_format="rgb8"),
    "flv1.flv": _plain(codec="flv"),
    "wmv2.wmv": _plain(codec="wmv2"),
    "msmpeg4.asf": _plain(codec="msmpeg4"),
    "y4m.y4m": _plain(codec="rawvideo", container="yuv4mpegpipe"),
    "raw.avi": _plain(codec="rawvideo"),
    "ffv1.mkv": _plain(codec="ffv1"),
    "prores.mov": _plain(codec="prores_ks", pixel_format="yuv422p10le"),
    "png.mov": _plain(codec="png", pixel_format="rgb24"),
    "qtrle.mov": _plain(codec="qtrle", pixel_format="rgb24"),
    "huffyuv.avi": _plain(codec="huffyuv", pixel_format="rgb24"),
    "open-gop.mp4": _plain(options={"x264-params": f"{_X264}:open-gop=1"}),
    "open-gop.ts": _plain(options={"x264-params": f"{_X264}:open-gop=1"}),
    "fragments.mp4": _plain(container_options={"movflags": "frag_keyframe+empty_moov"}, **_B),
    "fragments-late.mp4": _plain(
        container_options={"movflags": "frag_keyframe+empty_moov+delay_moov"}, pts=lambda i: i + 50, **_B
    ),
    "no-edit-list.mp4": _plain(container_options={"use_editlist": "0"}, **_B),
    "live.webm": _plain(container_options={"live": "1"}, **_VP8),
    "live.mkv": _plain(container_options={"live": "1"}, **_B),
    "variable.mp4": _plain(pts=_stepped, time_base=Fraction(1, 1000), **_B),
    "variable.mkv": _plain(pts=_stepped, time_base=Fraction(1, 1000), **_B),
    "variable.webm": _plain(pts=_stepped, time_base=Fraction(1, 1000), **_VP9),
    "variable.ts": _plain(pts=_stepped, time_base=Fraction(1, 1000), **_B),
    "variable.flv": _plain(pts=_stepped, time_base=Fraction(1, 1000), **_B),
    "variable.gif": _plain(codec="gif", pixel_format="rgb8", pts=lambda i: i * 4 + i % 3, time_base=Fraction(1, 100)),
    "freeze.mp4": _plain(pts=_frozen, **_B),
    "freeze.mkv": _plain(pts=_frozen, **_B),
    "freeze.webm": _plain(pts=_frozen, **_VP8),
    "late.mp4": _plain(pts=lambda i: i + 40, **_B),
    "late.mov": _plain(pts=lambda i: i + 40, **_B),
    "late.mkv": _plain(pts=lambda i: i + 40, **_B),
    "late.webm": _plain(pts=lambda i: i + 40, **_VP8),
    "late.ts": _plain(pts=lambda i: i + 40, **_B),
    "late.flv": _plain(pts=lambda i: i + 40, **_B),
    "trimmed.mp4": _plain(pts=lambda i: i - 20, **_B),
    "sound.mp4": _plain(sound_s=2.5, **_B),
    "sound-first.mp4": _plain(sound_s=4.0, pts=lambda i: i + 20, **_B),
    "sound-first.mkv": _plain(sound_s=4.0, pts=lambda i: i + 20, **_B),
    "sound-first.ts": _plain(sound_s=4.0, pts=lambda i: i + 20, **_B),
    "ntsc.mp4": _plain(fps=Fraction(30000, 1001), **_B),
    "ntsc.mkv": _plain(fps=Fraction(30000, 1001), **_B),
    "ntsc.ts": _plain(fps=Fraction(30000, 1001), **_B),
    "ntsc.avi": _plain(fps=Fraction(30000, 1001), **_MPEG4),
    "slow.mp4": _plain(fps=2, **_B),
    "slow.mkv": _plain(fps=2, **_B),
    "slow.ts": _plain(fps=2, **_B),
    "fast.mp4": _plain(fps=120, **_B),
    "turned.mp4": _turned,
    "turned.mov": _turned,
    "odd-size.mkv": _plain(codec="ffv1", size=(77, 53), pixel_format="yuv444p"),
    "odd-size.webm": _plain(size=(77, 53), **_VP9),
    "cropped.mp4": _plain(size=(70, 50), **_B),  # stored as 80 x 64
    "cropped.ts": _plain(size=(70, 50), **_X265),
    "wide-pixels.mp4": _plain(pixel_aspect=Fraction(3, 2), **_B),
    "ten-bits.mkv": _plain(pixel_format="yuv420p10le", **_X265),
    "ten-bits.mp4": _plain(pixel_format="yuv420p10le", **_X265),
    "alpha.webm": _plain(pixel_format="yuva420p", **_VP9),
    "alpha.mov": _plain(codec="png", pixel_format="rgba"),
    "grey.mkv": _plain(codec="ffv1", pixel_format="gray"),
    "grey.mp4": _plain(pixel_format="gray", **_B),
    "full-range.mp4": _plain(pixel_format="yuvj420p", **_B),
    "all-colours.mp4": _plain(pixel_format="yuv444p", **_B),
    "interlaced.mpg": _interlaced,
    "interlaced.mkv": _interlaced,
    "two-sizes.ts": _two_sizes,
    "one-frame.mp4": lambda path: make_video(path, 1),
    "one-frame.ts": lambda path: make_video(path, 1),
}
#: mpv cannot seek exactly to a time in these: no index, or too short to guess one.
NOT_SOUGHT_BY_MPV = (".ts", ".mpg", ".h264", ".hevc", ".m4v", ".flv", ".y4m", ".gif", ".mxf", ".wmv", ".asf", ".ogv")
#: What Debian's Chromium has no decoder for, or shows apart from other programs; each with the reason.
NOT_IN_CHROMIUM = {
    "mpeg4": "no decoder",
    "mpeg2": "no decoder",
    "mjpeg": "no decoder",
    "prores": "no decoder",
    "png": "no decoder",
    "qtrle": "no decoder",
    "ffv1": "no decoder",
    "interlaced": "no decoder",
    "grey.mkv": "no decoder",
    "odd-size.mkv": "no decoder",
    "alpha.mov": "no decoder",
    "hevc": "no decoder in software",
    "ten-bits": "no decoder in software",
    "open-gop.mp4": "its seeks behind an open group of pictures do not end",
}


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of one file.

    Args:
        name: of the file.
        frames: how many we show.
        agree: program -> whether it agrees; absent: it was not asked.
        problems: what does not.
    """

    name: str
    frames: int
    agree: dict[str, bool]
    problems: tuple[str, ...]


def our_times(path: Path) -> np.ndarray:
    """Return when each picture is shown, decoded one and all."""
    with open_video(path) as (container, stream):
        pictures = Pictures(path, container, stream)
        return np.array([picture.time for picture in iter(pictures.read, None)])


def compare(path: Path, tab: Tab | None, programs: tuple[str, ...] = ("ffprobe", "mpv", "chromium")) -> Compared:
    """Ask the programs which frame of a video is shown when, and compare to half a frame."""
    info, times = probe(path), our_times(path)
    half = 0.5 * float(np.median(np.diff(times))) if len(times) > 1 else 0.02
    problems: list[str] = []
    agree = {"counts": bool(info.frames == len(times) and info.duration > times[-1])}
    if not agree["counts"]:
        problems.append(f"probe says {info.frames} frames and {info.duration} s, decoded {len(times)} to {times[-1]} s")
    askers: dict[str, Callable[[], Iterator[str]]] = {
        "ffprobe": partial(_ffprobe, path, times, half),
        "mpv": partial(_mpv, path, times, half),
        "chromium": partial(_chromium, path, times, half, tab),
    }
    for program in programs:
        if _asked(program, path, tab):
            differences = list(askers[program]())
            agree[program] = not differences
            problems += [f"{program}: {line}" for line in differences]
    return Compared(path.name, len(times), agree, tuple(problems))


def _asked(program: str, path: Path, tab: Tab | None) -> bool:
    if program == "chromium":
        never = any(path.name.startswith(name) for name in NOT_IN_CHROMIUM)
        return tab is not None and path.suffix in TYPES and not never
    return installed(program) and not (program == "mpv" and path.suffix in NOT_SOUGHT_BY_MPV)


def _ffprobe(path: Path, times: np.ndarray, half: float) -> Iterator[str]:
    count, theirs = ffprobe_times(path)
    if count != len(times):
        yield f"{count} frames, ours {len(times)}"
    elif len(theirs):
        ours = times if len(theirs) == len(times) else times[np.abs(theirs[:, None] - times).argmin(axis=1)]
        worst = float(np.abs(theirs - ours).max())
        if worst > half:
            yield f"a frame is {worst:.3f} s apart"


def _mpv(path: Path, times: np.ndarray, half: float) -> Iterator[str]:
    for index in sorted({0, len(times) // 2, len(times) - 1}):
        ours = number_of(next(iter(frames_at(path, [times[index] + 1e-4]))).image)
        theirs = mpv_number(path, times[index] - 0.8 * half)
        if theirs is not None and theirs != ours:
            yield f"frame {theirs} from {times[index]:.3f} s on, ours {ours}"


def _chromium(path: Path, times: np.ndarray, half: float, tab: Tab | None) -> Iterator[str]:
    assert tab is not None
    places = np.unique(np.linspace(0, len(times) - 1, 9).astype(int))
    wanted = times[places] + half  # the middle of a frame, or of a freeze's first one
    ours = [number_of(frame.image) for frame in frames_at(path, wanted)]
    with open_video(path) as (container, _):
        zero = origin(container)
    try:
        theirs = chromium_numbers(tab, path, (wanted + zero).tolist())
    except ValueError as error:
        yield f"does not play it ({error})"
        return
    if theirs != ours:
        yield f"frames {theirs} at {np.round(wanted, 3).tolist()}, ours {ours}"
