"""The simulation of a cluster: what can be worked out by hand, and that failures cost work and lose nothing."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

PLAIN = {
    "nodes": 2,
    "gpus": 2,
    "cores": 8,
    "video_s_per_gpu_s": 10.0,
    "video_s_per_core_s": 10.0,
    "overhead_s": 0.0,
    "operations": 0,
    "start_s": 5.0,
    "mtbf_s": 1e15,
}


@pytest.fixture
def simulation(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1]))
    return importlib.import_module("campaigns.cluster_simulation")


def test_what_can_be_worked_out_by_hand(simulation: Any) -> None:
    simulated = simulation.simulate([100.0] * 8, simulation.Cluster(**PLAIN))
    assert simulated.seconds == pytest.approx(5 + 2 * 10)  # two rounds of 100 s at 10 s a second
    assert (simulated.failures, simulated.again, simulated.lost_s) == (0, 0, 0.0)
    assert simulated.busy_gpu_s == pytest.approx(8 * 10)
    uneven = simulation.simulate([10.0, 10.0, 10.0, 10.0, 200.0], simulation.Cluster(**PLAIN))
    assert uneven.seconds == pytest.approx(5 + 20)  # the longest is begun first


@pytest.mark.parametrize(
    ("changes", "pace"),
    [
        ({}, 40.0),
        ({"cores": 1}, 20.0),
        ({"bytes_per_video_s": 10.0, "storage_bytes_s": 100.0}, 10.0),
    ],
)
def test_the_scarcest_part_sets_the_pace(simulation: Any, changes: dict[str, float], pace: float) -> None:
    cluster = simulation.Cluster(**{**PLAIN, **changes})
    assert min(cluster.paces().values()) == pace
    assert simulation.simulate([100.0] * 4, cluster).seconds == pytest.approx(5 + 400 / pace)


def test_directories_that_answer_slowly_set_the_pace_of_short_videos(simulation: Any) -> None:
    cluster = simulation.Cluster(**{**PLAIN, "operations": 50, "storage_operations_s": 100.0})
    simulated = simulation.simulate([0.001] * 40, cluster)
    assert simulated.operations_s == pytest.approx(100.0, rel=0.3)


def test_no_video_is_handed_out_before_all_workers_are_ready(simulation: Any) -> None:
    class Slow:
        give = close = None

        def __init__(self) -> None:
            self.left = [["first"], [], ["second"], ["outcome"]]

        def hear(self, seconds: float) -> list[str]:
            return self.left.pop(0)

    ready = simulation.Ready(Slow(), 2)
    assert ready.hear(1.0) == ["first", "second"]
    assert ready.hear(1.0) == ["outcome"]


@pytest.mark.parametrize("seed", range(5))
def test_failures_cost_work_and_lose_nothing(simulation: Any, seed: int) -> None:
    lengths = simulation.lengths(200.0, seed)
    assert sum(lengths) == pytest.approx(200 * 3600)
    calm = simulation.simulate(lengths, simulation.Cluster(**PLAIN), seed)
    rough = simulation.Cluster(**{**PLAIN, "mtbf_s": 4000.0, "repair_s": 300.0})
    simulated = simulation.simulate(lengths, rough, seed)
    assert simulated.failures > 0
    assert simulated.again > 0
    assert simulated.seconds > calm.seconds
    assert simulated.busy_gpu_s - simulated.lost_s == pytest.approx(calm.busy_gpu_s)
