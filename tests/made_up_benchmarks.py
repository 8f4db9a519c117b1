"""The page of a benchmark with made-up results, as the real thing makes its tables, without any training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from report_runs import EVIL

from actscribe.benchmark.tables import (
    ALL,
    BASE,
    NOVEL,
    SeedResult,
    class_table,
    difference_table,
    result_table,
    seeds_table,
)
from actscribe.evaluation.seeds import harmonic_mean
from actscribe.report.benchmark_page import benchmark_page
from actscribe.settings.recognizers.dual_encoder import VificlipSettings

METRICS = ("top1", "top5", "mean_per_class")
SYSTEMS = ("vifi-clip", "vifi-clip + VgHIF")


def written(path: Path, parts: tuple[str, ...] = (ALL,), seeds: int = 3, classes: int = 51) -> Path:
    """Write the page of both systems; with BASE and NOVEL as parts that of base-to-novel."""
    rng = np.random.default_rng(0)
    results = [_result(name, seed, parts, classes, rng) for name in SYSTEMS for seed in range(seeds)]
    difference = difference_table(results)
    assert difference is not None
    tables = {
        "results": result_table(results),
        "difference": difference,
        "seeds": seeds_table(results),
        "published": pd.DataFrame({"dataset": ["hmdb51"], "top1": [0.572], "top5": [None], "source": ["table 4"]}),
        "classes": class_table(results),
        "availability": pd.DataFrame(
            {"split": ["train", "test"], "expected": [102, 1530], "found": [102, 1528], "missing": [0, 2]}
        ),
    }
    command = f"actscribe benchmark hmdb51 --videos /data/{'long/' * 20}videos --lists 'lists of {EVIL}' --vghif"
    facts = {
        "systems": {name: VificlipSettings.model_validate({}).model_dump(mode="json") for name in SYSTEMS},
        "seconds": {name: {"train": 431.2, "evaluate test": 14.1} for name in SYSTEMS},
        "versions": {"python": "3.12.1", "torch": "2.14.0"},
        "machine": "made-up processor, 2 cores, Linux",
    }
    notes = ("with 3 seeds the sign-flip p is 0.25 at least.",)
    path.write_text(benchmark_page("hmdb51: 2-shot", command, tables, notes, facts), encoding="utf-8")
    return path


def _result(name: str, seed: int, parts: tuple[str, ...], classes: int, rng: np.random.Generator) -> SeedResult:
    values: dict[str, float] = {}
    per_class: dict[str, pd.DataFrame] = {}
    for part in parts:
        prefix = "" if part == ALL else f"{part}_"
        values |= {f"{prefix}{metric}": float(rng.uniform(0.4, 0.9)) for metric in METRICS}
        names = [*(f"shoot_bow_and_arrow_{index}" for index in range(classes - 1)), EVIL]
        right = rng.uniform(0, 1, classes)
        per_class[part] = pd.DataFrame({"class": names, "clips": 30, "accuracy": right})
    if NOVEL in parts:
        values["harmonic_mean"] = harmonic_mean(values[f"{BASE}_top1"], values[f"{NOVEL}_top1"])
    return SeedResult(name, seed, values, per_class)
