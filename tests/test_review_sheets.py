"""What is served of a study, and what is written: sheets, undoing, two windows, guards, suggestions."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from review_server import Client, client, ids, opened, put, session, suggesting_run
from short_studies import BOTH
from small_studies import LEFT, RIGHT, interval_text

from actscribe.journal import Journal


@pytest.fixture
def browser(study: Path) -> Client:
    return client(study)


def test_the_study_is_told_with_labels_keys_and_progress(browser: Client) -> None:
    told = browser.get("/api/study").json
    assert (told["name"], told["task"], told["annotator"], told["run"]) == ("lamps", "multi-label", "AB", None)
    assert [(label["name"], label["key"]) for label in told["labels"]] == [(LEFT, "1"), (RIGHT, "2")]
    assert [one["state"] for one in told["recordings"]] == ["new"] * 3
    assert told["left_s"] == pytest.approx(9.0)


def test_a_recording_begins_with_the_studys_annotations_and_what_was_annotated_counts_as_reviewed(
    browser: Client, study: Path
) -> None:
    found = opened(browser, ids(browser)["train"])
    assert [(one["label"], one["start"], one["end"]) for one in found["bouts"]] == [
        (label, start / 1000, end / 1000) for label, start, end in BOTH
    ]
    assert found["reviewed"] == {LEFT: [[0.0, 3.0]], RIGHT: [[0.0, 3.0]]}
    assert found["frame_s"] == pytest.approx(0.1)
    assert found["cameras"][0] == {
        "name": "r0.mp4",
        "url": f"/media/{found['id']}/0",
        "offset": 0.0,
        "plays": "as is",
        "progress": 1.0,
        "width": 64,
        "height": 48,
    }
    told = browser.get("/api/study").json
    assert [one["state"] for one in told["recordings"]] == ["done", "new", "new"]
    assert told["left_s"] == pytest.approx(6.0)


def test_whoever_asks_for_independence_begins_from_nothing(study: Path) -> None:
    browser = client(study, independent=True)
    found = opened(browser, ids(browser)["train"])
    assert found["bouts"] == []
    assert found["reviewed"] == {LEFT: [], RIGHT: []}


def test_a_second_annotator_begins_from_nothing_and_sees_nothing_of_the_first(study: Path) -> None:
    first = client(study, "AB")
    id = ids(first)["train"]
    before = opened(first, id)
    first.post(f"/api/recordings/{id}/actions", action(before, put(LEFT, 2.5, 2.9, "only-AB")))
    second = client(study, "CD")
    seen = opened(second, id)
    assert seen["bouts"] == []
    assert seen["lanes"] == []
    assert [one["others"] for one in second.get("/api/study").json["recordings"]] == [1, 0, 0]
    assert b"only-AB" not in second.post(f"/api/recordings/{id}/open", {}).body


def test_what_is_answered_is_on_disk_and_goes_on_in_another_server(browser: Client, study: Path) -> None:
    id = ids(browser)["train"]
    done = browser.post(f"/api/recordings/{id}/actions", action(opened(browser, id), put(LEFT, 2.0, 2.5))).json
    again = client(study)
    found = opened(again, id)
    assert found["revision"] == done["revision"]
    assert {one["id"]: (one["start"], one["end"]) for one in found["bouts"]}["n1"] == (2.0, 2.5)
    assert found["undo"] == "add"
    undone = again.post(f"/api/recordings/{id}/undo", {"revision": found["revision"]}).json
    assert undone["ops"] == [{"op": "drop", "id": "n1"}]
    redone = again.post(f"/api/recordings/{id}/redo", {"revision": undone["revision"]}).json
    assert [(one["op"], one["bout"]["id"], one["bout"]["end"]) for one in redone["ops"]] == [("put", "n1", 2.5)]


def test_a_window_that_is_behind_is_refused_and_changes_nothing(browser: Client, study: Path) -> None:
    id = ids(browser)["train"]
    before = opened(browser, id)
    other = client(study)
    assert other.post(f"/api/recordings/{id}/actions", action(before, put(LEFT, 2.0, 2.5, "a"))).status == 200
    late = browser.post(f"/api/recordings/{id}/actions", action(before, put(LEFT, 2.0, 2.5, "b")))
    assert late.status == 409
    assert late.json["hint"]
    assert {one["id"] for one in opened(browser, id)["bouts"]} == {"f1", "f2", "a"}


@pytest.mark.parametrize(
    "ops",
    [
        [put("Door", 0, 1)],
        [put(LEFT, 2, 1)],
        [put(LEFT, 0, 99)],
        [put(LEFT, 0, math.inf)],
        [put(LEFT, 0, 1, "../x")],
        [put(LEFT, 0, 1, subject="a\x07b")],
        [{"op": "drop", "id": "nobody"}],
        [{"op": "mark", "start": 0, "end": 1, "labels": ["Door"]}],
        [],
        [{"op": "other"}],
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_in_words_and_not_written(browser: Client, study: Path, ops: list[object]) -> None:
    id = ids(browser)["train"]
    before = opened(browser, id)
    head = Journal.of(study).version()
    answer = browser.post(f"/api/recordings/{id}/actions", {"revision": before["revision"], "why": "x", "ops": ops})
    assert answer.status == 400
    assert answer.json["error"].endswith(".")
    assert Journal.of(study).version() == head


def test_that_the_annotation_file_was_changed_since_is_said(browser: Client, study: Path) -> None:
    id = ids(browser)["train"]
    assert opened(browser, id)["changed"] == ""
    interval_text(study / "r0.txt", [(LEFT, 0, 1000)])
    assert "r0.txt was changed" in opened(browser, id)["changed"]


def test_the_times_of_frames_are_those_of_the_file(browser: Client) -> None:
    id = ids(browser)["train"]
    times = np.frombuffer(browser.get(f"/api/recordings/{id}/frames?camera=0").body, "<f8")
    np.testing.assert_allclose(times, np.arange(30) / 10, atol=1e-9)
    assert browser.get(f"/api/recordings/{id}/frames?camera=7").status == 404


def test_suggestions_and_curves_are_shown_but_for_the_test_split(study: Path) -> None:
    run = suggesting_run(study)
    browser = client(study, run=run)
    seen, blind = opened(browser, ids(browser)["train"]), opened(browser, ids(browser)["test"])
    assert [(one["label"], one["start"], one["end"], one["score"]) for one in seen["suggestions"]] == [
        (LEFT, 0.0, 2.0, 0.9)
    ]
    assert (seen["blind"], blind["blind"], blind["suggestions"]) == (False, True, None)
    curves = browser.get(f"/api/recordings/{ids(browser)['train']}/curves?from=0&to=3&points=3").json
    assert curves["times"] == pytest.approx([0.5, 1.5, 2.5])
    assert curves["labels"] == {LEFT: pytest.approx([0.9, 0.9, 0.4]), RIGHT: pytest.approx([0.2] * 3)}
    assert browser.get(f"/api/recordings/{ids(browser)['test']}/curves").status == 404


def test_insisting_on_predictions_of_a_test_recording_is_written_down_and_cannot_be_unseen(study: Path) -> None:
    run = suggesting_run(study)
    browser = client(study, run=run)
    id = ids(browser)["test"]
    assert opened(browser, id)["blind"]
    seen = opened(browser, id, insist=True)
    assert not seen["blind"]
    assert len(seen["suggestions"]) == 1
    looked = [one for one in Journal.of(study).entries() if one.kind == "looked"]
    assert ['"insisted":true' in one.body for one in looked] == [False, True]
    assert not opened(client(study, run=run), id)["blind"]
    assert opened(client(study, "CD", run=run), id)["blind"]


def action(before: dict[str, object], *ops: object) -> dict[str, object]:
    return {"revision": before["revision"], "why": "add", "ops": list(ops)}


def test_the_session_needs_no_run(study: Path) -> None:
    assert session(study).suggester is None
