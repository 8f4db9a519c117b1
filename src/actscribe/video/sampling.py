"""Which moments of a video a clip's frames are taken from. The one sampler of every recognizer."""

from __future__ import annotations

import math

import numpy as np

#: Frame times are compared on a grid of a microsecond, finer than any video's time base in use.
TIME_DECIMALS = 6


def sample_times(start: float, end: float, frames: int) -> np.ndarray:
    """Return `frames` moments of the clip from `start` to `end`, in seconds, ascending, shape (frames,).

    The moments lie on the grid (k + 1/2) * step with step = (end - start) / frames: for a clip that starts at 0 these
    are the centres of `frames` equal segments (the published test sampler of X-CLIP and ViFi-CLIP). Overlapping
    windows of one recording share the grid, so the frames that two windows have in common are decoded, and encoded by
    a vision tower, once. A window that starts between two grid points takes the `frames` points from the first one at
    or after its start on; each lies within half a step of the window's own segment centre (ours).

    Raises:
        ValueError: fewer than one frame, or an empty span.
    """
    if frames < 1 or not end > start:
        raise ValueError(f"cannot take {frames} frames from {start} s to {end} s")
    step = (end - start) / frames
    first = math.ceil(round(start / step - 0.5, 9))
    return np.round((first + np.arange(frames) + 0.5) * step, TIME_DECIMALS)


def nominal_times(start: float, end: float, frames: int) -> np.ndarray:
    """Return the middles of a clip's segments in seconds from its start, (k + 1/2) * length / frames, shape (frames,).

    A model is given these as the times of its frames. Where on the common grid a clip begins, and between which of
    the video's own frames a moment falls, moves the true times by up to half a step; told those, a model scores the
    same picture differently from window to window and from frame rate to frame rate.

    Raises:
        ValueError: fewer than one frame, or an empty span.
    """
    if frames < 1 or not end > start:
        raise ValueError(f"cannot place {frames} frames from {start} s to {end} s")
    length = round(end - start, TIME_DECIMALS)
    return np.round((np.arange(frames) + 0.5) * length / frames, TIME_DECIMALS)


def candidate_times(start: float, end: float, frames: int, candidates: int) -> np.ndarray:
    """Return `candidates` moments in each of `frames` segments of a clip, seconds, shape (frames, candidates).

    They divide every segment evenly. Training draws one of each row (segment sampling, Wang et al., ECCV 2016); of an
    odd number the middle one is the segment's centre, which is what is taken at test. Since the moments are few and
    fixed, they can be decoded once. A video with fewer frames than moments gives some frames twice.

    Raises:
        ValueError: see `sample_times`.
    """
    return sample_times(start, end, frames * candidates).reshape(frames, candidates)


def view_times(start: float, end: float, frames: int, views: int) -> np.ndarray:
    """Return the moments of `views` temporal views of a clip, in seconds, each ascending, shape (views, frames).

    Each view takes one moment of every segment, and together they divide the segments evenly; one view takes the
    centres. The published code calls its random training sampler for each view, so that its numbers change from run
    to run; these do not (ours).

    Raises:
        ValueError: see `sample_times`.
    """
    return candidate_times(start, end, frames, views).T
