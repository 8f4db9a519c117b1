"""Measuring a backbone with and without VgHIF on a benchmark set: shots drawn, trained, tested, over several seeds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pandas as pd

from actscribe.benchmark.draw import Classes, Draw, classes_of, draw
from actscribe.benchmark.plan import Plan
from actscribe.benchmark.published import published_notes, published_table
from actscribe.benchmark.tables import (
    ALL,
    BASE,
    NOVEL,
    SeedResult,
    class_table,
    difference_table,
    files,
    result_table,
    seed_result,
    seeds_table,
)
from actscribe.benchmark.work import NOVEL_FOLDER, Piece, finish_all, study_with, system
from actscribe.counts import counted
from actscribe.data.benchmarks.base import Benchmark, Missing
from actscribe.data.benchmarks.convert import Probes, availability, lacking, missing_table
from actscribe.errors import ActScribeError
from actscribe.files import check_writable, folder_beside
from actscribe.ownership import check_replaceable
from actscribe.progress import say
from actscribe.recognizers.base import implementation
from actscribe.report.benchmark_page import REPORT, benchmark_page
from actscribe.run_folder.environment import machine, versions
from actscribe.run_folder.run import Run
from actscribe.runs.preflight import Infos, memory_warnings, refusals
from actscribe.runs.reuse import complete_run
from actscribe.runs.train import UNDECIDED
from actscribe.video.cache import FrameCache
from actscribe.video.contained import contained

#: Tables that belong on a terminal, with their titles.
SHOWN = {
    "availability": "Clips of the set on this machine",
    "published": "What the recipe's authors report",
    "results": "Results with 95 % intervals",
    "difference": "With VgHIF less without, on the same seeds",
}


@dataclass(frozen=True, slots=True, eq=False)
class Benchmarked:
    """What `benchmark` returns.

    Args:
        folder: of the tables: results, difference (with VgHIF), seeds, classes, availability, missing, published, and
            of report.html.
        results: one a system and seed.
        tables: by name.
        notes: what the user should know.
    """

    folder: Path
    results: tuple[SeedResult, ...]
    tables: Mapping[str, pd.DataFrame]
    notes: tuple[str, ...]

    def shown(self) -> dict[str, pd.DataFrame]:
        """Return the tables that belong on a terminal, by title."""
        return {title: self.tables[name] for name, title in SHOWN.items() if name in self.tables}


@contained()
def benchmark(
    plan: Plan,
    out: str | Path | None = None,
    resume: bool = False,
    cache: FrameCache | None = None,
    at_once: int = 1,
) -> Benchmarked:
    """Train and test a backbone on each seed's shots, with VgHIF too if the plan says so; return the tables.

    The tables are written, too. Runs go to OUT/BACKBONE[-vghif]-SHOTS-seedN, tables to OUT/BACKBONE[-vghif]-SHOTS.
    Test clips are scored once.

    Args:
        plan: what to do.
        out: folder; default runs/SET-splitN.
        resume: continue a benchmark that was interrupted, or add to it; finished work is reused.
        cache: of decoded frames; default the user's.
        at_once: how many runs are made at once, see `compare`.

    Raises:
        ActScribeError: bad data, too few clips, runs in the way, or runs of another plan to be reused.
    """
    folder = Path(out or Path("runs") / f"{plan.dataset}-split{plan.source.split}")
    parts = _parts(plan)
    _check_free(folder, plan, parts, resume)
    for vghif in _variants(plan):  # what the checkpoint cannot do shows before the first training
        implementation(plan.backbone).input_spec(plan.settings(vghif), plan.clip_frames)
    chosen = classes_of(plan)
    probes = Probes()
    notes: dict[str, None] = dict.fromkeys((*chosen.whole.notes, *_plan_notes(plan)))
    if chosen.listed is not None and chosen.listed.missing:
        notes[f"not on this machine: {counted(len(chosen.listed.missing), 'clip')} of {plan.shots_list}."] = None
    draws = {seed: draw(plan, chosen, seed, probes) for seed in parts}
    _check(plan, chosen, draws[0], folder, cache)
    for drawn in draws.values():
        notes |= dict.fromkeys(drawn.notes)
    pieces = [
        Piece(plan, chosen, draws[seed], folder, vghif, seed, cache) for seed, some in parts.items() for vghif in some
    ]
    finish_all(pieces, at_once)
    unreadable = probes.unreadable(chosen.whole.clips)
    if unreadable:
        lost = counted(len(unreadable), "clip is", "clips are")
        notes[f"{lost} here and cannot be read, and left out (missing.csv says why)."] = None
    return _write(plan, chosen.whole, folder, parts, unreadable, tuple(notes))


def _variants(plan: Plan) -> tuple[bool, ...]:
    return (False, True) if plan.vghif else (False,)


def _parts(plan: Plan) -> dict[int, list[bool]]:
    """Return seed -> which systems run; what learns nothing runs once, for it is the same with every seed."""
    seeds = range(plan.seeds if any(map(plan.trains, _variants(plan))) else 1)
    return {seed: [vghif for vghif in _variants(plan) if not seed or plan.trains(vghif)] for seed in seeds}


def _check_free(folder: Path, plan: Plan, parts: Mapping[int, Sequence[bool]], resume: bool) -> None:
    check_replaceable(folder / plan.name)
    check_writable(folder)
    if resume:
        return
    for name in (plan.name, *(plan.run_name(vghif, seed) for seed, some in parts.items() for vghif in some)):
        if (folder / name).exists():
            raise ActScribeError(
                f"{folder / name}: a benchmark was run here.",
                "Go on with it, or add to it, with --resume: what is done is reused. Or choose another --out.",
            )


def _check(plan: Plan, chosen: Classes, drawn: Draw, folder: Path, cache: FrameCache | None) -> None:
    """Refuse what `train` would refuse perhaps hours later, on the first draw: others are as large.

    Raises:
        ActScribeError: lists everything that is in the way.
    """
    infos: Infos = {}
    problems: list[str] = []
    for vghif in _variants(plan):
        if complete_run(folder / plan.run_name(vghif, 0)) is None:
            study = study_with(plan, chosen.learned, plan.settings(vghif, len(drawn.data.of_split("train"))), 0)
            problems += refusals(study, [plan.backbone], drawn.data, cache, infos)
            for sentence in memory_warnings(study, [plan.backbone], drawn.data):
                say(f"Warning: {sentence}")
    if problems:
        raise ActScribeError("\n".join(dict.fromkeys(problems)), "Nothing was started. Fix this, then type it again.")


def _results(plan: Plan, folder: Path, parts: Mapping[int, Sequence[bool]]) -> tuple[SeedResult, ...]:
    """Measure the kept scores of every seed; what learns nothing has one run, that stands for all."""
    results = []
    for vghif in _variants(plan):
        for seed in parts:
            run = Run.open(folder / plan.run_name(vghif, seed if vghif in parts[seed] else 0))
            of = {BASE: run, NOVEL: Run.open(run.folder / NOVEL_FOLDER)} if plan.base_to_novel else {ALL: run}
            results.append(seed_result(system(plan, vghif), seed, of))
    return tuple(results)


def _write(
    plan: Plan,
    whole: Benchmark,
    folder: Path,
    parts: Mapping[int, Sequence[bool]],
    unreadable: Sequence[Missing],
    notes: Sequence[str],
) -> Benchmarked:
    results, missing = _results(plan, folder, parts), lacking(whole, unreadable)
    runs = [Run.open(folder / plan.run_name(vghif, seed)) for seed, some in parts.items() for vghif in some]
    notes = tuple(dict.fromkeys((*notes, *_run_notes(runs))))
    made: dict[str, pd.DataFrame | None] = {
        "results": result_table(results),
        "difference": difference_table(results),
        "seeds": seeds_table(results),
        "published": published_table(plan),
        "availability": availability(missing),
        "missing": missing_table(missing),
        "classes": class_table(results),
    }
    tables = {name: table for name, table in made.items() if table is not None}
    facts = {
        "command": plan.command(),
        "classes": len(whole.classes),
        "seeds": list(parts),
        "systems": {system(plan, vghif): _settings(folder, plan, vghif) for vghif in _variants(plan)},
        "seconds": {run.folder.name: run.info.task_seconds for run in runs},
        "versions": versions(),
        "machine": machine(),
        "missing": {"no_file": len(whole.missing), "unreadable": len(unreadable)},
        "notes": list(notes),
    }
    texts = [f"# {plan.dataset}: {plan.name}", f"    {plan.command()}", *(f"Note: {note}" for note in notes)]
    target = folder / plan.name
    with folder_beside(target) as beside:
        for name, text in files(tables, facts, texts).items():
            (beside / name).write_text(text, encoding="utf-8", newline="")
        page = benchmark_page(f"{plan.dataset}: {plan.name}", plan.command(), tables, notes, facts)
        (beside / REPORT).write_text(page, encoding="utf-8", newline="")
    return Benchmarked(target, results, tables, notes)


def _settings(folder: Path, plan: Plan, vghif: bool) -> dict[str, Any]:
    run = Run.open(folder / plan.run_name(vghif, 0))
    return cast("dict[str, Any]", json.loads(json.dumps(run.info.settings)))


def _plan_notes(plan: Plan) -> list[str]:
    notes = published_notes(plan)
    if plan.vghif and plan.seeds < 6:
        runs = counted(plan.seeds, "seed")
        notes.append(f"with {runs} the sign-flip p is {2 / 2**plan.seeds:g} at least.")
    if plan.vghif and not plan.trains(False):
        notes.append(f"{plan.backbone} alone learns nothing here, so one run serves for all seeds.")
    return notes


def _run_notes(runs: Sequence[Run]) -> list[str]:
    """Return what the runs say of themselves, and packages that changed from one run to another."""
    notes = [note for run in runs for note in run.info.notes if note != UNDECIDED]  # top-1 needs no threshold
    first = runs[0].info.versions
    changed = sorted({name for run in runs for name in first if run.info.versions.get(name) != first[name]})
    if changed:
        notes.append(f"the runs were made with different versions of {', '.join(changed)}.")
    return notes
