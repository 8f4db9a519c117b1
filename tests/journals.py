"""What tests of the journal share: beginnings, bouts, and a process that appends until it is killed."""

from __future__ import annotations

import sys
from pathlib import Path

from actscribe.journal import Action, Began, Bout, Journal, Mark, Op, Put

LABELS = ("sit", "walk")
VIDEO = "a" * 32


def began(duration: float = 20.0, labels: tuple[str, ...] = LABELS) -> Began:
    """Return a beginning from nothing."""
    return Began(name="visit", duration=duration, labels=labels)


def bout(name: str, label: str, start: float, end: float) -> Bout:
    """Return a person's own bout."""
    return Bout(id=name, label=label, start=start, end=end)


def did(*ops: Op, why: str = "edit") -> Action:
    """Return an action."""
    return Action(why=why, ops=ops)


def reviewed(
    journal: Journal, video: str, annotator: str, start: Began, bouts: list[Bout], *spans: tuple[float, float]
) -> None:
    """Begin a recording, mark spans as reviewed for all labels, and write bouts."""
    journal.append(annotator, video, "began", start)
    ops: list[Op] = [Put(bout=one) for one in bouts]
    ops += [Mark(start=one, end=other) for one, other in spans]
    journal.append(annotator, video, "did", did(*ops))


def main() -> None:
    """Append bouts to a journal for ever, and say the number of each that is on disk."""
    journal, annotator = Journal(Path(sys.argv[1])), sys.argv[2]
    most = int(sys.argv[3])
    if not journal.entries(VIDEO, annotator):
        print(journal.append(annotator, VIDEO, "began", began()).seq, flush=True)
    for index in range(most):
        entry = journal.append(
            annotator, VIDEO, "did", did(Put(bout=bout(f"{annotator}{index}", "sit", index % 9, 9.5)))
        )
        print(entry.seq, flush=True)


if __name__ == "__main__":
    main()
