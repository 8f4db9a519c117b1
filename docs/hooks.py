"""What the documentation takes from the code while it is built: commands, settings, tables; links out of docs/.

MkDocs calls `on_files` and `on_page_markdown`; the rest needs neither MkDocs nor a network.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import typer
from typer.main import get_command

from actscribe.annotations import FORMATS
from actscribe.cli import app
from actscribe.models.vlm.families import FAMILIES
from actscribe.settings import pages
from actscribe.settings.registry import BUILT_IN

HEAD = """# Commands

Made from the program itself. `actscribe COMMAND --help` says the same in a terminal. A command that fails for a reason
that you can mend ends with exit code 2, one sentence and what to type next.
"""
#: What Markdown would read as a mark, in the help text of an option, and in a cell of a table.
MARKS, ESCAPED, BAR = re.compile(r"([*_<>|\[\]`])"), r"\\\1", r"\|"
#: A link from a page to something of the repository that is not in docs/.
OUTSIDE = re.compile(r"\[(?P<words>[^\]]+)\]\((?P<target>(?:\.\./)+[^)#]*)\)")


def commands() -> str:
    """Return every command with its arguments and options as one page of Markdown."""
    group = get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    return "\n".join([HEAD, *_sections(group, "actscribe")])


def _sections(group: typer.core.TyperGroup, path: str) -> Iterator[str]:
    context = typer.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, typer.core.TyperGroup):
            yield from _sections(command, f"{path} {name}")
        else:
            yield _section(command, f"{path} {name}")


def _section(command: Any, path: str) -> str:
    context = typer.Context(command)
    parts = [f"## {path}", inspect.cleandoc(command.help or "")]
    parts.append(f"```text\n{' '.join([path, *command.collect_usage_pieces(context)])}\n```")
    for kind in ("argument", "option"):
        given = [one for one in command.params if one.param_type_name == kind]
        rows = [record for one in given if (record := one.get_help_record(context)) is not None]
        if rows:
            parts.append("\n".join([f"| {kind} | meaning |", "| --- | --- |", *(_row(*row) for row in rows)]))
    return "\n\n".join(parts) + "\n"


def _row(names: str, meaning: str) -> str:
    sentence = meaning.replace("[required]", "Must be given.").replace("[default: ", "[Default: ")
    return f"| `{' '.join(names.split()).replace('|', BAR)}` | {MARKS.sub(ESCAPED, ' '.join(sentence.split()))} |"


def recognizers() -> str:
    """Return the table of this package's recognizers."""
    rows = [f"| `{name}` | {spec.summary} |" for name, spec in BUILT_IN.items()]
    return "\n".join(["| name | what it is |", "| --- | --- |", *rows])


def families() -> str:
    """Return the table of the families of vision-language models, and what their prompts say of times."""
    unsaid = {True: "nothing: positions of tokens stand for times", False: "nothing"}
    rows = [f"| {family.name} | {family.times or unsaid[family.three_axes]} |" for family in FAMILIES.values()]
    return "\n".join(["| family | in the prompt |", "| --- | --- |", *rows])


def formats_read() -> str:
    """Return the table of what is read of each annotation format."""
    rows = [f"| {form.title} | {form.becomes_label} | {form.passed_over} |" for form in FORMATS.values()]
    return "\n".join(["| format | what becomes a label | passed over, or refused |", "| --- | --- | --- |", *rows])


def formats_written() -> str:
    """Return the table of what each annotation format carries."""
    columns = {"subject": "subject", "score": "score", "media": "video", "duration": "its length"}
    head = ["name", "ending", "times", *columns.values(), "labels that do not occur"]
    rows = [
        [
            f"`{name}`",
            f"`{form.ending}`",
            f"{form.resolution * 1000:g} ms" if form.resolution else "1 frame",
            *("yes" if kept in form.keeps else "" for kept in columns),
            form.offered,
        ]
        for name, form in FORMATS.items()
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])


#: Tables that are made, by what a page says where they are to stand.
TABLES = {
    "<!-- recognizers -->": recognizers,
    "<!-- families -->": families,
    "<!-- formats read -->": formats_read,
    "<!-- formats written -->": formats_written,
}
#: Pages that are made whole.
MADE = {"reference/commands.md": commands, "reference/settings.md": pages.markdown}


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that are made; called by MkDocs."""
    from mkdocs.structure.files import File

    for name, made in MADE.items():
        files.append(File.generated(config, name, content=made()))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Fill in the tables, and name what is linked outside of docs/; called by MkDocs."""
    root = Path(config["config_file_path"]).parent
    for mark, made in TABLES.items():
        markdown = markdown.replace(mark, made()) if mark in markdown else markdown
    return OUTSIDE.sub(lambda link: _inside_or_named(link, page.file.src_uri, root), markdown)


def _inside_or_named(link: re.Match[str], page: str, root: Path) -> str:
    target = (root / "docs" / PurePosixPath(page).parent / link["target"]).resolve()
    if target.is_relative_to(root / "docs") or not target.exists():
        return link[0]
    path = target.relative_to(root).as_posix()
    return f"`{path}`" if link["words"].rstrip("/") in (target.stem, path) else f"{link['words']} (`{path}`)"
