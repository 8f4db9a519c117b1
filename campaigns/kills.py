"""SIGKILL at renames, at other changes of the disk, at optimizer steps and at random moments; then the same again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from campaigns.campaign import Campaign, Case, Verdict
from campaigns.commands import MODULES
from campaigns.counter import Counter
from campaigns.jobs import JOBS, LIMIT, judged, prepare, run, start, users_files
from campaigns.worker import note_group

#: Where kills are placed, in turns.
WHERE = ("before a rename", "after a rename", "before a change", "at a step", "at a moment")


def attempt(case: Case) -> Verdict:
    """Kill a job somewhere, go on as a user would, and compare with the undisturbed one."""
    name = list(JOBS)[case.number % len(JOBS)]
    where = WHERE[case.number // len(JOBS) % len(WHERE)]
    job = JOBS[name]
    renames, changes, steps = json.loads((case.sources / f"{name}.counts").read_text())
    if where == "at a step" and not steps:
        where = "at a moment"
    group = note_group(case, f"{name}, {where}")
    lasted = float((case.sources / f"{name}.seconds").read_text())
    most = {"before a rename": renames, "after a rename": renames, "before a change": changes, "at a step": steps}
    nth = int(case.rng.integers(1, most.get(where, 1) + 1))
    moment = float(case.rng.uniform(0.02, lasted)) if where == "at a moment" else None
    root = start(case.folder, case.sources, job)
    user = users_files(root, job)
    killed = run(root, job.command, "killed", before=Counter(_trigger(where, nth)).install, kill_after=moment)
    description = f"{where} {nth} of {most[where]}" if moment is None else f"after {moment:.2f} of {lasted:.2f} s"
    if killed.how != "killed":
        verdict = judged(group, root, name, case.sources, killed, user, f"{description}, not reached")
        return verdict if verdict.broken else replace(verdict, outcome="not reached")
    return judged(group, root, name, case.sources, run(root, job.again, "again"), user, description)


def _trigger(where: str, nth: int) -> Callable[[str, Counter], bool]:
    def before(event: str, heard: Counter) -> bool:
        return event == "rename" and heard.renames == nth

    def after(event: str, heard: Counter) -> bool:
        return heard.renames > nth or (heard.renames == nth and event != "rename")

    def change(event: str, heard: Counter) -> bool:
        return event != "step" and heard.changes == nth

    def step(event: str, heard: Counter) -> bool:
        return event == "step" and heard.steps == nth

    known = {"before a rename": before, "after a rename": after, "before a change": change, "at a step": step}
    return known.get(where, lambda event, heard: False)


CAMPAIGN = Campaign(
    name="kills",
    about="SIGKILL before and after renames, before other changes of the disk, at optimizer steps and at random"
    " moments of train, evaluate, compare, benchmark, annotate and simulate; then the same command again (--resume,"
    " --overwrite).",
    oracle="the second command ends well; tables, scores, models and timelines are byte for byte those of an"
    " undisturbed run, nothing is left over, no other file is touched.",
    short=12,
    full=60,
    prepare=prepare,
    attempt=attempt,
    modules=MODULES,
    seconds=3 * LIMIT,
)
