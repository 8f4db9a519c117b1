"""What to look at next: strategies on scores by hand, costs by hand, and the way through a study."""

from __future__ import annotations

import csv
import math
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_encoders
from hypothesis import given
from hypothesis import strategies as st
from journals import did
from short_studies import actscribe, refused
from small_studies import lamp_study

from actscribe.annotations import Interval
from actscribe.data.loading import load_data
from actscribe.errors import ActScribeError
from actscribe.journal import Journal, Mark
from actscribe.report.provenance import annotations_text
from actscribe.review.queue.ask import ask
from actscribe.review.queue.candidates import Candidate, Clips, Watched, candidates
from actscribe.review.queue.choose import Chosen, choose
from actscribe.review.queue.predictions import Predictions, disagreement, entropy, likely_wrong, predictions
from actscribe.review.queue.strategies import STRATEGIES, Known
from actscribe.run_folder.run import OperatingPoint, Run
from actscribe.runs.train import train
from actscribe.timeline.curves import Confidence, Curve
from actscribe.timeline.segments import TimelineSettings

NAMES = ("sit", "walk")
#: Of ten clips of 1 s: the scores of two labels.
FLAT = [[0.02, 0.98]] * 10


def point(thresholds: Sequence[float], curves: dict[str, Curve] | None = None) -> OperatingPoint:
    return OperatingPoint(
        thresholds=dict(zip(NAMES, thresholds, strict=True)),
        timeline=TimelineSettings(step=0.1),
        confidence=Confidence(curves=curves or {}),
    )


def clips(name: str = "a", count: int = 10, opened: tuple[tuple[float, float], ...] = ((0.0, 10.0),)) -> Clips:
    edges = np.array([(index, index + 1) for index in range(count)], dtype=float)
    return Clips(name, float(count), edges, opened)


def known(scores: Sequence[list[list[float]]], every: Sequence[Clips], vectors: np.ndarray | None = None) -> Known:
    runs = [
        predictions(f"run{at}", np.array(one), NAMES, "multi-label", point((0.5, 0.5))) for at, one in enumerate(scores)
    ]
    embedded = np.zeros((sum(len(one.edges) for one in every), 1)) if vectors is None else vectors
    return Known(NAMES, "multi-label", every, runs, embedded, 1.0)


def picked(what: Known, strategy: str, budget: float, length: float = 2.0, context: float = 0.0) -> list[Chosen]:
    pieces = candidates(what.clips, length)
    return choose(pieces, what, strategy, budget, Watched(context, {one.recording: one.duration for one in what.clips}))


def test_entropy_and_information_by_hand() -> None:
    np.testing.assert_allclose(entropy(np.array([[0.5, 0.25]]), "multi-label"), [[1.0, 0.811278]], rtol=1e-5)
    of_class = entropy(np.array([[0.5, 0.25, 0.25]]), "multi-class")
    np.testing.assert_allclose(of_class, [[1.5 / math.log2(3)] * 3], rtol=1e-5)
    one, other = (Predictions("", p, p, p, p > 0.5) for p in (np.array([[0.0, 0.9]]), np.array([[1.0, 0.9]])))
    np.testing.assert_allclose(disagreement([one, other], "multi-label"), [[1.0, 0.0]], atol=1e-4)


def test_centred_at_the_threshold_and_calibrated() -> None:
    curve = Curve(slope=2.0, intercept=1.0, low=0.1, high=0.95)
    predicted = predictions(
        "r", np.array([[0.2, 0.3], [0.9, 0.6]]), NAMES, "multi-label", point((0.2, 0.3), {"sit": curve})
    )
    np.testing.assert_allclose(predicted.centred[0], [0.5, 0.5])
    expected = 1 / (1 + math.exp(-2 * (math.log(9) - math.log(0.25))))
    assert predicted.centred[1, 0] == pytest.approx(expected)
    assert predicted.probabilities[:, 0] == pytest.approx(curve(np.array([0.2, 0.9])))
    assert predicted.probabilities[1, 1] == pytest.approx(predicted.centred[1, 1])
    assert predicted.decided.tolist() == [[True, True], [True, True]]


