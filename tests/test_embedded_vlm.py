"""The tiny vision-language model of the package: it loads, is small and tells order; its training can be repeated."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from actscribe.data.clips import Clip
from actscribe.data.view import ClipFrames
from actscribe.models.catalog import embedded_folder
from actscribe.models.vlm import Vlm, load_vlm
from actscribe.simulation.tabletop_actions import ACTIONS
from actscribe.simulation.tabletop_clips import TabletopClip, tabletop_clip

TRAINING = Path(__file__).parents[1] / "training" / "vlm"
#: Far from the scenes of training, which start at 7e9, and from those of its model card, which start at 8e9.
FIRST_SEED = 9_000_000_000


@pytest.fixture(scope="module")
def vlm() -> Vlm:
    return load_vlm("embedded", dtype="float32", device="cpu")


def frames(clip: TabletopClip) -> ClipFrames:
    return ClipFrames(Clip("clip", 0.0, clip.duration), "", clip.frames, clip.times)


def yes(vlm: Vlm, clip: TabletopClip, question: str) -> float:
    """Return log P(yes) - log P(no)."""
    said, denied = vlm.yes_no_tokens()
    logits = vlm.branch(vlm.prefix(frames(clip), ""), [f"{question} Answer yes or no."])[0]
    return float(logits[said].logsumexp(0) - logits[denied].logsumexp(0))


def test_it_is_a_small_smolvlm_with_its_own_files(vlm: Vlm) -> None:
    folder = embedded_folder("vlm")
    assert folder is not None
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 40e6
    assert vlm.identity.family == "SmolVLM2"
    assert vlm.video_tokens(8, 96, 96) == 72
    assert (folder / "README.md").is_file()
    assert [vlm.prompter.tokenizer.encode(text) for text in (" Yes", " No")] == [
        [vlm.prompter.tokenizer.convert_tokens_to_ids(word)] for word in ("ĠYes", "ĠNo")
    ]


def test_order_of_the_frames_decides(vlm: Vlm) -> None:
    """The two clips of a pair hold the same frames; the question gets more yes where they are in its order."""
    names = ("push_right", "put_into", "cover", "open_lid", "move_together", "roll_right")
    right = 0
    for number, name in enumerate(names * 2):
        seed = FIRST_SEED + number
        ahead, back = tabletop_clip(seed, name, 8, 96), tabletop_clip(seed, ACTIONS[name].reverse_of, 8, 96)
        np.testing.assert_array_equal(ahead.frames, back.frames[::-1])
        question = ACTIONS[name].question
        right += yes(vlm, ahead, question) > yes(vlm, back, question)
    assert right >= 10  # of 12; by chance once in 52 tries


def test_it_tells_a_hand_from_an_empty_table_and_speaks_in_sentences(vlm: Vlm) -> None:
    acted, nothing = tabletop_clip(FIRST_SEED, "swap", 8, 96), tabletop_clip(FIRST_SEED, "nothing", 8, 96)
    assert yes(vlm, acted, "Is there a hand in the video?") > yes(vlm, nothing, "Is there a hand in the video?")
    for clip in (acted, nothing):
        caption = vlm.generate(vlm.prefix(frames(clip), ""), "Describe what happens in the video.")
        assert re.fullmatch(r"[A-Z][a-z ,:-]+\.( [A-Z][a-z ,:-]+\.)*", caption), caption


def test_training_gives_the_same_weights_again(tmp_path: Path) -> None:
    """Two short runs on material rendered twice agree in every bit, and what they write can be loaded."""
    digests = []
    for name in ("first", "second"):
        command = ["train.py", "--quick", "--cache", str(tmp_path / name / "cache"), "--out", str(tmp_path / name)]
        done = subprocess.run(
            [sys.executable, *command],
            cwd=TRAINING,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        )
        digests.append(re.findall(r"digest of the weights after 4 steps: (\w{32})", done.stdout))
    assert len(digests[0]) == 1
    assert digests[0] == digests[1]
    assert load_vlm(tmp_path / "first", dtype="bfloat16", device="cpu").identity.parameters > 1e6
