"""Two people's timelines: against BORIS and sed_eval (golden values), against hand-counted ones, and by their laws."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from actscribe.annotations.interval import Annotations, Interval
from actscribe.data.pairs import Pair
from actscribe.errors import ActScribeError
from actscribe.evaluation.alignment import identity
from actscribe.evaluation.moments import moments
from actscribe.evaluation.raters import ALL, Agreement, Measure, agreement

GOLDEN = json.loads((Path(__file__).parent / "golden_agreement.json").read_text(encoding="utf-8"))["cases"]
LABELS = ["Call", "Sit", "Stand", "Walk"]


def pair(first: list[Any], second: list[Any], name: str = "r") -> Pair:
    return Pair(name, *(Annotations.of(Interval(*one) for one in side) for side in (first, second)))


def row(agreed: Agreement, label: str = ALL) -> Any:
    return agreed.table.set_index("label").loc[label]


@pytest.mark.parametrize("case", GOLDEN, ids=range(len(GOLDEN)))
def test_kappa_and_similarity_are_those_of_boris(case: dict[str, Any]) -> None:
    one, how = pair(case["first"], case["second"]), Measure(unit=case["unit"])
    agreed = agreement([one], LABELS, how)
    assert row(agreed)["kappa"] == pytest.approx(case["boris"]["joint"], abs=5.1e-4)  # BORIS rounds to three decimals
    assert row(agreed)["similarity"] == pytest.approx(case["boris"]["identity"])
    for label, kappa in case["boris"]["labels"].items():  # BORIS on this label alone, so from its own first event on
        assert row(agreement([one], [label], how), label)["kappa"] == pytest.approx(kappa, abs=5.1e-4)


@pytest.mark.parametrize("case", GOLDEN, ids=range(len(GOLDEN)))
def test_f1_of_events_is_that_of_sed_eval(case: dict[str, Any]) -> None:
    collar, share = case["collar"]
    agreed = agreement([pair(case["first"], case["second"])], LABELS[1:], Measure(collar=collar, length_share=share))
    assert row(agreed)["f1"] == pytest.approx(case["sed_eval"]["all"])
    for label, f1 in case["sed_eval"]["labels"].items():
        assert row(agreed, label)["f1"] == pytest.approx(f1)


def test_shifted_starts_are_no_full_agreement() -> None:
    """By hand, moments 0 to 10: both see A at 4 to 6; the first one alone at 0 to 3, the second alone at 7 to 10."""
    one = pair([("A", 0, 6)], [("A", 4, 10)])
    values = row(agreement([one], ["A"], Measure(tolerance=1)), "A")
    assert (values["moments"], values["alike"]) == (11, pytest.approx(3 / 11))
    assert values["kappa"] == pytest.approx(cohen_kappa_score([1] * 7 + [0] * 4, [0] * 4 + [1] * 7))
    assert (values["start_s"], values["end_s"]) == (4, 4)
    assert (values["starts"], values["ends"], values["f1"]) == (0, 0, 0)
    # Within 1 s the first one also agrees at 3 and at 7, and so does the second one.
    near = cohen_kappa_score([1] * 7 + [0] * 4, [0] * 3 + [1] * 4 + [0] + [1] * 3)
    assert values["kappa_near"] == pytest.approx(near)


def test_a_tolerance_as_long_as_the_shift_gives_full_agreement() -> None:
    first = [("A", 2, 9.5), ("B", 4, 20), ("A", 15, 22), ("C", 30, 31)]
    one = pair(first, [(label, start + 0.8, end + 0.8) for label, start, end in first])
    tight, wide = (agreement([one], ["A", "B", "C"], Measure(0.1, reach, reach, 0)) for reach in (0.7, 0.8))
    assert row(wide)["kappa_near"] == pytest.approx(1)
    assert 0 < row(tight)["kappa"] < row(tight)["kappa_near"] < 1
    assert (row(wide)["starts"], row(wide)["ends"], row(wide)["f1"]) == (1, 1, 1)
    assert (row(tight)["starts"], row(tight)["f1"]) == (0, 0)
    assert row(wide)["start_s"] == pytest.approx(0.8)
    assert row(wide)["kappa"] == row(tight)["kappa"]  # the tolerance is not in it


@pytest.mark.parametrize("seed", range(4))
def test_who_is_first_changes_signs_and_nothing_else(seed: int) -> None:
    case = GOLDEN[seed]
    how = Measure(unit=0.5, tolerance=0.6, collar=0.4, length_share=0)
    there = agreement([pair(case["first"], case["second"])], LABELS, how)
    back = agreement([pair(case["second"], case["first"])], LABELS, how)
    same = ["kappa", "kappa_near", "alike", "moments", "starts", "ends", "f1"]
    np.testing.assert_allclose(there.table[same], back.table[same])
    np.testing.assert_allclose(there.table[["start_s", "end_s"]], -back.table[["start_s", "end_s"]])
    with_itself = agreement([pair(case["first"], case["first"])], LABELS, how)
    np.testing.assert_allclose(with_itself.table[["kappa", "kappa_near", "alike", "starts", "ends", "f1"]], 1)
    assert row(with_itself)["similarity"] == 100


def test_without_tolerance_both_kappas_are_one() -> None:
    case = GOLDEN[5]
    table = agreement([pair(case["first"], case["second"])], LABELS, Measure(tolerance=0)).table
    np.testing.assert_allclose(table["kappa_near"], table["kappa"])


def test_recordings_are_pooled_and_intervals_need_five() -> None:
    cases = [pair(case["first"], case["second"], str(index)) for index, case in enumerate(GOLDEN[:6])]
    few, many = agreement(cases[:4], LABELS), agreement(cases, LABELS)
    assert few.table[["low", "high", "f1_low"]].isna().all(axis=None)
    assert (many.table["low"] < many.table["kappa"]).all()
    assert (many.table["kappa"] < many.table["high"]).all()
    assert row(many)["moments"] == sum(row(agreement([one], LABELS))["moments"] for one in cases)
    sampled = [moments(one, ["Sit"], 1.0) for one in cases]
    sides = [np.concatenate([one.present(side)[:, 0] for one in sampled]) for side in (0, 1)]
    alone = row(agreement(cases, ["Sit"]), "Sit")
    assert alone["kappa"] == pytest.approx(cohen_kappa_score(*sides))
    grouped = agreement(cases, LABELS, groups=["a", "a", "b", "b", "c", "c"])
    assert grouped.table["low"].isna().all()


def test_what_one_left_unannotated_is_not_counted() -> None:
    first = Annotations.of([Interval("A", 0, 4), Interval("A", 12, 14), Interval("B", 0, 20)])
    second = replace(first, intervals=(first.intervals[0], first.intervals[1]), gaps=(Interval("A", 10, 21),))
    table = agreement([Pair("r", first, second)], ["A", "B"]).table.set_index("label")
    assert table["moments"].to_dict() == {"A": 10, "B": 21, ALL: 10}
    assert table.loc["A", "kappa"] == 1
    assert (table.loc["A", "first_events"], table.loc["A", "second_events"]) == (1, 1)


def test_nothing_to_say_is_not_a_number() -> None:
    always = agreement([pair([("A", 0, 5)], [("A", 0, 5)])], ["A", "B"])
    assert np.isnan(row(always, "A")["kappa"])  # both always say A: chance agrees as well
    assert np.isnan(row(always, "B")["f1"])
    nothing = agreement([pair([], [])], ["A"])
    assert row(nothing)["moments"] == 0
    assert np.isnan(row(nothing)["similarity"])


def test_alignment_by_hand() -> None:
    """GATTACA and GCATGCU: as BORIS's own function aligns them."""
    first, second = (np.array([ord(letter) for letter in word]) for word in ("GATTACA", "GCATGCU"))
    assert identity(first, second) == (4, 8)
    assert identity(first, first) == (7, 7)
    assert identity(first[:0], second) == (0, 7)


@pytest.mark.parametrize("wrong", [{"unit": 0}, {"unit": float("nan")}, {"tolerance": -1}, {"length_share": 2}])
def test_measures_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ActScribeError, match="expected"):
        Measure(**wrong)


def test_too_many_moments_are_refused() -> None:
    with pytest.raises(ActScribeError, match="larger --unit"):
        agreement([pair([("A", 0, 90_000)], [])], ["A"], Measure(unit=0.001))
