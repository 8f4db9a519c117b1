"""Warnings that differ only in the file that they are about: a few of them are shown."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path

#: Of so many files the same is said.
SHOWN = 3


class FewAlike(logging.Filter):
    """Lets the first warnings of many files pass, then one line for all others."""

    def __init__(self) -> None:
        super().__init__()
        self._passed: Counter[tuple[object, ...]] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record is shown; the one after the last is changed into a line for all that follow."""
        if not (isinstance(record.args, tuple) and record.args and isinstance(record.args[0], Path)):
            return True
        alike = (record.name, record.msg, *map(str, record.args[1:]))
        self._passed[alike] += 1
        if self._passed[alike] == SHOWN + 1:
            record.args = ("Further files", *record.args[1:])
        return self._passed[alike] <= SHOWN + 1
