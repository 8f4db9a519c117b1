"""Films with clicks at known samples, for tests of sound."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from videos import numbered

#: Seconds at which a click begins, after where the sound begins.
CLICKS = (0.1, 0.75, 1.5, 1.9)


def film(
    path: Path, codec: str = "pcm_s16le", rate: int = 44_100, layout: str = "stereo", begins: float = 0.0,
    pause: tuple[float, float] = (0.0, 0.0), begins_picture: float = 0.0, picture: str = "mpeg4",
) -> Path:  # fmt: skip
    """Write two seconds of numbered frames with clicks; no packet of sound lies in the pause."""
    channels = 1 if layout == "mono" else 2
    samples = np.zeros((2 * rate, channels), dtype=np.int16)
    for click in CLICKS:
        samples[round(click * rate) : round(click * rate) + rate // 1000] = 25_000
    with av.open(str(path), "w") as out:
        shown = out.add_stream(picture, rate=25)
        shown.width, shown.height, shown.pix_fmt = 64, 48, "yuv420p"
        sound = out.add_stream(codec, rate=rate, layout=layout)
        for number in range(50):
            frame = av.VideoFrame.from_ndarray(numbered(number), format="rgb24")
            frame.pts, frame.time_base = number + round(25 * begins_picture), Fraction(1, 25)
            out.mux(shown.encode(frame))
            start, end = (round(rate * (number + more) / 25) for more in (0, 1))
            if not pause[0] <= number / 25 < pause[1]:
                piece = av.AudioFrame.from_ndarray(samples[start:end].reshape(1, -1), "s16", layout)
                piece.sample_rate, piece.time_base = rate, Fraction(1, rate)
                piece.pts = start + round(rate * begins)
                out.mux(sound.encode(piece))
        out.mux(shown.encode(None))
        out.mux(sound.encode(None))
    return path
