"""Splits of a benchmark set: K shots of a class, a held-out part, base and novel classes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from actscribe.counts import counted
from actscribe.data.benchmarks.base import Benchmark, BenchmarkClip
from actscribe.data.benchmarks.files import plain
from actscribe.errors import ActScribeError, did_you_mean
from actscribe.progress import track

#: Validation clips a class that are drawn beside the shots (CoOp, Zhou et al. 2022, draws at most 4).
VALIDATION_SHOTS = 4
#: What to do where a class has too few groups to set one apart, by the part that it was for.
HINTS = {
    "validation": "Give the set more groups. Without validation clips none is set apart: --set keep=last",
    "test": "Give each class clips of two groups or more, or sort the clips into folders train and test;"
    " for --shots 0 one folder called test is enough.",
}
#: At most one of so many groups of a class goes to validation (ours).
GROUP_SHARE = 4


#: The clips of one class by group.
Groups = Mapping[str, Sequence[BenchmarkClip]]


@dataclass(frozen=True, slots=True)
class ClipSplit:
    """Which clips a recognizer learns from, is chosen on, and is tested on.

    Args:
        name: how it came about.
        train, validation, test: disjoint.
    """

    name: str
    train: tuple[BenchmarkClip, ...]
    validation: tuple[BenchmarkClip, ...]
    test: tuple[BenchmarkClip, ...]

    def __post_init__(self) -> None:
        check_overlap(self.train, self.test)
        check_overlap(self.validation, self.test, "validation")
        check_overlap(self.train, self.validation, other="validation")


def few_shot(
    benchmark: Benchmark,
    shots: int,
    seed: int,
    validation: int = VALIDATION_SHOTS,
    readable: Callable[[BenchmarkClip], bool] | None = None,
) -> ClipSplit:
    """Draw `shots` training clips of every class.

    For one seed the draw of fewer shots lies inside the draw of more, and the validation clips are the same. Groups
    are spread first: a second clip of a group comes only after one of each. No clip is drawn whose group has a clip in
    the test split, and no group has clips in both training and validation. (Published lists are neither nested nor
    spread over groups; ours.)

    Args:
        benchmark: with a training and a test split.
        shots: of every class.
        seed: of the draw.
        validation: clips a class that are drawn from other groups of the training split, where the set has no
            validation split of its own; a class may get fewer. Published runs have none and report the last epoch.
        readable: whether a clip's video can be read; one that cannot gives way to the next in the drawn order, and a
            class gets fewer clips where too few of its own can. Asked of drawn clips only. None: nothing is asked.

    Raises:
        ActScribeError: no test clips, or classes with too few clips or groups (counted).
    """
    if shots < 1 or validation < 0:
        wanted = f"{counted(shots, 'shot')} and {counted(validation, 'validation clip')}"
        raise ActScribeError(f"{wanted} a class cannot be drawn.")
    test, held = benchmark.of_split("test"), benchmark.of_split("validation")
    if not test:
        raise ActScribeError(
            f"{benchmark.name} has no test clips here.", "Make folders train and test, or hold a part of it out."
        )
    taken = {clip.group for clip in (*test, *held)}
    pool = [clip for clip in benchmark.of_split("train") if clip.group not in taken]
    if not held and validation:
        reserved = _reserve(
            _by_class(pool), lambda groups: min(validation, max(1, len(groups) // GROUP_SHARE)), seed, "validation"
        )
        apart = _orders([clip for clip in pool if clip.group in reserved], seed)
        held = tuple(replace(clip, split="validation") for clip in _take(apart, validation, readable, "validation"))
        pool = [clip for clip in pool if clip.group not in reserved]
    orders = _orders(pool, seed)
    _check_enough(benchmark, orders, shots)
    return ClipSplit(f"{counted(shots, 'shot')}, seed {seed}", _take(orders, shots, readable, "training"), held, test)


def hold_out(benchmark: Benchmark, share: float, seed: int, split: str = "validation") -> Benchmark:
    """Return the set with about `share` of each class's training clips moved to "validation" or "test", whole groups.

    Raises:
        ActScribeError: a class has clips of one group only (counted), or the share is not between 0 and 1.
    """
    if not 0 < share < 1:
        raise ActScribeError(f"expected a share between 0 and 1 to hold out, found {share:g}.")
    by_class = _by_class(benchmark.of_split("train"))
    moved = _reserve(by_class, lambda groups: round(share * sum(map(len, groups.values()))), seed, split, by_clips=True)
    clips = tuple(
        replace(clip, split=split) if clip.split == "train" and clip.group in moved else clip
        for clip in benchmark.clips
    )
    return replace(benchmark, clips=clips)


def full_split(benchmark: Benchmark) -> ClipSplit:
    """Return the set's own splits: full supervision. Where it has no validation split, `hold_out` makes one."""
    parts = (benchmark.of_split(split) for split in ("train", "validation", "test"))
    return ClipSplit("all clips", *parts)


