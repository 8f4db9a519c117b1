"""Finding the format of an annotation file from what is in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from actscribe.annotations import (
    bids,
    boris_aggregated,
    boris_tabular,
    csv_table,
    deepethogram,
    foreign,
    interval_text,
    textgrid,
    vtt,
)
from actscribe.annotations.table import SEARCHED, delimiters_of, first_rows, has_header, table_of_rows
from actscribe.annotations.text import lines, load_json, read_bytes, read_text, root_tag
from actscribe.annotations.workbook import is_packed, read_sheets
from actscribe.errors import ActScribeError

if TYPE_CHECKING:
    from actscribe.annotations.formats import Format

_HEADERS = {
    "boris-aggregated": boris_aggregated.is_header,
    "boris-tabular": boris_tabular.is_header,
    "bids": bids.is_header,
    "csv": csv_table.is_header,
}
_EXPECTED = (
    "Expected an ELAN, BORIS, VIA 3, CVAT, DeepEthogram, Label Studio or Praat TextGrid file,"
    " WebVTT, JSON written by ActScribe,"
    " a CSV whose header names a label, a start and an end, or lines of label, start, end and duration in milliseconds"
    " with tabs between."
)


def detect_among(formats: Mapping[str, Format], path: Path) -> str:
    """Return the key of the format of a file; see `formats.detect`."""
    path = Path(path)
    if is_packed(path):
        return _workbook(path)
    data = read_bytes(path)
    if _begins_with_interval(data[:4096].decode("utf-8-sig", errors="replace")):
        return "intervals"
    # XML says its own encoding, so it is recognized before the bytes become text.
    if data.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n").startswith(b"<"):
        return _xml(formats, path)
    text = read_text(path)
    if _begins_with_interval(text):
        return "intervals"
    if text.lstrip()[0] in "{[":
        return _json(formats, path)
    if text.lstrip().startswith("WEBVTT") or vtt.is_subtitles(text):
        return "vtt"
    if textgrid.is_textgrid(text):
        return "textgrid"
    return _table(path, text)


def _begins_with_interval(text: str) -> bool:
    """Tell whether the first line is a label and three numbers, whatever the label begins with."""
    return interval_text.is_row(next((line for line in lines(text) if line.strip()), ""))


def _xml(formats: Mapping[str, Format], path: Path) -> str:
    tag = root_tag(path)
    known = {form.root: name for name, form in formats.items() if form.root}
    if tag not in known:
        others = " or ".join(f"<{root}> ({name})" for root, name in known.items())
        raise ActScribeError(f"{path}: an XML file of <{tag}>; expected {others}.", _EXPECTED)
    return known[tag]


def _json(formats: Mapping[str, Format], path: Path) -> str:
    content = load_json(path)
    keys = set(content) if isinstance(content, dict) else set()
    for name, form in formats.items():
        if form.is_json is not None and form.is_json(content):
            return name
    if isinstance(content, list) and any(isinstance(item, dict) and "annotator" in item for item in content[:1]):
        raise ActScribeError(
            f"{path}: looks like Label Studio's JSON-MIN, which leaves out who is who.",
            "Export the project again and choose 'JSON'.",
        )
    found = ", ".join(sorted(keys)[:8]) if keys else f"a {type(content).__name__}"
    raise ActScribeError(f"{path}: a JSON file of no known format (it holds {found}).", _EXPECTED)


def _workbook(path: Path) -> str:
    sheets = read_sheets(path)
    for name, is_header in _HEADERS.items():
        if name not in ("bids", "csv") and any(table_of_rows(path, rows, is_header) for rows in sheets):
            return name
    raise ActScribeError(
        f"{path}: an Excel workbook of no known export; of workbooks, those with BORIS's tabular or aggregated events"
        " are read.",
        "Save other tables as 'CSV UTF-8'.",
    )


def _table(path: Path, text: str) -> str:
    first = "\n".join(lines(text.lstrip("\r\n"))[:SEARCHED])
    foreign.refuse(path, first)
    for name, is_header in _HEADERS.items():
        if has_header(first, is_header) and (name != "bids" or "\t" in first):
            return name
    for delimiter in delimiters_of(first):
        found = first_rows(first, delimiter)
        if len(found) > 1 and deepethogram.is_table(found[0].cells, found[1].cells):
            return "deepethogram"
    start = re.sub(r"\s+", " ", next(line for line in lines(text) if line.strip())[:400])[:80]
    raise ActScribeError(f"{path}: is none of the known annotation formats; it begins with {start!r}.", _EXPECTED)
