"""Opening a video file: what it must be, which of its streams is meant, and what may not happen to it meanwhile."""

from __future__ import annotations

import codecs
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import av.error
import av.logging
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from actscribe.counts import counted
from actscribe.errors import UnreadableVideo, in_one_line

#: Pictures of more pixels than 8K video has are not decoded: a damaged header can ask for gigabytes (ours).
MOST_PIXELS = 8192 * 4352
#: FFmpeg's name of the MP4 family. Its times count from the beginning of the film, whenever the first picture comes.
MP4 = "mov,mp4,m4a,3gp,3g2,mj2"
CONVERT = "If it plays in a video player, convert it with that player or with ffmpeg to MP4 (H.264) and try again."
COPY = "Copy it again from its source."
_NOT_ALLOWED = "Ask its owner, or copy it to your own folder."
_KINDS = {
    stat.S_ISFIFO: "a named pipe",
    stat.S_ISSOCK: "a socket",
    stat.S_ISCHR: "a device",
    stat.S_ISBLK: "a device",
}


@contextmanager
def open_video(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open the video stream of a file that players show. Nothing but the file is ever read: no playlist's addresses.

    Raises:
        UnreadableVideo: the file is missing, or not a video; the message says what it is instead. Or it was changed or
            replaced before the block ended.
    """
    path = Path(path)
    before = check_video_file(path)
    _silence()
    try:
        # An absolute name: FFmpeg takes "10:30.mp4" for an address. Titles may be in any old encoding.
        container = av.open(
            str(path.absolute()), "r", options={"protocol_whitelist": "file"}, metadata_errors="replace"
        )
    except Exception as error:  # PyAV lets errors of Python through, too: all are about this file
        raise _not_readable(path, error) from error
    try:
        stream = _video_stream(path, container)
        stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}
        yield container, stream
    except av.error.FFmpegError as error:
        raise UnreadableVideo(f"{path}: reading it failed ({error.strerror}).", CONVERT) from error
    finally:
        _silence()
        container.close()
    check_unchanged(path, before)


def origin(container: InputContainer) -> float:
    """Return the container's own time, in seconds, of the moment that we call zero.

    In MP4 and its kin that is zero, as in Chromium and mpv. Elsewhere it is where the container begins, with whichever
    stream begins first: mpv, and annotation tools that build on it, count from there. In a file whose sound begins
    before its picture, the first picture has a time above zero.
    """
    return 0.0 if container.format.name == MP4 else (container.start_time or 0) / av.time_base


def check_unchanged(path: Path, before: os.stat_result) -> None:
    """Refuse a file that is no longer what it was, by its size, its time and its place on the disk."""
    try:
        now = path.stat()
    except OSError:
        message = f"{path}: was removed or renamed while it was read."
        raise UnreadableVideo(message, "Put it back, and try again.") from None
    if (now.st_size, now.st_mtime_ns, now.st_ino) != (before.st_size, before.st_mtime_ns, before.st_ino):
        more = now.st_size - before.st_size
        grew = f"grew by {counted(more, 'byte')}" if more > 0 else "was changed"
        how = "was replaced" if now.st_ino != before.st_ino else grew
        raise UnreadableVideo(
            f"{path}: {how} while it was read.", "Wait until its recording or copying has ended, and try again."
        )


def picture_stream(container: InputContainer) -> VideoStream | None:
    """Return the stream of pictures that players show: the first one marked as default, else the first one."""
    # A music file's cover is stored as a video stream of one picture.
    streams = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    marked = [stream for stream in streams if stream.disposition & Disposition.default]
    return next(iter([*marked, *streams]), None)


def _silence() -> None:
    """Keep FFmpeg's messages away from Python.

    With any level set (other libraries do), each message takes the interpreter's lock. Closing a decoder waits for its
    threads while holding that lock, so a thread with something to say would wait for ever.
    """
    av.logging.set_level(None)


def check_video_file(path: Path) -> os.stat_result:
    """Return the state of a file that may be a video.

    Raises:
        UnreadableVideo: it is missing, no file, empty, a text, or may not be read.
    """
    try:
        state = path.stat()
    except FileNotFoundError:
        raise _missing(path) from None
    except PermissionError as error:  # of a folder on the way
        raise UnreadableVideo(f"{path}: permission denied.", _NOT_ALLOWED) from error
    except (OSError, ValueError) as error:  # a name that is too long, or holds a zero
        if isinstance(error, OSError) and error.errno == errno.ELOOP:
            raise UnreadableVideo(f"{path}: a link that leads back to itself, expected a video file.", COPY) from None
        raise UnreadableVideo(f"{path}: cannot be opened ({in_one_line(error)}).") from None
    if stat.S_ISDIR(state.st_mode):
        raise _folder(path)
    # Opening a pipe or a device would wait for ever, and neither can be read twice.
    for kind, name in _KINDS.items():
        if kind(state.st_mode):
            raise UnreadableVideo(f"{path}: {name}, expected a video file.", "Save the video to a file first.")
    try:
        with path.open("rb") as file:
            head = file.read(1024)
    except PermissionError as error:
        raise UnreadableVideo(f"{path}: permission denied.", _NOT_ALLOWED) from error
    except OSError as error:
        raise UnreadableVideo(f"{path}: cannot be read ({error.strerror}).", COPY) from error
    if not head:
        raise UnreadableVideo(f"{path}: an empty file (0 bytes), expected a video.", COPY)
    # FFmpeg shows texts as films, and follows playlists, which are texts, to other files and addresses.
    if _is_text(head):
        raise UnreadableVideo(
            f"{path}: a text, expected a video file.", "A playlist will not do: name the video itself."
        )
    return state


def _missing(path: Path) -> UnreadableVideo:
    try:
        target = os.readlink(path)  # noqa: PTH115 - as it is written, not made shorter
    except OSError:  # no link
        return UnreadableVideo(f"{path}: no such file.", "Check the name and the folder that it is looked for in.")
    return UnreadableVideo(
        f"{path}: a link to a file that is not there.", f"Fetch the file, or mount the disk that it lies on: {target}"
    )


def _folder(path: Path) -> UnreadableVideo:
    """Return why a folder is no video, which an archive asks of one that it cannot look into."""
    try:
        os.scandir(path).close()
    except OSError as error:
        return UnreadableVideo(
            f"{path}: a folder that cannot be looked into ({error.strerror}).",
            "Ask its owner, or name the videos in a table.",
        )
    return UnreadableVideo(f"{path}: a folder, expected a video file.", f"Name the videos in it: {path / '*.mp4'}")


def _is_text(head: bytes) -> bool:
    # Y4M is raw video behind one line of text.
    if head.startswith(b"YUV4MPEG2 "):
        return False
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)  # the last character may be cut in two
    except UnicodeDecodeError:
        return False
    return all(character >= " " or character in "\t\n\r\f" for character in text)


def _not_readable(path: Path, error: Exception) -> UnreadableVideo:
    with path.open("rb") as file:
        is_mp4 = file.read(12)[4:8] == b"ftyp"
    if is_mp4:
        return UnreadableVideo(
            f"{path}: an MP4 without its index, so the recording or the copy was cut off before it was finished.",
            "Copy it again from its source, or repair it with a tool such as untrunc.",
        )
    what = getattr(error, "strerror", None) or in_one_line(error)
    return UnreadableVideo(f"{path}: not a video that can be read ({what}).", CONVERT)


def _video_stream(path: Path, container: InputContainer) -> VideoStream:
    if container.format.name == "image2" or container.format.name.endswith("_pipe"):
        raise UnreadableVideo(f"{path}: a picture, expected a video file.")
    stream = picture_stream(container)
    if stream is None:
        kinds = sorted({str(stream.type) for stream in container.streams if stream.type != "video"})
        only = " and ".join(f"{'an' if kind[0] in 'aeiou' else 'a'} {kind} stream" for kind in kinds)
        streams = f"only {only}" if only else "no stream of any kind"
        raise UnreadableVideo(f"{path}: {streams} was found, expected a video.", "Give the file with the picture.")
    if stream.codec_context is None:
        raise UnreadableVideo(f"{path}: its video is in a codec that FFmpeg does not know.", CONVERT)
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > MOST_PIXELS:
        raise UnreadableVideo(
            f"{path}: its pictures claim to have {width} x {height} pixels, expected at most 8192 x 4352.",
            "The file may be damaged. Copy it again from its source, or convert it to a smaller size.",
        )
    return stream
