"""Moments in a report at which review opens: by a command, and as links where review itself shows the report."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
from markupsafe import Markup

from actscribe.report import formatting as w
from actscribe.report import svg
from actscribe.typed_words import typed

#: How a link begins in the file, which knows no server: review writes an address in place of it. No text of a report
#: can look like it, since all are escaped.
LINK_START = '<a data-moment="'
#: How the table begins that an archive's script fills: review writes the ids of its recordings behind it, by which the
#: script knows which rows may be links.
KNOWN = '<table id="rows" data-review="'


def moment(recording: str, seconds: float, inside: str, by_key: bool = True) -> Markup:
    """Return what leads to a moment where review shows the report.

    Args:
        recording: id of the one in which it is.
        seconds: of the recording.
        inside: text, escaped, or elements.
        by_key: whether the tabulator key stops there.
    """
    # Rounded up: a little later it is the same frame, a little earlier the one before.
    at = math.ceil(seconds * 1000 - 1e-3) / 1000
    return svg.tag("a", inside, data_moment=f"{recording}@{at:.3f}", tabindex=None if by_key else -1)


def command(study: Path, moments: pd.DataFrame, run: Path | None = None) -> str:
    """Return what to type to see the first of some moments in review; empty: there is none.

    Args:
        study: its folder.
        moments: with columns `recording` and `start`, in seconds; the first one matters most.
        run: whose suggestions are to be shown; None: those of the newest.
    """
    if not len(moments):
        return ""
    first = moments.iloc[0]
    of_run: list[str | Path] = [] if run is None else ["--run", run]
    return typed("actscribe", "review", study, *of_run, "--open", f"{first['recording']}@{w.clock(first['start'])}")
