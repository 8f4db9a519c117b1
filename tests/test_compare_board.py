"""What is shown while a comparison runs: a table on a terminal, lines elsewhere."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from actscribe.compare.board import Board
from actscribe.compare.plan import Part
from actscribe.progress import Progress, say, track


def test_the_board_shows_a_table_on_a_terminal() -> None:
    drawn = StringIO()
    every = [Part("timesformer", 1), Part("vlm-list", 1), Part("timesformer", 2)]
    board = Board(every, Console(file=drawn, force_terminal=True, width=100))
    with board.shown():
        with board.on(every[0]):
            say(Progress("Training", "epoch 1/2", 75.0))
            table = board.table()
        board.finished(every[0], 0.25, reused=False)
        board.finished(every[2], 0.75, reused=False)
    cells = [list(column.cells) for column in table.columns]
    assert cells[0] == ["timesformer", "vlm-list"]
    assert cells[2:5] == [["Training", "waiting"], ["epoch 1/2", ""], ["1:15", ""]]
    assert str(table.caption).startswith("0 of 3 runs done after 0:0")
    last = [list(column.cells) for column in board.table().columns]
    assert last[1:3] == [["2/2", "0/1"], ["done", "waiting"]]
    assert last[5] == ["0.500", "–"]
    assert "timesformer" in drawn.getvalue()


def test_elsewhere_it_prints_lines(capsys: pytest.CaptureFixture[str]) -> None:
    part = Part("timesformer", 1)
    board = Board([part], Console(file=StringIO()))
    with board.shown(), board.on(part):
        assert list(track(range(3), "Scoring test")) == [0, 1, 2]
        say(Progress("Training", "epoch 1/2", 75.0))
    board.finished(part, 0.5, reused=True)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "timesformer, seed 1: Training: epoch 1/2, about 1:15 left",
        "timesformer, seed 1: was done already, macro F1 0.500",
    ]
    say("Outside")
    assert capsys.readouterr().err == "Outside\n"


def test_a_sentence_is_printed_whatever_it_ends_with() -> None:
    drawn, part = StringIO(), Part("timesformer", 1)
    board = Board([part], Console(file=drawn, width=100))
    with board.on(part):
        say("Recordings that are left out: 3/40")
    assert drawn.getvalue() == "timesformer, seed 1: Recordings that are left out: 3/40\n"
    assert list(board.table().columns[2].cells) == ["waiting"]
