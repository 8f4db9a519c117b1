"""Lines on a terminal: as wide as it is, with what is copied whole."""

from __future__ import annotations

import io
import sys

import pytest

from actscribe.cli.terminal import tell
from actscribe.progress import say
from actscribe.wrapping import wrapped

COMMAND = "actscribe train /a/folder/of/studies/with/a/long/name/study --recognizer timesformer-of-ours --overwrite"


class Terminal(io.StringIO):
    """A terminal of 80 columns."""

    def isatty(self) -> bool:
        """Say that it is one."""
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("COLUMNS", "80")
    return Terminal()


def test_words_are_wrapped_and_a_path_and_a_command_are_not(terminal: Terminal) -> None:
    path = "/data/" + "x" * 90
    lines = wrapped(f"{'word ' * 30}\n{path} is long. Type: {COMMAND}\nIt's '{COMMAND}' again", terminal).split("\n")
    assert path in lines
    assert COMMAND in lines
    assert f"'{COMMAND}'" in lines
    assert all(len(line) <= 80 for line in lines if line not in (path, COMMAND, f"'{COMMAND}'"))


def test_a_pipe_gets_lines_as_they_are() -> None:
    assert wrapped("word " * 30, io.StringIO()) == "word " * 30


@pytest.mark.parametrize("tells", [tell, say])
def test_errors_and_warnings_are_as_wide_as_the_terminal(  # type: ignore[no-untyped-def]
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tells
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal)
    tells("Warning: " + "word " * 40)
    lines = terminal.getvalue().splitlines()
    assert len(lines) == 3
    assert max(map(len, lines)) <= 80
