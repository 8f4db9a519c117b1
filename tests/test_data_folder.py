"""Manifests as spreadsheets write them, folders as studies, and what is said of groups that nobody gave."""

from __future__ import annotations

import shutil
from pathlib import Path

import av
import pytest
from small_studies import LEFT, film, interval_text
from typer.testing import CliRunner

from actscribe import load_study
from actscribe.annotations import FORMATS
from actscribe.cli import app
from actscribe.data.groups import in_two_splits, not_known
from actscribe.data.loading import load_data
from actscribe.data.manifest import Row, read_manifest
from actscribe.errors import ActScribeError
from actscribe.video import endings


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def manifest(folder: Path, content: str | bytes) -> Path:
    touch(folder, "a.mp4", "b.mp4", "a.csv")
    path = folder / "manifest.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffvideo;annotations;split\na.mp4;a.csv;train\n",
        "Video\tAnnotations\tSplit\na.mp4\ta.csv\tTrain\n",
        "sep=;\r\nVIDEO;ANNOTATIONS;SPLIT\r\na.mp4;a.csv;training\r\n",
        "\n\n,,\nvideo,annotations,split\n\na.mp4,a.csv,train\n,,\n",
        "video,annotations,split,\ra.mp4,a.csv,train,\r",
        "video,annotations,split\na.mp4,a.csv,train\n".encode("utf-16"),
        '"video","annotations","split"\n"a.mp4","a.csv","train"\n',
    ],
)
def test_manifests_of_spreadsheets_read_the_same(tmp_path: Path, content: str | bytes) -> None:
    (row,) = read_manifest(manifest(tmp_path, content))
    assert (row.video.name, row.annotations, row.split) == ("a.mp4", tmp_path / "a.csv", "train")
    assert not row.has_group


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("video,group,Group\na.mp4,p,q\n", ":1: two columns are called 'group'"),
        ("video,site,site\na.mp4,p,q\n", ":1: two columns are called 'site'"),
        ("my study\nvideo\na.mp4\n", ":1: 'my study' appears above the header"),
        ("video,group\na.mp4,p\nb.mp4,q,r\n", ":3: more cells than columns"),
        ('video,group\n"a.mp4,p\nb.mp4,q\n', ":2: a quotation mark in this row is not closed"),
        ("video,group\na.mp4,\x00p\n", "is not a text file"),
        ("video,group\nbä.mp4,p\n".encode("latin-1"), ":2: byte 0xe4 is not UTF-8"),
        ("video,source,source_start,source_end\na.mp4,s,1,\n", ":2: the source goes from '1' to ''"),
        ("video,source,source_start,source_end\na.mp4,s,2,1\n", ":2: the source goes from '2' to '1'"),
        ("video,source,source_start,source_end\na.mp4,s,-1,1\n", ":2: source_start must be seconds"),
        ("video,source,source_start,source_end\na.mp4,s,nan,1_0\n", ":2: source_start must be seconds"),
        ("video\nfolder\\a.mp4\n", "Write / in place of \\"),
    ],
)
def test_a_manifest_that_would_be_misread_is_answered_with_its_line(
    tmp_path: Path, content: str | bytes, expected: str
) -> None:
    with pytest.raises(ActScribeError) as caught:
        read_manifest(manifest(tmp_path, content))
    assert expected in str(caught.value)


def test_a_workbook_is_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(ActScribeError, match="a workbook, expected a manifest as text"):
        read_manifest(manifest(tmp_path, b"PK\x03\x04" + b"\0" * 40))


@pytest.mark.parametrize("ending", [*(form.ending for form in FORMATS.values()), ".tsv", ".srt", ".xlsx", ".EAF"])
@pytest.mark.parametrize("video", ["film.mp4", "Film.MTS", "v1.2.webm"])
def test_every_ending_that_is_written_is_found_beside_a_video(tmp_path: Path, ending: str, video: str) -> None:
    touch(tmp_path, video, f"{Path(video).stem}{ending}", "other.eaf")
    (row,) = read_manifest(tmp_path)
    assert row.annotations == tmp_path / f"{Path(video).stem}{ending}"


def test_names_are_the_same_in_upper_case_and_either_way_to_write_an_accent(tmp_path: Path) -> None:
    touch(tmp_path, "u\u0308ben.MP4", "\u00dcben.eaf", "b.mkv", "b.mkv.vtt")
    assert {row.video.suffix: row.annotations and row.annotations.suffix for row in read_manifest(tmp_path)} == {
        ".MP4": ".eaf",
        ".mkv": ".vtt",
    }


