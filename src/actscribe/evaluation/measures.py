"""The measures of clips. One is a function and an entry of MEASURES: every table, page and list of words follows.

Counts are (tp, fp, fn, tn) on the last axis, whole or expected, of any shape before it. They add up over clips, so a
measure of counts has intervals over groups; one of a ranking is worked out from the scores of a label's clips.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from actscribe.columns import Column
from actscribe.evaluation.agreement import class_kappa, class_mcc, kappa, mcc, where_varied
from actscribe.evaluation.intervals import Estimate, Groups, Scale, mean_of_known
from actscribe.evaluation.ranking import average_precision, precision_estimate
from actscribe.timeline.matching import f1_of

#: A run's table of labels, with its baselines; a comparison's table of labels; its headline; that on the terminal.
CLIPS, LABELS, HEADLINE, TERMINAL = "clips", "labels", "headline", "terminal"


@dataclass(frozen=True, slots=True)
class Measure:
    """A number about decisions on clips, or about their ranking by score.

    Args:
        column: its name, what it means, how it is shown; with the names of an interval where it gets one.
        tables: in which it stands.
        counts: from counts, shape (..., 4), to values, shape (...); None for a ranking.
        ranking: from a label's targets (bool) and scores, both of shape (clips,), to a number; None for counts.
        ranked: of a ranking with an interval: from targets (clips, labels), scores (clips, seeds, labels) and groups to
            the estimates of labels, macro and micro.
        over: of which labels `macro` is the mean: those that a clip shows, or those that another one does not, too.
        at_once: what stands for `micro` where a clip has one class out of several: (..., classes, 4) to (...).
        headline: which row stands in the headline.
        blind: what an answer that does not depend on the clip gets; None: it is measured, as that of a recognizer.
        scale: of its interval.
    """

    column: Column
    tables: frozenset[str]
    counts: Callable[[np.ndarray], np.ndarray] | None = None
    ranking: Callable[[np.ndarray, np.ndarray], float] | None = None
    ranked: Callable[[np.ndarray, np.ndarray, Groups], Estimate] | None = None
    over: Literal["shown", "varied"] = "shown"
    at_once: Callable[[np.ndarray], np.ndarray] | None = None
    headline: Literal["macro", "micro"] = "macro"
    blind: float | None = None
    scale: Scale = "share"

    @property
    def name(self) -> str:
        """Of its column."""
        return self.column.name

    def with_averages(self, counts: np.ndarray, is_one_of_several: bool) -> np.ndarray:
        """Return values of labels with macro and micro behind: (..., labels, 4) to (..., labels + 2).

        Raises:
            TypeError: it is a ranking.
        """
        if self.counts is None:
            raise TypeError(f"{self.name} cannot be worked out from counts")
        values = self.counts(counts)
        macro = mean_of_known(np.where(self.averaged(counts), values, np.nan))
        return np.concatenate([values, macro[..., None], self.micro(counts, is_one_of_several)[..., None]], axis=-1)

    def micro(self, counts: np.ndarray, is_one_of_several: bool) -> np.ndarray:
        """Return the value of all decisions together, or of all classes at once: (..., labels, 4) to (...)."""
        if self.at_once is not None and is_one_of_several:
            return self.at_once(counts)
        assert self.counts is not None
        return self.counts(counts.sum(axis=-2))

    def averaged(self, counts: np.ndarray) -> np.ndarray:
        """Return over which labels `macro` is the mean, bool, (..., labels, 4) to (..., labels)."""
        shown = counts[..., 0] + counts[..., 2] > 0
        return np.asarray(shown if self.over == "shown" else np.isfinite(where_varied(np.zeros(shown.shape), counts)))


def precision(counts: np.ndarray) -> np.ndarray:
    """Return the share of what is marked that is right, 0 where nothing is; scikit-learn's with `zero_division=0`."""
    tp, fp = np.asarray(counts[..., 0], dtype=float), counts[..., 1]
    return np.asarray(np.divide(tp, tp + fp, out=np.zeros(tp.shape), where=tp + fp > 0))


def recall(counts: np.ndarray) -> np.ndarray:
    """Return the share of what is there that is marked, nan where nothing is there."""
    tp, fn = np.asarray(counts[..., 0], dtype=float), counts[..., 2]
    return np.asarray(np.divide(tp, tp + fn, out=np.full(tp.shape, np.nan), where=tp + fn > 0))


