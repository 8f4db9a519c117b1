"""A page that is still open finds the server that is started next: at the same port, and never another review's."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from review_killed import Server
from review_server import Client, client, ids, session
from small_studies import LEFT

from actscribe.journal import Journal
from actscribe.local_page.listening import LOOPBACK, Listening, listen
from actscribe.review.app import PAGE_OF
from actscribe.review.folder import ReviewFolder
from actscribe.review.ports import keep_port, listen_again


@contextmanager
def listening(study: Path, annotator: str = "AB", port: int = 0) -> Iterator[tuple[Listening, list[str]]]:
    """A socket as the command has it, its port kept as the command keeps it."""
    at, words = listen_again(study, annotator, LOOPBACK, port, None, None)
    with at.socket:
        keep_port(ReviewFolder.of(study), annotator, at.port)
        yield at, words


def test_the_next_server_has_the_port_of_the_last_one_and_other_secrets(study: Path) -> None:
    first = Server(study)
    first.kill()
    again = Server(study)
    again.kill()
    assert again.port == first.port
    assert again.cookie != first.cookie
    kept = (study / "review/ports.json").read_text(encoding="utf-8")
    assert json.loads(kept) == {"AB": first.port}  # and nothing by which anybody gets in


def test_a_port_that_is_taken_is_told_and_another_one_served(study: Path) -> None:
    with listening(study) as (first, words):
        assert words == []
        with listening(study) as (second, moved):
            assert second.port != first.port
            assert str(first.port) in moved[0]
            port = second.port
    with listening(study) as (third, _):
        assert third.port == port


def test_annotators_have_a_port_each_and_one_that_is_asked_for_counts(study: Path) -> None:
    with listening(study, "AB") as (first, _), listening(study, "CD") as (other, words):
        ports = {"AB": first.port, "CD": other.port}
        assert words == []
    for name, port in ports.items():
        with listening(study, name) as (again, _):
            assert again.port == port
    with closing(socket.socket()) as free:
        free.bind((LOOPBACK, 0))
        wanted = free.getsockname()[1]
    with listening(study, "AB", wanted) as (asked, _):
        assert asked.port == wanted


@pytest.mark.parametrize("text", ["", "[]", '{"AB": "x"}', '{"AB": 99999999}', '{"AB": -1}', '{"AB": 0}', "\xff"])
def test_whatever_is_in_the_file_a_port_is_found(study: Path, text: str) -> None:
    (study / "review").mkdir()
    (study / "review/ports.json").write_text(text, encoding="latin-1")
    with listening(study) as (at, _):
        assert at.port


def test_two_servers_never_have_one_port_even_before_they_answer() -> None:
    with listen(LOOPBACK, 0).socket as first, pytest.raises(Exception, match="Nothing can be served"):
        listen(LOOPBACK, first.getsockname()[1])


def test_an_open_page_gives_nothing_to_the_server_of_another_annotator_or_study(study: Path, tmp_path: Path) -> None:
    other = shutil.copytree(study, tmp_path / "other")
    page = client(study, "AB")
    shown = page.get("/api/study").json["review"]
    id = ids(page)["train"]
    again = client(study, "AB")
    assert again.get("/api/study", **{PAGE_OF: shown}).status == 200
    for stranger in (client(study, "CD"), client(other, "AB")):
        answer = stranger.post(
            f"/api/recordings/{id}/actions",
            {"revision": 0, "why": "mark", "ops": [{"op": "mark", "start": 0, "end": 1, "labels": [LEFT]}]},
            **{PAGE_OF: shown},
        )
        assert answer.status == 403
        assert "another annotator or study" in answer.json["hint"]
        assert not Journal.of(stranger.session.study.folder).annotators()


def test_the_cookie_of_the_last_server_is_nothing_to_the_next_one(study: Path) -> None:
    former = client(study).cookie
    assert Client(session(study), former).get("/api/study").status == 403
