"""What the zero-shot recognizers share: asking about one clip at a time, and being saved as a reference to a model."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from actscribe.data.clips import Clip
from actscribe.data.input_spec import ClipFrames, InputSpec
from actscribe.errors import ActScribeError
from actscribe.files import write_text
from actscribe.labels import LabelSet
from actscribe.models.yes_no import YesNo
from actscribe.recognizers.prompts import Prompts
from actscribe.recognizers.saved import RECOGNIZER_FILE
from actscribe.settings.named_models import EMBEDDED
from actscribe.settings.recognizers.vlm import ZeroShot
from actscribe.stored_path import StoredPath


class Asking(Protocol):
    """A recognizer that asks a model, and tells which one."""

    about: dict[str, Any]


S = TypeVar("S", bound=ZeroShot)
R = TypeVar("R", bound=Asking)
#: Settings that name a model, which may be the path of one.
ROLES = ("model", "judge")
#: Score of a label that could not be read from the answer: neither yes nor no.
UNKNOWN = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """What a model said about one clip.

    Args:
        clip: the span.
        scores: in [0, 1], shape (labels,).
        unread: whether the answer on a label could not be read, shape (labels,); its score is `UNKNOWN`.
        text: list or caption as it was written; empty where none was asked for.
        probability_mass: P(yes) + P(no), shape (labels,), nan where there is no distribution; empty for lists.
    """

    clip: Clip
    scores: np.ndarray
    unread: np.ndarray
    text: str = ""
    probability_mass: np.ndarray = field(default_factory=lambda: np.zeros(0))


#: (clip, whether someone reads the answers) -> what the model said.
Ask = Callable[[ClipFrames, bool], Answered]


class ZeroShotRecognizer:
    """A recognizer that asks a model about every clip. The model itself is not saved, only which one it is.

    Args:
        labels: of the study.
        input_spec: what the model wants to see.
        ask: asks.
        about: what `save` writes, JSON values.
        on_answer: called with every answer in the order of the clips, if set.
    """

    def __init__(
        self,
        labels: LabelSet,
        input_spec: InputSpec,
        ask: Ask,
        about: dict[str, Any],
    ) -> None:
        self.labels = labels
        self.input_spec = input_spec
        self.ask = ask
        self.about = about
        self.on_answer: Callable[[Answered], None] | None = None

    def score(self, clips: Iterable[ClipFrames]) -> Iterator[np.ndarray]:
        """Yield scores per clip, shape (labels,); see `Recognizer.score`."""
        for clip in clips:
            answered = self.ask(clip, self.on_answer is not None)
            if self.on_answer is not None:
                self.on_answer(answered)
            yield answered.scores

    def save(self, folder: Path) -> None:
        """Write settings, prompts in full and the model's name, place and digest; the model stays where it is."""
        write_about(self.about, folder)


def write_about(about: dict[str, Any], folder: Path) -> None:
    """Write what a recognizer that asks a model tells about itself into an existing folder."""
    named = {role: about["settings"].get(role) for role in ROLES}
    places = {
        role: StoredPath.of(Path(name), folder).model_dump()
        for role, name in named.items()
        if name and name != EMBEDDED and Path(name).exists()
    }
    write_text(folder / RECOGNIZER_FILE, json.dumps({**about, "places": places}, indent=1, ensure_ascii=False))


def about(
    settings: ZeroShot, input_spec: InputSpec, texts: Prompts, models: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """Return what `write_about` writes; `models` is identity by role."""
    return {
        "settings": settings.model_dump(mode="json"),
        "input_spec": asdict(input_spec),
        "prompts": asdict(texts),
        "models": models,
    }


def restore(
    folder: Path,
    labels: LabelSet,
    settings: type[S],
    build: Callable[[LabelSet, S, InputSpec, Prompts], R],
) -> R:
    """Return what `write_about` wrote as a recognizer, with the prompts as they were then.

    Args:
        folder: that was written into.
        labels: of the run.
        settings: the recognizer's settings model.
        build: makes the recognizer.

    Raises:
        ActScribeError: a model is gone, or its files have changed since.
    """
    saved = json.loads((folder / RECOGNIZER_FILE).read_text(encoding="utf-8"))
    moved = {role: str(StoredPath.model_validate(location).find(folder)) for role, location in saved["places"].items()}
    chosen = settings.model_validate({**saved["settings"], **moved})
    made = build(labels, chosen, InputSpec(**saved["input_spec"]), Prompts.of(saved["prompts"]))
    for role, identity in made.about["models"].items():
        if saved["models"][role].get("digest") != identity.get("digest"):
            raise ActScribeError(
                f"{folder}: the {role} '{identity['model']}' is not the one of this run: its files have changed.",
                "Put the old files back, or set the recognizer up again: actscribe train",
            )
    return made


def from_yes_no(clip: Clip, answers: list[YesNo], labels: LabelSet, text: str = "") -> Answered:
    """Return scores from one yes/no answer per label.

    A multi-class task takes each class's odds p / (1 - p), divided by their sum (ours): the softmax of the log-odds.
    """
    given = np.array([np.nan if answer.probability is None else answer.probability for answer in answers])
    unread = np.isnan(given)
    scores = np.where(unread, UNKNOWN, given)
    if labels.task == "multi-class":
        scores = over_classes(scores)
    probability_mass = np.array(
        [np.nan if answer.probability_mass is None else answer.probability_mass for answer in answers]
    )
    return Answered(clip, scores, unread, text, probability_mass)


def over_classes(scores: np.ndarray) -> np.ndarray:
    """Return the odds of scores in [0, 1] divided by their sum, shape (classes,)."""
    kept = np.clip(scores, 1e-9, 1 - 1e-9)
    odds = kept / (1 - kept)
    return np.asarray(odds / odds.sum())
