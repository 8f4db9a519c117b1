"""What is written down of each video of an archive: one small file, whole or not there."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from actscribe.errors import ActScribeError
from actscribe.files import write_text
from actscribe.run_folder.integrity import sealed, unsealed


@dataclass(frozen=True, slots=True)
class LabelSummary:
    """What a timeline says of one label, in seconds; see `evaluation.indicators`.

    Args:
        first_s: start of the first bout; nan without one.
        bouts: how many.
        total_s: covered time.
        fraction: of the video's time.
        longest_pause_s: between first and last bout; nan without a bout.
        certainty: mean over clips of the larger of the probabilities of present and absent, in [0.5, 1].
        scores: clips by score, `reference.BINS` equal parts of [0, 1].
    """

    first_s: float
    bouts: int
    total_s: float
    fraction: float
    longest_pause_s: float
    certainty: float
    scores: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """A video whose timeline is written.

    Args:
        key, name, bytes: see `listing.Video`.
        task: digest of the video's content, the run and its settings: scores of one task are made once.
        content: digest of the video's bytes.
        duration_s: of the video, in seconds.
        host: that did it.
        seconds: that it took.
        files: path from the archive's folder, with `/` -> digest.
        labels: name -> what the timeline says of it.
        indicators: what the label set's indicators say of it, see `audit.stored`.
    """

    key: str
    name: str
    bytes: int
    task: str
    content: str
    duration_s: float
    host: str
    seconds: float
    files: dict[str, str]
    labels: dict[str, LabelSummary] = field(default_factory=dict)
    indicators: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """A video that could not be annotated.

    Args:
        key, name, bytes: see `listing.Video`.
        host: on which it failed.
        seconds: until it did.
        reason: the sentence without the video's name, by which failures are grouped.
        sentence: for the user.
        hint: what to type or do.
    """

    key: str
    name: str
    bytes: int
    host: str
    seconds: float
    reason: str
    sentence: str
    hint: str


def write_record(path: Path, record: Done | Failed) -> None:
    """Write a record, whole or not at all; any number of processes may write the same one."""
    write_text(path, sealed(_plain(asdict(record))))


def read_done(path: Path) -> Done | None:
    """Return a record; None where there is none, or a damaged one: its video counts as not done."""
    values = _read(path)
    if values is None:
        return None
    try:
        labels = {
            name: LabelSummary(**{**one, "scores": tuple(one["scores"])}) for name, one in values["labels"].items()
        }
        return Done(**{**values, "labels": labels, "indicators": tuple(values.get("indicators", ()))})
    except (TypeError, KeyError, AttributeError):  # of another version
        return None


def read_failed(path: Path) -> Failed | None:
    """Return a record; None where there is none, or a damaged one."""
    values = _read(path)
    try:
        return None if values is None else Failed(**values)
    except TypeError:  # of another version
        return None


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Return values as JSON gives them back, so that the seal holds."""
    return {
        key: list(value) if isinstance(value, tuple) else _plain(value) if isinstance(value, dict) else value
        for key, value in values.items()
    }


def _read(path: Path) -> dict[str, Any] | None:
    try:
        return unsealed(path)
    except ActScribeError:
        return None
