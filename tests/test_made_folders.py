"""What commands leave in a checkout is not taken for a module that a script imports: mypy and ruff look there first."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
SCRIPTS = ("benchmarks", "campaigns", "examples", "pretraining")


def imported(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    plain = {alias.name.partition(".")[0] for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module.partition(".")[0] for node in nodes if isinstance(node, ast.ImportFrom) and node.module}


def test_no_folder_that_is_made_has_the_name_of_a_module() -> None:
    scripts = [path for folder in SCRIPTS for path in (ROOT / folder).rglob("*.py")]
    names = set().union(*map(imported, scripts))
    assert {"build", "render"} <= names  # of pretraining, one script from another
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    made = {line.strip("/") for line in ignored if "/" not in line.strip("/")}
    assert "demo" in made
    assert not made & names
