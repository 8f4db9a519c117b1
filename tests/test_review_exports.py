"""What becomes of exports when recordings are renamed or replaced, and what verifying the journal proves."""

from __future__ import annotations

import errno
import json
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from review_server import Client, client, ids, opened, put, suggesting_run
from short_studies import actscribe, refused
from small_studies import LEFT, RIGHT, film

from actscribe.annotations import Origin, convert
from actscribe.annotations import read as read_annotations
from actscribe.errors import ActScribeError
from actscribe.files import content_hash
from actscribe.journal import Journal
from actscribe.review import exported


def output_of(study: Path, *words: str, code: int = 0) -> str:
    return " ".join(actscribe("review", study, *words, code=code).split())


@pytest.fixture
def reviewed(study: Path) -> Path:
    """A study whose three recordings were changed by AB."""
    browser: Client = client(study)
    for id in ids(browser).values():
        body = {"revision": opened(browser, id)["revision"], "why": "add", "ops": [put(LEFT, 2, 2.5)]}
        assert browser.post(f"/api/recordings/{id}/actions", body).status == 200
    return study


def cut(study: Path, entries: int) -> None:
    with sqlite3.connect(study / "review/journal.sqlite") as database:
        database.execute("DROP TRIGGER no_removal")
        database.execute("DELETE FROM entries WHERE seq > ?", (entries,))
    database.close()


def test_verifying_says_that_a_cut_end_would_not_show_unless_somebody_noted_it(reviewed: Path) -> None:
    assert "Whether entries were taken off its end is unknown" in output_of(reviewed, "--verify")
    output_of(reviewed, "--export", "csv")
    entries = len(Journal.of(reviewed).entries())
    assert f"noted it up to entry {entries}" in output_of(reviewed, "--verify")
    cut(reviewed, entries - 1)
    assert "its end was taken off" in output_of(reviewed, "--verify", code=3)


def test_a_journal_that_is_gone_shows_where_somebody_noted_it(reviewed: Path) -> None:
    output_of(reviewed, "--export", "csv")
    for path in (reviewed / "review").glob("journal.sqlite*"):
        path.unlink()
    assert "and holds 0" in output_of(reviewed, "--verify", code=3)


def test_an_export_after_the_end_was_taken_off_keeps_the_evidence(reviewed: Path) -> None:
    output_of(reviewed, "--export", "csv")
    cut(reviewed, len(Journal.of(reviewed).entries()) - 1)
    output_of(reviewed, "--export", "csv")
    assert "its end was taken off" in output_of(reviewed, "--verify", code=3)


def test_what_another_study_in_the_folder_noted_is_about_its_own_journal(reviewed: Path, tmp_path: Path) -> None:
    inner = reviewed / "pilot"
    shutil.copytree(reviewed, tmp_path / "copy")
    shutil.move(tmp_path / "copy", inner)
    browser = client(inner)
    id = ids(browser)["train"]
    body = {"revision": opened(browser, id)["revision"], "why": "add", "ops": [put(LEFT, 2, 2.2, "n2")]}
    assert browser.post(f"/api/recordings/{id}/actions", body).status == 200
    output_of(inner, "--export", "csv")
    output_of(reviewed, "--verify")
    assert "noted it up to entry" in output_of(inner, "--verify")


def test_annotators_whose_names_make_the_same_folder_name_have_a_folder_each(study: Path) -> None:
    files = {}
    for name, end in (("A/B", 1.0), ("A?B", 2.0)):
        browser = client(study, name, independent=True)
        id = ids(browser)["train"]
        body = {"revision": opened(browser, id)["revision"], "why": "add", "ops": [put(LEFT, 0, end)]}
        assert browser.post(f"/api/recordings/{id}/actions", body).status == 200
        (files[end],) = browser.post("/api/export", {"formats": ["json"]}).json["files"]
    output_of(study, "--export", "json")
    assert {end: [one.end for one in read_annotations(study / file).intervals] for end, file in files.items()} == {
        1.0: [1.0],
        2.0: [2.0],
    }


