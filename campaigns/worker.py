"""Cases in child processes: one that hangs, dies or takes too much memory ends alone, and is written down."""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import resource
import select
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import psutil

from campaigns.campaign import MEMORY, Campaign, Case, Verdict

#: Seconds between two looks at a child's memory.
_LOOK_S = 0.25
#: Seconds that a child gets to write where all its threads are before it is killed.
_STACKS_S = 0.5


@dataclass(frozen=True, slots=True)
class Tried:
    """A case that was tried.

    Args:
        number: of the case.
        verdict: of the oracle, or of the process's end.
        seconds: that it took.
        peak: of its process's memory so far, in bytes.
    """

    number: int
    verdict: Verdict
    seconds: float
    peak: int


def prepared(campaign: Campaign, sources: Path) -> None:
    """Fill the sources' folder in a child process, so that this one never has a second thread."""
    sources.mkdir(parents=True)
    child = os.fork()
    if child == 0:
        _end_with(lambda: _prepare(campaign, sources))
    if os.waitpid(child, 0)[1]:
        log = sources.with_suffix(".log").read_text(encoding="utf-8", errors="replace")
        raise SystemExit(f"{campaign.name}: its sources could not be made.\n{log[-3000:]}")


def _prepare(campaign: Campaign, sources: Path) -> None:
    with _output_to(sources.with_suffix(".log")):
        try:
            campaign.prepare(sources)
        except BaseException:
            traceback.print_exc()
            raise


def try_all(campaign: Campaign, numbers: list[int], seed: int, root: Path) -> Iterator[Tried]:
    """Yield each case as it ends; its folder is root/NUMBER, its output root/NUMBER.log, until the next is asked for.

    Args:
        campaign: whose cases.
        numbers: of the cases.
        seed: of the campaign.
        root: holds `sources` and the cases' folders.
    """
    left = list(numbers)
    while left:
        share = left[:1] if campaign.fresh else left
        child, read = _forked(campaign, share, seed, root)
        try:
            for tried in _watched(campaign, child, read, root, share):
                left.remove(tried.number)
                yield tried
                _forget(root, tried.number)
        finally:
            os.close(read)
            _kill(child)


def _forked(campaign: Campaign, numbers: list[int], seed: int, root: Path) -> tuple[int, int]:
    """Return the process id of a child that tries cases, and the end of the pipe that tells of them."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        _end_with(lambda: _work(campaign, numbers, seed, root, write))
    os.close(write)
    return child, read


def _work(campaign: Campaign, numbers: list[int], seed: int, root: Path, write: int) -> None:
    os.setsid()
    with os.fdopen(write, "w") as out:
        for number in numbers:
            case = Case(number, np.random.default_rng([seed, number]), root / str(number), root / "sources")
            case.folder.mkdir()
            print(json.dumps({"begins": number}), file=out, flush=True)
            with _output_to(root / f"{number}.log"):
                start = time.monotonic()
                verdict = _attempt(campaign, case)
                seconds = time.monotonic() - start
            peak = 1024 * max(
                resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
            )
            print(json.dumps({"verdict": asdict(verdict), "seconds": seconds, "peak": peak}), file=out, flush=True)


def _attempt(campaign: Campaign, case: Case) -> Verdict:
    try:
        return campaign.attempt(case)
    except BaseException as error:
        text = traceback.format_exc()
        print(text, file=sys.stderr, flush=True)
        where = traceback.extract_tb(error.__traceback__)[-1]
        message = f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"
        return Verdict(group_of(case), "traceback", True, message[:400])


def group_of(case: Case) -> str:
    """Return the group that a case noted in its folder before its attempt, for when it ends without a verdict."""
    note = case.folder / "group"
    return note.read_text(encoding="utf-8") if note.is_file() else "?"


def note_group(case: Case, group: str) -> str:
    """Note to which group a case belongs, and return it."""
    (case.folder / "group").write_text(group, encoding="utf-8")
    return group


def _watched(campaign: Campaign, child: int, read: int, root: Path, numbers: list[int]) -> Iterator[Tried]:
    """Yield the cases of one child until it ends; the case that ended it is the last."""
    begun, start, waiting = numbers[0], time.monotonic(), b""
    open_case = False
    while True:
        ready = select.select([read], [], [], _LOOK_S)[0]
        piece = os.read(read, 65536) if ready else None
        if piece == b"":
            if open_case:
                yield _ended(root, begun, "died", _how_it_ended(child), start, 0)
            return
        *lines, waiting = (waiting + (piece or b"")).split(b"\n")
        for line in lines:
            event = json.loads(line)
            if "begins" in event:
                begun, start, open_case = event["begins"], time.monotonic(), True
                continue
            open_case = False
            verdict = Verdict(**event["verdict"])
            if event["peak"] > MEMORY:
                verdict = Verdict(verdict.group, "memory", True, f"{event['peak'] / 2**30:.1f} GiB")
            yield Tried(begun, verdict, event["seconds"], event["peak"])
            if event["peak"] > MEMORY:
                return
        if open_case and time.monotonic() - start > campaign.seconds:
            _ask_for_stacks(child)
            yield _ended(root, begun, "hang", f"over {campaign.seconds:.0f} s", start, 0)
            return
        if (held := _memory(child)) > MEMORY and open_case:
            yield _ended(root, begun, "memory", f"{held / 2**30:.1f} GiB", start, held)
            return


def _ended(root: Path, number: int, outcome: str, message: str, start: float, peak: int) -> Tried:
    case = Case(number, np.random.default_rng(0), root / str(number), root / "sources")
    return Tried(number, Verdict(group_of(case), outcome, True, message), time.monotonic() - start, peak)


def _memory(child: int) -> int:
    """Return the resident bytes of a process or of one that it started, whichever takes most."""
    most = 0
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(child)
        for one in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                most = max(most, int(one.memory_info().rss))
    return most


def _how_it_ended(child: int) -> str:
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return f"killed by {signal.Signals(os.WTERMSIG(status)).name}"
    return f"ended with status {os.WEXITSTATUS(status)}"


def _ask_for_stacks(child: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGUSR1)
        time.sleep(_STACKS_S)


def _kill(child: int) -> None:
    """End a child and all that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(child, 0)


def _forget(root: Path, number: int) -> None:
    shutil.rmtree(root / str(number), ignore_errors=True)
    (root / f"{number}.log").unlink(missing_ok=True)


@contextlib.contextmanager
def _output_to(path: Path) -> Iterator[None]:
    """Send what the process and its libraries print to a file, and on SIGUSR1 where all threads are."""
    with path.open("w", encoding="utf-8") as log:
        sys.stdout.flush()
        sys.stderr.flush()
        kept = [os.dup(number) for number in (1, 2)]
        for number in (1, 2):
            os.dup2(log.fileno(), number)
        faulthandler.register(signal.SIGUSR1, file=log, all_threads=True)
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            faulthandler.unregister(signal.SIGUSR1)
            for number, copy in zip((1, 2), kept, strict=True):
                os.dup2(copy, number)
                os.close(copy)


def _end_with(block: Callable[[], None]) -> None:
    """Run a block in a forked child and end the process, without what the parent wants done at its own end."""
    try:
        block()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
