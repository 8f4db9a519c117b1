"""Measuring a backbone with and without VgHIF on a benchmark set: shots drawn, trained, tested, over several seeds."""

from __future__ import annotations

import gc
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pandas as pd
from pydantic import BaseModel

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
from actscribe.data.benchmarks.base import Benchmark, Missing
from actscribe.data.benchmarks.convert import Probes, availability, lacking, missing_table, study_of
from actscribe.errors import ActScribeError
from actscribe.files import check_writable, folder_beside
from actscribe.ownership import check_replaceable
from actscribe.progress import say
from actscribe.recognizers.base import Recognizer, implementation
from actscribe.report.benchmark_page import REPORT, benchmark_page
from actscribe.run_folder.environment import machine, versions
from actscribe.run_folder.run import Run, RunInfo
from actscribe.run_folder.written import RUN_FILE
from actscribe.runs.evaluate import score_split
from actscribe.runs.preflight import Infos, memory_warnings, refusals
from actscribe.runs.reuse import check_same, complete_run
from actscribe.runs.train import UNDECIDED, train
from actscribe.settings.study import Study
from actscribe.video.cache import FrameCache
from actscribe.video.contained import contained

#: In a run's folder: its scores on the novel classes, as a run without a model of its own.
NOVEL_FOLDER = "novel"
INSTEAD = "or benchmark into another folder with --out."
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
    plan: Plan, out: str | Path | None = None, resume: bool = False, cache: FrameCache | None = None
) -> Benchmarked:
    """Train and test a backbone on each seed's shots, with VgHIF too if the plan says so; return the tables.

    The tables are written, too. Runs go to OUT/BACKBONE[-vghif]-SHOTS-seedN, tables to OUT/BACKBONE[-vghif]-SHOTS.
    Test clips are scored once.

    Args:
        plan: what to do.
        out: folder; default runs/SET-splitN.
        resume: continue a benchmark that was interrupted, or add to it; finished work is reused.
        cache: of decoded frames; default the user's.

    Raises:
        ActScribeError: bad data, too few clips, runs in the way, or runs of another plan to be reused.
    """
    folder = Path(out or Path("runs") / f"{plan.dataset}-split{plan.source.split}")
    parts = _parts(plan)
    _check_free(folder, plan, parts, resume)
    for vghif in _variants(plan):  # what the checkpoint cannot do shows before the first training
        implementation(plan.backbone).view(plan.settings(vghif), plan.clip_frames)
    chosen = classes_of(plan)
    probes = Probes()
    notes: dict[str, None] = dict.fromkeys((*chosen.whole.notes, *_plan_notes(plan)))
    if chosen.listed is not None and chosen.listed.missing:
        notes[f"{len(chosen.listed.missing)} clips of {plan.shots_list} are not on this machine."] = None
    draws = {seed: draw(plan, chosen, seed, probes) for seed in parts}
    _check(plan, chosen, draws[0], folder, cache)
    for index, (seed, variants) in enumerate(parts.items()):
        drawn = draws[seed]
        notes |= dict.fromkeys(drawn.notes)
        for vghif in variants:
            say(f"{system(plan, vghif)}, seed {seed} ({index + 1} of {len(parts)})", None)
            _finish(plan, chosen, drawn, folder / plan.run_name(vghif, seed), vghif, seed, cache)
            gc.collect()
    unreadable = probes.unreadable(chosen.whole.clips)
    if unreadable:
        notes[f"{len(unreadable)} clips are here and cannot be read; they are left out (missing.csv says why)."] = None
    return _write(plan, chosen.whole, folder, parts, unreadable, tuple(notes))


def system(plan: Plan, vghif: bool) -> str:
    """Return what tables call a backbone with or without VgHIF."""
    return f"{plan.backbone} + VgHIF" if vghif else plan.backbone


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
            study = _study(plan, chosen.learned, plan.settings(vghif, len(drawn.data.of_split("train"))), 0)
            problems += refusals(study, [plan.backbone], drawn.data, cache, infos)
            for sentence in memory_warnings(study, [plan.backbone], drawn.data):
                say(f"Warning: {sentence}", None)
    if problems:
        raise ActScribeError("\n".join(dict.fromkeys(problems)), "Nothing was begun. Mend this, then type it again.")


