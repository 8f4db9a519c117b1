"""Commands under strace: not one of them reaches for a network."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from campaigns import kit
from campaigns.campaign import Campaign, Case, Verdict
from campaigns.jobs import JOBS
from campaigns.worker import note_group

#: Further commands; the demo comes last. The short form ends before them.
MORE = {
    "check": (("check", "study"),),
    "convert": (("convert", "study/r0.txt", "r0.eaf"),),
    "doctor": (("doctor",),),
    "models": (("models", "list"),),
    "demo --quick": (("demo", "--quick", "--out", "demo"),),
}
#: System calls that name another machine, and addresses that are none.
_CALLS = "connect,sendto,sendmsg,sendmmsg"
_ADDRESS = re.compile(r"sa_family=AF_INET6?\b[^}]*")
_LOOPBACK = re.compile(r'inet_addr\("(?:127\.|0\.0\.0\.0)|inet_pton\(AF_INET6, "(?:::1|::)"')
_LIMIT = 600.0


def prepare(sources: Path) -> None:
    """Make a study and a benchmark set."""
    kit.study(sources / "study")
    kit.study(sources / "both", ("timesformer", "vlm-yesno"))
    kit.benchmark_set(sources / "bench")
    if shutil.which("strace"):
        loud = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('192.0.2.1', 9))"
        if not _traced((sys.executable, "-c", loud), sources, dict(os.environ))[1]:
            raise SystemExit("strace did not see a connection that was made")


def attempt(case: Case) -> Verdict:
    """Do a job in a new process under strace and look for addresses of other machines."""
    jobs = {name: (*job.first, job.command) for name, job in JOBS.items()} | MORE
    name = list(jobs)[case.number % len(jobs)]
    group = note_group(case, name)
    if shutil.which("strace") is None:
        return Verdict(group, "not tried: no strace")
    for source in ("study", "both", "bench"):
        shutil.copytree(case.sources / source, case.folder / source)
    hidden = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
    environment = {key: text for key, text in os.environ.items() if key not in hidden}
    environment |= {"ACTSCRIBE_CACHE": str(case.folder / "cache"), "HOME": str(case.folder)}
    for words in jobs[name]:
        done, reached = _traced((sys.executable, "-m", "actscribe", *words), case.folder, environment)
        if done.returncode:
            return Verdict(group, "does not work", True, (done.stdout + done.stderr)[-400:])
        if reached:
            return Verdict(group, "reaches out", True, f"{' '.join(words)}: {reached[:5]}")
        noise = [line for line in done.stderr.splitlines() if "Warning" in line]
        if noise:
            description = f"{' '.join(words)}: {len(noise)} such as {noise[0][:200]}"
            return Verdict(group, "a library's warning", True, description)
    return Verdict(group, "silent")


def _traced(
    command: tuple[str, ...], folder: Path, environment: dict[str, str]
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run a command under strace and return how it ended and the addresses of other machines that it named."""
    trace = folder / "calls.trace"
    strace = ("strace", "-f", "--seccomp-bpf", "-qq", "-e", f"trace={_CALLS}", "-o", str(trace))
    done = subprocess.run(
        (*strace, *command), cwd=folder, env=environment, capture_output=True, text=True, timeout=_LIMIT, check=False
    )
    named = (match.group() for match in _ADDRESS.finditer(trace.read_text(encoding="utf-8", errors="replace")))
    return done, sorted({address for address in named if not _LOOPBACK.search(address)})


CAMPAIGN = Campaign(
    name="silence",
    about="Every command in a new process under strace, without any variable that keeps libraries from their hub.",
    oracle="no address of another machine in connect, sendto or sendmsg, and no library's warning on the terminal.",
    short=4,
    full=len(JOBS) + len(MORE),
    prepare=prepare,
    attempt=attempt,
    seconds=2 * _LIMIT,
)
