"""What is asked about a clip of a resuscitation and answered, from the simulator's truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from recordings import LABELS
from shared import YES_NO_WEIGHT, Turn, templates
from topics import NAMES, TOPICS

#: Sentences on what the videos show, before a question; half of the time the label set's own.
SETTINGS = (
    *(LABELS.setting,) * 5,
    "The camera looks down at a table.",
    "A camera films a resuscitation from above.",
    "A video from above a table on which a newborn is treated.",
    "Simulated resuscitation of a baby.",
    "The camera is fixed above a flat surface.",
)
#: The share of a clip from which on a topic happens; the threshold of a clip's target.
HAPPENS = 0.5
#: Shares between these are asked for by no yes/no question: the answer would hang on a frame.
UNCLEAR = (0.4, 0.6)
#: `vlm-head` and `vlm-lora` say this before the labels; here a list is asked for after it.
WATCH = "Watch the whole clip and note which of the following can be seen in it, and when: {items}."
WHICH = (*templates.WHICH, WATCH)


class Turns:
    """Draws turns.

    Args:
        shares: of each topic in each row, shape (rows, topics).
        odds: how likely each row is drawn, shape (rows,); sum 1.
    """

    def __init__(self, shares: np.ndarray, odds: np.ndarray) -> None:
        yes, no = odds @ (shares >= UNCLEAR[1]), odds @ (shares <= UNCLEAR[0])
        both = np.minimum(yes, no)
        #: Chance that a topic is asked for where the answer is no and where it is yes, shape (2, topics): over the rows
        #: as they are drawn each topic is answered with yes as often as with no.
        self.chances = np.stack([both / np.maximum(no, 1e-9), both / np.maximum(yes, 1e-9)])

    def draw(self, shares: np.ndarray, captions: Sequence[str], rng: np.random.Generator, count: int) -> list[Turn]:
        """Return `count` turns about a clip: a yes/no question, and others of all kinds.

        Args:
            shares: of each topic, shape (topics,).
            captions: of the clip.
            rng: draws.
            count: of turns.
        """
        asked: list[Callable[[], Turn]] = [
            lambda: Turn(_one((*templates.HAPPENS, *templates.FULL), rng), _one(captions, rng)),
            lambda: self._yes_no(shares, rng),
            lambda: _which(shares, rng),
        ]
        order = [1, *(int(kind) for kind in rng.choice(3, max(count - 1, 0), p=(0.3, 0.4, 0.3)))]
        return [_with_setting(asked[kind](), rng) for kind in order]

    def _yes_no(self, shares: np.ndarray, rng: np.random.Generator) -> Turn:
        while True:
            topic = int(rng.integers(len(NAMES)))
            if UNCLEAR[0] < shares[topic] < UNCLEAR[1]:
                continue
            happens = bool(shares[topic] >= HAPPENS)
            if rng.random() < self.chances[int(happens), topic]:
                break
        question = _one(templates.YES_NO, rng).format(q=_one(TOPICS[NAMES[topic]].questions, rng))
        return Turn(question, "Yes" if happens else "No", YES_NO_WEIGHT, NAMES[topic])


def _which(shares: np.ndarray, rng: np.random.Generator) -> Turn:
    """Ask which of some topics happen: half of the time the label set's four in its words, else any in any."""
    own = rng.random() < 0.5
    offered = range(len(LABELS)) if own else rng.permutation(len(NAMES))[: int(rng.integers(2, 7))]
    say = {
        int(topic): TOPICS[NAMES[topic]].phrases[0] if own else _one(TOPICS[NAMES[topic]].phrases, rng)
        for topic in offered
    }
    answer = ", ".join(words for topic, words in say.items() if shares[topic] >= HAPPENS) or "none"
    items = _one((", ", "; ", "; "), rng).join(say.values())
    return Turn(_one(WHICH, rng).format(items=items) + _one(templates.LIST_ENDS, rng), answer)


def _with_setting(turn: Turn, rng: np.random.Generator) -> Turn:
    return replace(turn, prompt=f"{_one(SETTINGS, rng)} {turn.prompt}") if rng.random() < 0.35 else turn


def _one(options: Sequence[str], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]
