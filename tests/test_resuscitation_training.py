"""What the tiny models of resuscitations are trained on: the simulator's truth, put into words and tensors."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from actscribe import load_data, load_study
from actscribe.data.clips import Clip, Window, cut
from actscribe.data.input_spec import ClipFrames
from actscribe.models.vlm import load_vlm
from actscribe.recognizers.prompts import prompts
from actscribe.video.sampling import sample_times
from actscribe_sim.resuscitation.recording import simulate

PRETRAINING = Path(__file__).parents[1] / "pretraining"


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports a module of pretraining/resuscitation."""
    monkeypatch.syspath_prepend(PRETRAINING / "resuscitation")
    return importlib.import_module


def test_the_split_is_that_of_a_study_of_the_same_recordings(module: Any, tmp_path: Path) -> None:
    recordings = module("recordings")
    film = recordings.Film(recordings=6, minutes=0.1, size=32, fps=4.0)
    made = simulate(tmp_path, film.recordings, film.minutes, recordings.SEED, film.size, film.fps, workers=1)
    study = load_study(made.study).model_copy(update={"empty_labels": "allow"})
    shares = recordings.SPLIT | {"within": "groups", "gap": None}
    study = (
        type(study).model_validate({**study.model_dump(), "split": shares}).model_copy(update={"folder": study.folder})
    )
    own = [recordings.recording_of(film.scene(index)) for index in range(film.recordings)]
    assert recordings.split_of(own) == [one.split for one in load_data(study).recordings]


def test_shares_of_the_labels_are_the_covered_fractions_of_clips(module: Any) -> None:
    """Topics are looked at on a grid of moments; a study computes with the intervals themselves."""
    recordings, topics = module("recordings"), module("topics")
    recording = recordings.Film(minutes=1.0, size=32)
    scene = recording.scene(3)
    shares = topics.shares(scene.script, 3.0, 0.375)
    clips = cut(recordings.recording_of(scene), recordings.LABELS, Window(3.0, 0.375))
    expected = np.array([clip.fractions for clip in clips])
    assert len(shares) == 153
    np.testing.assert_allclose(shares[: len(expected), :4], expected[: len(shares)], atol=2 / (3 * topics.PER_SECOND))
    assert {1.0} <= set(np.unique(expected[:, 0]))


def test_each_topic_is_answered_with_yes_as_often_as_with_no(module: Any) -> None:
    turns, topics, clips = module("turns"), module("topics"), module("clips")
    rng = np.random.default_rng(0)
    # from topics that nearly always happen to some that hardly ever do
    shares = (rng.random((400, len(topics.NAMES))) < np.linspace(0.95, 0.05, len(topics.NAMES))).astype(float)
    odds = clips.odds(shares)
    assert odds.sum() == pytest.approx(1)
    drawn = turns.Turns(shares, odds)
    answered: dict[str, list[bool]] = {name: [] for name in topics.NAMES}
    for row in rng.choice(len(shares), 1500, p=odds):
        for turn in drawn.draw(shares[row], ["A caption."], rng, 4):
            if turn.asked:
                assert turn.answer == ("Yes" if shares[row][topics.NUMBERS[turn.asked]] else "No")
                answered[turn.asked].append(turn.answer == "Yes")
    for name, answers in answered.items():
        assert len(answers) > 30, name
        assert abs(np.mean(answers) - 0.5) < 5 * 0.5 / len(answers) ** 0.5, name


def test_a_training_sequence_is_what_the_recognizer_asks(module: Any) -> None:
    shared, recordings = module("shared"), module("recordings")
    vlm = load_vlm("embedded", dtype="float32", device="cpu")
    texts = prompts(recordings.LABELS)
    frames = np.zeros((8, 96, 96, 3), np.uint8)
    clip = ClipFrames(Clip("clip", 0.0, 3.0), "", frames, sample_times(0.0, 3.0, 8))
    prefix = vlm.prefix(clip, texts.opening)
    whole = vlm.prompter.ids(prefix.inputs.text + " " + texts.questions[1] + prefix.after)
    turn = shared.Turn(f"{texts.opening} {texts.questions[1]}", "Yes")
    video, ((ids, answer, _),) = shared.Sequences(vlm.prompter.tokenizer, 9).text(3.0, [turn])
    assert video + ids[:-answer] == whole.tolist()


def test_places_are_where_the_thing_is_drawn(module: Any) -> None:
    """A mask that is moved changes the picture around the place that is told of it, and nowhere far from it."""
    from dataclasses import replace

    from actscribe_sim.resuscitation.scene import draw_state

    film, recordings = module("film"), module("recordings")
    scene = recordings.Film(size=128).scene(0)
    time = next(bout.start + 1 for bout in scene.script.bouts("ppv", "cpap"))
    state = scene.at(time)
    with_tip = draw_state(scene, state).astype(int)
    away = replace(state, catheter=replace(state.catheter, tip=(5.0, 5.0), handle=(5.3, 5.0)))
    changed = np.abs(draw_state(scene, away).astype(int) - with_tip).sum(axis=-1) > 60
    x, y = (film._places(scene, state)[film.POINTS.index("tip")] + 1) / 2 * 128
    rows, columns = np.nonzero(changed)
    assert len(rows)
    assert np.hypot(rows - y, columns - x).min() < 4


def run(folder: str, *command: str) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    where = PRETRAINING / folder
    done = subprocess.run(
        [sys.executable, *command], cwd=where, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("script", ["resuscitation/train.py", "timesformer/tabletop.py"])
def test_a_killed_training_goes_on_to_the_same_weights(script: str, tmp_path: Path) -> None:
    folder, name = script.split("/")
    common = ("--quick", "--cache", str(tmp_path / "cache"))
    whole = run(folder, name, *common, "--out", str(tmp_path / "whole"))
    run(folder, name, *common, "--out", str(tmp_path / "parts"), "--stop", "1")
    parts = run(folder, name, *common, "--out", str(tmp_path / "parts"))
    digests = [re.findall(r"digest of the weights after 2 steps: (\w{32})", printed) for printed in (whole, parts)]
    assert len(digests[0]) == 1
    assert digests[0] == digests[1]
