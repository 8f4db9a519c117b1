"""Several recognizers on the same clips: how good each is, and whether they differ.

A recognizer may have been trained with several seeds. Its number is then the mean over them, its interval says how far
that mean would move with other groups and other trainings, and `seed_sd` how far it moves from seed to seed (ours).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np
import pandas as pd

from actscribe.data.clips import Clip
from actscribe.data.recording import Recording
from actscribe.evaluation.agreement import class_kappa, class_mcc, four_counts, kappa, mcc, where_varied
from actscribe.evaluation.baselines import majority_answers
from actscribe.evaluation.calibration import calibration_table, fit_temperature, tempered
from actscribe.evaluation.certainty import certainty, risk_coverage
from actscribe.evaluation.intervals import Groups, estimate, group_units, label_counts, mean_of_known
from actscribe.evaluation.result import Evaluation
from actscribe.evaluation.significance import compare_pair, difference, holm, macro, macro_over_seeds
from actscribe.labels import LabelSet
from actscribe.timeline.matching import f1_of

#: What stands for these measures where a clip has one class out of several.
AT_ONCE: dict[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray]] = {
    kappa: class_kappa,
    mcc: class_mcc,
}
#: Numbers of the rows `macro` and `micro` that the headline carries, under the names it gives them.
HEADLINE = {"precision": "macro", "recall": "macro", "average_precision": "macro", "f1": "micro"}


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
        """Return what is said of each clip, bool, shape (clips, seeds, labels)."""
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
                raise ValueError(f"{system.name} was measured on other clips than {systems[0].name}")
    group_of = {recording.name: recording.group for recording in first.recordings}
    units = [clip.recording for clip in first.clips]
    groups = [group_of[unit] for unit in units]
    baselines = dict(first.baselines)
    if first.labels.task == "multi-label":
        baselines["majority"] = majority_answers(first.targets, first.labels.names, priors)
    grouping = group_units(groups)
    return Shared(first.labels, first.clips, first.targets, first.recordings, units, groups, grouping, baselines, seed)


def headline_table(systems: Sequence[System], shared: Shared) -> pd.DataFrame:
    """Return one row per recognizer and baseline.

    Columns: `system`; `seeds`; `macro_f1`, `low`, `high`, `seed_sd`; `macro_precision`, `macro_recall`,
    `macro_average_precision`, `micro_f1` (of classes: the accuracy); `mcc`, `kappa`: means over labels that are
    neither in all clips nor in none (of classes: of all at once), 0 for an answer that does not depend on the clip;
    `ece`: mean over labels, of classes that of the top label, and `ece_floor`; `note` on the interval.
    """
    rows = []
    for system in systems:
        counts = system.counts()
        found = estimate(macro, counts[..., :3], shared.grouping)
        by_seed = macro(counts.sum(axis=0)[..., :3])
        row: dict[str, object] = {"system": system.name, "seeds": len(system.runs), "macro_f1": float(by_seed.mean())}
        row |= {"low": float(found.low), "high": float(found.high)}
        row["seed_sd"] = float(by_seed.std(ddof=1)) if len(by_seed) > 1 else float("nan")
        row |= _averages([run.table for run in system.runs])
        pooled, whole = counts.sum(axis=0), shared.labels.task == "multi-class"
        for name, measure in (("mcc", mcc), ("kappa", kappa)):
            values = AT_ONCE[measure](pooled) if whole else mean_of_known(where_varied(measure(pooled), pooled))
            row[name] = float(mean_of_known(values))
        for name in ("ece", "ece_floor"):
            row[name] = float(np.mean([run.calibration[name].iloc[-1] for run in system.runs]))
        rows.append(row | {"note": shared.grouping.note})
    for name, table in shared.baselines.items():
        value = float(table.loc[table["label"] == "macro", "f1"].iloc[0])
        rows.append({"system": name, "macro_f1": value} | _averages([table]) | {"mcc": 0.0, "kappa": 0.0, "note": ""})
    return pd.DataFrame(rows).astype({"seeds": "Int64"})


def label_table(systems: Sequence[System], shared: Shared) -> pd.DataFrame:
    """Return one row per recognizer or baseline and label, and their rows `macro` and `micro`.

    Columns: `system`, `label`; `precision`, `recall`, `f1` with `low`, `high`; `average_precision`; `mcc`; `kappa`
    with `kappa_low`, `kappa_high`; `support`; `predicted_rate`. Means over seeds. `macro` is the mean over labels that
    a clip shows (of MCC and kappa: that another one does not), `micro` counts all decisions together (of classes: all
    at once, its F1 being the accuracy).
    """
    rows = []
    names = [*shared.labels.names, "macro", "micro"]
    for system in systems:
        counts = system.counts()
        showing = shared.grouping.showing(counts[..., :3])
        showing = np.concatenate([showing, [shared.grouping.count] * 2])
        f1 = estimate(partial(_with_averages, f1_of, shared), counts, shared.grouping, "share", showing)
        agreed = estimate(partial(_with_averages, kappa, shared), counts, shared.grouping, "any", showing)
        correlated = _over_seeds(_with_averages(mcc, shared, counts.sum(axis=0)))
        for place, name in enumerate(names):
            row: dict[str, object] = {"system": system.name, "label": name}
            row |= _label_row([run.table for run in system.runs], place)
            row |= {"low": float(f1.low[place]), "high": float(f1.high[place]), "mcc": float(correlated[place])}
            row |= {"kappa": float(agreed.value[place]), "kappa_low": float(agreed.low[place])}
            rows.append(row | {"kappa_high": float(min(agreed.high[place], 1.0))})
    for name, table in shared.baselines.items():
        rows += [
            {"system": name, "label": label} | _label_row([table], place) | {"mcc": 0.0, "kappa": 0.0}
            for place, label in enumerate(names)
        ]
    columns = ["system", "label", "precision", "recall", "f1", "low", "high", "average_precision", "mcc", "kappa"]
    columns += ["kappa_low", "kappa_high", "support", "predicted_rate"]
    return pd.DataFrame(rows, columns=columns)


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
    found = [compare_pair(counts[one], counts[other], shared.grouping, shared.seed) for one, other in pairs]
    corrected = holm([difference.p for difference in found])
    rows = [
        (*pair, each.value, each.low, each.high, each.p, p, each.smallest_p, each.detectable)
        for pair, each, p in zip(pairs, found, corrected.tolist(), strict=True)
    ]
    columns = ["first", "second", "difference", "low", "high", "p", "p_holm", "smallest_p", "detectable"]
    return pd.DataFrame(rows, columns=columns)


def calibration_rows(systems: Sequence[System], shared: Shared) -> pd.DataFrame:
    """Return the rows of `calibration_table` per recognizer: are scores probabilities, and can they be made so?

    Columns: `system`, `label`; `ece`, `ece_floor`, `brier` as scored; `temperature` fitted on validation;
    `ece_tempered`, `brier_tempered` on test after it. Means over seeds.
    """
    tables = []
    for system in systems:
        parts = []
        for run, (goals, scores) in zip(system.runs, system.validation, strict=True):
            temperature = fit_temperature(goals, scores, shared.labels.task)
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
        found = estimate(macro, counts, shared.grouping)
        by_seed = macro(counts.sum(axis=0))
        spread = float(by_seed.std(ddof=1)) if len(by_seed) > 1 else float("nan")
        gain = [float("nan")] * 3
        if before is not None and before[0] == system.name:
            change = difference(before[1], counts, shared.grouping)
            gain = [float(change.value), float(change.low), float(change.high)]
        before = (system.name, counts)
        ends = (float(found.low), float(found.high))
        rows.append((system.name, number, len(by_seed), float(found.value), *ends, spread, *gain))
    columns = ["system", "recordings", "seeds", "macro_f1", "low", "high", "seed_sd", "gain", "gain_low", "gain_high"]
    return pd.DataFrame(rows, columns=columns)


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


def _averages(tables: Sequence[pd.DataFrame]) -> dict[str, object]:
    """Return numbers of the rows `macro` and `micro`, means over tables."""
    found: dict[str, object] = {}
    for column, row in HEADLINE.items():
        values = [table.loc[table["label"] == row, column].iloc[0] for table in tables]
        found[f"{row}_{column}"] = float(np.mean(values))
    return found


def _label_row(tables: Sequence[pd.DataFrame], place: int) -> dict[str, object]:
    names = ("precision", "recall", "f1", "average_precision", "predicted_rate")
    row: dict[str, object] = {name: float(np.mean([table[name].iloc[place] for table in tables])) for name in names}
    return row | {"support": int(tables[0]["support"].iloc[place])}


def _with_averages(measure: Callable[[np.ndarray], np.ndarray], shared: Shared, counts: np.ndarray) -> np.ndarray:
    """Return a measure per label with macro and micro behind: (..., labels, 4) to (..., labels + 2)."""
    values = measure(counts)
    at_once = AT_ONCE.get(measure) if shared.labels.task == "multi-class" else None
    micro = at_once(counts) if at_once else measure(counts.sum(axis=-2))
    mean = mean_of_known(where_varied(values, counts) if measure in AT_ONCE else values)
    return np.concatenate([values, mean[..., None], micro[..., None]], axis=-1)


def constant_answers(shared: Shared) -> dict[str, np.ndarray]:
    """Return the answers that are the same for every clip by name, each bool, shape (labels,)."""
    labels = len(shared.labels)
    if shared.labels.task == "multi-class":
        recall = shared.baselines["majority"]["recall"].to_numpy(dtype=float)[:labels]
        return {"majority": np.nan_to_num(recall) > 0}  # nothing, where no clip of this split is of that class
    majority = shared.baselines["majority"]["predicted_rate"].to_numpy(dtype=float)[:labels] > 0
    none = np.zeros(labels, dtype=bool)
    return {"always yes": ~none, "always no": none, "majority": majority}


def constant_counts(shared: Shared, said: np.ndarray) -> np.ndarray:
    """Return the counts of an answer that is the same for every clip, shape (clips, 1, labels, 3)."""
    return label_counts(shared.targets, np.broadcast_to(said, shared.targets.shape))[:, None]


def _best_constant(shared: Shared) -> tuple[str, np.ndarray]:
    """Return the best of the answers that are the same for every clip, with its counts, shape (clips, 1, labels, 3)."""
    counts = {name: constant_counts(shared, said) for name, said in constant_answers(shared).items()}
    best = max(counts, key=lambda name: float(np.nan_to_num(macro_over_seeds(counts[name].sum(axis=0)))))
    return best, counts[best]


def _over_seeds(values: np.ndarray) -> np.ndarray:
    """Return the mean over the axis of seeds, the last but one, of what is known."""
    return mean_of_known(np.swapaxes(values, -1, -2))
