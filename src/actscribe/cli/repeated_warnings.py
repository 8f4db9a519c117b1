"""Warnings that differ only in the file that they are about: a few of them are shown."""

from __future__ import annotations

import copy
import logging
from collections import Counter
from pathlib import Path

#: Of so many files the same is said.
SHOWN = 3


class FewAlike(logging.Handler):
    """Hands on the first warnings of many files, then one line for all others.

    Args:
        shown: gets what is shown.
    """

    def __init__(self, shown: logging.Handler) -> None:
        super().__init__()
        self._shown = shown
        self._passed: Counter[tuple[object, ...]] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Hand a record on; the one after the last is said of all files that follow."""
        if not (isinstance(record.args, tuple) and record.args and isinstance(record.args[0], Path)):
            self._shown.handle(record)
            return
        alike = (record.name, record.msg, *map(str, record.args[1:]))
        self._passed[alike] += 1
        if self._passed[alike] <= SHOWN:
            self._shown.handle(record)
        elif self._passed[alike] == SHOWN + 1:
            of_all = copy.copy(record)  # other handlers have the record itself
            of_all.args = ("Further files", *record.args[1:])
            self._shown.handle(of_all)
