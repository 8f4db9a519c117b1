"""Which frames of which video a CVAT file is about: its task, its job, or the tasks of a project.

A task covers the frames start_frame, start_frame + step, ... up to stop_frame of its video, and frame numbers in the
file are those of the video (CVAT's `abs_frame_id`: relative number x step + start_frame). What comes before and after
was shown to nobody. The step stands in frame_filter ('step=5'); a frame stands for those up to the task's next one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

from actscribe.annotations.checks import TOLERANCE
from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import GAP_LABEL, Interval
from actscribe.errors import ActScribeError

_NO_FRAME = 10**12  # no video has this many frames
_MISCOUNTED = 2  # decoders may differ about the last frames of a video
_STEP = re.compile(r"\s*step\s*=\s*(\d+)\s*")


@dataclass(frozen=True, slots=True)
class Task:
    """One task: some frames of one video.

    Args:
        identifier, name: as the file has them; empty where it does not say.
        media: the video's name, or nothing.
        first: number of its first frame in the video.
        last: of its last one; None where the file does not say.
        step: from one frame to the next.
        is_bounded: first or last are written as such, so that no shape can be elsewhere; a mere size is rounded.
    """

    identifier: str = ""
    name: str = ""
    media: tuple[str, ...] = ()
    first: int = 0
    last: int | None = None
    step: int = 1
    is_bounded: bool = False

    @property
    def end(self) -> int | None:
        """The frame after those that the last one stands for."""
        return None if self.last is None else self.last + self.step

    def holds(self, frame: int) -> bool:
        """Tell whether a shape can be at a frame of the video: a shape may also end a track just after the last one."""
        return not self.is_bounded or (frame >= self.first and (self.end is None or frame <= self.end))

    def duration(self, clock: FrameClock) -> float | None:
        """Return how long the video is, in seconds, as far as file and clock tell."""
        if self.end is None:
            return None
        seconds = clock.seconds(self.end)
        if not clock.edges:
            return seconds
        # A task of more frames than the video has is about another one; checks find that out by the length.
        return seconds if seconds > clock.edges[-1] + TOLERANCE else clock.edges[-1]

    def gaps(self, clock: FrameClock) -> list[Interval]:
        """Return what of the video is outside the task."""
        spans = [(0.0, clock.seconds(self.first))] if self.first > 0 else []
        if self.end is not None and clock.frames is not None and clock.frames - self.end > _MISCOUNTED:
            spans.append((clock.seconds(self.end), clock.edges[-1]))
        return [Interval(GAP_LABEL, start, end) for start, end in spans if end > start]


def tasks(path: Path, root: Element) -> list[Task]:
    """Return the tasks of a file, one at least.

    Raises:
        ActScribeError: a number of frames that is none, an unknown frame filter, or two tasks of one id.
    """
    meta = root.find("meta")
    elements = [] if meta is None else [*meta.iter("task"), *meta.iter("job")]
    parsed = [_task(path, element) for element in elements] or [Task()]
    for index, task in enumerate(parsed):
        if any(task.identifier == other.identifier for other in parsed[:index]):
            raise ActScribeError(
                f"{path}: two tasks have the id '{task.identifier}', so tracks cannot be assigned to a task.",
                "Export the tasks one by one.",
            )
    return parsed


def names(all_tasks: Iterable[Task]) -> list[str]:
    """Return a name for each task: what it calls itself, with its id where two have one name."""
    called = [task.name or (task.media[0] if task.media else "") for task in all_tasks]
    return [
        f"{name} (task {task.identifier})" if called.count(name) > 1 else name
        for name, task in zip(called, all_tasks, strict=True)
    ]


def owned(path: Path, elements: Iterable[Element], task: Task, all_tasks: Iterable[Task]) -> list[Element]:
    """Return the tracks or images of one task.

    Raises:
        ActScribeError: one of another task than those of the file, or of none where there are several.
    """
    known = [other.identifier for other in all_tasks]
    own = []
    for element in elements:
        owner = element.get("task_id")
        if owner is None and len(known) == 1:
            owner = task.identifier
        if owner not in known and not (len(known) == 1 and not known[0]):
            where = f"{element.tag} '{element.get('id', '')}'"
            raise ActScribeError(
                f"{path}: {where} is of task '{owner or ''}', but the file's tasks are {', '.join(known)}.",
                "Export the project or the task again.",
            )
        if owner == task.identifier or not task.identifier:
            own.append(element)
    return own


def whole(path: Path, where: str, text: str | None) -> int:
    """Return a number of frames.

    Raises:
        ActScribeError: the text is none; `where` says what it is about.
    """
    try:
        number = int(text or "")
    except ValueError:
        number = _NO_FRAME
    if abs(number) >= _NO_FRAME:
        raise ActScribeError(f"{path}: {where}: expected a number of frames, found '{(text or '')[:40]}'.")
    return number


def _task(path: Path, element: Element) -> Task:
    def count(name: str) -> int | None:
        return None if not element.findtext(name) else whole(path, f"the task's {name}", element.findtext(name))

    step = _step(path, element.findtext("frame_filter") or "")
    first, size, stop = count("start_frame") or 0, count("size"), count("stop_frame")
    last = None
    if stop is not None:
        last = first + (stop - first) // step * step
    elif size is not None:
        last = first + (size - 1) * step
    if first < 0 or (last is not None and last < first and size != 0):
        raise ActScribeError(f"{path}: the task's frames are {first} to {last}, which is not a span of a video.")
    source = element.findtext("source")
    return Task(
        element.findtext("id") or "",
        element.findtext("name") or "",
        (source,) if source else (),
        first,
        last,
        step,
        is_bounded=element.find("start_frame") is not None or stop is not None,
    )


def _step(path: Path, text: str) -> int:
    match = _STEP.fullmatch(text)
    if text.strip() and (not match or int(match.group(1)) < 1):
        raise ActScribeError(f"{path}: the frame filter is '{text.strip()[:40]}', expected nothing or 'step=5'.")
    return int(match.group(1)) if match else 1
