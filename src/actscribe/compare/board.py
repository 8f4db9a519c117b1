"""How a comparison is going: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from rich import box
from rich.console import Console
from rich.live import Live
from rich.table import Table

from actscribe.compare.plan import Part
from actscribe.progress import LINE_EVERY_S, Progress, Report, clock, report_to


@dataclass(slots=True)
class _Row:
    """One recognizer: how many of its parts there are and are done, what each does that runs, macro F1 of its seeds."""

    total: int
    done: int = 0
    running: dict[Part, Progress] = field(default_factory=dict)
    f1: list[float] = field(default_factory=list)


class Board:
    """Shows what each recognizer of a comparison is doing.

    Args:
        parts: all that there is to do.
        console: to draw on; on one that is not a terminal plain lines are printed instead.
    """

    def __init__(self, parts: Sequence[Part], console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, markup=False, emoji=False)  # names are no commands
        names = [part.recognizer for part in parts]
        self._rows = {name: _Row(names.count(name)) for name in names}
        self._live: Live | None = None
        self._done: set[Part] = set()
        self._last = 0.0
        self._start = time.monotonic()

    @contextmanager
    def shown(self) -> Iterator[Board]:
        """Keep the table on the terminal while the block runs; what is printed meanwhile scrolls above it."""
        if not self._console.is_terminal:
            yield self
            return
        with Live(self.table(), console=self._console, refresh_per_second=4) as live:
            self._live = live
            try:
                yield self
            finally:
                live.update(self.table())
                self._live = None

    @contextmanager
    def on(self, part: Part) -> Iterator[None]:
        """Attribute progress reported inside the block to a part."""
        with report_to(partial(self.tell, part)):
            yield

    def tell(self, part: Part, report: Report) -> None:
        """Show what a part is doing; a sentence is printed as it is."""
        if isinstance(report, str):
            self._console.print(f"{part.words}: {report}", highlight=False, markup=False, soft_wrap=True)
            return
        self._rows[part.recognizer].running[part] = report
        if self._live is not None:
            self._live.update(self.table())
            return
        now = time.monotonic()
        if now - self._last >= LINE_EVERY_S:
            self._last = now
            self._print(f"{part.words}: {report}")

    def finished(self, part: Part, macro_f1: float, reused: bool) -> None:
        """Say that a part is done; a second time, after its cost was measured, says nothing."""
        row = self._rows[part.recognizer]
        row.running.pop(part, None)
        if part in self._done:
            return
        self._done.add(part)
        row.done += 1
        if part.recordings is None:
            row.f1.append(macro_f1)
        if self._live is not None:
            self._live.update(self.table())
        else:
            how = "was done already" if reused else f"done after {clock(time.monotonic() - self._start)}"
            self._print(f"{part.words}: {how}, macro F1 {macro_f1:.3f}")

    def table(self) -> Table:
        """Return the table as it stands."""
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
        table.add_column("recognizer", no_wrap=True)
        table.add_column("runs", justify="right", no_wrap=True)
        table.add_column("stage", no_wrap=True)
        table.add_column("progress", overflow="fold")
        table.add_column("left", justify="right", no_wrap=True)
        table.add_column("macro F1", justify="right", no_wrap=True)
        for name, row in self._rows.items():
            waiting = Progress("done" if row.done == row.total else "waiting", "")
            last = list(row.running.values())[-1] if row.running else waiting
            mean = f"{sum(row.f1) / len(row.f1):.3f}" if row.f1 else "–"
            left = "" if last.left is None else ("over " if last.more else "") + clock(last.left)
            table.add_row(name, f"{row.done}/{row.total}", last.stage, last.done, left, mean)
        done, total = (sum(getattr(row, name) for row in self._rows.values()) for name in ("done", "total"))
        table.caption = f"{done} of {total} runs done after {clock(time.monotonic() - self._start)}"
        return table

    def _print(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)
