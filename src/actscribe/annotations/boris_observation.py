"""What a BORIS project says of an observation: its media, and how its time runs.

The keys are those of BORIS 8.27 (`config.py`), with 'time offset second player' of projects before version 7.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from actscribe.annotations.boris_media import FOREVER, Player
from actscribe.errors import ActScribeError


class _MediaInfo(BaseModel):
    length: dict[str, float | None] = {}
    offset: dict[str, float | None] = {}
    media_creation_time: dict[str, float] = {}


class Observation(BaseModel):
    """One observation of a project, as it stands in the file."""

    file: dict[str, list[str]] | list[str] = {}
    type: str = "MEDIA"
    media_info: _MediaInfo = _MediaInfo()
    time_offset: float | None = Field(default=0.0, alias="time offset")
    second_offset: float | None = Field(default=None, alias="time offset second player")
    interval: list[float | None] = Field(default=[], alias="observation time interval")
    media_creation_date_as_offset: bool = False
    media_scan_sampling_duration: float | None = 0
    scan_sampling_time: float | None = 0
    start_from_current_time: bool = False
    start_from_current_epoch_time: bool = False
    events: list[list[Any]] = []

    def players(self) -> list[Player]:
        """Return the players in use; the first one's own offset does not count, as BORIS counts by it."""
        files = self.file if isinstance(self.file, dict) else {"1": self.file}
        offsets = {"2": self.second_offset, **self.media_info.offset}
        used = sorted((number, names) for number, names in files.items() if names)
        return [
            Player(
                tuple(names),
                tuple(self.media_info.length.get(name) for name in names),
                (offsets.get(number) or 0.0) if index else 0.0,
            )
            for index, (number, names) in enumerate(used)
        ]

    def observed(self) -> tuple[float, float]:
        """Return the seconds of its own time between which was observed; no end is written as 0.

        Raises:
            ActScribeError: the interval is none.
        """
        first, last = [*self.interval, None, None][:2]
        if len(self.interval) not in (0, 2) or not 0 <= (first or 0.0) < (last or FOREVER):
            raise ActScribeError(f"the observation time interval is {self.interval}, expected a start and an end.")
        return first or 0.0, last or FOREVER

    def ahead(self) -> float:
        """Return by how many seconds the events' times are ahead of the observation's.

        Raises:
            ActScribeError: the events' times are not those of a video.
        """
        sampled = self.media_scan_sampling_duration or self.scan_sampling_time
        if self.type == "IMAGES":
            raise ActScribeError("is made from pictures (type IMAGES), so its events have no time in a video.")
        if self.start_from_current_time or self.start_from_current_epoch_time:
            raise ActScribeError("is live and has the time of the day (start_from_current_time), not that of a video.")
        if sampled:
            raise ActScribeError(
                f"is scan-sampled every {sampled:g} s (media_scan_sampling_duration, scan_sampling_time): what happens"
                " in between was not annotated."
            )
        return (self.time_offset or 0.0) + self._creation()

    def _creation(self) -> float:
        if not self.media_creation_date_as_offset:
            return 0.0
        files = self.players()[0].files if self.players() else ()
        if len(files) != 1 or files[0] not in self.media_info.media_creation_time:
            raise ActScribeError(
                "has the creation date of its media as offset (media_creation_date_as_offset), which is only read where"
                " the first player has one file and its media_creation_time is given."
            )
        return self.media_info.media_creation_time[files[0]]