def test_an_annotators_folder_stays_theirs_whoever_begins_later(study: Path) -> None:
    left = {}
    for index, name in enumerate(("ab", "AB", "AB-2", "ab-3")):
        browser = client(study, name)
        id = ids(browser)["train"]
        body = {"revision": opened(browser, id)["revision"], "why": "add", "ops": [put(LEFT, 2, 2.25 + index / 8)]}
        assert browser.post(f"/api/recordings/{id}/actions", body).status == 200
        (left[name],) = browser.post("/api/export", {"formats": ["json"], "recordings": [id]}).json["files"]
    assert len({path.lower() for path in left.values()}) == len(left)
    for index, (name, path) in enumerate(left.items()):
        assert client(study, name).post("/api/export", {"formats": ["json"]}).json["files"] == [path]
        assert 2.25 + index / 8 in [one.end for one in read_annotations(study / path).intervals]


def test_a_video_that_is_replaced_while_it_is_served_is_not_exported_with_its_frames(reviewed: Path) -> None:
    browser = client(reviewed)
    id = ids(browser)["train"]
    shutil.copy(reviewed / "r1.mp4", reviewed / "r0.mp4")
    assert browser.post("/api/export", {"formats": ["csv"]}).status == 400
    assert browser.get(f"/api/recordings/{id}/frames").status == 400


def test_a_damaged_journal_is_no_matter_of_a_full_disk(reviewed: Path) -> None:
    file = reviewed / "review/journal.sqlite"
    for path in file.parent.glob("journal.sqlite-*"):
        path.unlink()
    file.write_bytes(file.read_bytes()[:4096] + b"\x07" * (file.stat().st_size - 4096))
    words = " ".join(refused("review", reviewed, "--verify").split())
    assert "from a backup" in words
    assert "disk full" not in words


def test_a_replaced_video_is_named_and_its_old_export_goes(reviewed: Path) -> None:
    first = output_of(reviewed, "--export", "csv")
    assert "Not exported" not in first
    film(reviewed / "r0.mp4", [(LEFT, 0, 500)], 3.0, 77)
    words = output_of(reviewed, "--export", "csv")
    assert "Not exported: r0 by AB" in words
    assert "r0: the video is not the file that was reviewed" in words
    assert "r0.csv: removed" in words
    assert sorted(path.name for path in (reviewed / "review/export/AB").iterdir()) == ["r1.csv", "r2.csv"]
    assert "r0" not in json.dumps(json.loads((reviewed / "review/export/exported.json").read_text())["files"])


def test_exports_of_renamed_recordings_go_unless_somebody_changed_them(reviewed: Path) -> None:
    output_of(reviewed, "--export", "csv,json")
    export = reviewed / "review/export/AB"
    (export / "r1.csv").write_text("my own\n")
    (export / "r1-notes.txt").write_text("mine\n")
    for name in ("r0", "r1"):
        shutil.move(reviewed / f"{name}.mp4", reviewed / f"new-{name}.mp4")
    manifest = reviewed / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("r0.mp4", "new-r0.mp4").replace("r1.mp4", "new-r1.mp4"))
    words = output_of(reviewed, "--export", "csv")
    assert "r0.csv: removed, since r0 is called new-r0 now" in words
    assert "r1.csv: stays, though r1 is called new-r1 now" in words
    left = {path.name for path in export.iterdir()}
    assert left == {"new-r0.csv", "new-r1.csv", "r1.csv", "r1-notes.txt", "r2.csv", "r2.json"}
    assert (export / "r1.csv").read_text() == "my own\n"


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("where", ["", "AB", "AB/r0.csv", "AB/r0_events.json", "exported.json"])
def test_nothing_is_exported_through_a_link(reviewed: Path, tmp_path: Path, where: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine").write_text("mine")
    link = reviewed / "review/export" / where
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(elsewhere / "mine" if link.suffix else elsewhere)
    words = " ".join(refused("review", reviewed, "--export", "csv,bids").split())
    assert "is a link" in words
    assert "nothing was written" in words
    assert files_of(elsewhere) == {"mine": b"mine"}
    assert link.is_symlink()
    browser = client(reviewed)
    assert "is a link" in browser.post("/api/export", {"formats": ["csv", "bids"]}).json["error"]


def test_nothing_is_removed_through_a_link(reviewed: Path, tmp_path: Path) -> None:
    output_of(reviewed, "--export", "csv")
    export = reviewed / "review/export"
    shutil.move(export / "AB", tmp_path / "kept")
    (export / "AB").symlink_to(tmp_path / "kept")
    before = files_of(tmp_path / "kept")
    shutil.move(reviewed / "r0.mp4", reviewed / "new-r0.mp4")
    manifest = reviewed / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("r0.mp4", "new-r0.mp4"))
    browser = client(reviewed, "CD", independent=True)
    body = {"revision": 0, "why": "add", "ops": [put(LEFT, 0, 1)]}
    assert browser.post(f"/api/recordings/{ids(browser)['train']}/actions", body).status == 200
    browser.post("/api/export", {"formats": ["csv"]})
    assert files_of(tmp_path / "kept") == before


