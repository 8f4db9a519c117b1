"""Columns and measures: what one declaration brings about in every table and page."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score, precision_score, recall_score
from systems import MULTI_CLASS, MULTI_LABEL, PRIORS, field, system

from actscribe.columns import Column, explained, for_terminal, in_short, names
from actscribe.evaluation import clips
from actscribe.evaluation.agreement import four_counts
from actscribe.evaluation.class_metrics import CLASS_METRICS, class_scores
from actscribe.evaluation.comparison.headline import TERMINAL_COLUMNS, headline_table, label_table
from actscribe.evaluation.comparison.systems import share
from actscribe.evaluation.events import EVENT_COLUMNS
from actscribe.evaluation.measures import BRIEF_COLUMNS, CLIPS, HEADLINE, LABELS, MEASURES, columns_in
from actscribe.labels import LabelSet
from actscribe.report.table import frame_table

SCORE = Column("score", "Score", "how good it is", interval=("low", "high"), short="S", group="test")
SIZE = Column("size", "size", format="count")


def test_a_page_shows_titles_meanings_formats_and_intervals() -> None:
    numbers = {"size": [1200, 3], "score": [0.456, np.nan], "low": [0.4, np.nan], "high": [0.5, np.nan]}
    table = frame_table("Two.", pd.DataFrame(numbers), (SIZE, SCORE), (False, True))
    assert [head.title for head in table.columns] == ["size", "Score", "95 % interval"]
    assert table.columns[1].help == "how good it is"
    assert [row.cells for row in table.rows] == [("1\u202f200", "0.46", "0.40–0.50"), ("3", "–", "–")]
    assert [row.is_total for row in table.rows] == [False, True]
    assert table.groups == (("", 1), ("test", 2))


def test_an_interval_that_a_table_lacks_is_not_shown() -> None:
    table = frame_table("One.", pd.DataFrame({"score": [0.5]}), (SCORE,))
    assert [head.title for head in table.columns] == ["Score"]


def test_the_terminal_has_short_headings_and_the_list_of_words_every_title_once() -> None:
    assert names((SIZE, SCORE)) == ["size", "score", "low", "high"]
    shown = for_terminal(pd.DataFrame({"score": [0.5], "low": [0.4], "size": [1], "else": [2]}), (SIZE, SCORE))
    assert list(shown.columns) == ["size", "S", "low"]
    assert explained((SIZE, SCORE, SCORE)) == [("Test Score", "How good it is.")]
    assert in_short((SIZE, SCORE, SCORE)) == "S: how good it is. The report explains every column."


def test_every_short_heading_of_a_run_or_comparison_is_explained_below_its_table() -> None:
    for columns in ((*BRIEF_COLUMNS, *EVENT_COLUMNS), TERMINAL_COLUMNS):
        words = in_short(columns)
        assert all(f"{column.short}: " in words for column in columns if column.short)
    assert "marked: share of the annotated clips that the recognizer marked" in in_short(BRIEF_COLUMNS)


@pytest.mark.parametrize("labels", [MULTI_LABEL, MULTI_CLASS], ids=["labels", "classes"])
def test_every_measure_stands_in_every_table_that_it_names(labels: LabelSet) -> None:
    systems = [system(field(labels=labels), "one", 0.6, (0, 1))]
    shared = share(systems, PRIORS, 0)
    run = systems[0].runs[0]
    tables = {CLIPS: run.table, LABELS: label_table(systems, shared), HEADLINE: headline_table(systems, shared)}
    for name, table in tables.items():
        for column in columns_in(name):
            assert table[column.name].notna().all(), (name, column.name)
            assert column.meaning
            assert column.higher_is_better is not None
    for baseline in run.baselines.values():
        assert {column.name for column in columns_in(CLIPS)} <= set(baseline.columns)


def test_names_of_measures_differ_and_each_is_of_counts_or_a_ranking() -> None:
    assert len({measure.name for measure in MEASURES}) == len(MEASURES)
    assert all((measure.counts is None) != (measure.ranking is None) for measure in MEASURES)


def test_precision_and_recall_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    truth, predicted = rng.random((40, 3)) < 0.4, rng.random((40, 3)) < 0.5
    counts = four_counts(truth.astype(float), predicted).sum(axis=0)
    of = {measure.name: measure.counts for measure in MEASURES}
    for name, score in (("precision", precision_score), ("recall", recall_score)):
        measure = of[name]
        assert measure is not None
        assert measure(counts) == pytest.approx(score(truth, predicted, average=None, zero_division=0))


def test_a_ranking_has_no_counts() -> None:
    (ranking,) = (measure for measure in MEASURES if measure.ranking is not None)
    with pytest.raises(TypeError, match="average_precision cannot be worked out from counts"):
        ranking.with_averages(np.zeros((2, 4)), False)


def test_of_classes_a_measure_of_all_at_once_stands_in_the_row_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    kappa = [measure for measure in MEASURES if measure.name == "kappa"]
    monkeypatch.setattr(clips, "measures_in", lambda _: kappa)
    truth, predicted = [0, 1, 2, 0], [0, 2, 2, 1]
    counts = four_counts(np.eye(3)[truth], np.eye(3)[predicted] > 0).sum(axis=0)
    expected = cohen_kappa_score(truth, predicted)
    assert clips.micro_row(counts, 12, True)["kappa"] == pytest.approx(expected)
    assert clips.micro_row(counts, 12, False)["kappa"] != pytest.approx(expected)


def test_answers_that_never_look_get_what_a_constant_ranking_gets() -> None:
    clips_of = np.array([6, 3, 1, 0, 0, 0, 0, 0])
    truth = np.eye(8)[np.repeat(np.arange(8), clips_of)]
    most = np.tile(clips_of / 10, (10, 1))
    measured = class_scores(truth, most)
    for metric in CLASS_METRICS:
        assert metric.majority(clips_of) == pytest.approx(measured[metric.column.name])
        assert 0 <= metric.chance(clips_of) <= 1
