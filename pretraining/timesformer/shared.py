"""What is shared with the other trainings passes through this module."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "vlm"))  # last: every folder has a train.py
sys.path.append(str(Path(__file__).parents[1] / "resuscitation"))

from batches import SHIFT as SHIFT
from batches import vary as vary
from checkpoint import digest as digest
from positions import resized as resized
from recordings import MINUTES as MINUTES
from recordings import RECORDINGS as RECORDINGS
from recordings import SEED as SEED
from recordings import SPLIT as SPLIT
from render import ROUND as ROUND
from render import TEST_SEEDS as TEST_SEEDS
from render import Row as Row
from render import make as make
from render import read_truths as read_truths
from render import render as render
