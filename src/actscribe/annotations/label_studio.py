"""Label Studio JSON: a list of tasks, as a project exports it ("Label Studio Task Format" in its documentation).

What is read: results of type `timelinelabels` (spans of a video's frames), and `labels` with `start` and `end` in
seconds (of the Audio tag). A task is read once for each annotation that somebody submitted; where nobody did, for each
prediction of a model, with its scores. Annotations that were skipped, drafts, and results of other types (boxes,
choices) are passed over. A text or choice called 'subject' for a region is its subject (ours).

Frames are counted from 1, both ends belong to a range: {start: 3, end: 5} holds at 25 frames per second from 0.08 s to
0.2 s. Label Studio does not count the video's frames but multiplies the time by the `frameRate` of the project's Video
tag, which is 24 unless it is set. So a constant rate is what counts: that of the task (`fps` in its data), or else the
one given, or that of the video, if it is constant.

What is written: one task; intervals with scores are a prediction, to be corrected in Label Studio, others an
annotation. The labeling interface of the project that it is imported into, whatever the label set:

    <View>
      <TimelineLabels name="activity" toName="video" value="$labels"/>
      <Video name="video" value="$video" frameRate="$fps"/>
      <TextArea name="subject" toName="video" perRegion="true"/>
    </View>

The video is named as Label Studio serves local files, `/data/local-files/?d=PATH`, when it is told to.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from pydantic import BaseModel, Field

from actscribe.annotations.boris_write import COLORS
from actscribe.annotations.entry import Entry
from actscribe.annotations.format import Format
from actscribe.annotations.frame_clock import FrameClock, needed
from actscribe.annotations.interval import Annotations, Interval, is_gap
from actscribe.annotations.media import is_absolute, is_there, mime_type
from actscribe.annotations.rounding import apart
from actscribe.annotations.text import check_writable, interval_at, load_json, validate
from actscribe.errors import ActScribeError
from actscribe.files import write_text

_LOCAL_FILES = "/data/local-files/"
_RATES = ("fps", "framerate", "frame_rate", "frameRate")
_VIDEOS = ("video", "video_url", "videos", "audio", "url", "file", "media")
_SPANS = ("timelinelabels", "labels")


class _Range(BaseModel):
    start: int = Field(ge=1, lt=10**12)
    end: int = Field(ge=1, lt=10**12)


class _Value(BaseModel):
    ranges: list[_Range] = []
    start: float | None = None
    end: float | None = None
    timelinelabels: list[str] = []
    labels: list[str] = []
    text: list[str] | str = []
    choices: list[str] = []

    def texts(self) -> list[str]:
        """Return what was typed in."""
        return [self.text] if isinstance(self.text, str) else self.text


class _Result(BaseModel):
    id: str = ""
    type: str = ""
    from_name: str = ""
    score: float | None = None
    value: _Value = _Value()


class _Answer(BaseModel):
    """An annotation (by a person) or a prediction (by a model)."""

    id: int | str | None = None
    completed_by: Any = None
    model_version: str | None = None
    was_cancelled: bool = False
    result: list[dict[str, Any]] = []

    def author(self) -> str:
        """Return who it is from, as far as the file says."""
        who = self.completed_by
        if isinstance(who, dict):
            who = who.get("email") or who.get("id")
        return f"by {who}" if who is not None else self.model_version or ""


class _Task(BaseModel):
    id: int | str | None = None
    data: dict[str, Any]
    annotations: list[_Answer] = []
    predictions: list[_Answer] = []


def is_tasks(content: object) -> bool:
    """Tell whether the content of a JSON file is a task or a list of tasks."""
    first = content[0] if isinstance(content, list) and content else content
    return (
        isinstance(first, dict)
        and isinstance(first.get("data"), dict)
        and ("annotations" in first or "predictions" in first)
    )


def read(path: Path, clock: FrameClock | None = None) -> list[Entry]:
    """Return one entry per annotation, or per prediction of a task that nobody annotated.

    Raises:
        ActScribeError: not a list of tasks; a region that cannot be placed in time is raised by the entry's own `read`.
    """
    content = load_json(path)
    entries: list[Entry] = []
    for number, item in enumerate(content if isinstance(content, list) else [content], start=1):
        task = validate(path, item, _Task, f"task {number}")
        media = _media(task.data)
        answers = [answer for answer in task.annotations if not answer.was_cancelled] or task.predictions
        for position, answer in enumerate(answers, start=1):
            name = media or f"task {task.id if task.id is not None else number}"
            if len(answers) > 1:
                which = answer.id if answer.id is not None else position
                name = f"{name}: {' '.join(str(part) for part in (which, answer.author()) if part != '')}"
            where = f"task {task.id if task.id is not None else number}"
            at = partial(_annotations, path, where, task, answer, media)
            entries.append(Entry(name, (media,) if media else (), partial(at, clock), read_at=at))
    return entries


def write(path: Path, annotations: Annotations, clock: FrameClock | None = None) -> None:
    """Write a list of one task.

    Raises:
        ActScribeError: no frame rate is known.
    """
    check_writable(path, annotations, "\r", ethogram=True)
    # Any rate is right that stands beside the frames; that of the video shows its own frames in the tool.
    rate = round(needed(path, clock, "Label Studio counts frames", to_write=True).rate, 6)
    intervals = annotations.as_intervals()

    def span(interval: Interval) -> tuple[int, int]:
        first = round(interval.start * rate)
        return first, max(round(interval.end * rate), first + 1)

    scores = [interval.score for interval in annotations.intervals if interval.score is not None]
    is_predicted = bool(scores) and len(scores) == len(annotations.intervals)
    result = []
    for number, (interval, first, last) in enumerate(apart(intervals, span), start=1):
        result += _result(f"r{number}", interval, first + 1, last)
    answer: dict[str, Any] = {"id": 1, "result": result}
    if is_predicted:
        answer = {"model_version": "ActScribe", "score": round(float(sum(scores)) / len(scores), 6), **answer}
    names = dict.fromkeys([*annotations.labels, *(interval.label for interval in intervals)])
    labels = [{"value": name, "background": COLORS[n % len(COLORS)]} for n, name in enumerate(names)]
    data: dict[str, Any] = {"video": _served(path, annotations.media[0]) if annotations.media else ""}
    data |= {"fps": int(rate) if rate == int(rate) else rate, "labels": labels}
    if annotations.duration is not None:
        data["duration"] = round(annotations.duration, 3)
    task = {
        "id": 1,
        "data": data,
        "annotations": [] if is_predicted else [answer],
        "predictions": [answer] if is_predicted else [],
    }
    write_text(path, json.dumps([task], indent=1, ensure_ascii=False) + "\n")


def _annotations(
    path: Path, where: str, task: _Task, answer: _Answer, media: str, clock: FrameClock | None
) -> Annotations:
    results = [
        validate(path, item, _Result, f"{where}, region {number}")
        for number, item in enumerate(answer.result, start=1)
        if item.get("type") in (*_SPANS, "textarea", "choices")
    ]
    regions = [result for result in results if result.type in _SPANS]
    if answer.result and not regions:
        kinds = ", ".join(sorted({str(item.get("type")) for item in answer.result}))
        raise ActScribeError(
            f"{path}: {where}: holds no span of time, only {kinds}.",
            "ActScribe reads regions of TimelineLabels, and of Labels on sound.",
        )
    subjects = {
        result.id: ", ".join((*result.value.texts(), *result.value.choices))
        for result in results
        if result.type not in _SPANS and result.from_name.casefold() == "subject"
    }
    rate = _rate(path, task.data, clock) if any(result.value.ranges for result in regions) else None
    intervals = [interval for region in regions for interval in _region(path, where, region, subjects, rate)]
    stated = task.data.get("duration")
    duration = float(stated) if isinstance(stated, int | float) and 0 <= stated < float("inf") else None
    labels = [name for name in _labels(task.data) if not is_gap(name)]
    return Annotations.of(intervals, (media,) if media else (), duration, labels)


def _region(
    path: Path, where: str, region: _Result, subjects: dict[str, str], rate: float | None
) -> Iterator[Interval]:
    value = region.value
    location = f"{where}, region '{region.id}'"
    names = value.timelinelabels or value.labels
    if not names:
        raise ActScribeError(f"{path}: {location}: has no label.", "Give it one in Label Studio, or delete it.")
    spans = [((span.start - 1) / rate, span.end / rate) for span in value.ranges if rate is not None]
    if value.start is not None and value.end is not None and not value.texts():  # those of a text count letters
        spans.append((value.start, value.end))
    if not spans:
        raise ActScribeError(f"{path}: {location}: says neither frames nor seconds of a video or sound.")
    for start, end in spans:
        for name in names:
            yield interval_at(path, location, name, start, end, subjects.get(region.id, ""), region.score)


def _rate(path: Path, data: dict[str, Any], clock: FrameClock | None) -> float:
    """Return the frames per second that Label Studio counted at."""
    for key in _RATES:
        if key in data:
            try:
                return FrameClock(float(data[key])).rate
            except (TypeError, ValueError, ActScribeError):
                raise ActScribeError(f"{path}: '{key}' is {data[key]!r}, expected frames per second.") from None
    if clock is None or not clock.is_steady:
        problem = "is not known" if clock is None else "of this video is not constant"
        raise ActScribeError(
            f"{path}: Label Studio counts frames at a constant rate, which {problem}.",
            "Give the frameRate of the project's Video tag (24 where it is not set): --fps 24, clock=FrameClock(24).",
        )
    return clock.rate


def _media(data: dict[str, Any]) -> str:
    """Return the video's name: what stands under a usual key, or else the first value that ends like a video."""
    texts = {key: value for key, value in data.items() if isinstance(value, str) and value.strip()}
    usual = next((texts[key] for key in _VIDEOS if key in texts), None)
    url = usual or next((value for value in texts.values() if mime_type(urlsplit(value).path) != "video/*"), "")
    return _spelled(url)


