"""The options of every command that runs a network: where, with how many threads, how many clips at once."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any, get_type_hints

import typer

_OPTIONS: dict[str, tuple[Any, Any]] = {
    "device": (
        Annotated[str, typer.Option(help="Where networks run: auto (a GPU where there is one), cpu, cuda, mps.")],
        "auto",
    ),
    "threads": (
        Annotated[int | None, typer.Option(help="Of arithmetic on the processor; default as PyTorch chooses.", min=1)],
        None,
    ),
    "batch_size": (
        Annotated[
            int | None,
            typer.Option(help="Clips that are scored at once; default 1 on a processor, 8 on a GPU.", min=1),
        ],
        None,
    ),
}


def with_compute(command: Callable[..., None]) -> Callable[..., None]:
    """Return `command` with the options --device, --threads and --batch-size, checked before it begins."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        asked = {name: kwargs.pop(name) for name in _OPTIONS}
        if asked == {name: default for name, (_, default) in _OPTIONS.items()}:
            command(*args, **kwargs)
            return
        from actscribe.compute import Compute
        from actscribe.models.device import computing

        with computing(Compute(**asked)):
            command(*args, **kwargs)

    hints = get_type_hints(command, include_extras=True)
    own = inspect.signature(command)
    listed = [one.replace(annotation=hints[name]) for name, one in own.parameters.items()]
    for name, (kind, default) in _OPTIONS.items():
        listed.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind))
    run.__signature__ = own.replace(parameters=listed)  # type: ignore[attr-defined]
    run.__annotations__ = hints | {name: kind for name, (kind, _) in _OPTIONS.items()}
    return run
