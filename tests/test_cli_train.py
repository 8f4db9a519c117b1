"""actscribe train: what it says when a training has ended."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from small_studies import write_study
from typer.testing import CliRunner

from actscribe.cli import app
from actscribe.runs import train as training


def trained_run(folder: Path) -> SimpleNamespace:
    """Return what the command asks of a run that was just trained; every split has an annotated recording."""
    return SimpleNamespace(
        folder=folder,
        operating_point=SimpleNamespace(timeline=SimpleNamespace(notes={})),
        recordings=lambda split: [SimpleNamespace(intervals=())],
    )


@pytest.mark.parametrize("curves", [True, False])
def test_the_curves_are_mentioned_where_there_are_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, curves: bool
) -> None:
    run = tmp_path / "a run"
    (run / "tensorboard").mkdir(parents=True) if curves else run.mkdir()
    (tmp_path / "study").mkdir()
    write_study(tmp_path / "study")
    monkeypatch.setattr(training, "train", lambda *_, **__: trained_run(run))
    done = CliRunner().invoke(app, ["train", str(tmp_path / "study")])
    assert done.exit_code == 0, done.output
    hint = f"Curves of the training: tensorboard --logdir '{run / 'tensorboard'}'"
    assert (hint in done.output.splitlines()) == curves
    assert f"Next: actscribe evaluate '{run}'" in done.output


@pytest.mark.parametrize(
    ("named", "words", "trained", "notice"),
    [
        ({"probe": {}}, [], "probe", ""),
        ({"mine": {"recognizer": "probe"}, "timesformer": {}}, [], "mine", "Training mine, the first of the study's 2"),
        ({"probe": {}, "timesformer": {}}, ["--recognizer", "timesformer"], "timesformer", ""),
    ],
)
def test_without_a_name_the_first_recognizer_of_the_study_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: dict, words: list[str], trained: str, notice: str
) -> None:
    (tmp_path / "study").mkdir()
    write_study(tmp_path / "study", recognizers=named)
    asked: list[str] = []

    def train(study: object, recognizer: str, **_: object) -> SimpleNamespace:
        asked.append(recognizer)
        return trained_run(tmp_path)

    monkeypatch.setattr(training, "train", train)
    done = CliRunner().invoke(app, ["train", str(tmp_path / "study"), *words])
    assert (done.exit_code, asked) == (0, [trained]), done.output
    assert notice in done.output
    assert ("the first of" in done.output) == bool(notice)