def _spelled(url: str) -> str:
    """Return the file that a URL of Label Studio serves: uploads carry eight random digits before their name."""
    if url.startswith(_LOCAL_FILES):
        (path,) = parse_qs(urlsplit(url).query).get("d", [url])[:1]
        # Relative to a folder that the server alone knows; the root, unless it was told another one.
        return f"/{path}" if is_there(Path("/", path)) else path
    if url.startswith("/data/upload/"):
        return re.sub(r"^[0-9a-f]{8}-", "", PurePosixPath(unquote(urlsplit(url).path)).name)
    if "://" in url:
        return unquote(urlsplit(url).path).lstrip("/") or url
    return url


def _served(path: Path, name: str) -> str:
    """Return the URL at which Label Studio serves a video of this machine; other names as they are."""
    beside = path.absolute().parent / name
    file = beside.as_posix() if not is_absolute(name) and is_there(beside) else name
    return f"{_LOCAL_FILES}?d={quote(file.lstrip('/'))}" if file.startswith("/") else name


def _labels(data: dict[str, Any]) -> list[str]:
    items = data.get("labels")
    values = (
        [item.get("value") if isinstance(item, dict) else item for item in items] if isinstance(items, list) else []
    )
    return [value for value in values if isinstance(value, str) and value.strip()]


