"""actscribe models: which models there are, getting one, what one will cost, folding adapters into one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from actscribe.cli.compute import with_compute
from actscribe.cli.guard import guarded
from actscribe.cli.next_command import print_next
from actscribe.cli.options import Command
from actscribe.cli.terminal import allow_bars

models = typer.Typer(help="Models: what is here, getting one, what one will cost.", no_args_is_help=True)

#: Labels of the largest sets that there are, with room to spare.
MOST_LABELS = 10_000

if TYPE_CHECKING:
    from pydantic import BaseModel


def list_models() -> None:
    """Show every known model: whether it is here or would need a download, its licence and size."""
    from actscribe.models.catalog import ENTRIES, location, tiny
    from actscribe.settings.named_models import EMBEDDED
    from actscribe.tables import print_sentence

    words = {"package": "here, package", "cache": "here, cache", "incomplete": "incomplete"}
    print(_row("name", "family", "where", "download", "licence"))
    for entry in ENTRIES:
        where = words.get(location(entry), "download" if entry.hub else "not installed")
        size = f"{entry.download} MB" if entry.hub else "–"
        note = f" ({entry.note})" if entry.note else ""
        print(_row(entry.name, entry.family, where, size, entry.licence + note))
    names = [entry.name for entry in tiny()]
    if names:
        print_sentence(
            f"In a study file, 'model: {EMBEDDED}' is the tiny one that the recognizer takes:"
            f" {', '.join(names[:-1])} or {names[-1]}."
        )
    away = next((entry.name for entry in ENTRIES if entry.hub and location(entry) not in ("package", "cache")), None)
    get = f"Get one with its name, such as: actscribe models pull {away}. " if away else ""
    print_sentence(f"{get}Any folder with a checkpoint of these families works too.")


def _row(name: str, family: str, where: str, size: str, licence: str) -> str:
    """Return a line of the list; a licence for which the terminal is too narrow stands below it."""
    line = f"{name:<26} {family:<16} {where:<13} {size:>8}"
    fits = len(line) + 2 + len(licence) <= shutil.get_terminal_size().columns
    return f"{line}  {licence}" if fits else f"{line}\n    {licence}"


def pull(
    name: Annotated[str, typer.Argument(help="A name of the list, or a hub id such as owner/model.")],
) -> None:
    """Download a model into the local Hugging Face cache. The only command that uses the network."""
    os.environ["HF_HUB_OFFLINE"] = "0"  # before the hub's client is loaded: `main` turned it off for all else
    allow_bars()
    from actscribe.models import catalog

    entry = catalog.find(name)
    if entry is not None and entry.hub:
        print(f"{entry.hub}: about {entry.download} MB, licence {entry.licence}.")
    print(f"It is in {catalog.pull(name)}")
    setting = "judge" if entry is not None and entry.kind == "llm" else "model"
    print(f"Use it with, in a study file: {setting}: {name}")


def plan(
    name: Annotated[str, typer.Argument(help="A model: 'embedded', a name of the list, or a folder.")],
    frames: Annotated[int, typer.Option(help="Frames of a clip.", min=1)] = 8,
    recognizer: Annotated[
        str | None, typer.Option(help="The recognizer that will use it.", show_default="what the model is usual for")
    ] = None,
    labels: Annotated[int, typer.Option(help="Labels of the study.", min=1)] = 4,
    dtype: Annotated[
        str | None,
        typer.Option(help="float32, bfloat16, 8bit or 4bit.", show_default="as the recognizer's settings say"),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(help="Clips at once in training.", min=1, show_default="as the recognizer's settings say"),
    ] = None,
) -> None:
    """Estimate tokens, memory and time per clip on this machine before anything is loaded."""
    from actscribe.errors import ActScribeError
    from actscribe.models.catalog import find
    from actscribe.settings.registry import usual_for

    _check_sizes(frames, labels)
    entry = find(name)
    chosen = recognizer or usual_for(entry.kind if entry else "vlm")
    judges = entry is not None and entry.kind == "llm" and chosen == usual_for("llm")
    settings = _settings(chosen, {"judge" if judges else "model": name}, dtype, batch_size)
    _check_model(name, chosen)
    from actscribe.models.cost import MB  # PyTorch from here on: a wrong word is answered before it is loaded
    from actscribe.recognizers.base import implementation

    estimate = implementation(chosen).plan
    if estimate is None:
        raise ActScribeError(f"There is no estimate for {chosen}.")
    needed = estimate(settings, frames, labels)
    of_whom = chosen if recognizer else f"{chosen} (--recognizer names another)"
    peak = f"{needed.memory / MB:,.0f} MB at the peak, besides about 700 MB of Python and PyTorch"
    for topic, text in {"recognizer": of_whom, "memory": peak, **needed.lines}.items():
        print(f"{topic + ':':<18} {text}")


def _check_sizes(frames: int, labels: int) -> None:
    """Refuse what no study has, which would be counted for ever."""
    from actscribe.errors import ActScribeError
    from actscribe.settings.study import MOST_FRAMES

    for option, given, most in (("--frames", frames, MOST_FRAMES), ("--labels", labels, MOST_LABELS)):
        if given > most:
            raise ActScribeError(f"{option} {given}: a study has at most {most:,}.", "Give that of yours.")


def _settings(recognizer: str, models: dict[str, str], dtype: str | None, batch_size: int | None) -> BaseModel:
    """Return a recognizer's settings with a model, and the number format and batch that the user asks for.

    Args:
        recognizer: its name.
        models: "model", or "judge", to the name that was given.
        dtype, batch_size: as they were given; None: as the settings say.
    """
    from actscribe.errors import ActScribeError, did_you_mean
    from actscribe.settings.registry import recognizer as spec_of
    from actscribe.settings.study import parse_settings

    formats = spec_of(recognizer).number_formats
    if dtype is not None and dtype not in formats:
        problem = f"{recognizer} computes in {', '.join(formats) or 'a number format of its own'}, not in '{dtype}'."
        raise ActScribeError(problem, did_you_mean(dtype, formats) if formats else "Leave out --dtype.")
    values: dict[str, object] = {**models, **({} if dtype is None else formats[dtype])}
    values |= {} if batch_size is None else {"batch_size": batch_size}
    try:
        return parse_settings(recognizer, values)
    except ValueError as error:
        raise ActScribeError(str(error)) from None


def _check_model(model: str, recognizer: str) -> None:
    """Refuse a model that is neither known nor here; what recognizers of other packages take only they know."""
    from actscribe.models.catalog import checkpoint_folder, find
    from actscribe.settings.named_models import EMBEDDED
    from actscribe.settings.registry import BUILT_IN

    if recognizer in BUILT_IN and model != EMBEDDED and find(model) is None and not Path(model).is_file():
        checkpoint_folder(model)


def merge(
    run: Annotated[Path, typer.Argument(help="A run with adapters.")],
    out: Annotated[Path, typer.Argument(help="Folder of the merged run; must not exist.")],
) -> None:
    """Fold the adapters of a run into its model: a run that needs neither peft nor the first checkpoint."""
    from actscribe.run_folder.run import Run
    from actscribe.runs.merge import merge as merge_run

    merged = merge_run(Run.open(run), out)
    print(f"Run: {merged.folder}")
    print_next("evaluate", merged.folder)


for word, command in (("list", list_models), ("pull", pull), ("plan", with_compute(plan)), ("merge", merge)):
    models.command(word, cls=Command)(guarded(command))
