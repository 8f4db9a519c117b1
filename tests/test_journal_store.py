"""The journal on disk: two writers, kills, tampering."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import journals
import pytest
from journals import VIDEO, began, bout, did

from actscribe.errors import ActScribeError
from actscribe.journal import Conflict, Drop, Journal, Looked, Put, Sheet, Version
from actscribe.journal.entry import FROM_BACKUP


def process(path: Path, annotator: str, most: int) -> subprocess.Popen[str]:
    command = [sys.executable, journals.__file__, str(path), annotator, str(most)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def filled(path: Path, actions: int = 4) -> Journal:
    journal = Journal(path)
    journal.append("AB", VIDEO, "began", began())
    for index in range(actions):
        journal.append("AB", VIDEO, "did", did(Put(bout=bout(f"b{index}", "sit", index, index + 1))))
    return journal


def tampered(journal: Journal, statement: str) -> None:
    """Do what an editor of databases can do."""
    with sqlite3.connect(journal.path) as database:
        database.execute("DROP TRIGGER no_change")
        database.execute("DROP TRIGGER no_removal")
        database.execute(statement)
    database.close()


def test_nothing_was_said(tmp_path: Path) -> None:
    journal = Journal.of(tmp_path)
    assert (journal.exists, journal.entries(), journal.annotators(VIDEO), journal.version()) == (
        False,
        [],
        [],
        Version(),
    )
    assert journal.verify() == type(journal.verify())(Version(), None, ())
    assert not list(tmp_path.iterdir())


def test_what_is_written_is_read(tmp_path: Path) -> None:
    journal = filled(tmp_path / "j.sqlite")
    journal.append("CD", VIDEO, "began", began(), revision=0)
    journal.append("AB", VIDEO, "looked", Looked(run="r", insisted=True))
    journal.append("AB", VIDEO, "undid", revision=5)
    again = Journal(journal.path)
    assert [one.seq for one in again.entries()] == list(range(1, 9))
    assert again.annotators(VIDEO) == ["AB", "CD"]
    assert list(again.sheet(VIDEO, "AB").bouts) == ["b0", "b1", "b2"]
    assert again.sheet(VIDEO, "CD").bouts == {}
    assert again.version() == Version(entries=8, head=again.entries()[-1].digest)
    with pytest.raises(ActScribeError, match="no entry of this recording and annotator"):
        again.sheet(VIDEO, "EF")


def test_a_later_revision_is_a_conflict_and_writes_nothing(tmp_path: Path) -> None:
    journal = filled(tmp_path / "j.sqlite")
    journal.append("AB", VIDEO, "looked", Looked())  # looking changes nothing
    for stale in (0, 4, 6):
        with pytest.raises(Conflict, match="another window"):
            journal.append("AB", VIDEO, "did", did(Drop(id="b0")), revision=stale)
    assert journal.append("AB", VIDEO, "did", did(Drop(id="b0")), revision=5).seq == 7


def test_two_processes_at_once(tmp_path: Path) -> None:
    path, most = tmp_path / "new" / "j.sqlite", 25
    both = [process(path, name, most) for name in ("AB", "CD")]
    printed = [list(map(int, one.communicate(timeout=120)[0].split())) for one in both]
    assert [one.returncode for one in both] == [0, 0]
    assert sorted(printed[0] + printed[1]) == list(range(1, 2 * most + 3))
    journal = Journal(path)
    assert journal.verify().problems == ()
    for name in ("AB", "CD"):
        assert list(journal.sheet(VIDEO, name).bouts) == [f"{name}{index}" for index in range(most)]


def test_killed_at_any_moment_what_was_acknowledged_is_there(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    acknowledged = 0
    for kill in range(6):
        one = process(path, "AB", 100_000)
        assert one.stdout is not None
        printed = [int(one.stdout.readline()) for _ in range(1 + kill)]
        time.sleep(0.003 * kill)
        os.kill(one.pid, signal.SIGKILL)
        # Not `communicate` with a timeout: it reads past what `readline` has buffered, and loses that.
        printed += [int(line) for line in one.stdout if line.endswith("\n")]
        one.stdout.close()
        one.wait(60)
        journal = Journal(path)
        assert printed == list(range(acknowledged + 1, printed[-1] + 1))
        entries = journal.version().entries
        assert printed[-1] <= entries <= printed[-1] + 1  # one may be on disk that was not acknowledged any more
        assert journal.verify().problems == ()
        assert journal.sheet(VIDEO, "AB").revision == entries
        acknowledged = entries


def test_killed_before_the_first_entry(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite")
    sqlite3.connect(journal.path).execute("PRAGMA journal_mode = WAL").close()
    assert (journal.entries(), journal.version()) == ([], Version())
    assert journal.append("AB", VIDEO, "began", began()).seq == 1


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE entries SET annotator = 'XY' WHERE seq = 3", 3),
        ("UPDATE entries SET body = replace(body, '3.0', '2.5') WHERE seq = 4", 4),
        ("UPDATE entries SET at = '2020-01-01T00:00:00.000+00:00' WHERE seq = 1", 1),
        ("UPDATE entries SET digest = '0' WHERE seq = 2", 2),
        ("DELETE FROM entries WHERE seq = 2", 3),
        ("DELETE FROM entries WHERE seq = 1", 2),
    ],
)
def test_tampering_shows(tmp_path: Path, statement: str, broken: int) -> None:
    journal = filled(tmp_path / "j.sqlite")
    assert journal.verify().problems == ()
    tampered(journal, statement)
    verified = journal.verify()
    assert verified.broken == broken
    assert f"entry {broken} of " in verified.problems[0]


def test_a_cut_end_and_a_journal_rewritten_show_where_a_version_was_noted(tmp_path: Path) -> None:
    journal = filled(tmp_path / "j.sqlite")
    noted = journal.version()
    other = filled(tmp_path / "other.sqlite", 6)
    assert journal.verify([noted, Version()]).problems == ()
    tampered(journal, "DELETE FROM entries WHERE seq > 3")
    assert journal.verify().problems == ()
    assert journal.verify([noted]).problems == ("the journal held 5 entries once, and holds 3: its end was taken off.",)
    assert "rewritten" in other.verify([noted]).problems[0]


def test_nothing_changes_or_removes_an_entry(tmp_path: Path) -> None:
    journal = filled(tmp_path / "j.sqlite")
    with sqlite3.connect(journal.path) as database:
        for statement in ("UPDATE entries SET body = ''", "DELETE FROM entries"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                database.execute(statement)
    database.close()


def test_a_folder_that_cannot_be_written_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = filled(tmp_path / "j.sqlite")
    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with_files = []
    connect = sqlite3.connect

    def watched(address: str, *rest: object, **more: object) -> sqlite3.Connection:
        with_files.append(address)
        return connect(address, *rest, **more)

    monkeypatch.setattr(sqlite3, "connect", watched)
    assert len(journal.entries()) == 5
    assert "immutable=1" in with_files[0]
    assert sorted(tmp_path.iterdir()) == before


def test_what_noted_versions_this_journal_went_through(tmp_path: Path) -> None:
    journal = filled(tmp_path / "j.sqlite")
    noted = journal.version()
    assert journal.holds(noted)
    assert journal.holds(Version())
    tampered(journal, "DELETE FROM entries WHERE seq > 3")
    assert not journal.holds(noted)
    assert not journal.holds(Version(entries=1 << 70, head=noted.head))
    with pytest.raises(ValueError, match="greater than or equal to 0"):
        Version(entries=-3)


def test_only_one_annotator_begins_alone(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite")
    journal.append("AB", VIDEO, "looked")
    journal.append("CD", VIDEO, "began", began(), alone=True)
    journal.append("AB", "b" * 32, "began", began(), alone=True)
    with pytest.raises(Conflict, match="somebody else began"):
        journal.append("AB", VIDEO, "began", began(), alone=True)
    assert journal.annotators(VIDEO) == ["CD"]
    assert journal.annotators() == ["CD", "AB"]


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE entries SET body = '{}' WHERE seq = 3", "entry 3 of the review journal, of .* by AB, cannot be read"),
        ("UPDATE entries SET body = 'x' WHERE seq = 1", "entry 1 .* cannot be read"),
        ("UPDATE entries SET kind = 'made up' WHERE seq = 3", "entry 3 .* of no known kind: 'made up'"),
        ("UPDATE entries SET at = CAST(x'ff' AS TEXT)", "from a backup"),
    ],
)
def test_what_somebody_edited_is_refused_in_words(tmp_path: Path, statement: str, message: str) -> None:
    journal = filled(tmp_path / "j.sqlite")
    tampered(journal, statement)
    with pytest.raises(ActScribeError, match=message):
        journal.sheet(VIDEO, "AB")


def test_an_entry_after_which_no_number_is_left(tmp_path: Path) -> None:
    journal = filled(tmp_path / "j.sqlite")
    tampered(journal, f"UPDATE entries SET seq = {(1 << 63) - 1} WHERE seq = 5")
    with pytest.raises(ActScribeError, match="from a backup"):
        journal.append("AB", VIDEO, "looked")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "review").write_text("a file")
    with pytest.raises(ActScribeError, match="local disk"):
        Journal.of(tmp_path).append("AB", VIDEO, "looked")


def test_a_file_that_is_no_journal(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    path.write_bytes(b"these are words " * 100)
    with pytest.raises(ActScribeError, match="cannot be read or written as a review journal"):
        Journal(path).entries()


def is_whole(journal: Journal, entries: int) -> bool:
    """Tell whether a journal can be read, and holds so many entries as they were written."""
    try:
        return len(journal.entries()) == entries and not journal.verify().problems
    except ActScribeError:
        return False


def test_what_to_do_with_a_damaged_journal_leads_back_to_the_backup(tmp_path: Path) -> None:
    journal = filled(tmp_path / "journal.sqlite")
    backup = journal.path.read_bytes()
    for _ in range(20):
        journal.append("AB", VIDEO, "looked", Looked(run="r" * 3000))
    with closing(sqlite3.connect(journal.path)) as reader:  # so that the -wal stays, as after a crash
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM entries").fetchone()
        for _ in range(20):
            journal.append("AB", VIDEO, "looked", Looked(run="s" * 3000))
        left = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for name, content in (left | {journal.path.name: backup}).items():
        (tmp_path / name).write_bytes(content)  # whoever restores the one file alone
    assert not is_whole(journal, 5)
    for name in left:
        assert re.search(rf"\b{re.escape(name)}\b(?!-)", FROM_BACKUP)
        (tmp_path / name).unlink(missing_ok=True)
    journal.path.write_bytes(backup)
    assert is_whole(journal, 5)


def test_names_that_a_web_address_would_not_take(tmp_path: Path) -> None:
    journal = filled(tmp_path / "a study? 100 % #1 ü" / "j.sqlite")
    assert len(journal.entries()) == 5
    assert isinstance(journal.sheet(VIDEO, "AB"), Sheet)
