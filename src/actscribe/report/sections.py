"""Further sections of the report, from files that other steps left in the run folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actscribe.counts import counted
from actscribe.evaluation.hallucination import not_usable
from actscribe.report import formatting as w
from actscribe.report.table import Head, Row, Table, record_table
from actscribe.run_folder import file_names
from actscribe.run_folder.run import Run

#: Captions that are shown; all are in the file.
MOST_CAPTIONS = 30


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the report.

    Args:
        title: its heading.
        tables: in order.
        notes: paragraphs above them.
    """

    title: str
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()


def extra_sections(run: Run, split: str) -> tuple[Section, ...]:
    """Return what hallucination-, servers- and captions-SPLIT.json in the run folder hold; none where none is.

    hallucination, servers: title -> list of records (a table), or a text or list of texts (notes). captions: list of
    {recording, start_s, end_s, caption}. A file that is spelled otherwise becomes a section that says so: the rest of
    the report is still worth reading.
    """
    makers = (
        (file_names.HALLUCINATION, "Hallucination", _records),
        (file_names.SERVERS, "Model server", _records),
        (file_names.CAPTIONS, "Captions", _captions),
    )
    sections = []
    for name, title, make in makers:
        path = run.folder / file_names.of_split(name, split)
        if path.is_file():
            try:
                sections.append(make(title, path, json.loads(path.read_text(encoding="utf-8"))))
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                sections.append(Section(title, notes=(f"{path.name} could not be read: {error!r}.",)))
    return tuple(sections)


def unusable(run: Run, split: str) -> tuple[str, ...]:
    """Return what the report says first where too many of a model's answers could not be read; () elsewhere."""
    path = run.folder / file_names.of_split(file_names.HALLUCINATION, split)
    if not path.is_file():
        return ()
    try:
        sentence = not_usable(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError, KeyError, AttributeError):  # which its section says
        return ()
    return (sentence,) if sentence else ()


def _records(title: str, path: Path, values: dict[str, Any]) -> Section:
    tables, notes = [], []
    for name, value in values.items():
        if isinstance(value, str):
            notes.append(value)
        elif all(isinstance(record, dict) for record in value):
            tables.append(record_table(name, value))
        else:
            notes += [str(text) for text in value]
    return Section(title, tuple(tables), tuple(notes))


def _captions(title: str, path: Path, values: list[dict[str, Any]]) -> Section:
    columns = (Head("recording", is_text=True), Head("from"), Head("to"), Head("caption", is_text=True))
    rows = tuple(
        Row((str(v["recording"]), w.clock(float(v["start_s"])), w.clock(float(v["end_s"])), str(v["caption"])))
        for v in values[:MOST_CAPTIONS]
    )
    total = counted(len(values), "caption")
    shown = f"the first {len(rows)} of {total}; all are in {path.name}" if len(values) > len(rows) else f"all {total}"
    return Section(title, (Table(f"What the model wrote: {shown}.", columns, rows),))
