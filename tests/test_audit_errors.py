"""How far a recognizer's indicators are off where groups are few, and where one side alone has pauses."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from actscribe.annotations.interval import Interval
from actscribe.data.recording import Recording
from actscribe.evaluation.audit import table as tables
from actscribe.evaluation.audit.errors import Off
from actscribe.evaluation.audit.table import ANNOTATED, PREDICTED
from actscribe.labels import LabelSet

LABELS = LabelSet.model_validate(
    {
        "name": "lab",
        "labels": ["A", "B"],
        "indicators": [
            {"name": "to A", "measure": "latency", "of": "A", "limit": "<= 60 s", "source": "here"},
            {"name": "in pauses", "measure": "during pauses", "of": "A"},
        ],
    }
)
Bouts = Sequence[Interval]


def errors(truth: Sequence[Bouts], predicted: Sequence[Bouts]) -> Mapping[tuple[str, str], Off]:
    """Return the errors of recordings of 100 s, each of a group of its own."""
    recordings = [Recording(f"r{i}", Path("v"), 100.0, "", f"g{i}", "test", ()) for i in range(len(truth))]
    names = [one.name for one in recordings]
    sides = {ANNOTATED: dict(zip(names, truth, strict=True)), PREDICTED: dict(zip(names, predicted, strict=True))}
    return tables.errors(tables.audit(recordings, sides, LABELS), {one.name: one.group for one in recordings})


@pytest.mark.parametrize(("groups", "verdict"), [(1, "undecided"), (4, "undecided"), (5, "met")])
def test_a_limit_is_decided_from_five_groups_on(groups: int, verdict: str) -> None:
    truth, late = ([[Interval("A", start, 90.0)]] * groups for start in (40.0, 42.0))
    known = errors(truth, late)
    assert known["to A", ""].off_by == 2.0
    assert math.isfinite(known["to A", ""].margin) == (groups == 5)
    new = Recording("new", Path("v"), 100.0, "", "new", "", ())
    row = tables.table(tables.audit([new], {PREDICTED: {"new": [Interval("A", 10.0, 90.0)]}}, LABELS), known).iloc[0]
    assert row["verdict"] == verdict
    assert ("fewer than 5 groups tell" in row["why"]) == (groups < 5)
    promised = tables.error_table(known, LABELS).set_index("indicator").loc["to A", "often"]
    assert (
        math.isnan(row["often"]) == math.isnan(promised) == (groups < 5)
    )  # "0 %" beside no margin would be read as one


def test_pauses_that_one_side_alone_has_are_missed_or_invented() -> None:
    pauses = [Interval("A", 10.0, 20.0), Interval("B", 20.0, 25.0), Interval("A", 30.0, 40.0)]
    none = [Interval("A", 10.0, 40.0), Interval("B", 20.0, 25.0)]
    known = errors([pauses, pauses, none, none], [pauses, none, pauses, none])
    assert ("in pauses", "") not in known
    for part in ("B", "nothing else"):
        own = known["in pauses", part]
        assert (own.recordings, own.missed, own.invented, own.off_by) == (4, 1, 1, 0.0)
