"""What the study's own annotation files say, beside people: where fewer than two annotated, a file is one of the two.

Other programs change files. So what they say is written down when it is shown to who settles, as an entry "read" under
the name of the manifest's column: an answer is to what was read last before it.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

from actscribe.journal.entry import Began

#: What the study's own annotations are called beside those of people: by the manifest's columns.
FILES, SECOND_FILES = "annotations", "annotations_2"


def counting(people: Sequence[Began], files: Container[str]) -> tuple[str, ...]:
    """Return the names of the files that are among the two whose differences are settled.

    Who began with what a file says is not a second opinion on it.

    Args:
        people: beginnings of the first two annotators, or of fewer.
        files: `FILES` and `SECOND_FILES`, where the study has them.
    """
    is_first = len(people) < 2 and FILES in files and not any(one.source for one in people)
    is_second = len(people) + is_first == 1 and SECOND_FILES in files
    return (FILES,) * is_first + (SECOND_FILES,) * is_second
