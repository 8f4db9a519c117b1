"""Point events cover no time: check and train say which, how many, where, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_studies import LEFT, RIGHT, WINDOWS, lamp_study
from tiny_models import tiny_timesformer
from typer.testing import CliRunner

from actscribe.annotations.interval import Annotations, Interval
from actscribe.cli import app
from actscribe.data.loading import load_data
from actscribe.data.points import messages, points_in
from actscribe.labels import Label, LabelSet
from actscribe.runs.train import train
from actscribe.settings.study import load_study
from actscribe.video.cache import FrameCache

THIRD = "Lamp breaks"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Six recordings; in the first one a lamp breaks twice in an instant, and another one flashes once."""
    labels = {"name": "lamps", "labels": [LEFT, RIGHT, THIRD]}
    settings = {"model": "tiny", "epochs": 1, "precision": "float32"}
    shares = {"train": 0.5, "validation": 0.25, "test": 0.25}
    more = {"recognizers": {"timesformer": settings}, "split": shares, "windows": WINDOWS, "empty_labels": "allow"}
    file = lamp_study(tmp_path, 6, 6.0, labels=labels, **more)
    tiny_timesformer(tmp_path / "tiny")
    with (tmp_path / "r0.txt").open("a") as lines:
        lines.write(f"{THIRD}\t2000\t2000\t0\n{THIRD}\t3000\t3001\t1\n")
    with (tmp_path / "r1.txt").open("w") as lines:
        lines.write(f"{LEFT}\t1000\t3000\t2000\n{LEFT}\t5000\t5000\t0\n{LEFT}\t2000\t2000\t0\n")
    return file


def test_check_says_it(study: Path) -> None:
    printed = " ".join(CliRunner().invoke(app, ["check", str(study)]).output.split())
    assert f"{THIRD}: 2 point events (2 in " in printed
    assert f"put '{THIRD}' under 'ignored:'" in printed
    assert f"{LEFT}: 1 point event (1 in " in printed
    assert "covers no time, so that no clip shows it. Give it a start" in printed


def test_a_label_that_has_a_length_elsewhere_is_not_to_be_ignored() -> None:
    """A point of *Sitting* in one video is a slip; *Sitting* as a whole is what the study is about."""
    labels = LabelSet(name="ours", labels=(Label(name="Sitting"), Label(name="Birth")))
    of_videos = [[Interval("Sitting", 1, 1), Interval("Birth", 2, 2)], [Interval("Sitting", 1, 9)]]
    points = [one for n, of in enumerate(of_videos) for one in points_in(Annotations.of(of), labels, Path(f"{n}.eaf"))]
    sitting, birth = messages(points)
    assert "ignored" not in sitting
    assert birth.endswith("or put 'Birth' under 'ignored:' of the label set.")


def test_train_says_and_notes_it(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = train(load_study(study), "timesformer", cache=FrameCache(tmp_path / "cache", 2**30))
    sentences = [note for note in run.info.notes if "point event" in note]
    assert [note.partition(":")[0] for note in sentences] == [THIRD, LEFT]
    assert str(study.parent / "r0.txt") in sentences[0]
    assert f"Warning: {sentences[0]}" in capsys.readouterr().err


def test_a_sound_study_is_told_nothing(tmp_path: Path) -> None:
    assert load_data(load_study(lamp_study(tmp_path, 6, 6.0, empty_labels="allow"))).remarks == ()


def test_many_files_are_counted() -> None:
    labels = LabelSet(name="ours", labels=(Label(name="Birth"),))
    points = [
        one for n in range(5) for one in points_in(Annotations.of([Interval("Birth", 1, 1)]), labels, Path(f"{n}.eaf"))
    ]
    (sentence,) = messages(points)
    assert sentence.startswith("Birth: 5 point events (1 in 0.eaf, 1 in 1.eaf, 1 in 2.eaf and others in 2 more files)")
