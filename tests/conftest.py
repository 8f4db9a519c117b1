"""Every test runs without a network, without the user's caches and with one thread of arithmetic."""

from __future__ import annotations

import gc
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ.setdefault("OMP_NUM_THREADS", "2")

import pytest
from decoders import Staying
from hypothesis import settings

settings.register_profile("actscribe", deadline=None, derandomize=True, max_examples=40)
settings.load_profile("actscribe")


def pytest_collection_finish() -> None:
    """Take what was imported out of sight of the garbage collector, which each training calls: a third of a second."""
    gc.collect()
    gc.freeze()


LOOPBACK = ("127.", "::1", "localhost")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that would leave this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> object:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not str(address[0]).startswith(LOOPBACK):
            raise AssertionError(f"a test tried to reach {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session", autouse=True)
def no_waiting_for_the_disk() -> Iterator[None]:
    """Leave writing files through to the disk to the system: it takes 10 ms a file, and no test cuts the power."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda file: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def staying_decoders() -> Iterator[Staying]:
    """Let one decoder serve one test after the other."""
    staying = Staying()
    with staying.kept():
        yield staying


@pytest.fixture
def own_decoders(staying_decoders: Staying, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start decoders for this test, and end them with it."""
    staying_decoders.end()
    monkeypatch.setattr(staying_decoders, "on", False)


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep decoded frames of tests out of the user's cache."""
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture(scope="session")
def short_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of three short videos, to read and never to change."""
    from short_studies import write_short_study

    return write_short_study(tmp_path_factory.mktemp("short-study"))


@pytest.fixture
def study(short_study: Path, tmp_path: Path) -> Path:
    """A copy of the short study, to do with as one likes."""
    return shutil.copytree(short_study, tmp_path / "study")


@pytest.fixture(scope="session")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six recordings and a tiny model, to copy."""
    from small_studies import lamp_study
    from tiny_models import tiny_timesformer

    folder = tmp_path_factory.mktemp("filmed")
    lamp_study(folder, 6, 6.0)
    tiny_timesformer(folder / "tiny")
    return folder
