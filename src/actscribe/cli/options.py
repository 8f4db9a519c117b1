"""What to type in place of an option that a command does not have."""

from __future__ import annotations

import difflib
import math
from typing import Any

import typer
from typer.core import TyperCommand

#: Options of one meaning, here and in other programs; a word without dashes is an argument that stands without one.
SAME_MEANING = (
    ("--to", "--format", "--type", "--output-format", "-f", "-t"),
    ("--out", "target", "--output", "--output-dir", "--outfile", "--dest", "--save", "-o"),
    ("--overwrite", "--force", "--replace", "-f", "-y"),
    ("--run", "--model", "--checkpoint", "--weights", "-m"),
    ("--recognizer", "--backbone", "--model", "--method", "--only"),
    ("--from", "source", "videos", "--input", "--source", "--videos", "--annotations", "-i"),
    ("--video", "--media", "--videos", "--observation"),
    ("--labels", "--classes", "--label-set", "--ethogram"),
    ("--device", "--gpu", "--cuda", "--cpu"),
    ("--threads", "--workers", "--jobs", "--num-workers", "-j"),
    ("--seed", "--seeds", "--random-state"),
    ("--resume", "--continue", "--go-on"),
    ("--split", "--subset", "--part"),
    ("--tiers", "--tier", "--exclude", "--ignore"),
    ("--annotator", "--user", "--coder", "--rater"),
    ("--fps", "--frame-rate", "--rate"),
    ("--truth", "--reference", "--ground-truth", "--second"),
)


class Command(TyperCommand):
    """A command that names what comes near an option that it does not have, and takes no "nan" for a number."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Return what is left of the arguments; an unknown option is refused with what may be meant."""
        try:
            rest = super().parse_args(ctx, args)
        except Exception as error:
            if hasattr(error, "possibilities") and hasattr(error, "option_name"):  # typer's NoSuchOption, not public
                _suggest(error, self)
            raise
        for param in self.params:
            value = ctx.params.get(param.name)
            if isinstance(value, float) and math.isnan(value):  # no bound refuses it, and nothing is before or after it
                raise typer.BadParameter("'nan' is not a number.", ctx, param_hint=f"'{param.opts[0]}'")
        return rest


def _suggest(error: Any, command: TyperCommand) -> None:
    """Write into an error on an unknown option which other ones, arguments or settings come near it."""
    name = str(error.option_name)
    options = [one for param in command.params for one in param.opts if one.startswith("-")]
    arguments = [str(param.name) for param in command.params if param.param_type_name == "argument"]
    meant = [one for group in SAME_MEANING if name in group for one in group if one != name]
    possible = [one for one in meant if one in options]
    possible = possible or difflib.get_close_matches(name, [one for one in options if one.startswith("--")])
    if possible:
        error.possibilities = None
        error.message += f". Did you mean {' or '.join(dict.fromkeys(possible))}?"
        return
    unnamed = next((one for one in meant if one in arguments), None)
    if unnamed is not None:
        error.message += f". {unnamed.upper()} is given without an option: {_usage(command, arguments)}"
    elif "study" in arguments and (recognizer := _recognizer_with(name)):
        error.message += f". It is a setting in study.yaml: actscribe settings {recognizer}"


def _usage(command: TyperCommand, arguments: list[str]) -> str:
    return " ".join(["actscribe", str(command.name), *map(str.upper, arguments)])


def _recognizer_with(option: str) -> str | None:
    """Return the first recognizer that has a setting of an option's name."""
    from actscribe.settings.registry import BUILT_IN, REAL_VIDEO

    setting = option.lstrip("-").replace("-", "_")
    return next((name for name in (REAL_VIDEO, *BUILT_IN) if setting in BUILT_IN[name].settings.model_fields), None)
