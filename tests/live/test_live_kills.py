"""A watcher is killed, and a stream is cut: nothing that was told is lost, and what follows is true."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from live_killed import cut_stream, killed_watcher, write_sources


@pytest.mark.slow
def test_a_kill_and_a_cut_lose_nothing(tmp_path: Path) -> None:
    write_sources(tmp_path / "sources")
    rng = np.random.default_rng(1)
    assert killed_watcher(tmp_path / "sources", tmp_path / "killed", rng) == ("", "")
    assert cut_stream(tmp_path / "sources", tmp_path / "cut", rng) == ("", "")
