"""What is said of a split that holds nothing, and what to write so that it gets recordings."""

from __future__ import annotations

from actscribe.counts import counted
from actscribe.data.fitting_splits import OF_THREE, Shares, by_time, written
from actscribe.data.loading import StudyData
from actscribe.data.manifest import SPLITS
from actscribe.settings.study import Split, Study

GAP = "The gap is what is left out between two parts, in seconds: a clip's length or more."


def nobody_annotated(split: str) -> str:
    """Return what is said of a split without annotated recordings, as part of a sentence."""
    return f"no annotated recording is in the {split} split"


def way_to_fill(split: str, study: Study, data: StudyData) -> str:
    """Return what to write so that a split without annotated recordings gets some: keys, shares or rows.

    Args:
        split: "validation" or "test".
        study: whose split it is.
        data: of the study.
    """
    held = data.of_split(split)
    if held:
        return f"{counted(len(held), 'recording')} of it (first: {held[0].name}) must be annotated."
    if getattr(study.split, split) > 0:  # shares leave no split empty, so the manifest has a split column
        return f"Write '{split}' into rows of the manifest's split column, or empty that column in every row."
    shares = _shares(study.split, split)
    if study.split.within == "recordings":
        timed = by_time(data.recordings, (shares, *OF_THREE), study.windows.length, study.split.gap)
        return (
            f"Give it a share in the study file: {timed}. {GAP}" if timed else "Add longer recordings to split by time."
        )
    groups = len({recording.group for recording in data.recordings})
    if groups >= len(SPLITS):
        return f"Give it a share in the study file: {written(shares)}, or name it in the manifest's split column."
    few = f"There {'is' if groups == 1 else 'are'} only {counted(groups, 'group')}, and a group lies in one split."
    timed = by_time(data.recordings, (shares, *OF_THREE), study.windows.length)
    if not timed:
        return f"{few} Add {'videos' if study.windows.length is None else 'recordings'} of other groups."
    return (
        f"{few} Add recordings of other groups, or split each recording by time, which says nothing about other"
        f" subjects: {timed}. {GAP}"
    )


def _shares(present: Split, lacking: str) -> Shares:
    """Return shares in which no split is empty: those that are written where only the lacking one has to be fed."""
    shares = {name: getattr(present, name) for name in SPLITS}
    taken = 0.2
    others = [name for name in SPLITS if name not in (lacking, "train")]
    if all(shares[name] > 0 for name in others) and shares["train"] > 2 * taken:
        shares |= {lacking: taken, "train": round(shares["train"] - taken, 3)}
    else:
        shares = {name: getattr(Split(), name) for name in SPLITS}
    return shares
