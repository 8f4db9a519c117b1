import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from timelines import frames, intervals, label_set, recording, whole_second_spans

from actscribe.errors import ActScribeError
from actscribe.evaluation.events import always_time_f1, bout_edit_score, edit_score, event_table, sequence_scores
from actscribe.timeline.matching import IOUS, count_matches, match, segment_counts

LABELS = label_set("A", "B", "C")
BACKGROUND = "-"

#: One label (or background) a second.
sequences = st.lists(st.sampled_from(["A", "B", "C", BACKGROUND]), min_size=1, max_size=40)


def runs(per_second):
    """(label, start, end) of every run that is not background."""
    spans, start = [], 0
    for stop in range(1, len(per_second) + 1):
        if stop == len(per_second) or per_second[stop] != per_second[start]:
            if per_second[start] != BACKGROUND:
                spans.append((per_second[start], start, stop))
            start = stop
    return spans


def slow_segments(predicted, true, threshold):
    """Segment counts as ms-tcn describes them, segment by segment."""
    used, tp = set(), 0
    for label, start, end in predicted:
        best, best_iou = None, 0.0
        for index, (other, a, b) in enumerate(true):
            iou = max(0, min(end, b) - max(start, a)) / (max(end, b) - min(start, a)) if other == label else 0.0
            if iou > best_iou:
                best, best_iou = index, iou
        if best is not None and best_iou >= threshold and best not in used:
            used.add(best)
            tp += 1
    return tp, len(predicted) - tp, len(true) - tp


def slow_edit(one, other):
    """Normalised Levenshtein similarity by the recursive definition."""
    if not one and not other:
        return 1.0

    def distance(i, j):
        if not i or not j:
            return i + j
        return table[i, j]

    table = {}
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            change = distance(i - 1, j - 1) + (one[i - 1] != other[j - 1])
            table[i, j] = min(distance(i - 1, j) + 1, distance(i, j - 1) + 1, change)
    return 1 - distance(len(one), len(other)) / max(len(one), len(other))


@given(st.lists(st.tuples(sequences, sequences), min_size=1, max_size=4))
def test_joint_measures_equal_ms_tcn_on_single_label_sequences(videos):
    recordings, predictions, counts, edits, right, seconds = [], {}, np.zeros((3, 3)), [], 0, 0
    for number, (true, predicted) in enumerate(videos):
        predicted = (predicted * 40)[: len(true)]
        recordings.append(recording(runs(true), float(len(true)), name=str(number)))
        predictions[str(number)] = intervals(runs(predicted))
        counts += [slow_segments(runs(predicted), runs(true), threshold) for threshold in (0.1, 0.25, 0.5)]
        edits.append(slow_edit([r[0] for r in runs(true)], [r[0] for r in runs(predicted)]))
        right += sum(a == b for a, b in zip(true, predicted, strict=True))
        seconds += len(true)
    scores = sequence_scores(recordings, predictions, LABELS)
    for (tp, fp, fn), name in zip(counts, ("f1@10", "f1@25", "f1@50"), strict=True):
        if tp + fn == 0:
            assert math.isnan(scores[name])
        else:
            assert scores[name] == pytest.approx(2 * tp / (2 * tp + fp + fn))
    assert scores["edit"] == pytest.approx(np.mean(edits))
    assert scores["accuracy"] == pytest.approx(right / seconds)


@given(whole_second_spans, whole_second_spans)
def test_every_label_of_the_table_equals_its_own_per_second_count(true, predicted):
    table = event_table([recording(true, 60.0)], {"r": intervals(predicted)}, LABELS).set_index("label")
    for name in "ABC":
        one, other = (frames([s[1:] for s in spans if s[0] == name], 60) for spans in (true, predicted))
        true_runs, predicted_runs = (runs([name if x else BACKGROUND for x in flags]) for flags in (one, other))
        row = table.loc[name]
        for threshold, percent in zip(IOUS, (10, 25, 50), strict=True):
            expected = slow_segments(predicted_runs, true_runs, threshold)
            assert (row[f"tp@{percent}"], row[f"fp@{percent}"], row[f"fn@{percent}"]) == expected
        assert row["edit"] == pytest.approx(slow_edit([r[0] for r in true_runs], [r[0] for r in predicted_runs]))
        assert row["total_true_s"] == one.sum()
        assert row["total_predicted_s"] == other.sum()
        if one.any():
            assert row["frame_f1"] == pytest.approx(2 * (one & other).sum() / (one.sum() + other.sum()))
            assert row["frame_recall"] == pytest.approx((one & other).sum() / one.sum())
        else:
            assert math.isnan(row["frame_f1"])
            assert math.isnan(row["f1@10"])
        assert row["frame_precision"] == pytest.approx((one & other).sum() / other.sum() if other.any() else 0)


@given(st.lists(st.sampled_from("ABC"), max_size=8), st.lists(st.sampled_from("ABC"), max_size=8))
def test_edit_score_is_the_normalised_levenshtein_similarity(one, other):
    assert edit_score(one, other) == pytest.approx(slow_edit(one, other))
    assert bout_edit_score(len(one), len(other)) == pytest.approx(slow_edit(["A"] * len(one), ["A"] * len(other)))


def test_labels_that_overlap_are_in_order_of_their_start():
    rec = recording([("A", 0, 50), ("B", 10, 20)])
    assert sequence_scores([rec], {"r": intervals([("A", 0, 15), ("B", 10, 20)])}, LABELS)["edit"] == 1.0
    assert sequence_scores([rec], {"r": intervals([("B", 0, 20), ("A", 10, 50)])}, LABELS)["edit"] == 0.0


