"""What a run notes of its recordings: what they are, and where their videos lie."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, field_validator

from actscribe.annotations.interval import Interval
from actscribe.data.recording import Recording
from actscribe.names import is_safe_name
from actscribe.stored_path import StoredPath


class Listed(BaseModel):
    """One recording, see `Recording`.

    Args:
        video: where it lies, seen from the run's folder, and where it was.
        size: of the video in bytes; None where it was not there any more.
    """

    model_config = ConfigDict(extra="forbid")

    name: str
    video: StoredPath
    size: int | None
    duration: float
    content: str
    group: str
    split: str
    intervals: tuple[Interval, ...] | None
    gaps: tuple[Interval, ...]
    events: tuple[Interval, ...] = ()
    moments: tuple[tuple[str, float], ...] = ()

    @field_validator("name")
    @classmethod
    def _is_a_file_name(cls, name: str) -> str:
        if not is_safe_name(name):  # files are called by it, and a run may come from somebody else
            raise ValueError(f"'{name}' is not a name of a recording")
        return name

    @classmethod
    def of(cls, recording: Recording, folder: Path) -> Listed:
        """Return what a run in `folder` notes of a recording."""
        size = recording.video.stat().st_size if recording.video.is_file() else None
        return cls.model_validate({**asdict(recording), "video": StoredPath.of(recording.video, folder), "size": size})

    def moved(self, folder: Path, other: Path) -> Listed:
        """Return what a run in another folder notes of the same recording."""
        return self.model_copy(update={"video": StoredPath.of(self.video.find(folder), other)})

    def recording(self, video: Path) -> Recording:
        """Return the recording, with its video at a path."""
        values = {name: getattr(self, name) for name in type(self).model_fields if name not in ("video", "size")}
        return Recording(**values, video=video)


LISTED = TypeAdapter(tuple[Listed, ...])