def check_overlap(
    clips: Sequence[BenchmarkClip], others: Sequence[BenchmarkClip], what: str = "training", other: str = "test"
) -> None:
    """Prove that two lists share no clip.

    Raises:
        ActScribeError: they do; counts the clips. (The published few-shot lists of split 1 share up to 254 of 816
            clips with the test lists of splits 2 and 3.)
    """
    names = {clip.name for clip in others}
    shared = [clip.name for clip in clips if clip.name in names]
    if shared:
        raise ActScribeError(
            f"{len(shared)} of {len(clips)} {what} clips are {other} clips as well; first {shared[0]}.",
            "Use lists of the same official split.",
        )


def shared_groups(clips: Iterable[BenchmarkClip], others: Iterable[BenchmarkClip]) -> int:
    """Return how many of `clips` come from a group that `others` have clips of too; official splits may."""
    groups = {clip.group for clip in others}
    return sum(clip.group in groups for clip in clips)


def restrict(benchmark: Benchmark, names: Sequence[str]) -> Benchmark:
    """Return the set with these classes only; ids become the places in `names`, as in published base and novel lists.

    Raises:
        ActScribeError: a name that is not a class (case and punctuation aside), or one given twice.
    """
    ids = {plain(one.name): index for index, one in enumerate(benchmark.classes)}
    unknown = [name for name in names if plain(name) not in ids]
    if unknown:
        known = [one.name for one in benchmark.classes]
        raise ActScribeError(f"{benchmark.name} has no class '{unknown[0]}'.", did_you_mean(unknown[0], known))
    kept = [ids[plain(name)] for name in names]
    if len(set(kept)) < len(kept):
        raise ActScribeError(f"{counted(len(kept) - len(set(kept)), 'class is', 'classes are')} named twice.")
    new = {old: position for position, old in enumerate(kept)}
    own = {benchmark.classes[old].name for old in kept}
    return replace(
        benchmark,
        classes=tuple(benchmark.classes[old] for old in kept),
        clips=tuple(replace(clip, class_id=new[clip.class_id]) for clip in benchmark.clips if clip.class_id in new),
        missing=tuple(replace(lost, class_id=new[lost.class_id]) for lost in benchmark.missing if lost.class_id in new),
        unused=tuple(name for name in benchmark.unused if name.partition("/")[0] in own),
    )


def base_and_novel(benchmark: Benchmark) -> tuple[Benchmark, Benchmark]:
    """Return the half of the classes with most listed training clips, and the other half (ViFi-CLIP's rule).

    Of equally frequent classes the higher id is base, as in ViFi-CLIP's label files: in HMDB51 all classes have 70
    clips, and base are the last 26 names, pour to wave. An odd class is base. Frequency counts what the lists name, on
    disk or not. Published class halves are label files, see `halves` and `lists.read_labels`.

    Raises:
        ActScribeError: a half has fewer than two classes, or no test clip; its accuracy would mean nothing.
    """
    counts = Counter(clip.class_id for clip in benchmark.of_split("train"))
    counts.update(lost.class_id for lost in benchmark.missing if lost.split == "train" and lost.class_id is not None)
    order = sorted(range(len(benchmark.classes)), key=lambda index: (counts[index], index))
    half = len(order) // 2
    if half < 2:
        raise ActScribeError(
            f"{benchmark.name} has {counted(len(order), 'class', 'classes')}: too few for two halves of two or more.",
            "Add classes.",
        )
    base, novel = ([benchmark.classes[index].name for index in sorted(part)] for part in (order[half:], order[:half]))
    return halves(benchmark, base, novel)


