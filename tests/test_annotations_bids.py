"""BIDS events: what the specification asks of the table and of the file beside it."""

import json
from pathlib import Path

import pandas as pd
import pytest

from actscribe.annotations import Annotations, Interval, detect, read, write
from actscribe.errors import ActScribeError

ANNOTATED = Annotations.of(
    [Interval("Rear", 0.1, 0.3, "P1", 0.5), Interval("Drop", 2, 2, "P1"), Interval("(not annotated)", 5, 6)],
    labels=["Rear", "Drop", "Groom"],
)


def test_the_table_and_its_description(tmp_path: Path) -> None:
    path = tmp_path / "sub-01_task-field_events.tsv"
    write(path, ANNOTATED, "bids")
    table = pd.read_csv(path, sep="\t", keep_default_na=False)
    assert list(table.columns) == ["onset", "duration", "trial_type", "subject", "score"]
    assert table["onset"].tolist() == [0.1, 2.0, 5.0]
    assert table["duration"].tolist() == [0.2, 0.0, 1.0]
    assert table["score"].tolist() == ["0.5", "n/a", "n/a"]
    described = json.loads((tmp_path / "sub-01_task-field_events.json").read_text(encoding="utf-8"))
    assert list(described["trial_type"]["Levels"]) == ["Rear", "Drop", "Groom", "(not annotated)"]
    assert described["onset"]["Units"] == "s"
    again = read(path)
    assert (again.intervals, again.gaps) == (ANNOTATED.intervals, ANNOTATED.gaps)


def test_a_description_by_a_person_stays(tmp_path: Path) -> None:
    path, beside = tmp_path / "a_events.tsv", tmp_path / "a_events.json"
    write(path, ANNOTATED, "bids")
    write(path, Annotations.of([Interval("New", 0, 1)]), "bids")
    assert "New" in json.loads(beside.read_text(encoding="utf-8"))["trial_type"]["Levels"]
    beside.write_text('{"mine": 1}', encoding="utf-8")
    write(path, ANNOTATED, "bids")
    assert beside.read_text(encoding="utf-8") == '{"mine": 1}'


def test_events_of_other_programs(tmp_path: Path) -> None:
    path = tmp_path / "other_events.tsv"
    path.write_text(
        "onset\tduration\ttrial_type\tresponse_time\n1.5\t2\tRear\tn/a\n4\t0\tDrop\t0.7\n", encoding="utf-8"
    )
    assert detect(path) == "bids"
    assert read(path).intervals == (Interval("Rear", 1.5, 3.5), Interval("Drop", 4, 4))
    path.write_text("onset\tduration\ttrial_type\n1.5\tn/a\tRear\n", encoding="utf-8")
    with pytest.raises(ActScribeError, match="the duration is ''"):
        read(path)
