"""The benchmark sets a user can name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from actscribe.counts import counted
from actscribe.data.benchmarks import folder, hmdb51, kinetics, ucf101
from actscribe.data.benchmarks.base import Benchmark, Source
from actscribe.errors import ActScribeError, did_you_mean


@dataclass(frozen=True, slots=True)
class BenchmarkSpec:
    """One choice.

    Args:
        summary: one line for `--help`.
        read: where it lies -> the set.
        splits: how many official ones there are.
    """

    summary: str
    read: Callable[[Source], Benchmark]
    splits: int = 1


BENCHMARKS: dict[str, BenchmarkSpec] = {
    "ucf101": BenchmarkSpec("101 classes, from classInd.txt and {train,test}list0N.txt", ucf101.read, splits=3),
    "hmdb51": BenchmarkSpec("51 classes, from CLASS_test_splitN.txt", hmdb51.read, splits=3),
    "kinetics400": BenchmarkSpec("400 classes, from train.csv and validate.csv", kinetics.read),
    "mini-kinetics200": BenchmarkSpec(
        "200 classes, from {train,val}_ytid_list.txt and the csv files", kinetics.read_mini
    ),
    "folder": BenchmarkSpec("one folder of videos per class", folder.read),
}


def read_benchmark(name: str, source: Source) -> Benchmark:
    """Return a set by name from where it lies.

    Raises:
        ActScribeError: no such set (with the one probably meant), a choice that it does not have, or see the set's own
            `read`.
    """
    if name not in BENCHMARKS:
        raise ActScribeError(f"no benchmark set is called '{name}'.", did_you_mean(name, BENCHMARKS))
    own = BENCHMARKS[name]
    if source.split > own.splits:
        count = counted(own.splits, "official split") if own.splits > 1 else "one split"
        raise ActScribeError(f"{name} has {count}, there is no split {source.split}.")
    if name == "folder" and source.lists is not None:
        raise ActScribeError(
            "A set of folders has no official lists.", "Its classes and splits are folders: train/CLASS/video.mp4"
        )
    if name != "folder" and source.groups:
        raise ActScribeError(f"{name} has groups of its own.", "Leave out --groups, which is for sets of folders.")
    return own.read(source)