def test_what_somebody_changed_or_put_there_is_not_written_over(reviewed: Path) -> None:
    output_of(reviewed, "--export", "csv")
    output_of(reviewed, "--export", "csv")  # what is as it was exported may be
    export = reviewed / "review/export/AB"
    (export / "r1.csv").write_text("my own\n")
    (export / "r2.json").write_text("mine\n")
    before = files_of(reviewed / "review/export")
    for formats in ("csv", "csv,json", "json"):
        words = " ".join(refused("review", reviewed, "--export", formats).split())
        assert "is not as it was exported" in words
        assert files_of(reviewed / "review/export") == before


def test_an_export_that_fails_half_way_can_be_done_again(reviewed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from actscribe.review import export

    written = export.annotation_files.write

    def failing(path: Path, *more: Any) -> None:
        if path.name == "r1.csv":
            raise ActScribeError("the disk is full.")
        written(path, *more)

    monkeypatch.setattr(export.annotation_files, "write", failing)
    assert "disk is full" in refused("review", reviewed, "--export", "csv")
    monkeypatch.undo()
    browser = client(reviewed)
    id = ids(browser)["train"]
    body = {"revision": opened(browser, id)["revision"], "why": "add", "ops": [put(LEFT, 2, 2.2, "n2")]}
    assert browser.post(f"/api/recordings/{id}/actions", body).status == 200
    output_of(reviewed, "--export", "csv")


def test_where_every_reviewed_video_was_replaced_that_is_said(reviewed: Path) -> None:
    for index in range(3):
        film(reviewed / f"r{index}.mp4", [(LEFT, 0, 500)], 3.0, 70 + index)
    words = " ".join(refused("review", reviewed, "--export", "csv").split())
    assert "r0 by AB" in words
    assert "Nothing was reviewed" not in words


def test_an_edited_note_removes_nothing_outside_the_exports(reviewed: Path) -> None:
    output_of(reviewed, "--export", "csv")
    note = reviewed / "review/export/exported.json"
    values = json.loads(note.read_text())
    values["files"]["../../study.yaml"] = {
        "recording": "f" * 32,
        "name": "x",
        "digest": content_hash(reviewed / "study.yaml"),
    }
    note.write_text(json.dumps(values))
    output_of(reviewed, "--export", "csv")
    assert (reviewed / "study.yaml").is_file()


@pytest.mark.parametrize("name", ["AB", "."])
def test_a_file_where_a_folder_of_exports_belongs_stays_and_is_named(reviewed: Path, name: str) -> None:
    path = reviewed / "review/export" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine")
    answer = client(reviewed).post("/api/export", {"formats": ["csv"]})
    assert (answer.status, "is a file where a folder" in answer.json["error"]) == (400, True)
    assert "is a file where a folder" in refused("review", reviewed, "--export", "csv")
    assert path.read_text() == "mine"


def test_a_folder_of_exports_that_may_not_be_read_is_named(reviewed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output_of(reviewed, "--export", "csv")

    def no_rights(path: Path) -> str:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(exported, "content_hash", no_rights)
    assert "Permission denied" in client(reviewed).post("/api/export", {"formats": ["csv"]}).json["error"]


@pytest.fixture
def mixed(study: Path) -> Path:
    """The folder of exports of a recording with bouts of every origin, and of one that was joined of two."""
    run = suggesting_run(study, 0.5)
    browser = client(study, run=run)
    id = ids(browser)["train"]
    first = opened(browser, id)
    (suggested,) = first["suggestions"]
    in_file = {one["label"]: one["id"] for one in first["bouts"]}
    ops = [
        {"op": "drop", "id": in_file[LEFT]},
        put(LEFT, 0.0, 0.5, "same", origin=suggested),
        put(RIGHT, 0.0, 0.4, "moved", origin=suggested),
        put(RIGHT, 2.6, 2.8, "hand"),
        put(LEFT, 1.0, 1.2, "joined-1"),
        put(LEFT, 1.2, 1.4, "joined-2", origin=suggested),
        put(LEFT, 2.0, 2.4, "mine"),
    ]
    body = {"revision": first["revision"], "why": "add", "ops": ops}
    assert browser.post(f"/api/recordings/{id}/actions", body).status == 200
    formats = ["json", "csv", "elan", "boris", "label-studio", "cvat"]
    assert browser.post("/api/export", {"formats": formats, "recordings": [id]}).status == 200
    return study / "review/export/AB"


def test_our_json_and_csv_say_where_each_bout_is_from(mixed: Path) -> None:
    (file,) = mixed.glob("r?.json")
    (suggested,) = {one.origin.run for one in read_annotations(file).intervals if one.origin and one.origin.run}
    wanted = {
        (LEFT, 0.0): Origin("accepted", "AB", suggested),
        (RIGHT, 0.0): Origin("corrected", "AB", suggested),
        (RIGHT, 2.6): Origin("manual", "AB"),
        (LEFT, 1.0): Origin("corrected", "AB"),
        (RIGHT, 1.0): Origin("file", "AB"),
        (LEFT, 2.0): Origin("manual", "AB"),
    }
    for path in (file, file.with_suffix(".csv")):
        origins = {(one.label, one.start): one.origin for one in read_annotations(path).intervals}
        assert origins == wanted


def test_other_tools_are_told_in_their_own_words(mixed: Path) -> None:
    (elan,) = mixed.glob("*.eaf")
    assert {tier.get("ANNOTATOR") for tier in ElementTree.parse(elan).getroot().iter("TIER")} == {"AB"}
    (boris,) = mixed.glob("*.boris")
    (observation,) = json.loads(boris.read_text())["observations"].values()
    comments = {(code, time): comment for time, _, code, _, comment, *_ in observation["events"]}
    assert comments[RIGHT, 2.6] == "AB: by hand"
    assert comments[RIGHT, 2.8] == ""
    assert comments[LEFT, 0.0].startswith("AB: suggested and accepted (run ")
    (tasks,) = mixed.glob("*.label-studio.json")
    regions = json.loads(tasks.read_text())[0]["annotations"][0]["result"]
    assert {one["origin"] for one in regions} == {"manual", "prediction", "prediction-changed"}
    (cvat,) = mixed.glob("*.xml")
    assert {track.get("source") for track in ElementTree.parse(cvat).getroot().iter("track")} == {
        "manual",
        "auto",
        "semi-auto",
    }


def test_who_said_it_is_no_part_of_what_was_said(mixed: Path, tmp_path: Path) -> None:
    (file,) = mixed.glob("r?.json")
    annotations = read_annotations(file)
    assert convert(file, tmp_path / "a.json").lost == ()
    assert convert(file, tmp_path / "a.vtt").lost[-3:] == ("origin", "media", "duration")
    bare = replace(annotations, intervals=tuple(replace(one, origin=None) for one in annotations.intervals))
    assert bare == annotations


def test_a_wrong_origin_in_json_is_refused_and_a_column_of_another_meaning_is_none(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    interval = {"label": "A", "start": 0.0, "end": 1.0, "origin": {"how": "guessed"}}
    file.write_text(json.dumps({"format": "actscribe-annotations", "version": 1, "intervals": [interval]}))
    with pytest.raises(ActScribeError, match="origin"):
        read_annotations(file)
    table = tmp_path / "a.csv"
    table.write_text("label,start_s,end_s,origin,run\nA,0,1,Vienna,7\nB,1,2,manual,\n")
    assert [one.origin for one in read_annotations(table).intervals] == [None, Origin("manual")]
