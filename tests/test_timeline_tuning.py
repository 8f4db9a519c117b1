from dataclasses import replace

import numpy as np
import pytest
from timelines import label_set, recording, time_scores

from actscribe.errors import ActScribeError
from actscribe.evaluation.events import event_table, sequence_scores
from actscribe.report.verdict import grouped_notes
from actscribe.timeline import tuning
from actscribe.timeline.grid import join, try_all
from actscribe.timeline.segments import LabelOperatingPoint, TimelineSettings, build
from actscribe.timeline.tuning import WEIGHT, tune

LABELS = label_set("A", "B")


def noisy(seed, noise=0.4, scale=1.0, gaps=()):
    """A recording of 100 s with two bouts of A and one of B, and noisy scores of it at half-second steps."""
    rng = np.random.default_rng(seed)
    starts = rng.uniform(3, 30, 2) + np.array([0, 45])
    spans = [("A", start, start + rng.uniform(8, 14)) for start in starts] + [("B", 20.0, 60.0)]
    rec = recording(spans, gaps=gaps, name=f"r{seed}")
    times = np.arange(0.25, 100, 0.5)
    truth = np.array([[any(s[0] == n and s[1] <= t < s[2] for s in spans) for n in "AB"] for t in times])
    scores = scale * np.clip(0.2 + 0.6 * truth + rng.normal(0, noise, truth.shape), 0, 1)
    return rec, time_scores(scores, 0.5)


def several(count, **options):
    pairs = [noisy(seed, **options) for seed in range(count)]
    return [rec for rec, _ in pairs], {rec.name: values for rec, values in pairs}


def f1_mean(recordings, scores, settings):
    settings = settings.model_copy(update={"rules": False})
    timelines = {rec.name: build(scores[rec.name], settings, LABELS) for rec in recordings}
    table = event_table(recordings, timelines, LABELS).set_index("label")
    return table[["f1@10", "f1@25", "f1@50"]].mean(axis=1)


def test_tuned_settings_are_better_on_other_recordings():
    recordings, scores = several(16)
    settings = tune(recordings[:8], scores, LABELS)
    tuned, plain = (f1_mean(recordings[8:], scores, s) for s in (settings, TimelineSettings(step=0.5)))
    assert (tuned[["A", "B"]] > plain[["A", "B"]] + 0.3).all()
    assert tuned["macro"] > 0.85
    assert settings.rules
    assert settings.step == 0.5
    assert settings.notes == {}


def test_no_other_decision_of_the_grid_is_better_on_validation():
    recordings, scores = several(5)
    recordings[1] = replace(recordings[1], gaps=recording([], gaps=[("", 20, 40)]).gaps)
    settings = tune(recordings, scores, LABELS)
    best = f1_mean(recordings, scores, settings)
    rng = np.random.default_rng(0)
    lengths = {"A": 11.0, "B": 40.0}
    for _ in range(60):
        on = rng.choice([0.3, 0.5, 0.7])
        others = {}
        for name, bout in lengths.items():
            smoothing, shortest, gap = rng.choice([0, 0.1, 0.25, 0.5], 3) * bout
            others[name] = LabelOperatingPoint(on=on, off=on, smoothing=smoothing, min_duration=shortest, min_gap=gap)
        other = f1_mean(recordings, scores, TimelineSettings(step=0.5, operating_points=others))
        assert (other[["A", "B"]] <= best[["A", "B"]] + 0.02).all()  # "A": the median bout is only about 11 s


def test_scores_that_are_not_calibrated_are_no_harder():
    recordings, scores = several(8)
    small = {name: replace(values, scores=values.scores * 0.01) for name, values in scores.items()}
    settings = tune(recordings, small, LABELS)
    assert settings.of("A").on < 0.01
    tuned = f1_mean(recordings, small, settings)
    assert tuned["macro"] > 0.9


def test_clean_scores_need_nothing_but_a_threshold():
    recordings, scores = several(4, noise=0.0)
    for name in "AB":
        chosen = tune(recordings, scores, LABELS).of(name)
        assert (chosen.smoothing, chosen.min_duration, chosen.min_gap) == (0, 0, 0)
        assert chosen.on == chosen.off
        assert 0.2 < chosen.on < 0.8


def test_of_equally_good_decisions_the_simpler_one_is_taken():
    values = np.full((100, 2), 0.1)
    values[10:91, 0] = 0.4
    values[10:91:2, 0] = 0.7  # hysteresis from 0.5 to 0.3 would do as well, and 0.5 is the nearer threshold
    chosen = tune([recording([("A", 10, 91)])], {"r": time_scores(values)}, LABELS).of("A")
    assert chosen.on == chosen.off
    assert (chosen.smoothing, chosen.min_duration, chosen.min_gap) == (0, 0, 0)


