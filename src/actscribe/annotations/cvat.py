"""CVAT XML 1.1, for video (tracks) and for images (tags and shapes per frame).

How labels are found (ours): a track gives an interval with its own label for as long as it is visible, and further
ones for its behaviour attributes: 'attribute=value' for one to choose (select, radio), the attribute's name for a
ticked checkbox. Attributes that never change on a track, texts and numbers are no labels; one called 'subject' or 'id'
is the subject, and a track that has behaviour attributes but no such name is 'LABEL NUMBER'. Tags and shapes on the
frames of an image task read the same way, frames that follow each other making one interval.

CVAT counts frames and does not store the frame rate, so it has to be given; files written by ActScribe carry it in
their meta block. What is written: one track per interval, a box of 100 pixels in the corner that marks only the time,
and the subject as a text attribute. Times are whole frames; scores are not carried.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from actscribe.annotations.entry import Entry, single
from actscribe.annotations.frame_clock import FrameClock, needed
from actscribe.annotations.interval import Annotations, is_gap
from actscribe.annotations.rounding import apart
from actscribe.annotations.text import check_writable, interval_at, read_xml
from actscribe.errors import ActScribeError
from actscribe.files import write_text

_SUBJECT_NAMES = ("subject", "id")
_NOTHING = ("", "__undefined__", "false")
_SHAPES = ("box", "polygon", "polyline", "points", "ellipse", "cuboid", "mask", "skeleton", "tag")
_NO_FRAME = 10**12  # no video has this many frames
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
    step: int = 1
    size: int | None = None
    clock: FrameClock | None = None
    media: tuple[str, ...] = ()

    def is_behavior(self, label: str, attribute: str, on_track: bool) -> bool:
        """Tell whether the values of an attribute are activities."""
        changes, kind = self.attributes.get((label, attribute), (True, "select"))
        return attribute.casefold() not in _SUBJECT_NAMES and kind in _CHOICES and (changes or not on_track)


def read(path: Path, clock: FrameClock | None = None) -> list[Entry]:
    """Return the intervals of all tracks, tags and shapes.

    Raises:
        ActScribeError: no clock, neither in the file nor given, or a frame number that is none.
    """
    root = read_xml(path)
    meta = _meta(path, root)
    known = clock if clock and clock.edges else meta.clock or clock
    clock = needed(path, known, "CVAT counts frames and does not say when they are shown")
    spans = [span for track in root.iter("track") for span in _merge(_track(path, track, meta))]
    spans += _merge(sorted(_images(path, root, meta), key=lambda span: span.first))
    intervals = [
        interval_at(
            path,
            f"frames {span.first} to {span.last}",
            span.label,
            clock.seconds(span.first),
            clock.seconds(span.last),
            span.subject,
        )
        for span in spans
    ]
    duration = None if meta.size is None else clock.seconds(meta.size * meta.step)
    declared = (label.findtext("name") or "" for label in root.iterfind("meta//label"))
    labels = [name for name in declared if name.strip() and not is_gap(name)]
    return single(Annotations.of(intervals, meta.media, duration, labels))


def write(path: Path, annotations: Annotations, clock: FrameClock | None = None) -> None:
    """Write one track per interval.

    Raises:
        ActScribeError: no clock.
    """
    check_writable(path, annotations, "\r", ethogram=True)
    clock = needed(path, clock, "CVAT counts frames")
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
        track = SubElement(root, "track", id=str(number), label=interval.label, source="manual")
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
    step = re.search(r"step\s*=\s*(\d+)", meta.findtext(".//frame_filter") or "")
    source = meta.findtext(".//source")
    return _Meta(
        attributes,
        max(int(step.group(1)), 1) if step else 1,
        _whole(path, "the task's size", meta.findtext(".//size")) if meta.find(".//size") is not None else None,
        _clock(path, meta.findtext(".//fps")),
        (source,) if source else (),
    )


def _track(path: Path, track: Element, meta: _Meta) -> Iterator[_Span]:
    """Yield what holds from each shape of a track to the next one; the last shape holds for one frame."""
    label, number = track.get("label", ""), track.get("id", "")
    shapes = sorted(
        (
            (_whole(path, f"track {number or label}", shape.get("frame")), shape)
            for shape in track
            if shape.tag in _SHAPES
        ),
        key=lambda pair: pair[0],
    )
    acts = any(meta.is_behavior(label, a.get("name", ""), True) for _, shape in shapes for a in shape.iter("attribute"))
    unnamed = f"{label} {number}".strip() if acts else ""
    frames = [frame for frame, _ in shapes]
    for (first, shape), last in zip(shapes, [*frames[1:], frames[-1] + meta.step] if frames else [], strict=True):
        if shape.get("outside") != "1":
            yield from _shape(shape, label, meta, first, last, unnamed, on_track=True)


def _images(path: Path, root: Element, meta: _Meta) -> Iterator[_Span]:
    for image in root.iter("image"):
        frame = _whole(path, f"image '{image.get('name', '')}'", image.get("id"))
        for shape in image:
            if shape.tag in _SHAPES:
                yield from _shape(shape, shape.get("label", ""), meta, frame, frame + meta.step, "", on_track=False)


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


def _whole(path: Path, where: str, text: str | None) -> int:
    try:
        number = int(text or "")
    except ValueError:
        number = _NO_FRAME
    if abs(number) >= _NO_FRAME:
        raise ActScribeError(f"{path}: {where}: expected a number of frames, found '{(text or '')[:40]}'.")
    return number


def _clock(path: Path, text: str | None) -> FrameClock | None:
    try:
        return FrameClock(float(text)) if text else None
    except (ValueError, ActScribeError):
        raise ActScribeError(f"{path}: the frame rate is '{text}', expected frames per second.") from None
