"""A label that is renamed while its study is reviewed: the page, exports and training go on with what was said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from review_server import Client, client, ids, opened, put, suggesting_run
from small_studies import LEFT, RIGHT

from actscribe import load_study
from actscribe.annotations import Interval
from actscribe.annotations import read as read_annotations
from actscribe.data.loading import load_data
from actscribe.data.recording import Recording

NEW = "Lamp on the left"


def relabel(folder: Path, *labels: object, **more: object) -> None:
    values = yaml.safe_load((folder / "study.yaml").read_text())
    values["labels"] |= {"labels": list(labels), **more}
    (folder / "study.yaml").write_text(yaml.safe_dump(values))


def rename(folder: Path) -> None:
    relabel(folder, {"name": NEW, "aliases": [LEFT]}, RIGHT)


def truth(folder: Path) -> Recording:
    return next(one for one in load_data(load_study(folder)).recordings if one.name == "r0")


def act(browser: Client, *ops: object) -> Any:
    id = ids(browser)["train"]
    body = {"revision": opened(browser, id)["revision"], "why": "edit", "ops": list(ops)}
    answer = browser.post(f"/api/recordings/{id}/actions", body)
    assert answer.status == 200, answer.body
    return answer.json


def again(browser: Client, verb: str) -> Any:
    id = ids(browser)["train"]
    return browser.post(f"/api/recordings/{id}/{verb}", {"revision": opened(browser, id)["revision"]}).json


@pytest.fixture
def renamed(study: Path) -> Client:
    """A recording with a bout from 2 s on, reviewed until 2.7 s, whose label is called otherwise since."""
    act(client(study, independent=True), put(LEFT, 2, 2.5), {"op": "mark", "start": 0, "end": 2.7})
    rename(study)
    return client(study)


def test_the_page_shows_what_was_said_under_the_old_name(renamed: Client) -> None:
    recording = opened(renamed, ids(renamed)["train"])
    assert [(one["label"], one["start"]) for one in recording["bouts"]] == [(NEW, 2.0)]
    assert recording["reviewed"] == {NEW: [[0.0, 2.7]], RIGHT: [[0.0, 2.7]]}
    row = renamed.get("/api/study").json["recordings"][0]
    assert row["reviewed_s"] == {NEW: 2.7, RIGHT: 2.7}


def test_a_bout_under_the_new_name_leaves_reviewed_what_was(renamed: Client, study: Path) -> None:
    act(renamed, put(NEW, 1, 1.5, "n2"))
    assert truth(study).intervals == (Interval(NEW, 1, 1.5), Interval(NEW, 2, 2.5))
    assert truth(study).gaps == (Interval("", 2.7, 3.0),)
    act(renamed, {"op": "mark", "start": 0, "end": 3})
    assert truth(study).gaps == ()
    assert renamed.get("/api/study").json["recordings"][0]["left_s"] == 0
    act(renamed, {"op": "mark", "start": 0, "end": 1, "labels": [NEW], "reviewed": False})
    assert truth(study).gaps == (Interval(NEW, 0, 1),)


def test_what_is_moved_undone_and_redone_keeps_the_new_name_on_the_page(renamed: Client, study: Path) -> None:
    act(renamed, put(NEW, 1.8, 2.5))
    assert truth(study).intervals == (Interval(NEW, 1.8, 2.5),)
    undone = again(renamed, "undo")
    assert [(op["bout"]["label"], op["bout"]["start"]) for op in undone["ops"]] == [(NEW, 2.0)]
    assert undone["reviewed"][NEW] == [[0.0, 2.7]]
    redone = again(renamed, "redo")
    assert [(op["bout"]["label"], op["bout"]["start"]) for op in redone["ops"]] == [(NEW, 1.8)]
    exported = renamed.post("/api/export", {"formats": ["json"]}).json["files"]
    assert [(one.label, one.start) for one in read_annotations(study / exported[0]).intervals] == [(NEW, 1.8)]


def test_two_labels_that_became_one_are_reviewed_where_both_were(study: Path) -> None:
    act(client(study, independent=True), {"op": "mark", "start": 0, "end": 1}, put(RIGHT, 0.5, 0.7))
    act(client(study), {"op": "mark", "start": 1, "end": 2, "labels": [LEFT]}, put(LEFT, 0.6, 0.9, "n2"))
    relabel(study, {"name": "Lamp", "aliases": [LEFT, RIGHT]})
    browser = client(study)
    assert opened(browser, ids(browser)["train"])["reviewed"] == {"Lamp": [[0.0, 1.0]]}
    act(browser, {"op": "mark", "start": 2, "end": 3})
    assert opened(browser, ids(browser)["train"])["reviewed"] == {"Lamp": [[0.0, 1.0], [2.0, 3.0]]}
    assert truth(study).intervals == (Interval("Lamp", 0.5, 0.9),)
    assert truth(study).gaps == (Interval("", 1, 2),)


def test_bouts_of_a_label_that_is_ignored_now_are_not_shown(study: Path) -> None:
    act(client(study, independent=True), put(LEFT, 2, 2.5), put(RIGHT, 1, 2, "n2"))
    relabel(study, RIGHT, ignored=[LEFT])
    browser = client(study)
    assert [one["label"] for one in opened(browser, ids(browser)["train"])["bouts"]] == [RIGHT]
    assert [one["bout"]["label"] for one in again(browser, "undo")["ops"] if one["op"] == "put"] == []
    assert [one["bout"]["label"] for one in again(browser, "redo")["ops"]] == [RIGHT]


def test_an_accepted_planted_suggestion_is_taken_back_after_its_label_was_renamed(study: Path) -> None:
    run = suggesting_run(study, 0.4)
    browser = client(study, run=run, plant=1.0, independent=True)
    (wrong,) = [one for one in opened(browser, ids(browser)["train"])["suggestions"] if one["start"] != 0]
    act(
        browser,
        {"op": "verdict", "suggestion": wrong, "accepted": True},
        put(wrong["label"], wrong["start"], wrong["end"], "wrong", origin=wrong),
        {"op": "mark", "start": 0, "end": 3},
    )
    rename(study)
    later = client(study)
    assert "1 accepted test suggestion taken back" in later.session.words[0]
    assert opened(later, ids(later)["train"])["bouts"] == []
    assert truth(study).gaps == (Interval(NEW, wrong["start"], wrong["end"]),)
