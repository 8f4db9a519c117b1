"""What a recipe's authors report of the set and the shots of a benchmark, and how its runs differ from theirs."""

from __future__ import annotations

import pandas as pd

from actscribe.benchmark.plan import Plan
from actscribe.benchmark.tables import BASE, NOVEL
from actscribe.counts import counted
from actscribe.settings.registry import recognizer

#: Official split of the published shots and halves, see docs/how-to/benchmarks.md.
SPLIT = 1


def published_table(plan: Plan) -> pd.DataFrame | None:
    """Return what the recipe's authors report of this set and these shots, as fractions; None: nothing."""
    if plan.published is None or plan.shots_list is not None:
        return None
    names, shots = {plan.dataset}, plan.shots
    if plan.shots == 0:
        names, shots = {f"{plan.dataset} zero-shot"}, None
    if plan.base_to_novel:
        names = {f"{plan.dataset} {half}" for half in (BASE, NOVEL)}
    rows = [
        (row.dataset, row.top1 / 100, None if row.top5 is None else row.top5 / 100, row.source)
        for row in plan.published.published
        if row.dataset in names and row.shots == shots
    ]
    return pd.DataFrame(rows, columns=["dataset", "top1", "top5", "source"]) if rows else None


def published_notes(plan: Plan) -> list[str]:
    """Return what the recipe starts from, and what else keeps the published numbers from being those of these runs."""
    recipe = plan.published
    if recipe is None:
        return []
    model = recognizer(plan.backbone).model(plan.settings(False))
    notes = [
        f"recipe {recipe.name} is published for {recipe.architecture}, starting from {recipe.start};"
        f" this run starts from model {model}."
    ]
    if published_table(plan) is None:
        return notes
    if plan.shots == 0:
        notes.append(
            "the published zero-shot numbers are of a network after the recipe's training on Kinetics-400;"
            f" this run trains nothing beyond its model {model}."
        )
    split = "a split that their source does not name" if plan.shots == 0 else f"split {SPLIT}"
    theirs = [split, counted(recipe.frames, "frame"), f"{recipe.test.clips} x {recipe.test.crops} views"]
    frames = counted(plan.clip_frames, "frame")
    own = [f"split {plan.source.split}", frames, f"{plan.views.clips} x {plan.views.crops} views"]
    same = [plan.source.split == SPLIT, plan.clip_frames == recipe.frames, own[2] == theirs[2]]
    differ = [index for index, equal in enumerate(same) if not equal]
    if differ:
        published, ours = (", ".join(words[index] for index in differ) for words in (theirs, own))
        notes.append(f"the published numbers are of {published}; this run is of {ours}.")
    return notes
