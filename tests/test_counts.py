"""Numbers of things in sentences go through one helper, so that nothing says "1 recordings"."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import actscribe
from actscribe.counts import counted

SRC = Path(actscribe.__file__).parents[1]
#: Plurals that sentences count.
THINGS = re.compile(
    r"intervals|recordings|clips|videos|groups|files|bouts|seeds|frames|labels|entries|answers|models|runs|timelines"
    r"|columns|classes|errors|moments|events|points|segments|spans|shots|levels|places|tokens|weights|workers|teams"
    r"|subjects|requests|recognizers|actions|characters|bytes|problems|windows|names|values|parts"
)
#: Numbers that cannot be one where they stand, and what is said to a model, whose words are part of its answers' key.
NEVER_ONE = frozenset(
    {
        ("boris_media.py", "len(player.files)"),
        ("deepethogram.py", "len(cells)"),
        ("entry.py", "len(entries)"),
        ("files.py", "len(paths)"),
        ("labels.py", "len(counts)"),
        ("pairs.py", "len(fits)"),
        ("encoded_clip.py", "len(self.frames)"),
        ("train.py", "len(others) + 1"),
        ("vghif.py", "len(self.levels)"),
        ("vlm_ground.py", "len(clip.frames)"),
    }
)


def test_one_and_several() -> None:
    assert [counted(value, "group") for value in (0, 1, 2)] == ["0 groups", "1 group", "2 groups"]
    assert counted(1, "entry", "entries") == "1 entry"
    assert counted(12345, "entry", "entries") == "12\u202f345 entries"
    assert counted(2, "clip is", "clips are") == "2 clips are"


def plain_counts(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield (number, what follows) of numbers that are put before a plural as they are."""
    for text in (node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)):
        for before, value, after in zip([None, *text.values], text.values, text.values[1:], strict=False):
            if not isinstance(value, ast.FormattedValue) or not isinstance(after, ast.Constant):
                continue
            words = re.match(r"(?: [a-z]+){1,3}", str(after.value))
            follows = words[0].split() if words else []
            lead = str(before.value) if isinstance(before, ast.Constant) else ""
            number = ast.unparse(value.value)
            is_count = "len(" in number and not number.startswith("counted(") and value.format_spec is None
            if is_count and any(map(THINGS.fullmatch, follows[:2])) and not lead.endswith((" of ", " x ")):
                yield number, " ".join(follows)


def test_no_count_is_put_before_a_plural_as_it_is() -> None:
    faults = [
        f"{path.name}: {{{number}}} {follows}"
        for path in sorted(SRC.rglob("*.py"))
        for number, follows in plain_counts(ast.parse(path.read_text(encoding="utf-8")))
        if (path.name, number) not in NEVER_ONE
    ]
    assert faults == []


@pytest.mark.parametrize("pattern", [r"'' if [^{}\n]* == 1 else 's'", r"'s' if [^{}\n]* (!= 1|> 1) else ''"])
def test_no_plural_is_made_by_hand(pattern: str) -> None:
    files = [path for path in sorted(SRC.rglob("*.py")) if "tabletop" not in path.parts]
    assert [path.name for path in files if re.search(pattern, path.read_text(encoding="utf-8"))] == []