def test_what_is_no_recording_of_the_study_is_passed_over(tmp_path: Path) -> None:
    touch(tmp_path, "a.mp4", "._a.mp4", ".DS_Store", "Thumbs.db", "._a.eaf", ".trash/b.mp4", "runs/x/run.json")
    touch(tmp_path, "runs/x/c.mp4", "comparison/provenance.json", "comparison/tables/d.mp4")
    touch(tmp_path, "out/made-by-actscribe.json", "out/e.mp4")
    (row,) = read_manifest(tmp_path)
    assert (row.video.name, row.annotations) == ("a.mp4", None)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.mp4", "a.eaf", "a.events.tsv"], "a.eaf and a.events.tsv could both be its annotations"),
        (["a.mp4", "a_labels.mp4", "a_labels.csv"], "a_labels.csv: could be annotations of a.mp4 and a_labels.mp4"),
        (["a.mp4", "a.mov", "a.eaf"], "a.eaf: could be annotations of a.mov and a.mp4"),
    ],
)
def test_a_file_that_could_belong_to_two_is_refused(tmp_path: Path, names: list[str], expected: str) -> None:
    touch(tmp_path, *names)
    with pytest.raises(ActScribeError) as caught:
        read_manifest(tmp_path)
    assert expected in str(caught.value)


def test_endings_of_videos_are_those_of_containers_that_av_knows() -> None:
    assert set(endings._CONTAINERS) <= av.formats_available
    written = (
        "mp4",
        "mov",
        "matroska",
        "webm",
        "avi",
        "mpegts",
        "mpeg",
        "asf",
        "flv",
        "ogv",
        "mxf",
        "nut",
        "3gp",
        "vob",
    )
    for name in (*written, "gxf", "dv", "ivf", "amv", "rm", "wtv", "f4v", "3g2", "m4v", "mpeg1video", "mpeg2video"):
        for ending in av.ContainerFormat(name, "w").extensions - {"wma", "ra"}:
            assert f".{ending}" in endings.VIDEO_ENDINGS, name


def row(video: str, group: str = "", **extra: str) -> Row:
    return Row(2, Path(video), None, "", group or video, "", extra=extra, has_group=bool(group))


def test_groups_that_nobody_gave_are_said() -> None:
    assert not not_known([row("a.mp4", "p"), row("b.mp4", "p")], on_purpose=False)
    note = not_known([row("a.mp4", subject="p"), row("b.mp4", subject="p")], on_purpose=False)
    assert "no group was given" in note
    assert "The column 'subject' looks like one: call it 'group'" in note
    for column in ("Patient", "participant_id", "Animal", "session", "Mouse ID", "subjects"):
        assert f"'{column}' looks like one" in not_known([row("a.mp4", **{column: "p"})], on_purpose=False)
    assert "looks like one" not in not_known([row("a.mp4", site="p", camera="c")], on_purpose=False)
    note = not_known([row("a.mp4", "p"), row("b.mp4"), row("c.mp4")], on_purpose=False)
    assert "2 of 3 recordings have no group (first: b.mp4)" in note


def test_groups_are_suggested_from_the_names_of_files() -> None:
    names = ["subject1_ADL_10.mp4", "subject1_Fall_3.mp4", "subject2_ADL_7.mp4"]
    assert "hold subject1, subject2: if these" in not_known([row(name) for name in names], on_purpose=False)
    names = ["cam1-P01.mp4", "cam1-P02.mp4", "cam2-P01.mp4"]
    assert "hold cam1, cam2: if these" in not_known([row(name) for name in names], on_purpose=False)
    assert "hold" not in not_known([row("a1.mp4"), row("a2.mp4")], on_purpose=False)


def test_no_groups_on_purpose_is_said_too() -> None:
    assert "groups: none" in not_known([row("a.mp4"), row("b.mp4", subject="p")], on_purpose=True)
    repeated = not_known([row("a.mp4", subject="p"), row("b.mp4", subject="p")], on_purpose=True)
    assert "the column 'subject' has values that repeat" in repeated
    names = ("subject1_a.mp4", "subject1_b.mp4", "subject2_a.mp4")
    assert "hold subject1, subject2" in not_known([row(name) for name in names], on_purpose=True)
    assert "But" not in not_known([row("a.mp4"), row("b.mp4")], on_purpose=True)
    with pytest.raises(ActScribeError, match=r"'groups: none', but b\.mp4 has the group 'p'"):
        not_known([row("a.mp4"), row("b.mp4", "p")], on_purpose=True)


def test_sub_folders_that_hold_the_same_subjects_are_no_silent_groups(tmp_path: Path) -> None:
    """As in falls at home: one folder for each kind of film, the same people in both."""
    touch(tmp_path, "ADL/subject1_ADL_1.mp4", "Fall/subject1_Fall_1.mp4", "Fall/subject2_Fall_1.mp4")
    note = not_known(read_manifest(tmp_path), on_purpose=False)
    assert "by the names of the files subject1 is in more than one of them" in note
    touch(tmp_path / "apart", "s1/day1_a.mp4", "s1/day2_a.mp4", "s2/day3_a.mp4", "s2/day3_b.mp4")
    assert not not_known(read_manifest(tmp_path / "apart"), on_purpose=False)


