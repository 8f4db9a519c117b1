"""Counting what a process does to the disk, and ending it at one of these moments."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

#: Python's audit events of changes to the disk (opening a file to write is one more).
_CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.chmod", "os.link", "shutil.rmtree"}


@dataclass(slots=True)
class Counter:
    """Counts renames, changes of the disk and optimizer steps of this process, and may end it at one of them."""

    kill: Callable[[str, Counter], bool] = lambda event, counter: False
    renames: int = 0
    changes: int = 0
    steps: int = 0
    note: Path = Path()

    def install(self) -> None:
        """Listen from now on."""
        from torch.optim.optimizer import register_optimizer_step_pre_hook

        sys.addaudithook(self._heard)
        register_optimizer_step_pre_hook(lambda *_: self._count("step"))

    def write(self) -> None:
        """Write the counts to the note."""
        self.note.write_text(json.dumps([self.renames, self.changes, self.steps]))

    def _heard(self, event: str, arguments: tuple) -> None:
        if event in _CHANGES:
            self._count("rename" if event == "os.rename" else "change")
        elif event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR):
            self._count("change")

    def _count(self, event: str) -> None:
        self.renames += event == "rename"
        self.changes += event != "step"
        self.steps += event == "step"
        if self.kill(event, self):
            os.kill(os.getpid(), signal.SIGKILL)
