"""Settling where two people marked point events, which last no time in which to differ."""

from __future__ import annotations

from pathlib import Path

from review_server import client, ids, opened, put
from small_studies import LEFT


def test_point_events_of_both_are_in_the_agreed_sheet_once(study: Path) -> None:
    """They last no time that could be asked about, so nothing but taking them over keeps those of the second."""
    marked = {"AB": (0.5, 2.0), "CD": (0.9, 2.0, 2.7)}
    for name, moments in marked.items():
        browser = client(study, name, independent=True)
        events = [put(LEFT, moment, moment, f"{name}{index}") for index, moment in enumerate(moments)]
        id = ids(browser)["train"]
        ops = [*events, {"op": "mark", "start": 0, "end": 3}]
        body = {"revision": opened(browser, id)["revision"], "why": "w", "ops": ops}
        assert browser.post(f"/api/recordings/{id}/actions", body).status == 200
    settler = client(study, "agreed")
    (recording,) = settler.get("/api/agreement").json["recordings"]
    assert recording["disagreements"] == []
    bouts = opened(settler, ids(settler)["train"])["bouts"]
    assert [(one["start"], one["end"]) for one in bouts] == [(0.5, 0.5), (2.0, 2.0), (2.7, 2.7)]