def test_scores_in_gaps_decide_nothing():
    recordings, scores = several(4, gaps=[("", 60, 100)])
    others = {}
    for name, values in scores.items():
        changed = values.scores.copy()
        changed[170:] = 0  # from 85 s on: far enough from the gap's edge for the widest smoothing of A
        changed[175:185] = changed[190:] = 0.7
        others[name] = replace(values, scores=changed)
    assert tune(recordings, others, LABELS).of("A") == tune(recordings, scores, LABELS).of("A")


def test_a_label_without_a_bout_keeps_the_clip_threshold_and_says_so():
    rec = recording([("A", 10, 20)])
    scores = {"r": time_scores(np.full((100, 2), 0.1))}
    settings = tune([rec], scores, LABELS, fallback={"B": 0.35})
    assert (settings.of("B").on, settings.of("B").off) == (0.35, 0.35)
    assert "no bout in validation" in settings.notes["B"]
    assert "only 1" in settings.notes["A"]
    assert tune([rec], scores, LABELS).of("B").on == 0.5


def test_a_label_of_few_bouts_leans_on_the_others_and_one_of_many_does_not():
    """B has one bout in validation, of which noise makes a decision of its own look perfect; A has twelve."""
    recordings, scores = several(6)
    few = [recordings[0], *(replace(r, intervals=[i for i in r.intervals if i.label == "A"]) for r in recordings[1:])]
    steadied = tune(few, scores, LABELS)
    assert "at most 5 validation bouts to choose on, so what is best for the other labels" in steadied.notes["B"]
    assert "A" not in steadied.notes
    a, b = (try_all(join(few, scores, name, column)) for column, name in enumerate("AB"))
    assert steadied.of("A") == a.operating_point(a.best(a.segment, a.frame))
    mixed = (b.segment + WEIGHT * a.segment) / (1 + WEIGHT)
    assert mixed[b.best(mixed, mixed)] == pytest.approx(mixed.max())
    chosen = [index for index in np.ndindex(mixed.shape) if b.operating_point(index) == steadied.of("B")]
    assert max(mixed[index] for index in chosen) == pytest.approx(mixed.max())


def test_recordings_do_not_leak_into_each_other():
    one, two = recording([("A", 90, 100)], name="one"), recording([("A", 0, 10)], name="two")
    first, second = np.zeros((100, 2)), np.zeros((100, 2))
    first[90:, 0], second[:10, 0] = 0.9, 0.9
    first[99, 0] = 0.6  # if the two bouts became one, a threshold above 0.6 would keep them apart
    settings = tune([one, two], {"one": time_scores(first), "two": time_scores(second)}, LABELS)
    chosen = settings.of("A")
    assert chosen.on <= 0.6
    assert (chosen.smoothing, chosen.min_gap, chosen.min_duration) == (0, 0, 0)


def test_multi_class_smooths_flicker_away():
    labels = label_set("A", "B", task="multi-class")
    rng = np.random.default_rng(3)
    recordings, scores = [], {}
    for number in range(4):
        recordings.append(recording([("A", 0, 30), ("B", 30, 70), ("A", 70, 100)], name=str(number)))
        truth = ((np.arange(100) >= 30) & (np.arange(100) < 70)).astype(float)
        b = np.clip(0.3 + 0.4 * truth + rng.normal(0, 0.3, 100), 0, 1)
        scores[str(number)] = time_scores(np.column_stack([1 - b, b]))

    def joint(settings):
        timelines = {rec.name: build(scores[rec.name], settings, labels) for rec in recordings}
        return sequence_scores(recordings, timelines, labels)["f1@50"]

    tuned = tune(recordings, scores, labels)
    assert joint(TimelineSettings(step=1.0)) < 0.7
    assert joint(tuned) == 1.0
    assert tuned.of("A") == tuned.of("B")


def test_what_is_missing_is_named():
    with pytest.raises(ActScribeError, match="no scores for recording 'r'"):
        tune([recording([])], {}, LABELS)
    with pytest.raises(ActScribeError, match="not annotated"):
        tune([replace(recording([]), intervals=None)], {"r": time_scores(np.zeros((100, 2)))}, LABELS)
    with pytest.raises(ValueError, match="one step"):
        tune([], {}, LABELS)


def test_labels_of_few_bouts_share_one_note() -> None:
    notes = tuning._joint_note({"A": 1, "B": 3, "C": 50})
    assert len(grouped_notes("Timeline", notes)) == 1
    assert list(notes) == ["A", "B"]