def test_likely_wrong_by_hand() -> None:
    p = np.array([[0.7, 0.2]])
    np.testing.assert_allclose(likely_wrong(Predictions("", p, p, p, p > 0.5), "multi-label"), [[0.3, 0.2]])
    np.testing.assert_allclose(
        likely_wrong(Predictions("", p, p, p, np.array([[True, False]])), "multi-class"), [[0.3, 0]]
    )


def test_spans_of_open_and_of_reviewed_time() -> None:
    spans = candidates([clips(opened=((0, 4), (7, 10)))], 2.0)
    assert [(one.start, one.end, one.rows, one.reviewed) for one in spans] == [
        (0, 2, (0, 1), False),
        (2, 4, (2, 3), False),
        (4, 5.5, (4,), True),
        (5.5, 7, (5, 6), True),
        (7, 8.5, (7,), False),
        (8.5, 10, (8, 9), False),
    ]
    assert [one.rows for one in candidates([clips("a", 2, ()), clips("b", 2, ((0, 2),))], None)] == [(0, 1), (2, 3)]


def test_what_watching_costs_with_context() -> None:
    watched = Watched(1.0, {"a": 10.0})
    first, beside = Candidate("a", 0, 2, (0,)), Candidate("a", 3, 5, (0,))
    assert watched.cost(first) == 3  # nothing comes before 0
    watched.watch(first)
    assert watched.cost(beside) == 3  # from 2 to 6, of which 2 to 3 is watched already
    watched.watch(beside)
    assert (watched.total, watched.cost(first)) == (6, 0)


def test_uncertainty_finds_the_moment_and_says_why() -> None:
    scores = [list(row) for row in FLAT]
    scores[7] = [0.45, 0.98]
    picks = picked(known([scores], [clips()]), "uncertainty", 2)
    assert [(one.start, one.end, one.why) for one in picks] == [(6, 8, "sit: 0.45 at 0:07, decided at 0.50")]


def test_disagreement_finds_where_two_runs_differ() -> None:
    other = [list(row) for row in FLAT]
    other[2] = [0.9, 0.98]
    picks = picked(known([FLAT, other], [clips()]), "disagreement", 2)
    assert [(one.start, one.why) for one in picks] == [(2, "sit at 0:02: run0 0.02, run1 0.90")]


def test_change_counts_seconds() -> None:
    scores = [list(row) for row in FLAT]
    scores[4], scores[5] = [0.3, 0.98], [0.3, 0.98]
    picks = picked(known([scores], [clips()]), "change", 2)
    assert (picks[0].start, picks[0].why) == (4, "about 0.6 s likely to change, most sit")


def test_coverage_goes_to_what_is_farthest_from_what_is_known() -> None:
    vectors = np.array([0, 0, 1, 1, 9, 9, 2, 2, 8, 8], dtype=float)[:, None]
    what = known([], [clips(opened=((2, 10),))], vectors)
    picks = picked(what, "coverage", 4)
    # The first two seconds are known: farthest from 0 is 9, and then 2, for 8 lies near 9.
    assert [(one.start, one.why) for one in picks] == [
        (4, "unlike anything reviewed; nearest is a at 0:00"),
        (6, "unlike anything reviewed; nearest is a at 0:00"),
    ] or [(one.start, one.end) for one in picks] == [(4, 8)]
    fresh = picked(known([], [clips()], vectors), "coverage", 2)
    assert fresh[0].why == "like most of what there is; nothing was reviewed yet"
    assert fresh[0].start == 6  # of 0, 1, 9, 2 and 8 the mean is 4, and 2 is nearest


