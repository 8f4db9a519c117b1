"""Draw annotations, export them, and let each program read them: `python -m campaigns.programs [NAME ...]`.

Options: `--count N` (cases for each program, 200), `--seed S` (1), `--venvs DIR` (where the programs are installed, one
virtual environment each, kept from run to run). The oracle is what was drawn. Exit status 1 when a program disagrees.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType

from campaigns.programs import boris, boris_budget, elan, label_studio, praat
from campaigns.programs.drawing import draw, make_video

PROGRAMS = {"boris": boris, "boris_budget": boris_budget, "elan": elan, "label_studio": label_studio, "praat": praat}
#: Disagreements of a program that are printed.
SHOWN = 10


def main() -> None:
    """Try every program asked for and print the table."""
    parser = argparse.ArgumentParser(prog="python -m campaigns.programs", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"default all: {', '.join(PROGRAMS)}")
    parser.add_argument("--count", type=int, default=200, help="cases for each program; default 200")
    parser.add_argument("--seed", type=int, default=1, help="default 1")
    parser.add_argument("--venvs", type=Path, default=Path(".venv-programs"), help="default .venv-programs")
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(PROGRAMS))
    if unknown:
        parser.error(f"no program is called {', '.join(unknown)}; known: {', '.join(PROGRAMS)}")
    print(f"| program | versions | cases, seed {options.seed} | intervals | disagreements | seconds |")
    print("| --- | --- | --- | --- | --- | --- |")
    broken = 0
    for name in options.names or PROGRAMS:
        broken += _try(name, PROGRAMS[name], options.count, options.seed, options.venvs)
    sys.exit(1 if broken else 0)


def _try(name: str, program: ModuleType, count: int, seed: int, venvs: Path) -> int:
    """Export `count` cases, have them read by the program, print its row, and return how many it disagrees on."""
    python = _installed(venvs / name, program.PACKAGES)
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="programs-") as folder:
        video = make_video(Path(folder) / "Über uns" / "video 1.mp4")
        cases = [draw(seed, number, program, video, Path(folder) / "exports") for number in range(count)]
        if hasattr(program, "expected"):
            cases = [{**case, "expected": program.expected(case)} for case in cases]
        listed = Path(folder) / "cases.json"
        listed.write_text(json.dumps(cases), encoding="utf-8")
        inside = Path(__file__).parent / "inside.py"
        command = [python, inside, Path(program.__file__), listed, venvs / name]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    if done.returncode:
        sys.exit(f"{name} could not be run:\n{done.stderr[-3000:]}")
    answer = json.loads(done.stdout.splitlines()[-1])
    intervals = sum(len(case["intervals"]) for case in cases)
    wrong = {number: complaints for number, complaints in enumerate(answer["complaints"]) if complaints}
    seconds = time.monotonic() - start
    print(f"| {name} | {answer['versions']} | {count} | {intervals} | {len(wrong)} | {seconds:.0f} |", flush=True)
    for number, complaints in list(wrong.items())[:SHOWN]:
        print(f"{name}, case {number}: {complaints[0][:300]}", file=sys.stderr)
    return len(wrong)


def _installed(venv: Path, packages: tuple[str, ...]) -> Path:
    """Return the Python of a virtual environment that holds the packages, made if it is missing."""
    venv = venv.absolute()
    python = venv / "bin" / "python"
    marker = venv / "installed.txt"
    if not marker.is_file() or marker.read_text(encoding="utf-8").split() != list(packages):
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
        marker.write_text("\n".join(packages) + "\n", encoding="utf-8")
    return python


if __name__ == "__main__":
    main()
