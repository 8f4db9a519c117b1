"""Captions of simulated resuscitations say what the true state holds, and only that."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from test_simulation_resuscitation import share, spans_of

from actscribe_sim.resuscitation.captions import captions
from actscribe_sim.resuscitation.course import make_course
from actscribe_sim.resuscitation.scene import make_scene

SAYS = {
    "Ventilation": r"breaths are given|ventilated|is squeezed rhythmically|squeezes a bag at a steady|CPAP"
    r"|steady pressure|continuous pressure|keeps the mask sealed",
    "Suction": r"tube is in the|suctions|being cleared|inside the open mouth",
    "Stimulation": r"rubs the baby's (chest|back)|rubbing|rubs the (chest|back)|to and fro",
}
EMPTY = r"table is empty|no baby|empty table|Nobody lies"


def test_captions_say_what_holds_and_only_that() -> None:
    rng = np.random.default_rng(0)
    distinct: set[str] = set()
    counts = dict.fromkeys((*SAYS, "empty"), 0)
    for index in range(5):
        scene = make_scene(12, index, 150, size=32)
        spans = spans_of(scene.script)
        for start in np.arange(0, 147, 1.5):
            for caption in captions(scene, start, start + 3, rng, 2):
                distinct.add(caption)
                for label, pattern in SAYS.items():
                    holds = share(spans[label], start, start + 3) >= 0.5
                    mentioned = re.search(pattern, caption, re.IGNORECASE) is not None
                    # two short bouts of one label may make half a span together; a caption tells bouts of one kind
                    assert mentioned <= holds, (label, caption)
                    counts[label] += mentioned
                if re.search(EMPTY, caption):
                    counts["empty"] += 1
                    assert share(spans["Baby visible"], start, start + 3) == 0
                elif "carried" not in caption and "Hands l" not in caption:
                    assert share(spans["Baby visible"], start, start + 3) >= 0.5
    assert all(counts.values())
    assert len(distinct) > 300


def test_captions_tell_every_bout_and_the_hard_negatives() -> None:
    rng = np.random.default_rng(1)
    words = {
        "hover": "not|without|no breaths",
        "test": "away from|off the",
        "probe": "not inside|without",
        "rest": "still|without moving",
        "steady": "still|quiet",
        "extremities": "limbs|arm or a leg",
        "ppv": SAYS["Ventilation"],
        "cpap": SAYS["Ventilation"],
        "suction": SAYS["Suction"],
        "trunk": SAYS["Stimulation"],
        "back": SAYS["Stimulation"],
    }
    mentions = 0
    for index in range(4):
        scene = make_scene(13, index, 120, size=32)
        for bout in scene.script.bouts(*words):  # type: ignore[arg-type]
            (caption,) = captions(scene, bout.start, bout.end, rng)
            assert re.search(words[bout.kind], caption, re.IGNORECASE), (bout, caption)
            mentions += 1
    assert mentions > 60


def test_captions_of_a_baby_alone_name_the_idle_tools() -> None:
    rng = np.random.default_rng(2)
    scene = make_scene(14, 0, 120, size=32)
    script = replace(  # nobody ever comes near
        scene.script, visible=((0.0, 120.0),), episodes=()
    )
    course = make_course(rng, script, 1.0, 1)
    texts = captions(replace(scene, course=course), 30.0, 33.0, rng, 40)
    assert all(re.search("Nobody touches|No hands|left alone", text) for text in texts)
    assert any(re.search("mask.*(lies|put down)|mask lie unused", text) for text in texts)
    assert any(re.search("tube lies unused|catheter lies", text) for text in texts)
    with pytest.raises(ValueError, match="span"):
        captions(scene, 3.0, 3.0, rng)
