"""How often each recognizer says what is not there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from actscribe.columns import Column, names
from actscribe.evaluation.comparison.systems import SYSTEM, Shared, System
from actscribe.evaluation.hallucination import empty_table, rates_table, rules_table
from actscribe.evaluation.result import Evaluation

#: How often a recognizer says what is not there.
CLAIM_COLUMNS = (
    SYSTEM,
    Column(
        "false_alarm_rate",
        "false alarms",
        "share of the clips without a label in which it is marked, mean over labels",
        "percent",
        higher_is_better=False,
    ),
    Column("says_yes", "says yes", "share of the clips that it marks, mean over labels", "percent"),
    Column("is_true", "is true", "share of the clips that show a label, mean over labels", "percent"),
    Column(
        "empty_clips",
        "empty clips",
        "share of the clips that show nothing in which it marks something",
        "percent",
        higher_is_better=False,
    ),
    Column(
        "broken_rules",
        "broken rules",
        "share of the occasions at which a rule of the label set is broken",
        "percent",
        higher_is_better=False,
    ),
    Column(
        "not_read",
        "not read",
        "share of a model's written answers that could not be read",
        "percent",
        higher_is_better=False,
    ),
)


def hallucination_rows(systems: Sequence[System], shared: Shared) -> pd.DataFrame:
    """Return how often each recognizer says what is not there.

    Columns: `system`; `false_alarm_rate`: yes where the label is absent, mean over labels; `says_yes`, `is_true`: mean
    rates over labels; `empty_clips`: share of clips annotated as showing nothing in which it claims something;
    `broken_rules`: share of the occasions at which a rule of the label set could break that do; `not_read`: share of
    written answers that could not be read. nan where there is no such clip, rule or answer.
    """
    rows = []
    for system in systems:
        rates = [_wrongly_claimed(run, shared) for run in system.runs]
        means = {name: float(np.mean([each[name] for each in rates])) for name in rates[0]}
        rows.append({"system": system.name, **means, "not_read": system.unread})
    return pd.DataFrame(rows, columns=names(CLAIM_COLUMNS))


def _wrongly_claimed(run: Evaluation, shared: Shared) -> dict[str, float]:
    decisions = run.decisions()
    rates = rates_table(shared.labels, run.targets, decisions)
    empty = empty_table(shared.labels, run.targets, decisions)
    rules = rules_table(shared.labels, decisions, np.zeros(decisions.shape, dtype=bool))
    possible = sum(rule["clips where it could break"] for rule in rules)
    return {
        "false_alarm_rate": _mean([rate["yes where absent"] for rate in rates]),
        "says_yes": _mean([rate["says yes"] for rate in rates]),
        "is_true": _mean([rate["is true"] for rate in rates]),
        "empty_clips": float(empty[-1]["share"]) if empty else float("nan"),
        "broken_rules": sum(rule["broken"] for rule in rules) / possible if possible else float("nan"),
    }


def _mean(values: Sequence[float | None]) -> float:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else float("nan")
