"""Label Studio's tasks by hand: frames from 1, both ends in the range, several annotators, predictions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from actscribe.annotations import Annotations, FrameClock, Interval, detect, read, read_all, write
from actscribe.errors import ActScribeError


def region(label: str, start: int, end: int, identifier: str = "r", **more: Any) -> dict[str, Any]:
    value = {"ranges": [{"start": start, "end": end}], "timelinelabels": [label]}
    common = {"from_name": "acts", "to_name": "video", "type": "timelinelabels", "origin": "manual"}
    return {"id": identifier, **common, "value": value, **more}


def task(*annotations: dict[str, Any], data: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"id": 7, "data": data or {"video": "/data/upload/3/0a1b2c3d-a.mp4"}, "annotations": [*annotations], **more}


def file(folder: Path, *tasks: dict[str, Any]) -> Path:
    path = folder / "project-1.json"
    path.write_text(json.dumps(tasks), encoding="utf-8")
    return path


def test_frames_count_from_one_and_both_ends_belong_to_a_range(tmp_path: Path) -> None:
    """By the documentation's example: frames 3, 4 and 5 at 25 frames a second; a single frame has one number twice."""
    path = file(tmp_path, task({"id": 1, "result": [region("Moving", 3, 5), region("Cry", 1, 1)]}))
    assert detect(path) == "label-studio"
    assert read(path, clock=FrameClock(25)) == Annotations(
        (Interval("Cry", 0.0, 0.04), Interval("Moving", 0.08, 0.2)), (), ("a.mp4",)
    )


def test_the_rate_of_the_task_is_what_was_counted_at(tmp_path: Path) -> None:
    data = {"video": "a.mp4", "fps": "10", "duration": 12, "labels": [{"value": "Moving"}, "Sitting"]}
    path = file(tmp_path, task({"result": [region("Moving", 11, 20)]}, data=data))
    uneven = FrameClock.of_frames([0.0, 0.1, 0.9], 1.0)
    for clock in (None, FrameClock(25), uneven):
        annotations = read(path, clock=clock)
        assert annotations == Annotations((Interval("Moving", 1.0, 2.0),), (), ("a.mp4",), 12.0)
        assert annotations.labels == ("Moving", "Sitting")


@pytest.mark.parametrize(
    ("clock", "problem"),
    [(None, "which is not known"), (FrameClock.of_frames([0.0, 0.1, 0.9, 0.91], 1.0), "of this video is not constant")],
)
def test_without_a_constant_rate_frames_are_no_times(tmp_path: Path, clock: FrameClock | None, problem: str) -> None:
    path = file(tmp_path, task({"result": [region("Moving", 3, 5)]}))
    with pytest.raises(ActScribeError, match=problem) as caught:
        read(path, clock=clock)
    assert "24 where it is not set" in caught.value.hint


def test_every_submitted_annotation_is_read_apart(tmp_path: Path) -> None:
    path = file(
        tmp_path,
        task(
            {"id": 11, "completed_by": 5, "result": [region("Moving", 1, 25)]},
            {"id": 12, "completed_by": {"id": 6, "email": "b@x.org"}, "result": [region("Moving", 26, 50)]},
            {"id": 13, "completed_by": 5, "was_cancelled": True, "result": [region("Wrong", 1, 2)]},
            predictions=[{"model_version": "m", "result": [region("Predicted", 1, 2, score=0.5)]}],
        ),
        {"id": 8, "data": {"video": "s3://bucket/b%20c.mp4?sig=1"}, "annotations": []},
    )
    annotations = read_all(path, clock=FrameClock(25))
    assert {name: [(i.label, i.start, i.end) for i in one.intervals] for name, one in annotations.items()} == {
        "a.mp4: 11 by 5": [("Moving", 0.0, 1.0)],
        "a.mp4: 12 by b@x.org": [("Moving", 1.0, 2.0)],
    }
    with pytest.raises(ActScribeError, match=r"a\.mp4: 12 by b@x\.org"):
        read(path, "a.mp4", clock=FrameClock(25))


