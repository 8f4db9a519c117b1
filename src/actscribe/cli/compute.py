"""The options of every command that runs a network: where, with how many threads, how many at once, compiled or not."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any, get_type_hints

import typer

#: Of commands that train several recognizers.
AtOnce = Annotated[
    int,
    typer.Option(
        help="Runs that are made at once, each by a process of its own with its share of the cores, or with a GPU of"
        " its own. Small networks are done sooner so; each process takes memory of its own.",
        min=1,
    ),
]
_OPTIONS: dict[str, tuple[Any, Any]] = {
    "device": (
        Annotated[str, typer.Option(help="Device for networks: auto (a GPU if there is one), cpu, cuda, mps.")],
        "auto",
    ),
    "threads": (
        Annotated[int | None, typer.Option(help="CPU threads; default: as PyTorch chooses.", min=1)],
        None,
    ),
    "batch_size": (
        Annotated[
            int | None,
            typer.Option(
                help="Clips that are scored at once; default: 1 on a CPU and 8 on a GPU."
                " Vision-language models go by tokens instead.",
                min=1,
            ),
        ],
        None,
    ),
    "compile": (
        Annotated[
            bool,
            typer.Option(
                "--compile",
                help="Compile networks for this machine before they score: the first clips take a minute longer, all"
                " others less. For long work on a GPU; scores move by rounding.",
            ),
        ],
        False,
    ),
}


def with_compute(command: Callable[..., None]) -> Callable[..., None]:
    """Return `command` with the options --device, --threads, --batch-size and --compile, checked before it begins.

    Of an option that it has itself it keeps its own.
    """
    own = inspect.signature(command)
    added = {name: option for name, option in _OPTIONS.items() if name not in own.parameters}

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        asked = {name: kwargs.pop(name) for name in added}
        if asked == {name: default for name, (_, default) in added.items()}:
            command(*args, **kwargs)
            return
        from actscribe.compute import Compute
        from actscribe.models.device import computing

        with computing(Compute(**asked)):
            command(*args, **kwargs)

    hints = get_type_hints(command, include_extras=True)
    listed = [one.replace(annotation=hints[name]) for name, one in own.parameters.items()]
    for name, (kind, default) in added.items():
        listed.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind))
    run.__signature__ = own.replace(parameters=listed)  # type: ignore[attr-defined]
    run.__annotations__ = hints | {name: kind for name, (kind, _) in added.items()}
    return run
