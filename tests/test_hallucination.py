"""Hallucination tables against counts made by hand, and reading written answers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actscribe.evaluation import hallucination as h
from actscribe.labels import Label, LabelSet, Rules, load_label_set
from actscribe.models.yes_no import from_text
from actscribe.recognizers.reading import mentions, named_labels

NAN = np.nan
LABELS = LabelSet(
    name="three",
    labels=(Label(name="Baby"), Label(name="Mask"), Label(name="Tube")),
    rules=Rules(requires={"Mask": ("Baby",), "Tube": ("Baby",)}, excludes=(("Mask", "Tube"),)),
)
#: Five clips; the last is not annotated for Tube.
TRUE = np.array([[1, 1, 0], [1, 0, 1], [0, 0, 0], [0, 0, 0], [1, 0, NAN]])
ANSWERS = np.array([[1, 1, 1], [0, 1, 1], [1, 0, 0], [0, 0, 0], [1, 1, 1]])
#: Said at a threshold of 0.5, 0.2 and 0.9.
THRESHOLDS = np.array([0.5, 0.2, 0.9])
SCORES = np.where(ANSWERS == 1, THRESHOLDS, THRESHOLDS - 0.01)


def tables(**changes: object) -> dict[str, list[dict[str, object]]]:
    values = {"targets": TRUE, "scores": SCORES, "thresholds": THRESHOLDS, "unread": np.zeros((5, 3), bool)} | changes
    return h.hallucination(LABELS, **values)


def rows(table: list[dict[str, object]], *columns: str) -> list[tuple[object, ...]]:
    return [tuple(record[column] for column in columns) for record in table]


def test_broken_rules() -> None:
    records = rows(tables()[h.RULES], "rule", "clips where it could break", "broken", "share")
    assert records == [
        ("Mask without Baby", 3, 1, 1 / 3),
        ("Tube without Baby", 3, 1, 1 / 3),
        ("Mask with Tube", 3, 3, 1.0),
    ]


def test_rates_leave_out_what_is_not_annotated() -> None:
    records = rows(tables()[h.RATES], "label", "clips", "says yes", "is true", "yes where present", "yes where absent")
    assert records == [
        ("Baby", 5, 3 / 5, 3 / 5, 2 / 3, 1 / 2),
        ("Mask", 5, 3 / 5, 1 / 5, 1.0, 2 / 4),
        ("Tube", 4, 2 / 4, 1 / 4, 1.0, 1 / 3),
    ]
    assert [record["ratio"] for record in tables()[h.RATES]] == pytest.approx([1, 3, 2])


def test_empty_scenes() -> None:
    records = rows(tables()[h.EMPTY], "label", "clips", "says yes", "share")
    assert records == [("Baby", 2, 1, 0.5), ("Mask", 2, 0, 0.0), ("Tube", 2, 0, 0.0), ("any of them", 2, 1, 0.5)]
    assert h.EMPTY not in tables(targets=np.ones((5, 3)))


def test_unread_answers_are_counted() -> None:
    unread = np.zeros((5, 3), bool)
    unread[:2, 1] = True
    probabilities = np.array([[1, 0.4, NAN]] * 3 + [[0.5, 0.6, NAN]] * 2)
    report = tables(unread=unread, probability_mass=probabilities)
    assert rows(report[h.UNREAD], "label", "answers", "not read", "share not read", "below 0.5") == [
        ("Baby", 5, 0, 0.0, 0),
        ("Mask", 5, 2, 0.4, 3),
        ("Tube", 5, 0, 0.0, 0),
    ]
    assert [r["probability on yes and no"] for r in report[h.UNREAD]] == [pytest.approx(0.8), pytest.approx(0.48), None]
    assert "2 of 15 answers could not be read" in str(report["notes"][0])
    assert "below 0.5" not in tables()[h.UNREAD][0]


def test_unread_answers_are_neither_yes_nor_no() -> None:
    unread = np.zeros((5, 3), bool)
    unread[1, 0] = unread[2, 1] = unread[4, 2] = True
    report = tables(unread=unread, scores=np.where(unread, 1.0, SCORES), mentioned=np.ones((5, 3)))
    assert rows(report[h.RATES], "clips", "says yes") == [(4, 3 / 4), (4, 3 / 4), (4, 2 / 4)]
    assert rows(report[h.RULES], "clips where it could break", "broken") == [(2, 0), (1, 0), (2, 2)]
    assert [record["clips"] for record in report[h.EMPTY]] == [1] * 4
    assert [record["captions"] for record in report[h.AGREEMENT]] == [4, 4, 4]


def test_captions_against_answers() -> None:
    mentioned = np.array([[1, 1, 0], [1, 1, 0], [NAN, NAN, NAN], [0, 0, 1], [1, 0, 1]])
    records = rows(
        tables(mentioned=mentioned)[h.AGREEMENT],
        *("label", "captions", "agree", "both", "answered, not mentioned", "mentioned, not answered"),
    )
    assert records == [("Baby", 4, 0.75, 2, 0, 1), ("Mask", 4, 0.75, 2, 1, 0), ("Tube", 4, 0.25, 1, 2, 1)]
    assert h.AGREEMENT not in tables(mentioned=np.full((5, 3), NAN))
    assert h.AGREEMENT not in tables()


def test_yes_to_everything_is_said_in_words() -> None:
    (note,) = tables(scores=np.array([[0.4, 1, 0.8]] * 4 + [[1, 1, 1]]), targets=TRUE[:, [1, 1, 2]] * [0, 1, 0])[
        "notes"
    ]
    assert note == "Mask: the model says yes to nearly every clip (100%); it means little."
    (never,) = tables(scores=SCORES * [1, 1, 0], targets=np.where(np.isnan(TRUE), 0, TRUE))["notes"]
    assert never == "Tube: the model never says yes, though 20% of clips show it."


def test_a_class_is_said_when_it_scores_highest() -> None:
    classes = LABELS.model_copy(update={"task": "multi-class", "rules": Rules()})
    scores = np.array([[0.2, 0.5, 0.3], [0.4, 0.3, 0.3]])
    report = h.hallucination(classes, np.eye(3)[:2], scores, np.zeros(3), np.zeros((2, 3), bool))
    assert [record["says yes"] for record in report[h.RATES]] == [0.5, 0.5, 0.0]
    assert h.RULES not in report
    assert h.EMPTY not in report


# Written answers

NEWBORN = load_label_set("newborn_resuscitation")
FALLS = load_label_set("falls_at_home")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Ventilation", {"Ventilation"}),
        ("- ventilation\n- SUCTION\n", {"Ventilation", "Suction"}),
        ("1. **Baby visible**, 2. Stimulation.", {"Baby visible", "Stimulation"}),
        ("a mask pressed onto the baby's face to give breaths", {"Ventilation"}),
        ("A baby lying on the table; a hand rubbing the baby\u2019s chest or back", {"Baby visible", "Stimulation"}),
        ("PPV and CPAP", {"Ventilation"}),
        ("baby_visible", {"Baby visible"}),
        ("none", set()),
        ("None of these.", set()),
        ("No activities happen.", set()),
        ("Ventilation, no suction", {"Ventilation"}),
        ("suction: no\nventilation: yes", {"Ventilation"}),
        ("There is no ventilation or suction, but stimulation.", {"Stimulation"}),
        ("Suction is not shown. The baby is.", {"Baby visible"}),
        ("No suction", set()),
        ("", None),
        ("A table with a towel.", None),
        ("babysitting, suctioned", None),
        ("???", None),
    ],
)
def test_lists_as_models_write_them(text: str, named: set[str] | None) -> None:
    assert named_labels(text, NEWBORN) == named


@given(
    st.sets(st.sampled_from([*NEWBORN.labels])),
    st.sampled_from([", ", "; ", "\n", "\n- ", "\n* ", " and ", ". ", " | "]),
    st.sampled_from([str.lower, str.upper, str.title, str]),
    st.booleans(),
)
def test_any_list_is_read_back(chosen: set[Label], between: str, case: type[str], phrases: bool) -> None:
    text = between.join(label.described() if phrases else label.name for label in chosen) or "none"
    assert named_labels(case(text), NEWBORN) == {label.name for label in chosen}


@given(st.text(max_size=80))
def test_any_text_is_read_without_an_error(text: str) -> None:
    named = named_labels(text, FALLS)
    assert named is None or named <= set(FALLS.names)
    assert from_text(text).probability in (None, 0.0, 1.0)


@given(st.text(alphabet="bcdfgh \n,.", max_size=40))
def test_text_without_a_label_or_a_no_stays_unread(text: str) -> None:
    assert named_labels(text, FALLS) is None
    assert from_text(text).probability is None


@pytest.mark.parametrize(
    ("text", "probability"),
    [
        ("Yes", 1.0),
        ("**No**, it is not.", 0.0),
        ("no. Yes would be wrong", 0.0),
        ("The answer is yes.", 1.0),
        ("Either yes or no", None),
        ("Nobody knows", None),
        ("", None),
    ],
)
def test_yes_and_no_as_models_write_them(text: str, probability: float | None) -> None:
    assert from_text(text).probability == probability


@pytest.mark.parametrize(
    ("caption", "named"),
    [
        ("A hand rubs the baby's back.", {"Stimulation"}),
        ("A baby is lying on a table.", {"Baby visible"}),
        ("Someone places a suction tube in the mouth.", {"Suction"}),
        ("Ventilation goes on.", {"Ventilation"}),
        ("A red cup is pushed to the left.", set()),
        ("", set()),
    ],
)
def test_what_a_caption_mentions(caption: str, named: set[str]) -> None:
    assert {label.name for label in NEWBORN.labels if mentions(caption, label)} == named
