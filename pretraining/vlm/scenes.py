"""What the simulator knows about each frame, as targets of helper losses that exist only during training.

Positions are in picture coordinates, x right, y down, -1 to 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sizes import FRAMES

from actscribe_sim.tabletop.clips import TabletopClip
from actscribe_sim.tabletop.facts import covered
from actscribe_sim.tabletop.motion import CURL, GRIP
from actscribe_sim.tabletop.things import AMOUNT, ANGLE, COLOURS, KINDS, SQUEEZE, Z

MOST = 10  # things of a scene that are kept
HANDS = 3
#: Columns of what is kept of a thing: x, y, z, amount, angle, squeeze; of a hand: x, y, z, grip, curl.
COLUMNS = 6


@dataclass(slots=True)
class States:
    """The truth about a row, in the order of its frames.

    Args:
        things: float32, shape (FRAMES, MOST, COLUMNS).
        kinds: index of the kind + 1, colours: of the colour + 1; 0 where there is no thing or it is hidden, uint8,
            shape (FRAMES, MOST).
        hands: float32, shape (FRAMES, HANDS, 5).
        roles: things that take part.
    """

    things: np.ndarray
    kinds: np.ndarray
    colours: np.ndarray
    hands: np.ndarray
    roles: int

    def backwards(self) -> States:
        """Return the same row run from its end to its start."""
        return States(self.things[::-1], self.kinds[::-1], self.colours[::-1], self.hands[::-1], self.roles)


def read_states(made: TabletopClip) -> States:
    """Return the truth about a clip's frames."""
    scene = made.scene
    play = scene.play
    states = States(
        np.zeros((FRAMES, MOST, COLUMNS), np.float32),
        np.zeros((FRAMES, MOST), np.uint8),
        np.zeros((FRAMES, MOST), np.uint8),
        np.full((FRAMES, HANDS, 5), 9, np.float32),
        play.roles,
    )
    count = min(len(play.things), MOST)
    kinds, colours = list(KINDS), list(COLOURS)
    for frame, time in enumerate(made.times):
        things, hands = scene.film.at(float(time))
        projected = scene.in_picture(things[:, :2]) if len(things) else np.zeros((0, 2))
        for index in range(count):
            columns = things[index, [Z, AMOUNT, ANGLE, SQUEEZE]]
            states.things[frame, index] = [*projected[index], *columns]
            if covered(play.things, things, index) is None:
                states.kinds[frame, index] = kinds.index(play.things[index].kind) + 1
                states.colours[frame, index] = colours.index(play.things[index].colour) + 1
        for index in range(min(len(hands), HANDS)):
            position = scene.in_picture(hands[index : index + 1, :2])[0]
            states.hands[frame, index] = [*position, hands[index, Z], hands[index, GRIP], hands[index, CURL]]
    return states
