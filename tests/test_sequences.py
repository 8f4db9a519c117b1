"""The steps of a recording: what is seen at each, the pieces that training sees, and how they are changed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from actscribe.features.embedder import Encoder
from actscribe.features.sequences import Stepping
from actscribe.features.store import Row
from actscribe.training.sequences import (
    LearnedSequence,
    TimeAugmentation,
    drawn_steps,
    example_of,
    padded_targets,
    pieces,
    standard,
)

FRAMES = Encoder("k", "frame", 4, 1, 2, 16)
CLIPS = Encoder("k", "clip", 4, 8, 2, 1)
SECONDS = st.integers(1, 4000).map(lambda tenths: tenths / 10)


def stepping(encoder: Encoder = FRAMES, step: float = 0.25, causal: bool = False, lengths=(3.0,)) -> Stepping:  # type: ignore[no-untyped-def]
    return Stepping(encoder, step, lengths, causal)


@given(SECONDS, st.sampled_from([0.25, 0.4, 1.0]))
def test_the_steps_of_a_recording_cover_it_once(duration: float, step: float) -> None:
    spans = stepping(step=step).spans(0.0, duration, duration)
    assert spans[0, 0] == 0
    assert spans[-1, 1] == duration
    np.testing.assert_array_equal(spans[1:, 0], spans[:-1, 1])
    np.testing.assert_allclose(spans[:-1, 1] - spans[:-1, 0], step)
    assert len(spans) == 1 or step / 2 - 1e-6 <= spans[-1, 1] - spans[-1, 0] <= step * 1.5


@given(SECONDS, SECONDS, st.floats(0.1, 50))
def test_the_steps_of_a_part_are_those_of_the_whole(duration: float, start: float, length: float) -> None:
    whole = stepping().spans(0.0, duration, duration)
    part = stepping().spans(start % duration, start % duration + length, duration)
    assert {tuple(span) for span in part} <= {tuple(span) for span in whole}
    assert len(part) >= 1


@given(SECONDS, st.booleans(), st.floats(0.2, 8.0))
def test_clips_lie_in_the_recording_and_a_causal_one_ends_with_its_step(
    duration: float, causal: bool, length: float
) -> None:
    how = stepping(CLIPS, 0.5, causal, (length, 1.0))
    spans = how.spans(0.0, duration, duration)
    clips = how.clips("r", spans, duration)
    assert len(clips) == 2 * len(spans)
    for clip, (start, end) in zip(clips[::2], spans, strict=True):
        assert -1e-9 <= clip.start < clip.end <= duration + 1e-9
        if causal:
            assert clip.end == end
            assert clip.end - clip.start == pytest.approx(min(length, end))
        else:
            assert clip.end - clip.start == pytest.approx(min(length, duration))
            middle = (start + end) / 2
            reaches = clip.start > 1e-9 and clip.end < duration - 1e-9
            assert not reaches or (clip.start + clip.end) / 2 == pytest.approx(middle)


def test_a_step_takes_its_own_frame_or_statistics_and_the_nearest_of_a_clip() -> None:
    how = stepping(CLIPS, 0.5, False, (3.0,))
    assert (how.clips_a_step, how.width) == (1, 16)
    vectors = torch.arange(8.0)[:, None].repeat(1, 4).half()
    rows = [Row(vectors, torch.linspace(0.2, 2.8, 8, dtype=torch.float64))] * 3
    spans = np.array([[0.0, 0.5], [0.5, 1.0], [2.5, 3.0]])
    taken = np.array([vector[[0, 4, 8, 12]].tolist() for vector, _ in how.vectors(rows, spans)])
    deviation = np.arange(8).std()
    np.testing.assert_allclose(taken, [[3.5, deviation, 1, position] for position in (0, 1, 7)], rtol=1e-5)
    frames = stepping()
    assert (frames.clips_a_step, frames.width) == (1, 4)
    one = Row(torch.full((1, 4), 5.0), torch.tensor([0.125], dtype=torch.float64))
    ((vector, times),) = frames.vectors([one], np.array([[0.0, 0.25]]))
    assert vector.tolist() == [5, 5, 5, 5]
    assert times.tolist() == [0.125]


def learned(steps: int, seed: int = 0, width: int = 3) -> LearnedSequence:
    rng = np.random.default_rng(seed)
    features = torch.from_numpy(rng.normal(size=(steps, width))).half()
    features[:, 0] = torch.arange(steps)
    return LearnedSequence(features, np.stack([np.arange(steps) % 7, np.arange(steps)], 1).astype(np.float32))


@given(st.lists(st.integers(1, 60), min_size=1, max_size=4), st.integers(1, 25))
def test_pieces_cover_every_recording(lengths: list[int], length: int) -> None:
    sequences = [learned(steps) for steps in lengths]
    covered = {(index, step) for index, first in pieces(sequences, length) for step in range(first, first + length)}
    assert {(index, step) for index, steps in enumerate(lengths) for step in range(steps)} <= covered
    assert len(pieces(sequences, length)) == sum(-(-steps // length) for steps in lengths)


def test_a_piece_of_validation_is_as_it_is() -> None:
    sequences = [learned(10), learned(25, 1)]
    example = example_of(sequences, 12, 0, TimeAugmentation(2.0, 1.0, 0.5, 0.5, (4, 2)))
    assert len(pieces(sequences, 12)) == 4
    shown = example(None, 0)
    assert set(shown) == {"states", "mask", "labels"}
    assert shown["mask"].tolist() == [True] * 10 + [False] * 2
    torch.testing.assert_close(shown["states"][:10], sequences[0].features.float())
    assert not shown["states"][10:].any()
    assert torch.isnan(shown["labels"][10:]).all()
    stacked = np.stack([example(None, index)["labels"] for index in range(4)])
    np.testing.assert_array_equal(padded_targets(sequences, 12, 2), stacked)


def test_features_and_targets_are_drawn_together_and_the_same_again() -> None:
    sequences = [learned(40)]
    example = example_of(sequences, 20, 3, TimeAugmentation(1.5, 0.5, 0.25, 0.25, (400, 5)))
    shown = [example(1, 0), example(1, 0), example(2, 0)]
    count = int(shown[0]["mask"].sum())
    torch.testing.assert_close(shown[0]["states"][:count, 0], shown[0]["labels"][:count, 1])
    for name in shown[0]:
        torch.testing.assert_close(shown[0][name], shown[1][name], equal_nan=True)
    assert not torch.equal(shown[0]["keep"], shown[2]["keep"])
    assert shown[0]["keep"].unique().tolist() == pytest.approx([0, 4 / 3])
    assert float(shown[0]["keep"].mean()) == pytest.approx(1, abs=0.1)


@given(st.integers(1, 200), st.integers(1, 50), st.integers(0, 2**31))
def test_drawn_steps_lie_in_the_recording_in_order(steps: int, length: int, seed: int) -> None:
    change = TimeAugmentation(1.5, 0.5, 0, 0, (1, 1))
    drawn = drawn_steps(steps, length, change, np.random.default_rng(seed))
    assert 1 <= len(drawn) <= length
    assert drawn.min() >= 0
    assert drawn.max() < steps
    assert set(np.diff(drawn)) <= {0, 1, 2}


def test_without_change_a_whole_recording_is_shown() -> None:
    drawn = drawn_steps(30, 50, TimeAugmentation(1.0, 0.0, 0, 0, (1, 1)), np.random.default_rng(0))
    assert drawn.tolist() == list(range(30))


def test_features_are_standardised_over_all_recordings() -> None:
    sequences = [learned(30), learned(50, 2)]
    sequences[0].features[:, 2] = sequences[1].features[:, 2] = 4.0
    mean, deviation = standard(sequences)
    together = torch.cat([one.features for one in sequences]).double().numpy()
    np.testing.assert_allclose(mean.numpy(), together.mean(0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(deviation.numpy()[:2], together.std(0)[:2], rtol=1e-5)
    assert deviation[2] == 1
