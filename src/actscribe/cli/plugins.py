"""Commands that other packages bring, by entry points of the group `actscribe.commands`.

An entry point names a function with typer's annotations; its docstring is the help text. Its module is imported when
the command is called or listed, so it should import what is heavy inside the function. One that does not load costs
nobody else anything: it says so when it is called.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from importlib import metadata
from typing import Any

import typer
from rich.markup import escape
from typer.core import TyperGroup

from actscribe.cli.guard import guarded
from actscribe.cli.options import Command
from actscribe.errors import ActScribeError
from actscribe.settings.other_packages import entries, load, not_loaded

GROUP = "actscribe.commands"
#: A command that does not load takes whatever is typed after it, and says why.
NOT_LOADED = "Does not load; call it to see why."
ANYTHING = {"ignore_unknown_options": True, "allow_extra_args": True}


class Commands(TyperGroup):
    """The commands of ActScribe and, behind them, those of other packages, which cannot take a name that is taken."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return all names; those of other packages are loaded for it, since a list shows what each does."""
        self._load(None)
        return super().list_commands(ctx)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command of a name, or None; of other packages only this one is loaded."""
        self._load(cmd_name)
        return super().get_command(ctx, cmd_name)

    def _load(self, name: str | None) -> None:
        if name in self.commands:
            return
        brought = entries(GROUP)
        for command in [name] if name in brought else sorted(brought):  # all for a name that nobody has: to suggest one
            if command not in self.commands:
                self.add_command(_command(brought[command]), command)


def _command(points: Sequence[metadata.EntryPoint]) -> Any:
    point = points[0]
    try:
        command = load(points, "command")
        if not inspect.isfunction(command):
            raise TypeError(f"{point.value} is not a function")
        return _made(point.name, command, escape(inspect.getdoc(command) or ""))
    except ActScribeError as error:
        return _made(point.name, _broken(error), NOT_LOADED, ANYTHING)
    except Exception as error:  # typer's, of what it cannot read
        return _made(point.name, _broken(not_loaded(point, "command", error)), NOT_LOADED, ANYTHING)


def _made(name: str, command: Callable[..., None], text: str, settings: dict[str, Any] | None = None) -> Any:
    single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    single.command(name, cls=Command, help=text, context_settings=settings)(guarded(command))
    return typer.main.get_command(single)


def _broken(error: ActScribeError) -> Callable[[], None]:
    def broken() -> None:
        raise error

    return broken
