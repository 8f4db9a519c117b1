"""A finished comparison: what its page, its sentences and its words on the terminal are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from actscribe.evaluation.comparison.systems import Shared, System
from actscribe.run_folder.comparison import Provenance
from actscribe.run_folder.run import Run


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """A finished comparison.

    Args:
        folder: where it lies.
        provenance: how it came about.
        runs: of each recognizer, one per seed.
        systems: the recognizers with their measured runs.
        shared: what they have in common.
        tables: by name, the same bytes whenever the same study is compared.
        costs: of each recognizer; these differ from time to time.
    """

    folder: Path
    provenance: Provenance
    runs: Mapping[str, Sequence[Run]]
    systems: tuple[System, ...]
    shared: Shared
    tables: Mapping[str, pd.DataFrame]
    costs: pd.DataFrame
