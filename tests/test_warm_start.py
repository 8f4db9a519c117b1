"""Training from the weights of an earlier run: what it begins with, what is refused, what is kept of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_encoders
from small_studies import lamp_study
from tiny_models import tiny_timesformer

from actscribe import Run, load_study
from actscribe.data.loading import StudyData, load_data
from actscribe.errors import ActScribeError
from actscribe.runs.train import train
from actscribe.settings.study import Study
from actscribe.stored_path import StoredPath

#: A learning rate at which nothing is learned.
STILL = 1e-9
QUICK = {"layers": 2, "stages": 1, "channels": 8, "batch_size": 4}
RECOGNIZERS = ("temporal", "attentive", "timesformer")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("warm")
    dino = str(tiny_encoders.tiny_encoder("dinov2", folder / "dino"))
    video = str(tiny_timesformer(folder / "timesformer"))
    recognizers = {
        "temporal": {"model": dino, "epochs": 6, "head_learning_rate": 0.05, **QUICK},
        "attentive": {"recognizer": "probe", "head": "attentive", "model": dino, "epochs": 6, "batch_size": 8},
        "timesformer": {"model": video, "epochs": 2, "frozen_epochs": 0, "batch_size": 8, "head_learning_rate": 0.05},
        "probe": {"model": dino},
    }
    path = lamp_study(folder / "study", 6, 6.0, recognizers=recognizers, empty_labels="allow")
    return load_study(path)


@pytest.fixture(scope="module")
def data(study: Study) -> StudyData:
    return load_data(study)


@pytest.fixture(scope="module", params=RECOGNIZERS)
def earlier(request: pytest.FixtureRequest, study: Study, data: StudyData) -> Run:
    return train(study, request.param, data=data)


@pytest.fixture(scope="module")
def temporal(study: Study, data: StudyData, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(study, "temporal", tmp_path_factory.mktemp("earlier") / "run", data=data)


def still(study: Study, name: str) -> Study:
    """Return the study with a recognizer that learns as good as nothing."""
    chosen = study.chosen(name).settings.model_dump(mode="json")
    chosen |= {"epochs": 1, "head_learning_rate": STILL, "learning_rate": STILL}
    kind = study.chosen(name).recognizer
    return study.model_copy(update={"recognizers": {**study.recognizers, name: {"recognizer": kind, **chosen}}})


def scores(run: Run) -> np.ndarray:
    return run.scores("validation").scores


def test_training_begins_where_the_earlier_run_ended(
    earlier: Run, study: Study, data: StudyData, tmp_path: Path
) -> None:
    name = earlier.info.name
    warm = train(still(study, name), name, tmp_path / "warm", data=data, warm_start=earlier)
    cold = train(still(study, name), name, tmp_path / "cold", data=data)
    np.testing.assert_allclose(scores(warm), scores(earlier), atol=2e-3)
    assert np.abs(scores(cold) - scores(earlier)).max() > 0.02
    noted = Run.open(tmp_path / "warm").info.warm_start
    assert noted is not None
    assert noted.run == StoredPath.of(earlier.folder, tmp_path / "warm")
    assert noted.learned == tuple(sorted(one.content for one in data.of_split("train")))
    assert any("started from the weights" in note for note in warm.info.notes)
    assert cold.info.warm_start is None


def test_what_it_learned_from_stays_out_of_validation_and_test(
    temporal: Run, study: Study, data: StudyData, tmp_path: Path
) -> None:
    swapped = {"train": "test", "test": "train", "validation": "validation"}
    other = replace(data, recordings=tuple(replace(one, split=swapped[one.split]) for one in data.recordings))
    with pytest.raises(ActScribeError, match=r"Leakage: .* is in test, and .* learned from it"):
        train(study, "temporal", tmp_path / "new", data=other, warm_start=temporal)
    moved = {"train": "train", "test": "validation", "validation": "test"}
    other = replace(data, recordings=tuple(replace(one, split=moved[one.split]) for one in data.recordings))
    with pytest.raises(ActScribeError, match=r"is in test, and .* stopped and chose its thresholds on it"):
        train(study, "temporal", tmp_path / "new", data=other, warm_start=temporal)
    assert not (tmp_path / "new").exists()


def test_also_what_the_run_before_it_learned_from(temporal: Run, study: Study, data: StudyData, tmp_path: Path) -> None:
    gone = data.of_split("train")[0]
    fewer = replace(data, recordings=tuple(one for one in data.recordings if one is not gone))
    second = train(still(study, "temporal"), "temporal", tmp_path / "second", data=fewer, warm_start=temporal)
    assert second.info.warm_start is not None
    assert gone.content in second.info.warm_start.learned
    held = [replace(one, split="test", group="elsewhere") if one is gone else one for one in data.recordings]
    with pytest.raises(ActScribeError, match="Leakage"):
        train(study, "temporal", tmp_path / "third", data=replace(data, recordings=tuple(held)), warm_start=second)


def test_what_does_not_fit_is_refused(temporal: Run, study: Study, data: StudyData, tmp_path: Path) -> None:
    def refused(name: str, message: str, changed: Study = study, out: Path = tmp_path / "new") -> None:
        with pytest.raises(ActScribeError, match=message):
            train(changed, name, out, data=data, warm_start=temporal, overwrite=out.exists())

    refused("probe", "a linear head is fitted to the end in one go")
    refused("attentive", "is a run of 'temporal', expected one of 'probe'")
    wider = {"recognizer": "temporal", "model": study.recognizers["temporal"]["model"], **QUICK, "channels": 16}
    changed = study.model_copy(update={"recognizers": {**study.recognizers, "temporal": wider}})
    refused("temporal", "was trained with another channels", changed)
    refused("temporal", "is the run to start from, and would be replaced", out=temporal.folder)
    assert not (tmp_path / "new").exists()


def test_a_zero_shot_recognizer_starts_from_nothing(
    temporal: Run, study: Study, data: StudyData, tmp_path: Path
) -> None:
    with pytest.raises(ActScribeError, match="cannot start from an earlier run"):
        train(study, "vlm-yesno", tmp_path / "new", data=data, warm_start=temporal)
