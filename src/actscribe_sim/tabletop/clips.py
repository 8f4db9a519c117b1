"""Trimmed clips of tabletop actions with captions, questions and lists, and data sets of them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import numpy as np

from actscribe.errors import ActScribeError, did_you_mean
from actscribe.files import write_text
from actscribe.progress import track
from actscribe.video.sampling import sample_times
from actscribe.video.writing import write_video
from actscribe_sim.claim import claim
from actscribe_sim.tabletop import sentences
from actscribe_sim.tabletop.actions import ACTIONS, CLASSES
from actscribe_sim.tabletop.facts import Facts, facts_of
from actscribe_sim.tabletop.scene import Scene, make_scene

SETTINGS_FILE = "tabletop.json"
#: Share of the groups that each split gets.
SPLITS = {"train": 0.7, "validation": 0.15, "test": 0.15}
SEED_STEP = 1_000_003  # between the scenes of two data-set seeds


@dataclass(frozen=True)
class TabletopClip:
    """One clip, seen from above a table. Frames are rendered when they are first asked for.

    Args:
        seed: of the scene.
        action: name of the class, or None for things that just lie there.
        scene: its true state.
        times: of `frames`, seconds, ascending, shape (frames,).
        size: (height, width) of a frame in pixels.
        asked: how many questions of each answer `questions` holds at most.
    """

    seed: int
    action: str | None
    scene: Scene
    times: np.ndarray
    size: tuple[int, int]
    asked: int = 4

    @cached_property
    def frames(self) -> np.ndarray:
        """uint8 RGB, shape (frames, height, width, 3)."""
        return self.render(self.times)

    def render(self, times: np.ndarray) -> np.ndarray:
        """Return the frames at other times, seconds in [0, duration]; the same time gives the same pixels."""
        return self.scene.render(times, *self.size)

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.scene.duration

    @cached_property
    def facts(self) -> Facts:
        """What is true of the clip."""
        return facts_of(self.scene)

    @property
    def objects(self) -> tuple[str, ...]:
        """Names of the things that can be seen, as in "red cup", from left to right at the start."""
        return tuple(self.facts.things[index].name for index in self.facts.visible)

    @property
    def colours(self) -> tuple[str, ...]:
        """Colour names of `objects`, in the same order."""
        return tuple(self.facts.things[index].colour for index in self.facts.visible)

    @cached_property
    def captions(self) -> list[str]:
        """Sentences about the clip, what happens first."""
        return sentences.captions(self.scene, self.facts, self.action, self._rng(1))

    @cached_property
    def questions(self) -> list[tuple[str, str]]:
        """Questions with "yes" or "no", as many of each."""
        return sentences.questions(self.scene, self.facts, self.action, self._rng(2), self.asked)

    @cached_property
    def lists(self) -> list[tuple[str, tuple[str, ...]]]:
        """Open questions whose answer is a list, which may be empty."""
        return sentences.lists(self.facts, self.action)

    def _rng(self, use: int) -> np.random.Generator:
        number = 0 if self.action is None else 1 + list(ACTIONS).index(self.action)
        return np.random.default_rng([self.seed, 3, use, number])


def tabletop_clip(
    seed: int, action: str | None = None, frames: int = 8, size: int | tuple[int, int] = 112, plain: bool = False
) -> TabletopClip:
    """Return the clip of a seed, with `frames` moments spread over it as `video.sampling.sample_times` does.

    The clips of the two actions of a pair with one seed are each other run backwards, pixel for pixel: only the order
    of the frames tells them apart. Object kinds depend on the action's role alone, colours, table, light, camera and
    hands not on the action at all.

    Args:
        seed: of the scene, >= 0.
        action: a name of CLASSES; None: seeds take the classes in turn, so that n successive seeds are balanced.
        frames: how many.
        size: side in pixels, or (height, width).
        plain: one table, camera, light and hand for all seeds, and nothing beside what takes part.

    Raises:
        ActScribeError: no such action.
    """
    name = CLASSES[seed % len(CLASSES)].name if action is None else action
    _check_action(name)
    return _clip(seed, name, frames, size, plain)


def _check_action(name: str) -> None:
    if name not in ACTIONS:
        raise ActScribeError(f"'{name}' is not a tabletop action.", did_you_mean(name, ACTIONS))


def tabletop_scene(seed: int, frames: int = 8, size: int | tuple[int, int] = 112, plain: bool = False) -> TabletopClip:
    """Return a clip in which things just lie on the table: for counting, naming, colours and places.

    Arguments as for `tabletop_clip`. In some a hand rests at the edge.
    """
    return _clip(seed, None, frames, size, plain)


def _clip(seed: int, action: str | None, frames: int, size: int | tuple[int, int], plain: bool) -> TabletopClip:
    scene = make_scene(seed, action, plain)
    shape = (size, size) if isinstance(size, int) else size
    return TabletopClip(seed, action, scene, sample_times(0.0, scene.duration, frames), shape)


def simulate_tabletop(
    out: Path,
    clips_per_class: int,
    seed: int,
    *,
    actions: Sequence[str] = tuple(ACTIONS),
    size: int | tuple[int, int] = 128,
    fps: float = 12.5,
    crf: int = 23,
    plain: bool = False,
) -> None:
    """Write a trimmed data set to the folder `out`: SPLIT/ACTION/GROUP.mp4, `clips.csv` and `captions.csv`.

    The folder is a benchmark set (kind "folder", groups `^([0-9]+)$`); `clips.csv` says the same once more:
    a row per video: video (path from `out`), label, group, split. A group is one scene seed with all actions acted out
    in it; groups never straddle splits. `captions.csv` has a row per sentence: video, caption.
    Videos that are already there are written again; the same arguments give the same bytes.

    Args:
        out: folder to make; an existing one has to be empty or from an earlier call with the same arguments.
        clips_per_class: how many of each action; also the number of groups.
        seed: of the data set.
        actions: which of the classes.
        size: side in pixels, or (height, width).
        fps: frames per second.
        crf: x264's quality, see `write_video`.
        plain: see `tabletop_clip`.

    Raises:
        ActScribeError: no such action, a folder that holds something else, or one that cannot be written to.
    """
    out = Path(out)
    settings = {
        "clips_per_class": clips_per_class,
        "seed": seed,
        "actions": list(actions),
        "size": size,
        "fps": fps,
        "crf": crf,
        "plain": plain,
        "version": version("actscribe"),
    }
    for name in actions:
        _check_action(name)
    claim(out, SETTINGS_FILE, json.dumps(settings, indent=2) + "\n")
    splits = _splits(clips_per_class, seed)
    clips, sentences = [], []
    jobs = [(group, action) for group in range(clips_per_class) for action in actions]
    for group, action in track(jobs, "tabletop clips"):
        clip = tabletop_clip(seed * SEED_STEP + group, action, 1, size, plain)
        video = f"{splits[group]}/{action}/{group:04d}.mp4"
        times = np.arange(int(clip.duration * fps)) / fps
        write_video(out / video, iter(clip.render(times)), fps, crf=crf)
        clips.append((video, action, f"scene-{group:04d}", splits[group]))
        sentences += [(video, caption) for caption in clip.captions]
    write_text(out / "clips.csv", _csv(("video", "label", "group", "split"), clips))
    write_text(out / "captions.csv", _csv(("video", "caption"), sentences))


def split_counts(groups: int) -> dict[str, int]:
    """Return how many of so many groups each split gets, in the shares of SPLITS."""
    bounds = np.round(np.cumsum(list(SPLITS.values())) * groups).astype(int)
    return dict(zip(SPLITS, map(int, np.diff([0, *bounds])), strict=True))


def _splits(groups: int, seed: int) -> list[str]:
    """Return a split per group, in the shares of SPLITS, in random order."""
    named = [name for name, count in split_counts(groups).items() for _ in range(count)]
    return [named[int(index)] for index in np.random.default_rng(seed).permutation(groups)]


def _csv(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
