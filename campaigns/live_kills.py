"""A stream is cut and a watcher is killed, again and again: at most a second is lost, and the rest is true."""

from __future__ import annotations

from pathlib import Path

from campaigns import kit  # puts the tests' own modules on the path
from campaigns.campaign import Campaign, Case, Verdict
from campaigns.worker import note_group

#: Seconds of a case at most: two watchers start in it.
_SECONDS = 180.0


def prepare(sources: Path) -> None:
    """Make a run of lamps, and a stream of them."""
    from live_killed import write_sources

    assert kit
    write_sources(sources)


def attempt(case: Case) -> Verdict:
    """Cut the stream or kill the watcher at a random moment, let it go on, and look at what is on the disk."""
    from live_killed import cut_stream, killed_watcher

    cuts = case.number % 2 == 0
    group = note_group(case, "cut" if cuts else "killed")
    problem, description = (cut_stream if cuts else killed_watcher)(case.sources, case.folder, case.rng)
    return Verdict(group, problem or "whole", bool(problem), description)


CAMPAIGN = Campaign(
    name="live_kills",
    about="the stream that a watcher sees is cut, or the watcher is killed, at a random moment; it goes on by itself,"
    " or with the same command.",
    oracle="no line on the disk is lost or changed, what was seen up to a second before a kill is there, the gap is not"
    " annotated, no bar lies in it, every window has the score of its pictures, and what a busy machine left out is"
    " told.",
    short=2,
    full=40,
    prepare=prepare,
    attempt=attempt,
    seconds=_SECONDS,
)
