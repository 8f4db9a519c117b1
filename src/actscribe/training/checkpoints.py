"""What a training leaves behind to go on from: which of it is whole, and how it goes when the run is complete."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

from transformers import TrainingArguments
from transformers.trainer_callback import TrainerCallback, TrainerState

from actscribe.files import content_hash, share, write_text
from actscribe.leftovers import is_temporary
from actscribe.ownership import CLUTTER

logger = logging.getLogger(__name__)

TRAINER_STATE_NAME = "trainer_state.json"
#: In a checkpoint, written last: the digest of each of its files.
DIGESTS = "digests.json"
#: In a run's folder: what a training goes on from, in folders that the Trainer names, and in these.
CHECKPOINTS, PROBE = "checkpoints", "probe"
#: In a run's folder: what TensorBoard shows.
CURVES = "tensorboard"
#: In a run's folder: how a training went.
HISTORY = "training.json"
#: In the folder of a probe: the head that it ended with.
PROBED = "head.safetensors"
#: What the Trainer writes into a checkpoint, and our digests.
_IN_CHECKPOINT = (
    rf"model\.safetensors|(optimizer|scheduler|scaler)\.pt|rng_state(_\d+)?\.pth|training_args\.bin"
    rf"|{re.escape(TRAINER_STATE_NAME)}|{re.escape(DIGESTS)}"
)
_OF_A_TRAINING = (
    rf"{re.escape(HISTORY)}|{CURVES}/events\.out\.tfevents\.\d+\.[^/]+|{CHECKPOINTS}/checkpoint-\d+/({_IN_CHECKPOINT})"
)
_OURS = re.compile(rf"{_OF_A_TRAINING}|{CHECKPOINTS}/{PROBE}/({_OF_A_TRAINING}|{re.escape(PROBED)})")
#: Files that each process of several writes for itself, perhaps later.
_OF_ONE_PROCESS = re.compile(r"rng_state_\d+\.pth")


#: Whole checkpoints that a training keeps: the newest, and the best or the one before.
_MOST_CHECKPOINTS = 2


class NotedCheckpoints(TrainerCallback):
    """Notes the digests of a checkpoint, lets those read it who may read the run's other files, and removes old ones.

    The Trainer would remove old ones too, with all that a user may have put into them.
    """

    def on_save(self, args: TrainingArguments, state: TrainerState, control: Any, **kwargs: Any) -> None:
        """Take the newest checkpoint in hand."""
        if state.is_world_process_zero:
            folder = Path(str(args.output_dir)) / f"checkpoint-{state.global_step}"
            note_checkpoint(folder)
            share(folder)
            _remove_old(folder.parent, {folder.name, Path(state.best_model_checkpoint or "").name})


def note_checkpoint(folder: Path) -> None:
    """Write the digests of a checkpoint's files into it; from here on it counts as whole."""
    files = (path for path in sorted(folder.iterdir()) if path.is_file() and path.name != DIGESTS)
    digests = {path.name: content_hash(path) for path in files if not _OF_ONE_PROCESS.fullmatch(path.name)}
    write_text(folder / DIGESTS, json.dumps(digests, indent=1))


def last_checkpoint(folder: Path) -> Path | None:
    """Return the newest checkpoint that is as it was written, and so is the best one that it refers to.

    Others are removed: those that a killed process left half-written, and damaged ones, with a warning. A training goes
    on from the one before, or starts over, and takes the same steps either way.
    """
    checkpoints = sorted(_checkpoints(folder), key=_step)
    whole = [path for path in checkpoints if _is_whole(path)]
    names = {path.name for path in whole}
    for path in checkpoints:
        if path.name not in names:
            _remove(path)
    last = next((path for path in reversed(whole) if _best(path) in (None, *names)), None)
    if last is not None:
        _repoint_best(last)
    return last


def _repoint_best(folder: Path) -> None:
    """Let the best checkpoint be looked for beside this one: the run may have moved, or is named from elsewhere now.

    Where the Trainer does not find it, it ends with the last weights and says nothing.
    """
    best, path = _best(folder), folder / TRAINER_STATE_NAME
    state = json.loads(path.read_text(encoding="utf-8"))
    if best is not None and state["best_model_checkpoint"] != str(folder.parent / best):
        state["best_model_checkpoint"] = str(folder.parent / best)
        write_text(path, json.dumps(state, indent=2, sort_keys=True))
        note_checkpoint(folder)


def is_of_training(name: str) -> bool:
    """Tell whether a training writes a file of this name, a path from the run's folder with `/`."""
    return _OURS.fullmatch(name) is not None


def remove_checkpoints(run: Path) -> None:
    """Remove what trainings left in a run's folder to go on from; whatever else lies in its checkpoints stays."""
    folder = run / CHECKPOINTS
    for path in (*_checkpoints(folder), folder / PROBE):
        if path.is_dir() and not path.is_symlink():
            _remove(path)
    with suppress(OSError):  # not there, or something of the user's is in it
        folder.rmdir()


def _remove_old(folder: Path, needed: Collection[str]) -> None:
    """Remove whole checkpoints, the oldest first, until `_MOST_CHECKPOINTS` are left, but none that is needed."""
    held = sorted((path for path in _checkpoints(folder) if (path / DIGESTS).is_file()), key=_step)
    for path in [path for path in held if path.name not in needed][: max(0, len(held) - _MOST_CHECKPOINTS)]:
        _remove(path)


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])


def _remove(folder: Path) -> None:
    """Remove the files that a training wrote into a folder below its checkpoints, and the folders left empty."""
    for parent, _, files in os.walk(folder, topdown=False):
        for path in (Path(parent) / name for name in files):
            name = f"{CHECKPOINTS}/{path.relative_to(folder.parent).as_posix()}"
            if is_of_training(name) or is_temporary(path.name) or path.name in CLUTTER:
                with suppress(OSError):
                    path.unlink()
        with suppress(OSError):
            Path(parent).rmdir()


def _checkpoints(folder: Path) -> list[Path]:
    """Return the folders that the Trainer wrote, in no order."""
    folders = folder.glob("checkpoint-*")
    return [path for path in folders if re.fullmatch(r"checkpoint-\d+", path.name) and not path.is_symlink()]


def _is_whole(folder: Path) -> bool:
    path = folder / DIGESTS
    if not path.is_file():
        return False
    try:
        noted = json.loads(path.read_text(encoding="utf-8"))
        if noted and all(content_hash(folder / name) == digest for name, digest in noted.items()):
            return True
    except (OSError, ValueError, AttributeError, TypeError):
        pass
    logger.warning("%s: is damaged; the training goes on from the checkpoint before", folder)
    return False


def _best(folder: Path) -> str | None:
    """Return the name of the checkpoint that was best when this one was written, None where that is not noted."""
    state = json.loads((folder / TRAINER_STATE_NAME).read_text(encoding="utf-8"))
    best = state.get("best_model_checkpoint")
    return Path(best).name if best else None
