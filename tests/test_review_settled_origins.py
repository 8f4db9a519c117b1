"""Settling what came from a run's suggestion: the agreed sheet and its exports still say from which run it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from review_server import Client, client, ids, opened, put, suggesting_run
from small_studies import LEFT, RIGHT

from actscribe.annotations import read as read_annotations
from actscribe.annotations.interval import Origin

EVERYTHING = {"op": "mark", "start": 0, "end": 3}


def act(browser: Client, id: str, *ops: object) -> None:
    body = {"revision": opened(browser, id)["revision"], "why": "w", "ops": list(ops)}
    answer = browser.post(f"/api/recordings/{id}/actions", body)
    assert answer.status == 200, answer.body


def annotated(study: Path, run: Path, name: str, *bouts: tuple[str, float, float, str, bool]) -> None:
    """Have somebody mark bouts: label, start, end, id, and whether each was made from the suggestion."""
    browser = client(study, name, independent=True, run=run)
    id = ids(browser)["train"]
    (one,) = opened(browser, id)["suggestions"]
    ops = (put(label, start, end, bout, origin=one if of else None) for label, start, end, bout, of in bouts)
    act(browser, id, *ops, EVERYTHING)


def exported(settler: Client, id: str, study: Path) -> dict[tuple[str, float, float], Origin | None]:
    assert settler.post("/api/export", {"formats": ["json"], "recordings": [id]}).status == 200
    (file,) = (study / "review/export/agreed").glob("r?.json")
    return {(one.label, one.start, one.end): one.origin for one in read_annotations(file).intervals}


@pytest.fixture
def run(study: Path) -> Path:
    return suggesting_run(study, 0.5)


def suggestion(study: Path, run: Path) -> Any:
    browser = client(study, "ZZ", independent=True, run=run)
    return opened(browser, ids(browser)["train"])["suggestions"][0]


def test_what_both_took_from_a_run_is_of_that_run_in_the_agreed_export(study: Path, run: Path) -> None:
    digest = suggestion(study, run)["run"]
    accepted, moved, by_hand = (LEFT, 0.0, 0.5, "a", True), (RIGHT, 0.0, 0.4, "b", True), (LEFT, 2.0, 2.5, "c", False)
    annotated(study, run, "AB", accepted, moved, by_hand)
    annotated(study, run, "CD", accepted, moved, by_hand)
    settler = client(study, "agreed", independent=True)
    id = ids(settler)["train"]
    assert settler.get("/api/agreement").json["recordings"][0]["disagreements"] == []
    act(settler, id, EVERYTHING)
    assert exported(settler, id, study) == {
        (LEFT, 0.0, 0.5): Origin("accepted", "agreed", digest),
        (RIGHT, 0.0, 0.4): Origin("corrected", "agreed", digest),
        (LEFT, 2.0, 2.5): Origin("manual", "agreed"),
    }


def test_a_question_says_from_which_suggestion_it_is_and_the_answer_keeps_it(study: Path, run: Path) -> None:
    """The second one's too, whatever server shows it: the one of who settles has no run."""
    one = suggestion(study, run)
    annotated(study, run, "AB", (RIGHT, 2.0, 2.5, "r", False))
    annotated(study, run, "CD", (LEFT, 0.0, 0.5, "l", True))
    settler = client(study, "agreed", independent=True)
    id = ids(settler)["train"]
    left, right = settler.get("/api/agreement").json["recordings"][0]["disagreements"]
    assert (left["label"], left["origin"], right["label"], right["origin"]) == (LEFT, one, RIGHT, None)
    act(settler, id, put(LEFT, 0.0, 0.5, "n1", origin=left["origin"]), EVERYTHING)
    assert exported(settler, id, study)[LEFT, 0.0, 0.5] == Origin("accepted", "agreed", one["run"])


def test_a_suggestion_that_neither_of_the_two_took_is_refused(study: Path, run: Path) -> None:
    annotated(study, run, "AB", (LEFT, 0.0, 0.5, "l", True))
    annotated(study, run, "CD", (LEFT, 0.0, 0.5, "l", True))
    settler = client(study, "agreed", independent=True)
    id = ids(settler)["train"]
    other = {**suggestion(study, run), "end": 0.6}
    body = {"revision": 0, "why": "w", "ops": [put(LEFT, 0.0, 0.6, "n1", origin=other)]}
    assert settler.post(f"/api/recordings/{id}/actions", body).status == 409


def test_of_suggestions_wrong_on_purpose_the_agreed_sheet_says_nothing(study: Path, run: Path) -> None:
    """One that was corrected is a person's own by then, and its run is nobody's business."""
    planter = client(study, "AB", independent=True, run=run)
    id = ids(planter)["train"]
    planter.session.plant = 1.0
    every = opened(planter, id)["suggestions"]
    (wrong,) = [one for one in every if (one["label"], one["start"], one["end"]) != (LEFT, 0.0, 0.5)][:1]
    act(planter, id, put(RIGHT, 2.2, 2.4, "x", origin=wrong), EVERYTHING)
    annotated(study, run, "CD", (RIGHT, 2.2, 2.4, "y", False))
    settler = client(study, "agreed", independent=True)
    assert [one["origin"] for one in opened(settler, id)["bouts"]] == [None]


def test_the_settled_parts_of_a_bout_are_each_from_where_the_bout_is(study: Path, run: Path) -> None:
    """Wherever what is not settled lies: at the bout's beginning, within it, or between it and an earlier one."""
    digest = suggestion(study, run)["run"]
    annotated(study, run, "AB", (LEFT, 0.0, 0.5, "a", True), (RIGHT, 0.2, 0.4, "b", False), (RIGHT, 1, 2, "c", True))
    annotated(study, run, "CD", (LEFT, 0.1, 0.2, "d", True), (LEFT, 0.3, 0.5, "e", True), (RIGHT, 0.2, 0.4, "f", False))
    browser = client(study, "CD", independent=True, run=run)
    id = ids(browser)["train"]
    act(browser, id, put(RIGHT, 1.5, 2.0, "g"))
    settler = client(study, "agreed", independent=True)
    act(settler, id, {"op": "mark", "start": 2.5, "end": 3.0, "labels": [LEFT]})
    by_hand, changed = Origin("manual", "agreed"), Origin("corrected", "agreed", digest)
    assert exported(settler, id, study) == {
        (LEFT, 0.1, 0.2): changed,
        (LEFT, 0.3, 0.5): changed,
        (RIGHT, 0.2, 0.4): by_hand,
        (RIGHT, 1.5, 2.0): changed,
    }
    (file,) = (study / "review/export/agreed").glob("r?.json")
    assert "Bouts by a person: 1; suggested by a run and accepted as they were: 0, changed: 3" in " ".join(
        read_annotations(file).notes
    )
