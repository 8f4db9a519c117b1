import math

import numpy as np
from hypothesis import given
from timelines import frames, intervals, label_set, recording, whole_second_spans

from actscribe.evaluation.indicators import INDICATORS, compare_indicators, indicators

LABELS = label_set("A", "B")


def row(rec, spans, label="A"):
    table = indicators(rec, intervals(spans), LABELS)
    assert list(table.columns) == ["label", *INDICATORS]
    return table.set_index("label").loc[label].tolist()


def test_indicators_of_a_small_timeline():
    spans = [("A", 5, 10), ("A", 10, 12), ("A", 20, 21), ("A", 40, 50)]
    assert row(recording([]), spans) == [5, 18, 0.18, 3, 19]
    assert row(recording([]), [("A", 5, 10)]) == [5, 5, 0.05, 1, 0]
    first, total, fraction, count, longest = row(recording([]), spans, "B")
    assert (total, fraction, count) == (0, 0, 0)
    assert math.isnan(first)
    assert math.isnan(longest)


def test_gaps_are_neither_presence_nor_absence():
    rec = recording([], gaps=[("", 25, 55), ("B", 0, 5), ("A", 90, 100)])
    # 60 s annotated for A; its second bout is cut; what lies between 25 and 58 s is known from 55 s on only.
    assert row(rec, [("A", 2, 4), ("A", 22, 30), ("A", 58, 60)]) == [2, 7, 7 / 60, 3, 18]
    assert row(rec, [("B", 0, 7)], "B") == [5, 2, 2 / 65, 1, 0]


def test_nothing_annotated_has_no_fraction():
    assert math.isnan(row(recording([], gaps=[("", 0, 100)]), [("A", 0, 9)])[2])


@given(whole_second_spans)
def test_total_and_bouts_agree_with_one_flag_per_second(spans):
    flags = frames([span[1:] for span in spans if span[0] == "A"], 60)
    _, total, fraction, count, _ = row(recording([], 60.0), spans)
    assert total == flags.sum()
    assert fraction == flags.mean()
    assert count == (np.diff(np.concatenate([[0], flags])) == 1).sum()


def test_annotation_and_prediction_side_by_side():
    one = recording([("A", 5, 10)], name="one")
    two = recording([("B", 0, 50)], gaps=[("", 50, 100)], name="two")
    predictions = {"one": intervals([("A", 7, 10)]), "two": intervals([("B", 0, 60), ("A", 60, 70)])}
    table = compare_indicators([one, two], predictions, LABELS).set_index(["recording", "label", "indicator"])
    assert len(table) == 20  # 2 recordings, 2 labels, 5 indicators
    assert table.loc[("one", "A", "first_s")].tolist() == [5, 7, 2]
    assert table.loc[("one", "A", "total_s")].tolist() == [5, 3, -2]
    assert table.loc[("two", "B", "fraction")].tolist() == [1, 1, 0]
    assert table.loc[("two", "A", "bouts")].tolist() == [0, 0, 0]
    assert table.loc[("two", "A", "first_s")].isna().all()
    assert compare_indicators([], {}, LABELS).empty
