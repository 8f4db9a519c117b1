"""Finding the format of an annotation file from what is in it, by what the formats say of themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from actscribe.annotations import foreign
from actscribe.annotations.format import Format
from actscribe.annotations.table import SEARCHED, table_of_rows
from actscribe.annotations.text import lines, load_json, read_bytes, read_text, root_tag
from actscribe.annotations.workbook import is_packed, read_sheets
from actscribe.errors import ActScribeError
from actscribe.reading import open_regular


def detect_among(formats: Mapping[str, Format], path: Path) -> str:
    """Return the key of the format of a file; see `formats.detect`."""
    path = Path(path)
    if is_packed(path):
        return _workbook(formats, path)
    if name := _by_signature(formats, path):
        return name
    data = read_bytes(path)
    if name := _by_line(formats, data[:4096].decode("utf-8-sig", errors="replace")):
        return name
    # XML says its own encoding, so it is recognized before the bytes become text.
    if data.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n").startswith(b"<"):
        return _xml(formats, path)
    text = read_text(path)
    if name := _by_line(formats, text):
        return name
    return _json(formats, path) if text.lstrip()[0] in "{[" else _text(formats, path, text)


def _by_signature(formats: Mapping[str, Format], path: Path) -> str:
    """Return the format that is known by the first bytes of its files, which are not text; empty if there is none."""
    with open_regular(path) as file:
        head = file.read(16)
    return next((name for name, form in formats.items() if form.signature and head.startswith(form.signature)), "")


def _by_line(formats: Mapping[str, Format], text: str) -> str:
    """Return the format that is known by the first line, whatever it begins with; empty where there is none."""
    first = next((line for line in lines(text) if line.strip()), "")
    return next((name for name, form in formats.items() if form.is_line is not None and form.is_line(first)), "")


def _xml(formats: Mapping[str, Format], path: Path) -> str:
    tag = root_tag(path)
    known = {form.root: name for name, form in formats.items() if form.root}
    if tag not in known:
        others = " or ".join(f"<{root}> ({name})" for root, name in known.items())
        raise ActScribeError(f"{path}: an XML file of <{tag}>; expected {others}.", _expected(formats))
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
    content_words = ", ".join(sorted(keys)[:8]) if keys else f"a {type(content).__name__}"
    raise ActScribeError(
        f"{path}: not a recognized JSON annotation format (it holds {content_words}).", _expected(formats)
    )


def _workbook(formats: Mapping[str, Format], path: Path) -> str:
    sheets = read_sheets(path)
    for name, form in formats.items():
        if form.is_header is not None and any(table_of_rows(path, rows, form.is_header) for rows in sheets):
            return name
    known = " and ".join(dict.fromkeys(form.title for form in formats.values() if form.is_header is not None))
    raise ActScribeError(
        f"{path}: an Excel workbook that is not a known export; of Excel workbooks, only {known} can be read.",
        "Save other tables as 'CSV UTF-8'.",
    )


def _text(formats: Mapping[str, Format], path: Path, text: str) -> str:
    top = "\n".join(lines(text.lstrip("\r\n"))[:SEARCHED])
    foreign.refuse(path, top)
    for name, form in formats.items():
        if form.is_text is not None and form.is_text(top):
            return name
    start = re.sub(r"\s+", " ", next(line for line in lines(text) if line.strip())[:400])[:80]
    message = f"{path}: is none of the known annotation formats; it begins with {start!r}."
    raise ActScribeError(message, _expected(formats))


def _expected(formats: Mapping[str, Format]) -> str:
    return f"Expected one of: {'; '.join(dict.fromkeys(form.title for form in formats.values()))}."
