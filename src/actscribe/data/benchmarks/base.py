"""What a benchmark set is: its classes, its clips, and what of it is not on this machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from actscribe.counts import counted
from actscribe.data.benchmarks.files import VideoIndex
from actscribe.errors import ActScribeError

#: "corrected" gives each class its right name as words and shows pictures as players do; "as_published" takes the
#: prompts of X-CLIP and ViFi-CLIP, mistakes included, and pictures as they are stored, to compare with their numbers.
#: Both score every clip, from fixed views.
Mode = Literal["corrected", "as_published"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a set lies, and how to read it.

    Args:
        videos: the folder of the videos; sub-folders are searched.
        lists: the folder of the official lists; None: they lie with the videos.
        split: number of the official split (UCF101 and HMDB51 have three).
        mode: see `Mode`; docs/how-to/benchmarks.md says what it changes for each set.
        groups: folder sets only: a regular expression with one group, found in a file's stem, such as `_(p[0-9]+)_`,
            that says which clips belong together (a person, a session); empty: each clip is its own group.
    """

    videos: Path
    lists: Path | None = None
    split: int = 1
    mode: Mode = "corrected"
    groups: str = ""

    def list_folder(self) -> Path:
        """Return the folder of the official lists."""
        return self.videos if self.lists is None else self.lists


@dataclass(frozen=True, slots=True)
class BenchmarkClass:
    """One class; its id is its place in `Benchmark.classes`.

    Args:
        name: as the official files spell it.
        prompt: the words for it, that text towers read.
    """

    name: str
    prompt: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One clip that an official list names.

    Args:
        stem: of its video file.
        class_id: its place in `Benchmark.classes`.
        group: clips that were cut from one source.
        split: "train", "validation" or "test".
        other_stem: under which a copy of the set may have the file as well; empty: none.
    """

    stem: str
    class_id: int
    group: str
    split: str
    other_stem: str = ""


@dataclass(frozen=True, slots=True)
class BenchmarkClip:
    """One clip that is on this machine.

    Args:
        name: class name, "/", the file's stem as the list spells it; unique in its set.
        video: the file.
        class_id: its place in `Benchmark.classes`.
        group: clips of one group never straddle two splits that we draw.
        split: "train", "validation" or "test".
        other_stem: another name that lists may have for the file, such as a YouTube id; empty: none.
    """

    name: str
    video: Path
    class_id: int
    group: str
    split: str
    other_stem: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """One clip that a list names and that cannot be used.

    Args:
        name: as `BenchmarkClip.name`.
        class_id: its class; None where the files do not tell.
        split: "train", "validation" or "test".
        reason: "no file", "empty file", or what the video reader says.
        other_stem: as `BenchmarkClip.other_stem`.
    """

    name: str
    class_id: int | None
    split: str
    reason: str
    other_stem: str = ""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One set as it lies on this machine.

    Args:
        name: of the set.
        mode: in which it was read.
        classes: by id.
        clips: in the order of the official lists.
        missing: that the lists name and this machine lacks.
        notes: what the user should know.
        unused: names of clips that the lists of this split name without putting them into any part of it.
    """

    name: str
    mode: Mode
    classes: tuple[BenchmarkClass, ...]
    clips: tuple[BenchmarkClip, ...]
    missing: tuple[Missing, ...] = ()
    notes: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()

    def of_split(self, split: str) -> tuple[BenchmarkClip, ...]:
        """Return the clips of one split."""
        return tuple(clip for clip in self.clips if clip.split == split)


def assemble(
    name: str,
    source: Source,
    classes: Sequence[BenchmarkClass],
    entries: Sequence[Entry],
    *,
    lost: Iterable[Missing] = (),
    notes: Iterable[str] = (),
    exact: bool = False,
) -> Benchmark:
    """Look up the video of every entry and return the set.

    Args:
        name: of the set.
        source: where the videos lie.
        classes: by id.
        entries: of all splits.
        lost: clips that are missing for another reason than their file.
        notes: for the user.
        exact: whether two stems may differ in case alone (YouTube ids do).

    Raises:
        ActScribeError: a clip is listed twice, or none of the videos is there.
    """
    _check_once(name, entries, classes)
    index = VideoIndex(source.videos, exact)
    clips, missing = [], list(lost)
    for entry in entries:
        class_name = classes[entry.class_id].name
        clip_name = f"{class_name}/{entry.stem}"
        video = index.find(entry.stem, class_name)
        if video is None and entry.other_stem:
            video = index.find(entry.other_stem, class_name)
        if video is None or not video.stat().st_size:
            reason = "empty file" if video else "no file"
            missing.append(Missing(clip_name, entry.class_id, entry.split, reason, entry.other_stem))
        else:
            clips.append(BenchmarkClip(clip_name, video, entry.class_id, entry.group, entry.split, entry.other_stem))
    if entries and not clips:
        raise ActScribeError(
            f"{source.videos}: none of the {counted(len(entries), 'video')} of {name} is here (looked for"
            f" {entries[0].stem}.*, found {counted(len(index), 'video')} of other names).",
            "Give the folder that holds the set's videos; sub-folders are searched.",
        )
    return Benchmark(name, source.mode, tuple(classes), tuple(clips), tuple(missing), tuple(notes))


def count_note(name: str, what: str, listed: int, official: int) -> tuple[str, ...]:
    """Return a note if `listed` differs from what the whole official set has."""
    if listed == official:
        return ()
    return (f"{name} has {official} {what}, its lists here name {listed}.",)


def _check_once(name: str, entries: Sequence[Entry], classes: Sequence[BenchmarkClass]) -> None:
    counts = Counter((entry.class_id, entry.stem) for entry in entries)
    twice = [key for key, count in counts.items() if count > 1]
    if twice:
        class_id, stem = twice[0]
        splits = " and ".join(e.split for e in entries if (e.class_id, e.stem) == twice[0])
        raise ActScribeError(
            f"{name}: {counted(len(twice), 'clip is', 'clips are')} listed more than once;"
            f" first {classes[class_id].name}/{stem} ({splits}).",
            "Use the official lists of one split.",
        )
