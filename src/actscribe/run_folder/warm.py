"""What a run notes of an earlier one that its training started from."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from actscribe.stored_path import StoredPath


class WarmStart(BaseModel):
    """The run that a training started from.

    Args:
        run: where its folder lies.
        model: digest of its saved model.
        learned: digests of the videos that it learned from, and those that it started from itself.
        chosen: digests of the videos on which it stopped and chose thresholds, likewise.
        groups: of `learned`, as its study named them.
    """

    model_config = ConfigDict(extra="forbid")

    run: StoredPath
    model: str
    learned: tuple[str, ...]
    chosen: tuple[str, ...]
    groups: tuple[str, ...]
