"""What a comparison has to run: recognizers, seeds, and subsets of the training recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from actscribe.counts import counted
from actscribe.data.loading import StudyData
from actscribe.errors import ActScribeError, did_you_mean
from actscribe.settings.study import Study


@dataclass(frozen=True, slots=True)
class Part:
    """One training (or setting up) and evaluation.

    Args:
        recognizer: its name.
        seed: of the run.
        recordings: of training, for the learning curve; None: all of them.
    """

    recognizer: str
    seed: int
    recordings: int | None = None

    @property
    def subfolder(self) -> str:
        """Where its run lies in the comparison's folder; also the key under which it is kept."""
        above = "runs" if self.recordings is None else f"curve/{self.recordings}-recordings"
        return f"{above}/{self.recognizer}/seed-{self.seed}"

    @property
    def words(self) -> str:
        """What a user reads."""
        if self.recordings is None:
            return f"{self.recognizer}, seed {self.seed}"
        return f"{self.recognizer}, seed {self.seed}, {counted(self.recordings, 'training recording')}"


def chosen(study: Study, only: Sequence[str] | None) -> list[str]:
    """Return the recognizers of the study, or those of `only`, in the study's order.

    Raises:
        ActScribeError: `only` names one that the study does not have, or none.
    """
    if only is None:
        return list(study.recognizers)
    for name in only:
        if name not in study.recognizers:
            raise ActScribeError(
                f"The study compares no recognizer called '{name}'. {did_you_mean(name, study.recognizers)}",
                "Add it under 'recognizers:' in the study file.",
            )
    if not only:
        raise ActScribeError("--only names no recognizer.", f"The study has: {', '.join(study.recognizers)}.")
    return [name for name in study.recognizers if name in only]


def parts(study: Study, recognizers: Sequence[str], seeds: int, curve: Sequence[int]) -> list[Part]:
    """Return all parts: every recognizer with the first seed, then with the next ones, then the learning curve.

    Zero-shot recognizers learn nothing and draw nothing: they run once and have no learning curve.
    """
    trained = {name for name in recognizers if study.chosen(name).trains}
    all_parts = [
        Part(name, study.seed + step) for step in range(seeds) for name in recognizers if not step or name in trained
    ]
    return all_parts + [
        Part(name, study.seed + step, number)
        for number in sorted(curve)
        for step in range(seeds)
        for name in recognizers
        if name in trained
    ]


def parse_curve(text: str, available: int) -> list[int]:
    """Return the numbers of recordings of "1,2,5,10,all", "all" and what is no less than all left out.

    "all" alone is the comparison itself, and no curve.

    Args:
        text: numbers separated by commas; may be empty.
        available: annotated training recordings.

    Raises:
        ActScribeError: a word that is neither a number from 1 on nor "all", or numbers none of which is below all.
    """
    numbers = set()
    for word in filter(None, (part.strip() for part in text.split(","))):
        if word != "all" and not (word.isdecimal() and int(word) > 0):
            raise ActScribeError(f"--curve: '{word}' is not a number of recordings.", "Example: --curve 1,2,5,10,all")
        numbers.add(available if word == "all" else int(word))
    below = sorted(number for number in numbers if number < available)
    if not below and numbers - {available}:
        raise ActScribeError(
            f"--curve {text}: there are only {counted(available, 'annotated training recording')}.",
            "Name at least one number below that: a curve ends with all of them anyway.",
        )
    return below


def subset(data: StudyData, number: int | None, seed: int) -> StudyData:
    """Return the data with only so many of the annotated training recordings; of one seed smaller sets lie in larger.

    Args:
        data: of the study.
        number: of training recordings; None: all.
        seed: of the order in which recordings join.
    """
    if number is None:
        return data
    names = sorted(r.name for r in data.of_split("train") if r.intervals is not None)
    order = np.random.default_rng(seed).permutation(len(names))
    kept = {names[index] for index in order[:number].tolist()}
    return replace(data, recordings=tuple(r for r in data.recordings if r.split != "train" or r.name in kept))


def study_of(study: Study, part: Part) -> Study:
    """Return the study as a part trains on it: its seed, and in the curve labels that a small subset may lack."""
    changes: dict[str, object] = {"seed": part.seed}
    if part.recordings is not None:
        changes["empty_labels"] = "allow"
    return study.model_copy(update=changes)


def default_folder(study: Study) -> Path:
    """Return where a study's comparison is written if nobody says."""
    return study.folder / "comparison"
