"""What is in a study's data, in tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from actscribe.annotations.entry import match_in_words
from actscribe.annotations.interval import Interval
from actscribe.counts import counted
from actscribe.data import spans as sp
from actscribe.data.clips import SAME_S, Window, cut, targets
from actscribe.data.loading import StudyData
from actscribe.data.manifest import SPLITS
from actscribe.data.moments import nothing_to_count_from
from actscribe.data.recording import Recording
from actscribe.labels import LabelSet
from actscribe.settings.study import Study

#: Groups that are named with their splits; more would fill a screen.
MOST_NAMED = 12
#: Files or recordings that one note names.
SHOWN = 8


@dataclass(frozen=True, slots=True)
class Summary:
    """What `actscribe check` prints and the report begins with.

    Args:
        tables: by title.
        notes: what the user should know.
    """

    tables: dict[str, pd.DataFrame]
    notes: tuple[str, ...]


def summarise(study: Study, data: StudyData) -> Summary:
    """Return recordings per split, intervals and clips per label and split, and pairs of labels that overlap.

    Args:
        study: says how recordings are cut into clips, and how much of a clip a label must cover to count as present.
        data: from `load_data(study)`.
    """
    tables = {
        "Recordings": _recordings(data, study.split.within == "recordings"),
        "Reviewed": _reviewed(data),
        "Labels": _labels(study, data),
        "Overlaps of labels (seconds)": _overlaps(data),
    }
    return Summary({title: table for title, table in tables.items() if len(table)}, tuple(_notes(study, data)))


def _seconds(recording: Recording) -> float:
    """Return the seconds of a recording that its part of a split within recordings holds, unannotated ones aside."""
    outside = sp.union(gap for gap in recording.gaps if not gap.label)
    return recording.duration - sp.total(outside)


def _groups_of(data: StudyData, split: str) -> str:
    return f"{split} has {', '.join(sorted({recording.group for recording in data.of_split(split)}))}"


def _recordings(data: StudyData, within: bool) -> pd.DataFrame:
    rows = []
    for split in SPLITS:
        held = data.of_split(split)
        if held:
            rows.append(
                {
                    "split": split,
                    "recordings": len(held),
                    "groups": len({recording.group for recording in held}),
                    "hours": sum(map(_seconds, held) if within else (one.duration for one in held)) / 3600,
                    "not_annotated": sum(recording.intervals is None for recording in held),
                }
            )
    return pd.DataFrame(rows)


def _reviewed(data: StudyData) -> pd.DataFrame:
    """Return how much of what was begun in review was reviewed for all labels, for some alone, and for none."""
    rows = []
    for split in SPLITS if data.review else ():
        begun = [one for one in data.of_split(split) if data.review and one.content in data.review.whose]
        if not begun:
            continue
        whole = sum(one.duration for one in begun)
        some = sum(_annotated(one, data.labels, any_label=True) for one in begun)
        every = sum(_annotated(one, data.labels, any_label=False) for one in begun)
        minutes = {"minutes": every, "minutes_some_labels": some - every, "minutes_left": whole - some}
        rows.append({"split": split, "recordings": len(begun), **{name: s / 60 for name, s in minutes.items()}})
    return pd.DataFrame(rows)


def _annotated(recording: Recording, labels: LabelSet, any_label: bool) -> float:
    """Return the seconds of a recording that are annotated for any label, or for every one."""
    if recording.intervals is None:
        return 0.0
    annotated = sp.whole(recording.duration)
    if not any_label:
        return sp.total(sp.subtract(annotated, sp.union(recording.gaps)))
    for name in labels.names:
        annotated = sp.intersect(annotated, sp.union(gap for gap in recording.gaps if gap.label in ("", name)))
    return recording.duration - sp.total(annotated)


def _labels(study: Study, data: StudyData) -> pd.DataFrame:
    window = Window(study.windows.length, study.windows.stride)
    rows = []
    for split in SPLITS:
        held = [recording for recording in data.of_split(split) if recording.intervals is not None]
        clips = [clip for recording in held for clip in cut(recording, data.labels, window)]
        if not clips:
            continue
        truth = targets(clips, data.labels.task, study.windows.threshold)
        for index, name in enumerate(data.labels.names):
            own = [i for recording in held for i in recording.intervals or () if i.label == name]
            known = int((~np.isnan(truth[:, index])).sum())
            rows.append(
                {
                    "label": name,
                    "split": split,
                    "intervals": len(own),
                    "minutes": sum(interval.duration for interval in own) / 60,
                    "clips_with": int(np.nansum(truth[:, index])),
                    "clips_annotated": known,
                    "share": float(np.nansum(truth[:, index]) / known) if known else float("nan"),
                }
            )
    return pd.DataFrame(rows)


def _overlaps(data: StudyData) -> pd.DataFrame:
    order = {name: index for index, name in enumerate(data.labels.names)}
    seconds: defaultdict[tuple[str, str], float] = defaultdict(float)
    for recording in data.recordings:
        # Only the labels of this recording: a hundred classes make five thousand pairs.
        present = sorted({interval.label for interval in recording.intervals or ()}, key=order.__getitem__)
        for one, other in combinations(present, 2):
            seconds[one, other] += _shared(recording.intervals or (), one, other)
    ordered = sorted(seconds.items(), key=lambda item: (order[item[0][0]], order[item[0][1]]))
    return pd.DataFrame([{"label": one, "with": other, "seconds": s} for (one, other), s in ordered if s > 0])


def _shared(intervals: tuple[Interval, ...], one: str, other: str) -> float:
    first, second = (sp.union(i for i in intervals if i.label == name) for name in (one, other))
    return sp.total(sp.intersect(first, second))


def _of_recordings(study: Study, data: StudyData) -> list[str]:
    """Return one note for each thing that is odd, naming the recordings of which it is so."""
    by_note: defaultdict[str, list[str]] = defaultdict(list)
    for recording in data.recordings:
        for note in _odd(study, data, recording):
            by_note[note].append(recording.name)
        for note, seconds in _broken_rules(recording, data.labels):
            by_note[note].append(f"{recording.name} ({seconds:.1f} s)")
    return [f"{_some(names)}: {note}" for note, names in by_note.items()]


def _odd(study: Study, data: StudyData, recording: Recording) -> Iterator[str]:
    """Yield what is odd about the annotations of a recording."""
    if recording.intervals and all(interval.is_predicted for interval in recording.intervals):
        yield "every interval has a score; were they written by a recognizer?"
    reviewed = data.review is not None and recording.content in data.review.whose  # a table says how far these are
    if recording.gaps and study.split.within == "groups" and not reviewed:
        yield "parts are not annotated; clips there have no target."
    if recording.intervals is not None and not recording.intervals:
        yield "annotated, but without an interval of the study's labels."
    second = data.second.get(recording.name)
    if second is not None and second.intervals and second.intervals == recording.intervals:
        yield "both annotators wrote the very same intervals; is one a copy?"


def _broken_rules(recording: Recording, labels: LabelSet) -> Iterator[tuple[str, float]]:
    """Yield which rules annotations break, and for how long: recognizers learn from them as they are."""
    intervals = recording.intervals or ()
    for one, other in labels.rules.excludes:
        seconds = _shared(intervals, one, other)
        if seconds > 0:
            yield f"{one} and {other} exclude each other, yet both are annotated at once.", seconds
    for name, needed in labels.rules.requires.items():
        for other in needed:
            own, allowed = (sp.union(i for i in intervals if i.label == label) for label in (name, other))
            seconds = sp.total(sp.subtract(own, allowed))
            if seconds > 0:
                yield f"{name} requires {other}, yet is annotated without it.", seconds


def _some(names: Sequence[object]) -> str:
    """Return the first few names and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(map(str, names[:SHOWN]))}{more}"


def _notes(study: Study, data: StudyData) -> list[str]:
    notes = [f"'{name}' is left out on purpose ({counted(count, 'time')})." for name, count in data.ignored.items()]
    for by, count in data.matched.items():
        notes.append(f"annotations of {counted(count, 'video')}: {match_in_words(by)}.")
    if data.unused:
        notes.append(f"beside the videos and not used: {_some(data.unused)}.")
    notes += _of_recordings(study, data)
    notes += nothing_to_count_from(data.recordings, data.labels)
    if study.split.within == "groups" and len({recording.group for recording in data.recordings}) <= MOST_NAMED:
        notes.append(f"groups: {'; '.join(_groups_of(data, split) for split in SPLITS if data.of_split(split))}.")
    groups = len({recording.group for recording in data.recordings if recording.split == "test"})
    if 0 < groups < 5:
        notes.append(
            f"the test split has only {counted(groups, 'group')}: too few for a confidence interval, which takes five."
        )
    if study.windows.length is not None:
        shortest = study.windows.length - SAME_S
        short = sum(recording.duration < shortest for recording in data.recordings)
        if short:
            notes.append(f"{counted(short, 'recording is', 'recordings are')} shorter than a window; each is one clip.")
    return notes
