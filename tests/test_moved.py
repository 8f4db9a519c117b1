"""A study, its runs and its comparison go on working after they were moved, renamed or copied elsewhere."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny_vlms
import yaml
from small_studies import lamp_study, write_study
from typer.testing import CliRunner

from actscribe import Run, load_study, train
from actscribe.cli import app
from actscribe.compare.compare import repeat
from actscribe.data.recording import Recording
from actscribe.errors import ActScribeError
from actscribe.files import content_hash
from actscribe.run_folder.listed import Listed
from actscribe.runs.evaluate import evaluate
from actscribe.stored_path import StoredPath

QUICK = {"epochs": 1, "learning_rate": 0.05, "precision": "float32"}
FEW = {"windows": {"length": 2.0, "stride": 2.0, "frames": 2, "threshold": 0.5}, "empty_labels": "allow"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study whose model is named by a path relative to it, with a complete run that was not evaluated."""
    root = tmp_path_factory.mktemp("moved")
    lamp_study(root / "study", 6, 4.0, recognizers={"vlm-head": {"model": "models/tiny", **QUICK}}, **FEW)
    tiny_vlms.build("smolvlm", root / "study" / "models" / "tiny")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACTSCRIBE_CACHE", str(root / "cache"))
        train(load_study(root / "study"), "vlm-head")
    return root / "study"


@pytest.fixture
def moved(made: Path, tmp_path: Path) -> Iterator[Path]:
    """The study as another machine has it: at another path, while nothing is at the old one."""
    aside = made.with_name("aside")
    there = shutil.copytree(made, tmp_path / "new place" / "study")
    made.rename(aside)
    yield there
    aside.rename(made)


def actscribe(*words: object, code: int = 0) -> str:
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == code, (done.output, done.exception)
    return done.output


def one_line(text: str) -> str:
    return " ".join(text.split())


def test_a_study_that_was_moved_as_a_whole_evaluates(moved: Path) -> None:
    run = Run.open(moved / "runs" / "vlm-head")
    assert all(recording.video.is_relative_to(moved) for recording in run.recordings())
    actscribe("evaluate", run.folder)
    assert (run.folder / "report-test.html").is_file()
    assert Run.open(run.folder).info.reads == {"test": 1}


def test_videos_that_were_renamed_in_their_folder_are_found_by_content(moved: Path) -> None:
    run = Run.open(moved / "runs" / "vlm-head")
    for index, recording in enumerate(run.recordings("test")):
        recording.video.rename(moved / f"renamed{index}.mp4")
    actscribe("evaluate", run.folder)


def test_videos_elsewhere_are_asked_for_by_name_and_found_where_the_user_says(moved: Path, tmp_path: Path) -> None:
    run = Run.open(moved / "runs" / "vlm-head")
    wanted = run.recordings("test")
    (tmp_path / "disk" / "deep").mkdir(parents=True)
    for index, recording in enumerate(wanted):
        recording.video.rename(tmp_path / "disk" / "deep" / f"other name {index}.avi")
    output = one_line(actscribe("evaluate", run.folder, code=2))
    for recording, listed in zip(wanted, run.listed("test"), strict=True):
        assert f"'{recording.name}' (content {recording.content}) was {listed.video.was}" in output
    assert f"actscribe evaluate '{run.folder}' --videos DIR" in output
    assert Run.open(run.folder).info.reads == {}
    assert "no such folder" in actscribe("evaluate", run.folder, "--videos", tmp_path / "gone", code=2)
    actscribe("evaluate", run.folder, "--videos", tmp_path / "disk", "--frames")
    assert "data:image/jpeg" in (run.folder / "report-test.html").read_text()


def test_a_video_of_the_right_name_with_another_content_is_not_taken(moved: Path) -> None:
    run = Run.open(moved / "runs" / "vlm-head")
    first = run.recordings("test")[0].video
    other = next(r.video for r in run.recordings("train"))
    first.write_bytes(other.read_bytes())
    output = one_line(actscribe("evaluate", run.folder, code=2))
    assert f"{first} of '{first.stem}' is not the file the run was made with" in output


def test_a_moved_study_goes_on_training_and_a_run_of_it_is_reused(moved: Path) -> None:
    from actscribe.data.loading import load_data
    from actscribe.runs.reuse import changes

    run = Run.open(moved / "runs" / "vlm-head")
    study = load_study(moved)
    assert changes(run, study, load_data(study)) == []
    run.info.status = "training"  # as if it had been stopped
    run.save_info()
    actscribe("train", moved, "--recognizer", "vlm-head", "--resume")
    done = Run.open(run.folder)
    assert done.info.status == "complete"
    assert done.info.settings["model"] == str(moved / "models" / "tiny")
    other = shutil.copytree(moved / "models" / "tiny", moved / "models" / "other")
    write_study(moved, recognizers={"vlm-head": {"model": str(other), **QUICK}}, **FEW)
    changed = load_study(moved)
    assert changes(done, changed, load_data(changed)) == ["settings (model)"]


