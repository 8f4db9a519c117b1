"""Whether a journal is as it was written: its chain of digests, computed again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from actscribe.counts import counted
from actscribe.journal.entry import NO_DIGEST, Entry, Version, digest_of


@dataclass(frozen=True, slots=True)
class Verified:
    """What verifying a journal found.

    Args:
        version: of the journal now.
        broken: number of the first entry that is not as it was written; None: the chain holds.
        problems: sentences; none where everything is as it was written.
        noted: entries of the longest version that was noted elsewhere; 0: none was.
    """

    version: Version
    broken: int | None
    problems: tuple[str, ...]
    noted: int = 0

    def proven(self) -> tuple[str, ...]:
        """Say what it proves that there are no problems, and what it does not."""
        entries = counted(self.version.entries, "entry", "entries")
        are = "is as it was written" if self.version.entries == 1 else "are as they were written, in their order"
        whole = f"The {entries} that the journal holds {are}."
        if not self.noted:
            return (
                whole,
                "Whether entries were taken off its end is unknown: no run, comparison or export of the study noted"
                " a version of it.",
            )
        return (
            whole,
            f"Runs, comparisons or exports noted it up to entry {self.noted}: up to there nothing was taken off or"
            " rewritten. What was taken off after that would not show.",
        )


def verified(entries: Sequence[Entry], noted: Iterable[Version]) -> Verified:
    """Return whether all entries of a journal, in order, are as they were written; see `Journal.verify`."""
    version = Version(entries=len(entries), head=entries[-1].digest) if entries else Version()
    broken = _first_broken(entries)
    problems = []
    if broken is not None:
        at = next((f" of {one.at} by {one.annotator}" for one in entries if one.seq == broken), "")
        problems.append(
            f"entry {broken}{at} is not as it was written, or one before it was changed, taken out or put in; nothing"
            " from there on can be trusted."
        )
    versions = list(noted)
    for one in versions:
        problems += _against(one, entries)
    longest = max((one.entries for one in versions), default=0)
    return Verified(version, broken, tuple(dict.fromkeys(problems)), longest)


def _first_broken(entries: Sequence[Entry]) -> int | None:
    before = NO_DIGEST
    for index, one in enumerate(entries, 1):
        digest = digest_of(before, one.seq, one.at, one.annotator, one.recording, one.kind, one.body)
        if one.seq != index or one.digest != digest:
            return one.seq
        before = one.digest
    return None


def _against(noted: Version, entries: Sequence[Entry]) -> list[str]:
    if not noted.entries:
        return []
    if len(entries) < noted.entries:
        once = counted(noted.entries, "entry", "entries")
        return [f"the journal held {once} once, and holds {len(entries)}: its end was taken off."]
    if entries[noted.entries - 1].digest != noted.head:
        return [f"entry {noted.entries} is not the one that was last then: the journal was rewritten."]
    return []
