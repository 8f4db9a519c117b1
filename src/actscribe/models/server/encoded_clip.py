"""The frames of a clip as servers get them: pictures without loss, or one video; encoded when first asked for."""

from __future__ import annotations

import base64
import hashlib
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from actscribe.video.writing import write_video

#: x264's quality of a video for a server: hardly a difference can be seen (ours).
CRF = 12


@dataclass(frozen=True, eq=False)
class EncodedClip:
    """What a server is shown of a clip.

    Args:
        frames: uint8 RGB, shape (frames, height, width, 3).
        times: of the frames, in seconds from the clip's start, ascending, shape (frames,).
        length: of the clip, in seconds.
    """

    frames: np.ndarray
    times: np.ndarray
    length: float

    @cached_property
    def pictures(self) -> tuple[str, ...]:
        """Each frame as PNG in base64: nothing is lost."""
        return tuple(base64.b64encode(png(frame)).decode() for frame in self.frames)

    @cached_property
    def digests(self) -> tuple[str, ...]:
        """A name for each frame by its content, under which a server may keep what it made of the picture."""
        return tuple(hashlib.blake2b(picture.encode(), digest_size=16).hexdigest() for picture in self.pictures)

    @cached_property
    def digest(self) -> str:
        """A name for the whole, by its frames and how long it lasts."""
        whole = f"{self.length:.6f} {' '.join(self.digests)}"
        return hashlib.blake2b(whole.encode(), digest_size=16).hexdigest()

    @property
    def rate(self) -> Fraction:
        """Frames per second at which the video of the clip lasts as long as the clip."""
        return Fraction(len(self.frames) / self.length).limit_denominator(1001)

    def video(self, rate: Fraction) -> str:
        """Return an MP4 with one picture per frame in base64, its index at the front, at a rate per second."""
        made = self._videos.get(rate)
        if made is None:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "clip.mp4"
                write_video(path, self.frames, rate, crf=CRF, front=True)
                made = self._videos[rate] = base64.b64encode(path.read_bytes()).decode()
        return made

    @cached_property
    def _videos(self) -> dict[Fraction, str]:
        return {}

    def times_in_words(self) -> str:
        """Return a sentence on when the frames were taken, for models that are not told otherwise."""
        times = ", ".join(f"{moment:.1f}" for moment in self.times)
        return f"The {len(self.frames)} frames were taken at {times} seconds."


def png(image: np.ndarray) -> bytes:
    """Return a picture, uint8 RGB of shape (height, width, 3), as PNG."""
    made = BytesIO()
    Image.fromarray(image).save(made, "PNG")
    return made.getvalue()
