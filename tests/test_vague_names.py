"""Names in the code say what a value is, never only that it was found, seen, said or told, or that it is here."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("src", "benchmarks", "campaigns", "docs", "examples", "pretraining", "tests")
#: Alone, in capitals, or with an underscore before it; a longer name such as `last_seen_s` can be a concrete one.
VAGUE = {"found", "seen", "said", "told", "place", "here", "goals", "mass", "speaker", "speakers"}
#: Comments and texts of JavaScript; templates are left, whose words no sign of a name stands beside.
NO_CODE = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)
#: Where JavaScript gives a name: declared, assigned, a parameter, a class, a method or an import.
GIVEN = re.compile(
    r"(?:\b(?:const|let|class|function|get|set|async)\s+|[{(,\[.]\s*|^\s*)#?([A-Za-z]+)\s*(?=[=,;)}\]{(:])"
    r"|\b([A-Za-z]+)\s*=>",
    re.MULTILINE,
)


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


def given_in_script(code: str) -> Iterator[tuple[int, str]]:
    """Yield line and name of what a script names."""
    bare = NO_CODE.sub(lambda match: "\n" * match[0].count("\n"), code)
    for match in GIVEN.finditer(bare):
        yield bare.count("\n", 0, match.end()) + 1, match[1] or match[2]


def vague(code: str, names: Callable[[str], Iterator[tuple[int, str]]] = given_names) -> list[str]:
    return [f"{line}: {name}" for line, name in names(code) if name.strip("_").lower() in VAGUE]


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


@pytest.mark.parametrize(
    "code",
    [
        "const found = 1;",
        "rows.map(place => place + 1);",
        "rows.map((_, place) => 1);",
        "class Seen {}",
        "\t#place(item) {",
        "\tget here() {",
        "async function act(make, said) {",
        "this.told = 1;",
        "const {count, found} = all;",
    ],
)
def test_a_vague_name_in_a_script_is_noticed_wherever_it_stands(code: str) -> None:
    assert vague(code, given_in_script)


def test_sentences_in_a_script_are_no_names() -> None:
    code = '// found, here (said)\nsay("found, here (said)"); /* place, */ make(`No bout of ${lane} here.`);\n'
    assert vague(code, given_in_script) == []


def test_no_name_is_vague() -> None:
    files = [(path, given_names) for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    files += [(path, given_in_script) for path in sorted((ROOT / "src").rglob("*.js"))]
    assert len(files) > 900
    left = [
        f"{path.relative_to(ROOT)}:{one}"
        for path, names in files
        for one in vague(path.read_text(encoding="utf-8"), names)
    ]
    assert not left, "Say what it is: " + ", ".join(left)
