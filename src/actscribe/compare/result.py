"""From the runs of a comparison to its tables."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from actscribe.compare.cost import Cost, kept_cost
from actscribe.compare.plan import Part, parts
from actscribe.data.clips import targets
from actscribe.data.pairs import pairs_of
from actscribe.evaluation import raters
from actscribe.evaluation.annotators import annotator_table
from actscribe.evaluation.causality import causality_table
from actscribe.evaluation.comparison.calibration import calibration_rows, risk_rows
from actscribe.evaluation.comparison.curve import curve_table
from actscribe.evaluation.comparison.disagreements import disagreement_table
from actscribe.evaluation.comparison.hallucination import hallucination_rows
from actscribe.evaluation.comparison.headline import headline_table, label_table
from actscribe.evaluation.comparison.pairs import pair_table
from actscribe.evaluation.comparison.slices import slice_table
from actscribe.evaluation.comparison.systems import Shared, System, share
from actscribe.evaluation.comparison.timelines import indicator_table, timeline_table
from actscribe.evaluation.hallucination import unread_share
from actscribe.report.comparison.comparison import Comparison
from actscribe.run_folder import file_names
from actscribe.run_folder.comparison import Provenance
from actscribe.run_folder.file_names import RUN_FILE
from actscribe.run_folder.run import Run
from actscribe.runs.evaluate import measured, training_priors
from actscribe.settings.causality import looks_around


def assemble(folder: Path, provenance: Provenance) -> Comparison:
    """Read the runs of a comparison, measure them and put the tables together; no video is read.

    Args:
        folder: of the comparison.
        provenance: with the folder of every part's run.
    """
    runs = {name: _runs(folder, provenance, name) for name in provenance.recognizers}
    systems = tuple(_system(name, its) for name, its in runs.items())
    first = next(iter(runs.values()))[0]
    shared = share(systems, training_priors(first), provenance.study.seed)
    made: dict[str, pd.DataFrame | None] = {
        "headline": headline_table(systems, shared),
        "labels": label_table(systems, shared),
        "pairs": pair_table(systems, shared),
        "annotators": annotator_table(systems, shared, provenance.second, provenance.study.windows.threshold),
        "annotator_moments": _moments(shared, provenance),
        "calibration": calibration_rows(systems, shared),
        "risk_coverage": risk_rows(systems, shared),
        "timelines": timeline_table(systems, shared),
        "indicators": indicator_table(systems, shared),
        "slices": slice_table(systems, shared, provenance.columns),
        "hallucination": hallucination_rows(systems, shared),
        "disagreements": disagreement_table(systems, shared),
        "causality": causality_table(_pairs_of_causality(provenance, systems), shared),
        "learning_curve": _curve(folder, provenance, systems, shared, _training_recordings(first)),
    }
    tables = {name: table for name, table in made.items() if table is not None}
    return Comparison(folder, provenance, runs, systems, shared, tables, cost_table(runs))


def _moments(shared: Shared, provenance: Provenance) -> pd.DataFrame | None:
    """Return how far two annotators agree on when something happens; None without two, and of trimmed videos."""
    pairs = pairs_of(shared.recordings, provenance.second)
    if not pairs or provenance.study.windows.length is None:
        return None
    groups = {one.name: one.group for one in shared.recordings}
    return raters.agreement(pairs, shared.labels.names, groups=[groups[pair.name] for pair in pairs]).table


def _pairs_of_causality(provenance: Provenance, systems: Sequence[System]) -> list[tuple[System, System]]:
    """Return each recognizer that looks at the past alone with the one that differs in nothing else, where there is."""
    by_name = {system.name: system for system in systems}
    others = {name: looks_around(provenance.study, name, by_name) for name in by_name}
    return [(by_name[name], by_name[other]) for name, other in others.items() if other]


def cost_table(runs: Mapping[str, Sequence[Run]]) -> pd.DataFrame:
    """Return one row per recognizer with the fields of `Cost`: the most memory and parameters, means of the rest."""
    rows = []
    for name, its in runs.items():
        costs = [cost for run in its if (cost := kept_cost(run)) is not None]
        row: dict[str, object] = {"system": name}
        for field in Cost.model_fields:
            known = [value for cost in costs if (value := getattr(cost, field)) is not None]
            peak = field.endswith(("parameters", "memory_mb"))
            row[field] = (max(known) if peak else float(np.mean(known))) if known else None
        rows.append(row)
    return pd.DataFrame(rows)


def _runs(folder: Path, provenance: Provenance, name: str) -> list[Run]:
    whole = parts(provenance.study, [name], provenance.seeds, ())
    return [_run(folder, provenance, part) for part in whole]


def _run(folder: Path, provenance: Provenance, part: Part) -> Run:
    return Run.open(provenance.runs[part.subfolder].find(folder, RUN_FILE))


def _system(name: str, runs: Sequence[Run]) -> System:
    validation = []
    for run in runs:
        scored = run.scores("validation")
        validation.append((targets(scored.clips, run.labels.task, run.study.windows.threshold), scored.scores))
    results = tuple(measured(run)[0] for run in runs)
    return System(name, tuple(run.info.seed for run in runs), results, tuple(validation), _unread(runs[0]))


def _unread(run: Run) -> float:
    """Return the share of a zero-shot model's answers on test that could not be read, nan for other recognizers."""
    path = run.folder / file_names.of_split(file_names.HALLUCINATION, "test")
    if not path.is_file():
        return float("nan")
    return unread_share(json.loads(path.read_text(encoding="utf-8")))


def _training_recordings(run: Run) -> int:
    return sum(recording.intervals is not None for recording in run.recordings("train"))


def _curve(
    folder: Path, provenance: Provenance, systems: Sequence[System], shared: Shared, everything: int
) -> pd.DataFrame | None:
    """Return macro F1 by number of training recordings, the whole set last; None where no curve was asked for."""
    if not provenance.curve:
        return None
    by_name = {system.name: system for system in systems}
    points = []
    every = parts(provenance.study, provenance.recognizers, provenance.seeds, provenance.curve)
    for name in provenance.recognizers:
        for number in provenance.curve:
            its = [_run(folder, provenance, p) for p in every if (p.recognizer, p.recordings) == (name, number)]
            if its:
                points.append((number, _system(name, its)))
        points.append((everything, by_name[name]))
    return curve_table(points, shared)