KAPPA = Column(
    "kappa",
    "kappa",
    "Cohen's kappa, agreement with the annotator beyond what chance gives; 0 is chance, 1 full agreement",
    interval=("kappa_low", "kappa_high"),
    higher_is_better=True,
)
MEASURES = (
    Measure(
        Column(
            "precision",
            "precision",
            "of the clips that were marked, the share that really show it, a dash where none was marked; low: many "
            "false alarms",
            higher_is_better=True,
        ),
        frozenset({CLIPS, LABELS, HEADLINE}),
        counts=precision,
    ),
    Measure(
        Column(
            "recall",
            "recall",
            "of the clips that show the activity, the share that was marked (sensitivity); low: much is missed",
            higher_is_better=True,
        ),
        frozenset({CLIPS, LABELS, HEADLINE}),
        counts=recall,
    ),
    Measure(
        Column(
            "f1",
            "F1",
            "precision and recall in one number (their harmonic mean), high only if both are; from 0 to 1",
            interval=("low", "high"),
            higher_is_better=True,
        ),
        frozenset({CLIPS, LABELS, HEADLINE}),
        counts=f1_of,
        headline="micro",
    ),
    Measure(
        Column(
            "average_precision",
            "AP",
            "average precision: how well scores rank clips that show the activity above those that do not, whatever "
            "the threshold; chance gives the share of clips that show it",
            interval=("average_precision_low", "average_precision_high"),
            short="AP",
            higher_is_better=True,
        ),
        frozenset({CLIPS, LABELS, HEADLINE, TERMINAL}),
        ranking=average_precision,
        ranked=precision_estimate,
    ),
    Measure(
        Column(
            "mcc",
            "MCC",
            "Matthews' correlation of decisions with the annotation; 0 is chance, 1 full agreement",
            higher_is_better=True,
        ),
        frozenset({LABELS, HEADLINE}),
        counts=mcc,
        over="varied",
        at_once=class_mcc,
        blind=0.0,
        scale="signed",
    ),
    Measure(
        KAPPA,
        frozenset({LABELS, HEADLINE, TERMINAL}),
        counts=kappa,
        over="varied",
        at_once=class_kappa,
        blind=0.0,
        scale="signed",
    ),
)

LABEL = Column("label", "label", format="text")
SUPPORT = Column("support", "clips with", "clips in which the activity is annotated", "count")
ANNOTATED = Column("annotated", "annotated clips", "clips that somebody annotated for it", "count")
PREDICTED_RATE = Column(
    "predicted_rate", "predicted", "share of the annotated clips that the recognizer marked", "percent", short="marked"
)
PRIOR = Column("prior", "annotated", "share of the annotated clips that show the activity", "percent")


def measures_in(table: str) -> tuple[Measure, ...]:
    """Return the measures of a table; of the headline means over labels first, then what counts all together."""
    measures = [measure for measure in MEASURES if table in measure.tables]
    if table in (HEADLINE, TERMINAL):
        measures.sort(key=lambda measure: (measure.at_once is not None, measure.headline == "micro"))
    return tuple(measures)


def columns_in(table: str) -> tuple[Column, ...]:
    """Return the columns of the measures of a table, those of the headline under the names that they have there."""
    if table not in (HEADLINE, TERMINAL):
        return tuple(measure.column for measure in measures_in(table))
    return tuple(_in_headline(measure) for measure in measures_in(table))


def _in_headline(measure: Measure) -> Column:
    """Return the column of the headline, which holds no interval but that of macro F1."""
    column = replace(measure.column, interval=())
    if measure.headline == "micro":
        meaning = f"{measure.column.title} of all decisions of all labels together; of classes: the accuracy"
        return replace(column, name=f"micro_{column.name}", title=f"micro {column.title}", meaning=meaning)
    if measure.at_once is not None:  # of classes it is not a mean
        return column
    return replace(column, name=f"macro_{column.name}", meaning=f"{column.meaning}; mean over labels")


#: A run's table of labels; the same where room is scarce: of baselines and on the terminal.
CLIP_COLUMNS = (LABEL, *columns_in(CLIPS), SUPPORT, ANNOTATED, PREDICTED_RATE, PRIOR)
BRIEF_COLUMNS = (LABEL, *columns_in(CLIPS), SUPPORT, PREDICTED_RATE)
