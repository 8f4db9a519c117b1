"""A study of 60 hours that is larger than the frame cache, trained in blocks: what is decoded, held and kept on disk.

    python benchmarks/long_study.py [--quick]        # about half an hour; --quick: two minutes

Made-up recordings of three hours (sparse files) and a decoder that paints, so that no time goes into FFmpeg; windows of
3 s (--quick: 30 s) with 8 frames at a short side of 112, a tiny network, one epoch, 1 GiB of cache. The last line is
one JSON object: `whole_gib` of all frames, `cache_gib` at its largest, `memory_gib` of this process at its largest, and
how often a frame of training was decoded in the epoch (`decoded`: near 1 is once; chunks that meet share edges).
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from long_studies import HEIGHT, WIDTH, long_study

from actscribe import load_study
from actscribe.data.loading import load_data
from actscribe.runs.preflight import frame_notes
from actscribe.runs.train import train
from actscribe.video.cache import FrameCache


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="windows ten times as long, a tenth of the cache")
    quick = parser.parse_args().quick
    stride = 30.0 if quick else 3.0
    limit = 2**30 // (10 if quick else 1)
    windows = {"length": stride, "stride": stride, "frames": 8, "threshold": 0.5}
    settings = {"model": "tiny", "epochs": 1, "precision": "float32", "batch_size": 64}
    sizes = [0]
    writing = FrameCache.writing

    @contextmanager
    def measured(self: FrameCache, *args: Any) -> Iterator[Any]:
        with writing(self, *args) as add:
            yield add
        sizes.append(self.size())

    with tempfile.TemporaryDirectory() as name, mock.patch.object(FrameCache, "writing", measured):
        folder = Path(name)
        made = long_study(
            folder / "study", 20, 3.0, frames=8, size=112, recognizers={"timesformer": settings}, windows=windows
        )
        with made as decoder:
            study = load_study(folder / "study")
            data, cache = load_data(study), FrameCache(folder / "cache", limit)
            print(*frame_notes(study, data, cache), sep="\n")
            run = train(study, "timesformer", out=folder / "run", cache=cache, data=data)
    clips = 18 * round(3 * 3600 / stride)
    painted = sum(decoder.painted[f"r{index}"] for index in range(18))
    image = 112 * round(112 * WIDTH / HEIGHT) * 3
    figures = {
        "whole_gib": round(clips * 8 * image / 2**30, 2),
        "cache_gib": round(max(sizes) / 2**30, 3),
        "limit_gib": round(limit / 2**30, 3),
        "memory_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "decoded": round(painted / (clips * 8), 3),
        "train_s": run.info.task_seconds["train"],
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
