"""Splits by group, and the proof that nothing leaks from one split into another."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from actscribe.counts import counted
from actscribe.data.clips import SAME_S, merge_spans
from actscribe.data.fitting_splits import BY_TIME, NO_TEST, OF_THREE, OF_TWO, by_groups, by_time, needed_s
from actscribe.data.manifest import SPLITS, Row
from actscribe.data.recording import Recording
from actscribe.errors import ActScribeError
from actscribe.labels import LabelSet
from actscribe.names import same_name
from actscribe.stored_path import real_path

#: Random orders of the groups tried; the best-stratified one wins.
TRIALS = 2000
#: Groups of a split that an error names.
MOST_NAMED = 12


def assign_splits(
    recordings: Sequence[Recording],
    labels: LabelSet,
    shares: Mapping[str, float],
    seed: int,
    length: float | None = None,
) -> list[Recording]:
    """Give every recording a split: the manifest's own, or by group so that each split has its share of every label.

    Stratification is by seconds of each label: of `TRIALS` seeded random orders of the groups, cut at the shares of
    total duration, the one whose splits come closest to their shares for every label and for duration is taken (ours).
    Before that counts that training, then validation, then test holds a recording that somebody annotated.

    Args:
        recordings: whole ones.
        labels: of the study.
        shares: of the splits, by name.
        seed: of the random orders.
        length: of a clip, in seconds, by which an error says whether a split by time is a way out; None: it is none.

    Raises:
        ActScribeError: some rows name a split and some do not; fewer groups than splits.
    """
    named = [recording for recording in recordings if recording.split]
    if len(named) == len(recordings):
        return list(recordings)
    if named:
        others = [recording for recording in recordings if not recording.split]
        raise ActScribeError(
            f"{counted(len(named), 'recording names', 'recordings name')} a split and"
            f" {counted(len(others), 'does not', 'do not')} (first: {others[0].name}).",
            "Fill the manifest's split column in every row, or leave it empty in all."
            + _as_drawn(others, labels, shares, seed, {recording.group for recording in named}),
        )
    return _drawn(recordings, labels, shares, seed, length)


def _as_drawn(
    others: Sequence[Recording], labels: LabelSet, shares: Mapping[str, float], seed: int, taken: set[str]
) -> str:
    """Say in which splits the rows without one lay before rows with one came to them; empty where none can be drawn."""
    try:
        drawn = _drawn(others, labels, shares, seed, None)
    except ActScribeError:
        return ""
    groups = {split: sorted({one.group for one in drawn if one.split == split}) for split in SPLITS}
    if any(len(names) > MOST_NAMED for names in groups.values()) or taken & {one.group for one in others}:
        return ""
    listed = "; ".join(f"{split} has {', '.join(names)}" for split, names in groups.items() if names)
    return f" Without the rows that name one, the groups are drawn so: {listed}."


def _drawn(
    recordings: Sequence[Recording], labels: LabelSet, shares: Mapping[str, float], seed: int, length: float | None
) -> list[Recording]:
    wanted = [split for split in SPLITS if shares[split] > 0]
    groups = sorted({recording.group for recording in recordings})
    if len(groups) < len(wanted):
        raise ActScribeError(
            f"{counted(len(groups), 'group')} cannot be split into {', '.join(wanted)} without leakage.",
            _ways_out(recordings, len(groups), shares, length),
        )
    amounts = _amounts(recordings, labels, groups)
    known = {recording.group for recording in recordings if recording.intervals is not None}
    annotated = np.array([group in known for group in groups])
    chosen = _best_order(amounts, annotated, np.array([shares[split] for split in wanted]), seed)
    split_of = {groups[index]: wanted[part] for index, part in enumerate(chosen)}
    return [replace(recording, split=split_of[recording.group]) for recording in recordings]


def _ways_out(recordings: Sequence[Recording], groups: int, shares: Mapping[str, float], length: float | None) -> str:
    """Say what can be done with too few groups: splits that were tried, and of which none is the present one."""
    timed = by_time(recordings, (shares, *OF_THREE, *OF_TWO), length)
    fewer = by_groups(groups)
    ways = [f"write '{timed}', which {BY_TIME}"] if timed else []
    ways.append(f"write '{fewer}'" + (f", which {NO_TEST}" if groups == 1 else ""))
    why = "" if timed else _why_not_by_time(recordings, length)
    return f"Add recordings of other groups; or {'; or '.join(ways)}.{why}"


def _why_not_by_time(recordings: Sequence[Recording], length: float | None) -> str:
    """Say how long recordings would have to be to be split by time; empty where each is one clip."""
    if length is None:
        return ""
    shortest, needed = min(one.duration for one in recordings), needed_s(OF_TWO[-1], length, length)
    return (
        f" Recordings of {needed:g} s or more could be split by time ('within: recordings'); the shortest lasts"
        f" {shortest:.1f} s."
    )


def check_leakage(recordings: Sequence[Recording], rows: Mapping[Path, Row], folder: Path = Path()) -> None:
    """Prove that no content, group or span of a source video lies in two splits.

    Args:
        recordings: each with its split.
        rows: of the manifest, by their videos.
        folder: of the manifest, from which sources are named.

    Raises:
        ActScribeError: naming the two recordings and their splits.
    """
    mend = {
        "content": "Leave one out, or give both the same split or group.",
        "group": "Leave the split column empty, so that ActScribe splits by group, or give both the same split.",
    }
    for what, key in (("the same file content", "content"), ("the same group", "group")):
        by_key: dict[str, Recording] = {}
        for recording in recordings:
            first = by_key.setdefault(getattr(recording, key), recording)
            if first.split != recording.split:
                raise ActScribeError(
                    f"Leakage: {first.name} ({first.split}) and {recording.name} ({recording.split}) have {what}.",
                    mend[key],
                )
    check_sources(recordings, rows, folder)


def check_sources(recordings: Sequence[Recording], rows: Mapping[Path, Row], folder: Path = Path()) -> None:
    """Prove that no span of a source video, which may be one of the study's own, lies in two splits.

    A source without times counts as the whole of it. Arguments and errors as in `check_leakage`.
    """
    by_source: dict[str, list[_Cut]] = defaultdict(list)
    for recording in recordings:
        row = rows.get(recording.video)
        if row is None:
            continue
        by_source[_same_video(row.video)].append(_Cut(0.0, math.inf, recording, ""))
        if row.source:
            start, end = row.source_start or 0.0, math.inf if row.source_end is None else row.source_end
            by_source[_same_video(folder / row.source)].append(_Cut(start, end, recording, row.source))
    for cuts in by_source.values():
        _check_cuts(sorted(cuts, key=lambda cut: (cut.start, cut.end)))


@dataclass(frozen=True, slots=True)
class _Cut:
    """What of a video a recording shows, from `start` to `end`; `source` is empty where it is that video itself."""

    start: float
    end: float
    recording: Recording
    source: str


def _check_cuts(cuts: Sequence[_Cut]) -> None:
    """Refuse cuts of one video, in order of their starts, of which two in different splits overlap."""
    furthest: list[_Cut] = []  # of those before, the one that ends last, and the last one of another split
    for cut in cuts if any(cut.source for cut in cuts) else ():
        for before in furthest:
            one, other = before.recording, cut.recording
            if one.split != other.split and cut.start < before.end - SAME_S:
                raise ActScribeError(
                    f"Leakage: {one.name} ({one.split}) and {other.name} ({other.split}) overlap in"
                    f" {before.source or cut.source} from {cut.start:g} s on.",
                    "Put both in the same split. Where they are different stretches of it, say which with source_start"
                    " and source_end in the manifest.",
                )
        last = sorted((*furthest, cut), key=lambda one: -one.end)
        furthest = last[:1] + [one for one in last if one.recording.split != last[0].recording.split][:1]


def _same_video(path: Path) -> str:
    """Return what all ways share to name one video, or a tape that is not a file."""
    return same_name(str(real_path(path)))


def _amounts(recordings: Sequence[Recording], labels: LabelSet, groups: Sequence[str]) -> np.ndarray:
    """Return seconds of each label and of the whole per group, shape (groups, labels + 1); the whole comes last."""
    amounts = np.zeros((len(groups), len(labels) + 1))
    row_of = {group: index for index, group in enumerate(groups)}
    for recording in recordings:
        row = amounts[row_of[recording.group]]
        row[-1] += recording.duration
        for column, name in enumerate(labels.names):
            of_label = merge_spans(i for i in recording.intervals or () if i.label == name)
            row[column] += sum(end - start for start, end in of_label)
    return amounts


def _best_order(amounts: np.ndarray, annotated: np.ndarray, shares: np.ndarray, seed: int) -> np.ndarray:
    """Return the part of each group, shape (groups,), of the best-stratified of the random orders.

    Args:
        amounts: as `_amounts` returns them.
        annotated: whether a recording of the group is, shape (groups,).
        shares: of the parts, the one that can least be empty first.
        seed: of the orders.
    """
    empty_costs = 2.0 ** -np.arange(len(shares))
    rng = np.random.default_rng(seed)
    totals = amounts.sum(axis=0)
    fractions = amounts / np.where(totals > 0, totals, 1)
    best, least_empty, best_cost = np.zeros(len(amounts), dtype=int), np.inf, np.inf
    for _ in range(TRIALS):
        order = rng.permutation(len(amounts))
        part = np.empty(len(amounts), dtype=int)
        part[order] = _cut(fractions[order, -1], shares)
        held = np.stack([fractions[part == index].sum(axis=0) for index in range(len(shares))])
        missing = ((held <= 0) & (totals > 0)).sum()
        empty = sum(empty_costs[index] for index in range(len(shares)) if not annotated[part == index].any())
        cost = missing * 10 + np.abs(held - shares[:, None])[:, totals > 0].sum()
        if empty < least_empty or (empty == least_empty and cost < best_cost - 1e-12):
            best, least_empty, best_cost = part, empty, cost
    return best


def _cut(weights: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Cut groups in order at the cumulated shares, leaving every part at least one group."""
    middles = np.cumsum(weights) - weights / 2
    part = np.searchsorted(np.cumsum(shares)[:-1], middles, side="right")
    count, parts = len(weights), len(shares)
    for index in range(count):
        lowest = parts - (count - index)
        highest = index if index < parts else parts - 1
        part[index] = min(max(part[index], lowest, part[index - 1] if index else 0), highest)
        if index and part[index] > part[index - 1] + 1:
            part[index] = part[index - 1] + 1
    return part