def test_empty_timelines_have_defined_scores():
    nothing, something = recording([], name="nothing"), recording([("A", 0, 10)], name="something")
    labels = label_set("A")
    both = sequence_scores([nothing], {"nothing": ()}, labels)
    assert both["edit"] == 1.0
    assert both["accuracy"] == 1.0
    assert math.isnan(both["f1@10"])
    missed = event_table([something], {"something": ()}, labels).set_index("label").loc["A"]
    assert (missed["f1@10"], missed["edit"], missed["frame_f1"], missed["total_relative"]) == (0, 0, 0, -1)
    assert math.isnan(missed["onset_mae_s"])
    alarm = event_table([nothing], {"nothing": intervals([("A", 0, 5)])}, labels).set_index("label").loc["A"]
    assert (alarm["edit"], alarm["fp@50"], alarm["frame_precision"]) == (0, 1, 0)
    assert math.isnan(alarm["f1@50"])


def test_a_true_bout_is_claimed_once_by_the_first_and_best_match_decides():
    true = np.array([[0.0, 10.0], [20.0, 30.0]])
    predicted = np.array([[0.0, 4.0], [4.0, 10.0], [18.0, 30.0]])
    index, overlap = match(predicted, true)
    assert index.tolist() == [0, 0, 1]
    np.testing.assert_allclose(overlap, [0.4, 0.6, 10 / 12])
    assert count_matches(predicted, true).tolist() == [[2, 1, 0], [2, 1, 0], [2, 1, 0]]
    assert count_matches(np.array([[0.0, 5.0]]), true, [0.5, 0.51]).tolist() == [[1, 0, 1], [0, 1, 2]]
    astride = np.array([[8.0, 24.0]])  # overlaps both, the second more
    assert match(astride, true)[0].tolist() == [1]
    equal = np.array([[5.0, 25.0]])
    assert match(equal, true)[0].tolist() == [0]


def test_onset_offset_and_total_errors():
    one = recording([("A", 10, 20), ("A", 40, 50), ("A", 70, 71)], name="one")
    two = recording([("A", 30, 40)], name="two")
    predictions = {
        # The first bout is found in two parts: the better one counts. The last bout is missed.
        "one": intervals([("A", 9, 12), ("A", 13, 21), ("A", 42, 47)]),
        "two": intervals([("A", 29, 44), ("A", 90, 95)]),
    }
    row = event_table([one, two], predictions, label_set("A")).set_index("label").loc["A"]
    assert row["matched"] == 3
    assert row["onset_median_s"] == 2  # of +3, +2, -1
    assert row["onset_mae_s"] == 2
    assert row["offset_median_s"] == 1  # of +1, -3, +4
    assert row["offset_mae_s"] == pytest.approx(8 / 3)
    assert (row["total_true_s"], row["total_predicted_s"]) == (31, 36)
    assert row["total_error_s"] == 2.5  # of -5 and +10
    assert row["total_abs_error_s"] == 7.5
    assert row["total_relative"] == pytest.approx(5 / 31)


def test_what_nobody_annotated_is_left_out():
    rec = recording([("A", 10, 20), ("B", 95, 105)], gaps=[("A", 18, 60), ("", 80, 90)])
    predicted = {"r": intervals([("A", 10, 30), ("A", 40, 50), ("B", 40, 50), ("B", 82, 88), ("B", 95, 100)])}
    table = event_table([rec], predicted, LABELS).set_index("label")
    assert (table.loc["A", "f1@50"], table.loc["A", "frame_f1"], table.loc["A", "bouts_predicted"]) == (1, 1, 1)
    assert table.loc["B", "bouts_predicted"] == 2
    assert table.loc["B", "total_true_s"] == 5  # the recording ends at 100 s
    # Only time annotated for every label counts: 100 - 42 - 10 s; B's false alarm lies in A's gap.
    assert sequence_scores([rec], predicted, LABELS)["accuracy"] == 1.0


def test_macro_is_the_mean_over_labels_with_a_true_bout():
    predicted = {"r": intervals([("A", 0, 10), ("C", 0, 10)])}
    table = event_table([recording([("A", 0, 10), ("B", 0, 10)])], predicted, LABELS).set_index("label")
    assert table.loc["macro", "f1@50"] == 0.5
    assert table.loc["macro", "edit"] == 0.5
    assert table.loc["macro", "fp@50"] == 1
    assert table.loc["macro", "bouts_true"] == 2


def test_counts_per_recording_add_up_to_the_table():
    recordings = [recording([("A", 0, 10)], name="one"), recording([("A", 0, 10), ("B", 5, 9)], name="two")]
    predicted = {"one": intervals([("A", 0, 3)]), "two": intervals([("A", 0, 10)])}
    counts = segment_counts(recordings, predicted, LABELS)
    assert counts.shape == (2, 3, 3, 3)
    assert counts[:, 0].tolist() == [[[1, 0, 0], [1, 0, 0], [0, 1, 1]], [[1, 0, 0]] * 3]
    table = event_table(recordings, predicted, LABELS).set_index("label")
    assert table.loc["A", ["tp@50", "fp@50", "fn@50"]].tolist() == [1, 1, 1]


def test_what_is_missing_is_named():
    with pytest.raises(ActScribeError, match="no scores for recording 'r'"):
        event_table([recording([])], {}, LABELS)


def test_marking_everything_all_the_time_has_this_f1_of_time():
    one = recording([("A", 0, 20), ("A", 50, 60), ("B", 0, 50)])
    # A: 2 * 30 / (30 + 100), B: 2 * 50 / (50 + 100); C never occurs.
    assert always_time_f1([one], LABELS) == pytest.approx((60 / 130 + 100 / 150) / 2)
