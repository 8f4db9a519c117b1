"""What a person would say about a span of a simulated resuscitation, from its true state, in varied wording.

A caption says only what holds for at least half of the span, the threshold of a clip's target, or, of things that are
not happening, what holds throughout.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from actscribe_sim.resuscitation.scene import Scene
from actscribe_sim.resuscitation.script import Bout, BoutKind, Span
from actscribe_sim.resuscitation.state import State

HALF = 0.5
LOOKS = 9  # moments of a span that are looked at

LYING = (
    "A baby lies on the resuscitation table.",
    "A newborn is lying on its back on the table.",
    "There is a baby doll on the table, seen from above.",
    "The camera looks down on a newborn lying on a table.",
)
PRONE = (
    "A baby lies on its belly on the table.",
    "The newborn has been turned onto its front.",
    "A baby doll is lying face down on the table.",
)
EMPTY = (
    "The resuscitation table is empty.",
    "There is no baby on the table.",
    "An empty table with towels, seen from above; no newborn is in view.",
    "Nobody lies on the table.",
)
DOING: dict[BoutKind, tuple[str, ...]] = {
    "ppv": (
        "A mask is held sealed on the baby's face and the bag is squeezed rhythmically to give breaths.",
        "The baby is being ventilated: the mask is pressed on its face and the bag is squeezed again and again.",
        "Breaths are given with bag and mask.",
        "Someone squeezes a bag at a steady rhythm with the mask tight on the newborn's face.",
    ),
    "cpap": (
        "A mask is held tight on the baby's face under steady pressure.",
        "The baby receives CPAP: the mask is sealed on the face and the bag stays pressed.",
        "Someone keeps the mask sealed on the newborn's face without letting go of the pressure.",
        "The face is covered by a sealed mask with continuous pressure.",
    ),
    "suction": (
        "A thin suction tube is in the baby's mouth.",
        "Someone suctions the newborn's mouth with a catheter.",
        "The mouth is being cleared with a suction catheter.",
        "A hand guides a suction tube inside the open mouth.",
    ),
    "trunk": (
        "A hand rubs the baby's chest.",
        "The newborn is stimulated by rubbing its trunk.",
        "Someone rubs the chest and belly up and down.",
        "A hand moves quickly to and fro on the baby's trunk to stimulate it.",
    ),
    "back": (
        "A hand rubs the baby's back.",
        "The newborn is stimulated by rubbing along its back.",
        "Someone rubs the back and buttocks up and down.",
    ),
    "extremities": (
        "A hand rubs one of the baby's limbs.",
        "Someone rubs an arm or a leg of the newborn, not its trunk.",
    ),
    "hover": (
        "A mask is held near the face without touching it.",
        "The mask hovers over the head; it is not sealed and the bag is still.",
        "Someone holds the mask close to the face but gives no breaths.",
    ),
    "test": (
        "The bag is squeezed while the mask is away from the face.",
        "Someone tries the bag in the air, off the baby's face.",
    ),
    "probe": (
        "A suction tube is held near the mouth but is not inside it.",
        "Someone holds the catheter beside the lips without inserting it.",
    ),
    "rest": (
        "A hand rests still on the baby's chest.",
        "Someone's hand lies on the trunk without moving.",
    ),
    "steady": (
        "A hand lies quietly on the baby's legs.",
        "Someone steadies the legs with a still hand.",
    ),
}
WIPING = ("A hand wipes the table.", "Someone rubs the cloth on the table.", "A hand smooths the towel.")
UNTOUCHED = ("Nobody touches the baby.", "No hands are at work.", "The baby is left alone for the moment.")
MASK_ASIDE = (
    "A mask with its bag lies beside the head, not in use.",
    "The bag and mask lie unused on the table.",
    "The ventilation mask has been put down next to the baby.",
)
TUBE_ASIDE = (
    "A suction tube lies unused on the table.",
    "The catheter lies beside the baby, not in its mouth.",
)
ARRIVES = ("The baby is carried to the table.", "Hands lay a newborn on the table.")
LEAVES = ("The baby is carried away from the table.", "Hands lift the newborn off the table.")
PASSING = ("An arm passes over the table.", "Someone reaches across the scene.")


def captions(scene: Scene, start: float, end: float, rng: np.random.Generator, count: int = 1) -> list[str]:
    """Return `count` captions of the span from `start` to `end`, each a few sentences of plain English.

    Args:
        scene: whose true state is described.
        start, end: seconds, 0 <= start < end.
        rng: chooses the words and which of the things beside the action are mentioned.
        count: of captions.

    Raises:
        ValueError: an empty span.
    """
    if not 0 <= start < end:
        raise ValueError(f"cannot describe the span from {start} s to {end} s")
    states = [scene.at(start + (k + 0.5) * (end - start) / LOOKS) for k in range(LOOKS)]
    must, may = _facts(scene, start, end, states)
    return [_tell(rng, must, may) for _ in range(count)]


def _tell(rng: np.random.Generator, must: Sequence[Sequence[str]], may: Sequence[Sequence[str]]) -> str:
    first, *rest = [_choose(rng, wordings) for wordings in must]
    rest = [rest[i] for i in rng.permutation(len(rest))]
    rest += [_choose(rng, wordings) for wordings in may if rng.random() < 0.6]
    return " ".join([first, *rest])


def _choose(rng: np.random.Generator, wordings: Sequence[str]) -> str:
    return wordings[int(rng.integers(len(wordings)))]


def _facts(
    scene: Scene, start: float, end: float, states: Sequence[State]
) -> tuple[list[Sequence[str]], list[Sequence[str]]]:
    """Return the wordings of what has to be told, the baby first, and of what may be told beside it."""
    script = scene.script
    doing = {kind for kind in (*DOING, "wipe") if _share(script.bouts(kind), start, end) >= HALF}
    must: list[Sequence[str]] = []
    may: list[Sequence[str]] = []
    present = _share(script.visible, start, end)
    turned = [state.baby.turned if state.baby else 0.0 for state in states]
    if all(state.baby is None for state in states):
        must.append(EMPTY)
    elif present < HALF:
        middle = (start + end) / 2
        nearest = min((abs(edge - middle), edge == span[1]) for span in script.visible for edge in span)
        must.append(LEAVES if nearest[1] else ARRIVES)
    else:
        must.append(PRONE if min(turned) > 0.5 else LYING if max(turned) < 0.5 else LYING[:1])
    must += [DOING[kind] for kind in DOING if kind in doing]
    if "wipe" in doing:
        must.append(WIPING)
    if any(start <= bout.start and bout.end <= end for bout in script.bouts("pass")):
        may.append(PASSING)
    if present >= 1 - 1e-9:
        if not any(state.hands for state in states):
            must.append(UNTOUCHED)
        if all(state.mask.height < 0.1 for state in states):
            may.append(MASK_ASIDE)
        if all(state.catheter.height < 0.1 for state in states):
            may.append(TUBE_ASIDE)
    return must, may


def _share(spans: Sequence[Bout] | Sequence[Span], start: float, end: float) -> float:
    """Return the fraction of the time from `start` to `end` that disjoint spans cover."""
    edges = [(span.start, span.end) if isinstance(span, Bout) else span for span in spans]
    return sum(max(min(high, end) - max(low, start), 0.0) for low, high in edges) / (end - start)
