"""`actscribe` in a process forked from this one, which has imported everything: a command starts at once."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from campaigns.campaign import MEMORY, SECONDS

#: Imported before commands are forked.
MODULES = (
    "torch",
    "transformers",
    "accelerate",
    "pandas",
    "pyarrow.parquet",
    "sklearn.metrics",
    "actscribe.cli",
    "actscribe.runs.evaluate",
    "actscribe.runs.annotate",
    "actscribe.benchmark.benchmark",
    "actscribe.compare.compare",
    "actscribe.report.comparison.show",
    "actscribe_sim.resuscitation.recording",
    "actscribe_sim.tabletop.clips",
    "actscribe.models.vlm.loading",
    "actscribe.models.dual_encoder.loading",
    "actscribe.models.video_classifier",
    "torch.utils.tensorboard",
    "transformers.trainer",
)
_LOOK_S = 0.02


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended.

    Args:
        code: exit status; None where a signal ended it.
        how: "ended", "killed", "hang" or "memory".
        text: what it printed.
        seconds: that it took.
    """

    code: int | None
    how: str
    text: str
    seconds: float

    @property
    def problem(self) -> str:
        """What no command may do, in words; empty where it did none of it."""
        if self.how in ("hang", "memory"):
            return self.how
        if "Traceback (most recent call last)" in self.text:
            return "traceback"
        if self.how == "killed":
            return "died"
        return "" if self.code in (0, 2) else f"exit status {self.code}"

    @property
    def last_words(self) -> str:
        """The end of what it printed; of a traceback, the error."""
        if self.problem == "traceback":
            after = self.text.rsplit("Traceback (most recent call last)", 1)[1].splitlines()[1:]
            return next((line for line in after if line and not line[0].isspace()), "")[:400]
        return " / ".join(line.strip() for line in self.text.strip().splitlines()[-6:])[-400:]


def actscribe(
    arguments: Sequence[object],
    log: Path,
    *,
    folder: Path,
    cache: Path,
    before: Callable[[], None] | None = None,
    after: Callable[[], None] | None = None,
    kill_after: float | None = None,
    seconds: float = SECONDS,
    environment: Mapping[str, str] | None = None,
) -> Ended:
    """Run a command and return how it ended.

    Args:
        arguments: of the command line.
        log: file for what it prints.
        folder: that it runs in.
        cache: of frames and answers.
        before, after: called in the command's process, just before it begins and when it has ended by itself.
        kill_after: seconds after which SIGKILL ends it.
        seconds: after which it counts as hung.
        environment: further variables.
    """
    variables = {"ACTSCRIBE_CACHE": str(cache), **(environment or {})}
    started = start(arguments, log, folder=folder, environment=variables, before=before, after=after)
    return wait(started, log, kill_after, seconds)


def start(
    arguments: Sequence[object],
    log: Path,
    *,
    folder: Path,
    environment: Mapping[str, str],
    before: Callable[[], None] | None = None,
    after: Callable[[], None] | None = None,
) -> int:
    """Fork a command and return its process id."""
    child = os.fork()
    if child:
        return child
    try:
        _begin(log, folder, environment)
        if before:
            before()
        code = _main([str(argument) for argument in arguments])
        if after:
            after()
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def wait(child: int, log: Path, kill_after: float | None = None, seconds: float = SECONDS) -> Ended:
    """Wait for a command, within its bounds."""
    begun, how = time.monotonic(), "ended"
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        passed = time.monotonic() - begun
        if pid:
            break
        if kill_after is not None and passed > kill_after:
            os.kill(child, signal.SIGKILL)
        elif passed > seconds or _resident(child) > MEMORY:
            how = "hang" if passed > seconds else "memory"
            os.kill(child, signal.SIGUSR1)
            time.sleep(0.5)
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            status = signal.SIGKILL
            break
        time.sleep(_LOOK_S)
    killed = os.WIFSIGNALED(status)
    code = None if killed else os.WEXITSTATUS(status)
    text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    return Ended(code, "killed" if killed and how == "ended" else how, text, passed)


def _begin(log: Path, folder: Path, environment: Mapping[str, str]) -> None:
    import faulthandler

    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    for number in (1, 2):
        os.dup2(target, number)
    faulthandler.register(signal.SIGUSR1, file=2, all_threads=True)
    os.environ.update(environment)
    os.chdir(folder)


def _main(arguments: list[str]) -> int:
    from actscribe.cli import main

    sys.argv = ["actscribe", *arguments]
    try:
        main()
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    return 0


def _resident(child: int) -> int:
    try:
        return int(psutil.Process(child).memory_info().rss)
    except psutil.Error:
        return 0
