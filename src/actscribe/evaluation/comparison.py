"""Several recognizers on the same clips: how good each is, and whether they differ.

A recognizer may have been trained with several seeds. Its number is then the mean over them, its interval says how far
that mean would move with other groups and other trainings, and `seed_sd` how far it moves from seed to seed (ours).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd

from actscribe.columns import Column, names
from actscribe.data.clips import Clip
from actscribe.data.recording import Recording
from actscribe.evaluation.agreement import four_counts
from actscribe.evaluation.baselines import majority_answers
from actscribe.evaluation.calibration import BRIER, ECE, ECE_FLOOR, calibration_table, fit_temperature, tempered
from actscribe.evaluation.certainty import certainty, risk_coverage
from actscribe.evaluation.clips import macro_f1
from actscribe.evaluation.intervals import Groups, estimate, group_units, label_counts, mean_of_known
from actscribe.evaluation.measures import (
    HEADLINE,
    LABEL,
    LABELS,
    PREDICTED_RATE,
    SUPPORT,
    TERMINAL,
    Measure,
    columns_in,
    measures_in,
)
from actscribe.evaluation.result import Evaluation
from actscribe.evaluation.significance import compare_pair, difference, holm, macro, macro_over_seeds
from actscribe.labels import LabelSet

SYSTEM = Column("system", "recognizer", format="text")
MACRO_F1 = Column(
    "macro_f1",
    "macro F1",
    "mean over labels of F1 (precision and recall in one number), rare ones counting as much as common ones",
    interval=("low", "high"),
    higher_is_better=True,
)
SEEDS = Column("seeds", "seeds", "how often it was trained", "count")
SEED_SD = Column("seed_sd", "± seeds", "standard deviation from training to training", "precise")
NOTE = Column("note", "note", format="text")
#: The table of all recognizers, the same on the terminal, and that of their labels.
HEADLINE_COLUMNS = (SYSTEM, SEEDS, MACRO_F1, SEED_SD, *columns_in(HEADLINE), ECE, ECE_FLOOR, NOTE)
TERMINAL_COLUMNS = (SYSTEM, SEEDS, MACRO_F1, *columns_in(TERMINAL), ECE, NOTE)
LABEL_COLUMNS = (SYSTEM, LABEL, *columns_in(LABELS), SUPPORT, PREDICTED_RATE)
#: The table of pairs.
PAIR_COLUMNS = (
    Column("second", "recognizer", format="text"),
    Column("first", "against", format="text"),
    Column("difference", "difference", "in macro F1, on the same clips", "change", interval=("low", "high")),
    Column(
        "p",
        "p",
        "permutation test: how often chance alone gives a difference at least as large, found by exchanging the two "
        "recognizers recording by recording (or group by group)",
        "precise",
    ),
    Column(
        "p_holm",
        "corrected p",
        "the p beside it, corrected for testing all pairs (Holm); below 0.05 a difference is usually called clear",
        "precise",
    ),
    Column("detectable", "would show", "smallest true difference that one test shows in four of five such studies"),
)

#: Whether scores are probabilities, and what a temperature makes of them.
CALIBRATION_COLUMNS = (
    SYSTEM,
    LABEL,
    replace(ECE, format="precise"),
    replace(ECE_FLOOR, format="precise"),
    BRIER,
    Column("temperature", "temperature", "by which scores are flattened (above 1) or sharpened, fitted on validation"),
    Column("ece_tempered", "ECE after it", "calibration error of the scores after the temperature", "precise"),
    Column("brier_tempered", "Brier after it", "Brier score of the scores after the temperature", "precise"),
)
#: What is left to a recognizer when the least certain clips go to a person.
RISK_COLUMNS = (
    SYSTEM,
    Column("to_person", "to a person", "share of the clips, the least certain ones", "percent"),
    Column("clips", "clips left", "that the recognizer decides", "count"),
    MACRO_F1,
)
#: What more recordings give.
CURVE_COLUMNS = (
    SYSTEM,
    Column("recordings", "recordings", "that it was trained on", "count"),
    SEEDS,
    MACRO_F1,
    SEED_SD,
    Column("gain", "gain", "change in macro F1 since the number before", "change", interval=("gain_low", "gain_high")),
)


@dataclass(frozen=True, slots=True, eq=False)
class System:
    """One recognizer of a comparison.

    Args:
        name: of the recognizer.
        seeds: it was trained with; one where nothing is left to chance.
        runs: measured on test, one per seed.
        validation: targets and scores on validation, shape (clips, labels) each, one pair per seed.
        unread: share of a zero-shot model's answers that could not be read; nan where nothing is written.
    """

    name: str
    seeds: tuple[int, ...]
    runs: tuple[Evaluation, ...]
    validation: tuple[tuple[np.ndarray, np.ndarray], ...]
    unread: float = float("nan")

    def decisions(self) -> np.ndarray:
        """Return the decisions on each clip, bool, shape (clips, seeds, labels)."""
        return np.stack([run.decisions() for run in self.runs], axis=1)

    def counts(self) -> np.ndarray:
        """Return each clip's (tp, fp, fn, tn), shape (clips, seeds, labels, 4)."""
        return np.stack([four_counts(run.targets, run.decisions()) for run in self.runs], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """What all recognizers of a comparison have in common.

    Args:
        labels: the label set.
        clips: in the order of the rows of `targets`, shape (clips, labels), nan not annotated.
        recordings: the annotated ones.
        units, groups: recording and group of each clip.
        grouping: of the clips, for intervals.
        baselines: tables of answers that never look at the video.
        seed: of flips.
    """

    labels: LabelSet
    clips: Sequence[Clip]
    targets: np.ndarray
    recordings: Sequence[Recording]
    units: Sequence[str]
    groups: Sequence[str]
    grouping: Groups
    baselines: Mapping[str, pd.DataFrame]
    seed: int


def share(systems: Sequence[System], priors: np.ndarray, seed: int) -> Shared:
    """Return what the recognizers have in common.

    Args:
        systems: at least one.
        priors: share of positive clips per label in training, shape (labels,).
        seed: of flips.

    Raises:
        ValueError: they were not measured on the same clips and annotations.
    """
    first = systems[0].runs[0]
    for system in systems:
        for run in system.runs:
            if _spans(run) != _spans(first) or not np.array_equal(run.targets, first.targets, equal_nan=True):
                raise ValueError(f"{system.name} was measured on different clips from {systems[0].name}")
    group_of = {recording.name: recording.group for recording in first.recordings}
    units = [clip.recording for clip in first.clips]
    groups = [group_of[unit] for unit in units]
    baselines = dict(first.baselines)
    if first.labels.task == "multi-label":
        baselines["majority"] = majority_answers(first.targets, first.labels.names, priors)
    grouping = group_units(groups)
    return Shared(first.labels, first.clips, first.targets, first.recordings, units, groups, grouping, baselines, seed)


def headline_table(systems: Sequence[System], shared: Shared) -> pd.DataFrame:
    """Return one row per recognizer and baseline, columns HEADLINE_COLUMNS.

    That is `system`; `seeds`; `macro_f1`, `low`, `high`, `seed_sd`; the measures (`evaluation.measures`), means over
    labels or of all at once; `ece`: mean over labels, of classes that of the top label, and `ece_floor`; `note` on the
    interval.
    """
    rows = []
    for system in systems:
        counts = system.counts()[..., :3]
        estimated = estimate(macro, counts, shared.grouping)
        by_seed = macro(counts.sum(axis=0))
        row: dict[str, object] = {"system": system.name, "seeds": len(system.runs), "macro_f1": float(by_seed.mean())}
        row |= {"low": float(estimated.low), "high": float(estimated.high)}
        row["seed_sd"] = float(by_seed.std(ddof=1)) if len(by_seed) > 1 else float("nan")
        for measure, column in zip(measures_in(HEADLINE), columns_in(HEADLINE), strict=True):
            row[column.name] = float(_values(measure, system, shared)[_headline_row(measure, shared)])
        for name in ("ece", "ece_floor"):
            row[name] = float(np.mean([run.calibration[name].iloc[-1] for run in system.runs]))
        rows.append(row | {"note": shared.grouping.note})
    for name, table in shared.baselines.items():
        row = {"system": name, "macro_f1": macro_f1(table), "note": ""}
        for measure, column in zip(measures_in(HEADLINE), columns_in(HEADLINE), strict=True):
            row[column.name] = float(_blind_values(measure, table)[_headline_row(measure, shared)])
        rows.append(row)
    return pd.DataFrame(rows, columns=names(HEADLINE_COLUMNS)).astype({"seeds": "Int64"})


def label_table(systems: Sequence[System], shared: Shared) -> pd.DataFrame:
    """Return one row per recognizer or baseline and label, and their rows `macro` and `micro`; columns LABEL_COLUMNS.

    That is `system`, `label`; the measures (`evaluation.measures`), some with an interval; `support`; `predicted_rate`.
    Means over seeds. `macro` is the mean over labels that a clip shows (of MCC and kappa: that another one does not),
    `micro` counts all decisions together (of classes: all at once, its F1 being the accuracy).
    """
    tables = []
    for system in systems:
        first = system.runs[0].table
        columns: dict[str, object] = {"system": system.name, "label": first["label"], "support": first["support"]}
        columns["predicted_rate"] = np.mean([run.table["predicted_rate"] for run in system.runs], axis=0)
        for measure in measures_in(LABELS):
            columns[measure.name] = _values(measure, system, shared)
            if measure.column.interval:
                columns |= dict(zip(measure.column.interval, _ends(measure, system, shared), strict=True))
        tables.append(pd.DataFrame(columns, columns=names(LABEL_COLUMNS)))
    for name, table in shared.baselines.items():
        columns = {measure.name: _blind_values(measure, table) for measure in measures_in(LABELS)}
        columns |= {name: table[name] for name in ("label", "support", "predicted_rate")}
        tables.append(pd.DataFrame({"system": name, **columns}).reindex(columns=names(LABEL_COLUMNS)))
    return pd.concat(tables, ignore_index=True)


def pair_table(systems: Sequence[System], shared: Shared) -> pd.DataFrame:
    """Return one row per pair of recognizers, and per recognizer against the best answer that never looks.

    Columns: `first`, `second`; `difference` in macro F1 (second minus first), `low`, `high`; `p` of the permutation
    test, `p_holm` corrected for all rows, `smallest_p` that so few groups allow; `detectable`: the smallest true
    difference that this test set would show in four of five studies.
    """
    counts = {system.name: system.counts()[..., :3] for system in systems}
    name, constant = _best_constant(shared)
    pairs = [(name, system.name) for system in systems] + list(combinations(counts, 2))
    counts = {name: constant, **counts}
    differences = [compare_pair(counts[one], counts[other], shared.grouping, shared.seed) for one, other in pairs]
    corrected = holm([difference.p for difference in differences])
    rows = [
        (*pair, each.value, each.low, each.high, each.p, p, each.smallest_p, each.detectable)
        for pair, each, p in zip(pairs, differences, corrected.tolist(), strict=True)
    ]
    columns = ["first", "second", "difference", "low", "high", "p", "p_holm", "smallest_p", "detectable"]
    return pd.DataFrame(rows, columns=columns)


def calibration_rows(systems: Sequence[System], shared: Shared) -> pd.DataFrame:
    """Return the rows of `calibration_table` per recognizer: are scores probabilities, and can they be made so?

    Columns: CALIBRATION_COLUMNS; `ece`, `ece_floor`, `brier` as scored; `temperature` fitted on validation;
    `ece_tempered`, `brier_tempered` on test after it. Means over seeds.
    """
    tables = []
    for system in systems:
        parts = []
        for run, (targets, scores) in zip(system.runs, system.validation, strict=True):
            temperature = fit_temperature(targets, scores, shared.labels.task)
            after = tempered(run.scores, temperature, shared.labels.task)
            mended = calibration_table(run.targets, after, shared.labels.names, shared.labels.task)
            part = run.calibration[["ece", "ece_floor", "brier"]].assign(temperature=temperature)
            parts.append(part.assign(ece_tempered=mended["ece"], brier_tempered=mended["brier"]))
        mean = sum(part.to_numpy() for part in parts) / len(parts)
        table = pd.DataFrame(mean, columns=parts[0].columns)
        table.insert(0, "label", system.runs[0].calibration["label"])
        table.insert(0, "system", system.name)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def risk_rows(systems: Sequence[System], shared: Shared) -> pd.DataFrame:
    """Return `certainty.risk_coverage` of every recognizer, with a column `system` in front."""
    tables = []
    for system in systems:
        sure = [certainty(run.scores, run.thresholds, shared.labels.task) for run in system.runs]
        table = risk_coverage(shared.targets, system.decisions(), np.stack(sure, axis=1), shared.grouping)
        table.insert(0, "system", system.name)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def curve_table(points: Sequence[tuple[int, System]], shared: Shared) -> pd.DataFrame:
    """Return macro F1 by number of training recordings.

    Columns: `system`, `recordings`, `seeds`, `macro_f1`, `low`, `high`, `seed_sd`, as in `headline_table`; `gain`,
    `gain_low`, `gain_high`: change since the number before, on the same clips; nan for the first.

    Args:
        points: number of training recordings, and the recognizer that was trained on them; of each recognizer in order.
        shared: of the comparison.
    """
    rows = []
    before: tuple[str, np.ndarray] | None = None
    for number, system in points:
        counts = system.counts()[..., :3]
        estimated = estimate(macro, counts, shared.grouping)
        by_seed = macro(counts.sum(axis=0))
        spread = float(by_seed.std(ddof=1)) if len(by_seed) > 1 else float("nan")
        gain = [float("nan")] * 3
        if before is not None and before[0] == system.name:
            change = difference(before[1], counts, shared.grouping)
            gain = [float(change.value), float(change.low), float(change.high)]
        before = (system.name, counts)
        ends = (float(estimated.low), float(estimated.high))
        rows.append((system.name, number, len(by_seed), float(estimated.value), *ends, spread, *gain))
    return pd.DataFrame(rows, columns=names(CURVE_COLUMNS))


def score_table(systems: Sequence[System], shared: Shared) -> pd.DataFrame:
    """Return one row per recognizer, seed, clip and label.

    Columns: `recognizer`, `seed`, `recording`, `start_s`, `end_s`, `label`, `target` (nan not annotated), `score`,
    `threshold` (nan in a multi-class set), `predicted`.
    """
    clips, labels = len(shared.clips), len(shared.labels)
    tables = []
    for system in systems:
        for seed, run in zip(system.seeds, system.runs, strict=True):
            thresholds = run.thresholds if shared.labels.task == "multi-label" else np.full(labels, np.nan)
            columns = {
                "recognizer": [system.name] * (clips * labels),
                "seed": [seed] * (clips * labels),
                "recording": np.repeat(shared.units, labels),
                "start_s": np.repeat([clip.start for clip in shared.clips], labels),
                "end_s": np.repeat([clip.end for clip in shared.clips], labels),
                "label": np.tile(shared.labels.names, clips),
                "target": run.targets.ravel().astype(float),
                "score": run.scores.ravel(),
                "threshold": np.tile(thresholds, clips),
                "predicted": run.decisions().ravel(),
            }
            tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def _spans(run: Evaluation) -> list[tuple[str, float, float]]:
    return [(clip.recording, clip.start, clip.end) for clip in run.clips]


def _values(measure: Measure, system: System, shared: Shared) -> np.ndarray:
    """Return a measure per label with macro and micro behind, means over seeds, shape (labels + 2,)."""
    if measure.name in system.runs[0].table:
        return np.asarray(np.mean([run.table[measure.name].to_numpy(dtype=float) for run in system.runs], axis=0))
    by_seed = measure.with_averages(system.counts().sum(axis=0), shared.labels.task == "multi-class")
    return mean_of_known(by_seed, axis=-2)


def _blind_values(measure: Measure, table: pd.DataFrame) -> np.ndarray:
    """Return the same of an answer that never looks, from its table of labels."""
    if measure.blind is not None:
        return np.full(len(table), measure.blind)
    if measure.name not in table:
        raise ValueError(f"{measure.name} needs a number for answers that never look, or a place in a run's table")
    return np.asarray(table[measure.name].to_numpy(dtype=float))


def _ends(measure: Measure, system: System, shared: Shared) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of a measure's intervals, shape (labels + 2,) each; none passes 1, where every measure ends."""
    if measure.ranked is not None:
        ranked = measure.ranked(shared.targets, np.stack([run.scores for run in system.runs], axis=1), shared.grouping)
        return ranked.low, ranked.high
    counts = system.counts()
    showing = np.append(shared.grouping.showing(counts[..., :3]), [shared.grouping.count] * 2)
    is_one_of_several = shared.labels.task == "multi-class"
    estimated = estimate(
        lambda pooled: measure.with_averages(pooled, is_one_of_several), counts, shared.grouping, measure.scale, showing
    )
    return estimated.low, np.minimum(estimated.high, 1.0)


def _headline_row(measure: Measure, shared: Shared) -> int:
    """Return in which row of a table of labels the headline's number stands."""
    at_once = measure.at_once is not None and shared.labels.task == "multi-class"
    return -1 if at_once or measure.headline == "micro" else -2


def constant_answers(shared: Shared) -> dict[str, np.ndarray]:
    """Return the answers that are the same for every clip by name, each bool, shape (labels,)."""
    labels = len(shared.labels)
    if shared.labels.task == "multi-class":
        recall = shared.baselines["majority"]["recall"].to_numpy(dtype=float)[:labels]
        return {"majority": np.nan_to_num(recall) > 0}  # nothing, where no clip of this split is of that class
    majority = shared.baselines["majority"]["predicted_rate"].to_numpy(dtype=float)[:labels] > 0
    none = np.zeros(labels, dtype=bool)
    return {"always yes": ~none, "always no": none, "majority": majority}


def constant_counts(shared: Shared, decisions: np.ndarray) -> np.ndarray:
    """Return the counts of an answer that is the same for every clip, shape (clips, 1, labels, 3)."""
    return label_counts(shared.targets, np.broadcast_to(decisions, shared.targets.shape))[:, None]


def _best_constant(shared: Shared) -> tuple[str, np.ndarray]:
    """Return the best of the answers that are the same for every clip, with its counts, shape (clips, 1, labels, 3)."""
    counts = {name: constant_counts(shared, decisions) for name, decisions in constant_answers(shared).items()}
    best = max(counts, key=lambda name: float(np.nan_to_num(macro_over_seeds(counts[name].sum(axis=0)))))
    return best, counts[best]