def test_a_subject_in_two_splits_is_said_though_groups_are_apart() -> None:
    rows = [row("a.mp4", "monday", subject="anna"), row("b.mp4", "friday", subject="anna"), row("c.mp4", "x", site="s")]
    splits = {"a.mp4": "train", "b.mp4": "test", "c.mp4": "test"}
    (note,) = in_two_splits(rows, splits)
    assert "by the column 'subject', anna of 1 are in more than one split" in note
    assert in_two_splits(rows, {**splits, "b.mp4": "train"}) == []


STUDY = """\
name: lamps
recordings: {recordings}
labels: {{name: lamps, labels: [Left lamp]}}
windows: {{length: 2, stride: 1, frames: 4}}
empty_labels: allow
{more}
"""


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filmed")
    for index, name in enumerate(("subject1_a", "subject1_b", "subject2_a", "subject2_b")):
        shown = [(LEFT, 0, 1500 + index)]
        film(folder / f"{name}.mp4", shown, 3.0, seed=index)
        interval_text(folder / f"{name}.txt", shown)
    return folder


def check(folder: Path, recordings: str, more: str = "") -> str:
    (folder / "study.yaml").write_text(STUDY.format(recordings=recordings, more=more))
    done = CliRunner().invoke(app, ["check", str(folder)])
    assert done.exit_code == 0, (done.output, done.exception)
    return " ".join(done.output.split())


@pytest.mark.parametrize("groups", [("subject1", "subject1", "subject2", "subject2"), ("", "", "", "")])
def test_an_annotation_file_that_was_filled_down_is_refused_unless_its_videos_are_one_group(
    tmp_path: Path, filmed: Path, groups: tuple[str, ...]
) -> None:
    folder = tmp_path / "study"
    shutil.copytree(filmed, folder)
    names = sorted(path.name for path in folder.glob("*.mp4"))
    files = ["subject1_a.txt", "subject1_a.txt", "subject2_a.txt", "subject2_a.txt"]
    rows = [f"{name},{file},{group}" for name, file, group in zip(names, files, groups, strict=True)]
    (folder / "m.csv").write_text("\n".join(["video,annotations,group", *rows]))
    study = STUDY.format(recordings="m.csv", more="split: {train: 0.5, validation: 0, test: 0.5}")
    (folder / "study.yaml").write_text(study)
    if groups[0]:
        assert len(load_data(load_study(folder)).recordings) == len(names)
        return
    refusal = (
        r"subject1_a\.txt: names no video, and is given to subject1_a\.mp4 \(line 2\) and subject1_b\.mp4 \(line 3\)"
    )
    with pytest.raises(ActScribeError, match=refusal):
        load_data(load_study(folder))


def test_check_says_what_it_could_not_prove(tmp_path: Path, filmed: Path) -> None:
    folder = tmp_path / "study"
    shutil.copytree(filmed, folder)
    names = sorted(path.name for path in folder.glob("*.mp4"))
    rows = [f"{name},{name[:-4]}.txt,{name[:8]}" for name in names]
    (folder / "m.csv").write_text("\n".join(["video,annotations,subject", *rows]))
    output = check(folder, "m.csv")
    assert "Warning: no group was given" in output
    assert "'subject' looks like one: call it 'group'" in output
    assert "for subjects it is not proved" in output
    assert "Next: say which videos belong together (see the warning)," in output
    assert "every file content, group" not in output
    (folder / "notes.docx").touch()
    (folder / "subject9.eaf").touch()
    output = check(folder, ".")
    assert "subject1, subject2: if these are the subjects" in output
    assert "not used: " in output
    assert "notes.docx" in output
    assert "subject9.eaf" in output
    assert "study.yaml" not in output
    assert "the study says 'groups: none'" in check(folder, ".", "groups: none")
    rows = [f"{name},{name[:-4]}.txt,g{index}" for index, name in enumerate(names)]
    (folder / "m.csv").write_text("\n".join(["video,annotations,group", *rows]))
    output = check(folder, "m.csv")
    assert "Warning" not in output
    assert "No leakage: every file content, group and source span lies in one split only." in output


@pytest.mark.parametrize("command", ["train", "compare"])
def test_training_says_it_before_anything_else(tmp_path: Path, filmed: Path, command: str) -> None:
    """Every recording is in the training split, so that both stop once the data are read."""
    folder = tmp_path / "study"
    shutil.copytree(filmed, folder)
    rows = [f"{path.name},{path.stem}.txt,{path.stem[:8]},train" for path in sorted(folder.glob("*.mp4"))]
    (folder / "m.csv").write_text("\n".join(["video,annotations,Patient,split", *rows]))
    (folder / "study.yaml").write_text(
        STUDY.format(recordings="m.csv", more="recognizers: {timesformer: {keep: best}}")
    )
    done = CliRunner().invoke(app, [command, str(folder)])
    assert done.exit_code == 2
    assert "Warning: no group was given" in done.stderr
    assert "The column 'Patient' looks like one" in done.stderr
