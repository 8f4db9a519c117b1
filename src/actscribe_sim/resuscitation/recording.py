"""Writes simulated newborn resuscitations as a study: videos, annotation files, captions, manifest, study file."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np

from actscribe.annotations import FrameClock, find_format, write
from actscribe.data.clips import Window, spans
from actscribe.errors import ActScribeError
from actscribe.files import write_text
from actscribe.progress import track
from actscribe.settings.study import STUDY_FILE
from actscribe.video.writing import write_video
from actscribe.workers import Done, Job, cores, run_jobs
from actscribe_sim.claim import claim
from actscribe_sim.resuscitation.captions import captions
from actscribe_sim.resuscitation.scene import CAPTION, Scene, group_of, make_scene, render_frames

SETTINGS_FILE, MANIFEST = "simulation.json", "manifest.csv"
STUDY = """\
# Simulated newborn resuscitations, made by: actscribe simulate (seed {seed}, {minutes:g} minutes each).
name: simulated-resuscitations
recordings: manifest.csv
labels: newborn_resuscitation
windows: {{length: 3, stride: 1, frames: 8}}
"""


@dataclass(frozen=True, slots=True)
class Settings:
    """What determines a recording, together with its index.

    Args:
        seed: all randomness flows from it, >= 0.
        minutes: length of a recording, > 0.
        size: side of the square frames in pixels, at least 32.
        fps: frames per second, 1 to 60.
        format: of the annotation files, a key of `annotations.FORMATS`.
        version: of ActScribe; another version may draw other pictures.
    """

    seed: int
    minutes: float
    size: int
    fps: float
    format: str
    version: str

    @property
    def duration(self) -> float:
        """Length of a recording in seconds, a whole number of frames."""
        return round(max(round(self.minutes * 60 * self.fps), 1) / self.fps, 6)


@dataclass(frozen=True, slots=True)
class SimulatedRecording:
    """The files of one recording: video, annotations, captions (a CSV of video, start_s, end_s, caption), group."""

    name: str
    video: Path
    annotations: Path
    captions: Path
    group: str


@dataclass(frozen=True, slots=True)
class SimulatedStudy:
    """What `simulate` wrote.

    Args:
        folder: of everything.
        study: the study file, ready for `check` and `train`.
        manifest: CSV of video, annotations, group, split (empty).
        recordings: in order.
    """

    folder: Path
    study: Path
    manifest: Path
    recordings: tuple[SimulatedRecording, ...]


def simulate(
    out: str | Path,
    recordings: int = 10,
    minutes: float = 2.0,
    seed: int = 0,
    size: int = 256,
    fps: float = 15.0,
    format: str = "intervals",
    workers: int | None = None,
) -> SimulatedStudy:
    """Simulate newborn resuscitations with exact annotations, as a study that is ready to train on.

    The same arguments give the same files, byte for byte, on any number of processes; a recording does not depend on
    how many there are. Two recordings in a row share a team (doll, hands, tools, table) and form a group. Interrupted,
    the same call goes on where it stopped; with more recordings it adds to what is there.

    Args:
        out: folder to make; an existing one has to be empty or from an earlier call with the same settings.
        recordings: how many, >= 1.
        minutes: length of each, > 0; from 1.5 on every label occurs in every recording.
        seed: all randomness flows from it, >= 0.
        size: side of the square frames in pixels, at least 32.
        fps: frames per second, 1 to 60.
        format: of the annotation files, a key of `annotations.FORMATS`.
        workers: processes; None: one for each core. A script that asks for more than one guards its call with
            `if __name__ == "__main__":`, as multiprocessing needs it.

    Raises:
        ActScribeError: a value out of range, a folder that holds something else, a manifest that was edited, or a
            folder that cannot be written to.
    """
    settings = Settings(seed, minutes, size, fps, format, version("actscribe"))
    _check(settings, recordings, workers)
    out = Path(out)
    claim(out, SETTINGS_FILE, json.dumps(asdict(settings), indent=2) + "\n")
    names = [_files(out, settings, index) for index in range(recordings)]
    _check_manifest(out, names)
    missing = [index for index, files in enumerate(names) if not _done(files)]
    processes = min(workers or cores(), len(missing))
    if processes > 1:
        _film_in_processes(out, settings, missing, processes)
    else:
        for index in missing:
            film(out, settings, index, shown=True)
    write_text(out / MANIFEST, _manifest(out, names))
    if not (out / STUDY_FILE).exists():  # one that is there may have been edited since: settings are made to be changed
        write_text(out / STUDY_FILE, STUDY.format(seed=seed, minutes=minutes))
    return SimulatedStudy(out, out / STUDY_FILE, out / MANIFEST, tuple(names))


def _manifest(out: Path, recordings: Sequence[SimulatedRecording]) -> str:
    rows = [[files.video.relative_to(out).as_posix(), files.annotations.relative_to(out).as_posix(), files.group, ""]
            for files in recordings]  # fmt: skip
    return _table([["video", "annotations", "group", "split"], *rows])


def film(out: Path, settings: Settings, index: int, shown: bool = False) -> None:
    """Write the files of one recording; the captions come last and tell that the others are whole.

    Args:
        out: folder of the study.
        settings: of the study.
        index: of the recording.
        shown: show the progress from frame to frame.
    """
    files = _files(out, settings, index)
    scene = make_scene(settings.seed, index, settings.duration, settings.size, settings.fps)
    frames: Iterable[np.ndarray] = render_frames(scene)
    if shown:
        frames = track(frames, f"Filming {files.name}", math.ceil(round(settings.duration * settings.fps, 6)))
    with _one_thread():
        write_video(files.video, frames, settings.fps, crf=scene.film.crf)
    write(files.annotations, scene.script.annotations(files.video.name), settings.format, FrameClock(settings.fps))
    write_text(
        files.captions, _table([["video", "start_s", "end_s", "caption"], *_caption_rows(scene, files.video.name)])
    )


def _caption_rows(scene: Scene, video: str) -> Iterator[list[str]]:
    """One caption for each window of three seconds, a second apart."""
    rng = np.random.default_rng([scene.seed, CAPTION, scene.index])
    for start, end in spans(scene.script.duration, Window()):
        yield [video, f"{start:g}", f"{end:g}", captions(scene, start, end, rng)[0]]


def _film_in_processes(out: Path, settings: Settings, indices: list[int], processes: int) -> None:
    jobs = [Job(index, _files(out, settings, index).name) for index in indices]
    answers = run_jobs(partial(film, out, settings), jobs, processes)
    for _ in track((one for one in answers if isinstance(one, Done)), "Filming recordings", len(jobs)):
        pass


def _check(settings: Settings, recordings: int, workers: int | None) -> None:
    """Refuse values out of range."""
    find_format(settings.format)
    ranges: list[tuple[str, float, bool, str]] = [
        ("recordings", recordings, recordings >= 1, "at least 1"),
        ("minutes", settings.minutes, 0 < settings.minutes < math.inf, "more than 0"),
        ("seed", settings.seed, settings.seed >= 0, "0 or more"),
        ("size", settings.size, settings.size >= 32, "at least 32"),
        ("fps", settings.fps, 1 <= settings.fps <= 60, "between 1 and 60"),
        ("workers", workers or 1, workers is None or workers >= 1, "at least 1"),
    ]
    for name, value, good, expected in ranges:
        if not good:
            raise ActScribeError(f"{name} has to be {expected}, found {value:g}.")


def _check_manifest(out: Path, recordings: Sequence[SimulatedRecording]) -> None:
    """Refuse a manifest that is not of an earlier call; one with more recordings than now is kept from shrinking."""
    path = out / MANIFEST
    if not os.path.lexists(path):
        return
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    wanted = _manifest(out, recordings).splitlines()
    if lines != wanted[: len(lines)]:
        raise ActScribeError(
            f"{path}: was edited since, or lists more recordings than are asked for; nothing was changed.",
            "Move it away to have it written again, or simulate into another folder.",
        )


def _files(out: Path, settings: Settings, index: int) -> SimulatedRecording:
    name = f"sim{index + 1:03d}"
    return SimulatedRecording(
        name=name,
        video=out / "recordings" / f"{name}.mp4",
        annotations=out / "recordings" / f"{name}{find_format(settings.format).ending}",
        captions=out / "captions" / f"{name}.csv",
        group=group_of(index),
    )


def _done(files: SimulatedRecording) -> bool:
    return all(path.is_file() for path in (files.video, files.annotations, files.captions))


def _table(rows: Iterable[Iterable[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


@contextmanager
def _one_thread() -> Iterator[None]:
    """Frames are small: OpenCV's threads cost more than they save."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