def _study(plan: Plan, benchmark: Benchmark, settings: BaseModel, seed: int) -> Study:
    made = study_of(benchmark, {plan.backbone: settings.model_dump(mode="json")}, plan.clip_frames, seed)
    return made.model_copy(update={"empty_labels": "allow"})  # Kinetics may have lost a class's last video


def _finish(
    plan: Plan, chosen: Classes, drawn: Draw, folder: Path, vghif: bool, seed: int, cache: FrameCache | None
) -> None:
    """Train and score one run, as far as that is not done."""
    settings = plan.settings(vghif, len(drawn.data.of_split("train")))
    study = _study(plan, chosen.learned, settings, seed)
    run = complete_run(folder)
    if run is None:
        begun = (folder / RUN_FILE).is_file()
        run = train(study, plan.backbone, folder, resume=begun, cache=cache, data=drawn.data)
    check_same(run, study, drawn.data, INSTEAD)
    recognizer = _score(run, plan, None)
    if chosen.novel is None or drawn.novel is None:
        return
    study = _study(plan, chosen.novel, settings, seed)
    target = folder / NOVEL_FOLDER
    other = Run.open(target) if (target / RUN_FILE).is_file() else None
    if other is not None and other.info.status != "begun":
        check_same(other, study, drawn.novel, INSTEAD)
    else:
        facts = RunInfo(
            status="complete",
            name=plan.backbone,
            recognizer=plan.backbone,
            settings=run.info.settings,
            seed=seed,
            study=study.name,
            versions=versions(),
            machine=machine(),
            notes=["scored by the model of the run above, with the prompts of the novel classes"],
        )
        other = Run.create(target, study, drawn.novel.labels, drawn.novel.recordings, facts)
    if not _is_scored(other, plan):
        learned: Any = recognizer or run.recognizer()
        _score(other, plan, learned.for_labels(drawn.novel.labels))


def _score(run: Run, plan: Plan, recognizer: Recognizer | None) -> Recognizer | None:
    """Score test if that is not done; return the recognizer if one was loaded."""
    if _is_scored(run, plan):
        return recognizer
    loaded = recognizer or run.recognizer()
    score_split(run, "test", loaded, plan.views)
    return loaded


def _is_scored(run: Run, plan: Plan) -> bool:
    """Tell whether the run keeps test scores of these views; those that a killed process left count as none.

    Raises:
        ActScribeError: it keeps scores of other views.
    """
    if not run.has_scores("test") or "test" not in run.info.views:
        return False
    kept, wanted = run.info.views["test"], (plan.views.clips, plan.views.crops)
    if kept != wanted:
        raise ActScribeError(
            f"{run.folder}: its scores are of {kept[0]} x {kept[1]} views, not of {wanted[0]} x {wanted[1]}.",
            "Give the same --clips and --crops, or benchmark into another folder with --out.",
        )
    return True


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
        runs = "1 seed" if plan.seeds == 1 else f"{plan.seeds} seeds"
        notes.append(f"with {runs} the sign-flip p is {2 / 2**plan.seeds:g} at least.")
    if plan.vghif and not plan.trains(False):
        notes.append(f"{plan.backbone} alone learns nothing here, so one run stands for all seeds.")
    return notes


def _run_notes(runs: Sequence[Run]) -> list[str]:
    """Return what the runs say of themselves, and packages that changed from one run to another."""
    notes = [note for run in runs for note in run.info.notes if note != UNDECIDED]  # top-1 needs no threshold
    first = runs[0].info.versions
    changed = sorted({name for run in runs for name in first if run.info.versions.get(name) != first[name]})
    if changed:
        notes.append(f"the runs were made with different versions of {', '.join(changed)}.")
    return notes
