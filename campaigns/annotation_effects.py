"""Changes to annotation files whose right effect is known: a reader shows exactly that, or refuses the file."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from actscribe.annotations import Interval
from campaigns.annotation_documents import Document, Rows, opened

Intervals = list[Interval]
#: Labels that other programs take for something else.
NAMES = (
    "=1+1",
    "Über druck",
    "e\u0301",
    "NOTE",
    "12",
    "1,5",
    "x;y",
    "-",
    "nan",
    "null",
    "START",
    "No focal subject",
    "#1",
)
JSON = ("json", "boris", "via", "label-studio")
TABLES = ("csv", "boris-tabular", "boris-aggregated", "intervals")


@dataclass(frozen=True, slots=True)
class Source:
    """A sound file.

    Args:
        format: its key in the registry.
        text: of the file.
        holds: its intervals; the label of each but "walk" occurs once.
    """

    format: str
    text: str
    holds: Intervals

    @property
    def document(self) -> Document:
        """The file taken apart."""
        parsed = opened(self.format, self.text)
        assert parsed is not None
        return parsed


@dataclass(frozen=True, slots=True)
class Expected:
    """What a reader must find.

    Args:
        data: of the changed file.
        holds: its intervals.
        refusable: whether refusing the file is right as well.
    """

    data: bytes
    holds: Intervals
    refusable: bool


Effect = Callable[[Source, np.random.Generator], Expected | None]


def _same(source: Source, data: bytes | str, refusable: bool = False) -> Expected:
    return Expected(data.encode() if isinstance(data, str) else data, source.holds, refusable)


def _chosen(document: Document, rng: np.random.Generator) -> tuple[int, str]:
    """Return place and label of an interval whose label occurs once and is not a gap's."""
    labels = document.labels()
    places = [index for index, label in enumerate(labels) if label.startswith("act")]
    index = places[rng.integers(len(places))]
    return index, labels[index]


def windows_lines(source: Source, rng: np.random.Generator) -> Expected:
    """CR LF at the end of lines."""
    return _same(source, source.text.replace("\n", "\r\n"))


def byte_order_mark(source: Source, rng: np.random.Generator) -> Expected:
    """As Windows programs save UTF-8."""
    return _same(source, codecs.BOM_UTF8 + source.text.encode())


def utf_16(source: Source, rng: np.random.Generator) -> Expected:
    """As Excel saves 'Unicode text'; XML says another encoding then and may be refused."""
    return _same(source, source.text.encode("utf-16"), refusable=True)


def blank_end(source: Source, rng: np.random.Generator) -> Expected:
    """Blank lines at the end."""
    return _same(source, source.text + "\n" * int(rng.integers(1, 4)))


def blank_beginning(source: Source, rng: np.random.Generator) -> Expected:
    """Blank lines at the beginning."""
    return _same(source, "\n" * int(rng.integers(1, 4)) + source.text, refusable=True)


def no_last_line_end(source: Source, rng: np.random.Generator) -> Expected:
    """The last line does not end."""
    return _same(source, source.text.rstrip("\n"))


def zeros_behind(source: Source, rng: np.random.Generator) -> Expected:
    """Zeros behind the end, as after a crash of the machine."""
    return _same(source, source.text.encode() + bytes(int(rng.integers(1, 3000))), refusable=True)


def garbage_behind(source: Source, rng: np.random.Generator) -> Expected:
    """The end of a longer file stands behind, as after saving over it."""
    rest = source.text[int(rng.integers(0, len(source.text))) :]
    if source.format not in (*JSON, "elan", "cvat") or not rest.strip():
        return _same(source, source.text)
    return _same(source, source.text + rest, refusable=True)


def dropped(source: Source, rng: np.random.Generator) -> Expected:
    """One interval less."""
    document = source.document
    index, label = _chosen(document, rng)
    document.drop(index)
    return Expected(document.text().encode(), [one for one in source.holds if one.label != label], False)


def doubled(source: Source, rng: np.random.Generator) -> Expected | None:
    """One interval twice; a BORIS project, whose events begin and end by turns, would say two point events."""
    if source.format == "boris":
        return None
    document = source.document
    index, label = _chosen(document, rng)
    document.twice(index)
    again = [one for one in source.holds if one.label == label]
    return Expected(document.text().encode(), source.holds + again, True)


