"""A study without a validation split: nothing is chosen by it, so a training keeps its last weights."""

from __future__ import annotations

from actscribe.data.loading import StudyData
from actscribe.settings.reference import conditions
from actscribe.settings.study import Study
from actscribe.settings.training import Training

KEEP = "keep"
#: Said by `check` and `train`, and noted in run.json, of what is trained in epochs and of what is fitted to the end.
KEEP_LAST_NOTE = (
    "no recording is in the validation split, so there is no epoch to choose by it: every epoch is trained and the last"
    " one's weights are kept (keep: last)."
)
NOTHING_CHOSEN_NOTE = "no recording is in the validation split, so nothing is chosen by it."


def keeps_last(study: Study, recognizer: str, data: StudyData) -> bool:
    """Tell whether a recognizer keeps its last weights only because the study has no validation split.

    A study file that says which weights are kept is left as it is; so is one whose validation recordings are there and
    not annotated, which is not a choice but a gap to be filled.
    """
    chosen = study.chosen(recognizer)
    if KEEP in study.recognizers.get(recognizer, {}) or not isinstance(chosen.settings, Training):
        return False
    return chosen.trains and chosen.settings.keep == "best" and not data.of_split("validation")


def keep_note(study: Study, recognizer: str) -> str:
    """Return what a recognizer does without a validation split, as a sentence."""
    settings = study.chosen(recognizer).settings
    key, _, value = (conditions(type(settings)).get("epochs", "") or "").partition(": ")
    return KEEP_LAST_NOTE if not key or str(getattr(settings, key)) == value else NOTHING_CHOSEN_NOTE


def with_keep(study: Study, recognizer: str, data: StudyData) -> Study:
    """Return the study as a recognizer is trained on it: with 'keep: last' where `keeps_last`."""
    if not keeps_last(study, recognizer, data):
        return study
    settings = {**study.recognizers.get(recognizer, {}), KEEP: "last"}
    return study.model_copy(update={"recognizers": {**study.recognizers, recognizer: settings}})
