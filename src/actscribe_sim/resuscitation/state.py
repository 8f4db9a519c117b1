"""What is true at one moment of a simulated resuscitation: plain values from which frames are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from actscribe_sim.resuscitation.script import BoutKind
from actscribe_sim.resuscitation.tools import Grip

HandName = Literal["mask", "bag", "catheter", "body", "helper", "passer", "under head", "under hips"]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Baby:
    """The doll.

    Args:
        position: of the middle of its trunk, world units.
        angle: radians; 0: the feet point down the picture.
        lift: how far it is held above the table, world units.
        turned: 0 on its back, 1 on its front.
        chest: how far the chest is raised, 0 to 1.
        shove: how far the trunk is pushed by a rubbing hand, the doll's own coordinates.
        limbs: turn of left arm, right arm, left leg, right leg at the joint, radians.
        gaping: the mouth is open.
    """

    position: Point
    angle: float
    lift: float = 0.0
    turned: float = 0.0
    chest: float = 0.0
    shove: Point = (0.0, 0.0)
    limbs: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    gaping: bool = False


@dataclass(frozen=True, slots=True)
class Mask:
    """The mask with its bag.

    Args:
        position: of the middle of the mask, world units.
        angle: the direction from the mask to the bag, radians.
        height: above the table, world units.
        squeeze: of the bag, 0 loose to 1.
        sealed: the mask lies tight on the face.
    """

    position: Point
    angle: float
    height: float
    squeeze: float = 0.0
    sealed: bool = False


@dataclass(frozen=True, slots=True)
class Catheter:
    """The suction catheter.

    Args:
        tip, handle: world units.
        height: of the tip above the table; the handle is a little higher.
        inside: the tip is in the mouth.
    """

    tip: Point
    handle: Point
    height: float
    inside: bool = False


@dataclass(frozen=True, slots=True)
class Hand:
    """One hand.

    Args:
        name: whose hand it is.
        position: of what the hand acts on, world units.
        turn: against the angle at which its pictures were made, radians.
        height: above the table, world units.
        grip: what the fingers do.
        level: of the squeeze, 0 to 1.
    """

    name: HandName
    position: Point
    turn: float
    height: float
    grip: Grip
    level: float = 0.0


@dataclass(frozen=True, slots=True)
class State:
    """Everything at one moment.

    Args:
        time: seconds.
        kinds: what is being done, sorted.
        visible: the baby lies on the table, as annotated.
        baby: None while it is out of the picture.
        mask, catheter: wherever they are.
        hands: from low to high.
    """

    time: float
    kinds: tuple[BoutKind, ...]
    visible: bool
    baby: Baby | None
    mask: Mask
    catheter: Catheter
    hands: tuple[Hand, ...]
