"""Several made-up recognizers on the same recordings: every table against what it says of one of them alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, cohen_kappa_score, f1_score, matthews_corrcoef, precision_score
from systems import MULTI_CLASS, NAMES, PRIORS, Field, field, system

from actscribe.annotations.interval import Interval
from actscribe.evaluation.comparison.calibration import calibration_rows, risk_rows
from actscribe.evaluation.comparison.curve import curve_table
from actscribe.evaluation.comparison.disagreements import disagreement_table
from actscribe.evaluation.comparison.hallucination import hallucination_rows
from actscribe.evaluation.comparison.headline import headline_table, label_table
from actscribe.evaluation.comparison.pairs import pair_table
from actscribe.evaluation.comparison.scores import score_table
from actscribe.evaluation.comparison.slices import THIRDS, slice_table
from actscribe.evaluation.comparison.systems import Shared, System, share
from actscribe.evaluation.comparison.timelines import indicator_table, timeline_table
from actscribe.evaluation.events import event_table
from actscribe.evaluation.hallucination import rates_table
from actscribe.timeline.matching import label_spans


@pytest.fixture(scope="module")
def where() -> Field:
    return field()


@pytest.fixture(scope="module")
def systems(where: Field) -> list[System]:
    return [
        system(where, "weak", 0.2),
        system(where, "good", 0.75, seeds=(4, 5, 6)),
        system(where, "middle", 0.45, seeds=(4, 5, 6), unread=0.1),
    ]


@pytest.fixture(scope="module")
def shared(systems: list[System]) -> Shared:
    return share(systems, PRIORS, seed=0)


def known(one: System, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Targets and decisions of the clips that are annotated for every label."""
    run = one.runs[seed]
    rows = ~np.isnan(run.targets).any(axis=1)
    return run.targets[rows].astype(int), run.decisions()[rows].astype(int)


def test_headline_holds_means_over_seeds_and_baselines(systems: list[System], shared: Shared) -> None:
    table = headline_table(systems, shared).set_index("system")
    assert table.index.tolist() == ["weak", "good", "middle", "always yes", "always no", "prior", "majority"]
    pairs = [known(systems[1], seed) for seed in range(3)]
    macro = [f1_score(*pair, average="macro") for pair in pairs]
    row = table.loc["good"]
    assert row["macro_f1"] == pytest.approx(np.mean(macro))
    assert row["seed_sd"] == pytest.approx(np.std(macro, ddof=1))
    assert row["micro_f1"] == pytest.approx(np.mean([f1_score(*pair, average="micro") for pair in pairs]))
    kappas = [[cohen_kappa_score(t[:, i], s[:, i]) for i in range(3)] for t, s in pairs]
    assert row["kappa"] == pytest.approx(np.mean(kappas))
    assert row["mcc"] == pytest.approx(
        np.mean([[matthews_corrcoef(t[:, i], s[:, i]) for i in range(3)] for t, s in pairs])
    )
    assert (row["low"] < row["macro_f1"]) & (row["macro_f1"] < row["high"])
    assert row["ece"] == pytest.approx(np.mean([run.calibration["ece"].iloc[-1] for run in systems[1].runs]))
    assert row["note"] == ""
    truth = pairs[0][0]
    assert table.loc["always yes", "macro_f1"] == pytest.approx(f1_score(truth, np.ones_like(truth), average="macro"))
    visible = np.tile([1, 0, 0], (len(truth), 1))  # the only label that more than half of training shows
    assert table.loc["majority", "macro_f1"] == pytest.approx(f1_score(truth, visible, average="macro"))
    assert pd.isna(table.loc["weak", "seed_sd"])
    assert table["seeds"].tolist()[:3] == [1, 3, 3]


