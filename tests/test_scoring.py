"""Scores that are not numbers end a run with a sentence, not with a timeline of nothing."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from small_studies import LEFT, RIGHT, bouts, film

from actscribe.data.input_spec import InputSpec
from actscribe.data.recording import Recording
from actscribe.errors import ActScribeError, UnreadableVideo
from actscribe.labels import LabelSet
from actscribe.runs import scoring
from actscribe.runs.scoring import score_recordings, show_ahead, sound
from actscribe.settings.study import Windows

LABELS = LabelSet(name="lamps", labels=(LEFT, RIGHT))  # type: ignore[arg-type]


class Fixed:
    """Gives the same scores for every clip."""

    def __init__(self, *scores: float) -> None:
        self.labels, self.input_spec, self.given = LABELS, InputSpec(2, 32), np.array(scores, dtype=np.float32)

    def score(self, clips):
        for _ in clips:
            yield self.given


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), 1.1, -0.1])
def test_what_is_no_score_is_refused(tmp_path, wrong):
    video = film(tmp_path / "a.mp4", bouts(0, 4.0), 4.0)
    recording = Recording("a", video, 4.0, "c", "g")
    windows = Windows(length=2.0, stride=1.0, frames=2)
    scored = score_recordings(Fixed(0.25, 1.0), [recording], LABELS, windows, "Scoring")
    assert scored.scores.tolist() == [[0.25, 1.0]] * 3
    with pytest.raises(ActScribeError, match=r"expected numbers in \[0, 1\]") as caught:
        score_recordings(Fixed(0.25, wrong), [recording], LABELS, windows, "Scoring")
    assert "float32" in caught.value.hint


def test_rounding_is_no_reason_to_refuse():
    row = np.array([-1e-7, 1 + 1e-7])
    assert sound(row, 2) is row


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([0.5, 0.5], r"are \[0.5, 0.5\], expected a NumPy array of 2 numbers"),
        (None, "are None"),
        (np.zeros(3), r"an array of float64, shape \(3,\)"),
        (np.zeros((1, 2)), r"shape \(1, 2\)"),
        (np.array(["a", "b"]), "an array of <U1"),
    ],
)
def test_what_is_no_array_of_scores_is_refused(row, message):
    with pytest.raises(ActScribeError, match=message):
        sound(row, 2)


def test_a_clip_without_scores_is_missed(tmp_path):
    class Lazy(Fixed):
        def score(self, clips):
            return itertools.islice(super().score(clips), 2)

    recording = Recording("a", film(tmp_path / "a.mp4", bouts(0, 4.0), 4.0), 4.0, "c", "g")
    with pytest.raises(ActScribeError, match="gave scores of 2 clips, expected those of 3"):
        score_recordings(Lazy(0.25, 1.0), [recording], LABELS, Windows(length=2.0, stride=1.0, frames=2), "Scoring")


def test_frames_that_were_decoded_ahead_are_those_of_the_clips_and_are_decoded_once(tmp_path, monkeypatch):
    class Brightness(Fixed):
        def score(self, clips):
            for clip in clips:
                yield np.array([frame.mean() / 255 for frame in clip.frames])

    recording = Recording("a", film(tmp_path / "a.mp4", bouts(0, 9.0), 9.0), 9.0, "c", "g")
    asked = (LABELS, Windows(length=2.0, stride=1.0, frames=2))
    alone = score_recordings(Brightness(), [recording], *asked, "Scoring")
    assert len({tuple(row) for row in alone.scores}) > 1

    passes, stream = [], scoring.stream
    monkeypatch.setattr(scoring, "stream", lambda *words: passes.append(words) or stream(*words))
    shown = show_ahead(Brightness(), recording, *asked)
    assert len(passes) == 1
    scored = score_recordings(Brightness(), [recording], *asked, "Scoring", shown=shown)
    assert len(passes) == 1
    assert scored.scores.tolist() == alone.scores.tolist()
    assert [times.tolist() for times in scored.times] == [times.tolist() for times in alone.times]


@pytest.mark.parametrize(("whole", "passes"), [(3, 2), (scoring.CLIPS_AHEAD + 1, 1)])
def test_an_error_while_frames_were_decoded_ahead_costs_a_video_nothing_once_it_has_passed(
    tmp_path, monkeypatch, whole, passes
):
    recording = Recording("a", film(tmp_path / "a.mp4", bouts(0, 14.0), 14.0), 14.0, "c", "g")
    asked = (LABELS, Windows(length=2.0, stride=1.0, frames=2))
    alone = score_recordings(Fixed(0.25, 1.0), [recording], *asked, "Scoring")
    begun, stream = [], scoring.stream

    def failing(*words):
        begun.append(words)
        frames = stream(*words)
        yield from frames if len(begun) > 1 else itertools.islice(frames, whole)
        if len(begun) > 1:
            return
        raise UnreadableVideo("the disk does not answer")

    monkeypatch.setattr(scoring, "stream", failing)
    shown = show_ahead(Fixed(0.25, 1.0), recording, *asked)
    if passes == 1:  # it was met after the time in which another video was scored
        with pytest.raises(UnreadableVideo):
            score_recordings(Fixed(0.25, 1.0), [recording], *asked, "Scoring", shown=shown)
    else:
        scored = score_recordings(Fixed(0.25, 1.0), [recording], *asked, "Scoring", shown=shown)
        assert [times.tolist() for times in scored.times] == [times.tolist() for times in alone.times]
    assert len(begun) == passes
