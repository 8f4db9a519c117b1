"""Names of the files in a run's folder beside those of its training: written by them, and known as ours by them."""

from __future__ import annotations

from collections.abc import Iterable

from actscribe.data.manifest import SPLITS
from actscribe.settings.recognizers.vlm import QUANTIZATION_FILE
from actscribe.table_files import ENDINGS
from actscribe.table_text import NOTES

RUN_FILE, OPERATING_POINT, COST = "run.json", "operating-point.json", "cost.json"
RECORDINGS = "recordings.json"
#: Files that a run has from its first moment on.
BASE = ("study.yaml", "labels.yaml", RECORDINGS)
#: What is written once for each split; `of_split` fills in which.
METRICS, REPORT, SCORES = "metrics-{split}.json", "report-{split}.html", "scores-{split}.parquet"
CAPTIONS, HALLUCINATION = "captions-{split}.json", "hallucination-{split}.json"
SERVERS = "servers-{split}.json"
TIME_BUDGETS = tuple(f"time-budget-{{split}}{ending}" for ending in ENDINGS)
INDICATORS = tuple(f"indicators-{{split}}{ending}" for ending in ENDINGS)
INDICATOR_ERRORS = tuple(f"indicator-errors-{{split}}{ending}" for ending in ENDINGS)
#: How live decisions differ from offline ones.
AS_LIVE = "as-live-{split}.csv"
#: Folder of a split's timelines, one file for each recording.
TIMELINES = "timelines-{split}"
_ONCE = (RUN_FILE, *BASE, OPERATING_POINT, QUANTIZATION_FILE, COST, NOTES)
_OF_EACH_SPLIT = (
    *(METRICS, REPORT, SCORES, CAPTIONS, HALLUCINATION, SERVERS, AS_LIVE),
    *(*TIME_BUDGETS, *INDICATORS, *INDICATOR_ERRORS),
)


def of_split(name: str, split: str) -> str:
    """Return the name of one of the files that are written once for each split."""
    return name.format(split=split)


def timeline(split: str, recording: str) -> str:
    """Return the name of a recording's timeline, a path from the run's folder with `/`."""
    return f"{of_split(TIMELINES, split)}/{recording}.json"


def names(recordings: Iterable[tuple[str, str]]) -> set[str]:
    """Return the names of all files that are written into a run's folder, but for its model and by its training.

    Args:
        recordings: (split, name) of each recording of the run.
    """
    of_splits = {of_split(name, split) for name in _OF_EACH_SPLIT for split in SPLITS}
    return {*_ONCE, *of_splits, *(timeline(*recording) for recording in recordings)}
