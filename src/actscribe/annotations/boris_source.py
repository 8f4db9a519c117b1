"""What a row of BORIS' exports says of the media of its observation: 'player #1:a.mp4;b.mp4|player #2:c.mp4'."""

from __future__ import annotations

import re
from collections.abc import Sequence

from actscribe.annotations.boris_media import Player
from actscribe.annotations.text import parse_seconds

_PLAYER = re.compile(r"\|?\s*player #(\d+)\s*:", re.IGNORECASE)
NOWHERE = ("", "NA", "Not found")


def players(source: str, lengths: str) -> list[Player]:
    """Return the players of an observation from the cells 'Source' and 'Media duration (s)'; none if it names none.

    Where the two cells do not tell equally many files, no length is known.
    """
    first, *fields = _PLAYER.split(source)
    if first.strip() or not fields:
        return []
    named = [tuple(name.strip() for name in names.split(";")) for names in fields[1::2]]
    durations = [tuple(_length(text) for text in texts.split(";")) for texts in lengths.split("|")]
    if [len(names) for names in named] != [len(texts) for texts in durations]:
        durations = [(None,) * len(names) for names in named]
    return [Player(names, times) for names, times in zip(named, durations, strict=True)]


def queue(files: Sequence[str], lengths: str) -> Player:
    """Return the player of files that are named one by one, with the lengths of the cell that lists them."""
    durations = tuple(_length(text) for text in lengths.split(";"))
    return Player(tuple(files), durations if len(durations) == len(files) else (None,) * len(files))


def _length(text: str) -> float | None:
    try:
        seconds = parse_seconds(text)
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None
