"""The videos of one recording: what is known of each, when its frames are shown, and the file that a browser plays."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from actscribe.errors import ActScribeError
from actscribe.files import write_beside, write_text
from actscribe.review.convert import convert
from actscribe.review.playable import begins_within, fits_mp4, is_heard, shown_as
from actscribe.stored_path import real_path
from actscribe.video.contained import contained
from actscribe.video.copying import copied
from actscribe.video.frame_times import frame_clock
from actscribe.video.probe import probe

#: Ending of what is kept of a video once it was probed.
ABOUT = ".about.json"
#: Ending of the sentence on what a conversion is without.
SOUND = ".sound.txt"


class About(BaseModel):
    """What is kept of a video once it was probed.

    Args:
        width, height: of an upright frame with square pixels, in pixels.
        duration: in seconds.
        served_as: media type where browsers play it as it is; empty: it has to be converted.
        copies: whether that is so for its sound alone, and its pictures may be copied.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    width: int
    height: int
    duration: float
    served_as: str
    copies: bool


@dataclass(frozen=True, slots=True)
class Camera:
    """One video of a recording.

    Args:
        name: as people call it.
        video: the file.
        offset: where its time zero lies on the clock of the recording's first video, in seconds.
    """

    name: str
    video: Path
    offset: float = 0.0


@dataclass(slots=True)
class Conversions:
    """What is known of videos, and their conversions in the background, one at a time.

    Args:
        folder: where it is kept.
    """

    folder: Path
    _done: dict[Path, float] = field(default_factory=dict)
    _failed: dict[Path, ActScribeError] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _at_work: threading.Lock = field(default_factory=threading.Lock)

    def about(self, video: Path) -> About:
        """Return what is known of a video; every packet is read the first time.

        Raises:
            UnreadableVideo: it cannot be read.
        """
        kept = self._beside(video, ABOUT)
        try:
            return About.model_validate_json(kept.read_bytes())
        except (OSError, ValidationError):
            pass
        with contained():
            info = probe(video)
        with video.open("rb") as file:
            served = shown_as(info, file.read(64))
        if served and begins_within(video):
            served = ""
        heard = is_heard(info, served)
        about = About(
            width=info.width,
            height=info.height,
            duration=info.duration,
            served_as=served if heard else "",
            copies=bool(served) and not heard and fits_mp4(info),
        )
        write_text(kept, about.model_dump_json())
        return about

    def times(self, video: Path) -> tuple[np.ndarray, float]:
        """Return when each frame is shown, ascending, no two the same, shape (frames,), and when the last one ends.

        Raises:
            UnreadableVideo: it cannot be read.
        """
        kept = self._beside(video, ".times")
        try:
            edges = np.fromfile(kept, dtype="<f8")
        except OSError:
            edges = np.empty(0)
        if len(edges) < 2 or not (np.isfinite(edges).all() and (np.diff(edges) > 0).all()):  # or damaged since
            with contained():
                edges = np.unique(np.array(frame_clock(video).edges))
            with write_beside(kept) as beside:
                edges.astype("<f8").tofile(beside)
        return edges[:-1], float(edges[-1])

    def distrust(self, video: Path) -> None:
        """Note that a browser shows a video at other times than its file states, so that it is converted.

        Raises:
            UnreadableVideo: it cannot be read.
        """
        about = self.about(video)
        if about.served_as or about.copies:  # else every frame was written again, at the times that were wanted
            self._beside(video, ".mp4").unlink(missing_ok=True)
            again = about.model_copy(update={"served_as": "", "copies": False})
            write_text(self._beside(video, ABOUT), again.model_dump_json())

    def playable(self, video: Path) -> tuple[Path, str] | None:
        """Return the file that a browser plays and what it is served as; None: it is being converted.

        Raises:
            ActScribeError: it cannot be read or converted.
        """
        served = self.about(video).served_as
        if served:
            return video, served
        target = self._beside(video, ".mp4")
        if target.is_file():
            return target, "video/mp4"
        self._begin(video, target)
        return None

    def progress(self, video: Path) -> float:
        """Return which part of a conversion is done, 0 to 1."""
        return self._done.get(video, 0.0)

    def left_out(self, video: Path) -> str:
        """Return a sentence on sound that a video's conversion is without; empty: it has it all, or is not there."""
        try:
            return self._beside(video, SOUND).read_text(encoding="utf-8")
        except OSError:
            return ""

    def finish(self, video: Path) -> None:
        """Convert a video now, where that is needed and not done.

        Raises:
            ActScribeError: it cannot be read or converted.
        """
        target = self._beside(video, ".mp4")
        if not self.about(video).served_as and not target.is_file():
            self._convert(video, target)

    def _begin(self, video: Path, target: Path) -> None:
        with self._lock:
            error = self._failed.get(video)
            if error is not None and isinstance(error.__cause__, OSError):
                del self._failed[video]  # a full disk, say: tried again once it was said
                raise ActScribeError(error.message, "Put that right, then load the page again.")
            if error is not None:
                raise ActScribeError(error.message, "Convert it to MP4 (H.264) with a video player or ffmpeg.")
            if video in self._done:
                return
            self._done[video] = 0.0
        threading.Thread(target=self._try, args=(video, target), name="conversion", daemon=True).start()

    def _try(self, video: Path, target: Path) -> None:
        try:
            self._convert(video, target)
        except ActScribeError as error:
            with self._lock:
                self._failed[video] = error
        finally:
            with self._lock:
                self._done.pop(video, None)

    def _convert(self, video: Path, target: Path) -> None:
        with self._at_work:
            if not target.is_file():
                times, end = self.times(video)
                with write_beside(target) as beside:
                    left_out = self._made(video, times, end, beside)
                    if left_out:
                        write_text(self._beside(video, SOUND), left_out)

    def _made(self, video: Path, times: np.ndarray, end: float, target: Path) -> str:
        """Write what browsers play, the pictures copied where that will do; return a sentence on what is left out."""
        done = self._noting(video)
        if self.about(video).copies:
            with contained():
                left_out = copied(video, target, end, done)
            if left_out is not None:
                return left_out
        return convert(video, times, end, target, done)

    def _noting(self, video: Path) -> Callable[[float], None]:
        def note(part: float) -> None:
            self._done[video] = part

        return note

    def _beside(self, video: Path, ending: str) -> Path:
        """Return where something of a video is kept: under another name once the file is another one."""
        try:
            state = video.stat()
        except OSError as error:
            raise ActScribeError(f"{video}: cannot be read ({error.strerror}).", "Was it moved?") from None
        facts = f"{real_path(video)} {state.st_size} {state.st_mtime_ns}"
        digest = hashlib.blake2b(facts.encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()
        return self.folder / f"{digest}{ending}"
