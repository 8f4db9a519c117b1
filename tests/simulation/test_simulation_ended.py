"""A simulation that is ended leaves no process that goes on filming."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from actscribe.workers import cores


@pytest.mark.skipif(cores() < 2, reason="one core films in the command itself")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_whoever_films_ends_with_the_command(tmp_path: Path, ending: signal.Signals) -> None:
    words = ["simulate", str(tmp_path / "out"), "--recordings", "4", "--minutes", "60"]
    command = subprocess.Popen(
        [sys.executable, "-m", "actscribe", *words], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    films: list[psutil.Process] = []
    try:
        while len(films) < 2 and command.poll() is None:
            time.sleep(0.02)
            films = [one for one in psutil.Process(command.pid).children() if "spawn_main" in " ".join(one.cmdline())]
        command.send_signal(ending)
        printed = command.communicate(timeout=60)[1]
    finally:
        command.kill()
    _, alive = psutil.wait_procs(films, timeout=20)
    assert (len(films), alive) == (2, [])
    assert "Traceback" not in printed
