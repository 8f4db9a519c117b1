"""A watcher is killed, and a stream is cut: nothing that was told is lost, and what follows is true."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from live_killed import cut_stream, killed_watcher, left_out_untold, write_sources


@pytest.mark.slow
def test_a_kill_and_a_cut_lose_nothing(tmp_path: Path) -> None:
    write_sources(tmp_path / "sources")
    rng = np.random.default_rng(1)
    assert killed_watcher(tmp_path / "sources", tmp_path / "killed", rng) == ("", "")
    assert cut_stream(tmp_path / "sources", tmp_path / "cut", rng) == ("", "")


def test_what_is_left_out_has_to_be_told_and_never_at_a_kill() -> None:
    def lines(*of: tuple[str, float]) -> list[dict[str, object]]:
        made = {
            "session": lambda value: {"stride_s": value},
            "stride": lambda value: {"stride_s": value},
            "window": lambda value: {"start": value},
            "gap": lambda value: {"start": value, "end": value + 2},
        }
        return [{"kind": kind, **made[kind](value)} for kind, value in of]

    begin = [("session", 1.0), ("window", 0.0), ("window", 1.0)]
    assert left_out_untold(lines(*begin, ("window", 2.0))) == []
    assert left_out_untold(lines(*begin, ("window", 4.0))) == [4.0]
    assert left_out_untold(lines(*begin, ("stride", 3.0), ("window", 4.0))) == []
    assert left_out_untold(lines(*begin, ("gap", 2.0), ("window", 4.0))) == []
    assert left_out_untold(lines(*begin, ("session", 1.0), ("window", 2.0))) == []
    assert left_out_untold(lines(*begin, ("session", 1.0), ("gap", 2.0), ("window", 4.0))) == [4.0]
