"""Settling where a file of the study is one of the two: what it says otherwise by now is asked again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from review_server import Client, client, ids, opened, put
from short_studies import actscribe
from small_studies import LEFT, RIGHT, interval_text, write_manifest

from actscribe import load_study
from actscribe.annotations import read as read_annotations
from actscribe.data.loading import load_data
from actscribe.journal import Journal

#: What the other one says of the two lamps: the left one for a second longer than the file.
OTHER = ((LEFT, 0, 2500), (RIGHT, 1000, 2500))
SETTLED = {"op": "mark", "start": 1.5, "end": 2.5, "labels": [LEFT]}


def act(browser: Client, id: str, *ops: object) -> int:
    body = {"revision": opened(browser, id)["revision"], "why": "w", "ops": list(ops)}
    answer = browser.post(f"/api/recordings/{id}/actions", body)
    assert answer.status == 200, answer.body
    return int(answer.json["revision"])


def person_and_file(study: Path) -> tuple[str, str]:
    """Let AB annotate from nothing; return what the other one is called, and the file."""
    browser = client(study, "AB", independent=True)
    bouts = [put(label, start / 1000, end / 1000, f"n{index}") for index, (label, start, end) in enumerate(OTHER)]
    act(browser, ids(browser)["train"], *bouts, {"op": "mark", "start": 0, "end": 3})
    return "AB", "annotations"


def two_files(study: Path) -> tuple[str, str]:
    interval_text(study / "again.txt", OTHER)
    rows = [
        {
            "video": f"r{index}.mp4",
            "annotations": f"r{index}.txt",
            "group": f"p{index}",
            "split": split,
            "annotations_2": "again.txt" if index == 0 else "",
        }
        for index, split in enumerate(("train", "validation", "test"))
    ]
    write_manifest(study, rows)
    return "annotations_2", "annotations"


@pytest.fixture(params=[person_and_file, two_files])
def settled(request: pytest.FixtureRequest, study: Path) -> tuple[Path, str, str]:
    """A study, who says otherwise than its file, and a recording in which it was settled for the file."""
    other, _ = request.param(study)
    settler = client(study, "agreed")
    id = ids(settler)["train"]
    recording = opened(settler, id)
    bout = next(one["id"] for one in recording["bouts"] if one["label"] == LEFT)
    act(settler, id, put(LEFT, 0, 1.5, bout), SETTLED)
    return study, other, id


def questions(settler: Client) -> list[tuple[Any, ...]]:
    (one,) = settler.get("/api/agreement").json["recordings"]
    return [(d["label"], d["start"], d["end"], d["who"], d["settled"], d["again"]) for d in one["disagreements"]]


def write(study: Path, left_end: int) -> None:
    interval_text(study / "r0.txt", [(LEFT, 0, left_end), (RIGHT, 1000, 2500)])


def gaps(study: Path) -> list[tuple[str, float, float]]:
    truth = {one.name: one for one in load_data(load_study(study)).recordings}["r0"]
    return [(one.label, one.start, one.end) for one in truth.gaps]


def test_what_a_file_says_otherwise_by_now_is_asked_again_exactly_there(settled: tuple[Path, str, str]) -> None:
    study, other, id = settled
    done = (LEFT, 1.5, 2.5, {"annotations": False, other: True}, True, "")
    assert questions(client(study, "agreed")) == [done]
    assert gaps(study) == []
    write(study, 2000)
    settler = client(study, "agreed")
    asked = (LEFT, 1.5, 2.0, {"annotations": True, other: True}, False, "asked again: changed by annotations")
    assert questions(settler) == [asked, (LEFT, 2.0, *done[2:])]
    assert gaps(study) == [(LEFT, 1.5, 2.0)]
    assert "r0: 1 span (0.5 s, counted for each label) not settled" in " ".join(actscribe("check", study).split())
    recording = opened(settler, id)
    assert recording["changed"].startswith("annotations changed what was settled")
    assert recording["reviewed"] == {LEFT: [[0, 1.5], [2.0, 3]], RIGHT: [[0, 3]]}
    (file,) = settler.post("/api/export", {"formats": ["json"], "recordings": [id]}).json["files"]
    assert [(one.label, one.start, one.end) for one in read_annotations(study / file).gaps] == [(LEFT, 1.5, 2.0)]
    write(study, 1500)  # what is changed back is not asked
    assert questions(client(study, "agreed")) == [done]


def test_an_answer_to_what_a_file_says_now_stands(settled: tuple[Path, str, str]) -> None:
    study, _, id = settled
    write(study, 2000)
    settler = client(study, "agreed")
    act(settler, id, {"op": "mark", "start": 1.5, "end": 2.0, "labels": [LEFT]})
    assert gaps(study) == []
    assert opened(client(study, "agreed"), id)["changed"] == ""
    write(study, 1500)  # which is what was answered
    assert gaps(study) == []
    write(study, 1200)
    assert gaps(study) == [(LEFT, 1.2, 1.5)]


def test_an_answer_to_a_file_that_another_server_read_otherwise_is_refused(settled: tuple[Path, str, str]) -> None:
    study, _, id = settled
    former = client(study, "agreed")
    revision = opened(former, id)["revision"]
    write(study, 2000)
    opened(client(study, "agreed"), id)
    answer = former.post(f"/api/recordings/{id}/actions", {"revision": revision, "why": "w", "ops": [SETTLED]})
    assert (answer.status, "changed since" in answer.json["error"]) == (409, True)


def test_what_files_say_is_written_down_once_and_makes_nobody_an_annotator(settled: tuple[Path, str, str]) -> None:
    study, other, id = settled
    for _ in range(2):
        opened(client(study, "agreed"), id)
    journal = Journal.of(study)
    read = [one.annotator for one in journal.entries() if one.kind == "read"]
    assert read == ["annotations", "annotations_2"][: 1 if other == "AB" else 2]
    assert set(journal.annotators()) == {"agreed"} | {other} & {"AB"}
    assert "are as they were written" in actscribe("review", study, "--verify")


def test_two_people_need_no_file(study: Path) -> None:
    person_and_file(study)
    browser = client(study, "CD", independent=True)
    id = ids(browser)["train"]
    act(browser, id, put(LEFT, 0, 1.5), {"op": "mark", "start": 0, "end": 3})
    settler = client(study, "agreed")
    act(settler, id, SETTLED)
    assert [one.kind for one in Journal.of(study).entries() if one.kind == "read"] == []
    write(study, 2000)
    assert opened(client(study, "agreed"), id)["changed"] == ""
