"""Recognizers go by names of the study's own; two of one kind stand beside each other."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_studies import lamp_study, write_study
from tiny_models import tiny_timesformer

from actscribe.compare.compare import compare
from actscribe.errors import ActScribeError
from actscribe.runs.train import train
from actscribe.settings.study import load_study

QUICK = {"epochs": 1, "batch_size": 8, "precision": "float32"}


@pytest.mark.parametrize(
    ("recognizers", "wrong", "words"),
    [
        (
            {"qwen": {}},
            "qwen",
            "no recognizer is called 'qwen'.*Or say what 'qwen' is: 'qwen: {recognizer: timesformer}'",
        ),
        ({"qwen": {"recognizer": "vlm-yes"}}, "qwen", "no recognizer is called 'vlm-yes'. Did you mean 'vlm-yesno'"),
        (
            {"clip": {"recognizer": "x-clip"}},
            "clip",
            "'clip' is not the same recognizer as x-clip; give this one its own name",
        ),
        ({"my/own": {"recognizer": "clip"}}, "my/own", "'my/own' becomes the name of a folder"),
        ({"..": {"recognizer": "clip"}}, "..", "'..' becomes the name of a folder"),
        ({"mine": {"recognizer": "clip", "epoch": 3}}, "epoch", "mine has no setting 'epoch'. Did you mean 'epochs'"),
        ({"mine": {"recognizer": 3}}, "recognizer: 3", "mine.recognizer: expected the name of a recognizer, found 3"),
    ],
)
def test_a_name_that_cannot_be_is_refused_at_its_line(
    recognizers: dict[str, dict[str, object]], wrong: str, words: str, tmp_path: Path
) -> None:
    file = write_study(tmp_path / "study", recordings=".", recognizers=recognizers)
    lines = file.read_text().splitlines()
    line = next(index for index, text in enumerate(lines, 1) if text.startswith("  ") and wrong in text)
    with pytest.raises(ActScribeError, match=f"(?s)study.yaml:{line}: .*{words}"):
        load_study(file)


def test_one_recognizer_twice_in_a_comparison(tmp_path: Path) -> None:
    model = str(tiny_timesformer(tmp_path / "model"))
    recognizers = {
        "slow": {"recognizer": "timesformer", "model": model, "learning_rate": 1e-5, **QUICK},
        "fast": {"recognizer": "timesformer", "model": model, "learning_rate": 3e-3, **QUICK},
    }
    study = load_study(lamp_study(tmp_path / "study", recognizers=recognizers))
    done = compare(study)
    runs = [one for name in ("slow", "fast") for one in done.runs[name]]
    assert [(one.info.name, one.info.recognizer) for one in runs] == [
        ("slow", "timesformer"),
        ("fast", "timesformer"),
    ]
    assert set(done.tables["headline"]["system"]) >= {"slow", "fast"}
    slow, fast = (one.scores("test").scores for one in runs)
    assert abs(slow - fast).max() > 1e-6


def test_a_run_goes_by_the_studys_name_and_knows_when_that_became_another_recognizer(tmp_path: Path) -> None:
    mine = {"recognizer": "timesformer", "model": str(tiny_timesformer(tmp_path / "model")), **QUICK}
    folder = lamp_study(tmp_path / "study", recognizers={"mine": mine}).parent
    run = train(load_study(folder), "mine")
    assert run.folder == folder / "runs" / "mine"
    assert (run.info.name, run.info.recognizer) == ("mine", "timesformer")
    with pytest.raises(ActScribeError, match="no recognizer is called 'mne'") as caught:
        train(load_study(folder), "mne")
    assert "Did you mean 'mine'?" in caught.value.hint
