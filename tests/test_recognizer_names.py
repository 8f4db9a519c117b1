"""Messages and decisions outside the recognizers' own rooms name them by what they can, as the registry has it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[1] / "src" / "actscribe"
#: Where recognizers are declared and written; backbones of dual encoders are called as their recognizers.
OWN = ("recognizers", "settings/recognizers", "settings/named_models.py")
#: Those of this package whose names are not words of another meaning.
NAMES = re.compile(r"\b(?:vlm-(?:list|yesno|judge|ground|head|lora)|vifi-clip|x-clip)\b|recognizer: probe|'probe")


def texts(code: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of all that is not a docstring."""
    tree = ast.parse(code)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value


def named(code: str) -> list[str]:
    return [f"{line}: {text}" for line, text in texts(code) if NAMES.search(text)]


@pytest.mark.parametrize(
    "code", ["x = 'recognizer vlm-head'", "print(f\"Add 'probe: {x}'\")", "if a == 'x-clip': pass"]
)
def test_a_name_is_noticed(code: str) -> None:
    assert named(code)


def test_no_recognizer_is_named_outside_its_rooms() -> None:
    paths = [path for path in SOURCES.rglob("*.py") if not path.relative_to(SOURCES).as_posix().startswith(OWN)]
    by_file = {path.relative_to(SOURCES).as_posix(): named(path.read_text(encoding="utf-8")) for path in paths}
    assert {path: names for path, names in by_file.items() if names} == {}
