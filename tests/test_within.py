"""A split within recordings: parts in order of time, with a gap that no clip bridges, and what it says of itself."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from small_studies import WINDOWS, lamp_study, write_manifest, write_study
from tiny_models import tiny_timesformer
from typer.testing import CliRunner

from actscribe.annotations.interval import Interval
from actscribe.cli import app
from actscribe.data.clips import Window, cut, targets
from actscribe.data.loading import load_data
from actscribe.data.spans import subtract, union, whole
from actscribe.data.within import clips_of_part
from actscribe.errors import ActScribeError
from actscribe.runs.evaluate import evaluate
from actscribe.runs.preflight import comparison_notes
from actscribe.runs.train import train
from actscribe.settings.study import load_study
from actscribe.video.cache import FrameCache
from actscribe.video.sampling import sample_times

HALVES = {"train": 0.5, "validation": 0.25, "test": 0.25, "within": "recordings"}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lamp_study(tmp_path_factory.mktemp("one"), 1, 20.0, split=HALVES, empty_labels="allow")


def test_parts_follow_each_other_with_a_gap_and_share_no_second_of_a_clip_with_a_target(study: Path) -> None:
    data = load_data(load_study(study))
    assert [one.name for one in data.recordings] == ["r0-train", "r0-validation", "r0-test"]
    spans = {}
    for one in data.recordings:
        clips = cut(one, data.labels, Window(2.0, 1.0))
        known = ~np.isnan(targets(clips, "multi-label")).all(axis=1)
        kept = [clip for clip, is_known in zip(clips, known, strict=True) if is_known]
        spans[one.split] = (min(clip.start for clip in kept), max(clip.end for clip in kept))
    # 20 s less two gaps of 2 s leave 16: parts 0-8, 10-14 and 16-20; a clip may reach over a border by half its length.
    assert [[gap.start, gap.end] for gap in data.recordings[1].gaps] == [[0, 10], [14, 20]]
    assert spans == {"train": (0, 9), "validation": (9, 15), "test": (15, 20)}


@pytest.mark.parametrize(
    ("length", "stride", "frames"), [(2.0, 0.25, 4), (3.0, 0.5, 8), (2.0, 0.3, 5), (2.0, 2.0, 4), (3.0, 2.9, 8)]
)
def test_no_moment_that_one_split_learns_from_or_scores_is_seen_by_another(
    study: Path, length: float, stride: float, frames: int
) -> None:
    loaded = load_study(study)
    windows = loaded.windows.model_copy(update={"length": length, "stride": stride, "frames": frames})
    data = load_data(loaded.model_copy(update={"windows": windows}))
    moments: dict[str, set[float]] = {}
    for one in data.recordings:
        clips = cut(one, data.labels, Window(length, stride))
        known = ~np.isnan(targets(clips, "multi-label")).all(axis=1)
        scored = clips_of_part(clips, one)
        used = [clip for clip, is_known in zip(clips, known, strict=True) if is_known]
        moments[one.split] = {
            moment for clip in (*used, *scored) for moment in sample_times(clip.start, clip.end, frames).tolist()
        }
        inside = np.array([[clip.start, clip.end] for clip in scored])
        part = subtract(whole(one.duration), union(one.gaps))
        assert not len(subtract(part, union(Interval("", *span) for span in inside.tolist())))  # a score for all of it
    assert not moments["train"] & moments["validation"]
    assert not moments["validation"] & moments["test"]
    assert max(moments["train"]) < min(moments["validation"])
    assert max(moments["validation"]) < min(moments["test"])


def test_no_annotation_is_lost_inside_a_part_or_kept_outside(study: Path) -> None:
    loaded = load_study(study)
    whole = [line.split("\t") for line in (study.parent / "r0.txt").read_text().splitlines()]
    for one, (start, end) in zip(load_data(loaded).recordings, ((0, 8), (10, 14), (16, 20)), strict=True):
        expected = sum(
            max(0.0, min(int(stop) / 1000, end) - max(int(begin) / 1000, start)) for _, begin, stop, _ in whole
        )
        assert sum(interval.duration for interval in one.intervals or ()) == pytest.approx(expected)


def test_check_says_what_such_a_split_cannot_tell(study: Path) -> None:
    output = " ".join(CliRunner().invoke(app, ["check", str(study)]).output.split())
    assert "nothing about other people" in output
    assert "every file content, group and source span lies in one split only" not in output


@pytest.mark.parametrize(
    ("split", "windows", "message"),
    [
        ({"gap": 1.0}, {}, "gap: 1 s is shorter than a clip of 2 s"),
        ({"gap": 9.0}, {}, r"too short .*needed: 26.0 s.*r0 20.0 s"),
        ({}, {"length": None}, "a trimmed video is a single clip"),
    ],
)
def test_what_cannot_be_split_is_refused(study: Path, split: dict, windows: dict, message: str) -> None:
    loaded = load_study(study)
    changed = loaded.model_copy(
        update={
            "split": loaded.split.model_copy(update=split),
            "windows": loaded.windows.model_copy(update={**WINDOWS, **windows}),
        }
    )
    with pytest.raises(ActScribeError, match=message):
        load_data(changed)


def test_only_clips_of_the_part_are_scored_and_only_measured_ones_counted(tmp_path: Path) -> None:
    settings = {"timesformer": {"model": "tiny", "epochs": 1, "precision": "float32"}}
    windows = {**WINDOWS, "stride": 2.0}
    study = lamp_study(tmp_path, 1, 23.0, split=HALVES, empty_labels="allow", windows=windows, recognizers=settings)
    tiny_timesformer(tmp_path / "tiny")
    run = train(load_study(study), "timesformer", cache=FrameCache(tmp_path / "cache", 2**30))
    done = evaluate(run)
    # 23 s less two gaps of 2 s leave 19: parts 0-9.5, 11.5-16.25 and 18.25-23. Only a clip that lies for the most part
    # in the gap would see 11.5-12, and only another one 16-16.25: there the second part is shorter.
    starts = {split: [clip.start for clip in run.scores(split).clips] for split in ("validation", "test")}
    assert starts == {"validation": [12, 14], "test": [18, 20, 21]}
    assert done.evaluation.measured() == 3
    assert "timesformer on test: 3 clips" in done.summary()
    validation = evaluate(run, "validation").evaluation
    assert (validation.measured(), len(validation.clips)) == (2, 2)
    assert [(gap.start, gap.end) for gap in validation.recordings[0].gaps] == [(0, 12), (16, 23)]
    assert validation.values()["clips"] == 2
    assert "2 clips of 1 recording" in " ".join((run.folder / "report-validation.html").read_text().split())


def one_subject(folder: Path, videos: int, shortest: float, **changes: object) -> Path:
    """Write a study of videos of one subject, each a second longer than the one before."""
    file = lamp_study(folder, videos, shortest, empty_labels="allow", **changes)
    rows = [{"video": f"r{i}.mp4", "annotations": f"r{i}.txt", "group": "one", "split": ""} for i in range(videos)]
    write_manifest(folder, rows)
    return file


def splits_suggested(hint: str) -> list[dict[str, object]]:
    return [yaml.safe_load(line)["split"] for line in re.findall(r"split: {[^}]*}", hint)]


def refusal_of(study: Path) -> ActScribeError:
    with pytest.raises(ActScribeError) as refused:
        load_data(load_study(study))
    return refused.value


NO_TEST = {"train": 0.8, "validation": 0.2, "test": 0}


@pytest.mark.parametrize(
    ("split", "shortest", "ways"),
    [
        (NO_TEST, 5.0, 1),
        (NO_TEST, 12.0, 2),
        (NO_TEST | {"within": "recordings", "gap": 2}, 5.0, 1),
        (NO_TEST | {"within": "recordings"}, 11.0, 2),
        ({"train": 0.6, "validation": 0.2, "test": 0.2}, 5.0, 1),
    ],
)
def test_every_split_that_an_error_suggests_is_another_one_and_is_accepted(
    tmp_path: Path, split: dict[str, object], shortest: float, ways: int
) -> None:
    error = refusal_of(one_subject(tmp_path, 5, shortest, split=split))
    suggested = splits_suggested(error.hint)
    assert len(suggested) == ways
    for one in suggested:
        assert one != split
        load_data(load_study(write_study(tmp_path, empty_labels="allow", split=one)))


def test_all_recordings_that_are_too_short_are_named(tmp_path: Path) -> None:
    error = refusal_of(one_subject(tmp_path, 5, 11.0, split=NO_TEST | {"within": "recordings"}))
    assert error.message.endswith("(needed: 12.0 s): r0 11.0 s.")
    assert "for which all are long enough" in error.hint
    error = refusal_of(one_subject(tmp_path / "short", 5, 5.0, split=NO_TEST | {"within": "recordings"}))
    assert error.message.endswith("r0 5.0 s, r1 6.0 s, r2 7.0 s, r3 8.0 s, r4 9.0 s.")
    assert "leave these out" not in error.hint.lower()


def test_a_comparison_suggests_no_split_by_time_of_recordings_that_are_too_short_for_one(tmp_path: Path) -> None:
    file = one_subject(tmp_path, 5, 5.0, split={"train": 1, "validation": 0, "test": 0})
    lacking, note = comparison_notes(load_study(file), load_data(load_study(file)))
    assert "in the validation split" in lacking
    assert "within" not in note
    assert "Add recordings of other groups." in note


def test_an_unknown_label_names_file_time_and_the_label_that_may_be_meant(tmp_path: Path) -> None:
    study = lamp_study(tmp_path, 1)
    with (tmp_path / "r0.txt").open("a") as file:
        file.write("Left lmap\t2000\t2200\t200\nZebra\t500\t600\t100\nZebra\t300\t400\t100\n")
    with pytest.raises(ActScribeError) as refused:
        load_data(load_study(study))
    message = str(refused.value)
    assert f"'Left lmap' (1x), first in {tmp_path / 'r0.txt'}, 2.000 s of r0.mp4: did you mean 'Left lamp'?" in message
    assert f"'Zebra' (2x), first in {tmp_path / 'r0.txt'}, 0.300 s of r0.mp4\n" in message
    assert "tiers: ['!" in message


def test_a_gap_that_is_the_cause_is_named(tmp_path: Path) -> None:
    study = lamp_study(tmp_path / "one", 1, 20.0, split=HALVES | {"gap": 9}, empty_labels="allow")
    with pytest.raises(ActScribeError, match="write a shorter 'gap' than 9 s"):
        load_data(load_study(study))
