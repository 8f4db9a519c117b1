"""Make the material: the frames of the 160 recordings on the windows' common grid, what is true of them, captions.

Frames are those that the recordings' videos hold, 8 in 3 s, drawn at the videos' size and made smaller, but not
compressed. A recording depends on its index alone, so a killed call goes on where it stopped.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import cv2
import numpy as np
from recordings import Film, recording_of, split_of
from shared import FRAMES
from topics import shares

from actscribe.annotations import Interval
from actscribe.data.recording import Recording
from actscribe_sim.resuscitation.captions import captions
from actscribe_sim.resuscitation.doll import MOUTH
from actscribe_sim.resuscitation.motion import Places
from actscribe_sim.resuscitation.scene import Scene, draw_state
from actscribe_sim.resuscitation.state import HandName, State
from actscribe_sim.resuscitation.tools import BAG_MIDDLE

SECONDS = 3.0  # of a window
STEP = SECONDS / FRAMES  # of the grid
CAPTIONS = 3  # of each window
CAPTION = 5  # stream of random numbers of a recording that no part of the simulation takes
#: What is looked for in a picture; the hands, each in a place of its own, come behind these.
POINTS = ("trunk", "mouth", "mask", "bag", "tip", "handle")
HANDS = get_args(HandName)
#: Where something is not in the picture, far outside of it.
AWAY = 9.0
#: What is known of a frame besides places.
FACTS = ("squeeze", "mask height", "sealed", "tip height", "inside", "turned")


@dataclass(frozen=True, slots=True)
class Filmed:
    """One recording.

    Args:
        frames: uint8, shape (moments, side, side, 3).
        places: of POINTS and hands, picture units, x right, y down, -1 to 1, shape (moments, points, 2).
        facts: FACTS of each moment, shape (moments, facts).
        shares: of each topic in each window, shape (windows, topics); window k begins with frame k.
        captions: of each window.
    """

    frames: np.ndarray
    places: np.ndarray
    facts: np.ndarray
    shares: np.ndarray
    captions: list[list[str]]


def filmed(scene: Scene, side: int) -> Filmed:
    """Return a recording at `side` pixels a side."""
    moments = math.floor(round(scene.script.duration / STEP, 6))
    times = [math.floor(round((k + 0.5) * STEP * scene.fps, 6)) / scene.fps for k in range(moments)]
    states = [scene.at(time) for time in times]
    drawn = [draw_state(scene, state) for state in states]
    rng = np.random.default_rng([scene.seed, CAPTION, scene.index])
    windows = range(moments - FRAMES + 1)
    return Filmed(
        np.stack([cv2.resize(frame, (side, side), interpolation=cv2.INTER_AREA) for frame in drawn]),
        np.stack([_places(scene, state) for state in states]),
        np.array([_facts(state) for state in states], np.float32),
        shares(scene.script, SECONDS, STEP)[: len(windows)],
        [captions(scene, k * STEP, k * STEP + SECONDS, rng, CAPTIONS) for k in windows],
    )


def _places(scene: Scene, state: State) -> np.ndarray:
    positions: list[tuple[tuple[float, float], float] | None] = []
    if state.baby is None:
        positions += [None, None]
    else:
        where = Places((*state.baby.position, state.baby.angle), scene.team.doll.size, 1, 1)
        positions += [(where.world((0.0, 0.0)), state.baby.lift), (where.world(MOUTH), state.baby.lift)]
    mask, tube = state.mask, state.catheter
    x, y = mask.position
    bag = (x + BAG_MIDDLE * math.cos(mask.angle), y + BAG_MIDDLE * math.sin(mask.angle))
    positions += [(mask.position, mask.height), (bag, mask.height), (tube.tip, tube.height), (tube.handle, tube.height)]
    hands = {hand.name: (hand.position, hand.height) for hand in state.hands}
    positions += [hands.get(name) for name in HANDS]
    view = scene.film.camera.at(state.time, scene.size, scene.size)
    places = np.full((len(positions), 2), AWAY, np.float32)
    for row, one in enumerate(positions):
        if one is not None:
            places[row] = view.project(np.array([one[0]]), one[1])[0] / scene.size * 2 - 1
    return places


def _facts(state: State) -> tuple[float, ...]:
    turned = state.baby.turned if state.baby else 0.0
    mask, tube = state.mask, state.catheter
    return mask.squeeze, 3 * mask.height, float(mask.sealed), 3 * tube.height, float(tube.inside), turned


@dataclass(frozen=True)
class Material:
    """All recordings.

    Args:
        frames: shape (recordings, moments, side, side, 3), uint8.
        places, facts, shares: as in `Filmed`, of all recordings.
        captions: [recording][window].
        splits: of the recordings.
    """

    frames: np.ndarray
    places: np.ndarray
    facts: np.ndarray
    shares: np.ndarray
    captions: list[list[list[str]]]
    splits: list[str]

    def of_split(self, split: str) -> np.ndarray:
        """Return (recording, window) of every window of a split, shape (windows, 2)."""
        windows = self.shares.shape[1]
        chosen = [index for index, name in enumerate(self.splits) if name == split]
        return np.array([(index, window) for index in chosen for window in range(windows)])


def material(cache: Path, film: Film, side: int) -> Material:
    """Return the recordings, filmed into `cache` where they are not there."""
    cache.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)
    facts = []
    for index in range(film.recordings):
        if not _truth(cache, index).is_file():
            scene = film.scene(index)
            _write(filmed(scene, side), recording_of(scene), cache, index)
            print(f"filmed {index + 1} of {film.recordings}", flush=True)
        facts.append(json.loads(_truth(cache, index).read_text(encoding="utf-8")))
    arrays = [np.load(_arrays(cache, index)) for index in range(film.recordings)]
    return Material(
        *(np.stack([one[name] for one in arrays]) for name in ("frames", "places", "facts", "shares")),  # type: ignore[call-arg]
        [one["captions"] for one in facts],
        split_of([_recording(one) for one in facts]),
    )


def _write(made: Filmed, recording: Recording, cache: Path, index: int) -> None:
    np.savez(_arrays(cache, index), frames=made.frames, places=made.places, facts=made.facts, shares=made.shares)
    facts = {
        "name": recording.name,
        "duration": recording.duration,
        "group": recording.group,
        "intervals": [(one.label, one.start, one.end) for one in recording.intervals or ()],
        "captions": made.captions,
    }
    beside = _truth(cache, index).with_suffix(".part")
    beside.write_text(json.dumps(facts), encoding="utf-8")
    beside.replace(_truth(cache, index))  # last: it tells that the arrays are whole


def _recording(facts: dict[str, Any]) -> Recording:
    name, intervals = facts["name"], tuple(Interval(*one) for one in facts["intervals"])
    return Recording(name, Path(name), facts["duration"], name, facts["group"], intervals=intervals)


def _arrays(cache: Path, index: int) -> Path:
    return cache / f"{index:03d}.npz"


def _truth(cache: Path, index: int) -> Path:
    return cache / f"{index:03d}.json"
