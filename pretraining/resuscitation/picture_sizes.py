"""What a window costs at 96 and at 128 pixels: `OMP_NUM_THREADS=1 python pretraining/resuscitation/picture_sizes.py`.

Seconds of processor time, so that other work counts less, of the embedded model and of this folder's, which differ in
the size of their pictures alone: the hidden states that a head learns on, and the four questions of
`newborn_resuscitation`.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch

from actscribe.data.clips import Clip
from actscribe.data.input_spec import ClipFrames
from actscribe.labels import load_label_set
from actscribe.models.vlm import Vlm, load_vlm
from actscribe.recognizers.prompts import prompts
from actscribe.video.sampling import sample_times

FRAMES, SECONDS, WINDOWS, WARM = 8, 3.0, 12, 2
TEXTS = prompts(load_label_set("newborn_resuscitation"))


def head(vlm: Vlm, clip: ClipFrames) -> None:
    """Make the hidden states of a window."""
    with torch.inference_mode():
        vlm.hidden(vlm.inputs([clip], [TEXTS.opening]))


def questions(vlm: Vlm, clip: ClipFrames) -> None:
    """Ask about every label."""
    vlm.branch(vlm.prefix(clip, TEXTS.opening), [f" {question}" for question in TEXTS.questions])


def windows(side: int) -> Iterator[ClipFrames]:
    """Yield windows of noise that have no frame in common."""
    rng = np.random.default_rng(0)
    for index in range(WINDOWS):
        pixels = rng.integers(0, 256, (FRAMES, side, side, 3), dtype=np.uint8)
        yield ClipFrames(Clip("noise", 0, SECONDS), str(index), pixels, sample_times(0, SECONDS, FRAMES))


def spent(use: Callable[[Vlm, ClipFrames], None], vlm: Vlm, clip: ClipFrames) -> float:
    """Return the seconds of processor time that a window takes."""
    begun = time.process_time()
    use(vlm, clip)
    return time.process_time() - begun


def main() -> None:
    """Print the median of each way and size."""
    torch.set_num_threads(1)
    for use in (head, questions):
        for name in ("tiny-vlm", "tiny-vlm-resuscitation"):
            vlm = load_vlm(name)
            seconds = [spent(use, vlm, clip) for clip in windows(vlm.short_side)][WARM:]
            print(f"{use.__name__:<9} {vlm.short_side:>3} pixels: {statistics.median(seconds):.4f} s")


if __name__ == "__main__":
    main()
