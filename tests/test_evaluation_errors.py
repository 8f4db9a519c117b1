from pathlib import Path

import numpy as np
import pytest

from actscribe.annotations.interval import Interval
from actscribe.data.clips import Clip
from actscribe.data.recording import Recording
from actscribe.evaluation.errors import timeline_errors, worst_confusions, worst_errors
from actscribe.labels import Label, LabelSet


def test_wrong_clips_are_merged_into_spans_and_ranked_by_confidence():
    clips = [Clip("one", float(t), t + 3.0) for t in range(6)] + [Clip("two", 0.0, 3.0)]
    targets = np.array([[0], [0], [1], [1], [1], [1], [0]], dtype=float)
    scores = np.array([[0.9], [0.7], [0.8], [0.4], [0.1], [0.9], [0.6]])
    table = worst_errors(clips, targets, scores, np.array([0.5]), ["a"])
    rows = table[["kind", "recording", "start", "end", "score", "clips"]].values.tolist()
    assert rows == [
        ["false alarm", "one", 0.0, 4.0, 0.9, 2],
        ["miss", "one", 3.0, 7.0, 0.1, 2],
        ["false alarm", "two", 0.0, 3.0, 0.6, 1],
    ]
    assert table["margin"].tolist() == pytest.approx([0.8, 0.8, 0.2])
    assert len(worst_errors(clips, targets, scores, np.array([0.5]), ["a"], top=1)) == 1


def test_margins_are_parts_of_the_room_on_the_wrong_side():
    clips = [Clip("one", 0.0, 1.0), Clip("one", 5.0, 6.0)]
    scores = np.array([[0.85], [0.35]])
    table = worst_errors(clips, np.array([[0.0], [1.0]]), scores, np.array([0.7]), ["a"])
    assert table["kind"].tolist() == ["false alarm", "miss"]
    assert table["margin"].tolist() == pytest.approx([0.5, 0.5])


def test_only_touching_clips_of_one_label_and_recording_merge():
    clips = [Clip("one", 4.0, 5.0), Clip("one", 0.0, 1.0), Clip("one", 1.0, 2.0), Clip("one", 2.5, 3.0)]
    table = worst_errors(clips, np.zeros((4, 2)), np.full((4, 2), [0.9, 0.1]), np.full(2, 0.5), ["a", "b"])
    assert table[["label", "start", "end"]].values.tolist() == [["a", 0, 2], ["a", 2.5, 3], ["a", 4, 5]]


def test_what_is_right_or_not_annotated_is_no_error():
    clips = [Clip("one", 0.0, 1.0), Clip("one", 1.0, 2.0)]
    table = worst_errors(clips, np.array([[1.0], [np.nan]]), np.array([[0.9], [0.9]]), np.array([0.5]), ["a"])
    assert table.empty
    assert list(table.columns) == ["label", "kind", "recording", "start", "end", "score", "margin", "clips"]


def test_confused_classes_are_one_row_each_and_ranked_by_the_difference():
    clips = [Clip("one", float(t), t + 1.0) for t in range(5)]
    targets = np.eye(3)[[0, 0, 1, 2, 2]]
    targets[4] = np.nan
    scores = np.array([[0.2, 0.8, 0.0], [0.3, 0.4, 0.3], [0.1, 0.8, 0.1], [0.5, 0.1, 0.4], [1.0, 0.0, 0.0]])
    table = worst_confusions(clips, targets, scores, ["a", "b", "c"])
    rows = table[["label", "kind", "start", "end", "score", "clips"]].values.tolist()
    assert rows == [["a", "taken for b", 0.0, 2.0, 0.8, 2], ["c", "taken for a", 3.0, 4.0, 0.5, 1]]
    assert table["margin"].tolist() == pytest.approx([0.6, 0.1])
    assert worst_confusions(clips[:1], targets[:1], targets[:1], ["a", "b", "c"]).empty


def test_errors_of_timelines_are_what_a_person_sees_missing_or_too_much():
    labels = LabelSet(name="one", labels=(Label(name="a"), Label(name="b")))
    true = (Interval("a", 0, 10), Interval("a", 20, 22), Interval("b", 30, 35))
    one = Recording("one", Path("one.mp4"), 60.0, "", "g", "test", true, (Interval("", 50, 60),))
    predicted = (Interval("a", 4, 12), Interval("b", 30, 35), Interval("b", 40, 43), Interval("a", 52, 58))
    clips = [Clip("one", float(t), t + 2.0) for t in range(0, 58, 2)] + [Clip("other", 20.0, 22.0)]
    scores = np.tile(np.arange(30)[:, None] / 30, (1, 2))
    table = timeline_errors([one], {"one": predicted}, labels, clips, scores)
    # Nothing is annotated after 50 s; whole bouts stand first, however short.
    assert table[["label", "kind", "start", "end", "whole"]].values.tolist() == [
        ["b", "false alarm", 40.0, 43.0, True],
        ["a", "miss", 20.0, 22.0, True],
        ["a", "miss", 0.0, 4.0, False],
        ["a", "false alarm", 10.0, 12.0, False],
    ]
    # Middles at 41; 21; 1 and 3; 11: clips 20; 10; 0 and 1; 5.
    assert table["score"].tolist() == pytest.approx([20 / 30, 10 / 30, 0.5 / 30, 5 / 30])
    assert table["seconds"].tolist() == [3, 2, 4, 2]
    assert timeline_errors([one], {"one": true}, labels, clips, scores).empty
    assert len(timeline_errors([one], {"one": predicted}, labels, clips, scores, top=1)) == 1
