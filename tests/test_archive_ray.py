"""An archive on a Ray cluster of several nodes on this machine, one of which is killed in the middle."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import archives
import pytest

from actscribe.archive.cluster import ENVIRONMENT, RayPool, computed_by_cluster
from actscribe.archive.listing import Video
from actscribe.archive.pool import hand_out
from actscribe.archive.task import Outcome
from actscribe.archive.work import computed_here
from actscribe.compute import Compute
from actscribe.errors import ActScribeError
from actscribe.models.device import computing
from actscribe.progress import report_to

HEAD = {"num_cpus": 1, "include_dashboard": False}
#: Ray reads the environment while it is imported, so it is not imported to see whether it is there.
INSTALLED = importlib.util.find_spec("ray") is not None
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not INSTALLED, reason="Ray is not installed"),
    pytest.mark.filterwarnings("default"),  # what Ray says of itself
]


@pytest.fixture(autouse=True)
def no_network() -> None:
    """Let nodes of this machine talk to each other by its own address, which Ray takes in place of the loopback's."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        patch.setenv("RAY_AUTH_TOKEN", "0123456789abcdef" * 4)
        folder = Path(__file__).parent
        patch.setenv("PYTHONPATH", os.pathsep.join([str(folder), str(folder.parent / "src")]))
        from ray.cluster_utils import Cluster

        made = Cluster(initialize_head=True, head_node_args=HEAD)
        yield made
        made.shutdown()


def test_a_node_that_is_killed_loses_nothing(cluster: Any, tmp_path: Path) -> None:
    import ray

    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    contents = {f"{index:02}.mp4": archives.SLOW + b"x" * index for index in range(60)}
    contents |= {"text.mp4": archives.BROKEN, "copy.mp4": contents["30.mp4"], "poison.mp4": archives.POISON}
    archive, videos = archives.begun(archives.fill(tmp_path / "in", contents), tmp_path / "out")
    killed: list[str] = []

    def tell(video: Video, outcome: Outcome) -> None:
        if len(archives.noted(archive)) > 20 and not killed:
            killed.append(video.name)
            cluster.remove_node(nodes[0], allow_graceful=False)

    with closing(RayPool(archive, archives.make, cluster.address, Compute(), 3)) as pool:
        outcomes = hand_out(archive, videos, pool, tell)
    assert killed
    assert not ray.is_initialized()
    assert sorted(one.key for one in outcomes) == sorted(video.key for video in videos)
    failed = {one.name: one.reason for video in videos if (one := archive.failed(video)) is not None}
    assert failed == {
        "text.mp4": "not a video.",
        "poison.mp4": "2 workers died while they were at it, so it was set aside.",
    }
    good = [name for name in contents if name not in failed]
    assert archives.timelines(archive) == archives.wanted(contents, good)
    assert list((archive.folder / "state" / "claims").glob("[!.]*")) == []
    assert len(archives.noted(archive)) <= len(good) + 1  # what the killed node was at


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("127.0.0.1:1", r"No Ray cluster answers at '127\.0\.0\.1:1'"),
        ("somewhere", "is not the address of a Ray cluster"),
    ],
)
def test_without_a_cluster_a_sentence_says_so_at_once(tmp_path: Path, address: str, message: str) -> None:
    archive, _ = archives.begun(archives.fill(tmp_path / "in", {"a.mp4": b"x"}), tmp_path / "out")
    with pytest.raises(ActScribeError, match=message):
        RayPool(archive, archives.make, address, Compute(), None)


def test_while_no_worker_of_the_cluster_is_ready_it_is_said_once(cluster: Any, tmp_path: Path) -> None:
    archive, videos = archives.begun(archives.fill(tmp_path / "in", {"a.mp4": b"x"}), tmp_path / "out")
    lines: list[str] = []
    with (
        report_to(lambda report: lines.append(str(report))),
        closing(RayPool(archive, archives.make, cluster.address, Compute(), 1)) as pool,
    ):
        assert pool.hear(0.001) == []
        assert lines == []  # half a minute has not gone by
        pool._say_late = 0.0
        assert pool.hear(0.001) == pool.hear(0.001) == []
        (sentence,) = lines
        assert "all cores are taken by other work" in sentence
        hand_out(archive, videos, pool, lambda *_: None)
    assert lines == [sentence]
    assert archive.is_done(videos[0])


def test_what_is_computed_with_is_told_by_a_node(cluster: Any) -> None:
    with computing(Compute("cpu", 1, 5)):
        of_this_machine = computed_here()
    assert computed_by_cluster(cluster.address, Compute("cpu", 1, 5)) == of_this_machine
    with pytest.raises(ActScribeError, match="Unknown device 'abacus'"):
        computed_by_cluster(cluster.address, Compute("abacus"))


def test_a_worker_takes_a_core_for_each_of_its_threads(cluster: Any, tmp_path: Path) -> None:
    archive, videos = archives.begun(archives.fill(tmp_path / "in", {"a.mp4": b"x"}), tmp_path / "out")
    with pytest.raises(ActScribeError, match=r"No node of the cluster has 5 cores.* the largest has 1") as refused:
        RayPool(archive, archives.make, cluster.address, Compute(threads=5), None)
    assert refused.value.hint.startswith("Type --threads 1 or fewer")
    node = cluster.add_node(num_cpus=5)
    try:
        with closing(RayPool(archive, archives.make, cluster.address, Compute(threads=2), None)) as pool:
            assert len(pool._actors) == 2  # one core is left, and the other node's one
            hand_out(archive, videos, pool, lambda *_: None)
    finally:
        cluster.remove_node(node)
    assert archive.is_done(videos[0])


def test_a_node_that_lacks_what_it_is_to_run_is_named_with_the_reason(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one where ActScribe is not installed: what it is sent is of a module that it has not."""
    monkeypatch.setitem(sys.modules, "only_here", module := ModuleType("only_here"))
    exec("from actscribe.compute import Compute\nclass Other(Compute): pass\ndef make(*_): pass", vars(module))
    reason = r"on [\d.]+: .*No module named 'only_here'"
    with pytest.raises(ActScribeError, match=rf"A node of the cluster cannot compute \({reason}\)"):
        computed_by_cluster(cluster.address, module.Other())
    archive, videos = archives.begun(archives.fill(tmp_path / "in", {"a.mp4": b"x"}), tmp_path / "out")
    with (
        closing(RayPool(archive, module.make, cluster.address, Compute(), 1)) as pool,
        pytest.raises(ActScribeError, match=rf"3 times before they were ready \({reason}\); what is done is kept"),
    ):
        hand_out(archive, videos, pool, lambda *_: None)


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("", "This machine has no token of a Ray cluster."),
        ("f" * 64, "does not let this machine in"),
    ],
)
def test_without_the_token_of_the_cluster_it_is_said_what_to_copy(
    cluster: Any, tmp_path: Path, token: str, message: str
) -> None:
    """In a process of its own: Ray keeps the first token that it has read."""
    own = {name: value for name, value in os.environ.items() if name != "RAY_AUTH_TOKEN"} | {"HOME": str(tmp_path)}
    program = f"""
from actscribe.archive.cluster import check_cluster
from actscribe.errors import ActScribeError
try:
    check_cluster({cluster.address!r})
except ActScribeError as error:
    print(error)
"""
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env=own | ({"RAY_AUTH_TOKEN": token} if token else {}),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert message in ended.stdout
    assert "Copy ~/.ray/auth_token of the cluster's first node" in ended.stdout
