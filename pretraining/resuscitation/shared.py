"""What is shared with pretraining/vlm passes through this module."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "vlm"))  # last: both folders have a train.py

import build as build
import templates as templates
from attention import use_plain as use_plain
from batches import SHIFT as SHIFT
from batches import place as place
from batches import vary as vary
from checkpoint import digest as digest
from checkpoint import save as save
from optimizer import Optimizer as Optimizer
from positions import resized as resized
from sequences import Sequences as Sequences
from sequences import asked_for as asked_for
from sequences import packed as packed
from sizes import FRAMES as FRAMES
from sizes import PATCH as PATCH
from sizes import SHUFFLE as SHUFFLE
from sizes import tokens as tokens
from texts import YES_NO_WEIGHT as YES_NO_WEIGHT
from texts import Turn as Turn
