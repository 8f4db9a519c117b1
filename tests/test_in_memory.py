"""A run inside another program gives the numbers that the commands give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_studies import lamp_study
from tiny_models import tiny_timesformer

from actscribe import Run, annotate, build_timeline, load_study, score_clips, train
from actscribe.data.frames import stream
from actscribe.errors import ActScribeError
from actscribe.video.cache import FrameCache


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    root = tmp_path_factory.mktemp("memory")
    settings = {"model": str(tiny_timesformer(root / "model")), "epochs": 1, "batch_size": 8, "precision": "float32"}
    study = load_study(lamp_study(root / "study", 6, 6.0, empty_labels="allow", recognizers={"timesformer": settings}))
    return train(study, "timesformer", cache=FrameCache(root / "cache", 2**30))


def test_frames_in_memory_are_scored_as_those_of_a_video(run: Run) -> None:
    kept = run.scores("validation")
    recognizer = run.recognizer()
    recordings = {one.name: one for one in run.recordings("validation")}
    first = next(iter(recordings))
    own = [index for index, clip in enumerate(kept.clips) if clip.recording == first]
    frames = [
        clip.frames for clip in stream(recordings[first], [kept.clips[index] for index in own], recognizer.input_spec)
    ]
    np.testing.assert_allclose(score_clips(run.folder, frames, recognizer), kept.scores[own], atol=1e-6)
    assert score_clips(run, []).shape == (0, 2)


def test_a_timeline_of_given_scores_is_that_of_annotate(run: Run, tmp_path: Path) -> None:
    video = run.recordings("validation")[0].video
    done = annotate(video, run)
    kept = run.scores("validation")
    own = [index for index, clip in enumerate(kept.clips) if clip.recording == run.recordings("validation")[0].name]
    clips = [kept.clips[index] for index in own]
    starts, ends = (np.array([getattr(clip, end) for clip in clips]) for end in ("start", "end"))
    made = build_timeline(run, starts, ends, kept.scores[own], done.recording.duration)
    assert [(one.label, one.start, one.end) for one in made] == [
        (one.label, one.start, one.end) for one in done.intervals
    ]
    assert [one.score for one in made] == pytest.approx([one.score for one in done.intervals], abs=1e-6)


def test_what_does_not_belong_together_is_refused(run: Run) -> None:
    with pytest.raises(ActScribeError, match=r"clip 0: found float64 of shape .*expected uint8 RGB"):
        score_clips(run, [np.zeros((4, 8, 8, 3))])
    with pytest.raises(ActScribeError, match=r"clip 0: found uint8 of shape \(2, 8, 8, 3\)"):
        score_clips(run, [np.zeros((2, 8, 8, 3), dtype=np.uint8)])
    with pytest.raises(ActScribeError, match="clip 0: found a list; expected uint8 RGB"):
        score_clips(run, [[[0]]])  # type: ignore[list-item]
    with pytest.raises(ActScribeError, match="Expected videos, found none"):
        annotate([], run)
    one = np.array([0.0])
    for starts, ends, scores, duration, words in (
        (one, one + 2, np.zeros((1, 3)), 5.0, r"expected \(clips,\), \(clips,\) and \(clips, 2\)"),
        (one, one + 2, np.full((1, 2), 1.5), 5.0, r"scores in \[0, 1\]"),
        (one, one + 2, np.full((1, 2), np.nan), 5.0, r"scores in \[0, 1\]"),
        (one + 3, one + 2, np.zeros((1, 2)), 5.0, "end after they begin"),
        (one, one + 2, np.zeros((1, 2)), float("nan"), "duration above 0"),
        (one + 5, one + 7, np.zeros((1, 2)), 5.0, "begin before the recording ends, at 5 s"),
        (one, one + np.inf, np.zeros((1, 2)), 5.0, "begin before the recording ends"),
        (one, one + 2, [[0.5], [0.5, 0.5]], 5.0, "each row as long"),
    ):
        with pytest.raises(ActScribeError, match=words):
            build_timeline(run, starts, ends, scores, duration)
