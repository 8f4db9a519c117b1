"""Processes that others have started."""

from __future__ import annotations

from contextlib import suppress

import psutil


def spawned(pid: int) -> list[psutil.Process]:
    """Return the children of a process that multiprocessing has spawned, none that has just ended."""
    workers = []
    for child in psutil.Process(pid).children():
        with suppress(psutil.NoSuchProcess):  # a zombie is one, too
            if "spawn_main" in " ".join(child.cmdline()):
                workers.append(child)
    return workers
