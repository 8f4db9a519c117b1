"""Numbers of things in sentences: one thing, two things."""

from __future__ import annotations


def counted(value: int, one: str, many: str = "") -> str:
    """Return `1 group` or `6 groups`, with thin spaces between thousands.

    Args:
        value: how many.
        one: the word for one of them, perhaps with a verb: `interval ends`.
        many: the words for several, where they are not `one` and an s.
    """
    return f"{value:,}".replace(",", "\u202f") + f" {one if value == 1 else many or one + 's'}"