def renamed(source: Source, rng: np.random.Generator) -> Expected:
    """Another name for a label."""
    label, name = _chosen(source.document, rng)[1], str(rng.choice(NAMES))
    spelled = name.replace("\u0301", "\\u0301") if source.format in JSON else name
    holds = [replace(one, label=name) if one.label == label else one for one in source.holds]
    text = source.text.replace(label, f'"{name}"' if source.format == "csv" else spelled)
    return Expected(text.encode(), holds, True)


def quoted_name(source: Source, rng: np.random.Generator) -> Expected:
    """A quotation mark in a label, as people write them: nothing may vanish."""
    label = _chosen(source.document, rng)[1]
    name = (f'"{label}', f'{label[:2]}"{label[2:]}', f'{label}"')[rng.integers(3)]
    spelled = name.replace('"', '\\"') if source.format in JSON else name
    holds = [replace(one, label=name) if one.label == label else one for one in source.holds]
    return Expected(source.text.replace(label, spelled).encode(), holds, True)


def moved(source: Source, rng: np.random.Generator) -> Expected:
    """One interval earlier or later."""
    document, tenths = source.document, int(rng.integers(-9, 10))
    index, label = _chosen(document, rng)
    document.move(index, tenths)
    holds = [_later(one, tenths) if one.label == label else one for one in source.holds]
    return Expected(document.text().encode(), holds, False)


def shifted(source: Source, rng: np.random.Generator) -> Expected:
    """All times later."""
    document, tenths = source.document, int(rng.integers(1, 35))
    for index in range(len(document.labels())):
        document.move(index, tenths)
    return Expected(document.text().encode(), [_later(one, tenths) for one in source.holds], False)


def shuffled(source: Source, rng: np.random.Generator) -> Expected | None:
    """Rows in another order; START and STOP rows may be refused then."""
    if source.format == "deepethogram":
        head, *body = source.text.splitlines()
        order = rng.permutation(len(body))
        return _same(source, "\n".join([head, *(body[index] for index in order)]) + "\n", refusable=True)
    if source.format not in TABLES:
        return None
    lines = source.text.splitlines()
    head = [] if source.format == "intervals" else lines[:1]
    body = lines[len(head) :]
    rows = [body[index] for index in rng.permutation(len(body))]
    return _same(source, "\n".join([*head, *rows]) + "\n", refusable=source.format == "boris-tabular")


def columns_moved(source: Source, rng: np.random.Generator) -> Expected | None:
    """Columns in another order, and one more."""
    if source.format != "csv":  # BORIS finds modifiers by their place
        return None
    rows = [line.split(",") for line in source.text.splitlines()]
    rows = [[*row, "colour" if number == 0 else "red"] for number, row in enumerate(rows)]
    order = rng.permutation(len(rows[0]))
    return _same(source, "".join(",".join(row[index] for index in order) + "\n" for row in rows))


def other_dialect(source: Source, rng: np.random.Generator) -> Expected | None:
    """A CSV with semicolons, or every cell quoted, or Excel's line that names the separator."""
    if source.format != "csv":
        return None
    rows = [line.split(",") for line in source.text.splitlines()]
    buffer = io.StringIO()
    delimiter = ",;\t"[rng.integers(3)]
    csv.writer(buffer, delimiter=delimiter, quoting=csv.QUOTE_ALL if rng.random() < 0.5 else 0).writerows(rows)
    says = rng.random() < 0.3
    return _same(source, (f"sep={delimiter}\n" if says else "") + buffer.getvalue(), refusable=says)


def decimal_commas(source: Source, rng: np.random.Generator) -> Expected | None:
    """Decimal commas: understood where the columns are apart, refused where they are not."""
    if source.format not in TABLES[:3]:
        return None
    return _same(source, re.sub(r"(?<=\d)\.(?=\d)", ",", source.text), refusable=True)


def ends_exchanged(source: Source, rng: np.random.Generator) -> Expected | None:
    """The end of an interval stands where its start belongs."""
    document = source.document
    if not isinstance(document, Rows) or len(document.times) < 2:
        return None
    index, _ = _chosen(document, rng)
    row, (start, end) = document.items[index][0], document.times
    row[start], row[end] = row[end], row[start]
    return _same(source, document.text(), refusable=True)


