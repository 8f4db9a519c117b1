"""Claims: one holder at a time, whatever file systems and clocks do, and none for ever."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from actscribe.archive import claims as module
from actscribe.archive.claims import Claims
from actscribe.leftovers import this_process


def dead() -> str:
    """Return the holder of a process of this machine that has ended."""
    program = "from actscribe.leftovers import this_process; print(this_process())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return f"{done.stdout.strip()}-00000000"


FAR = "0123456789ab-77-123-deadbeef"


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(module.time, "monotonic", lambda: self.now)


def test_a_claim_has_one_holder_and_is_given_back(tmp_path: Path) -> None:
    ours, theirs = Claims(tmp_path), Claims(tmp_path)
    with ours.hold("a") as mine, theirs.hold("a") as also, theirs.hold("b") as other:
        assert (mine, also, other) == (True, False, True)
        assert ours.names() == ["a", "b"]
    assert list(tmp_path.iterdir()) == []
    with theirs.hold("a") as mine:
        assert mine
    with pytest.raises(KeyError), ours.hold("a"):
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_of_many_that_ask_at_once_one_gets_it(tmp_path: Path) -> None:
    names = [f"task{index}" for index in range(200)]
    got: list[str] = []
    barrier = threading.Barrier(4)

    def ask() -> None:
        own = Claims(tmp_path)
        barrier.wait()
        for name in names:
            if own._take(name):
                got.append(name)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == sorted(names)


def test_what_a_dead_process_held_is_taken_over_at_once(tmp_path: Path) -> None:
    ours = Claims(tmp_path)
    (tmp_path / "a").write_text(f"{dead()} 3")
    (tmp_path / "b").write_text(f"{this_process()}-00000000 3")  # alive: it is us, under another claim
    with ours.hold("a") as first, ours.hold("b") as second:
        assert (first, second) == (True, False)


def test_a_holder_on_another_machine_is_gone_when_its_claim_stays_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, ours = Clock(monkeypatch), Claims(tmp_path, expired_s=240.0)
    (tmp_path / "a").write_text(f"{FAR} 0")
    for beat in range(5):
        clock.now += 200.0
        (tmp_path / "a").write_text(f"{FAR} {beat}")
        with ours.hold("a") as mine:
            assert not mine
    clock.now += 239.0
    with ours.hold("a") as mine:
        assert not mine
    clock.now += 2.0
    with ours.hold("a") as mine:
        assert mine


@pytest.mark.parametrize("skew", [-1e6, 1e6])
def test_clocks_of_machines_and_disks_do_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, skew: float
) -> None:
    clock, ours = Clock(monkeypatch), Claims(tmp_path)
    (tmp_path / "a").write_text(f"{FAR} 0")
    state = (tmp_path / "a").stat()
    os.utime(tmp_path / "a", (state.st_atime + skew, state.st_mtime + skew))
    monkeypatch.setattr(module.time, "time", lambda: clock.now + skew)
    with ours.hold("a") as mine:
        assert not mine


def test_signs_of_life_are_seen_and_what_was_taken_over_stays_so(tmp_path: Path) -> None:
    ours = Claims(tmp_path)
    with ours.hold("a"), ours.hold("b"):
        before = (tmp_path / "a").read_text()
        (tmp_path / "b").write_text(f"{FAR} 0")
        ours.beat()
        assert (tmp_path / "a").read_text() != before
        assert (tmp_path / "b").read_text() == f"{FAR} 0"
    assert ours.names() == ["b"]


def test_a_thread_gives_signs_of_life(tmp_path: Path) -> None:
    ours = Claims(tmp_path, beat_s=0.01)
    beaten = threading.Event()
    with ours.hold("a"), ours.beating():
        before = (tmp_path / "a").read_text()
        for _ in range(500):
            if (tmp_path / "a").read_text() != before:
                beaten.set()
                break
            beaten.wait(0.01)
    assert beaten.is_set()


def test_a_full_disk_leaves_nothing_half_written_and_ends_no_signs_of_life(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Path.write_text

    def full(path: Path, *given: object, **named: object) -> int:
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    claims = Claims(tmp_path, beat_s=0.01)
    with claims.hold("a"), claims.beating():
        monkeypatch.setattr(Path, "write_text", full)
        with pytest.raises(OSError, match="No space left"), claims.hold("b"):
            pytest.fail("claimed")
        claims.beat()
        assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == ["a"]
        monkeypatch.setattr(Path, "write_text", write)
        before = (tmp_path / "a").read_text()
        deadline = time.monotonic() + 10
        while (tmp_path / "a").read_text() == before and time.monotonic() < deadline:
            time.sleep(0.01)
        assert (tmp_path / "a").read_text() != before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOTSUP])
def test_without_hard_links_files_are_made_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(*paths: object) -> None:
        raise OSError(number, "no links here")

    monkeypatch.setattr(module.os, "link", refuse)
    test_a_claim_has_one_holder_and_is_given_back(tmp_path)


def test_a_link_whose_answer_was_lost_is_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def twice(source: Path, target: Path) -> None:
        link(source, target)
        raise FileExistsError(errno.EEXIST, "a server that was asked again")

    monkeypatch.setattr(module.os, "link", twice)
    with Claims(tmp_path).hold("a") as mine:
        assert mine


def test_a_claim_that_was_taken_over_a_moment_ago_is_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = Claims(tmp_path)
    (tmp_path / "a").write_text(f"{dead()} 3")
    is_dead = Claims._is_dead

    def meanwhile(self: Claims, name: str, text: str) -> bool:
        dead = is_dead(self, name, text)
        (tmp_path / "a").write_text(f"{FAR} 0")  # another process was quicker
        return dead

    monkeypatch.setattr(Claims, "_is_dead", meanwhile)
    with ours.hold("a") as mine:
        assert not mine
    assert (tmp_path / "a").read_text() == f"{FAR} 0"


def test_what_a_dead_worker_held_is_given_back_and_nothing_else(tmp_path: Path) -> None:
    ours = Claims(tmp_path)
    for name, holder in (("a", "x"), ("b", FAR), ("c", FAR), ("d", "")):
        (tmp_path / name).write_text(f"{holder} 0")
    ours.free("")
    ours.free(FAR)
    assert ours.names() == ["a", "d"]


def test_a_claim_that_a_power_failure_made_unreadable_expires(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, ours = Clock(monkeypatch), Claims(tmp_path)
    (tmp_path / "a").write_bytes(b"\xff\xfe\x80")
    with ours.hold("a") as mine:
        assert not mine
    clock.now += module.EXPIRED_S + 1
    with ours.hold("a") as mine:
        assert mine
