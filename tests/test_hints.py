"""What a first-time user mistypes is answered in plain words, at its own line, with what to type next."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from short_studies import BOTH, a_run, actscribe, refused, replaced
from small_studies import LEFT, RIGHT, film, interval_text, write_manifest

from actscribe.data.loading import load_data
from actscribe.data.manifest import read_manifest
from actscribe.data.recording import Recording
from actscribe.data.splits import assign_splits
from actscribe.errors import ActScribeError
from actscribe.labels import LabelSet
from actscribe.runs.trainable import check_targets
from actscribe.settings.study import load_study

study_text, manifest_text = (partial(replaced, name) for name in ("study.yaml", "manifest.csv"))


@pytest.mark.parametrize("command", ["evaluate STUDY", "report STUDY", "annotate STUDY/r0.mp4 --run STUDY"])
def test_a_study_in_the_place_of_a_run_is_named_in_the_command_that_makes_one(study: Path, command: str) -> None:
    message = refused(*(word.replace("STUDY", str(study)) for word in command.split()))
    assert f"Make one with: actscribe train {study}\n" in message


def test_a_run_that_lost_its_file_is_not_taken_for_a_study(study: Path) -> None:
    run = a_run(study, study / "runs" / "timesformer")
    (run.folder / "run.json").unlink()
    assert f"Make one with: actscribe train {study}\n" in refused("evaluate", run.folder)


def test_indicators_of_a_folder_of_runs_lists_them(study: Path) -> None:
    run = a_run(study, study / "comparison" / "runs" / "timesformer")
    assert f"Name one of the runs below it:\n  {run.folder}\n" in refused("indicators", study / "comparison")
    labels = ("--labels", "newborn_resuscitation")
    assert f"Name one of the runs below it:\n  {run.folder}\n" in refused("indicators", study / "comparison", *labels)


def test_indicators_say_how_lengths_become_known(study: Path, tmp_path: Path) -> None:
    file = interval_text(tmp_path / "visit.txt", [("Ventilation", 0, 1500)])
    printed = " ".join(actscribe("indicators", file, "--labels", "newborn_resuscitation").split())
    assert "--manifest MANIFEST" in printed
    command = ("indicators", file, "--labels", "newborn_resuscitation", "--manifest", study / "manifest.csv")
    assert f"No row of {study / 'manifest.csv'} has such a name" in " ".join(actscribe(*command).split())


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (manifest_text("r1.txt", "r1.eaf"), ["manifest.csv:3: no such annotation file", "Leave the cell empty"]),
        (manifest_text("video,", "film,"), ["manifest.csv:1: no column 'video'", "video,annotations,group,split"]),
        (study_text("stride: 1.0", "stride: [1"), ["study.yaml:10: not valid YAML", "key: value"]),
        (study_text("threshold: 0.5", "threshold: 50"), ["threshold: expected a number of at most 1 (found 50)"]),
        (study_text("stride: 1.0", "stride: fast"), ["stride: expected a number (found 'fast')"]),
        (study_text("seed: 1", "seed 1\nempty_labels: allow"), ["study.yaml:13: not valid YAML", "up to line 14"]),
        (study_text("seed: 1", "recognizers: {probe: {epochs: many}}"), ["probe.epochs: expected a whole number"]),
    ],
)
def test_a_slip_is_named_at_its_line_with_what_to_write(study: Path, spoil, expected: list[str]) -> None:
    spoil(study)
    message = refused("check", study)
    assert "Input should" not in message
    for part in expected:
        assert part in message


@pytest.mark.parametrize(
    ("row", "expected"),
    [("Left lamp,one,2", ["line 2: the start is 'one'", "62.5"]), ("Left lamp,3,2", ["line 2", "Correct it"])],
)
def test_a_time_that_is_none_comes_with_how_to_write_it(tmp_path: Path, row: str, expected: list[str]) -> None:
    (tmp_path / "a.csv").write_text(f"label,start_s,end_s\n{row}\n", encoding="utf-8")
    message = refused("convert", tmp_path / "a.csv", tmp_path / "b.json")
    assert all(part in message for part in expected), message


def test_a_training_without_annotations_says_where_they_go(study: Path) -> None:
    manifest_text("r0.txt", "")(study)
    loaded = load_study(study)
    with pytest.raises(ActScribeError, match="no annotated recording is in the train split") as caught:
        check_targets(loaded, load_data(loaded))
    assert "column 'annotations'" in caught.value.hint


def test_one_spelling_of_two_labels_names_both(study: Path) -> None:
    labels = f"- {LEFT}\n  - name: {RIGHT}\n    aliases: [{LEFT}]"
    text = (study / "study.yaml").read_text(encoding="utf-8")
    (study / "study.yaml").write_text(text.replace(f"- {LEFT}\n  - {RIGHT}", labels), encoding="utf-8")
    assert f"'{LEFT}' is a name or alias of both '{LEFT}' and '{RIGHT}'" in refused("check", study)


def test_a_key_of_a_study_is_explained_by_itself() -> None:
    printed = actscribe("settings", "windows.length")
    assert printed.startswith("windows.length\n    how long a clip is")
    assert "On the page of: study." in printed
    assert "On the page of: temporal." in actscribe("settings", "epochs")


def test_the_list_of_models_names_what_embedded_stands_for() -> None:
    printed = " ".join(actscribe("models", "list").split())
    assert "the recognizer takes: tiny-vlm, tiny-clip, tiny-xclip or tiny-timesformer." in printed
    assert "vlm-yesno (--recognizer names another)" in actscribe("models", "plan", "embedded")


def test_a_draft_says_what_may_be_one_activity(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        film(tmp_path / "lab" / f"subject{number}.mp4", BOTH, 3.0, number)
        shown = [("Fall (FW)", 0, 900), ("Falling (FW)", 1000, 1900)]
        interval_text(tmp_path / "lab" / f"subject{number}.txt", shown)
    printed = " ".join(actscribe("new", tmp_path / "study", "--from", tmp_path / "lab").split())
    assert "Perhaps one activity each: 'Fall (FW)' and 'Falling (FW)'." in printed


def test_paths_of_a_manifest_are_shown_without_detours(study: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "link").symlink_to(study)  # 'link/..' is not where the link lies
    rows = [{"video": "../study/r0.mp4"}]
    assert [row.video for row in read_manifest(write_manifest(tmp_path / "other", rows))] == [study / "r0.mp4"]
    rows = [{"video": "../link/../study/r1.mp4"}]
    held = [row.video for row in read_manifest(write_manifest(tmp_path / "other", rows))]
    assert [path.resolve() for path in held] == [(study / "r1.mp4").resolve()]
    write_manifest(tmp_path / "other", [{"video": "../study/none.mp4"}])
    with pytest.raises(ActScribeError, match=f"no such video: {study / 'none.mp4'}"):
        read_manifest(tmp_path / "other" / "manifest.csv")


def test_recordings_too_short_to_split_by_time_say_how_long_they_must_be(study: Path) -> None:
    for index, split in enumerate(("train", "validation", "test")):
        manifest_text(f"p{index},{split}", "p,")(study)
    message = refused("check", study)
    assert "1 group cannot be split" in message
    assert "Recordings of 6 s or more could be split by time" in " ".join(message.split())


@pytest.mark.parametrize("seed", range(8))
def test_splits_are_drawn_over_annotated_groups_first(seed: int) -> None:
    labels = LabelSet(name="lamps", labels=[LEFT])
    unknown = 1 + seed % 3
    held = [
        Recording(f"r{i}", Path(f"r{i}.mp4"), 10.0, str(i), f"p{i}", "", intervals=None if i < unknown else ())
        for i in range(unknown + 2)
    ]
    drawn = assign_splits(held, labels, {"train": 0.6, "validation": 0.2, "test": 0.2}, seed)
    annotated = {one.split for one in drawn if one.intervals is not None}
    assert annotated == {"train", "validation"}
