"""Settling where two people marked point events, which last no time in which to differ."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from review_server import Client, client, ids, opened, put
from small_studies import LEFT, RIGHT

from actscribe.review import agreement


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


def test_events_that_change_after_settling_began_are_said(study: Path) -> None:
    """Nothing can be asked about them, so who settles is told which to see to."""

    def act(name: str, *ops: object) -> None:
        browser = client(study, name, independent=True)
        id = ids(browser)["train"]
        body = {"revision": opened(browser, id)["revision"], "why": "w", "ops": list(ops)}
        assert browser.post(f"/api/recordings/{id}/actions", body).status == 200

    def announced() -> str:
        settler = client(study, "agreed")
        return str(opened(settler, ids(settler)["train"])["changed"])

    everything = {"op": "mark", "start": 0, "end": 3}
    act("AB", put(LEFT, 0.5, 0.5, "a"), everything)
    act("CD", put(RIGHT, 0.2, 0.2, "c"), everything)
    assert announced() == ""
    act("agreed", everything)
    assert announced() == ""
    act("CD", put(LEFT, 2.5, 2.5, "d"), put(RIGHT, 0.3, 0.3, "c"))
    act("AB", {"op": "drop", "id": "a"})
    about = "Point events changed since settling began, of which nothing is asked: "
    assert announced() == f"{about}{LEFT} at 0:02.5 is new, {LEFT} at 0:00.5 is gone."
    act("agreed", put(LEFT, 2.5, 2.5, "own"))
    assert announced() == f"{about}{LEFT} at 0:00.5 is gone."


#: What each of two files says: label, subject, start, end in seconds.
FILES = {
    "one.csv": ((LEFT, "Ada", 0.5, 0.5), (LEFT, "Ada", 1.5, 1.5), (RIGHT, "Ada", 0.0, 1.0)),
    "other.csv": ((LEFT, "", 0.6, 0.6), (LEFT, "Ben", 1.5, 1.5), (RIGHT, "Ada", 0.0, 1.5), (RIGHT, "Ben", 2.0, 2.5)),
}


@pytest.fixture
def named(study: Path) -> Client:
    """Who settles two files that say who did it."""
    for name, rows in FILES.items():
        with (study / name).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("label", "subject", "start", "end"), *rows])
    (study / "manifest.csv").write_text(
        "video,annotations,group,split,annotations_2\nr0.mp4,one.csv,p0,train,other.csv\n"
        "r1.mp4,r1.txt,p1,validation,\nr2.mp4,r2.txt,p2,test,\n"
    )
    return client(study, "agreed")


def test_an_event_that_one_names_nobody_for_is_one_with_the_others(named: Client) -> None:
    """Who marks in the page names nobody; two that are named are two."""
    bouts = opened(named, ids(named)["train"])["bouts"]
    events = [(one["start"], one["subject"]) for one in bouts if one["label"] == LEFT]
    assert events == [(0.5, "Ada"), (1.5, "Ada"), (1.5, "Ben")]


def test_a_question_says_whom_it_is_about(named: Client) -> None:
    (recording,) = named.get("/api/agreement").json["recordings"]
    asked = [(one["start"], one["end"], one["subject"]) for one in recording["disagreements"]]
    assert asked == [(1.0, 1.5, "Ada"), (2.0, 2.5, "Ben")]


def test_what_is_not_settled_is_listed_where_not_all_is(named: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    id = ids(named)["train"]
    ops = [{"op": "mark", "start": 1.0, "end": 1.5, "labels": [RIGHT]}]
    body = {"revision": opened(named, id)["revision"], "why": "settle", "ops": ops}
    assert named.post(f"/api/recordings/{id}/actions", body).status == 200
    monkeypatch.setattr(agreement, "MOST_LISTED", 1)
    (recording,) = named.get("/api/agreement").json["recordings"]
    listed = [(one["start"], one["settled"]) for one in recording["disagreements"]]
    assert (listed, recording["more"], recording["left"]) == ([(2.0, False)], 1, 1)


def test_whom_the_second_alone_names_the_agreed_sheet_names(study: Path) -> None:
    """Who marks in the page names nobody, and contradicts nobody who does."""
    everything = {"op": "mark", "start": 0, "end": 3}
    unnamed = [put(LEFT, 0.5, 0.5, "a"), put(RIGHT, 0.0, 1.0, "b"), put(RIGHT, 2.0, 3.0, "c")]
    named = [
        put(LEFT, 0.6, 0.6, "a", subject="Ada"),
        put(RIGHT, 0.0, 1.0, "b", subject="Ben"),
        put(RIGHT, 2.0, 2.6, "c", subject="Cy"),
        put(RIGHT, 2.4, 3.0, "d", subject="Di"),
    ]
    for name, bouts in (("AB", unnamed), ("CD", named)):
        browser = client(study, name, independent=True)
        id = ids(browser)["train"]
        body = {"revision": opened(browser, id)["revision"], "why": "w", "ops": [*bouts, everything]}
        assert browser.post(f"/api/recordings/{id}/actions", body).status == 200
    agreed = opened(client(study, "agreed"), id)["bouts"]
    assert [(one["label"], one["start"], one["subject"]) for one in agreed] == [
        (RIGHT, 0.0, "Ben"),
        (LEFT, 0.5, "Ada"),
        (RIGHT, 2.0, ""),
    ]