def test_a_comparison_that_was_moved_is_reported_gone_on_with_and_repeated(
    moved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    actscribe("compare", moved)
    provenance = json.loads((moved / "comparison" / "provenance.json").read_text())
    assert provenance["study"]["recognizers"]["vlm-head"]["model"] == "models/tiny"
    again = moved.rename(tmp_path / "third")
    actscribe("report", again / "comparison")
    assert "already" in one_line(actscribe("compare", again, "--resume"))
    again = again.rename(tmp_path / "fourth")
    begun: list[tuple[object, ...]] = []
    monkeypatch.setattr("actscribe.compare.compare._run", lambda *given, **_: begun.append(given) or _stop())
    with pytest.raises(StopIteration):
        repeat(again / "comparison")
    assert begun[-1][1].folder == again
    alone = shutil.move(again / "comparison", tmp_path / "alone")
    output = one_line(actscribe("compare", "--from", alone, "--out", tmp_path / "x", code=2))
    assert "the study 'lamps' is not in" in output
    assert "actscribe compare STUDY --from" in output
    assert not (tmp_path / "x").exists()
    with pytest.raises(StopIteration):
        repeat(alone, tmp_path / "x", home=again / "study.yaml")
    assert begun[-1][1].recognizers["vlm-head"]["model"] == str(again / "models" / "tiny")


def _stop() -> None:
    raise StopIteration


def test_a_place_is_found_from_where_it_is_noted_else_where_it_was(tmp_path: Path) -> None:
    (tmp_path / "a" / "deep").mkdir(parents=True)
    (tmp_path / "a" / "v.mp4").write_text("x")
    location = StoredPath.of(tmp_path / "a" / "v.mp4", tmp_path / "a" / "deep")
    assert location == StoredPath(beside="../v.mp4", was=str(tmp_path / "a" / "v.mp4"))
    (tmp_path / "a").rename(tmp_path / "b")
    assert location.find(tmp_path / "b" / "deep") == tmp_path / "b" / "v.mp4"
    (tmp_path / "b" / "deep").rename(tmp_path / "alone")
    (tmp_path / "b").rename(tmp_path / "a")
    assert location.find(tmp_path / "alone") == tmp_path / "a" / "v.mp4"


def test_a_place_seen_through_a_link_is_the_one_the_system_sees(tmp_path: Path) -> None:
    (tmp_path / "disk" / "runs" / "one").mkdir(parents=True)
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "v.mp4").write_text("x")
    (tmp_path / "study" / "runs").symlink_to(tmp_path / "disk" / "runs")
    run = tmp_path / "study" / "runs" / "one"
    location = StoredPath.of(tmp_path / "study" / "v.mp4", run)
    assert location.find(run).samefile(tmp_path / "study" / "v.mp4")
    assert StoredPath(beside=location.beside, was="/gone").find(run).samefile(tmp_path / "study" / "v.mp4")


def test_a_recording_of_a_run_from_elsewhere_cannot_name_a_file_outside_of_it(tmp_path: Path) -> None:
    video = tmp_path / "v.mp4"
    video.write_text("x")
    for name in ("/cam1/rec", "../up", "a/b", "C:x", ".", ""):
        with pytest.raises(ValueError, match="is not a name of a recording"):
            Listed.of(Recording(name, video, 1.0, content_hash(video), "g"), tmp_path)


def test_a_scoring_that_is_stopped_counts_as_a_look_at_the_test_split(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = shutil.copytree(made, tmp_path / "study")
    run = study / "runs" / "vlm-head"

    def stopped(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("actscribe.runs.evaluate.score_recordings", stopped)
        actscribe("evaluate", run, code=130)
    assert Run.open(run).info.reads == {"test": 1}
    actscribe("evaluate", run)
    assert Run.open(run).info.reads == {"test": 2}
    actscribe("evaluate", run)
    assert Run.open(run).info.reads == {"test": 2}
    page = (run / "report-test.html").read_text()
    assert "scored 2 times" in page
    assert page.count("counting what was stopped before its end") == 2


def test_a_file_of_recordings_that_is_damaged_is_a_sentence(made: Path, tmp_path: Path) -> None:
    run = Run.open(made / "runs" / "vlm-head")
    copy = Run(tmp_path, run.info)
    (tmp_path / "recordings.json").write_text('[{"name": "a"}]')
    with pytest.raises(ActScribeError, match=r"recordings\.json: cannot be read"):
        copy.listed()
    with pytest.raises(ActScribeError, match=r"recordings\.json: cannot be read"):
        evaluate(Run(tmp_path / "gone", run.info))


def test_the_study_of_a_run_says_nothing_of_this_machine_but_where_things_were(made: Path) -> None:
    study = yaml.safe_load((made / "runs" / "vlm-head" / "study.yaml").read_text())
    assert study["recordings"] == "manifest.csv"
