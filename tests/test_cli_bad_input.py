"""Bad studies and data: exit code 2, one message with what, where and what to do, and nothing half-written."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import pytest
from short_studies import BOTH, actscribe, refused, replaced, state, text_as_video
from small_studies import LEFT, RIGHT, Bouts, interval_text, write_study
from typer.testing import CliRunner

from actscribe.cli import app
from actscribe.data.loading import load_data
from actscribe.settings.study import load_study

study_text, manifest_text = (partial(replaced, name) for name in ("study.yaml", "manifest.csv"))


def test_the_study_itself_is_good(study: Path) -> None:
    assert CliRunner().invoke(app, ["check", str(study)]).exit_code == 0


def missing_video(study: Path) -> None:
    (study / "r1.mp4").unlink()


def other_video(study: Path) -> None:
    interval_text(study / "r1.txt", [*BOTH, (LEFT, 3000, 4200)])


def overlapping(study: Path) -> None:
    interval_text(study / "r1.txt", [*BOTH, (LEFT, 1200, 2000)])


def negative(study: Path) -> None:
    interval_text(study / "r1.txt", [(LEFT, -500, 1500)])


def reversed_interval(study: Path) -> None:
    interval_text(study / "r1.txt", [(RIGHT, 1500, 500)])


def unknown_labels(study: Path) -> None:
    interval_text(study / "r1.txt", [*BOTH, ("Left lmap", 2000, 2200), ("Door", 0, 1), ("Door", 5, 9)])
    interval_text(study / "r2.txt", [("Door", 0, 1)])


def leaking_file(study: Path) -> None:
    shutil.copy(study / "r0.mp4", study / "r2.mp4")


def leaking_group(study: Path) -> None:
    manifest_text("p2", "p0")(study)


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (missing_video, ["manifest.csv:3", "no such video", "r1.mp4", "relative to the manifest"]),
        (text_as_video, ["r1.mp4", "expected a video file"]),
        (other_video, ["r1.txt", "lasts 3.00 s", "from 3.00 s to 4.20 s", "another video"]),
        (overlapping, ["r1.txt", "overlap", LEFT, "0.000 s to 1.500 s and 1.200 s to 2.000 s", "Merge or correct"]),
        (negative, ["r1.txt", "line 1", LEFT, "-0.5"]),
        (reversed_interval, ["r1.txt", "line 1", RIGHT]),
        (
            unknown_labels,
            ["'Door' (3x in 2 files)", "did you mean 'Left lamp'?", "'Left lmap' (1x)", "alias", "ignored"],
        ),
        (leaking_file, ["Leakage", "r0 (train)", "r2 (test)", "same file content"]),
        (leaking_group, ["Leakage", "r0 (train)", "r2 (test)", "same group"]),
        (study_text("stride: 1.0", "strid: 1.0"), ["study.yaml:10", "'strid'", "Did you mean 'stride'?"]),
        (study_text("stride: 1.0", "stride: fast"), ["study.yaml:10", "stride", "'fast'"]),
        (study_text("stride: 1.0", "stride: [1"), ["study.yaml:", "not valid YAML"]),
        (study_text("name: lamps\nrec", "name: a\x07b\nrec"), ["study.yaml:1", "control character"]),
        (
            study_text("seed: 1", "recognizers: {timesfromer: {}}"),
            ["study.yaml:13", "Did you mean 'timesformer'?"],
        ),
        (
            study_text("seed: 1", "recognizers: {timesformer: {epoch: 3}}"),
            ["study.yaml:13", "Did you mean 'epochs'?"],
        ),
        (
            study_text("recordings: manifest", "recordings: manifst"),
            ["manifst.csv", "no such manifest or folder", "recordings:"],
        ),
        (manifest_text("validation", "valdation"), ["manifest.csv:3", "Did you mean 'validation'?"]),
        (manifest_text("p1,validation", "p1,"), ["2 recordings name a split and 1 does not", "r1"]),
        (manifest_text("r1.mp4", "r0.mp4"), ["manifest.csv:3", "in line 2 already"]),
        (manifest_text("p1", "p1,p1"), ["manifest.csv:3", "more cells than columns"]),
    ],
)
def test_bad_data_is_refused_by_check_and_train_before_anything_is_written(
    study: Path, spoil, expected: list[str]
) -> None:
    spoil(study)
    before = set(state(study))
    for command in (["check", study], ["train", study]):
        message = refused(*command)
        for part in expected:
            assert part in message
    assert set(state(study)) == before


def test_every_problem_is_listed_at_once(study: Path) -> None:
    text_as_video(study)
    interval_text(study / "r0.txt", [(LEFT, 0, 9000)])
    interval_text(study / "r2.txt", [("Door", 0, 9)])
    message = refused("check", study)
    assert all(part in message for part in ("r1.mp4", "r0.txt", "'Door' (1x)"))


def test_every_problem_of_a_manifest_is_listed_at_once(study: Path) -> None:
    (study / "r0.mp4").unlink()
    manifest_text("p1,validation", "p1,trian")(study)
    manifest_text("r2.mp4,r2.txt,p2,test", "r3.mp4,r3.txt,p2,tset")(study)
    message = refused("check", study)
    lines = [message.index(part) for part in ("csv:2: no such video", "csv:3: unknown split 'trian'", "csv:4: unknown")]
    assert lines == sorted(lines)
    assert all(part in message for part in ("csv:4: no such video", "csv:4: no such annotation file"))
    assert message.count("Paths in a manifest are relative to the manifest.") == 1


def test_a_manifest_in_the_place_of_a_study_names_the_study(study: Path) -> None:
    message = refused("check", study / "manifest.csv")
    assert "a table, such as a manifest; expected a study file" in message
    assert f"Name the study in its place: {study / 'study.yaml'}" in message


def test_a_study_that_is_not_there_can_be_made_and_one_of_a_like_name_is_offered(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study.rename(study.parent / "elan-study")
    monkeypatch.chdir(study.parent)
    assert "Did you mean 'elan-study'? Make one with: actscribe new elan-stduy" in refused("check", "elan-stduy")
    assert refused("check", "xyz").endswith("no such study file.\nMake one with: actscribe new xyz\n")
    assert "Make one with: actscribe new elan-x\n" in refused("check", "elan-x/study.yaml")


def test_a_study_file_of_another_ending_is_offered(study: Path) -> None:
    other = (study / "study.yaml").rename(study / "study.yml")
    assert f"Did you mean '{other}'?" in refused("check", study)
    actscribe("check", other)


def test_a_manifest_in_another_encoding(study: Path) -> None:
    text = (study / "manifest.csv").read_text(encoding="utf-8").replace("p1", "Jürgen")
    (study / "manifest.csv").write_text(text, encoding="latin-1")
    message = refused("check", study)
    assert "manifest.csv" in message
    assert "UTF-8" in message


def test_two_videos_of_one_name_in_one_folder_are_two_recordings(study: Path) -> None:
    (study / "r0.mp4").rename(study / "r1.mkv")
    manifest_text("r0.mp4", "r1.mkv")(study)
    names = [recording.name for recording in load_data(load_study(study)).recordings]
    assert len(set(names)) == 3


def test_an_empty_label_in_a_split_is_refused_unless_allowed(study: Path) -> None:
    interval_text(study / "r2.txt", [(LEFT, 0, 1500)])
    message = refused("train", study)
    assert f"no clip of test shows: {RIGHT}" in message
    assert "empty_labels: allow" in message
    assert not (study / "runs").exists()


@pytest.mark.parametrize(
    ("bouts", "cause"),
    [
        (
            [(RIGHT, 0, 200), (RIGHT, 1000, 1300)],
            f"All shorter than half of the window (1.5 s): {RIGHT} (2 bouts in test, the longest 0.3 s)",
        ),
        ([(RIGHT, 0, 200)], f"All shorter than half of the window (1.5 s): {RIGHT} (1 bout in test, 0.2 s)"),
        ([(RIGHT, 900, 2100)], f"No clip of 1.5 s is covered to half by: {RIGHT} (1 bout in test, 1.2 s)"),
    ],
)
def test_why_no_clip_shows_a_label_that_is_annotated(study: Path, bouts: Bouts, cause: str) -> None:
    study_text("stride: 1.0", "stride: 1.5")(study)
    study_text("length: 2.0", "length: 1.5")(study)
    interval_text(study / "r2.txt", [(LEFT, 0, 1500), *bouts])
    message = refused("train", study)
    assert (
        f"no clip of test shows: {RIGHT}. {cause}. A shorter 'windows: length' or a lower 'threshold' count" in message
    )


def test_check_says_what_a_training_would_be_refused_for(study: Path) -> None:
    def warned() -> bool:
        done = CliRunner().invoke(app, ["check", str(study)])
        sentence = f"timesformer: Some labels cannot be learned or judged: no clip of test shows: {RIGHT}."
        is_named = sentence in " ".join(done.output.split())
        assert done.exit_code == (2 if is_named else 0)
        return is_named

    assert not warned()
    interval_text(study / "r2.txt", [(LEFT, 0, 1500)])
    assert warned()
    (study / "study.yaml").write_text(
        (study / "study.yaml").read_text(encoding="utf-8") + "\nempty_labels: allow\n", encoding="utf-8"
    )
    assert not warned()


def test_one_bad_row_of_a_shared_table_is_one_problem(study: Path) -> None:
    rows = "".join(f"r{index}.mp4,{LEFT},{start},1.0\n" for index, start in enumerate(("0.0", "2.0", "0.0")))
    (study / "all.csv").write_text(f"video,label,start_s,end_s\n{rows}", encoding="utf-8")
    for index in range(3):
        manifest_text(f"r{index}.txt", "all.csv")(study)
    assert refused("check", study).count("all.csv: line 3") == 1


def test_an_interval_beyond_the_end_names_the_video(study: Path) -> None:
    interval_text(study / "r1.txt", [(LEFT, 0, 9000)])
    assert "r1.txt: 1 interval ends after its video, r1.mp4" in refused("check", study)


def test_names_that_do_not_exist_are_answered_with_the_ones_that_do(study: Path, tmp_path: Path) -> None:
    assert "Did you mean 'timesformer'?" in refused("train", study, "--recognizer", "timesfromer")
    source = study / "r0.txt"
    assert "elan" in refused("convert", source, tmp_path / "x.eaf", "--to", "elann")
    assert "newborn_resuscitation" in refused("new", tmp_path / "new", "--labels", "newborn_resusitation")
    assert not (tmp_path / "new").exists()
    assert not (tmp_path / "x.eaf").exists()


def test_a_missing_checkpoint_leaves_no_run(study: Path) -> None:
    write_study(study, recognizers={"timesformer": {"model": "facebook/timesformer-base-finetuned-ssv2"}})
    assert "actscribe models pull" in refused("train", study)
    assert not (study / "runs").exists()
