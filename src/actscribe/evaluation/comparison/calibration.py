"""Whether the scores of recognizers are probabilities, and what is left where the least certain go to a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from actscribe.columns import Column
from actscribe.evaluation.calibration import BRIER, ECE, ECE_FLOOR, calibration_table, fit_temperature, tempered
from actscribe.evaluation.certainty import certainty, risk_coverage
from actscribe.evaluation.comparison.systems import MACRO_F1, SYSTEM, Shared, System
from actscribe.evaluation.measures import LABEL

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
