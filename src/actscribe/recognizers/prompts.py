"""What the zero-shot recognizers say to a model: our own wording, filled in from the label set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from actscribe.errors import ActScribeError
from actscribe.labels import LabelSet

#: Goes up with every change of wording below; a run keeps its version and the full texts.
PROMPTS_VERSION = 1

LIST = "{setting} Which of these activities happen in the video: {labels}? Answer with a list, or none."
QUESTION = "{question} Answer yes or no."
CAPTION = "{setting} Describe what happens in the video."
JUDGE = "Description of a video: {caption}\nAccording to the description: {question} Answer yes or no."


@dataclass(frozen=True, slots=True)
class Prompts:
    """The full texts of one run.

    Args:
        version: of our wording.
        opening: said before every question; the same for all labels, so that the model reads it once per clip.
        listing: asks for the list of activities.
        caption: asks for a description.
        questions: one per label, said after `opening`.
        judged: one per label, for a model that does not see the video; holds {caption}.
    """

    version: int
    opening: str
    listing: str
    caption: str
    questions: tuple[str, ...]
    judged: tuple[str, ...]

    @classmethod
    def of(cls, values: dict[str, Any]) -> Prompts:
        """Return what `dataclasses.asdict` gave, as read back from JSON."""
        lists = {name: tuple(values[name]) for name in ("questions", "judged")}
        return cls(**{**values, **lists})


def prompts(labels: LabelSet, listing: str = "", question: str = "", caption: str = "", judge: str = "") -> Prompts:
    """Return the texts for a label set.

    Args:
        labels: with setting, phrases and questions.
        listing, question, caption, judge: instead of our own wording; {setting}, {labels}, {question}, {caption} are
            filled in.

    Raises:
        ActScribeError: a wording that lacks what it is about.
    """
    for setting, text, needed in (
        ("list_prompt", listing, ("{labels}",)),
        ("question_template", question, ("{question}",)),
        ("judge_template", judge, ("{caption}", "{question}")),
    ):
        missing = [field for field in needed if text and field not in text]
        if missing:
            raise ActScribeError(f"{setting} lacks {' and '.join(missing)}: '{text}'.", "Add it where it belongs.")
    filled = {"setting": labels.setting, "labels": "; ".join(label.described() for label in labels.labels)}
    return Prompts(
        version=PROMPTS_VERSION,
        opening=labels.setting.strip(),
        listing=fill(listing or LIST, **filled),
        caption=fill(caption or CAPTION, **filled),
        questions=tuple(fill(question or QUESTION, question=label.yes_no_question()) for label in labels.labels),
        judged=tuple(fill(judge or JUDGE, question=label.yes_no_question()) for label in labels.labels),
    )


def fill(text: str, **values: str) -> str:
    """Replace {name} only; other braces in a user's text stay as they are."""
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text.strip()