def halves(benchmark: Benchmark, base: Sequence[str], novel: Sequence[str]) -> tuple[Benchmark, Benchmark]:
    """Return the base and the novel classes, each with ids from 0 in the order named.

    Raises:
        ActScribeError: a name that is not a class, or named twice or in both; a part with fewer than two classes or no
            test clip: its accuracy would mean nothing.
    """
    both = {plain(name) for name in base} & {plain(name) for name in novel}
    if both:
        first = next(name for name in base if plain(name) in both)
        raise ActScribeError(
            f"{counted(len(both), 'class is', 'classes are')} base and novel at once (first: '{first}')."
        )
    parts = restrict(benchmark, base), restrict(benchmark, novel)
    for what, part in zip(("base", "novel"), parts, strict=True):
        if len(part.classes) < 2:
            raise ActScribeError(f"expected two {what} classes or more, found {len(part.classes)}.")
        if not part.of_split("test"):
            raise ActScribeError(f"No {what} class of {benchmark.name} has a test clip here.", "Complete its videos.")
    return parts


def _by_class(clips: Iterable[BenchmarkClip]) -> dict[int, dict[str, list[BenchmarkClip]]]:
    """Return class -> group -> clips, classes and groups in order."""
    by_class: defaultdict[int, defaultdict[str, list[BenchmarkClip]]] = defaultdict(lambda: defaultdict(list))
    for clip in sorted(clips, key=lambda clip: (clip.class_id, clip.group, clip.name)):
        by_class[clip.class_id][clip.group].append(clip)
    return {class_id: dict(groups) for class_id, groups in by_class.items()}


def _reserve(
    by_class: Mapping[int, Groups], wanted: Callable[[Groups], int], seed: int, part: str, by_clips: bool = False
) -> set[str]:
    """Return groups to set apart: for each class `wanted(groups)` of them, or as many as hold that many clips.

    They are for `part`, "validation" or "test". Groups may hold clips of several classes (a person); none is taken that
    is a class's last one.
    """
    left = {class_id: len(groups) for class_id, groups in by_class.items()}
    classes_of: defaultdict[str, list[int]] = defaultdict(list)
    for class_id, groups in by_class.items():
        for group in groups:
            classes_of[group].append(class_id)
    taken: set[str] = set()
    lacking = []
    for class_id, groups in by_class.items():
        weights = {group: len(clips) if by_clips else 1 for group, clips in groups.items()}
        have, need = sum(weights[group] for group in groups if group in taken), max(1, wanted(groups))
        for index in np.random.default_rng((seed, class_id)).permutation(len(groups)):
            group = list(groups)[index]
            if have >= need:
                break
            if group not in taken and all(left[other] > 1 for other in classes_of[group]):
                taken.add(group)
                have += weights[group]
                left.update({other: left[other] - 1 for other in classes_of[group]})
        lacking += [] if have else [class_id]
    if lacking:
        raise ActScribeError(
            f"{counted(len(lacking), 'class', 'classes')} (first: id {lacking[0]}) of too few groups to set one"
            " apart from training.",
            HINTS[part],
        )
    return taken


def _orders(clips: Iterable[BenchmarkClip], seed: int) -> dict[int, list[BenchmarkClip]]:
    """Return each class's clips in the drawn order: one of every group, then a second of every group, and so on."""
    orders: dict[int, list[BenchmarkClip]] = {}
    for class_id, groups in _by_class(clips).items():
        rng = np.random.default_rng((seed, class_id, 1))
        drawn = [rng.permutation(len(groups[group])) for group in groups]
        members = [[groups[group][i] for i in order] for group, order in zip(groups, drawn, strict=True)]
        members = [members[index] for index in rng.permutation(len(members))]
        longest = max(map(len, members))
        orders[class_id] = [group[i] for i in range(longest) for group in members if i < len(group)]
    return orders


def _take(
    orders: Mapping[int, Sequence[BenchmarkClip]],
    count: int,
    readable: Callable[[BenchmarkClip], bool] | None,
    part: str,
) -> tuple[BenchmarkClip, ...]:
    """Return the first `count` clips of each class's order that can be read."""
    if readable is None:
        return tuple(clip for order in orders.values() for clip in order[:count])
    shown = track(orders.values(), f"Reading drawn {part} clips, class by class")
    return tuple(clip for order in shown for clip in islice(filter(readable, order), count))


def _check_enough(benchmark: Benchmark, orders: Mapping[int, Sequence[BenchmarkClip]], shots: int) -> None:
    counts = {one.name: len(orders.get(index, ())) for index, one in enumerate(benchmark.classes)}
    short = [name for name, count in counts.items() if count < shots]
    if short:
        raise ActScribeError(
            f"{len(short)} of {len(counts)} classes have fewer than {counted(shots, 'clip')} to draw from;"
            f" first {short[0]} with {counts[short[0]]}.",
            "Take fewer shots or fewer validation clips, or complete the set; its table of missing clips says how.",
        )
