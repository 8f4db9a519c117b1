"""What is served of a study, and what is written: sheets, undoing, two windows, guards, suggestions."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from review_server import Client, client, ids, opened, put, session, suggesting_run
from short_studies import BOTH
from small_studies import LEFT, RIGHT, film, interval_text, write_manifest, write_study

from actscribe import load_study
from actscribe.data.loading import load_data
from actscribe.data.manifest import read_manifest
from actscribe.errors import ActScribeError
from actscribe.journal import Journal
from actscribe.review.recordings import outside
from actscribe.review.start import read_study


@pytest.fixture
def browser(study: Path) -> Client:
    return client(study)


def test_the_study_is_told_with_labels_keys_and_progress(browser: Client) -> None:
    served = browser.get("/api/study").json
    assert (served["name"], served["task"], served["annotator"], served["run"]) == ("lamps", "multi-label", "AB", None)
    assert [(label["name"], label["keys"]) for label in served["labels"]] == [(LEFT, ["1"]), (RIGHT, ["2"])]
    assert [one["state"] for one in served["recordings"]] == ["file"] * 3
    assert [one["bouts"] for one in served["recordings"]] == [2] * 3
    assert served["recordings"][0]["reviewed_s"] == {LEFT: 3.0, RIGHT: 3.0}
    assert served["left_s"] == 0
    alone = client(browser.session.study.folder, independent=True).get("/api/study").json
    assert [(one["state"], one["bouts"]) for one in alone["recordings"]] == [("new", 0)] * 3
    assert alone["left_s"] == pytest.approx(9.0)


def test_a_recording_begins_with_the_studys_annotations_and_what_was_annotated_counts_as_reviewed(
    browser: Client, study: Path
) -> None:
    recording = opened(browser, ids(browser)["train"])
    assert [(one["label"], one["start"], one["end"]) for one in recording["bouts"]] == [
        (label, start / 1000, end / 1000) for label, start, end in BOTH
    ]
    assert recording["reviewed"] == {LEFT: [[0.0, 3.0]], RIGHT: [[0.0, 3.0]]}
    assert recording["frame_s"] == pytest.approx(0.1)
    assert recording["cameras"][0] == {
        "name": "r0.mp4",
        "url": f"/media/{recording['id']}/0",
        "offset": 0.0,
        "plays": "as is",
        "begins": 0.0,
        "ends": 3.0,
        "progress": 1.0,
        "left_out": "",
        "width": 64,
        "height": 48,
    }
    answer = browser.post(f"/api/recordings/{recording['id']}/actions", action(recording, put(LEFT, 2.0, 2.5)))
    assert answer.status == 200
    served = browser.get("/api/study").json
    assert [(one["state"], one["bouts"]) for one in served["recordings"]] == [("done", 3), ("file", 2), ("file", 2)]


def test_looking_begins_nothing_and_the_file_goes_on_to_count(browser: Client, study: Path) -> None:
    id = ids(browser)["train"]
    assert opened(browser, id)["revision"] == 0
    assert [one.kind for one in Journal.of(study).entries()] == ["looked"]
    refused = browser.post(f"/api/recordings/{id}/actions", action(opened(browser, id), {"op": "drop", "id": "none"}))
    assert refused.status == 400
    assert [one.kind for one in Journal.of(study).entries()] == ["looked"]
    interval_text(study / "r0.txt", [(LEFT, 0, 1000)])
    truth = {one.name: one for one in load_data(load_study(study)).recordings}["r0"]
    assert [(one.label, one.end) for one in truth.intervals or ()] == [(LEFT, 1.0)]
    first = opened(client(study), id)
    assert [(one["id"], one["end"]) for one in first["bouts"]] == [("f1", 1.0)]
    again = client(study)
    assert again.post(f"/api/recordings/{id}/actions", action(first, {"op": "drop", "id": "f1"})).status == 200
    assert [one.kind for one in Journal.of(study).entries()] == ["looked", "began", "did"]
    assert opened(again, id)["bouts"] == []
    assert again.post(f"/api/recordings/{id}/actions", action(first, put(LEFT, 1, 2))).status == 409


def test_a_file_that_changes_after_it_was_read_is_known_to_have_changed(browser: Client, study: Path) -> None:
    id = ids(browser)["train"]
    interval_text(study / "r0.txt", [(LEFT, 0, 500)])  # what the server began with ends at 1.5 s
    shown = opened(browser, id)
    assert [one["end"] for one in shown["bouts"]] == [1.5, 2.5]
    assert "was changed or removed since it was read" in shown["changed"]
    assert browser.post(f"/api/recordings/{id}/actions", action(shown, put(LEFT, 2, 2.5))).status == 200
    assert "r0: the annotation file was changed" in " ".join(load_data(load_study(study)).remarks)


def test_a_file_that_is_gone_since_it_was_read_keeps_nobody_out(browser: Client, study: Path) -> None:
    id = ids(browser)["train"]
    (study / "r0.txt").unlink()
    shown = opened(browser, id)
    assert "was changed or removed since it was read" in shown["changed"]
    assert browser.post(f"/api/recordings/{id}/actions", action(shown, put(LEFT, 2, 2.5))).status == 200


def test_whoever_asks_for_independence_begins_from_nothing(study: Path) -> None:
    browser = client(study, independent=True)
    recording = opened(browser, ids(browser)["train"])
    assert recording["bouts"] == []
    assert recording["reviewed"] == {LEFT: [], RIGHT: []}


def test_a_second_annotator_begins_from_nothing_and_sees_nothing_of_the_first(study: Path) -> None:
    first = client(study, "AB")
    id = ids(first)["train"]
    before = opened(first, id)
    first.post(f"/api/recordings/{id}/actions", action(before, put(LEFT, 2.5, 2.9, "only-AB")))
    second = client(study, "CD")
    recording = opened(second, id)
    assert recording["bouts"] == []
    assert recording["lanes"] == []
    assert [one["others"] for one in second.get("/api/study").json["recordings"]] == [1, 0, 0]
    assert b"only-AB" not in second.post(f"/api/recordings/{id}/open", {}).body


def test_of_two_who_opened_a_recording_before_either_began_one_begins_with_the_file(study: Path) -> None:
    first, second = client(study, "AB"), client(study, "CD")
    id = ids(first)["train"]
    both = [opened(one, id) for one in (first, second)]
    assert first.post(f"/api/recordings/{id}/actions", action(both[0], put(LEFT, 2, 2.5))).status == 200
    late = second.post(f"/api/recordings/{id}/actions", action(both[1], {"op": "drop", "id": "f1"}))
    assert (late.status, "somebody else began" in late.json["error"]) == (409, True)
    fresh = opened(second, id)
    assert (fresh["bouts"], fresh["reviewed"]) == ([], {LEFT: [], RIGHT: []})
    assert second.post(f"/api/recordings/{id}/actions", action(fresh, put(LEFT, 2, 2.5))).status == 200
    sheets = [Journal.of(study).sheet(first.session.item(id).content, name) for name in ("AB", "CD")]
    assert [one.began.source for one in sheets] == ["r0.txt", ""]


def test_what_is_answered_is_on_disk_and_goes_on_in_another_server(browser: Client, study: Path) -> None:
    id = ids(browser)["train"]
    done = browser.post(f"/api/recordings/{id}/actions", action(opened(browser, id), put(LEFT, 2.0, 2.5))).json
    again = client(study)
    recording = opened(again, id)
    assert recording["revision"] == done["revision"]
    assert {one["id"]: (one["start"], one["end"]) for one in recording["bouts"]}["n1"] == (2.0, 2.5)
    assert recording["undo"] == "add"
    undone = again.post(f"/api/recordings/{id}/undo", {"revision": recording["revision"]}).json
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
    recording, blind = opened(browser, ids(browser)["train"]), opened(browser, ids(browser)["test"])
    assert [(one["label"], one["start"], one["end"], one["score"]) for one in recording["suggestions"]] == [
        (LEFT, 0.0, 2.0, 0.9)
    ]
    assert (recording["blind"], blind["blind"], blind["suggestions"]) == (False, True, None)
    curves = browser.get(f"/api/recordings/{ids(browser)['train']}/curves?from=0&to=3&points=3").json
    assert curves["times"] == pytest.approx([0.5, 1.5, 2.5])
    assert curves["labels"] == {LEFT: pytest.approx([0.9, 0.9, 0.4]), RIGHT: pytest.approx([0.2] * 3)}
    assert browser.get(f"/api/recordings/{ids(browser)['test']}/curves").status == 404


def test_insisting_on_predictions_of_a_test_recording_is_written_down_and_cannot_be_unseen(study: Path) -> None:
    run = suggesting_run(study)
    browser = client(study, run=run)
    id = ids(browser)["test"]
    assert opened(browser, id)["blind"]
    recording = opened(browser, id, insist=True)
    assert not recording["blind"]
    assert len(recording["suggestions"]) == 1
    looked = [one for one in Journal.of(study).entries() if one.kind == "looked"]
    assert ['"insisted":true' in one.body for one in looked] == [False, True]
    assert not opened(client(study, run=run), id)["blind"]
    assert opened(client(study, "CD", run=run), id)["blind"]


def action(before: dict[str, object], *ops: object) -> dict[str, object]:
    return {"revision": before["revision"], "why": "add", "ops": list(ops)}


def test_the_session_needs_no_run(study: Path) -> None:
    assert session(study).suggester is None


def with_cameras(study: Path, offset: str, video: str = "side.mp4") -> None:
    film(study / "side.mp4", BOTH, 2.0, 9)
    rows = [
        {"video": f"r{index}.mp4", "annotations": f"r{index}.txt", "group": f"p{index}", "split": split}
        for index, split in enumerate(("train", "validation", "test"))
    ]
    rows[0] |= {"Camera 2": video, "camera_2_offset": offset, "site": "A"}
    write_manifest(study, [{**dict.fromkeys(rows[0], ""), **row} for row in rows])


def test_further_cameras_of_a_recording_are_shown_with_their_offsets_and_are_no_columns_of_the_study(
    study: Path,
) -> None:
    with_cameras(study, "-0,5")
    rows = read_manifest(study / "manifest.csv")
    assert [len(row.cameras) for row in rows] == [1, 0, 0]
    assert set(rows[0].extra) == {"site"}
    browser = client(study)
    id = ids(browser)["train"]
    cameras = opened(browser, id)["cameras"]
    assert [(one["name"], one["offset"], one["plays"]) for one in cameras] == [
        ("r0.mp4", 0.0, "as is"),
        ("camera 2", -0.5, "as is"),
    ]
    assert browser.get(f"/media/{id}/1").body == (study / "side.mp4").read_bytes()
    assert len(browser.get(f"/api/recordings/{id}/frames?camera=1").body) == 20 * 8


@pytest.mark.parametrize(
    ("offset", "video", "message"),
    [("soon", "side.mp4", "must be seconds"), ("1", "", "without 'camera_2'"), ("", "none.mp4", "no such video")],
)
def test_a_camera_that_cannot_be_is_refused_with_its_line(study: Path, offset: str, video: str, message: str) -> None:
    with_cameras(study, offset, video)
    with pytest.raises(ActScribeError, match=message) as refused:
        read_manifest(study / "manifest.csv")
    assert "manifest.csv:2" in str(refused.value)


def test_a_study_that_is_too_small_to_be_split_can_be_reviewed_and_none_of_it_is_blind(tmp_path: Path) -> None:
    film(tmp_path / "a.mp4", BOTH, 3.0)
    write_manifest(tmp_path, [{"video": "a.mp4"}])
    write_study(tmp_path)
    study, data, words = read_study(tmp_path)
    assert "Not split yet" in words[0]
    assert [one.split for one in data.recordings] == ["train"]
    assert study.name == "lamps"


def test_where_recordings_are_split_by_time_predictions_are_kept_from_the_test_part_alone(tmp_path: Path) -> None:
    split = {"within": "recordings", "train": 0.4, "validation": 0.3, "test": 0.3, "gap": 2.0}
    film(tmp_path / "a.mp4", [(LEFT, 0, 9000)], 18.0)
    interval_text(tmp_path / "a.txt", [(LEFT, 0, 9000)])
    write_manifest(tmp_path, [{"video": "a.mp4", "annotations": "a.txt"}])
    write_study(tmp_path, split=split)
    review = session(tmp_path)
    (item,) = review.items.values()
    (hidden,) = review.hidden(item)
    assert not review.is_blind(item)
    # 18 s less two gaps of 2 s are 14: training until 5.6, validation 7.6 to 11.8, test from 13.8 on.
    assert hidden == pytest.approx((13.8, 18.0), abs=1.0)
    assert not outside([hidden], 14.0, 15.0)
    assert outside([hidden], 0.0, 13.0)
