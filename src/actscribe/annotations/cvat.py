"""CVAT XML 1.1, for video (tracks) and for images (tags and shapes per frame).

How labels are found (ours): a track gives an interval with its own label for as long as it is visible, and further
ones for its behaviour attributes: 'attribute=value' for one to choose (select, radio), the attribute's name for a
ticked checkbox. Attributes that never change on a track, texts and numbers are not labels; one called 'subject' or 'id'
is the subject, and a track that has behaviour attributes but no such name is 'LABEL NUMBER'. Tags and shapes on the
frames of an image task read the same way, frames that follow each other making one interval.

CVAT counts frames and does not store the frame rate, so it has to be given; files written by ActScribe carry it in
their meta block. What is written: one track per interval, a box of 100 pixels in the corner that marks only the time,
and the subject as a text attribute. Times are whole frames; scores are not carried.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from actscribe.annotations.cvat_tasks import Task, names, owned, tasks, whole
from actscribe.annotations.entry import Entry
from actscribe.annotations.format import Format
from actscribe.annotations.frame_clock import FrameClock, needed
from actscribe.annotations.interval import GAP_LABEL, Annotations, Interval, is_gap
from actscribe.annotations.rounding import apart
from actscribe.annotations.text import check_writable, interval_at, read_xml
from actscribe.errors import ActScribeError
from actscribe.files import write_text

_SUBJECT_NAMES = ("subject", "id")
_NOTHING = ("", "__undefined__", "false")
_SHAPES = ("box", "polygon", "polyline", "points", "ellipse", "cuboid", "mask", "skeleton", "tag")
_CHOICES = ("select", "radio", "checkbox")
_DECLARED = re.compile(r"([~@])(\w+)=(.*?):", re.DOTALL)
_BOX = {"occluded": "0", "keyframe": "1", "xtl": "0", "ytl": "0", "xbr": "100", "ybr": "100", "z_order": "0"}


@dataclass(frozen=True, slots=True)
class _Span:
    """Frames [first, last) of a label and subject."""

    label: str
    subject: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class _Meta:
    """What the meta block says; `attributes`: (label, attribute) -> changes on a track, kind of input."""

    attributes: dict[tuple[str, str], tuple[bool, str]] = field(default_factory=dict)
    clock: FrameClock | None = None

    def is_behavior(self, label: str, attribute: str, on_track: bool) -> bool:
        """Tell whether the values of an attribute are activities."""
        changes, kind = self.attributes.get((label, attribute), (True, "select"))
        return attribute.casefold() not in _SUBJECT_NAMES and kind in _CHOICES and (changes or not on_track)


def read(path: Path, clock: FrameClock | None = None) -> list[Entry]:
    """Return one entry per task, with the intervals of its tracks, tags and shapes.

    Raises:
        ActScribeError: no clock, neither in the file nor given, or a task that is none; a frame number that is none is
            raised by the entry's own `read`.
    """
    root = read_xml(path)
    meta, all_tasks = _meta(path, root), tasks(path, root)
    known = partial(_known, path, meta)
    clock = known(clock)

    def read_at(task: Task, given: FrameClock | None) -> Annotations:
        return _annotations(path, root, meta, task, all_tasks, known(given))

    # A task's own name is not the video's: a file without a source names no video.
    called = names(all_tasks) if len(all_tasks) > 1 else [all_tasks[0].media[0] if all_tasks[0].media else ""]
    return [
        Entry(name, task.media, partial(read_at, task, clock), read_at=partial(read_at, task))
        for name, task in zip(called, all_tasks, strict=True)
    ]


def _known(path: Path, meta: _Meta, clock: FrameClock | None) -> FrameClock:
    """Return by what frames are counted: the video's own frame times, or the file's rate, or that which is given."""
    known = clock if clock and clock.edges else meta.clock or clock
    return needed(path, known, "CVAT counts frames and does not say when they are shown")


def _annotations(
    path: Path, root: Element, meta: _Meta, task: Task, all_tasks: Sequence[Task], clock: FrameClock
) -> Annotations:
    tracks = owned(path, root.iter("track"), task, all_tasks)
    images = owned(path, root.iter("image"), task, all_tasks)
    _refuse_doubled(path, tracks)
    spans = [span for track in tracks for span in _merge(_track(path, track, meta, task))]
    spans += _merge(sorted(_images(path, images, meta, task), key=lambda span: span.first))
    intervals = [
        interval_at(
            path,
            f"frames {span.first} to {span.last}",
            span.label,
            clock.seconds(span.first),
            clock.seconds(span.last),
            span.subject,
        )
        for span in (*spans, *_deleted(path, images, task))
    ]
    declared = (label.findtext("name") or "" for label in root.iterfind("meta//label"))
    labels = [name for name in declared if name.strip() and not is_gap(name)]
    return Annotations.of([*intervals, *task.gaps(clock)], task.media, task.duration(clock), labels)


def write(path: Path, annotations: Annotations, clock: FrameClock | None = None) -> None:
    """Write one track per interval.

    Raises:
        ActScribeError: no clock.
    """
    check_writable(path, annotations, "\r", ethogram=True)
    clock = needed(path, clock, "CVAT counts frames", to_write=True)
    intervals = annotations.as_intervals()
    size = None if annotations.duration is None else clock.frame(annotations.duration)
    root = ElementTree.Element("annotations")
    SubElement(root, "version").text = "1.1"
    task = SubElement(SubElement(root, "meta"), "task")
    SubElement(task, "name").text = path.stem
    if size is not None:
        SubElement(task, "size").text = str(size)
    SubElement(task, "mode").text = "interpolation"
    if clock.is_steady:
        SubElement(task, "fps").text = repr(float(clock.rate))
    labels = SubElement(task, "labels")
    for name in dict.fromkeys([*annotations.labels, *(interval.label for interval in intervals)]):
        _declare(labels, name)
    if annotations.media:
        SubElement(task, "source").text = annotations.media[0]
    for number, (interval, first, last) in enumerate(apart(intervals, clock.span)):
        track = SubElement(root, "track", id=str(number), label=interval.label, source=_source(interval))
        for frame in sorted({first, last - 1}):
            _box(track, frame, "0", interval.subject)
        if size is None or last < size:
            _box(track, last, "1", interval.subject)
    ElementTree.indent(root)
    write_text(path, '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n")


def _declare(labels: Element, name: str) -> None:
    label = SubElement(labels, "label")
    SubElement(label, "name").text = name
    attribute = SubElement(SubElement(label, "attributes"), "attribute")
    for tag, text in (("name", "subject"), ("mutable", "False"), ("input_type", "text")):
        SubElement(attribute, tag).text = text
    SubElement(attribute, "default_value")
    SubElement(attribute, "values")


def _box(track: Element, frame: int, outside: str, subject: str) -> None:
    box = SubElement(track, "box", {"frame": str(frame), "outside": outside, **_BOX})
    SubElement(box, "attribute", name="subject").text = subject


def _meta(path: Path, root: Element) -> _Meta:
    meta = root.find("meta")
    if meta is None:
        return _Meta()
    attributes = {}
    for label in meta.iter("label"):
        for attribute in label.iter("attribute"):
            name = attribute.findtext("name")
            kind = attribute.findtext("input_type") or ""
            changes = (attribute.findtext("mutable") or "").casefold() == "true"
            older = _DECLARED.match((attribute.text or "").strip())
            if name is None and older:
                changes, kind, name = older.group(1) == "~", older.group(2), older.group(3)
            attributes[label.findtext("name") or "", name or ""] = (changes, kind)
    return _Meta(attributes, _clock(path, meta.findtext(".//fps")))


def _track(path: Path, track: Element, meta: _Meta, task: Task) -> Iterator[_Span]:
    """Yield what holds from each shape of a track to the next one; the last shape holds for one frame."""
    label, number = track.get("label", ""), track.get("id", "")
    where = f"track {number or label}"
    frame_shapes = ((_frame(path, where, shape.get("frame"), task), shape) for shape in track if shape.tag in _SHAPES)
    shapes = sorted(frame_shapes, key=lambda pair: pair[0])
    frames = [frame for frame, _ in shapes]
    doubled = next((one for one, other in pairwise(frames) if one == other), None)
    if doubled is not None:
        raise ActScribeError(f"{path}: {where}: two shapes are at frame {doubled}.", "Delete one of them.")
    acts = any(meta.is_behavior(label, a.get("name", ""), True) for _, shape in shapes for a in shape.iter("attribute"))
    unnamed = f"{label} {number}".strip() if acts else ""
    for (first, shape), last in zip(shapes, [*frames[1:], frames[-1] + task.step] if frames else [], strict=True):
        if shape.get("outside") != "1":
            yield from _shape(shape, label, meta, first, last, unnamed, on_track=True)


def _images(path: Path, images: Iterable[Element], meta: _Meta, task: Task) -> Iterator[_Span]:
    for image in images:
        frame = _frame(path, f"image '{image.get('name', '')}'", image.get("id"), task)
        for shape in image:
            if shape.tag in _SHAPES:
                last = frame + task.step
                yield from _shape(shape, shape.get("label", ""), meta, frame, last, "", on_track=False)


def _deleted(path: Path, images: Sequence[Element], task: Task) -> list[_Span]:
    """Return the frames of an image task that were deleted from it; CVAT lists all others, those without shapes too."""
    if task.end is None or all(len(image) for image in images):
        return []
    kept = sorted({_frame(path, f"image '{image.get('name', '')}'", image.get("id"), task) for image in images})
    edges = pairwise([task.first - task.step, *kept, task.end])
    return [_Span(GAP_LABEL, "", one + task.step, other) for one, other in edges if other - one > task.step]


def _refuse_doubled(path: Path, tracks: Iterable[Element]) -> None:
    """Refuse two tracks of one id: without names, two people would be one."""
    numbers: set[str] = set()
    for number in (track.get("id", "") for track in tracks):
        if number and number in numbers:
            raise ActScribeError(f"{path}: two tracks have the id '{number}'.", "Export the task again.")
        numbers.add(number)


def _frame(path: Path, where: str, text: str | None, task: Task) -> int:
    frame = whole(path, where, text)
    if frame >= 0 and not task.holds(frame):
        raise ActScribeError(
            f"{path}: {where}: frame {frame} is outside the task, which has frames {task.first} to {task.last}.",
            "Export the task again; CVAT numbers frames by the video, not by the task.",
        )
    return frame


def _shape(
    shape: Element, label: str, meta: _Meta, first: int, last: int, unnamed: str, on_track: bool
) -> Iterator[_Span]:
    values = {attribute.get("name", ""): attribute.text or "" for attribute in shape.iter("attribute")}
    subjects = [
        value for wanted in _SUBJECT_NAMES for name, value in values.items() if name.casefold() == wanted and value
    ]
    subject = subjects[0] if subjects else unnamed
    yield _Span(label, subject, first, last)
    for name, value in values.items():
        if meta.is_behavior(label, name, on_track) and value.casefold() not in _NOTHING:
            yield _Span(name if value.casefold() == "true" else f"{name}={value}", subject, first, last)


def _merge(spans: Iterable[_Span]) -> list[_Span]:
    """Join the spans of one label and subject that touch; `spans` come in order of their first frame."""
    done: list[_Span] = []
    current: dict[tuple[str, str], _Span] = {}
    for span in spans:
        key = (span.label, span.subject)
        before = current.get(key)
        if before and span.first <= before.last:
            span = _Span(span.label, span.subject, before.first, max(before.last, span.last))
        elif before:
            done.append(before)
        current[key] = span
    return [*done, *current.values()]


def _clock(path: Path, text: str | None) -> FrameClock | None:
    try:
        return FrameClock(float(text)) if text else None
    except (ValueError, ActScribeError):
        raise ActScribeError(f"{path}: the frame rate is '{text}', expected frames per second.") from None


def _source(interval: Interval) -> str:
    """Return CVAT's own word for where a track comes from."""
    if interval.origin is None or not interval.origin.run:
        return "manual"
    return "auto" if interval.origin.how == "accepted" else "semi-auto"


FORMAT = Format(
    title="CVAT XML",
    ending=".xml",
    resolution=None,
    keeps=frozenset({"subject", "media", "duration", "labels"}),
    read=read,
    write=write,
    becomes_label="a track's label while it is visible; `attribute=value` and ticked checkboxes that change on it; tags"
    " and shapes of image tasks",
    passed_over="where on the picture a shape lies; texts and numbers",
    offered="the task's labels",
    root="annotations",
)
