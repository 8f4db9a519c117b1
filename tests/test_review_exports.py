"""What becomes of exports when recordings are renamed or replaced, and what verifying the journal proves."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from review_server import Client, client, ids, opened, put
from short_studies import actscribe, refused
from small_studies import LEFT, film

from actscribe.files import content_hash
from actscribe.journal import Journal


def said(study: Path, *words: str, code: int = 0) -> str:
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
    assert "Whether entries were taken off its end cannot be told" in said(reviewed, "--verify")
    said(reviewed, "--export", "csv")
    entries = len(Journal.of(reviewed).entries())
    assert f"noted it up to entry {entries}" in said(reviewed, "--verify")
    cut(reviewed, entries - 1)
    assert "its end was taken off" in said(reviewed, "--verify", code=3)


def test_a_damaged_journal_is_no_matter_of_a_full_disk(reviewed: Path) -> None:
    file = reviewed / "review/journal.sqlite"
    for path in file.parent.glob("journal.sqlite-*"):
        path.unlink()
    file.write_bytes(file.read_bytes()[:4096] + b"\x07" * (file.stat().st_size - 4096))
    words = " ".join(refused("review", reviewed, "--verify").split())
    assert "from a backup" in words
    assert "disk full" not in words


def test_a_replaced_video_is_named_and_its_old_export_goes(reviewed: Path) -> None:
    first = said(reviewed, "--export", "csv")
    assert "Not exported" not in first
    film(reviewed / "r0.mp4", [(LEFT, 0, 500)], 3.0, 77)
    words = said(reviewed, "--export", "csv")
    assert "Not exported: r0 by AB" in words
    assert "r0: the video is another file than the one that was reviewed" in words
    assert "r0.csv: removed" in words
    assert sorted(path.name for path in (reviewed / "review/export/AB").iterdir()) == ["r1.csv", "r2.csv"]
    assert "r0" not in json.dumps(json.loads((reviewed / "review/export/exported.json").read_text())["files"])


def test_exports_of_renamed_recordings_go_unless_somebody_changed_them(reviewed: Path) -> None:
    said(reviewed, "--export", "csv,json")
    export = reviewed / "review/export/AB"
    (export / "r1.csv").write_text("my own\n")
    (export / "r1-notes.txt").write_text("mine\n")
    for name in ("r0", "r1"):
        shutil.move(reviewed / f"{name}.mp4", reviewed / f"new-{name}.mp4")
    manifest = reviewed / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("r0.mp4", "new-r0.mp4").replace("r1.mp4", "new-r1.mp4"))
    words = said(reviewed, "--export", "csv")
    assert "r0.csv: removed, since r0 is called new-r0 now" in words
    assert "r1.csv: stays, though r1 is called new-r1 now" in words
    left = {path.name for path in export.iterdir()}
    assert left == {"new-r0.csv", "new-r1.csv", "r1.csv", "r1-notes.txt", "r2.csv", "r2.json"}
    assert (export / "r1.csv").read_text() == "my own\n"


def test_where_every_reviewed_video_was_replaced_that_is_said(reviewed: Path) -> None:
    for place in range(3):
        film(reviewed / f"r{place}.mp4", [(LEFT, 0, 500)], 3.0, 70 + place)
    words = " ".join(refused("review", reviewed, "--export", "csv").split())
    assert "r0 by AB" in words
    assert "Nothing was reviewed" not in words


def test_an_edited_note_removes_nothing_outside_the_exports(reviewed: Path) -> None:
    said(reviewed, "--export", "csv")
    note = reviewed / "review/export/exported.json"
    values = json.loads(note.read_text())
    values["files"]["../../study.yaml"] = {
        "recording": "f" * 32,
        "name": "x",
        "digest": content_hash(reviewed / "study.yaml"),
    }
    note.write_text(json.dumps(values))
    said(reviewed, "--export", "csv")
    assert (reviewed / "study.yaml").is_file()
