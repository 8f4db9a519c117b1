"""Of a warning that many files bring a few are shown."""

from __future__ import annotations

import io
import logging
from pathlib import Path

from actscribe.cli.repeated_warnings import FewAlike


def test_of_ten_files_with_one_fault_three_are_named_and_then_further_ones() -> None:
    out = io.StringIO()
    logger = logging.Logger("of a test")
    logger.addHandler(FewAlike(logging.StreamHandler(out)))
    for number in range(10):
        logger.warning("%s: tiers not read: %s.", Path(f"{number}.eaf"), "kind")
    logger.warning("%s: tiers not read: %s.", Path("other.eaf"), "mood")
    logger.warning("all is %s", "well")
    logger.warning("all is %s", "well")
    assert out.getvalue().splitlines() == [
        *(f"{number}.eaf: tiers not read: kind." for number in range(3)),
        "Further files: tiers not read: kind.",
        "other.eaf: tiers not read: mood.",
        "all is well",
        "all is well",
    ]