def _origin(interval: Interval) -> str:
    """Return Label Studio's own word for where a region comes from."""
    if interval.origin is not None and interval.origin.run:
        return "prediction" if interval.origin.how == "accepted" else "prediction-changed"
    return "manual" if interval.score is None else "prediction"


def _result(identifier: str, interval: Interval, first: int, last: int) -> list[dict[str, Any]]:
    ranges = [{"start": first, "end": last}]
    common = {"id": identifier, "to_name": "video", "origin": _origin(interval)}
    region: dict[str, Any] = {**common, "from_name": "activity", "type": "timelinelabels"}
    region["value"] = {"ranges": ranges, "timelinelabels": [interval.label]}
    if interval.score is not None:
        region["score"] = float(interval.score)
    if not interval.subject:
        return [region]
    text = {"ranges": ranges, "text": [interval.subject]}
    return [region, {**common, "from_name": "subject", "type": "textarea", "value": text}]


FORMAT = Format(
    title="Label Studio JSON",
    ending=".label-studio.json",
    resolution=None,
    keeps=frozenset({"subject", "score", "media", "duration", "labels"}),
    read=read,
    write=write,
    becomes_label="`timelinelabels`, and `labels` with times; one reading for each annotator. A text for the region,"
    " `subject`, is the subject",
    passed_over="boxes, choices, drafts, skipped annotations",
    offered="`labels` of the task's data",
    is_json=is_tasks,
)
