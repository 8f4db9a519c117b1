"""The English of messages, of the help of commands and of the pages: turns of phrase that a native avoids."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.main import get_command

from actscribe.cli import app

ROOT = Path(__file__).parents[1]
SOURCES = sorted(ROOT.glob("src/**/*.py"))
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
#: What to write in its place -> what is refused.
REFUSED = {
    "is not a": r"(?<![Tt]here )\b(?:is|are|was|were) no (?!more\b|less\b|such\b|use\b|way\b|\w+er\b)[\w{]+",
    "start or onset": r"(?:\b(?:the|true|annotated|its|a)|'s) begins?\b",
    "is, appears, occurs": r"\bstands? (?:above|there|here|nowhere|in line|in Results|too deep)\b",
    "finish": r"\bdid not end\b",
    "fix, correct": r"\b[Mm]end(?:s|ed|ing)?\b",
    "differently, differs": r"\b(?:made|called|come back) otherwise\b",
    "must be enclosed in, belongs to": r"\bbelongs? into\b",
    "silently": r"\bwithout a word\b",
    "is unknown": r"\bnobody can tell\b",
    "no longer": r"\(any more\)",
    "was started": r"\b[Nn]othing was begun\b",
    "by default": r"\bif not said\b",
    "People who": r"\b[Ww]hoever corrects\b",
    "weighted": r"\bweighed by\b",
    "the pipeline": r"\bthe road\b",
    "again": r"\banew\b",
}
#: Keys and names of the program's own that look like one of these.
NAMES = {"mended"}


def hits(text: str) -> list[str]:
    """Return each refused turn in a text, with what to write in its place."""
    matches = ((match, better) for better, pattern in REFUSED.items() for match in re.finditer(pattern, text))
    return [f"'{match[0]}' in '{text.strip()[:100]}': {better}" for match, better in matches if text not in NAMES]


def texts_of(source: Path) -> Iterator[str]:
    """Yield the texts of a module that are not docstrings, those with values in them whole."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    formatted = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    parts = {id(part) for node in formatted for part in node.values}
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in formatted:
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts | alone:
            yield node.value


def prose_of(page: Path) -> str:
    """Return a page without its code blocks, each paragraph in one line."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"(?<!\n)\n(?!\n)", " ", text)


@pytest.mark.parametrize(
    ("text", "better"),
    [
        ("'x' is no label.", "is not a"),
        ("from the begin of the video", "start or onset"),
        ("the key 'a' stands in line 3 already", "is, appears, occurs"),
        ("its training did not end.", "finish"),
        ("Mend this", "fix, correct"),
    ],
)
def test_a_refused_turn_is_noticed(text: str, better: str) -> None:
    assert [hit.rpartition(": ")[2] for hit in hits(text)] == [better]


@pytest.mark.parametrize(
    "text", ["There is no run here.", "is no longer there", "where the bouts begin at 0", "no better"]
)
def test_good_english_is_let_through(text: str) -> None:
    assert hits(text) == []


def test_messages_are_plain_english() -> None:
    assert [f"{source.name}: {hit}" for source in SOURCES for text in texts_of(source) for hit in hits(text)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_pages_are_plain_english(page: Path) -> None:
    assert [hit for line in prose_of(page).splitlines() for hit in hits(line)] == []


def test_the_help_of_an_option_says_what_it_is() -> None:
    def helps(command: typer.core.TyperCommand | typer.core.TyperGroup, path: str) -> Iterator[tuple[str, str]]:
        if isinstance(command, typer.core.TyperGroup):
            for name, one in command.commands.items():
                yield from helps(one, f"{path} {name}")  # type: ignore[arg-type]
        for parameter in command.params:
            yield f"{path} {parameter.name}", getattr(parameter, "help", None) or ""

    fragments = [where for where, text in helps(get_command(app), "actscribe") if re.match(r"(Of|And|Or|But) ", text)]
    assert fragments == []
