"""Annotations drawn from a seed, exported, and told as plain numbers: what a program must find in the file."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from actscribe.annotations import FORMATS, Annotations, FrameClock, Interval, write
from actscribe.video.writing import write_video

FPS = 25
DURATION_S = 8.0
LABELS = (
    "Ventilation",
    "Suction",
    "Baby visible",
    "Überdruck (CPAP)",
    'he said "no"',
    "</script><b>",
    "a, b; c",
    "=cmd()",
    "été 🙂",
    "שלום",
    "A @ B",
    "#1",
    "x" * 10_000,
)
SUBJECTS = ("", "nurse", "P 1", "A & <B>")


def make_video(path: Path) -> Path:
    """Write a grey video of 8 s, which the exports are about."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = (np.full((48, 64, 3), 128, np.uint8) for _ in range(int(FPS * DURATION_S)))
    write_video(path, frames, FPS)
    return path


def draw(seed: int, number: int, program: ModuleType, video: Path, folder: Path) -> dict[str, Any]:
    """Draw a case and export it in the program's format; bouts of one label and subject touch but do not overlap."""
    chance = random.Random(f"{seed} {number} {program.FORMAT}")
    labels = chance.sample(LABELS, chance.randint(1, len(LABELS)))
    intervals = [
        interval for label in labels if chance.random() < 0.7 for interval in _bouts(chance, label, program.TICK)
    ]
    ending = FORMATS[program.FORMAT].ending
    path = (folder if chance.random() < 0.5 else video.parent) / f"case {number}{ending}"
    path.parent.mkdir(parents=True, exist_ok=True)
    annotations = Annotations.of(intervals, [str(video)], DURATION_S, labels)
    write(path, annotations, program.FORMAT, FrameClock(FPS))
    return {
        "path": str(path),
        "video": str(video),
        "duration": DURATION_S,
        "labels": list(annotations.labels),
        "intervals": [[i.label, i.subject, round(i.start * 1000), round(i.end * 1000)] for i in annotations.intervals],
    }


def _bouts(chance: random.Random, label: str, tick: float) -> list[Interval]:
    """Return bouts and points on a grid of `tick` seconds, with a little noise that rounding takes off."""
    intervals = []
    is_point = chance.random() < 0.2
    for subject in chance.sample(SUBJECTS, chance.randint(1, 2)):
        edges = sorted(chance.sample(range(int(DURATION_S / tick)), 2 * chance.randint(1, 4)))
        pairs = list(zip(edges[::2], edges[1::2], strict=True))
        if chance.random() < 0.3:
            pairs = list(itertools.pairwise(edges))  # each begins where the one before it ends
        for first, last in pairs:
            start = first * tick * (1 + 1e-13)
            intervals.append(Interval(label, start, start if is_point else last * tick * (1 + 1e-13), subject))
    return intervals
