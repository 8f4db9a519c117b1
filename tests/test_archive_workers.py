"""Workers of one machine: what dies, hangs or refuses costs its own video and nothing else."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import archives
import psutil
import pytest

from actscribe.archive.folder import Archive
from actscribe.archive.listing import Video
from actscribe.archive.local import LocalPool
from actscribe.archive.pool import hand_out
from actscribe.archive.task import Outcome, Work
from actscribe.compute import Compute
from actscribe.errors import ActScribeError

ONE = Compute("cpu", 1)


def run(archive: Archive, videos: list[Video], workers: int = 2) -> tuple[list[Outcome], list[str]]:
    """Let workers do videos; return the outcomes and the names in the order in which they ended."""
    finished: list[str] = []
    with closing(LocalPool(archive, archives.make, [ONE] * workers)) as pool:
        outcomes = hand_out(archive, videos, pool, lambda video, outcome: finished.append(video.name))
    return outcomes, finished


@contextmanager
def listing(archive: Archive, compute: Compute) -> Iterator[Work]:
    """Do made-up videos, and write down what a worker is told of those that come next."""

    def begin(videos: Sequence[Video]) -> None:
        with (archive.folder / "begun").open("a", encoding="utf-8") as file:
            print(*(video.name for video in videos), file=file)

    made = archives.work(archive)
    yield Work(made.open, made.score, begin)


def test_a_worker_is_told_what_comes_next(tmp_path: Path) -> None:
    contents = {f"{name}.mp4": b"x" * (9 - index) for index, name in enumerate("abc")}
    archive, videos = archives.begun(archives.fill(tmp_path / "in", contents), tmp_path / "out")
    with closing(LocalPool(archive, listing, [ONE])) as pool:
        hand_out(archive, videos, pool, lambda *_: None)
    assert (archive.folder / "begun").read_text().splitlines() == ["a.mp4 b.mp4", "b.mp4 c.mp4", "c.mp4"]


@pytest.mark.slow
def test_many_videos_and_a_poisonous_one(tmp_path: Path) -> None:
    contents = {f"{index:02}.mp4": b"x" * (index + 10) for index in range(30)}
    contents |= {"poison.mp4": archives.POISON, "text.mp4": archives.BROKEN, "copy.mp4": contents["07.mp4"]}
    archive, videos = archives.begun(archives.fill(tmp_path / "in", contents), tmp_path / "out")
    outcomes, finished = run(archive, videos)
    assert sorted(finished) == sorted(contents)
    assert {one.how for one in outcomes} == {"done", "failed"}
    good = [name for name in contents if name not in ("poison.mp4", "text.mp4")]
    assert archives.timelines(archive) == archives.wanted(contents, good)
    failed = {one.name: one for video in videos if (one := archive.failed(video)) is not None}
    assert set(failed) == {"poison.mp4", "text.mp4"}
    assert failed["poison.mp4"].reason == "2 workers died while they were at it, so it was set aside."
    assert list((archive.folder / "state" / "claims").iterdir()) == []
    assert run(archive, [])[0] == []
    assert len(archives.noted(archive)) == 31


@pytest.mark.slow
def test_workers_that_are_killed_lose_nothing(tmp_path: Path) -> None:
    contents = {f"{index:02}.mp4": archives.SLOW + b"x" * index for index in range(12)}
    archive, videos = archives.begun(archives.fill(tmp_path / "in", contents), tmp_path / "out")
    with closing(LocalPool(archive, archives.make, [ONE] * 2)) as pool:
        killed: list[int] = []

        def tell(video: Video, outcome: Outcome) -> None:
            if len(killed) < 3:
                killed.append(pool.pids[len(killed) % 2])
                os.kill(killed[-1], signal.SIGKILL)

        outcomes = hand_out(archive, videos, pool, tell)
    assert len(killed) == 3
    set_aside = [one for one in outcomes if one.how == "failed"]
    assert len(outcomes) == 12
    assert len(set_aside) <= 1  # where one video was hit twice
    for video, state in zip(videos, archive.states(videos), strict=True):
        if state == "failed":
            archive.forget(video)
    run(archive, [video for video, state in zip(videos, archive.states(videos), strict=True) if state == "open"])
    assert archives.timelines(archive) == archives.wanted(contents, list(contents))


@contextmanager
def refusing(archive: Archive, compute: Compute) -> Iterator[Work]:
    raise ActScribeError("the run cannot be loaded.", "Copy it again.")
    yield archives.work(archive)


@contextmanager
def dying(archive: Archive, compute: Compute) -> Iterator[Work]:
    os.kill(os.getpid(), signal.SIGKILL)
    yield archives.work(archive)


@pytest.mark.parametrize(
    ("make", "message"),
    [(refusing, "the run cannot be loaded"), (dying, "Workers ended 3 times before they were ready")],
)
def test_workers_that_never_get_ready_end_it_with_a_sentence(tmp_path: Path, make: object, message: str) -> None:
    archive, videos = archives.begun(archives.fill(tmp_path / "in", {"a.mp4": b"x"}), tmp_path / "out")
    with closing(LocalPool(archive, make, [ONE])) as pool, pytest.raises(ActScribeError, match=message):
        hand_out(archive, videos, pool, lambda *_: None)
    assert archive.states(videos) == ["open"]


def test_ctrl_c_is_not_answered_by_a_worker_that_is_just_starting(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    archive, videos = archives.begun(archives.fill(tmp_path / "in", {"a.mp4": b"x"}), tmp_path / "out")
    with closing(LocalPool(archive, archives.make, [ONE])) as pool:
        started = pool.pids
        os.kill(started[0], signal.SIGINT)
        outcomes = hand_out(archive, videos, pool, lambda *_: None)
        assert pool.pids == started
    assert [one.how for one in outcomes] == ["done"]
    assert "Traceback" not in capfd.readouterr().err


def _driver(archive: Archive, videos: list[Video]) -> None:
    os.setsid()
    run(archive, videos, 1)


@pytest.mark.slow
def test_workers_end_soon_after_whoever_started_them_was_killed(tmp_path: Path) -> None:
    import multiprocessing

    contents = {f"{index:03}.mp4": archives.SLOW + b"x" * index for index in range(200)}
    archive, videos = archives.begun(archives.fill(tmp_path / "in", contents), tmp_path / "out")
    driver = multiprocessing.get_context("spawn").Process(target=_driver, args=(archive, videos))
    driver.start()
    deadline = time.monotonic() + 30
    while not archives.noted(archive) and time.monotonic() < deadline:
        time.sleep(0.05)
    children = psutil.Process(driver.pid).children(recursive=True)
    assert children
    driver.kill()
    driver.join()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []
    assert 0 < archive.states(videos).count("done") < 200
    few = [video for video, state in zip(videos, archive.states(videos), strict=True) if state == "open"][:2]
    outcomes, _ = run(archive, few, 1)
    assert [one.how for one in outcomes] == ["done", "done"]


def test_a_video_that_another_process_is_at_is_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from actscribe.archive import pool as module
    from actscribe.archive.claims import Claims

    monkeypatch.setattr(module, "AGAIN_S", 0.1)
    archive, videos = archives.begun(archives.fill(tmp_path / "in", {"a.mp4": b"x", "b.mp4": b"y"}), tmp_path / "out")
    theirs = Claims(archive.claims())
    held, go = threading.Event(), threading.Event()

    def hold() -> None:
        with theirs.hold(videos[0].key):
            held.set()
            go.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(5)
    with closing(LocalPool(archive, archives.make, [ONE])) as pool:
        outcomes = hand_out(archive, videos, pool, lambda *_: go.set())
    thread.join()
    assert [one.key for one in outcomes] == [videos[1].key, videos[0].key]
    assert {one.how for one in outcomes} == {"done"}