def test_predictions_count_where_nobody_annotated(tmp_path: Path) -> None:
    path = file(
        tmp_path,
        task(
            data={"url": "/data/local-files/?d=clips/%C3%BC%201.mp4"},
            predictions=[{"result": [region("Moving", 1, 25, score=0.75)]}],
        ),
    )
    assert read(path, clock=FrameClock(25)) == Annotations(
        (Interval("Moving", 0.0, 1.0, "", 0.75),), (), ("clips/ü 1.mp4",)
    )


def test_seconds_of_sound_need_no_rate_and_a_text_for_a_region_is_its_subject(tmp_path: Path) -> None:
    sound = {
        "id": "s",
        "type": "labels",
        "from_name": "label",
        "value": {"start": 3.1, "end": 8.2, "labels": ["Voice"]},
    }
    who = {"id": "s", "type": "textarea", "from_name": "Subject", "value": {"start": 3.1, "end": 8.2, "text": ["P 1"]}}
    mood = {"id": "s", "type": "choices", "from_name": "mood", "value": {"choices": ["good"]}}
    path = file(tmp_path, task({"result": [sound, who, mood]}, data={"audio": "https://x.org/f/a.wav"}))
    assert read(path) == Annotations((Interval("Voice", 3.1, 8.2, "P 1"),), (), ("f/a.wav",))


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        (region("Moving", 0, 5), "task 7, region 1 > value > ranges > 0 > start: .* at least 1"),
        (region("Moving", 9, 5), "region 'r': 'Moving' from 0.32 s to 0.2 s"),
        ({**region("", 1, 2), "value": {"ranges": [{"start": 1, "end": 2}]}}, "region 'r': has no label"),
        ({"type": "rectanglelabels", "value": {}}, "holds no span of time, only rectanglelabels"),
        (
            {"id": "n", "type": "labels", "value": {"start": 3, "end": 8, "text": "a word", "labels": ["Noun"]}},
            "says neither frames nor seconds",
        ),
    ],
)
def test_what_is_no_span_of_a_video_is_named(tmp_path: Path, result: dict[str, Any], problem: str) -> None:
    with pytest.raises(ActScribeError, match=problem):
        read(file(tmp_path, task({"result": [result]})), clock=FrameClock(25))


def test_the_short_export_is_named(tmp_path: Path) -> None:
    path = tmp_path / "min.json"
    path.write_text('[{"video": "a.mp4", "acts": [], "annotator": 1}]', encoding="utf-8")
    with pytest.raises(ActScribeError, match="JSON-MIN") as caught:
        read(path)
    assert "choose 'JSON'" in caught.value.hint


def test_what_is_written_is_one_task_with_the_whole_label_set(tmp_path: Path) -> None:
    path = tmp_path / "a.label-studio.json"
    intervals = [Interval("Moving", 0.08, 0.2, "P"), Interval("Moving", 0.2, 0.21, "P")]
    write(path, Annotations.of(intervals, ["/v/ü 1.mp4"], 8.0, ["Sitting", "Moving"]), "label-studio", FrameClock(25))
    (written,) = json.loads(path.read_text(encoding="utf-8"))
    assert written["data"]["video"] == "/data/local-files/?d=v/%C3%BC%201.mp4"
    assert (written["data"]["fps"], written["data"]["duration"]) == (25, 8.0)
    assert [label["value"] for label in written["data"]["labels"]] == ["Sitting", "Moving"]
    assert written["predictions"] == []
    regions = written["annotations"][0]["result"]
    assert [one["value"].get("timelinelabels", one["value"].get("text")) for one in regions] == [
        ["Moving"],
        ["P"],
        ["Moving"],
        ["P"],
    ]
    assert [one["value"]["ranges"][0] for one in regions[::2]] == [{"start": 3, "end": 5}, {"start": 6, "end": 6}]


def test_predicted_intervals_are_written_as_a_prediction_to_correct(tmp_path: Path) -> None:
    path = tmp_path / "a.label-studio.json"
    write(path, Annotations((Interval("Moving", 0, 1, "", 0.5),)), "label-studio", FrameClock(25))
    (written,) = json.loads(path.read_text(encoding="utf-8"))
    assert written["annotations"] == []
    assert (written["predictions"][0]["score"], written["predictions"][0]["result"][0]["score"]) == (0.5, 0.5)
