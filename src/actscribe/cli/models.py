"""actscribe models: which models there are, getting one, what one will cost, folding adapters into one."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Annotated

import typer

from actscribe.cli.guard import guarded
from actscribe.cli.terminal import allow_bars

models = typer.Typer(help="Models: what is here, getting one, what one will cost.", no_args_is_help=True)

MB = 10**6


def list_models() -> None:
    """Show every known model: whether it is here or would need a download, its licence and size."""
    from actscribe.models.catalog import EMBEDDED, ENTRIES, embedded_folder, place

    words = {"package": "here, in the package", "cache": "here, in the cache", "incomplete": "download incomplete"}
    print(f"{'name':<22} {'family':<17} {'where':<24} {'download':>9}  licence")
    for entry in ENTRIES:
        where = words.get(place(entry), "download" if entry.hub else "not in this installation")
        size = f"{entry.download} MB" if entry.hub else "–"
        note = f" ({entry.note})" if entry.note else ""
        print(f"{entry.name:<22} {entry.family:<17} {where:<24} {size:>9}  {entry.licence}{note}")
    if embedded_folder("vlm"):
        print(f"In a study file, 'model: {EMBEDDED}' is the tiny one of the package.")
    print("Get one with: actscribe models pull NAME. Any folder with a checkpoint of these families works too.")


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
        str | None, typer.Option(help="Which recognizer is to use it.", show_default="what the model is usual for")
    ] = None,
    labels: Annotated[int, typer.Option(help="Labels of the study.", min=1)] = 4,
    dtype: Annotated[
        str, typer.Option(help="float32, bfloat16, 8bit or 4bit; vision-language models only.")
    ] = "float32",
    batch: Annotated[
        int | None,
        typer.Option(
            help="Clips at once; no zero-shot vision-language model takes several.",
            min=1,
            show_default="1, or as the settings of the recognizer say",
        ),
    ] = None,
) -> None:
    """Estimate tokens, memory and time per clip on this machine before anything is loaded."""
    from actscribe.models.catalog import find
    from actscribe.recognizers.planning import PLANNED, USUAL
    from actscribe.recognizers.registry import kind

    entry = find(name)
    chosen = recognizer or USUAL[entry.kind if entry else "vlm"]
    kind(chosen)  # refuses a name that is none
    lines = _clip_plan(name, chosen, frames, labels, batch) if chosen in PLANNED else None
    for topic, text in (lines or _vlm_plan(name, chosen, frames, labels, dtype, batch or 1)).items():
        print(f"{topic + ':':<18} {text}")


def _clip_plan(name: str, recognizer: str, frames: int, labels: int, batch: int | None) -> dict[str, str]:
    from actscribe.models.vlm.plan import EFFICIENCY, matmul_speed
    from actscribe.recognizers.planning import plan as planned
    from actscribe.tables import seconds_text

    found, clips = planned(recognizer, name, frames, labels, batch)
    speed = EFFICIENCY * matmul_speed("float32")
    held = found.weights + max(found.working, found.training)
    lines = {
        "model": f"{name} for {recognizer}: {found.parameters / 1e6:,.1f} M parameters in float32",
        "memory": f"{held / MB:,.0f} MB at the peak, besides about 700 MB of Python and PyTorch",
        "weights": f"{found.weights / MB:,.0f} MB",
        "working": f"{found.working / MB:,.0f} MB, to score {clips} clips of {frames} frames at once",
    }
    if found.training:
        lines["training"] = f"{found.training / MB:,.0f} MB, a step of {clips} clips with gradients and optimizer"
        lines["learns"] = f"{found.learned / 1e6:,.1f} M parameters"
    lines["time"] = f"about {seconds_text(found.scoring / clips / speed)} a clip on this machine"
    if found.training:
        lines["time"] += f", and {seconds_text(found.step / clips / speed)} in a training step"
    return lines


def _vlm_plan(name: str, recognizer: str, frames: int, labels: int, dtype: str, batch: int) -> dict[str, str]:
    from actscribe.models.vlm import plan as planning
    from actscribe.tables import seconds_text

    found = planning.plan(name, frames, planning.Use(recognizer, dtype=dtype, labels=labels, batch=batch))
    and_step = " and training step" if found.training else ""
    lines = {
        "model": f"{name} for {recognizer}: {found.family}, {found.parameters / 1e6:,.0f} M parameters in {dtype}",
        "clip": f"{frames} frames, {found.video_tokens} visual tokens, {found.sequence} tokens with the prompt",
        "memory": f"{found.memory / MB:,.0f} MB at the peak, besides about 700 MB of Python and PyTorch",
        "weights": f"{found.weights / MB:,.0f} MB",
        "key-value cache": f"{found.cache / MB:,.0f} MB",
        "working": f"{found.activations / MB:,.0f} MB",
        "visual features": f"{found.store / MB:,.0f} MB, kept for overlapping windows",
        "training": f"{found.training / MB:,.0f} MB, adapter with gradients and optimizer",
        "time": f"about {seconds_text(found.seconds)} a clip on this machine{and_step}",
    }
    if not found.training:
        del lines["training"]
    return lines


def merge(
    run: Annotated[Path, typer.Argument(help="A run of vlm-lora.")],
    out: Annotated[Path, typer.Argument(help="Folder of the merged run; must not exist.")],
) -> None:
    """Fold the adapters of a vlm-lora run into its model: a run that needs neither peft nor the first checkpoint."""
    from actscribe.run_folder.run import Run
    from actscribe.runs.merge import merge as merge_run

    merged = merge_run(Run.open(run), out)
    print(f"Run: {merged.folder}")
    place = shlex.quote(str(merged.folder))
    print(f"Next: actscribe evaluate {place}   or: actscribe annotate VIDEO --run {place}")


for word, command in (("list", list_models), ("pull", pull), ("plan", plan), ("merge", merge)):
    models.command(word)(guarded(command))
