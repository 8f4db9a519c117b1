"""Guards and what becomes of sheets: planted suggestions, shares accepted, two annotators, exports, verifying."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from review_server import Answer, Client, client, ids, opened, put, suggesting_run
from short_studies import actscribe
from small_studies import LEFT, RIGHT

from actscribe import load_study
from actscribe.annotations import read as read_annotations
from actscribe.data.loading import load_data
from actscribe.journal import Journal


def act(browser: Client, id: str, *ops: object, why: str = "w") -> Any:
    revision = opened(browser, id)["revision"]
    answer = browser.post(f"/api/recordings/{id}/actions", {"revision": revision, "why": why, "ops": list(ops)})
    assert answer.status == 200, answer.body
    return answer.json


def accept(browser: Client, id: str, suggestion: dict[str, object], bout: str) -> None:
    where = {name: suggestion[name] for name in ("label", "start", "end")}
    accepted = {"op": "verdict", "suggestion": suggestion, "accepted": True}
    act(browser, id, accepted, put(**where, id=bout, origin=suggestion), why="accept")


def planting(study: Path) -> tuple[Client, str, dict[str, object]]:
    """Return a browser of an independent annotator, a recording, and the one suggestion in it that is wrong."""
    browser = client(study, run=suggesting_run(study, 0.4), plant=1.0, independent=True)
    id = ids(browser)["train"]
    wrong = [one for one in opened(browser, id)["suggestions"] if one["label"] != LEFT or one["start"] != 0]
    assert len(wrong) == 1
    return browser, id, wrong[0]


def test_a_planted_suggestion_looks_like_the_others_and_is_the_same_every_time(study: Path) -> None:
    browser, id, wrong = planting(study)
    suggestions = opened(browser, id)["suggestions"]
    assert [one["planted"] for one in suggestions] == [False, False]
    assert wrong["label"] == LEFT  # of the other one the run says nothing anywhere
    assert wrong["score"] != 0.9
    assert wrong["score"] == pytest.approx(0.9, abs=0.03)
    assert wrong["end"] - wrong["start"] == pytest.approx(0.4)
    assert 1.5 <= wrong["start"] < wrong["end"] <= 3.0  # where the file has none
    again = client(study, run=study / "runs" / "timesformer", plant=1.0)
    assert opened(again, id)["suggestions"] == suggestions


def test_nothing_is_planted_unless_asked_for(study: Path) -> None:
    browser = client(study, run=suggesting_run(study))
    assert len(opened(browser, ids(browser)["train"])["suggestions"]) == 1


def test_an_accepted_planted_suggestion_is_written_down_as_such_and_never_told(study: Path) -> None:
    browser, id, wrong = planting(study)
    accept(browser, id, wrong, "wrong")
    assert '"planted":true' in Journal.of(study).entries()[-1].body
    for answer in (
        browser.post(f"/api/recordings/{id}/open", {}),
        browser.get("/api/guards"),
        browser.get("/api/study"),
    ):
        assert b'"planted":true' not in answer.body
    assert browser.get("/api/guards").json["AB"]["planted_accepted"] == 0
    undone = browser.post(f"/api/recordings/{id}/undo", {"revision": opened(browser, id)["revision"]})
    redone = browser.post(f"/api/recordings/{id}/redo", {"revision": undone.json["revision"]})
    assert b'"planted":true' not in undone.body + redone.body


def test_an_accepted_planted_suggestion_reaches_no_export_and_no_training(study: Path) -> None:
    browser, id, wrong = planting(study)
    accept(browser, id, wrong, "wrong")
    act(browser, id, {"op": "mark", "start": 0, "end": 3})
    file = study / browser.post("/api/export", {"formats": ["json"], "recordings": [id]}).json["files"][0]
    assert read_annotations(file).intervals == ()
    assert {one.name: one for one in load_data(load_study(study)).recordings}["r0"].intervals == ()


def test_planted_bouts_are_taken_back_and_counted_when_the_next_server_starts(study: Path) -> None:
    browser, id, wrong = planting(study)
    accept(browser, id, wrong, "wrong")
    act(browser, id, {"op": "mark", "start": 0, "end": 3}, put(LEFT, 0, 1, "right"))
    again = client(study, run=study / "runs" / "timesformer")
    recording = opened(again, id)
    assert [one["id"] for one in recording["bouts"]] == ["right"]
    assert recording["reviewed"][RIGHT] == [[0, 3]]
    assert recording["reviewed"][LEFT] == [
        span for span in ([0, wrong["start"]], [wrong["end"], 3]) if span[1] > span[0]
    ]
    own = again.get("/api/guards").json["AB"]
    assert (own["planted"], own["planted_accepted"], own["accepted"]) == (1, 1, 1)


def test_the_share_accepted_is_counted_for_oneself_alone(study: Path) -> None:
    run = suggesting_run(study)
    first, second = client(study, "AB", run=run), client(study, "CD", run=run)
    id = ids(first)["train"]
    accept(first, id, opened(first, id)["suggestions"][0], "x")
    opened(second, id)
    assert first.get("/api/guards").json == {
        "AB": {"shown": 1, "accepted": 1, "rejected": 0, "planted": 0, "planted_accepted": 0}
    }
    assert second.get("/api/guards").json["CD"]["accepted"] == 0


@pytest.fixture
def two(study: Path) -> tuple[Path, str]:
    """A study whose first recording two people annotated: AB as the file, CD with the left lamp a second longer."""
    first, second = client(study, "AB"), client(study, "CD")
    id = ids(first)["train"]
    act(first, id, {"op": "mark", "start": 0, "end": 3})
    act(second, id, put(LEFT, 0, 2.5, "l"), put(RIGHT, 1, 2.5, "r"), {"op": "mark", "start": 0, "end": 3})
    return study, id


def test_only_who_settles_sees_what_two_people_say_and_where_they_disagree(two: tuple[Path, str]) -> None:
    study, id = two
    assert client(study, "AB").get("/api/agreement").status == 404
    settler = client(study, "agreed")
    agreement = settler.get("/api/agreement").json
    (one,) = agreement["recordings"]
    assert (one["id"], one["annotators"]) == (id, ["AB", "CD"])
    assert [(d["label"], d["start"], d["end"], d["who"], d["settled"]) for d in one["disagreements"]] == [
        (LEFT, 1.5, 2.5, {"AB": False, "CD": True}, False)
    ]
    assert one["began_with"] == {"AB": "r0.txt"}
    # Of 3 s both see the left lamp for 1.5, one alone for 1, none for 0.5: observed 2/3, by chance 0.5.
    assert one["kappa"] == {LEFT: pytest.approx((2 / 3 - 0.5) / 0.5), RIGHT: 1.0}
    assert one["seconds_agreed"] == {LEFT: [1.5, 1.0, 0.0, 0.5], RIGHT: [1.5, 0.0, 0.0, 1.5]}
    assert one["durations"]["CD"] == {LEFT: 2.5, RIGHT: 1.5}
    lanes = opened(settler, id)["lanes"]
    assert [(lane["name"], len(lane["bouts"])) for lane in lanes] == [("AB", 2), ("CD", 2)]


def test_what_is_settled_becomes_the_truth(two: tuple[Path, str]) -> None:
    study, id = two
    settler = client(study, "agreed")
    recording = opened(settler, id)
    assert recording["reviewed"] == {LEFT: [[0, 1.5], [2.5, 3]], RIGHT: [[0, 3]]}
    bout = next(one for one in recording["bouts"] if one["label"] == LEFT)
    act(settler, id, put(LEFT, 0, 2.0, bout["id"]), {"op": "mark", "start": 1.5, "end": 2.5, "labels": [LEFT]})
    assert settler.get("/api/agreement").json["recordings"][0]["disagreements"][0]["settled"]
    truth = {one.name: one for one in load_data(load_study(study)).recordings}["r0"]
    assert [(one.label, one.start, one.end) for one in truth.intervals] == [(LEFT, 0.0, 2.0), (RIGHT, 1.0, 2.5)]
    assert truth.gaps == ()


def test_what_is_not_settled_is_not_annotated_and_that_is_said(two: tuple[Path, str]) -> None:
    study, id = two
    act(client(study, "AB"), id, put(LEFT, 0, 2.9, "l"))  # now AB says 0 to 2.9 s, CD 0 to 2.5 s
    settler = client(study, "agreed")
    act(settler, id, {"op": "mark", "start": 0, "end": 1, "labels": [RIGHT]})
    answer = settler.post("/api/export", {"formats": ["json", "csv", "elan"], "recordings": [id]}).json
    assert "1 span not settled" in answer["sentences"][0]
    assert "--annotator agreed" in answer["sentences"][0]
    truth = {one.name: one for one in load_data(load_study(study)).recordings}["r0"]
    for held in (truth, *(read_annotations(study / file) for file in answer["files"])):
        assert [(one.label, one.start, one.end) for one in held.intervals] == [(LEFT, 0, 2.5), (RIGHT, 1.0, 2.5)]
        assert [(one.label, one.start, one.end) for one in held.gaps] == [(LEFT, 2.5, 2.9)]
    for words in (["check"], ["review", "--export", "csv"], ["next"]):
        printed = " ".join(actscribe(words[0], study, *words[1:]).split())
        assert "r0: 1 span (0.4 s, counted for each label) not settled" in printed
        assert "--annotator agreed" in printed
        assert printed.count("not settled") == 1
    act(settler, id, {"op": "mark", "start": 2.5, "end": 2.9, "labels": [LEFT]})
    assert "not settled" not in actscribe("review", study, "--export", "csv")


def questions(settler: Client) -> list[tuple[Any, ...]]:
    (one,) = settler.get("/api/agreement").json["recordings"]
    return [(d["label"], d["start"], d["end"], d["who"], d["settled"], d["again"]) for d in one["disagreements"]]


def test_what_was_settled_is_asked_again_exactly_where_a_change_touches_it(two: tuple[Path, str]) -> None:
    study, id = two
    settler, first, second = client(study, "agreed"), client(study, "AB"), client(study, "CD")
    act(settler, id, {"op": "mark", "start": 1.5, "end": 2.5, "labels": [LEFT]})  # so the left lamp is out from 1.5 s
    assert opened(settler, id)["changed"] == ""
    settled = (LEFT, 1.5, 2.5, {"AB": False, "CD": True}, True, "")
    assert questions(settler) == [settled]
    act(second, id, put(LEFT, 0, 2.9, "l"))
    act(client(study, "EF", independent=True), id, put(LEFT, 0, 2.9, "l"))
    asked = (LEFT, 2.5, 2.9, {"AB": False, "CD": True}, False, "asked again: changed by CD")
    assert questions(settler) == [settled, asked]
    recording = opened(settler, id)
    assert recording["changed"].startswith("CD changed what was settled")
    assert recording["reviewed"] == {LEFT: [[0, 2.5], [2.9, 3]], RIGHT: [[0, 3]]}
    truth = {one.name: one for one in load_data(load_study(study)).recordings}["r0"]
    assert [(one.label, one.start, one.end) for one in truth.gaps] == [(LEFT, 2.5, 2.9)]
    act(second, id, put(LEFT, 0, 2.5, "l"))  # what is changed back is not asked
    assert questions(settler) == [settled]
    act(second, id, put(LEFT, 0, 1.5, "l"))  # who comes to say what was settled changes nothing
    assert questions(settler) == []
    assert opened(settler, id)["reviewed"] == {LEFT: [[0, 3]], RIGHT: [[0, 3]]}
    bout = next(one["id"] for one in opened(first, id)["bouts"] if one["label"] == LEFT)
    act(first, id, put(LEFT, 0, 1.0, bout))  # an answer that nobody gave by hand is asked as well
    assert questions(settler) == [(LEFT, 1.0, 1.5, {"AB": False, "CD": True}, False, "asked again: changed by AB")]
    act(settler, id, {"op": "mark", "start": 1.0, "end": 1.5, "labels": [LEFT]})
    assert questions(settler) == [(LEFT, 1.0, 1.5, {"AB": False, "CD": True}, True, "")]


def test_an_answer_is_to_what_the_two_said_when_it_was_shown(two: tuple[Path, str]) -> None:
    study, id = two
    settler, first, second = client(study, "agreed"), client(study, "AB"), client(study, "CD")
    shown = opened(settler, id)
    in_file = {one["label"]: one["id"] for one in opened(first, id)["bouts"]}
    act(first, id, {"op": "drop", "id": in_file[RIGHT]})  # meanwhile: the right lamp was agreed on 1 to 2.5 s
    mark = {"op": "mark", "start": 1.5, "end": 2.5, "labels": [LEFT]}

    def answered(revision: int) -> Answer:
        return settler.post(f"/api/recordings/{id}/actions", {"revision": revision, "why": "settle", "ops": [mark]})

    late = answered(shown["revision"])
    assert (late.status, "by one of the two" in late.json["error"]) == (409, True)
    assert "agreed" not in Journal.of(study).annotators()
    again = opened(settler, id)
    assert again["reviewed"] == {LEFT: [[0, 1.5], [2.5, 3]], RIGHT: [[0, 1], [2.5, 3]]}
    done = answered(again["revision"])
    assert done.status == 200
    truth = {one.name: one for one in load_data(load_study(study)).recordings}["r0"]
    assert [(one.label, one.start, one.end) for one in truth.gaps] == [(RIGHT, 1.0, 2.5)]
    act(client(study, "EF"), id, put(LEFT, 0, 2.9, "l"))  # whose word nobody asked for
    act(second, id, put(LEFT, 0, 2.9, "l"))
    assert answered(done.json["revision"]).status == 409
    assert settler.post(f"/api/recordings/{id}/undo", {"revision": done.json["revision"]}).status == 409
    assert settler.post(f"/api/recordings/{id}/undo", {"revision": opened(settler, id)["revision"]}).status == 200


def test_a_recording_of_one_annotator_cannot_be_settled(study: Path) -> None:
    settler = client(study, "agreed")
    answer = settler.post(f"/api/recordings/{ids(settler)['train']}/open", {})
    assert answer.status == 400
    assert "1 of the two" in answer.json["error"]


def test_who_comes_third_is_told_and_so_is_who_settles_or_trains(two: tuple[Path, str]) -> None:
    study, id = two
    assert [opened(client(study, who), id)["changed"] for who in ("AB", "CD")] == ["", ""]
    third = client(study, "EF")
    sentence = "Two others annotated this recording before: yours is exported, and neither trained on nor settled."
    assert opened(third, id)["changed"] == sentence
    assert opened(client(study, "agreed"), id)["changed"] == ""
    act(third, id, put(LEFT, 0, 1, "x"))
    assert opened(third, id)["changed"] == sentence
    assert opened(client(study, "agreed"), id)["changed"] == "Annotated by EF, too, which is not settled here."
    assert load_data(load_study(study)).remarks == (
        "r0: annotated by EF after two others, so neither trained on nor settled; --export writes it.",
    )


def test_exports_of_every_format_hold_what_was_reviewed_and_lie_in_a_folder_of_ours(study: Path) -> None:
    browser = client(study)
    id = ids(browser)["train"]
    act(browser, id, put(LEFT, 2.0, 2.5, "n"))
    formats = browser.get("/api/study").json["formats"]
    files = browser.post("/api/export", {"formats": formats}).json["files"]
    assert len(files) == len(formats)
    assert all(name.startswith("review/export/AB/r0") for name in files)
    own = read_annotations(study / "review/export/AB/r0.json")
    assert [(one.label, one.start, one.end) for one in own.intervals] == [
        (LEFT, 0.0, 1.5),
        (RIGHT, 1.0, 2.5),
        (LEFT, 2.0, 2.5),
    ]
    assert "Annotator: AB." in own.notes[0]
    assert "Bouts by a person: 3" in own.notes[1]
    assert browser.post("/api/export", {"formats": ["elam"]}).json["hint"] == "Did you mean 'elan'? (.eaf)"


def test_the_command_exports_everybodys_sheets_and_verifies_the_journal(two: tuple[Path, str]) -> None:
    study, _ = two
    printed = actscribe("review", study, "--export", "csv,elan")
    assert printed.split()[-4:] == [
        str(study / "review/export" / name) for name in ("AB/r0.csv", "AB/r0.eaf", "CD/r0.csv", "CD/r0.eaf")
    ]
    verified = " ".join(actscribe("review", study, "--verify").split())
    assert "as they were written" in verified
    assert f"noted it up to entry {len(Journal.of(study).entries())}" in verified
    with sqlite3.connect(study / "review/journal.sqlite") as database:
        database.execute("DROP TRIGGER no_change")
        database.execute("UPDATE entries SET body = replace(body, '2.5', '2.4') WHERE kind = 'did'")
    database.close()
    assert "is not as it was written" in " ".join(actscribe("review", study, "--verify", code=3).split())
