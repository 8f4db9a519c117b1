"""Long sessions: what was read of the journal once is not read again, and is still what lies on disk."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from review_server import Client, client, ids, opened, put
from small_studies import LEFT

from actscribe.journal import Entry, Journal

LONG = 40


def act(browser: Client, id: str, revision: int, end: float) -> int:
    body = {"revision": revision, "why": "move end", "ops": [put(LEFT, 0, end)]}
    answer = browser.post(f"/api/recordings/{id}/actions", body)
    assert answer.status == 200, answer.body
    return int(answer.json["revision"])


def ends(recording: Any) -> list[float]:
    return [one["end"] for one in recording["bouts"]]


@pytest.fixture
def long(study: Path) -> tuple[Client, str, int]:
    """A browser after many actions, the recording, and its revision."""
    browser = client(study, independent=True)
    id = ids(browser)["train"]
    revision = opened(browser, id)["revision"]
    for number in range(LONG):
        revision = act(browser, id, revision, 1 + number / LONG)
    return browser, id, revision


def test_no_key_costs_more_the_longer_the_journal_is(
    long: tuple[Client, str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, id, revision = long
    bodies = []
    read = Entry.read
    monkeypatch.setattr(Entry, "read", lambda self, kind: (bodies.append(self.seq), read(self, kind))[1])
    revision = act(browser, id, revision, 2.5)
    assert bodies == [revision]
    assert ends(opened(browser, id)) == [2.5]
    assert browser.post(f"/api/recordings/{id}/undo", {"revision": revision}).status == 200
    assert sum(one <= LONG for one in bodies) <= 1  # what was shown at first, which is one entry


def test_another_window_and_another_journal_in_the_place_are_seen(long: tuple[Client, str, int], study: Path) -> None:
    browser, id, revision = long
    backup = study / "backup"
    shutil.copytree(study / "review", backup)
    other = client(study, independent=True)
    revision = act(other, id, revision, 2.25)
    assert ends(opened(browser, id)) == [2.25]
    revision = act(browser, id, revision, 2.75)
    assert ends(opened(other, id)) == [2.75]
    shutil.rmtree(study / "review")
    backup.rename(study / "review")
    assert ends(opened(browser, id)) == [1 + (LONG - 1) / LONG]
    stale = {"revision": revision, "why": "move end", "ops": [put(LEFT, 0, 1)]}
    assert browser.post(f"/api/recordings/{id}/actions", stale).status == 409
    for path in Journal.of(study).path.parent.glob("journal.sqlite*"):
        path.unlink()
    assert opened(browser, id)["bouts"] == []


def test_a_sheet_that_was_given_out_stays_as_it_was(long: tuple[Client, str, int]) -> None:
    browser, id, revision = long
    sheets, content = browser.session.sheets, browser.session.items[id].content
    given = [sheets.of(content), sheets.load(content), sheets.all()[0]]
    states = [one and (dict(one.bouts), dict(one.reviewed), one.revision, one.can_undo) for one in given]
    act(browser, id, revision, 2.5)
    assert [one and (dict(one.bouts), dict(one.reviewed), one.revision, one.can_undo) for one in given] == states
