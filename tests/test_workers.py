"""Several jobs at once: each done once, those on one model after the first, errors as sentences, nobody left behind."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import psutil
import pytest
import torch

from actscribe.compute import Compute
from actscribe.errors import ActScribeError
from actscribe.progress import say
from actscribe.workers import Done, Job, Progress, run_jobs, spread

TWO = [Compute(threads=1), Compute(threads=1)]


def squared(number: int) -> tuple[int, int, int]:
    say(f"Squaring {number}", 1.5)
    return number**2, os.getpid(), torch.get_num_threads()


def failing(words: str) -> str:
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


def test_each_job_is_done_once_with_its_threads_and_what_it_says_is_heard() -> None:
    news = list(run_jobs(squared, [Job(number, f"job {number}") for number in range(5)], TWO))
    done = {one.job: one.value for one in news if isinstance(one, Done)}
    assert [done[number][0] for number in range(5)] == [0, 1, 4, 9, 16]
    assert {value[2] for value in done.values()} == {1}
    assert os.getpid() not in {value[1] for value in done.values()}
    assert {(one.job, one.text, one.left) for one in news if isinstance(one, Progress)} == {
        (number, f"Squaring {number}", 1.5) for number in range(5)
    }


def test_jobs_on_one_model_wait_for_the_first_and_others_do_not(tmp_path: Path) -> None:
    seconds = {"first": 1.5, "second": 0.2, "third": 0.2, "other": 0.2}
    jobs = [Job((tmp_path / name, seconds[name]), name, "" if name == "other" else "model") for name in seconds]
    order = [jobs[one.job].words for one in run_jobs(noted, jobs, TWO) if isinstance(one, Done)]
    times = {name: [float(word) for word in (tmp_path / name).read_text().split()] for name in seconds}
    assert order[0] == "other"
    assert times["other"][0] < times["first"][1] <= min(times["second"][0], times["third"][0])


@pytest.mark.parametrize(
    ("first", "message"), [("fail", "first: It is too dark."), ("kill", r"first: its process ended \(exit code -9\)")]
)
def test_an_error_is_a_sentence_and_ends_all_others(first: str, message: str) -> None:
    start = time.monotonic()
    with pytest.raises(ActScribeError, match=message):
        list(run_jobs(failing, [Job(first, "first"), Job("wait", "second")], TWO))
    assert time.monotonic() - start < 60
    assert not [child for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline())]


def test_who_stops_listening_leaves_no_process_behind() -> None:
    news = run_jobs(squared, [Job(number, "job") for number in range(3)], TWO)
    next(news)
    news.close()
    assert not [child for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline())]


def test_threads_are_shared_out_and_what_was_asked_for_stays() -> None:
    assert spread(2, Compute(device="cpu"), 3) == [Compute(device="cpu", threads=3)] * 2
    assert spread(2, Compute(device="cpu", threads=5), 3) == [Compute(device="cpu", threads=5)] * 2
