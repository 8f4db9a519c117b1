"""The simulated annotator: says the truth of spans, at the server and at the journal alike."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import review_server
from small_studies import LEFT, RIGHT

from actscribe.annotations import Annotations, Interval
from actscribe.data.loading import StudyData, load_data
from actscribe.journal import Journal, annotations_of
from actscribe_sim.annotator import Annotator, Desk, JournalDesk, Mistakes, ServerDesk

TRUTH = (Interval(LEFT, 0.25, 1.5), Interval(RIGHT, 0.5, 2.75), Interval(LEFT, 2.25, 2.5, "Ada"))


@pytest.fixture(scope="module")
def bare(short_study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The short study of which nobody annotated anything."""
    folder = shutil.copytree(short_study, tmp_path_factory.mktemp("simulated") / "study")
    text = (folder / "manifest.csv").read_text()
    for index in range(3):
        text = text.replace(f",r{index}.txt", ",")
    (folder / "manifest.csv").write_text(text)
    return folder


@pytest.fixture(scope="module")
def data(bare: Path) -> StudyData:
    return load_data(bare)


def content(data: StudyData) -> str:
    return data.of_split("train")[0].content


def at_journal(folder: Path, data: StudyData) -> JournalDesk:
    return JournalDesk(Journal.of(folder), "AB", data.written, data.labels)


def at_server(folder: Path, data: StudyData) -> ServerDesk:
    browser = review_server.client(folder)

    def post(path: str, body: Any) -> Any:
        answer = browser.post(path, body)
        assert answer.status == 200, answer.body
        return answer.json

    return ServerDesk(post)


def annotated(folder: Path, data: StudyData) -> Annotations:
    return annotations_of(Journal.of(folder).sheet(content(data), "AB"))


def annotator(desk: Desk, data: StudyData, truth: Sequence[Interval] = TRUTH, **settings: Any) -> Annotator:
    return Annotator(desk, {content(data): truth}, data.labels, **settings)


@pytest.mark.parametrize("desk", [at_journal, at_server], ids=["journal", "server"])
def test_spans_become_the_truth(desk: Any, bare: Path, data: StudyData, tmp_path: Path) -> None:
    folder = shutil.copytree(bare, tmp_path / "study")
    person = annotator(desk(folder, data), data)
    person.review(content(data), 1.0, 2.0)
    annotations = annotated(folder, data)
    assert annotations.intervals == (Interval(LEFT, 1.0, 1.5), Interval(RIGHT, 1.0, 2.0))
    assert annotations.gaps == (Interval("", 0, 1), Interval("", 2, 3))
    person.review(content(data), 0.0, 1.5)
    person.review(content(data), 2.0, 3.0)
    annotations = annotated(folder, data)
    assert (annotations.intervals, annotations.gaps) == (TRUTH, ())
    assert person.spent == pytest.approx(1.0 + 1.5 + 1.0 + 2.0 * (2 + 2 + 2))


def test_what_stands_there_is_replaced_within_the_span_alone(bare: Path, data: StudyData, tmp_path: Path) -> None:
    folder = shutil.copytree(bare, tmp_path / "study")
    desk = at_journal(folder, data)
    annotator(desk, data, (Interval(LEFT, 0.0, 3.0),)).review(content(data), 0.0, 3.0)
    annotator(desk, data, ()).review(content(data), 1.0, 2.0)
    assert annotated(folder, data).intervals == (Interval(LEFT, 0, 1), Interval(LEFT, 2, 3))


def test_mistakes_are_as_many_as_asked_for(bare: Path, data: StudyData, tmp_path: Path) -> None:
    folder = shutil.copytree(bare, tmp_path / "study")
    many = [Interval(LEFT, index / 100, index / 100 + 0.005) for index in range(300)]
    annotator(at_journal(folder, data), data, many, mistakes=Mistakes(0.2)).review(content(data), 0.0, 3.0)
    intervals = annotated(folder, data).intervals
    assert 300 - len(intervals) == pytest.approx(60, abs=21)  # three standard deviations
    assert sum(one.label == RIGHT for one in intervals) == pytest.approx(48, abs=19)


def test_where_a_curve_reaches_a_score_by_hand() -> None:
    path = Path(__file__).parents[1] / "benchmarks" / "review_loop.py"
    spec = importlib.util.spec_from_file_location("review_loop", path)
    assert spec is not None
    assert spec.loader is not None
    loop = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loop)
    curve = np.array([[1.0, 2.0, 0.4], [3.0, 6.0, 0.6], [5.0, 10.0, 0.5]])
    assert loop.near(curve, 0.55) == pytest.approx((2.5, 5.0))
    assert loop.near(curve, 0.3) == (1.0, 2.0)
    assert loop.near(curve, 0.7) == (None, None)
    truth = np.array([[1, 0], [0, np.nan], [1, 1]])
    scores = np.array([[0.9, 0.9], [0.8, 0.9], [0.1, 0.9]])
    # First label: one found, one false alarm, one missed: F1 1/2; second: one found, one false alarm: 2/3.
    assert loop.macro_f1(truth, scores, np.array([0.5, 0.5]), "multi-label") == pytest.approx((1 / 2 + 2 / 3) / 2)
