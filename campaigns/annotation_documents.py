"""Annotation files taken apart far enough to change one interval, with code that knows nothing of our readers.

Only files that our own writers made of plain words and times on a grid of 0.1 s are taken apart.
"""

from __future__ import annotations

import copy
import json
import re
from abc import ABC, abstractmethod
from typing import Any
from xml.etree import ElementTree

#: Frames per second of the video in frame-counting formats.
FPS = 10
_CLOCK = re.compile(r"(\d\d):(\d\d):(\d\d)\.(\d{3})")


class Document(ABC):
    """The intervals of one file, by their index in it."""

    @abstractmethod
    def labels(self) -> list[str]:
        """Return the label of each interval, in the order of the file."""

    @abstractmethod
    def drop(self, index: int) -> None:
        """Take an interval out."""

    @abstractmethod
    def twice(self, index: int) -> None:
        """Write an interval a second time, as it is."""

    @abstractmethod
    def move(self, index: int, tenths: int) -> None:
        """Move an interval by tenths of a second."""

    @abstractmethod
    def text(self) -> str:
        """Return the file's text."""


class Rows(Document):
    """A table, a row (or a START and a STOP row) to an interval."""

    def __init__(self, text: str, delimiter: str, label: str, times: tuple[str, ...], rows_each: int = 1) -> None:
        head, *lines = text.splitlines()
        self.delimiter = delimiter
        self.header = head.split(delimiter)
        body = [line.split(delimiter) for line in lines if line]
        self.items = [body[first : first + rows_each] for first in range(0, len(body), rows_each)]
        self.label, self.times = self.header.index(label), [self.header.index(name) for name in times]

    def labels(self) -> list[str]:
        return [item[0][self.label] for item in self.items]

    def drop(self, index: int) -> None:
        del self.items[index]

    def twice(self, index: int) -> None:
        self.items.insert(index, copy.deepcopy(self.items[index]))

    def move(self, index: int, tenths: int) -> None:
        for row in self.items[index]:
            for column in self.times:
                row[column] = f"{float(row[column]) + tenths / 10:.3f}"

    def text(self) -> str:
        rows = [self.header, *(row for item in self.items for row in item)]
        return "".join(self.delimiter.join(row) + "\n" for row in rows)


class Milliseconds(Rows):
    """Label, start, end and duration in milliseconds, without a header."""

    def __init__(self, text: str) -> None:
        super().__init__(f"label\tstart\tend\tduration\n{text}", "\t", "label", ("start", "end"))

    def move(self, index: int, tenths: int) -> None:
        row = self.items[index][0]
        for column in self.times:
            row[column] = str(int(row[column]) + tenths * 100)

    def text(self) -> str:
        return super().text().split("\n", 1)[1]


class Cues(Document):
    """WebVTT."""

    def __init__(self, text: str) -> None:
        self.head, *self.items = text.rstrip("\n").split("\n\n")

    def labels(self) -> list[str]:
        return [re.sub("<[^>]*>", "", item.split("\n")[-1]) for item in self.items]

    def drop(self, index: int) -> None:
        del self.items[index]

    def twice(self, index: int) -> None:
        self.items.insert(index, self.items[index])

    def move(self, index: int, tenths: int) -> None:
        def moved(match: re.Match[str]) -> str:
            hours, minutes, seconds, rest = map(int, match.groups())
            total = ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest + tenths * 100
            return f"{total // 3600000:02d}:{total // 60000 % 60:02d}:{total // 1000 % 60:02d}.{total % 1000:03d}"

        self.items[index] = _CLOCK.sub(moved, self.items[index])

    def text(self) -> str:
        return "\n\n".join([self.head, *self.items]) + "\n"


class Json(Document):
    """JSON of three kinds: our own, a BORIS project, a VIA project."""

    def __init__(self, text: str, format: str) -> None:
        self.value: Any = json.loads(text)
        self.format = format

    @property
    def items(self) -> Any:
        if self.format == "json":
            return self.value["intervals"]
        if self.format == "boris":
            return next(iter(self.value["observations"].values()))["events"]
        return self.value["metadata"]

    def labels(self) -> list[str]:
        if self.format == "json":
            return [item["label"] for item in self.items]
        if self.format == "boris":
            return [item[2] for item in self.items[::2]]
        names = self.value["attribute"]["1"]["options"]
        return [names[item["av"]["1"]] for item in self.items.values()]

    def drop(self, index: int) -> None:
        if self.format == "boris":
            del self.items[2 * index : 2 * index + 2]
        elif self.format == "via":
            del self.items[list(self.items)[index]]
        else:
            del self.items[index]

    def twice(self, index: int) -> None:
        if self.format == "boris":
            self.items[2 * index : 2 * index] = copy.deepcopy(self.items[2 * index : 2 * index + 2])
        elif self.format == "via":
            self.items["1_zzzzzzzz"] = copy.deepcopy(self.items[list(self.items)[index]])
        else:
            self.items.insert(index, copy.deepcopy(self.items[index]))

    def move(self, index: int, tenths: int) -> None:
        if self.format == "boris":
            for event in self.items[2 * index : 2 * index + 2]:
                event[0] = round(event[0] + tenths / 10, 3)
        elif self.format == "via":
            item = self.items[list(self.items)[index]]
            item["z"] = [round(time + tenths / 10, 3) for time in item["z"]]
        else:
            item = self.items[index]
            item["start"], item["end"] = (round(item[name] + tenths / 10, 3) for name in ("start", "end"))

    def text(self) -> str:
        return json.dumps(self.value, indent=1)


