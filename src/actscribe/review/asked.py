"""One request as the functions behind the routes see it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from actscribe.errors import ActScribeError
from actscribe.review.recordings import Item
from actscribe.review.session import Session


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for.

    Args:
        session: of the server.
        path: parameters in the path.
        query: parameters behind it.
        body: bytes.
    """

    session: Session
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes = b""

    @property
    def item(self) -> Item:
        """The recording that the path names.

        Raises:
            Unknown: the study has none of that id.
        """
        return self.session.item(self.path["id"])

    def number(self, name: str, usual: float, low: float, high: float) -> float:
        """Return a number behind the path, moved into a range.

        Raises:
            ActScribeError: it is not a number.
        """
        try:
            value = float(self.query.get(name, usual))
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise ActScribeError(f"'{name}' must be a number.", "Load the page again.")
        return min(max(value, low), high)
