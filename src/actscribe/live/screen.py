"""What a session looks like: lanes of the last minutes on a terminal, plain lines elsewhere, JSON for programs."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any

from actscribe.live.lines import Line
from actscribe.live.session import Shown, State
from actscribe.progress import clock

#: Seconds that the lanes show, from one mark to the next, and between two drawings.
SHOWN_S, MARK_S, DRAW_S = 120.0, 30.0, 0.25
#: Widest column of labels, and that of the score and the length of an open bar.
LABELS, SCORE = 20, 12
#: How a bar, its growing end, annotated time without one, time that is not annotated, and undecided time are drawn.
SIGNS, PLAIN_SIGNS = "█▶·?░", "#>.?~"


@dataclass(frozen=True, slots=True)
class Lane:
    """One label's line.

    Args:
        label: shortened to its column.
        cells: a character for each piece of time.
        score: of the newest window, and how long an open bar lasts already.
        open: whether a bar is open.
    """

    label: str
    cells: str
    score: str
    open: bool


def lanes(state: State, labels: Sequence[str], width: int, signs: str = SIGNS) -> tuple[list[Lane], str]:
    """Return the lanes of the last two minutes and the axis below them, each `width` characters wide.

    Args:
        state: to show.
        labels: a lane each, from above.
        width: of the terminal.
        signs: see `SIGNS`.
    """
    column = min(LABELS, max(len(label) for label in labels))
    cells = max(10, width - column - SCORE - 2)
    begin = max(0.0, state.at - SHOWN_S)
    piece = SHOWN_S / cells
    drawn = []
    for label in labels:
        bars = [bar for bar in state.bars if bar.label == label and bar.end > begin]
        row = [_cell(state, bars, begin + number * piece, piece, signs) for number in range(cells)]
        still = next((bar for bar in bars if bar.open), None)
        if still is not None:
            row[min(cells - 1, max(0, int((still.end - begin) / piece)))] = signs[1]
        lasts = clock(still.end - still.start) if still is not None else ""
        score = f"{state.scores[label]:.2f} {lasts}" if label in state.scores else ""
        drawn.append(Lane(_short(label, column).ljust(column), "".join(row), score.ljust(SCORE), still is not None))
    return drawn, " " * (column + 1) + _axis(begin, piece, cells)


def title(state: State, media: str, width: int) -> str:
    """Return the line above the lanes: the time, and what is watched; of a long path the end."""
    begins = f"{clock(state.at)}  "
    room = width - len(begins)
    return begins + (media if len(media) <= room else f"…{media[len(media) - room + 1 :]}")


def pace(state: State) -> str:
    """Return the line below it: how often a window is scored, and how late that is."""
    stride = f"a window every {state.stride:g} s"
    if state.stride > state.asked_stride:
        stride += f" (too slow for {state.asked_stride:g} s)"
    if state.latency is None:
        return stride
    return f"{stride}  late by {state.latency[0]:.1f} s (95 %: {state.latency[1]:.1f} s)"


def legend(signs: str = SIGNS) -> str:
    """Return what the signs of the lanes say."""
    meanings = ("runs", "goes on", "does not", "not annotated", "not decided yet")
    return "   ".join(f"{sign} {meaning}" for sign, meaning in zip(signs, meanings, strict=True))


class Together:
    """Several places where a session is shown.

    Args:
        places: each of them.
    """

    def __init__(self, *places: Shown) -> None:
        self._places = places

    def line(self, line: Line) -> None:
        """Show what happened everywhere."""
        for one in self._places:
            one.line(line)

    def draw(self, state: State) -> None:
        """Show how it stands everywhere."""
        for one in self._places:
            one.draw(state)


class Lines:
    """One plain line for each bar that begins or ends and for what happens to the source; for logs and pipes.

    Args:
        out: where they are printed.
    """

    def __init__(self, out: IO[str] | None = None) -> None:
        self._out = out or sys.stdout

    def line(self, line: Line) -> None:
        """Print what people want to know of a line."""
        words = in_words(line)
        if words:
            print(words, file=self._out, flush=True)

    def draw(self, state: State) -> None:
        """Print nothing: a log is not a screen."""


class JsonLines:
    """Every line as JSON, for other programs.

    Args:
        out: where they are printed.
    """

    def __init__(self, out: IO[str] | None = None) -> None:
        self._out = out or sys.stdout

    def line(self, line: Line) -> None:
        """Print a line."""
        print(json.dumps(line, ensure_ascii=False), file=self._out, flush=True)

    def draw(self, state: State) -> None:
        """Print nothing beside the lines."""


class Lanes:
    """The lanes of the last minutes, drawn again and again on a terminal.

    Args:
        media: what is watched.
        labels: a lane each.
        console: rich's; None: of standard output.
    """

    def __init__(self, media: str, labels: Sequence[str], console: Any = None) -> None:
        from rich.console import Console
        from rich.live import Live

        self._media, self._labels = media, list(labels)
        self._console = console or Console()
        self._live = Live(console=self._console, auto_refresh=False, transient=False)
        self._drawn = 0.0
        self._words: list[str] = []

    def __enter__(self) -> Lanes:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def line(self, line: Line) -> None:
        """Draw at once what a line tells with the next state."""
        if line["kind"] != "window":
            self._drawn = 0.0

    def draw(self, state: State) -> None:
        """Draw a state, at most four times a second."""
        now = time.monotonic()
        if now - self._drawn < DRAW_S:
            return
        self._drawn = now
        self._live.update(drawing(state, self._media, self._labels, self._console), refresh=True)


def drawing(state: State, media: str, labels: Sequence[str], console: Any) -> Any:
    """Return a state as rich draws it.

    Args:
        state: to show.
        media: what is watched.
        labels: a lane each.
        console: whose width and encoding count.
    """
    from rich.text import Text

    utf8 = "utf" in console.encoding.casefold()
    signs = SIGNS if utf8 else PLAIN_SIGNS
    drawn, axis = lanes(state, labels, console.width, signs)
    text = Text(no_wrap=True, overflow="crop")
    text.append(title(state, media, console.width) + "\n", "bold")
    text.append(_short(pace(state), console.width) + "\n", "yellow" if state.stride > state.asked_stride else "")
    for lane in drawn:
        text.append(f"{lane.label} ", "bold green" if lane.open else "")
        text.append(lane.cells, "green" if lane.open else "cyan")
        text.append(f" {lane.score}\n", "bold green" if lane.open else "dim")
    text.append(f"{axis}\n{_short(legend(signs), console.width)}", "dim")
    for words in state.sentences:
        text.append(f"\n{_short(words, console.width)}", "yellow")
    return text


def in_words(line: Line) -> str:
    """Return what a line says to people; empty for what is of interest to programs alone."""
    kind = line["kind"]
    if kind == "begins":
        return f"{clock(line['start'])}  {line['label']} begins"
    if kind == "ends":
        return f"{clock(line['end'])}  {line['label']} ends, after {line['end'] - line['start']:.1f} s"
    if kind == "source":
        return f"{clock(line['at'])}  {line['sentence']}"
    if kind == "stride":
        return f"{clock(line['at'])}  a window every {line['stride_s']:g} s from here on"
    if kind == "gap":
        return f"{clock(line['start'])}  not annotated until {clock(line['end'])}"
    return ""


def _cell(state: State, bars: Sequence[Any], start: float, piece: float, signs: str) -> str:
    """Return the sign of a piece of time: a bar wherever there is some of one, else what fills half of it."""
    end = start + piece
    if start >= state.at:
        return " "
    if any(min(end, bar.end) > max(start, bar.start) for bar in bars):  # the shortest bar is still one
        return signs[0]
    if any(min(end, stop) - max(start, begin) >= piece / 2 for begin, stop in state.unseen):
        return signs[3]
    return signs[4] if start >= state.decided else signs[2]


def _axis(begin: float, piece: float, cells: int) -> str:
    """Return times below the lanes, where they begin."""
    row = [" "] * (cells + SCORE)
    mark = -(-begin // MARK_S) * MARK_S
    while (column := round((mark - begin) / piece)) < cells:
        row[column : column + len(clock(mark)) + 1] = f"|{clock(mark)}"
        mark += MARK_S
    return "".join(row).rstrip()


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
