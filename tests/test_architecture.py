"""The page of architecture lists the rooms in the order that the contract of imports holds them to."""

from __future__ import annotations

import ast
import configparser
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_rooms_are_listed_from_what_imports_nothing_to_what_imports_all() -> None:
    contract = configparser.ConfigParser()
    contract.read(ROOT / ".importlinter", encoding="utf-8")
    layers = contract["importlinter:contract:rooms"]["layers"].split("\n")
    level = {room: height for height, layer in enumerate(reversed(layers)) for room in re.split(r"[ :|]+", layer)}
    page = (ROOT / "docs/explanation/architecture.md").read_text(encoding="utf-8")
    listed = page.partition("```\nsrc/actscribe/\n")[2].partition("src/actscribe_sim/")[0]
    rooms = re.findall(r"(?m)^  ([a-z_]+)(?:\.py)?\b", listed)
    heights = [level[room] for room in rooms]
    assert heights == sorted(heights)
    assert {room for room, height in level.items() if room and height > level["errors"]} - set(rooms) <= {
        "__main__", "indicator_settings", "doctor"
    }  # fmt: skip


def test_every_type_of_the_flow_exists_with_the_fields_that_the_page_names() -> None:
    classes: dict[str, list[set[str]]] = {}
    for path in (ROOT / "src/actscribe").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                fields = {line.target.id for line in node.body if isinstance(line, ast.AnnAssign)}
                classes.setdefault(node.name, []).append(fields)
    page = (ROOT / "docs/explanation/architecture.md").read_text(encoding="utf-8")
    arrows = "".join(line for line in page.splitlines(keepends=True) if line.startswith("|"))
    named = re.findall(r"`([A-Z]\w+)(?:\(([\w, ]+)\))?`", arrows)
    assert len(named) > 20
    for name, fields in named:
        wanted = set(filter(None, fields.split(", ")))
        assert any(wanted <= own for own in classes.get(name, [])), (name, fields)
