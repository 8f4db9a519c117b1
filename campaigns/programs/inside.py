"""Run in a program's own environment: `python inside.py PROGRAM.py CASES.json VENV`; prints versions and complaints."""

from __future__ import annotations

import importlib.util
import json
import sys
from importlib.metadata import version
from pathlib import Path


def main() -> None:
    """Let the program check every case; what it says about each is printed as JSON on the last line."""
    file, listed, venv = map(Path, sys.argv[1:])
    # Not the folder of this file, where a module is called like the program, but the campaigns' own parent.
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    spec = importlib.util.spec_from_file_location("program", file)
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    check = program.checker(venv)
    complaints = [check(case) for case in json.loads(listed.read_text(encoding="utf-8"))]
    versions = ", ".join(f"{name} {version(name)}" for name in program.PACKAGES)
    print(json.dumps({"versions": versions, "complaints": complaints}))


if __name__ == "__main__":
    main()
