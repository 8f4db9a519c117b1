"""What other packages bring by entry points. Whatever is wrong with theirs is one sentence that names the package."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, NoReturn

from actscribe.errors import TRACEBACK, ActScribeError, in_one_line
from actscribe.files import disk_is_full
from actscribe.names import is_safe_name

#: What a module may raise while it is imported, be it a test's skip; another package's must not end the command.
AT_IMPORT = BaseException
#: A name that becomes that of a folder.
NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")


def entries(group: str) -> dict[str, list[metadata.EntryPoint]]:
    """Return the entry points of a group by name; several of one name are for `load` to refuse."""
    by_name: dict[str, list[metadata.EntryPoint]] = {}
    for point in metadata.entry_points(group=group):
        by_name.setdefault(point.name, []).append(point)
    return by_name


def load(points: Sequence[metadata.EntryPoint], what: str) -> Any:
    """Return what the only entry point of a name stands for.

    Args:
        points: all of one name.
        what: they are, as a message calls them: "command", "recognizer".

    Raises:
        ActScribeError: it does not load, its name can be that of no folder, or two packages have one of that name.
    """
    point = points[0]
    if len(points) > 1:
        packages = sorted({package(one) for one in points})
        raise ActScribeError(
            f"the {what} '{point.name}' is provided {len(points)} times, by {' and '.join(packages)}; expected one.",
            f"Remove one of them: pip uninstall {packages[-1]}",
        )
    if not (NAME.fullmatch(point.name) and is_safe_name(point.name)):
        raise ActScribeError(
            f"the package {package(point)} calls a {what} '{point.name}'; expected letters, digits, '.', '-' and '_',"
            " a letter first, and not a reserved device name such as 'con'.",
            _remove(point),
        )
    try:
        return point.load()
    except AT_IMPORT as error:
        raise not_loaded(point, what, error) from error


def not_loaded(point: metadata.EntryPoint, what: str, error: BaseException) -> ActScribeError:
    """Return the sentence on an entry point of which something does not load."""
    return wrong(point, what, f" does not load: {named(error)}")


def wrong(point: metadata.EntryPoint, what: str, message: str) -> ActScribeError:
    """Return a sentence on an entry point, to raise; `message` follows the name of its package."""
    return ActScribeError(f"the {what} '{point.name}' of the package {package(point)}{message}", _remove(point))


def careful(
    call: Callable[..., Any], expected: type, point: metadata.EntryPoint, what: str, part: str
) -> Callable[..., Any]:
    """Return a function of another package whose faults are sentences.

    Args:
        call: the function.
        expected: what it should return.
        point, what: see `not_loaded`.
        part: what the function is called.
    """

    def called(*given: Any) -> Any:
        try:
            returned = call(*given)
        except (Exception, SystemExit) as error:
            raise_explained(error, point, what, part)
        if not isinstance(returned, expected):
            raise wrong(point, what, f": '{part}' returned {returned!r}, expected {expected.__name__}.")
        return returned

    return called


def raise_explained(error: BaseException, point: metadata.EntryPoint, what: str, part: str) -> NoReturn:
    """Raise the sentence on what a function of another package raised, or that error itself where it is understood.

    Args:
        error: that is being handled.
        point, what, part: see `careful`.

    Raises:
        ActScribeError: with the package, the function and the line.
    """
    if isinstance(error, (ActScribeError, BrokenPipeError)) or disk_is_full(error):
        raise error
    last = traceback.extract_tb(error.__traceback__)[-1]
    defect = wrong(
        point, what, f": '{part}' failed with {named(error)} ({Path(last.filename).name}, line {last.lineno})."
    )
    hint = f"{defect.hint}\nWhere it happened, step by step: type the same with {TRACEBACK}=1 before it."
    raise ActScribeError(defect.message, hint) from error


def package(point: metadata.EntryPoint) -> str:
    """Return the name of the package that has an entry point, or that of its module where nothing tells."""
    return point.dist.name if point.dist else point.module


def named(error: BaseException) -> str:
    """Return the kind of an error and its words, if it has any, in one line."""
    return f"{type(error).__name__}: {in_one_line(error)}".removesuffix(": ")


def _remove(point: metadata.EntryPoint) -> str:
    return f"Fix or remove it: pip uninstall {package(point)}"
