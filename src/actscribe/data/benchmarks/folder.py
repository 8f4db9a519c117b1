"""A plain set of one's own: one folder of videos per class."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from actscribe.data.benchmarks.base import Benchmark, BenchmarkClass, BenchmarkClip, Missing, Source
from actscribe.data.benchmarks.files import words
from actscribe.data.folder import is_video
from actscribe.data.manifest import SPLIT_ALIASES, SPLITS
from actscribe.errors import ActScribeError

#: Note on a set without folders of splits.
FLAT = "no folders train and test: every clip is in the training split."

#: Note on a set of which nobody said who its videos show.
UNGROUPED = (
    "no group was given: each video counts as a group of its own, and whether a subject is in two splits is not known."
    " --groups says which part of a file's name is the subject, such as --groups '^(subject[0-9]+)_'."
)


def read(source: Source) -> Benchmark:
    """Return the set of `videos`/CLASS/*.mp4, or of `videos`/SPLIT/CLASS/*.mp4 with SPLIT train, val or test.

    Ids are the places of the sorted class names of all splits. Without folders of splits every clip is training;
    `few_shot.hold_out` sets some apart, or split lists say which (`lists.read_list`). Both modes are alike. Names that
    begin with a dot are passed over; folders of videos beside those of splits are not read, and a note names them.

    Raises:
        ActScribeError: no videos, videos beside the class folders, a bad or unmatched `groups`.
    """
    splits = _split_folders(source.videos)
    split_videos = [(split, video) for split, folder in splits.items() for video in _videos(folder)]
    names = sorted({video.relative_to(splits[split]).parts[0] for split, video in split_videos})
    if not split_videos:
        raise ActScribeError(
            f"{source.videos}: no videos in folders of classes.", "Expected CLASS/video.mp4 or train/CLASS/video.mp4."
        )
    ids = {name: index for index, name in enumerate(names)}
    pattern = _pattern(source.groups)
    clips, missing = [], []
    for split, video in split_videos:
        inside = video.relative_to(splits[split])
        name, class_id = inside.with_suffix("").as_posix(), ids[inside.parts[0]]
        if video.stat().st_size:
            group = _group(pattern, video, f"{split}/{name}")
            clips.append(BenchmarkClip(name, video, class_id, group, split))
        else:
            missing.append(Missing(name, class_id, split, "empty file"))
    notes = (
        *((FLAT,) if set(splits) == {"train"} else ()),
        *((UNGROUPED,) if pattern is None and set(splits) != {"test"} else ()),
        *_beside(source.videos, splits),
    )
    classes = tuple(BenchmarkClass(name, words(name)) for name in names)
    _check_unique(source.videos, clips)
    return Benchmark("folder", source.mode, classes, tuple(clips), tuple(missing), notes)


def _split_folders(root: Path) -> dict[str, Path]:
    if not root.is_dir():
        raise ActScribeError(f"{root}: no such folder.")
    by_split: dict[str, Path] = {}
    for path in sorted(root.iterdir()):
        split = SPLIT_ALIASES.get(path.name.lower(), path.name.lower())
        if path.is_dir() and split in SPLITS:
            if split in by_split:
                raise ActScribeError(f"{root}: {by_split[split].name} and {path.name} are both the {split} split.")
            by_split[split] = path
    return by_split or {"train": root}


def _beside(root: Path, splits: Mapping[str, Path]) -> Iterator[str]:
    """Yield a note that names the folders of videos beside those of splits, if there are any."""
    if root in splits.values():
        return
    others = [path for path in sorted(root.iterdir()) if path.is_dir() and path not in splits.values()]
    held = [path.name for path in others if path.name[0] != "." and next(_walk(path), None)]
    if held:
        own = ", ".join(path.name for path in splits.values())
        yield f"folders beside {own} are in no split and are not read: {', '.join(held)}."


def _videos(folder: Path) -> Iterator[Path]:
    for path in sorted(_walk(folder)):
        if path.parent == folder:
            raise ActScribeError(f"{path}: lies in no class folder.", "Move it into the folder of its class.")
        yield path


def _walk(folder: Path) -> Iterator[Path]:
    # Links to folders are followed, as for the other sets; rglob does not.
    for parent, folders, files in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if name[0] != "."]
        for path in (Path(parent, file) for file in files if file[0] != "."):
            if is_video(path) and path.is_file():
                yield path


def _pattern(text: str) -> re.Pattern[str] | None:
    if not text:
        return None
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise ActScribeError(f"groups: '{text}' is not a regular expression: {error}.") from None
    if pattern.groups != 1:
        raise ActScribeError(f"groups: '{text}' must have one group in brackets, found {pattern.groups}.")
    return pattern


def _group(pattern: re.Pattern[str] | None, video: Path, own: str) -> str:
    if pattern is None:
        return own
    match = pattern.search(video.stem)
    if not match or match[1] is None:  # the bracket may be optional in the expression
        raise ActScribeError(f"{video}: groups '{pattern.pattern}' does not match this name.")
    return match[1]


def _check_unique(root: Path, clips: list[BenchmarkClip]) -> None:
    by_name: dict[str, BenchmarkClip] = {}
    for clip in clips:
        first = by_name.setdefault(clip.name, clip)
        if first is not clip:
            raise ActScribeError(
                f"{root}: {first.video} and {clip.video} are both {clip.name}.", "Give them different names."
            )
