"""What a clip of a resuscitation is asked for: topics, what the simulator's truth says of them, and how they are put.

The label set's own questions and phrases are among the wordings, as those of the tabletop are in `pretraining/vlm`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from recordings import LABELS

from actscribe_sim.resuscitation.script import BoutKind, Script

#: Moments of a second at which the truth is looked at; a step of the frames' grid, 3/8 s, holds a whole number.
PER_SECOND = 80
VISIBLE = "visible"


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing that can be asked for.

    Args:
        kinds: of bouts that are it; `VISIBLE`: the baby lies on the table.
        questions: to be answered with yes or no.
        phrases: as items of a list.
    """

    kinds: tuple[BoutKind | str, ...]
    questions: tuple[str, ...]
    phrases: tuple[str, ...]


def _of_label(name: str, kinds: Iterable[BoutKind | str], questions: Iterable[str], phrases: Iterable[str]) -> Topic:
    """Return the topic of a label, whose own question stands for as much as all others together."""
    label = LABELS.labels[LABELS.index(name)]
    questions, phrases = tuple(questions), tuple(phrases)
    own = (label.yes_no_question(),) * len(questions)
    return Topic(tuple(kinds), own + questions, (label.described(),) * len(phrases) + phrases)


#: The label set's four first.
TOPICS: dict[str, Topic] = {
    "Baby visible": _of_label(
        "Baby visible",
        (VISIBLE,),
        ("Is there a baby on the table?", "Does a newborn lie on the table?", "Can a baby be seen?"),
        ("baby visible", "a newborn on the table"),
    ),
    "Ventilation": _of_label(
        "Ventilation",
        ("ppv", "cpap"),
        ("Is the baby ventilated?", "Is a mask sealed on the baby's face?", "Is the mask held tight on the face?"),
        ("ventilation", "a mask sealed on the face"),
    ),
    "Stimulation": _of_label(
        "Stimulation",
        ("trunk", "back"),
        ("Is the baby stimulated?", "Does a hand rub the trunk?", "Is the newborn's chest or back rubbed?"),
        ("stimulation", "a hand that rubs the trunk"),
    ),
    "Suction": _of_label(
        "Suction",
        ("suction",),
        ("Is the mouth suctioned?", "Is the catheter inside the mouth?", "Is a tube in the baby's mouth?"),
        ("suction", "a catheter inside the mouth"),
    ),
    "ppv": Topic(
        ("ppv",),
        ("Is the bag squeezed again and again with the mask on the face?", "Are breaths given with bag and mask?"),
        ("breaths with bag and mask", "a bag squeezed in a rhythm"),
    ),
    "cpap": Topic(
        ("cpap",),
        ("Is the mask held on the face under steady pressure?", "Does the baby get steady pressure through the mask?"),
        ("steady pressure through the mask",),
    ),
    "back": Topic(
        ("back",),
        ("Does the baby lie on its belly while its back is rubbed?", "Is the baby's back rubbed?"),
        ("a hand that rubs the back",),
    ),
    "extremities": Topic(
        ("extremities",),
        ("Does a hand rub an arm or a leg?", "Is a limb of the baby rubbed?"),
        ("a hand that rubs an arm or a leg",),
    ),
    "hover": Topic(
        ("hover",),
        ("Is the mask held near the face without touching it?", "Is the mask above the face but not on it?"),
        ("a mask held above the face",),
    ),
    "test": Topic(
        ("test",),
        ("Is the bag squeezed away from the face?", "Is the bag tried in the air?"),
        ("a bag squeezed away from the face",),
    ),
    "probe": Topic(
        ("probe",),
        ("Is the tube held near the mouth but not in it?", "Is the catheter beside the mouth?"),
        ("a catheter held beside the mouth",),
    ),
    "still hand": Topic(
        ("rest", "steady"),
        ("Does a hand lie still on the baby?", "Does a hand rest on the baby without moving?"),
        ("a hand that rests still",),
    ),
    "wipe": Topic(
        ("wipe",),
        ("Does a hand rub the table?", "Is the table wiped?"),
        ("a hand that wipes the table",),
    ),
}
NAMES = tuple(TOPICS)
NUMBERS = {name: number for number, name in enumerate(NAMES)}


def shares(script: Script, seconds: float, step: float) -> np.ndarray:
    """Return the share of each window that each topic fills, shape (windows, topics).

    Args:
        script: of the recording.
        seconds: length of a window.
        step: from one window's start to the next one's, in seconds, a multiple of 1 / PER_SECOND as `seconds` is.
    """
    times = (np.arange(round(script.duration * PER_SECOND)) + 0.5) / PER_SECOND
    length, stride = round(seconds * PER_SECOND), round(step * PER_SECOND)
    starts = np.arange(0, len(times) - length + 1, stride)
    columns = []
    for topic in TOPICS.values():
        on = np.zeros(len(times) + 1)
        for start, end in _spans(script, topic):
            on[1:][(times >= start) & (times < end)] = 1
        total = np.cumsum(on)
        columns.append((total[starts + length] - total[starts]) / length)
    return np.stack(columns, axis=1).astype(np.float32)


def _spans(script: Script, topic: Topic) -> list[tuple[float, float]]:
    if VISIBLE in topic.kinds:
        return list(script.visible)
    return [(bout.start, bout.end) for bout in script.bouts() if bout.kind in topic.kinds]