def test_label_rows_agree_with_scikit_learn(systems: list[System], shared: Shared) -> None:
    table = label_table(systems, shared)
    assert len(table) == 7 * 5
    assert table["label"].tolist()[:5] == [*NAMES, "macro", "micro"]
    row = table[(table["system"] == "weak") & (table["label"] == "Suction")].iloc[0]
    truth, decided = known(systems[0])
    assert row["f1"] == pytest.approx(f1_score(truth[:, 2], decided[:, 2]))
    assert row["kappa"] == pytest.approx(cohen_kappa_score(truth[:, 2], decided[:, 2]))
    assert row["mcc"] == pytest.approx(matthews_corrcoef(truth[:, 2], decided[:, 2]))
    assert row["low"] < row["f1"] < row["high"]
    assert row["kappa_low"] < row["kappa"] < row["kappa_high"]
    assert row["support"] == truth[:, 2].sum()
    weak = table[table["system"] == "weak"].set_index("label")
    macro, micro, own = weak.loc["macro"], weak.loc["micro"], weak.loc[list(NAMES)]
    for name in ("precision", "recall", "f1", "average_precision", "mcc", "kappa"):
        assert macro[name] == pytest.approx(own[name].mean())
    assert micro["precision"] == pytest.approx(precision_score(truth, decided, average="micro"))
    assert micro["f1"] == pytest.approx(f1_score(truth, decided, average="micro"))
    assert micro["kappa"] == pytest.approx(cohen_kappa_score(truth.ravel(), decided.ravel()))
    assert micro["mcc"] == pytest.approx(matthews_corrcoef(truth.ravel(), decided.ravel()))
    for row in (macro, micro):
        assert row["low"] < row["f1"] < row["high"]
        assert row["kappa_low"] < row["kappa"] < row["kappa_high"]
    constant = headline_table(systems, shared).set_index("system").loc[["always yes", "always no", "majority"]]
    assert (constant[["mcc", "kappa"]] == 0).all(axis=None)
    assert matthews_corrcoef(truth[:, 0], np.ones(len(truth))) == 0


def test_pairs_are_all_there_and_corrected_together(systems: list[System], shared: Shared) -> None:
    table = pair_table(systems, shared)
    assert list(zip(table["first"], table["second"], strict=True)) == [
        *[("always yes", name) for name in ("weak", "good", "middle")],
        *[("weak", "good"), ("weak", "middle"), ("good", "middle")],
    ]
    macro = headline_table(systems, shared).set_index("system")["macro_f1"]
    for row in table.itertuples():
        assert row.difference == pytest.approx(macro[row.second] - macro[row.first])
        assert row.low <= row.difference <= row.high
        assert row.p_holm >= row.p >= row.smallest_p == 1 / 16  # five groups
    assert table.iloc[3]["p"] == 1 / 16
    assert table["p_holm"].min() == pytest.approx(6 / 16)


def test_calibration_is_mended_where_validation_shows_how(systems: list[System], shared: Shared) -> None:
    table = calibration_rows(systems, shared)
    assert table["label"].tolist() == [*NAMES, "macro"] * 3
    middle = table[table["system"] == "middle"].iloc[-1]
    assert middle["temperature"] < 1  # scores that follow the truth but stay near the middle
    assert middle["brier_tempered"] < middle["brier"]


def test_risk_falls_as_the_uncertain_clips_go(systems: list[System], shared: Shared) -> None:
    table = risk_rows(systems, shared)
    good = table[table["system"] == "good"].set_index("to_person")["macro_f1"]
    assert good[0.0] == pytest.approx(headline_table(systems, shared).set_index("system")["macro_f1"]["good"])
    assert good[0.5] > good[0.0]


def test_a_step_of_the_curve_is_measured_on_the_same_draws(systems: list[System], shared: Shared) -> None:
    weak, good, middle = (replace(one, name="x") for one in systems)
    table = curve_table([(1, middle), (4, good), (2, weak), (4, replace(good, name="y"))], shared)
    assert table["system"].tolist() == ["x", "x", "x", "y"]
    assert table.loc[[0, 3], ["gain", "gain_low", "gain_high"]].isna().all(axis=None)
    pair = pair_table([systems[2], systems[1]], shared).iloc[-1]
    step = table.iloc[1]
    assert step["gain"] == pytest.approx(step["macro_f1"] - table["macro_f1"].iloc[0])
    assert [step["gain"], step["gain_low"], step["gain_high"]] == pytest.approx(
        [pair["difference"], pair["low"], pair["high"]]
    )
    assert step["gain_high"] - step["gain_low"] < sum(table["high"].iloc[:2] - table["low"].iloc[:2])
    assert table["gain"].iloc[2] < 0


def test_scores_have_a_row_per_clip_label_recognizer_and_seed(systems: list[System], shared: Shared) -> None:
    table = score_table(systems, shared)
    clips = len(shared.clips)
    assert len(table) == 7 * clips * 3
    one = table[(table["recognizer"] == "good") & (table["seed"] == 5) & (table["label"] == "Ventilation")]
    assert one["score"].tolist() == systems[1].runs[1].scores[:, 1].tolist()
    assert one["recording"].tolist() == list(shared.units)
    np.testing.assert_array_equal(one["target"], shared.targets[:, 1])
    assert (one["predicted"] == (one["score"] >= one["threshold"])).all()


def test_recognizers_on_other_clips_are_refused(systems: list[System]) -> None:
    with pytest.raises(ValueError, match="different clips"):
        share([systems[0], system(field(7), "other", 0.5)], PRIORS, 0)


