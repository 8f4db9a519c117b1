"""Suggestions in the background: a process of its own computes them, so that no page waits for a network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from actscribe.compute import Compute, chosen
from actscribe.review.recordings import Item
from actscribe.review.suggestions import Suggested, SuggestionFiles, run_digest
from actscribe.run_folder.run import Run


@dataclass(slots=True)
class Suggester:
    """The suggestions of one run.

    Args:
        run: complete.
        folder: where they are kept.
        background: compute what is asked for and not there yet; else only what is kept is shown.
        verdict: how the run stands, in sentences; empty: not looked into yet.
        compute: where the network runs.
    """

    run: Run
    folder: Path
    background: bool = True
    verdict: str = ""
    compute: Compute = field(default_factory=chosen)
    digest: str = field(init=False)
    _waiting: deque[Item] = field(default_factory=deque)
    _failed: dict[str, str] = field(default_factory=dict)
    _at_work: str = ""
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _process: subprocess.Popen[str] | None = None
    _ended: bool = False

    def __post_init__(self) -> None:
        self.digest = run_digest(self.run)

    def files_of(self, item: Item) -> SuggestionFiles:
        """Return where the suggestions for a recording are kept."""
        return SuggestionFiles(self.folder, self.digest, item.content)

    def of(self, item: Item) -> Suggested | None:
        """Return the suggestions for a recording; None: they are not there yet, and will be computed next."""
        suggested = self.files_of(item).read()
        if suggested is None:
            self.ask([item], first=True)
        return suggested

    def state(self, item: Item) -> str:
        """Return "ready", "computing", "none" or why there are none."""
        if self.files_of(item).timeline.is_file():
            return "ready"
        with self._changed:
            waits = item in self._waiting or self._at_work == item.id
            return self._failed.get(item.id, "computing" if waits else "none")

    def ask(self, wanted: Iterable[Item], first: bool = False) -> None:
        """Have the suggestions for recordings computed, before all others or after them."""
        with self._changed:
            if not self.background or self._ended:
                return
            for item in wanted:
                if item.id in self._failed or item.id == self._at_work:
                    continue
                with suppress(ValueError):
                    self._waiting.remove(item)
                (self._waiting.appendleft if first else self._waiting.append)(item)
            if self._process is None and self._waiting:
                self._start()
            self._changed.notify_all()

    def close(self) -> None:
        """End the process that computes; what it was at is computed again another time."""
        with self._changed:
            self._ended = True
            process = self._process
            self._changed.notify_all()
        if process is not None:
            _end(process)

    def _start(self) -> None:
        home = str(Path(__file__).resolve().parents[2])
        paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
        # Not from the folder that it is started in: a study may hold a file that is called like a module.
        command = [sys.executable, "-P", "-c", "from actscribe.review.prepare import main; main()"]
        self._process = subprocess.Popen(
            [*command, str(self.run.folder), str(self.folder), json.dumps(asdict(self.compute))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        )
        threading.Thread(target=self._work, args=(self._process,), name="suggestions", daemon=True).start()

    def _work(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        while True:
            with self._changed:
                self._at_work = ""
                while not self._waiting and not self._ended:
                    self._changed.wait()
                if self._ended:
                    return
                item = self._waiting.popleft()
                self._at_work = item.id
            job = {"video": str(item.recording.video), "content": item.content, "name": item.recording.name}
            reply = ""
            with suppress(OSError, ValueError):
                process.stdin.write(json.dumps(job) + "\n")
                process.stdin.flush()
                reply = process.stdout.readline()
            with self._changed:
                if self._ended:
                    return
                if not reply:  # it died: of one recording, or of the run; the rest is not tried in a circle
                    why = "the process that computes suggestions ended"
                    self._failed |= {one.id: why for one in (item, *self._waiting)}
                    self._waiting.clear()
                    self._process, self._at_work = None, ""
                    _end(process)
                    return
                why = str(json.loads(reply).get("error", ""))
                if why:
                    self._failed[item.id] = why


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError, ValueError):  # what was not sent yet, or the thread that reads from it
                pipe.close()
