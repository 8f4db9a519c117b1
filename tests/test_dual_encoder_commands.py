"""The dual encoders on the road of commands: trained, evaluated, compared; studies without validation clips."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dual_encoder_inputs import QUICK, checkpoint
from small_studies import LEFT, RIGHT, film, write_manifest, write_study

from actscribe import evaluate, load_study, train
from actscribe.compare.compare import compare
from actscribe.compare.plan import Part, parts
from actscribe.errors import ActScribeError
from actscribe.runs.train import UNDECIDED

WINDOWS = {"length": None, "frames": 4}
#: The tiny tokenizer's words, as every prompt must be told from the others.
WORDS = {LEFT: "push cup left", RIGHT: "push cup right"}


def trimmed(folder: Path, splits: dict[str, int], task: str = "multi-class", **recognizers: object) -> Path:
    """Write a study of trimmed videos, so many of each label in each split."""
    folder.mkdir(parents=True)
    rows = []
    for split, count in splits.items():
        for index in range(count):
            for label in (LEFT, RIGHT):
                name = f"{split}-{index}-{label.split()[0]}.mp4"
                film(folder / name, [(label, 0, 2000)], 2.0, seed=len(rows))
                rows.append({"video": name, "label": label, "group": name, "split": split})
    write_manifest(folder, rows)
    labels = [{"name": name, "phrase": phrase} for name, phrase in WORDS.items()]
    whole = {"name": "lamps", "task": task, "labels": labels, "directional": []}
    return write_study(folder, labels=whole, windows=WINDOWS, recognizers=recognizers)


def settings(name: str, root: Path, **more: object) -> dict[str, object]:
    plain = {key: value for key, value in QUICK.items() if key != "epochs"}
    return {**plain, "model": str(checkpoint(name, root)), "epochs": 6, **more}


@pytest.mark.slow
def test_a_few_shot_study_needs_no_validation_clips(tmp_path: Path) -> None:
    chosen = settings("vifi-clip", tmp_path, keep="last", temporal_jitter=3, vghif={"bottleneck": 16, "heads": 2})
    file = trimmed(tmp_path / "study", {"train": 2, "test": 2}, **{"vifi-clip": chosen})
    run = train(load_study(file), "vifi-clip")
    assert UNDECIDED in run.info.notes
    assert run.operating_point.fallbacks == run.labels.names
    assert set(run.operating_point.thresholds.values()) == {0.5}
    result = evaluate(run).evaluation
    assert len(result.clips) == 4
    assert 0 <= result.headline() <= 1
    study = load_study(file)
    best = study.model_copy(update={"recognizers": {"vifi-clip": {**chosen, "keep": "best"}}})
    with pytest.raises(ActScribeError, match="no annotated recording is in the validation split"):
        train(best, "vifi-clip", tmp_path / "best")
    with pytest.raises(ActScribeError, match="in the validation split, which 'actscribe compare' needs"):
        compare(study)


@pytest.mark.parametrize("task", ["multi-class", "multi-label"])
def test_a_zero_shot_recognizer_needs_neither_training_nor_validation(tmp_path: Path, task: str) -> None:
    chosen = {"model": str(checkpoint("x-clip", tmp_path)), "learns": "none"}
    file = trimmed(tmp_path / "study", {"test": 2}, task, **{"x-clip": chosen})
    run = train(load_study(file), "x-clip")
    assert run.info.status == "complete"
    assert len(run.scores("validation").clips) == 0
    assert evaluate(run).report.is_file()
    assert np.isfinite(run.scores("test").scores).all()


def test_a_comparison_trains_what_learns_once_per_seed(tmp_path: Path) -> None:
    names = {"clip": {}, "vifi-clip": {}, "x-clip": {"learns": "none", "vghif": True}}
    study = load_study(trimmed(tmp_path / "study", {"test": 1}, **names))
    assert parts(study, list(names), 2, [1]) == [
        Part("clip", 1),
        Part("vifi-clip", 1),
        Part("x-clip", 1),
        Part("vifi-clip", 2),
        Part("x-clip", 2),
        Part("vifi-clip", 1, 1),
        Part("x-clip", 1, 1),
        Part("vifi-clip", 2, 1),
        Part("x-clip", 2, 1),
    ]


@pytest.mark.slow
def test_a_comparison_of_zero_shot_against_trained(tmp_path: Path) -> None:
    recognizers = {
        "clip": {"model": str(checkpoint("clip", tmp_path))},
        "x-clip": settings("x-clip", tmp_path, epochs=2),
    }
    file = trimmed(tmp_path / "study", {"train": 2, "validation": 1, "test": 2}, **recognizers)
    costs = compare(load_study(file)).costs.set_index("system")
    assert costs.loc["clip", "trainable_parameters"] == 0
    assert costs.loc["x-clip", "trainable_parameters"] > 0
    assert costs["train_s"].isna().to_dict() == {"clip": True, "x-clip": False}


def test_a_path_in_a_study_is_relative_to_it(tmp_path: Path) -> None:
    (tmp_path / "study" / "mine").mkdir(parents=True)
    (tmp_path / "study" / "base").mkdir()
    write_study(tmp_path / "study", recognizers={"vifi-clip": {"model": "mine", "base": "base"}})
    placed = load_study(tmp_path / "study").recognizers["vifi-clip"]
    assert placed == {key: str(tmp_path / "study" / word) for key, word in (("model", "mine"), ("base", "base"))}
