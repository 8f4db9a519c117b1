"""The README and the pages of docs/: every code block runs as it stands, or says why it cannot.

A page is followed from its first block to its last in a copy of one small folder (`page_lab`). A block that is not run
has `<!-- not run: why -->` in the line before it; its commands and options must exist all the same.
"""

from __future__ import annotations

import re
import runpy
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import page_lab
import pytest
import typer
import yaml
from typer.main import get_command

import actscribe
from actscribe import LabelSet, load_study
from actscribe.annotations import FORMATS
from actscribe.cli import app
from actscribe.settings.reference import settings_of
from actscribe.settings.registry import BUILT_IN

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
#: Their Python runs in tests/test_python.py.
ELSEWHERE = {"README.md", "docs/how-to/python.md"}
#: The first line of settings that are to be put into the page's study.
INTO = "# my-study/study.yaml\n"
BASE = {"name": "x", "recordings": "manifest.csv", "labels": "newborn_resuscitation"}


@dataclass(frozen=True, slots=True)
class Block:
    """One code block, and why it is not run, if it is not."""

    language: str
    code: str
    why: str

    @property
    def lines(self) -> list[str]:
        """Its command lines, whole."""
        whole = self.code.replace("\\\n", " ").splitlines()
        return [line for line in whole if line.strip() and not line.lstrip().startswith("#")]


