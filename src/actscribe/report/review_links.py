"""Moments in a report at which review opens: by a command, and as links where review itself shows the report."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence

import pandas as pd
from markupsafe import Markup

from actscribe.data.recording import Recording
from actscribe.report import formatting as w
from actscribe.report import svg
from actscribe.run_folder.run import Run, study_above

#: How a link begins in the file, which knows no server: review writes an address in place of it. No text of a report
#: can look like it, since all are escaped.
PLACE = '<a data-moment="'


def moment(recording: Recording, seconds: float, inside: str, by_key: bool = True) -> Markup:
    """Return what leads to a moment where review shows the report.

    Args:
        recording: in which it is.
        seconds: of the recording.
        inside: text, escaped, or elements.
        by_key: whether the tabulator key stops there.
    """
    # Rounded up: a little later it is the same frame, a little earlier the one before.
    at = math.ceil(seconds * 1000 - 1e-3) / 1000
    return svg.tag("a", inside, data_moment=f"{recording.id}@{at:.3f}", tabindex=None if by_key else -1)


def command(run: Run, errors: pd.DataFrame, recordings: Sequence[Recording]) -> str:
    """Return what to type to see the first of the errors in review; empty: there is none.

    Args:
        run: whose report it is.
        errors: of it, the worst first.
        recordings: of the split.
    """
    if not len(errors) or not recordings:
        return ""
    first = errors.iloc[0]
    where = shlex.quote(f"{first['recording']}@{w.clock(float(first['start']))}")
    return f"actscribe review {study_above(run.folder)} --run {shlex.quote(str(run.folder))} --open {where}"