class LabelStudio(Document):
    """A list of tasks, the first of which holds everything; frames count from 1 and the last one belongs to it."""

    def __init__(self, text: str) -> None:
        self.value: Any = json.loads(text)

    @property
    def result(self) -> list[dict[str, Any]]:
        return self.value[0]["annotations"][0]["result"]

    def labels(self) -> list[str]:
        return [one["value"]["timelinelabels"][0] for one in self.result if one["type"] == "timelinelabels"]

    def drop(self, index: int) -> None:
        gone = self._of(index)
        self.result[:] = [one for one in self.result if one not in gone]

    def twice(self, index: int) -> None:
        self.result.extend({**copy.deepcopy(one), "id": "r900"} for one in self._of(index))

    def move(self, index: int, tenths: int) -> None:
        for one in self._of(index):
            for span in one["value"]["ranges"]:
                span["start"], span["end"] = (span[key] + tenths * FPS // 10 for key in ("start", "end"))

    def text(self) -> str:
        return json.dumps(self.value, indent=1)

    def _of(self, index: int) -> list[dict[str, Any]]:
        names = [one["id"] for one in self.result if one["type"] == "timelinelabels"]
        return [one for one in self.result if one["id"] == names[index]]


class Xml(Document):
    """ELAN or CVAT."""

    def __init__(self, text: str, format: str) -> None:
        self.root = ElementTree.fromstring(text)
        self.format = format

    @property
    def items(self) -> list[tuple[ElementTree.Element, ElementTree.Element]]:
        """Pairs of an interval's element and its parent."""
        name = "ANNOTATION" if self.format == "elan" else "track"
        return [(one, parent) for parent in self.root.iter() for one in parent.findall(name)]

    def labels(self) -> list[str]:
        if self.format == "elan":
            return [one.findtext(".//ANNOTATION_VALUE") or "" for one, _ in self.items]
        return [one.get("label", "") for one, _ in self.items]

    def drop(self, index: int) -> None:
        one, parent = self.items[index]
        parent.remove(one)

    def twice(self, index: int) -> None:
        one, parent = self.items[index]
        parent.insert(list(parent).index(one), copy.deepcopy(one))

    def move(self, index: int, tenths: int) -> None:
        one, _ = self.items[index]
        if self.format == "cvat":
            for box in one.findall("box"):
                box.set("frame", str(int(box.get("frame", "0")) + tenths * FPS // 10))
            return
        inner = one[0]
        order = self.root.find("TIME_ORDER")
        assert order is not None
        for number, key in enumerate(("TIME_SLOT_REF1", "TIME_SLOT_REF2")):
            old = next(slot for slot in order if slot.get("TIME_SLOT_ID") == inner.get(key))
            value, name = int(old.get("TIME_VALUE", "0")) + tenths * 100, f"ts{9000 + 2 * index + number}"
            slot = ElementTree.SubElement(order, "TIME_SLOT", TIME_SLOT_ID=name, TIME_VALUE=str(value))
            order.remove(slot)
            order.append(slot)
            inner.set(key, name)

    def text(self) -> str:
        return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(self.root, encoding="unicode")


def opened(format: str, text: str) -> Document | None:
    """Return a file taken apart; None for formats without one place for one interval (DeepEthogram, TextGrid)."""
    match format:
        case "csv":
            return Rows(text, ",", "label", ("start_s", "end_s"))
        case "boris-tabular":
            return Rows(text, "\t", "Behavior", ("Time",), rows_each=2)
        case "boris-aggregated":
            return Rows(text, "\t", "Behavior", ("Start (s)", "Stop (s)"))
        case "intervals":
            return Milliseconds(text)
        case "vtt":
            return Cues(text)
        case "json" | "boris" | "via":
            return Json(text, format)
        case "label-studio":
            return LabelStudio(text)
        case "elan" | "cvat":
            return Xml(text, format)
    return None
