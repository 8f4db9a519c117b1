"""The server is killed while somebody edits: what was acknowledged is there, nothing else but the change on its way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from review_killed import bouts_of, edited_until_killed, reopened

from actscribe.annotations import read
from actscribe.journal import Journal

KILLS = 5


@pytest.mark.slow
def test_kills_lose_nothing_that_was_acknowledged(study: Path) -> None:
    rng = np.random.default_rng(1)
    for _ in range(KILLS):
        id, acknowledged, on_its_way = edited_until_killed(study, rng, 0.8)
        assert Journal.of(study).verify().problems == ()
        (sheet,) = [Journal.of(study).sheet(one, "AB") for one in {e.recording for e in Journal.of(study).entries()}]
        there = bouts_of({"bouts": [one.model_dump() for one in sheet.bouts.values()]})
        assert there in (acknowledged, on_its_way)
    bouts, files = reopened(study, id)
    assert bouts == there
    exported = {(one.start, one.end) for one in read(study / files[0]).intervals if one.label == "Left lamp"}
    edges = {edge for span in exported for edge in span}
    own = [sheet.bouts[one] for one in bouts if sheet.bouts[one].label == "Left lamp"]
    assert edges <= {edge for bout in own for edge in (bout.start, bout.end)}
    assert all(any(start <= bout.start and bout.end <= end for start, end in exported) for bout in own)
