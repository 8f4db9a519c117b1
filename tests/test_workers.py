"""Several jobs at once: each done once, those on one model after the first, errors as sentences, nobody left behind."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import torch
from spawned_processes import spawned

from actscribe.compute import Compute, asking
from actscribe.errors import ActScribeError
from actscribe.progress import Progress, say
from actscribe.workers import Done, Job, Running, run_jobs, spread, with_one_gpu


def squared(number: int) -> tuple[int, int, int]:
    say(Progress("Squaring", str(number), 1.5))
    return number**2, os.getpid(), torch.get_num_threads()


def failing(words: str) -> str:
    if words == "full":
        raise OSError(errno.ENOSPC, "No space left on device", "/a/b")
    if words == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if words == "wait":
        time.sleep(600)
    raise ActScribeError("It is too dark.", "Switch on the light.")


def noted(argument: tuple[Path, float]) -> None:
    path, seconds = argument
    start = time.time()
    time.sleep(seconds)
    path.write_text(f"{start} {time.time()}")


def test_a_child_that_has_just_ended_is_nobody_spawned() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it has ended and nobody asked how: a zombie
    assert spawned(os.getpid()) == []
    assert child.wait() == 0


def test_each_job_is_done_once_with_its_threads_and_what_it_says_is_heard() -> None:
    with asking(Compute(threads=1)):
        news = list(run_jobs(squared, [Job(number, f"job {number}") for number in range(5)], 2))
    done = {one.job: one.value for one in news if isinstance(one, Done)}
    assert [done[number][0] for number in range(5)] == [0, 1, 4, 9, 16]
    assert {value[2] for value in done.values()} == {1}
    assert os.getpid() not in {value[1] for value in done.values()}
    assert {(one.job, one.report) for one in news if isinstance(one, Running)} == {
        (number, Progress("Squaring", str(number), 1.5)) for number in range(5)
    }


def test_a_file_called_like_a_module_where_the_command_was_typed_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pickle.py").write_text("open('was-run', 'w').close()\nraise SystemExit(1)\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    (done,) = (one for one in run_jobs(squared, [Job(3, "job")], 1) if isinstance(one, Done))
    assert done.value[0] == 9
    assert not (tmp_path / "was-run").exists()
    assert "PYTHONSAFEPATH" not in os.environ


def test_jobs_on_one_model_wait_for_the_first_and_others_do_not(tmp_path: Path) -> None:
    seconds = {"first": 1.5, "second": 0.2, "third": 0.2, "other": 0.2}
    jobs = [Job((tmp_path / name, seconds[name]), name, "" if name == "other" else "model") for name in seconds]
    order = [jobs[one.job].words for one in run_jobs(noted, jobs, 2) if isinstance(one, Done)]
    times = {name: [float(word) for word in (tmp_path / name).read_text().split()] for name in seconds}
    assert order[0] == "other"
    assert times["other"][0] < times["first"][1] <= min(times["second"][0], times["third"][0])


@pytest.mark.parametrize(
    ("first", "message"), [("fail", "first: It is too dark."), ("kill", r"first: its process ended \(exit code -9\)")]
)
def test_an_error_is_a_sentence_and_ends_all_others(first: str, message: str) -> None:
    start = time.monotonic()
    with pytest.raises(ActScribeError, match=message):
        list(run_jobs(failing, [Job(first, "first"), Job("wait", "second")], 2))
    assert time.monotonic() - start < 60
    assert not spawned(os.getpid())


def test_an_error_of_the_system_comes_as_it_was_with_where_it_came_from() -> None:
    with pytest.raises(OSError, match="No space left on device: '/a/b'") as caught:
        list(run_jobs(failing, [Job("full", "first"), Job("wait", "second")], 2))
    assert caught.value.errno == errno.ENOSPC
    assert "in failing" in caught.value.__notes__[0]


def test_ctrl_c_and_the_end_of_the_parent_are_answered_before_anything_is_imported() -> None:
    """A process that is just starting prints nothing at Ctrl-C, and is gone soon after whoever started it."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from actscribe.workers import Job, run_jobs\nfrom test_workers import failing\n"
        "if __name__ == '__main__': next(run_jobs(failing, [Job('wait', 'a'), Job('wait', 'b')], 2))\n"
    )
    words = [sys.executable, "-c", program, str(Path(__file__).parent)]
    parent = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        children: list[psutil.Process] = []
        while len(children) < 2:
            time.sleep(0.02)
            children = spawned(parent.pid)
        for child in children:
            child.send_signal(signal.SIGINT)
        time.sleep(1.0)
        assert all(child.is_running() for child in children)
    finally:
        parent.kill()
    psutil.wait_procs(children, timeout=20)
    assert not any(child.is_running() for child in children)
    assert "Traceback" not in parent.communicate()[1]


def test_who_stops_listening_leaves_no_process_behind() -> None:
    news = run_jobs(squared, [Job(number, "job") for number in range(3)], 10**12)
    next(news)
    news.close()
    assert not spawned(os.getpid())


def test_a_process_sees_its_own_gpu_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for visible, asked, expected in (
        (None, "cuda:1", "1"),
        ("4,GPU-8f,7", "cuda:1", "GPU-8f"),
        ("4,5", "cuda", "4,5"),
        ("4,5", "cpu", "4,5"),
    ):
        if visible is None:
            monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        else:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        made = with_one_gpu(Compute(asked, threads=3))
        assert made == Compute(asked.removesuffix(":1"), threads=3)
        assert os.environ["CUDA_VISIBLE_DEVICES"] == expected


def test_threads_are_shared_out_and_what_was_asked_for_stays() -> None:
    assert spread(2, Compute(device="cpu"), 3) == [Compute(device="cpu", threads=3)] * 2
    assert spread(2, Compute(device="cpu", threads=5), 3) == [Compute(device="cpu", threads=5)] * 2