def test_timelines_agree_with_the_table_of_one_run(systems: list[System], shared: Shared) -> None:
    table = timeline_table(systems, shared)
    assert table is not None
    expected = event_table(shared.recordings, systems[0].runs[0].timelines, shared.labels).set_index("label")
    weak = table[table["system"] == "weak"].set_index(["measure", "label"])
    for measure in ("f1@10", "f1@25", "f1@50", "edit"):
        for label in (*NAMES, "macro"):
            row = weak.loc[(measure, label)]
            assert row["value"] == pytest.approx(expected.loc[label, measure])
            assert row["low"] <= row["value"] <= row["high"]
    for label in NAMES:
        assert weak.loc[("onset_mae_s", label), "value"] == pytest.approx(expected.loc[label, "onset_mae_s"])
    means = [event_table(shared.recordings, run.timelines, shared.labels)["f1@50"].iloc[-1] for run in systems[1].runs]
    good = table[(table["system"] == "good") & (table["measure"] == "f1@50") & (table["label"] == "macro")]
    assert good["value"].iloc[0] == pytest.approx(np.mean(means))
    assert table["system"].unique().tolist() == ["weak", "good", "middle", "always yes", "always no", "majority"]
    one_bout = {r.name: [Interval(name, 0.0, r.duration) for name in NAMES] for r in shared.recordings}
    expected = event_table(shared.recordings, one_bout, shared.labels).set_index("label")
    constant = table[table["label"] == "macro"].set_index(["system", "measure"])["value"]
    assert constant[("always yes", "f1@10")] == pytest.approx(expected.loc["macro", "f1@10"])
    assert constant[("always no", "f1@10")] == 0


def test_indicators_say_by_how_much_they_are_off(systems: list[System], shared: Shared) -> None:
    table = indicator_table(systems, shared)
    assert table is not None
    row = table[(table["system"] == "weak") & (table["label"] == "Ventilation") & (table["indicator"] == "first_s")]
    off = []
    for recording in shared.recordings:
        sides = (recording.intervals or (), systems[0].runs[0].timelines[recording.name])
        spans = [label_spans(recording, side, "Ventilation") for side in sides]
        if all(map(len, spans)):
            off.append(abs(spans[1][0, 0] - spans[0][0, 0]))
    assert row["recordings"].iloc[0] == len(off)
    assert row["off_by"].iloc[0] == pytest.approx(np.mean(off))
    assert row["low"].iloc[0] <= np.mean(off) <= row["high"].iloc[0]


def test_groups_of_one_recording_each_are_no_slices(systems: list[System], shared: Shared) -> None:
    alone = replace(shared, recordings=tuple(replace(one, group=one.name) for one in shared.recordings))
    assert set(slice_table(systems, alone)["slice"]) == {"duration"}


def test_slices_are_measured_on_their_own_clips(systems: list[System], shared: Shared) -> None:
    camera = {f"r{index}": "left" if index < 5 else "right" for index in range(8)}
    site = dict.fromkeys(camera, "here")
    table = slice_table(systems, shared, {"camera": camera, "site": site})
    assert set(table["slice"]) == {"group", "duration", "camera"}
    assert table[table["slice"] == "duration"]["value"].unique().tolist() == list(THIRDS)
    row = table[(table["value"] == "right") & (table["system"] == "weak")].iloc[0]
    run = systems[0].runs[0]
    rows = [index for index, unit in enumerate(shared.units) if int(unit[1:]) >= 5]
    assert row["clips"] == len(rows)
    assert row["recordings"] == 3
    assert row["macro_f1"] == pytest.approx(f1_score(run.targets[rows], run.decisions()[rows], average="macro"))
    always = table[(table["value"] == "right") & (table["system"] == "always yes")].iloc[0]
    yes = np.ones((len(rows), 3))
    assert always["macro_f1"] == pytest.approx(f1_score(run.targets[rows], yes, average="macro"))


def test_hallucination_counts_what_is_said_of_nothing(systems: list[System], shared: Shared) -> None:
    table = hallucination_rows(systems, shared).set_index("system")
    run = systems[0].runs[0]
    rates = rates_table(shared.labels, run.targets, run.decisions())
    assert table.loc["weak", "false_alarm_rate"] == pytest.approx(np.mean([r["yes where absent"] for r in rates]))
    empty = (run.targets == 0).all(axis=1)
    assert table.loc["weak", "empty_clips"] == pytest.approx(run.decisions()[empty].any(axis=1).mean())
    decided = run.decisions()
    assert table.loc["weak", "broken_rules"] == pytest.approx(
        (decided[:, 1] & ~decided[:, 0]).sum() / decided[:, 1].sum()
    )
    assert table.loc["middle", "not_read"] == 0.1


