"""The format in which the annotations of a run's study are kept, for timelines that belong beside them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from actscribe.annotations import detect
from actscribe.data.manifest import read_manifest
from actscribe.errors import ActScribeError
from actscribe.run_folder.run import Run, study_above
from actscribe.settings.study import load_study

#: Where annotations are in no tool's format, or in none.
DEFAULT = "elan"
#: Formats of tools in which a timeline is corrected, by the format of a study's files.
_OF_TOOLS = {
    **{name: name for name in ("elan", "boris", "textgrid", "vtt", "label-studio", "cvat", "via", "deepethogram")},
    "boris-aggregated": "boris",
    "boris-tabular": "boris",
}


def own_format(run: Run) -> str:
    """Return the name in `FORMATS` of what most annotation files of a run's study are in; ELAN's where that is no tool.

    A study that is not where the run is, or cannot be read any more, has none.
    """
    try:
        study = load_study(study_above(run.folder))
        rows = read_manifest(study.folder / study.recordings)
    except ActScribeError:
        return DEFAULT
    files = {row.annotations for row in rows if row.annotations is not None}
    counts = Counter(name for file in sorted(files) if (name := _detected(file)) is not None)
    return _OF_TOOLS.get(counts.most_common(1)[0][0], DEFAULT) if counts else DEFAULT


def _detected(file: Path) -> str | None:
    try:
        return detect(file)
    except ActScribeError:
        return None
