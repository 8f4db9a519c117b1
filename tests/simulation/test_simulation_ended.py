"""A simulation that is ended leaves no process that goes on filming."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from spawned_processes import spawned

from actscribe.workers import cores

#: `actscribe`, to which Ctrl-C means what it means on a terminal, whatever started these tests.
PROGRAM = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\nfrom actscribe.cli import main; main()"
)
PATIENCE_S = 120.0


@pytest.mark.skipif(cores() < 2, reason="one core films in the command itself")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_whoever_films_ends_with_the_command(tmp_path: Path, ending: signal.Signals) -> None:
    words = ["simulate", str(tmp_path / "out"), "--recordings", "4", "--minutes", "60"]
    printed = tmp_path / "printed"
    with printed.open("w", encoding="utf-8") as file:
        command = subprocess.Popen([sys.executable, "-c", PROGRAM, *words], stderr=file, start_new_session=True)
    films: list[psutil.Process] = []
    end = time.monotonic() + PATIENCE_S
    try:
        while len(films) < 2 and command.poll() is None and time.monotonic() < end:
            time.sleep(0.1)
            films = spawned(command.pid)
        while command.poll() is None and time.monotonic() < end:
            command.send_signal(ending)  # again, as a person does: while a process starts Ctrl-C is not heard
            time.sleep(0.5)
        assert command.poll() is not None
        _, alive = psutil.wait_procs(films, timeout=20)
        assert (len(films), alive) == (2, [])
    finally:
        command.kill()
        command.wait()
        for one in films:
            if one.is_running():
                one.kill()
    if ending == signal.SIGINT:  # a process that was just starting may miss the one who was killed, and print it
        assert "Traceback" not in printed.read_text(encoding="utf-8")
