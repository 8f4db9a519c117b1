"""Whether this machine has what a study's recognizers need, asked before the first frame is decoded."""

from __future__ import annotations

from collections.abc import Sequence

from actscribe.errors import ActScribeError, in_one_line
from actscribe.packages import explain, missing
from actscribe.recognizers.base import implementation
from actscribe.settings.study import Study


def problems(study: Study, name: str) -> list[str]:
    """Return what is missing for one recognizer of a study: packages, models, or a model that does not fit it."""
    chosen = study.chosen(name)
    lacking = missing(chosen.spec.packages(chosen.settings))
    if lacking:
        return [explain(module) for module in lacking]
    try:
        implementation(chosen.recognizer).input_spec(chosen.settings, study.windows.frames)
    except ActScribeError as error:
        return [in_one_line(error)]
    return []


def check_ready(study: Study, recognizers: Sequence[str]) -> None:
    """Refuse a study that could not be finished on this machine.

    Raises:
        ActScribeError: lists everything that is missing, for all of `recognizers`.
    """
    lines = [f"{name}: {problem}" for name in recognizers for problem in problems(study, name)]
    if lines:
        raise ActScribeError("\n".join(lines), "Nothing was started. Fix this, or leave those recognizers out.")