@given(st.integers(0, 12), st.integers(0, 2), st.sampled_from(sorted(STRATEGIES)), st.integers(0, 99))
def test_the_budget_is_kept_and_nothing_is_chosen_twice(budget: int, context: int, strategy: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    every = [clips("a"), clips("b", 6, ((1, 3), (4, 6)))]
    what = known([rng.random((16, 2)).tolist() for _ in range(2)], every, rng.random((16, 3)))
    picks = picked(what, strategy, budget, 2.0, context)
    assert sum(one.cost for one in picks) <= budget + 1e-6
    for index, one in enumerate(picks):
        inside = [(start, end) for start, end in next(c for c in every if c.recording == one.recording).open]
        assert any(start <= one.start and one.end <= end for start, end in inside)
        others = [other for other in picks[:index] if other.recording == one.recording]
        assert not any(other.start <= one.end and one.start <= other.end for other in others)
    if budget >= 2 + 2 * context:
        assert picks


def test_random_is_the_seeds_own() -> None:
    what = known([], [clips()])
    pieces = candidates(what.clips, 1.0)
    drawn = [choose(pieces, what, "random", 1, Watched(0, {"a": 10.0}), seed)[0].start for seed in range(40)]
    assert len(set(drawn)) > 5
    assert drawn == [choose(pieces, what, "random", 1, Watched(0, {"a": 10.0}), seed)[0].start for seed in range(40)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of the lamps with a trained probe, of which nothing more was reviewed."""
    folder = tmp_path_factory.mktemp("queue")
    model = tiny_encoders.tiny_encoder("dinov2", folder / "tiny")
    study = lamp_study(folder / "study", 9, 8.0, recognizers={"probe": {"model": str(model)}}, empty_labels="allow")
    train(study, "probe")
    return folder / "study"


@pytest.fixture
def study(trained: Path, tmp_path: Path) -> Path:
    return shutil.copytree(trained, tmp_path / "study")


def reviewed_until(study: Path, seconds: float) -> None:
    """Begin all recordings of training from nothing, reviewed until a moment."""
    data = load_data(study)
    journal = Journal.of(study)
    for one in data.of_split("train"):
        journal.append("AB", one.content, "began", data.written[one.content].began(data.labels, independent=True))
        journal.append("AB", one.content, "did", did(Mark(start=0, end=seconds)))


def test_where_everything_is_annotated(study: Path) -> None:
    output = " ".join(actscribe("next", study).split())
    assert "Everything of train is annotated already, in files or in review." in output
    assert "videos that nobody has annotated: give each a row in 'manifest.csv', without annotations." in output
    assert "Next:" not in output


def test_a_split_without_recordings_is_not_called_annotated(study: Path) -> None:
    data = load_data(study)
    data = replace(data, recordings=data.of_split("train"))
    assert ask(study, 1.0, "random", split="test", data=data).notes == ("No recording is in test.",)


@pytest.mark.parametrize("strategy", ["uncertainty", "change", "coverage", "random"])
def test_where_everything_is_annotated_nothing_is_scored(
    study: Path, monkeypatch: pytest.MonkeyPatch, strategy: str
) -> None:
    def refuse(*arguments: object) -> None:
        raise AssertionError("nothing is to be scored")

    for name in ("scores_of", "vectors_of"):
        monkeypatch.setattr(f"actscribe.review.queue.ask.{name}", refuse)
    chosen = ask(study, 1.0, strategy)
    assert (chosen.spans, chosen.left) == ((), 0.0)
    assert chosen.notes[0].startswith("Everything of train is annotated already, in files or in review.")


def test_the_way_through_a_study(study: Path, tmp_path: Path) -> None:
    reviewed_until(study, 4)
    output = actscribe("next", study, "--minutes", "0.5", "--span", "2", "--context", "1", "--out", tmp_path / "n.csv")
    assert "By uncertainty" in output
    rows = list(csv.DictReader((tmp_path / "n.csv").read_text().splitlines()))
    assert rows
    assert sum(float(row["cost_s"]) for row in rows) <= 30
    assert all(float(row["start_s"]) >= 4 for row in rows)
    data = load_data(study)
    assert {row["recording"] for row in rows} <= {one.name for one in data.of_split("train")}
    for strategy in ("change", "coverage", "random"):
        chosen = ask(study, 0.3, strategy, data=data)
        assert chosen.strategy == strategy
        assert chosen.spans
    assert "Left out" not in " ".join(chosen.notes)  # the others are annotated


def test_what_cannot_be_asked(study: Path) -> None:
    data = load_data(study)
    for message, strategy, split in (
        (
            "'disagreement' uses the predictions of 2 runs of different recognizers, and there is 1",
            "disagreement",
            "train",
        ),
        ("no strategy is called 'coverge'", "coverge", "train"),
        ("no split is called 'tset'", "random", "tset"),
    ):
        with pytest.raises(ActScribeError, match=message):
            ask(study, 1.0, strategy, split=split, data=data)
    shutil.rmtree(study / "runs")
    assert "'change' uses the predictions of a run, and there are none" in refused(
        "next", study, "--strategy", "change"
    )


def test_test_recordings_are_named_for_what_they_are(study: Path) -> None:
    data = load_data(study)
    nothing = [replace(one, intervals=None, gaps=()) for one in data.recordings]
    data = replace(data, recordings=tuple(nothing))
    chosen = ask(study, 1.0, data=data)
    assert {one.recording for one in chosen.spans} <= {one.name for one in data.of_split("train")}
    assert chosen.notes[0].startswith("Left out: validation and test, which numbers are measured on.")
    guided = ask(study, 1.0, split="test", data=data)
    assert {one.recording for one in guided.spans} <= {one.name for one in data.of_split("test")}
    assert "spans of the test split that were chosen by uncertainty" in guided.notes[0]
    assert ask(study, 1.0, "random", split="test", data=data).notes == ()


def test_where_recordings_are_split_by_time_only_their_parts_are_chosen_from(tmp_path: Path) -> None:
    model = tiny_encoders.tiny_encoder("dinov2", tmp_path / "tiny")
    split = {"within": "recordings", "train": 0.5, "validation": 0.25, "test": 0.25}
    probe = {"probe": {"model": str(model)}}
    study = lamp_study(tmp_path / "study", 3, 24.0, recognizers=probe, split=split, empty_labels="allow").parent
    run = train(study, "probe")
    data = load_data(study)
    whole = {written.recording.name: written.recording for written in data.written.values()}
    journal = Journal.of(study)
    for one in whole.values():
        journal.append("AB", one.content, "began", data.written[one.content].began(data.labels, independent=True))
        journal.append("AB", one.content, "did", did(Mark(start=0, end=4)))
    window = run.study.windows.length
    for strategy in ("uncertainty", "change", "coverage", "random"):
        chosen = ask(study, 1.0, strategy, span=2, context=0)
        assert chosen.spans
        for one in chosen.spans:
            room = whole[one.recording].duration - 2 * window
            assert 4 <= one.start < one.end <= room / 2 + window / 2
        left = sum((one.duration - 2 * window) / 2 - 4 for one in whole.values())
        assert left <= chosen.left <= left + len(whole) * window / 2
        assert chosen.notes[0].startswith("Left out: validation and test")
    for one in ask(study, 1.0, "random", split="test", span=2, context=0).spans:
        assert one.start >= 0.75 * (whole[one.recording].duration - 2 * window) + 2 * window - window / 2


def test_a_run_notes_which_version_of_the_review_it_saw(study: Path, tmp_path: Path) -> None:
    reviewed_until(study, 4)
    data = load_data(study)
    run = Run.open(train(study, "probe", tmp_path / "run", data=data).folder)
    assert run.info.review == Journal.of(study).version()
    assert run.info.review.entries == 2 * len(data.of_split("train"))
    assert {one.gaps for one in run.recordings("train")} == {
        (Interval("", 4, one.duration),) for one in data.of_split("train")
    }
    text = annotations_text(run.info.review)
    assert run.info.review.head[:12] in text
    assert annotations_text(None) == "from files"
