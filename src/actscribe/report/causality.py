"""What is said of a recognizer that looks at the past alone: what that costs, or how to find out."""

from __future__ import annotations

import json
from pathlib import Path

from actscribe.run_folder.run import Run, study_above
from actscribe.settings.causality import looks_around, looks_back_alone
from actscribe.settings.registry import is_installed
from actscribe.settings.study import RECOGNIZER, Study
from actscribe.typed_words import typed


def cost_unknown(run: Run) -> tuple[str, ...]:
    """Say of a run whose recognizer looks at the past alone which command measures what that costs; nothing else."""
    name, is_here = run.info.name, is_installed(run.info.recognizer)  # kept scores outlive the package
    if not is_here or name not in run.study.recognizers or not looks_back_alone(run.study.chosen(name)):
        return ()
    return (
        f"It looks at the past alone, as live use needs it. {how_to_measure(run.study, study_above(run.folder), name)}",
    )


def how_to_measure(study: Study, folder: Path, name: str) -> str:
    """Return what measures what looking at the past alone costs a recognizer.

    Args:
        study: that has it.
        folder: of the study, as it is to be typed.
        name: of the recognizer in the study.
    """
    beside = looks_around(study, name, study.recognizers)
    other = beside or f"{name}-around"
    words = ("actscribe", "compare", folder, "--only", f"{name},{other}", "--seeds", "3", "--out", folder / "causality")
    if beside:
        return f"What that costs against {beside}, which differs in nothing else, is measured by: {typed(*words)}"
    chosen = study.chosen(name)
    ahead = {key: type(chosen.settings).model_fields[key].default for key in chosen.spec.past_alone}
    settings = {RECOGNIZER: chosen.recognizer, **study.recognizers[name], **ahead}
    entry = ", ".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in settings.items())
    return (
        f"What that costs is measured beside one that differs in nothing else. Write below 'recognizers' in"
        f" {folder / 'study.yaml'} {other}: {{{entry}}} and type: {typed(*words)}"
    )
