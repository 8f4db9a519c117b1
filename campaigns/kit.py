"""Small studies, sets and checkpoints for the campaigns, so that one training takes seconds."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

#: The tests' own small studies and checkpoints are made by modules of theirs.
sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))

from small_benchmarks import action_videos
from small_studies import lamp_study
from tiny_dual_encoders import clip_model, write
from tiny_models import tiny_timesformer
from tiny_vlms import build

TRAINED = {"model": "tiny", "batch_size": 4, "epochs": 2, "precision": "float32"}
ASKED = {"model": "vlm", "dtype": "float32", "caption_share": 0}
MATCHED = {"model": "clip", "precision": "float32"}
WINDOWS = {"length": 2.0, "stride": 2.0, "frames": 4, "threshold": 0.5}
#: Length of the paths that cases work at, so that texts with paths in them have one layout.
_PATH = 90
#: Keys of JSON files whose values measure time or memory, count looks at a split (one that was killed counts), or are
#: digests of texts with paths in them (the texts themselves are compared), and files that measure.
_TIMES = re.compile(
    r"task_seconds|seconds|.*_runtime|.*_per_second|seconds_per_minute|memory_mb|train_s|costs|digests|seal|reads"
)
_TEXTS = (".json", ".yaml", ".txt", ".csv", ".md", ".tex", ".eaf", ".vtt", ".boris")
_DIFFER = re.compile(r"events\.out\.tfevents|(^|/)cost\.json$|(^|/)costs\.|\.html$|\.log$|\.sqlite-(wal|shm)$")


def study(folder: Path, recognizers: Sequence[str] = ("timesformer",)) -> Path:
    """Make a study of lamps with tiny checkpoints beside it, and return its folder."""
    known = {"timesformer": TRAINED, "vlm-yesno": ASKED, "clip": MATCHED}
    chosen = {name: known[name] for name in recognizers}
    split = {"train": 0.5, "validation": 0.25, "test": 0.25}
    tiny_timesformer(folder / "tiny")
    if "vlm-yesno" in recognizers:
        build("smolvlm", folder / "vlm")
    if "clip" in recognizers:
        write(clip_model(), folder / "clip")
    lamp_study(folder, 6, 6.0, recognizers=chosen, empty_labels="allow", split=split, windows=WINDOWS)
    return folder


def benchmark_set(folder: Path) -> Path:
    """Make a benchmark set of tiny videos and a tiny CLIP, and return its folder."""
    action_videos(folder / "set")
    write(clip_model(), folder / "clip")
    return folder


def case_folder(folder: Path) -> Path:
    """Return a path in `folder` that is as long as every case's, and make it."""
    root = str(folder)
    made = folder / "x".ljust(_PATH - len(root) - 1, "x")
    made.mkdir(parents=True)
    return made


def snapshot(folder: Path, *places: Path) -> dict[str, str]:
    """Return the digest of each file below a folder, without what measures time.

    Args:
        folder: whose files.
        places: whose paths do not count in texts; default the folder that `folder` lies in.
    """
    digests = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_dir():
            digests[f"{name}/"] = "folder"
        elif path.is_file():
            digests[name] = "" if _DIFFER.search(name) else _digest(path, places or (folder.parent,))
    return {name: digest for name, digest in digests.items() if "events.out.tfevents" not in name}


def differences(wanted: dict[str, str], actual: dict[str, str]) -> list[str]:
    """Return what is missing, left over or other in `found`."""
    missing = [f"missing {name}" for name in wanted if name not in actual]
    more = [f"left over {name}" for name in actual if name not in wanted]
    other = [f"other {name}" for name in wanted if name in actual and actual[name] != wanted[name]]
    return missing + more + other


def _digest(path: Path, places: Sequence[Path]) -> str:
    data = path.read_bytes()
    if path.suffix in _TEXTS:
        text = data.decode("utf-8", errors="replace")
        for folder in places:
            text = text.replace(str(folder), "PLACE")
        if path.suffix == ".json":
            with suppress(ValueError):  # damaged: compared as it is
                text = json.dumps(_without_times(json.loads(text)))
        data = text.encode()
    return hashlib.blake2b(data, digest_size=12).hexdigest()


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_times(inner) for key, inner in value.items() if not _TIMES.fullmatch(key)}
    return [_without_times(inner) for inner in value] if isinstance(value, list) else value


def copied(source: Path, target: Path) -> Path:
    """Copy a folder and return the copy."""
    shutil.copytree(source, target)
    return target