def unbalanced_comment(source: Source, rng: np.random.Generator) -> Expected | None:
    """A quotation mark at the beginning of a comment."""
    document = source.document
    if not isinstance(document, Rows):
        return None
    names = [index for index, name in enumerate(document.header) if "omment" in name]
    if not names:
        return None
    row = document.items[rng.integers(len(document.items))][0]
    row[names[0]] = ('"looks up', '"', 'say "hm', '""a"')[rng.integers(4)]
    return _same(source, document.text(), refusable=True)


def same_json(source: Source, rng: np.random.Generator) -> Expected | None:
    """JSON laid out in another way."""
    if source.format not in JSON:
        return None
    value = json.loads(source.text)
    indent = (None, 0, 4)[rng.integers(3)]
    return _same(source, json.dumps(value, indent=indent, sort_keys=rng.random() < 0.3 and source.format != "via"))


def key_twice(source: Source, rng: np.random.Generator) -> Expected | None:
    """A JSON key stands twice, the second time with nothing in it."""
    if source.format not in ("json", "boris", "via"):
        return None
    value: Any = json.loads(source.text)
    keys = [key for key in value if isinstance(value[key], (list, dict)) and value[key]]
    if source.format == "json":
        keys = [key for key in keys if key != "media"]
    key = keys[rng.integers(len(keys))]
    empty = "[]" if isinstance(value[key], list) else "{}"
    return _same(source, source.text.rstrip()[:-1] + f', "{key}": {empty}' + "}", refusable=True)


def unknown_key(source: Source, rng: np.random.Generator) -> Expected | None:
    """A key that our own JSON does not have, such as a misspelled one."""
    if source.format != "json":
        return None
    value = json.loads(source.text)
    item = value["intervals"][rng.integers(len(value["intervals"]))]
    item[("End", "ends", "note")[rng.integers(3)]] = 3.0
    return _same(source, json.dumps(value), refusable=True)


def xml_comment(source: Source, rng: np.random.Generator) -> Expected | None:
    """Comments between elements."""
    if source.format not in ("elan", "cvat"):
        return None
    places = [match.end() for match in re.finditer(r">(?=\s*<)", source.text.split("?>", 1)[1])]
    head, body = source.text.split("?>", 1)
    offset = places[rng.integers(1, len(places) - 1)]
    return _same(source, f"{head}?>{body[:offset]}<!-- <track label='x'/> -->{body[offset:]}")


def tier_twice(source: Source, rng: np.random.Generator) -> Expected | None:
    """Two ELAN tiers of one name."""
    if source.format != "elan":
        return None
    names = re.findall(r'TIER_ID="([^"]+)"', source.text)
    one, other = (str(name) for name in rng.choice(names, 2, replace=False))
    return _same(source, source.text.replace(f'TIER_ID="{one}"', f'TIER_ID="{other}"'), refusable=True)


def no_blank_line(source: Source, rng: np.random.Generator) -> Expected | None:
    """WebVTT cues without a blank line between them."""
    if source.format != "vtt":
        return None
    head, body = source.text.split("\n\n", 1)
    gaps = [match.start() for match in re.finditer("\n\n", body)]
    offset = gaps[rng.integers(len(gaps))]
    return _same(source, f"{head}\n\n{body[:offset]}{body[offset + 1 :]}", refusable=True)


def _later(one: Interval, tenths: int) -> Interval:
    return replace(one, start=round(one.start + tenths / 10, 3), end=round(one.end + tenths / 10, 3))


#: Effects that suit every file, and those that need a file taken apart.
ANY: tuple[Effect, ...] = (
    *(windows_lines, byte_order_mark, utf_16, blank_end, blank_beginning, no_last_line_end, zeros_behind),
    *(garbage_behind, shuffled),
)
APART: tuple[Effect, ...] = (
    *(dropped, doubled, renamed, quoted_name, moved, shifted, columns_moved, other_dialect, decimal_commas),
    *(ends_exchanged, unbalanced_comment, same_json, key_twice, unknown_key, xml_comment, tier_twice, no_blank_line),
)
