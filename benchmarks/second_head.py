"""How much quicker a second head on a known encoder is: nothing is decoded or encoded again.

Ten minutes of made-up video, a small study, clips of 3 s every second with 8 frames each, EfficientNet-Lite0 at its
real size (extra `imagenet`), a linear head fitted to made-up targets. The last line is JSON: `second_vs_first` is the
time of the first training, features included, over that of the second one, which has another penalty.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path

import av
import numpy as np

from actscribe.data.clips import Clip, Window, spans
from actscribe.data.frames import ClipData
from actscribe.data.recording import Recording
from actscribe.files import content_hash
from actscribe.labels import LabelSet
from actscribe.recognizers import probe
from actscribe.recognizers.on_encoder import input_spec as input_spec_of
from actscribe.settings.study import parse_settings
from actscribe.training.inputs import TrainingInputs
from actscribe.video.cache import default_cache

SECONDS, FPS, SIZE = 600, 25, (640, 360)
LABELS = LabelSet(name="made up", labels=({"name": "One"}, {"name": "Other"}))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ACTSCRIBE_CACHE"] = str(Path(folder) / "cache")
        video = write(Path(folder) / "made-up.mp4")
        first, second = (timed(Path(folder), video, strength) for strength in (1e-3, 1e-2))
    print(f"first head {first:.1f} s, second head {second:.2f} s")
    print(json.dumps({"second_vs_first": round(first / second, 1)}))


def timed(folder: Path, video: Path, strength: float) -> float:
    recording = Recording("made-up", video, float(SECONDS), content_hash(video), "group")
    settings = parse_settings("probe", {"inverse_strength": strength, "keep": "last"})
    input_spec = input_spec_of(settings, 8)
    clips = [Clip(recording.name, start, end) for start, end in spans(recording.duration, Window())]
    targets = np.random.default_rng(0).integers(0, 2, (len(clips), 2)).astype(np.float32)
    training, nothing = (ClipData([recording], chosen, input_spec, default_cache()) for chosen in (clips, []))
    run = folder / f"run-{strength}"
    run.mkdir()
    inputs = TrainingInputs(LABELS, settings, input_spec, training, nothing, targets, targets[:0], run, seed=0)
    begun = time.perf_counter()
    probe.make(inputs)
    return time.perf_counter() - begun


def write(path: Path) -> Path:
    rng = np.random.default_rng(0)
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=FPS, options={"preset": "ultrafast"})
        stream.width, stream.height = SIZE
        for number in range(SECONDS * FPS):
            picture = np.full((SIZE[1], SIZE[0], 3), number % 256, np.uint8)
            picture[: SIZE[1] // 4] = rng.integers(0, 256, 3)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        file.mux(stream.encode(None))
    return path


if __name__ == "__main__":
    main()
