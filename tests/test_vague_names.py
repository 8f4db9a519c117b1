"""Names in the code say what a value is, never only that it was found, seen, said or told, or that it is here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[1] / "src"
#: Alone, in capitals, or with an underscore before it; a longer name such as `last_seen_s` can be a concrete one.
VAGUE = {"found", "seen", "said", "told", "place", "here", "goals"}


def given_names(code: str) -> Iterator[tuple[int, str]]:
    """Yield line and name of all that a module names: variables, parameters, functions, classes and attributes."""
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.arg(arg=name):
                yield node.lineno, name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.alias(asname=str(name)) | ast.ExceptHandler(name=str(name)):
                yield node.lineno, name
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield node.lineno, name


def vague(code: str) -> list[str]:
    return [f"{line}: {name}" for line, name in given_names(code) if name.strip("_").lower() in VAGUE]


@pytest.mark.parametrize(
    "code",
    [
        "found = 1",
        "def read(seen): pass",
        "def _said(): pass",
        "class Kept:\n    place: str",
        "class Kept:\n    def __init__(self): self._told = 1",
        "rows = [here for here in ()]",
        "if (found := 1): pass",
        "first, *goals = ()",
        "import os as place",
    ],
)
def test_a_vague_name_is_noticed_wherever_it_stands(code: str) -> None:
    assert len(vague(code)) == 1


def test_no_name_in_the_package_is_vague() -> None:
    files = sorted(SOURCES.rglob("*.py"))
    assert len(files) > 300
    left = [f"{path.relative_to(SOURCES)}:{one}" for path in files for one in vague(path.read_text(encoding="utf-8"))]
    assert not left, "Say what it is: " + ", ".join(left)
