"""What a recognizer costs: parameters, memory, and seconds of compute per minute of video."""

from __future__ import annotations

import ctypes
import gc
import json
import math
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import torch
from pydantic import BaseModel, ConfigDict
from torch.nn.modules.module import register_module_forward_pre_hook

from actscribe.caches import FOLDER_VARIABLE
from actscribe.data.clips import SAME_S, Clip, Window, cut
from actscribe.data.frames import stream
from actscribe.data.recording import Recording
from actscribe.files import write_text
from actscribe.models.cost import MB
from actscribe.recognizers.base import Recognizer, implementation
from actscribe.run_folder.file_names import COST
from actscribe.run_folder.run import Run
from actscribe.runs.scoring import clip_input_spec
from actscribe.runs.videos import located
from actscribe.runs.whole import score_wholes
from actscribe.settings.study import parse_settings
from actscribe.training.checkpoints import HISTORY
from actscribe.video.sharing import alone

#: Clips that are timed: about so many seconds' worth at the pace of validation, but within these bounds.
TIMED_S, FEWEST, MOST = 20.0, 4, 32
#: Seconds between two looks at the memory in use.
LOOK_EVERY_S = 0.02


class Cost(BaseModel):
    """The cost of one run; None where it is not known.

    Args:
        parameters: of all networks that ran while scoring, whole; a model behind a server is not counted.
        trainable_parameters: that training changed.
        memory_mb: peak of the process while scoring (on a GPU: of its memory), 10^6 bytes.
        training_memory_mb: the same while training.
        seconds_per_minute: wall clock for one minute of video, decoding included.
        train_s: wall clock of training.
        timed_clips: over how many clips it was timed.
    """

    model_config = ConfigDict(extra="forbid")

    parameters: int | None = None
    trainable_parameters: int | None = None
    memory_mb: float | None = None
    training_memory_mb: float | None = None
    seconds_per_minute: float | None = None
    train_s: float | None = None
    timed_clips: int = 0


def kept_cost(run: Run) -> Cost | None:
    """Return what was measured of a run before, if it was."""
    path = run.folder / COST
    return Cost.model_validate_json(path.read_text(encoding="utf-8")) if path.is_file() else None


def measure_cost(run: Run, training_memory: float | None = None) -> Cost:
    """Measure a complete run on a few of its test clips, without answers that are kept, and write cost.json.

    Args:
        run: a complete one.
        training_memory: peak while it was trained, in 10^6 bytes, where that was looked at.
    """
    clips = _clips(run, _how_many(run))
    with _no_kept_answers(), alone(), peak_memory() as peak:
        parameters, done, seconds = _timed(run, clips)
    trained = run.is_trained
    cost = Cost(
        parameters=parameters or None,
        trainable_parameters=_trainable(run),
        memory_mb=round(peak[0] / MB, 1),
        training_memory_mb=training_memory if trained else None,
        seconds_per_minute=round(60 * seconds / _covered(clips), 4),
        train_s=run.info.task_seconds.get("train") if trained else None,
        timed_clips=done,
    )
    write_text(run.folder / COST, cost.model_dump_json(indent=1))
    return cost


@contextmanager
def peak_memory() -> Iterator[list[int]]:
    """Yield a list whose one number is, after the block, the most bytes that were in use inside it.

    On a GPU its own count is taken; elsewhere the resident size of the process, looked at fifty times a second. What
    was in use before and is no longer is given back first: otherwise a large recognizer would show in the next one.
    """
    peak = [0]
    _give_back()
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
        yield peak
        peak[0] = torch.cuda.max_memory_allocated()
        return
    process, stop = psutil.Process(), threading.Event()

    def look() -> None:
        while True:
            peak[0] = max(peak[0], process.memory_info().rss)
            if stop.wait(LOOK_EVERY_S):
                return

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        stop.set()
        watcher.join()