def blocks(text: str) -> list[Block]:
    matches = re.findall(r"(?:^<!-- not run: (.*?) -->\n)?^```(\w*)[^\n]*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return [Block(language, code, why) for why, language, code in matches]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def commands(text: str) -> list[list[str]]:
    """Return the words of every `actscribe …` line in the code blocks of a page, without comments."""
    lines = [line for block in blocks(text) if block.language in ("", "sh") for line in block.lines]
    parts = [part for line in lines for part in line.partition(" #")[0].split("&&")]
    matches = [re.search(r"(?:^|[\s/])actscribe (.*)", part) for part in parts]
    return [shlex.split(match[1]) for match in matches if match]


def inline(text: str) -> list[str]:
    """Return the code within the sentences of a page, each in one line."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    return [" ".join(code.split()) for code in re.findall(r"(?<!`)`([^`]+)`(?!`)", prose)]


def mentions(text: str) -> list[list[str]]:
    """Return the words of commands that the sentences of a page name: `actscribe train STUDY`, `train --resume`."""
    group = get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    ours = [code.removeprefix("actscribe ") for code in inline(text) if code.startswith("actscribe ")]
    short = [code for code in inline(text) if " --" in code and code.split()[0] in group.commands]
    return [shlex.split(code) for code in [*ours, *short]]


def set_keys(text: str) -> set[str]:
    """Return the settings that a page gives behind --set, but for the placeholder KEY."""
    return set(re.findall(r"--set '?(\w+(?:\.\w+)*)=", text)) - {"KEY"}


def test_blocks_and_commands_are_found_in_a_page() -> None:
    lines = (
        "pip install actscribe\n.venv/bin/actscribe train s --resume   # x\nactscribe new \\\n  d && actscribe doctor"
    )
    page = f"```sh\n{lines}\n```\n"
    assert commands(page) == [["train", "s", "--resume"], ["new", "d"], ["doctor"]]
    assert commands("```python\nfrom actscribe import train\n```") == []
    assert blocks("a\n<!-- not run: long -->\n```sh\nb\n```\n```sh\nc\n```\n") == [
        Block("sh", "b\n", "long"),
        Block("sh", "c\n", ""),
    ]
    sentence = (
        "Type `actscribe train\ns`, `check --seed 1`, `--set 'vghif.levels=[3]'`; `train` alone, `python -m x --y`."
    )
    assert mentions(sentence) == [["train", "s"], ["check", "--seed", "1"]]
    assert set_keys(sentence) == {"vghif.levels"}


def assert_known(page: Path, words: list[str]) -> None:
    """Check that a command and its options exist."""
    rest, command = list(words), get_command(app)
    while isinstance(command, typer.core.TyperGroup) and rest and not rest[0].startswith("-"):
        subcommand = command.get_command(typer.Context(command), rest[0])
        assert subcommand is not None, (page.name, words)
        command = subcommand
        rest.pop(0)
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    used = {word.partition("=")[0] for word in rest if word.startswith("--")} - {"--help"}
    assert used <= known, (page.name, words)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_on_a_page_exists_with_its_options(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for words in [*commands(text), *mentions(text)]:
        assert_known(page, words)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_setting_that_a_page_sets_exists(page: Path) -> None:
    known = {setting.name for spec in BUILT_IN.values() for setting in settings_of(spec.settings)}
    assert set_keys(page.read_text(encoding="utf-8")) <= known


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("pages")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACTSCRIBE_CACHE", str(root / "cache"))
        (root / "lab").mkdir()
        patch.chdir(root / "lab")
        page_lab.furnish(root / "lab")
        yield root / "lab"


def runnable_blocks(page: Path) -> list[Block]:
    code_blocks = blocks(page.read_text(encoding="utf-8"))
    languages = {"sh", "yaml"} if name_of(page) in ELSEWHERE else {"sh", "yaml", "python", "toml"}
    return [block for block in code_blocks if block.language in languages and not block.why]


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if runnable_blocks(page)], ids=name_of)
def test_a_page_can_be_followed(page: Path, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(template, tmp_path / "lab")
    monkeypatch.chdir(tmp_path / "lab")
    page_lab.forget_packages()
    code_blocks = runnable_blocks(page)
    if any("actscribe new my-study" in block.code for block in code_blocks):
        shutil.rmtree("my-study")
    if name_of(page) == "docs/how-to/review.md":
        page_lab.review()  # which that page does in the browser
    names: dict[str, Any] = {}
    for block in code_blocks:
        if block.language == "python" and (module := re.match(r"# (\w+\.py)\n", block.code)):
            Path(module[1]).write_text(block.code, encoding="utf-8")
        elif block.language == "python":
            exec(block.code, names)
        elif block.language == "toml":
            page_lab.install(block.code, monkeypatch)
        elif block.language == "yaml":
            settings(block.code, tmp_path)
        else:
            for line in block.lines:
                for part in line.partition(" #")[0].split("&&"):
                    command = part.strip().removeprefix(".venv/bin/")
                    assert command.startswith("actscribe "), f"{page.name}: run '{part}' or say why not"
                    page_lab.typed(command)


def settings(code: str, tmp_path: Path) -> None:
    """Check that a block is a label set, a study or a part of one, and put it into the page's study if it says so."""
    values = yaml.safe_load(code)
    if "recordings" not in values and isinstance(values.get("labels"), list):
        LabelSet.model_validate(values)
        return
    target = Path("my-study/study.yaml") if code.startswith(INTO) else tmp_path / "study.yaml"
    before = yaml.safe_load(target.read_text(encoding="utf-8")) if code.startswith(INTO) else BASE
    target.write_text(yaml.safe_dump({**before, **values}), encoding="utf-8")
    study = load_study(target)
    assert [study.chosen(name).settings for name in study.recognizers] or "recognizers" not in values


def test_the_pages_of_the_code_hold_every_command_and_every_public_name() -> None:
    hooks = runpy.run_path(str(ROOT / "docs" / "hooks.py"))
    made = hooks["commands"]()
    group = get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    for name in group.list_commands(typer.Context(group)):
        assert f"## actscribe {name}" in made, name
    assert "| `--time-budget " in made
    pages = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    tables = {mark: made() for mark, made in hooks["TABLES"].items()}
    assert all(pages.count(mark) == 1 for mark in tables)
    assert all(f"| `{name}` | {spec.summary} |" in tables["<!-- recognizers -->"] for name, spec in BUILT_IN.items())
    assert "| Gemma 4 | `00:12` before every frame, whole seconds |" in tables["<!-- families -->"]
    known, written = tables["<!-- formats read -->"], tables["<!-- formats written -->"]
    assert all(f"| {form.title} | {form.becomes_label} |" in known for form in FORMATS.values())
    assert "| `cvat` | `.xml` | 1 frame | yes |  | yes | yes | the task's labels |" in written
    page = (ROOT / "docs" / "reference" / "python.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^::: actscribe\.(\w+)$", page, re.MULTILINE)) == actscribe.__all__


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    links = re.findall(r"\]\(((?!https?:)[^)#\s]+)", text)
    made = {"commands.md", "settings.md"}  # while the site is built
    assert [link for link in links if not (page.parent / link).exists() and Path(link).name not in made] == []


@pytest.mark.parametrize("page", ["docs/index.md", "docs/reference/files.md"])
def test_the_tables_of_commands_name_every_command(page: str) -> None:
    """Both are written by hand: the first says what each command is for, the second where it writes."""
    rows = [line for line in (ROOT / page).read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    named = {code.split()[0] for row in rows for code in re.findall(r"`([^`]+)`", row.split(" | ")[0])}
    group = get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    silent = {"check", "doctor", "settings"} if page.endswith("files.md") else set()  # they write no file
    assert set(group.commands) - silent - named == set()
