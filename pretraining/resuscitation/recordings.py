"""The 160 simulated resuscitations from which the package's models of resuscitations have learned, and their split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from actscribe.data.recording import Recording
from actscribe.data.splits import assign_splits
from actscribe.labels import load_label_set
from actscribe_sim.resuscitation.scene import Scene, make_scene

#: Of the simulation; demos, tests and studies use small seeds.
SEED = 424242
RECORDINGS = 160
MINUTES = 1.0
SPLIT = {"train": 0.8, "validation": 0.1, "test": 0.1}
LABELS = load_label_set("newborn_resuscitation")


@dataclass(frozen=True)
class Film:
    """Which recordings: as `actscribe simulate` makes them, the first of one seed.

    Args:
        recordings: how many.
        minutes: length of each.
        size: side of a frame in pixels, before it is made smaller.
        fps: frames per second.
    """

    recordings: int = RECORDINGS
    minutes: float = MINUTES
    size: int = 256
    fps: float = 15.0

    def scene(self, index: int) -> Scene:
        """Return the recording of an index."""
        return make_scene(SEED, index, self.minutes * 60, self.size, self.fps)


def recording_of(scene: Scene) -> Recording:
    """Return a recording as a study would read it, without its video."""
    name = f"sim{scene.index + 1:03d}"
    named = [(LABELS.resolve(one.label), one) for one in scene.script.annotations().intervals]
    own = tuple(replace(one, label=label) for label, one in named if label)
    return Recording(name, Path(name), scene.script.duration, name, scene.group, intervals=own)


def split_of(recordings: Sequence[Recording], seed: int = 0) -> list[str]:
    """Return the split of each recording in a study of all of them with `SPLIT`.

    Args:
        recordings: all of the study, in order.
        seed: of the study.
    """
    return [one.split for one in assign_splits(recordings, LABELS, SPLIT, seed)]
