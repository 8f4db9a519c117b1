"""Frames of the worst errors as small JPEG pictures inside the report; only when the user asks for them."""

from __future__ import annotations

import base64
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from actscribe.data.recording import Recording
from actscribe.errors import ActScribeError
from actscribe.files import content_hash
from actscribe.report import formatting as w
from actscribe.run_folder.scored_clips import ScoredClips
from actscribe.video.reading import frames_at

#: Errors with pictures, pictures of each, their shorter side in pixels, and JPEG's quality.
ERRORS, FRAMES, SHORT_SIDE, QUALITY = 6, 4, 144, 70


@dataclass(frozen=True, slots=True)
class Picture:
    """One frame: `source` is a data URI, `when` its moment in the video."""

    source: str
    when: str


@dataclass(frozen=True, slots=True)
class ErrorPictures:
    """The frames of one error.

    Args:
        title: what went wrong, where and when.
        pictures: in order of time.
        problem: why there are none.
    """

    title: str
    pictures: tuple[Picture, ...]
    problem: str = ""


def error_pictures(
    errors: pd.DataFrame, scored: ScoredClips, recordings: Sequence[Recording]
) -> tuple[ErrorPictures, ...]:
    """Return frames of the worst errors, of those that the recognizer was shown.

    A video that is gone, changed or damaged does not cost the report: its place says what is wrong.

    Args:
        errors: of the evaluation, the worst first.
        scored: the clips with the times of the frames that were seen.
        recordings: of the split.
    """
    by_name = {recording.name: recording for recording in recordings}
    checked: dict[str, str] = {}
    return tuple(_of_error(row, scored, by_name, checked) for row in islice(errors.to_dict("records"), ERRORS))


def _of_error(
    row: Mapping[Hashable, Any], scored: ScoredClips, by_name: Mapping[str, Recording], checked: dict[str, str]
) -> ErrorPictures:
    start, end, recording = float(row["start"]), float(row["end"]), by_name[row["recording"]]
    title = f"{row['label']}, {row['kind']}: {recording.name} {w.clock(start)}–{w.clock(end)}"
    frame_times = [
        times
        for clip, times in zip(scored.clips, scored.times, strict=True)
        if clip.recording == recording.name and clip.start < end and clip.end > start
    ]
    times = np.unique(np.concatenate(frame_times))
    inside = times[(times >= start) & (times <= end)]
    times = inside if len(inside) else times
    chosen = times[np.linspace(0, len(times) - 1, min(FRAMES, len(times))).round().astype(int)]
    try:
        if recording.name not in checked:
            checked[recording.name] = _content(recording)
        if checked[recording.name] != recording.content:
            return ErrorPictures(title, (), f"{recording.video}: this is not the file the run was made with.")
        frames = list(frames_at(recording.video, chosen, SHORT_SIDE))
    except ActScribeError as error:
        return ErrorPictures(title, (), str(error))
    return ErrorPictures(title, tuple(Picture(_jpeg(frame.image), w.clock(frame.pts)) for frame in frames))


def _content(recording: Recording) -> str:
    if not recording.video.is_file():
        raise ActScribeError(f"{recording.video}: the video is gone.")
    return content_hash(recording.video)


def _jpeg(image: np.ndarray) -> str:
    data = BytesIO()
    Image.fromarray(image).save(data, "JPEG", quality=QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode('ascii')}"
