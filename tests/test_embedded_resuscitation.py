"""The package's vision-language model of resuscitations: it has a name, is small, and sees if a baby lies there."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from actscribe.data.clips import Clip
from actscribe.data.input_spec import ClipFrames
from actscribe.errors import ActScribeError
from actscribe.labels import load_label_set
from actscribe.models import catalog
from actscribe.models.vlm import Vlm, load_vlm
from actscribe.recognizers.prompts import prompts
from actscribe.video.sampling import sample_times
from actscribe_sim.resuscitation.scene import Scene, make_scene, render_frame

NAME = "tiny-vlm-resuscitation"
#: Of no recording that it has seen.
SEED = 99
TEXTS = prompts(load_label_set("newborn_resuscitation"))


@pytest.fixture(scope="module")
def vlm() -> Vlm:
    return load_vlm(NAME, dtype="float32", device="cpu")


def log_odds(vlm: Vlm, scene: Scene, start: float) -> float:
    """How much likelier yes is than no, asked whether a baby lies on the table."""
    times = sample_times(start, start + 3, 8)
    frames = np.stack([render_frame(scene, float(time)) for time in times])
    clip = ClipFrames(Clip("clip", start, start + 3), "", frames, times)
    yes, no = vlm.yes_no_tokens()
    logits = vlm.branch(vlm.prefix(clip, TEXTS.opening), [f" {TEXTS.questions[0]}"])
    return float(logits[:, yes].logsumexp(-1) - logits[:, no].logsumexp(-1))


def test_it_is_a_small_model_of_its_own_name() -> None:
    folder = catalog.checkpoint_folder(NAME, "vlm")
    assert folder != catalog.checkpoint_folder("embedded", "vlm")
    assert sum(path.stat().st_size for path in folder.iterdir()) < 10e6
    assert (folder / "README.md").is_file()
    assert catalog.pull(NAME) == folder
    assert NAME in catalog.PACKAGED


def test_a_name_whose_files_are_gone_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "embedded_folder", lambda name: None)
    with pytest.raises(ActScribeError, match="not in this installation"):
        catalog.checkpoint_folder(NAME, "vlm")


def test_it_tells_a_baby_from_an_empty_table(vlm: Vlm) -> None:
    scene = make_scene(SEED, 0, 60.0, 128)
    visible = scene.script.visible
    there = [start + 2 for start, end in visible if end - start > 6]
    before = [(end, start) for (_, end), (start, _) in pairwise(visible)]
    empty = [low + 1.5 for low, high in [(-1.5, visible[0][0]), *before, (visible[-1][1], 60.0)] if high - low > 6]
    assert there
    assert empty
    assert min(log_odds(vlm, scene, start) for start in there) > max(log_odds(vlm, scene, start) for start in empty)
