"""How an exported file names its video, so that the tool that opens it finds the video."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath, PureWindowsPath
from urllib.parse import quote

#: A table of our own: that of the system differs from machine to machine, and so would the bytes of an export.
_MIME = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".avi": "video/x-msvideo",
    ".mkv": "video/x-matroska",
    ".webm": "video/webm",
    ".mpg": "video/mpeg",
    ".mpeg": "video/mpeg",
    ".vob": "video/mpeg",
    ".ts": "video/mp2t",
    ".mts": "video/mp2t",
    ".m2ts": "video/mp2t",
    ".wmv": "video/x-ms-wmv",
    ".asf": "video/x-ms-asf",
    ".flv": "video/x-flv",
    ".ogv": "video/ogg",
    ".3gp": "video/3gpp",
    ".mxf": "application/mxf",
    ".wav": "audio/x-wav",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".flac": "audio/flac",
    ".ogg": "audio/ogg",
}


def located(target: Path, media: Iterable[str]) -> tuple[str, ...]:
    """Return the names of videos as a file at `target` has to spell them.

    A video in the folder of `target` or below it is named relative to that folder, so that both can be moved together;
    any other one absolutely. A relative name means the file beside `target`, or else one in the current folder. What
    is found nowhere, and what is a URL or a path of Windows, stays as it is.
    """
    folder = Path(os.path.abspath(Path(target).parent))  # noqa: PTH100 - links stay links: they are the user's names
    return tuple(_located(folder, name) for name in media)


def resolved(source: Path, media: Iterable[str]) -> tuple[str, ...]:
    """Return the names of videos in a file at `source`, as paths of files where there are such.

    A name means the file that it leads to from a root or from the folder of `source`, or else one in the current
    folder, or else the file of that name beside `source`: files that were moved here together still belong together.
    """
    folder = Path(os.path.abspath(Path(source).parent))  # noqa: PTH100
    return tuple(_resolved(folder, name) for name in media)


def is_there(path: Path) -> bool:
    """Tell whether there is a file; a name that no system takes, too long for instance, is the name of none."""
    return os.path.isfile(path)  # noqa: PTH113 - Path.is_file raises for such names


def is_absolute(name: str) -> bool:
    """Tell whether a name is a path from a root, on this system or on Windows, or a URL."""
    return not _is_relative(name)


def file_url(name: str) -> str:
    """Return a URL of a video: file:///... with percent-encoding for an absolute path, of Windows too (RFC 8089)."""
    if _is_url(name):
        return name
    if _is_windows(name):
        return PureWindowsPath(name).as_uri()
    return PurePosixPath(name).as_uri() if name.startswith("/") else quote(name.replace("\\", "/"))


def relative_path(target: Path, name: str) -> str:
    """Return the way from the folder of `target` to a video with '/' between, beginning with './' or '../'.

    A path of Windows or a URL cannot be followed from here: the video is then expected beside the file.
    """
    folder = os.path.abspath(Path(target).parent)  # noqa: PTH100
    if _is_url(name) or _is_windows(name):
        return f"./{PurePosixPath(name.replace(chr(92), '/')).name}"
    way = Path(os.path.relpath(name, folder)).as_posix() if name.startswith("/") else name.replace("\\", "/")
    return way if way.startswith("../") else f"./{way}"


def mime_type(name: str) -> str:
    """Return the media type of a video by its ending; 'video/*' for one that is not known, as ELAN says."""
    return _MIME.get(PurePosixPath(name.replace("\\", "/")).suffix.casefold(), "video/*")


def is_video(name: str) -> bool:
    """Tell whether a media file is a video and not sound alone, by its ending."""
    return not mime_type(name).startswith("audio/")


def has_sound(target: Path, name: str) -> bool:
    """Tell whether a video that a file at `target` names has sound; False where it cannot be opened."""
    file = Path(target).parent / name
    if _is_url(name) or not is_there(file):
        return False
    import av

    try:
        with av.open(str(file), metadata_errors="replace") as container:
            return bool(container.streams.audio)
    except (av.error.FFmpegError, OSError, ValueError, IndexError):
        return False


def _located(folder: Path, name: str) -> str:
    if _is_url(name) or _is_windows(name):
        return name
    if not name.startswith("/"):
        if is_there(folder / name) or not is_there(Path(name)):
            return name
        name = os.path.abspath(name)  # noqa: PTH100
    file = Path(os.path.normpath(name))
    return file.relative_to(folder).as_posix() if file.is_relative_to(folder) else name


def _resolved(folder: Path, name: str) -> str:
    if _is_url(name):
        return name
    beside = folder / PurePosixPath(name.replace("\\", "/")).name
    if is_there(folder / name):
        return str(folder / name)
    return str(beside) if is_there(beside) and not is_there(Path(name)) else name


def _is_relative(name: str) -> bool:
    return not (name.startswith("/") or _is_windows(name) or _is_url(name))


def _is_windows(name: str) -> bool:
    return re.match(r"[A-Za-z]:[/\\]|\\\\", name) is not None


def _is_url(name: str) -> bool:
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", name) is not None
