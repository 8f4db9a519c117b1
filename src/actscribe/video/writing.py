"""Writing a small H.264 video: what the simulation renders to and what tests read."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from actscribe.files import write_beside

#: x264's macroblock tree reads past its buffers in small pictures: what lay in memory there would change the bytes.
SAME_BYTES = {"x264-params": "mbtree=0"}


def write_video(
    path: Path,
    frames: Iterable[np.ndarray],
    fps: float | Fraction,
    *,
    crf: int = 23,
    preset: str = "veryfast",
    gop: int | None = None,
    front: bool = False,
) -> int:
    """Encode `frames` to an H.264 file, whole or not at all, and return how many were written.

    Frame k is shown at k / fps seconds. The same frames and settings give the same bytes: one encoder thread, and no
    date, version or random id in the container.

    Args:
        path: ends in .mp4, .mkv, .mov or another container that holds H.264.
        frames: uint8 RGB, shape (height, width, 3), all of one size. H.264 with 4:2:0 colour holds even sizes only:
            the last row or column of an odd size is repeated once.
        fps: frames per second, > 0; taken as a fraction with a denominator of at most 1001.
        crf: x264's quality, 0 (lossless luma) to 51 (worst); 23 looks good, 35 like a cheap camera.
        preset: x264's trade of time against size.
        gop: longest run of frames from one keyframe to the next; None: x264's own 250.
        front: put an MP4's index before its pictures, for readers that cannot go back.

    Raises:
        ValueError: no frame, or a frame of another shape or type.
        ActScribeError: the disk is full or the folder cannot be written to.
    """
    rate = Fraction(fps).limit_denominator(1001)
    options = {"crf": str(crf), "preset": preset, **SAME_BYTES} | ({"g": str(gop)} if gop else {})
    whole = {"fflags": "+bitexact"} | ({"movflags": "+faststart"} if front else {})
    with write_beside(Path(path)) as beside, av.open(str(beside), "w", options=whole) as container:
        stream = container.add_stream("libx264", rate=rate, options=options)
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        shape: tuple[int, ...] | None = None
        count = 0
        for image in frames:
            if shape is None:
                shape = image.shape
                stream.height, stream.width = (side + side % 2 for side in shape[:2])
            if image.dtype != np.uint8 or image.shape != shape or image.ndim != 3 or image.shape[2] != 3:
                raise ValueError(
                    f"frame {count} is {image.dtype} of shape {image.shape}, expected uint8 (height, width, 3)"
                    f" like the first, {shape}"
                )
            frame = av.VideoFrame.from_ndarray(even_sided(image), format="rgb24")
            frame.pts, frame.time_base = count, 1 / rate
            container.mux(stream.encode(frame))
            count += 1
        if not count:
            raise ValueError(f"no frame to write to {path}")
        container.mux(stream.encode(None))
    return count


def even_sided(image: np.ndarray) -> np.ndarray:
    """Return a picture whose last row and column are doubled where their number is odd, as yuv420p asks; contiguous."""
    height, width = image.shape[:2]
    if height % 2 or width % 2:
        image = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return np.ascontiguousarray(image)
