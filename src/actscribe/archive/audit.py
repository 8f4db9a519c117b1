"""The indicators of an archive's videos: what a record keeps of them, and back."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from actscribe.archive.record import Done
from actscribe.evaluation.audit.measure import Measurement
from actscribe.evaluation.audit.table import PREDICTED, Audited
from actscribe.labels import LabelSet

#: What a record keeps of a measurement beside its indicator's name.
_STORED_FIELDS = ("part", "value", "low", "high", "state", "why")
_NUMBERS = ("value", "low", "high")


def stored(measurements: Iterable[Measurement]) -> tuple[dict[str, Any], ...]:
    """Return measurements as a record keeps them, numbers that do not exist as null, infinite ones as a word."""
    return tuple(
        {"indicator": one.indicator.name} | {name: _plain(getattr(one, name)) for name in _STORED_FIELDS}
        for one in measurements
    )


def audited(done: Iterable[tuple[str, Done]], labels: LabelSet) -> list[Audited]:
    """Return the measurements that records keep; those of indicators that the label set does not have are left out.

    Args:
        done: (name of the video, record), in the order of the result.
        labels: of the run.
    """
    known = {one.name: one for one in labels.indicators}
    return [
        Audited(
            name,
            PREDICTED,
            tuple(
                Measurement(known[one["indicator"]], **{field: _back(field, one[field]) for field in _STORED_FIELDS})
                for one in record.indicators
                if one["indicator"] in known
            ),
        )
        for name, record in done
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value
    number = float(value)
    return number if math.isfinite(number) else None if math.isnan(number) else "inf"


def _back(field: str, value: Any) -> Any:
    return (math.nan if value is None else float(value)) if field in _NUMBERS else value
