"""Reports of made-up archives, of any number of videos: three labels, some failures, some videos unlike the rest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from actscribe.archive.drift import BINS, Reference, Sight
from actscribe.archive.folder import Archive, Plan
from actscribe.archive.listing import Video
from actscribe.archive.record import Done, Failed, LabelSummary
from actscribe.archive.report import page_of
from actscribe.archive.table import Content, rows
from actscribe.report.archive_page import archive_page
from actscribe.stored_path import StoredPath

NAMES = ("Ventilation <mask>", "Chest compressions", "Stimulation & drying of the newborn")
REASONS = ("an empty file (0 bytes), expected a video.", "its decoder crashed (signal 11).")


def content(count: int) -> Content:
    """Return an archive of so many videos; every 29th failed, every 13th is unlike the run's recordings."""
    rng = np.random.default_rng(count)
    videos, done, failed, first = [], {}, {}, {}
    for index in range(count):
        name = f"ward {index % 7}/video {index:05}.mp4"
        key = f"{index:032x}"
        videos.append(Video(key, name, f"/videos/{name}", 1000 + index, name))
        if index % 29 == 7:
            reason = REASONS[index % 2]
            failed[key] = Failed(key, name, 0, "one", 0.1, reason, f"{name}: {reason}", "Copy it again.")
            continue
        record = _done(key, name, index, rng)
        done[key] = record
        first.setdefault(record.content, name)
    own = {name: np.round(200 * _shape(0.15)) for name in NAMES}
    videos.sort(key=lambda one: one.name)
    return Content(tuple(videos), done, failed, first, Reference("validation", 8, own, 0.12, 0.72))


def written(path: Path, count: int) -> Path:
    """Write the report of such an archive."""
    archive = content(count)
    warnings = ["The run that made these timelines, measured on test: macro F1 0.71 (95 % interval 0.62 to 0.80)."]
    page = page_of(archive, "Archive night", warnings, "actscribe archive night --retry-failed", rows(archive))
    path.write_text(archive_page(page), encoding="utf-8")
    return path


def of_run(parent: Path, run: Path, contents: Sequence[str]) -> Path:
    """Write an archive of a run, `night`, and its report, and return its folder.

    Its last videos have these digests; the first digest is that of the one which a person should look at.
    """
    folder = parent / "night"
    plan = Plan(
        source=StoredPath.of(parent, folder),
        run=StoredPath.of(run, folder),
        formats=("json",),
        rules=None,
        model="0",
        notes=(),
        versions={},
        device="cpu",
        precision="float32",
        threads=1,
        batch_size=1,
        compile=False,
    )
    Archive.begin(folder, plan)
    archive = content(6)
    given = zip(reversed(archive.done.items()), contents, strict=False)
    done = archive.done | {key: replace(one, content=own) for (key, one), own in given}
    archive = replace(archive, done=done, first={record.content: record.name for record in done.values()})
    page = page_of(archive, "Archive night", [], "actscribe archive night --retry-failed", rows(archive))
    (folder / "report.html").write_text(archive_page(page), encoding="utf-8")
    return folder


def sight(mean: float) -> Sight:
    """Return how a label is scored in a video."""
    return Sight(tuple(int(one) for one in np.round(60 * _shape(mean))), 0.9)


def _done(key: str, name: str, index: int, rng: np.random.Generator) -> Done:
    duration = float(rng.lognormal(5.5, 1.0))
    labels = {}
    for number, label in enumerate(NAMES):
        bouts = int(rng.integers(0, 6)) if number else 3
        total = float(rng.uniform(0, duration)) if bouts else 0.0
        labels[label] = LabelSummary(
            first_s=float(rng.uniform(0, duration / 2)) if bouts else math.nan,
            bouts=bouts,
            total_s=total,
            fraction=total / duration,
            longest_pause_s=float(rng.uniform(0, duration / 4)) if bouts else math.nan,
            certainty=float(rng.uniform(0.7, 1.0)),
            scores=sight(0.6 if index % 13 == 5 else 0.15).counts,
        )
    content = f"{index - (index % 31 == 9):032x}"
    files = {f"timelines/{name.removesuffix('.mp4')}.json": "0"}
    return Done(key, name, 1000, "0", content, duration, f"node{index % 3}", duration / 40, files, labels)


def _shape(mean: float) -> np.ndarray:
    middles = (np.arange(BINS) + 0.5) / BINS
    shape = np.exp(-(((middles - mean) / 0.18) ** 2)) + 0.1 * (middles > 0.9)
    return shape / shape.sum()