def test_disagreements_name_both_sides(systems: list[System], shared: Shared) -> None:
    table = disagreement_table(systems, shared, most=10**6)
    assert table["gap"].is_monotonic_decreasing
    row = table.iloc[0]
    inside = [
        index
        for index, clip in enumerate(shared.clips)
        if clip.recording == row["recording"] and row["start"] <= clip.start and clip.end <= row["end"]
    ]
    column = NAMES.index(row["label"])
    sure = {one.name: np.mean([(r.scores - 0.5) / 0.5 for r in one.runs], axis=0)[:, column] for one in systems}
    yes, no = row["says_yes"].split(", "), row["says_no"].split(", ")
    assert {*yes, *no} == {"weak", "good", "middle"}
    gaps = [max(sure[name][i] for name in sure) - min(sure[name][i] for name in sure) for i in inside]
    assert row["gap"] == pytest.approx(max(gaps))
    assert all((sure[name][inside] >= 0).all() for name in yes)
    assert all((sure[name][inside] < 0).all() for name in no)
    decided = np.stack([np.mean([run.scores for run in one.runs], axis=0) >= 0.5 for one in systems])
    parted = int((decided.any(axis=0) & ~decided.all(axis=0)).sum())
    assert table["clips"].sum() == parted
    assert len(disagreement_table(systems, shared, most=3)) == 3


def test_trimmed_classes_have_accuracy_and_no_timelines() -> None:
    where = field(40, MULTI_CLASS)
    systems = [system(where, "a", 0.3), system(where, "bb", 0.6, seeds=(1, 2))]
    shared = share(systems, PRIORS, 0)
    table = headline_table(systems, shared).set_index("system")
    truth, predicted = (side.argmax(axis=1) for side in known(systems[0]))
    assert table.loc["a", "micro_f1"] == pytest.approx(accuracy_score(truth, predicted))
    assert table.loc["a", "kappa"] == pytest.approx(cohen_kappa_score(truth, predicted))
    assert table.loc["a", "mcc"] == pytest.approx(matthews_corrcoef(truth, predicted))
    micro = label_table(systems, shared).set_index(["system", "label"]).loc[("a", "micro")]
    assert micro["f1"] == pytest.approx(accuracy_score(truth, predicted))
    assert micro["low"] < micro["f1"] < micro["high"]
    assert micro["kappa"] == table.loc["a", "kappa"]
    assert timeline_table(systems, shared) is None
    assert indicator_table(systems, shared) is None
    pairs = pair_table(systems, shared)
    assert pairs["first"].tolist() == ["majority", "majority", "a"]
    alone = f1_score(truth, np.zeros(len(truth)), average="macro", zero_division=0)  # the first is the most frequent
    assert pairs["difference"].iloc[0] == pytest.approx(table.loc["a", "macro_f1"] - alone)
    assert np.isnan(score_table(systems, shared)["threshold"]).all()
    disagreements = disagreement_table(systems, shared)
    assert (disagreements["says_yes"].isin(["a", "bb"])).all()
    assert slice_table(systems, shared)["slice"].unique().tolist() == ["group", "duration"]
    assert calibration_rows(systems, shared)["temperature"].between(0.05, 20).all()


def test_one_recognizer_alone_and_one_recording_are_borne() -> None:
    where = field(1)
    one = [system(where, "only", 0.5)]
    shared = share(one, PRIORS, 0)
    assert headline_table(one, shared)["low"].isna().all()
    assert len(pair_table(one, shared)) == 1
    assert disagreement_table(one, shared).empty
    assert slice_table(one, shared).empty
    table = timeline_table(one, shared)
    assert table is not None
    assert table["low"].isna().all()
    assert Interval("", 10.0, 14.0) in where.recordings[0].gaps


def test_a_label_in_every_clip_or_in_none_is_in_no_mean_of_kappa() -> None:
    where = field(8)
    truth = where.truth.copy()
    truth[:, 0], truth[:, 1] = 1.0, 0.0
    clips = [replace(clip, fractions=tuple(row)) for clip, row in zip(where.clips, truth.tolist(), strict=True)]
    one = [system(replace(where, truth=truth, clips=clips), "only", 0.4)]
    shared = share(one, PRIORS, 0)
    labels = label_table(one, shared).set_index(["system", "label"]).loc["only"]
    headline = headline_table(one, shared).set_index("system").loc["only"]
    for name in ("kappa", "mcc"):
        assert headline[name] == labels.loc["macro", name] == labels.loc["Suction", name]
        assert labels.loc["Suction", name] > 0
    assert labels.loc["Ventilation", "mcc"] == 0
    assert labels.loc["Suction", "kappa_low"] == labels.loc["macro", "kappa_low"]
