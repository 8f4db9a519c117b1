"""A squeezed copy is widened again, unless the published pictures are asked for: then it is fed as it is stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dual_encoder_inputs import CLASSES, checkpoint
from videos import make_video, number_of

from actscribe.annotations.interval import Interval
from actscribe.data.benchmarks.base import Benchmark, BenchmarkClass
from actscribe.data.benchmarks.convert import study_of
from actscribe.data.input_spec import ClipFrames, InputSpec
from actscribe.data.loading import StudyData
from actscribe.data.recording import Recording
from actscribe.data.views import Views
from actscribe.files import content_hash
from actscribe.runs.scoring import score_recordings
from actscribe.runs.training_clips import cut_training_clips
from actscribe.settings.study import Windows
from actscribe.video.cache import FrameCache
from actscribe.video.reading import frames_at

#: 60 x 48 pixels that stand for 80 x 48.
SQUEEZED, ASPECT = (60, 48), Fraction(4, 3)


@pytest.fixture(scope="module")
def squeezed(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    path = make_video(tmp_path_factory.mktemp("sar") / "squeezed.mp4", 50, size=SQUEEZED, pixel_aspect=ASPECT)
    whole = (Interval("push cup left", 0.0, 2.0),)
    return Recording("squeezed", path, 2.0, content_hash(path), "squeezed", "train", whole)


@pytest.mark.parametrize(("square", "shape"), [(True, (48, 80, 3)), (False, (48, 60, 3))])
def test_the_picture_is_as_shown_or_as_stored(squeezed: Recording, square: bool, shape: tuple[int, ...]) -> None:
    frames = list(frames_at(squeezed.video, [0.0, 1.0], square_pixels=square))
    assert [frame.image.shape for frame in frames] == [shape, shape]
    assert [number_of(frame.image) for frame in frames] == [0, 25]
    (small,) = frames_at(squeezed.video, [1.0], 24, square_pixels=square)
    assert small.image.shape == (24, shape[1] // 2, 3)


def test_the_cache_tells_them_apart(squeezed: Recording, tmp_path: Path) -> None:
    cache, times = FrameCache(tmp_path, 2**30), np.array([0.1, 0.5])
    shapes = [
        cache.frames(squeezed.video, squeezed.content, times, None, square)[0].shape for square in (True, False, True)
    ]
    assert shapes == [(48, 80, 3), (48, 60, 3), (48, 80, 3)]


@pytest.mark.parametrize("views", [Views(), Views(2, 1)])
def test_a_run_scores_what_its_study_says(squeezed: Recording, views: Views) -> None:
    class Looking:
        labels, input_spec = CLASSES, InputSpec(4, 48)

        def score(self, clips: Iterable[ClipFrames]) -> Iterator[np.ndarray]:
            for clip in clips:
                shapes.add(clip.frames.shape)
                yield np.array([0.5, 0.5])

    for square, width in ((True, 80), (False, 60)):
        shapes: set[tuple[int, ...]] = set()
        windows = Windows(length=None, frames=4, square_pixels=square)
        recognizer: Any = Looking()
        score_recordings(recognizer, [squeezed], CLASSES, windows, "Scoring", views)
        assert shapes == {(4, 48, width, 3)}


@pytest.mark.parametrize(("mode", "square", "width"), [("corrected", True, 80), ("as_published", False, 60)])
def test_a_benchmark_trains_on_what_its_mode_says(
    squeezed: Recording, mode: Any, square: bool, width: int, tmp_path: Path
) -> None:
    benchmark = Benchmark("two", mode, tuple(BenchmarkClass(name, name) for name in CLASSES.names), (), (), ())
    settings = {"model": str(checkpoint("clip", tmp_path)), "learns": "image"}
    study = study_of(benchmark, {"clip": settings}, 4, 0)
    assert study.windows.square_pixels is square
    data = StudyData(CLASSES, (squeezed, replace(squeezed, name="held", split="validation")), {})
    shown = cut_training_clips(study, "clip", data, FrameCache(tmp_path / "cache", 2**30))
    high = shown.input_spec.short_side
    for clips in (shown.clips["train"], shown.clips["validation"]):
        assert clips[0].frames.shape[1:] == (high, round(high * width / 48), 3)
