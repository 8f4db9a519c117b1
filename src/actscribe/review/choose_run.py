"""Which run's predictions are shown: the one that was named, else the newest of the study's first recognizer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from actscribe.errors import ActScribeError
from actscribe.run_folder.run import Run
from actscribe.settings.study import Study


@dataclass(frozen=True, slots=True)
class ChosenRun:
    """A run, and how it came to be chosen.

    Args:
        run: complete; None: there is none.
        why: in a sentence.
    """

    run: Run | None
    why: str


def choose_run(study: Study, named: Path | None) -> ChosenRun:
    """Return the run that was named, else one below STUDY/runs.

    There the newest complete one counts of the only recognizer that there are runs of, else of the study's first.

    Raises:
        ActScribeError: the one that was named is none, or not complete.
    """
    if named is not None:
        return ChosenRun(Run.open(named).require_complete(), f"Suggestions: of the run {named}.")
    complete_runs = _complete(study.folder / "runs")
    if not complete_runs:
        return ChosenRun(None, "Suggestions: none, since no run is complete; make one with: actscribe train.")
    names = {run.info.name for run in complete_runs}
    wanted = next(iter(names)) if len(names) == 1 else next(iter(study.recognizers))
    own = [run for run in complete_runs if run.info.name == wanted]
    if not own:
        known = ", ".join(sorted(names))
        return ChosenRun(None, f"Suggestions: none; there are runs of {known}, none of {wanted}. Choose with --run.")
    newest = max(own, key=lambda run: (run.folder / "run.json").stat().st_mtime_ns)
    return ChosenRun(newest, f"Suggestions: of the newest run of {wanted}, {newest.folder}.")


def _complete(folder: Path) -> list[Run]:
    runs = []
    for path in sorted(folder.glob("*/run.json")):
        try:
            run = Run.open(path.parent)
        except ActScribeError:  # a damaged one suggests nothing; who names it is told why
            continue
        if run.info.status == "complete":
            runs.append(run)
    return runs
