"""A run of lamps, and the recording that it is tested on."""

from __future__ import annotations

from pathlib import Path

import pytest
from live_lamps import lamp_run

from actscribe.run_folder.run import Run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return lamp_run(tmp_path_factory.mktemp("live") / "run")


@pytest.fixture(scope="module")
def video(run: Run) -> Path:
    return run.folder.parent / "study" / "r0.mp4"
