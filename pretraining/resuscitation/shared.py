"""What is shared with pretraining/vlm passes through this module."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "vlm"))  # last: both folders have a train.py

import build as build
import templates as templates
from answering import answer_losses as answer_losses
from answering import last_seen as last_seen
from answering import motion_loss as motion_loss
from answering import read as read
from attention import use_plain as use_plain
from batches import SHIFT as SHIFT
from batches import cell_of as cell_of
from batches import vary as vary
from checkpoint import save as save
from descent import Descent as Descent
from descent import exactly as exactly
from positions import resized as resized
from sequences import Packed as Packed
from sequences import Sequences as Sequences
from sequences import asked_for as asked_for
from sequences import packed as packed
from sizes import FRAMES as FRAMES
from sizes import PATCH as PATCH
from sizes import SHUFFLE as SHUFFLE
from sizes import tokens as tokens
from texts import YES_NO_WEIGHT as YES_NO_WEIGHT
from texts import Turn as Turn
