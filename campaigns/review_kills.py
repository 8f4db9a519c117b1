"""SIGKILL at a random moment to a review server while somebody edits: nothing that was acknowledged is lost."""

from __future__ import annotations

import shutil
from pathlib import Path

from actscribe.annotations import read
from actscribe.journal import Journal
from campaigns import kit  # puts the tests' own modules on the path
from campaigns.campaign import Campaign, Case, Verdict
from campaigns.worker import note_group

#: Seconds of editing at most, and of a case: two servers start in it.
_EDITED_S, _SECONDS = 2.0, 90.0


def prepare(sources: Path) -> None:
    """Make a study."""
    kit.study(sources / "study")


def attempt(case: Case) -> Verdict:
    """Edit until the server is killed, then look at the journal, a new server and its export."""
    from review_killed import edited_until_killed, reopened

    group, study = note_group(case, "review"), case.folder / "study"
    shutil.copytree(case.sources / "study", study)
    id, acknowledged, on_its_way = edited_until_killed(study, case.rng, _EDITED_S)
    problems = Journal.of(study).verify().problems
    if problems:
        return Verdict(group, "chain broken", True, problems[0])
    bouts, files = reopened(study, id)
    if bouts not in (acknowledged, on_its_way):
        lost = len(acknowledged.keys() - bouts.keys())
        return Verdict(group, "lost", True, f"{lost} of {len(acknowledged)} acknowledged bouts are gone")
    exported = [(one.start, one.end) for one in read(study / files[0]).intervals]
    if not all(any(low <= start and end <= high for low, high in exported) for start, end in bouts.values()):
        return Verdict(group, "not exported", True, f"{len(bouts)} bouts, {len(exported)} in the file")
    return Verdict(group, "as acknowledged" if bouts == acknowledged else "with the change on its way")


CAMPAIGN = Campaign(
    name="review_kills",
    about="a review server is killed at a random moment while somebody edits, undoes and adds",
    oracle="journal, a new server and its export hold what was acknowledged, and at most the change on its way",
    short=3,
    full=50,
    prepare=prepare,
    attempt=attempt,
    seconds=_SECONDS,
)
