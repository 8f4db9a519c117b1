"""The clips of a benchmark: classes to learn and to ask for, and what each seed trains, chooses and tests on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from actscribe.benchmark.plan import Plan
from actscribe.counts import counted
from actscribe.data.benchmarks.base import Benchmark, BenchmarkClip
from actscribe.data.benchmarks.convert import Probes, study_data
from actscribe.data.benchmarks.few_shot import (
    VALIDATION_SHOTS,
    ClipSplit,
    base_and_novel,
    few_shot,
    full_split,
    halves,
    hold_out,
    shared_groups,
)
from actscribe.data.benchmarks.folder import FLAT
from actscribe.data.benchmarks.lists import ListedClips, read_labels, read_list
from actscribe.data.benchmarks.registry import read_benchmark
from actscribe.data.loading import StudyData
from actscribe.errors import ActScribeError

#: Share of each class's training clips that are set apart where the set has no validation split.
HELD_OUT = 0.1
#: Share of each class's clips that a set without folders train and test is tested on, as in HMDB51; for all seeds.
TESTED, TEST_SEED = 0.3, 0


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """A benchmark set as a plan uses it.

    Args:
        whole: as it lies on this machine.
        learned: all its classes, or the base half.
        novel: the other half; None: nothing is asked for but what is learned.
        listed: training clips of `Plan.shots_list`, or None.
    """

    whole: Benchmark
    learned: Benchmark
    novel: Benchmark | None
    listed: ListedClips | None


@dataclass(frozen=True, slots=True, eq=False)
class Draw:
    """The clips of one seed as recordings; those that no decoder reads are in none, `Probes.unreadable` tells them.

    Args:
        data: training, validation and test.
        novel: test clips of the novel classes, or None.
        notes: what the user should know of this draw.
    """

    data: StudyData
    novel: StudyData | None
    notes: tuple[str, ...]


def classes_of(plan: Plan) -> Classes:
    """Read the set of a plan, and its list of shots; of a set of one folder a class, hold clips out for testing.

    Raises:
        ActScribeError: no test clips, or as `read_benchmark` and `read_list`.
    """
    whole = read_benchmark(plan.dataset, plan.source)
    if {clip.split for clip in whole.clips} == {"train"} and plan.dataset == "folder" and not plan.shots_list:
        whole = hold_out(whole, TESTED, TEST_SEED, "test")
        held_out = f"{len(whole.of_split('test'))} of {len(whole.clips)} clips, whole groups, are held out for testing."
        whole = replace(whole, notes=(held_out, *(note for note in whole.notes if note != FLAT)))
    if not whole.of_split("test"):
        raise ActScribeError(
            f"{whole.name} has no test clips here.", "Make folders train and test, or complete the set's videos."
        )
    listed = read_list(plan.shots_list, whole, plan.shots_labels) if plan.shots_list else None
    if listed is not None and not listed.clips:
        raise ActScribeError(
            f"{plan.shots_list}: names no clip that is here; {len(listed.missing)} that it names are missing.",
            "Complete the set's videos, or give another list.",
        )
    if plan.base_to_novel:
        named = [read_labels(path) for path in plan.halves or ()]
        base, novel = halves(whole, *named) if named else base_and_novel(whole)
        return Classes(whole, base, novel, listed)
    return Classes(whole, whole, None, listed)


def _split(plan: Plan, chosen: Classes, seed: int, probes: Probes) -> ClipSplit:
    """Return one seed's clips, shots of those that can be read; with keep "last" none is set apart for validation."""
    learned = chosen.learned
    test = learned.of_split("test")
    if plan.shots == 0:
        return ClipSplit("zero-shot", (), (), test)
    if chosen.listed is not None:
        return ClipSplit(f"clips of {plan.shots_list}", chosen.listed.clips, _beside(plan, chosen, seed, probes), test)
    if plan.shots is not None:
        return few_shot(learned, plan.shots, seed, 0 if plan.keeps_last else VALIDATION_SHOTS, probes.reads)
    if not plan.keeps_last and not learned.of_split("validation"):
        learned = hold_out(learned, HELD_OUT, seed)
    return full_split(learned)


def _beside(plan: Plan, chosen: Classes, seed: int, probes: Probes) -> tuple[BenchmarkClip, ...]:
    """Return validation clips for a list of training clips: drawn from groups that the list does not touch."""
    learned = chosen.learned
    if plan.keeps_last or learned.of_split("validation") or chosen.listed is None:
        return learned.of_split("validation")
    used = {clip.group for clip in (*chosen.listed.clips, *learned.of_split("test"))}
    rest = tuple(clip for clip in learned.of_split("train") if clip.group not in used)
    counts = Counter(clip.class_id for clip in rest)
    count = min(VALIDATION_SHOTS, *(counts[index] for index in range(len(learned.classes))))
    if not count:
        raise ActScribeError(
            f"{plan.shots_list}: beside these clips and their groups some class has no training clip for validation.",
            "Type --set keep=last: the last epoch's weights are kept, and validation is not looked at.",
        )
    pool = replace(learned, clips=(*rest, *learned.of_split("test")))
    drawn = few_shot(pool, count, seed, validation=0, readable=probes.reads).train
    return tuple(replace(clip, split="validation") for clip in drawn)


def _short_notes(plan: Plan, chosen: Classes, split: ClipSplit, probes: Probes) -> list[str]:
    """Return a note where classes get fewer shots than asked for, since too few of their clips can be read.

    Raises:
        ActScribeError: a class gets none.
    """
    if not plan.shots:
        return []
    counts = Counter(clip.class_id for clip in split.train)
    classes = chosen.learned.classes
    short = [index for index in range(len(classes)) if counts[index] < plan.shots]
    none = [index for index in short if not counts[index]]
    if none:
        clips = (clip for clip in chosen.learned.of_split("train") if clip.class_id == none[0])
        raise ActScribeError(
            f"{len(none)} of {len(classes)} classes have no training clip that can be read;"
            f" first {classes[none[0]].name}: {probes.unreadable(clips)[0].reason}",
            "Replace the files of these videos.",
        )
    listed = ", ".join(f"{classes[index].name} ({counts[index]})" for index in short)
    wanted = counted(plan.shots, "training clip")
    return [f"fewer than {wanted} of a class, since no more can be read: {listed}."] if short else []


def draw(plan: Plan, chosen: Classes, seed: int, probes: Probes) -> Draw:
    """Return the clips of one seed.

    Args:
        plan: how many shots, and whether validation is looked at.
        chosen: from `classes_of`.
        seed: of the draw.
        probes: of the seeds before.

    Raises:
        ActScribeError: too few clips or groups, a class of which no clip can be read, or training clips that are test
            clips as well.
    """
    split = _split(plan, chosen, seed, probes)
    notes = _short_notes(plan, chosen, split, probes)
    data = study_data(chosen.learned, split, probes)
    novel = None
    if chosen.novel is not None:
        novel = study_data(chosen.novel, ClipSplit("novel", (), (), chosen.novel.of_split("test")), probes)
    shared = shared_groups(split.train, split.test)
    if shared:
        notes.append(f"{shared} of {len(split.train)} training clips are of a group that has test clips too.")
    contents = {recording.content for recording in data.of_split("test")}
    same = sum(recording.content in contents for recording in data.of_split("train"))
    if same:
        notes.append(f"{same} of {len(split.train)} training clips are the same file as a test clip.")
    return Draw(data, novel, tuple(notes))