def _give_back() -> None:
    """Give memory that is no longer in use back to the system, where the allocator can be asked to (glibc)."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    with suppress(AttributeError, OSError, TypeError):  # another libc, or Windows
        ctypes.CDLL(None).malloc_trim(0)


@contextmanager
def parameters_that_ran() -> Iterator[dict[int, int]]:
    """Yield a dict that, after the block, holds the size of each parameter of all networks that ran inside it.

    Of a network that ran all parts count, also a text tower whose features were kept from before.
    """
    counts: dict[int, int] = {}

    def note(module: torch.nn.Module, _: Any) -> None:
        counts.update((id(parameter), parameter.numel()) for parameter in module.parameters())

    handle = register_module_forward_pre_hook(note)
    try:
        yield counts
    finally:
        handle.remove()


def _timed(run: Run, clips: Sequence[Clip]) -> tuple[int, int, float]:
    """Load a recognizer; return parameters that ran, how many clips it scored, and in how many seconds."""
    recognizer = run.recognizer()
    with parameters_that_ran() as counts:  # and warm up
        list(recognizer.score(_frames(run, clips[:1], recognizer)))
    start = time.monotonic()
    done = _score(run, clips, recognizer)
    return sum(counts.values()), done, time.monotonic() - start


def _trainable(run: Run) -> int | None:
    if not run.is_trained:
        return 0
    path = run.folder / HISTORY
    values = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return values.get("trainable_parameters")


def _how_many(run: Run) -> int:
    """Return how many clips to time, from how long the scoring of validation took."""
    clips = len(run.scores("validation").clips)
    seconds = run.info.task_seconds.get("validate", 0.0) / max(clips, 1)
    return max(FEWEST, _of_a_window(run), min(MOST, int(TIMED_S / max(seconds, 1e-3))))


def _of_a_window(run: Run) -> int:
    """Return the clips of one window of a recognizer that looks at longer ones: a shorter one would cost as much."""
    code, windows = implementation(run.info.recognizer), run.study.windows
    if windows.length is None:
        return 0
    settings = parse_settings(run.info.recognizer, run.info.settings)
    recording = run.recordings("test")[0]
    clips = cut(recording, run.labels, Window(windows.length, windows.stride))
    first = code.looks(settings, windows.frames, clips, recording.duration).clips[0]
    length = first.end - first.start
    return math.ceil(length / windows.stride) if length > windows.length + SAME_S else 0


def _clips(run: Run, most: int) -> list[Clip]:
    """Return the first clips of the test split, in order."""
    window = Window(run.study.windows.length, run.study.windows.stride)
    labels = run.labels
    clips: list[Clip] = []
    for recording in run.recordings("test"):
        clips += cut(recording, labels, window)[: most - len(clips)]
    return clips


def _covered(clips: Sequence[Clip]) -> float:
    """Return the seconds of video that clips cover, overlaps counted once."""
    spans: dict[str, tuple[float, float]] = {}
    for clip in clips:
        start, end = spans.get(clip.recording, (clip.start, clip.end))
        spans[clip.recording] = (min(start, clip.start), max(end, clip.end))
    return sum(end - start for start, end in spans.values())


def _score(run: Run, clips: Sequence[Clip], recognizer: Recognizer) -> int:
    """Score clips as they are scored in earnest, and return how many they are; of features none is known."""
    recordings = _recordings(run, clips)
    cuts = [(one, [clip for clip in clips if clip.recording == name]) for name, one in recordings.items()]
    scored = score_wholes(recognizer, cuts, clip_input_spec(recognizer, run.study.windows), "Timing")
    if scored is not None:
        return len(scored.clips)
    return sum(1 for _ in recognizer.score(_frames(run, clips, recognizer)))


def _recordings(run: Run, clips: Sequence[Clip]) -> dict[str, Recording]:
    """Return the recordings of clips by name, in the order of the clips."""
    names = dict.fromkeys(clip.recording for clip in clips)
    shown = (recording for recording in run.recordings("test") if recording.name in names)
    by_name = {recording.name: recording for recording in located(run, shown)}
    return {name: by_name[name] for name in names}


def _frames(run: Run, clips: Sequence[Clip], recognizer: Recognizer) -> Iterator[Any]:
    input_spec = clip_input_spec(recognizer, run.study.windows)
    for name, recording in _recordings(run, clips).items():
        yield from stream(recording, [clip for clip in clips if clip.recording == name], input_spec)


@contextmanager
def _no_kept_answers() -> Iterator[None]:
    """Let zero-shot recognizers that are loaded inside the block answer again: an answer that is kept costs nothing."""
    before = os.environ.get(FOLDER_VARIABLE)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as empty:
        os.environ[FOLDER_VARIABLE] = str(Path(empty))
        try:
            yield
        finally:
            gc.collect()  # a recognizer writes down what it holds when it goes: into this folder, while there is one
            if before is None:
                del os.environ[FOLDER_VARIABLE]
            else:
                os.environ[FOLDER_VARIABLE] = before
