"""The one exception a user meets: what was found, what was expected, what to do next."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

#: In the environment: show where an error came from, not its sentence alone.
TRACEBACK = "ACTSCRIBE_TRACEBACK"


#: How like a known word a wrong one must be to be taken for it unasked: "grup" is "group", "light" is nothing (ours).
LIKENESS_OF_SLIPS = 0.75


class ActScribeError(Exception):
    """A problem the user can mend; the CLI prints it without a traceback and exits with code 2.

    Args:
        message: what was found and what was expected, naming the file and the line or time.
        hint: what to type or change next; empty when the message says it all.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class UnreadableVideo(ActScribeError):
    """One video cannot be opened, or not be decoded to its end; the work on others may go on."""


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """Return a sentence that names the closest known word, or lists the known ones."""
    words = sorted(known)
    close = closest(wrong, words)
    return f"Did you mean '{close}'?" if close else f"Known: {', '.join(words)}."


def closest(wrong: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """Return the known word that is most like a wrong one, case apart; None where none is as like, of 1."""
    lowered = {word.casefold(): word for word in known}
    close = difflib.get_close_matches(wrong.strip().casefold(), list(lowered), n=1, cutoff=likeness)
    return lowered[close[0]] if close else None


def in_one_line(error: BaseException) -> str:
    """Return the words of another library's error without its line breaks, to stand within a message."""
    return " ".join(str(error).split())
