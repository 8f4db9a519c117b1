"""What derives from suggestions that are wrong on purpose, whatever is done to it, and what stays a person's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from review_server import Client, client, ids, opened, put, suggesting_run
from small_studies import LEFT, RIGHT

from actscribe import load_study
from actscribe.annotations import read as read_annotations
from actscribe.data.loading import load_data
from actscribe.journal import Journal, Suggestion
from actscribe.review.planted import planted
from actscribe.review.suggestions import Suggested
from actscribe.timeline.scores import TimeScores

Spans = list[tuple[str, float, float]]
WHOLE = {"op": "mark", "start": 0, "end": 3}


class Planting:
    """A server that plants, an annotator who begins from nothing, and the one suggestion that is wrong."""

    def __init__(self, study: Path) -> None:
        self.study = study
        self.run = suggesting_run(study, 0.4)
        self.browser: Client = client(study, run=self.run, plant=1.0, independent=True)
        self.id = ids(self.browser)["train"]
        (self.wrong,) = [one for one in opened(self.browser, self.id)["suggestions"] if one["start"] != 0]
        self.start, self.end = self.wrong["start"], self.wrong["end"]

    def act(self, *ops: object, why: str = "w") -> None:
        revision = opened(self.browser, self.id)["revision"]
        body = {"revision": revision, "why": why, "ops": list(ops)}
        answer = self.browser.post(f"/api/recordings/{self.id}/actions", body)
        assert answer.status == 200, answer.body

    def accept(self, **change: Any) -> None:
        self.act(*self.accepting(**change), why="accept")

    def accepting(self, **change: Any) -> list[object]:
        bout = {"label": LEFT, "start": self.start, "end": self.end, "id": "wrong", "origin": self.wrong} | change
        return [{"op": "verdict", "suggestion": self.wrong, "accepted": True}, put(**bout)]

    def exported(self) -> Spans:
        answer = self.browser.post("/api/export", {"formats": ["json"], "recordings": [self.id]}).json
        annotations = read_annotations(self.study / answer["files"][0])
        return [(one.label, one.start, one.end) for one in annotations.intervals]

    def truth(self) -> tuple[Spans, Spans]:
        """Return the bouts and the gaps that training sees."""
        one = {one.name: one for one in load_data(load_study(self.study)).recordings}["r0"]
        sides = [[(each.label, each.start, each.end) for each in side] for side in (one.intervals or (), one.gaps)]
        return sides[0], sides[1]

    def later(self) -> Client:
        return client(self.study, run=self.run)


@pytest.fixture
def planting(study: Path) -> Planting:
    return Planting(study)


def near(spans: Spans) -> list[Any]:
    return [(label, pytest.approx(start, abs=1e-3), pytest.approx(end, abs=1e-3)) for label, start, end in spans]


def bouts(browser: Client, id: str) -> Spans:
    return [(one["label"], one["start"], one["end"]) for one in opened(browser, id)["bouts"]]


@pytest.mark.parametrize("kept", ["own", "wrong"])
def test_what_is_merged_with_a_planted_bout_is_not_learned_and_ones_own_part_stays(
    planting: Planting, kept: str
) -> None:
    own = planting.start - 0.2, planting.start + 0.1
    planting.act(put(LEFT, *own, id="own"))
    planting.accept()
    origin = {"own": None, "wrong": planting.wrong}[kept]
    other = {"own": "wrong", "wrong": "own"}[kept]
    planting.act({"op": "drop", "id": other}, put(LEFT, own[0], planting.end, id=kept, origin=origin), why="merge")
    planting.act(WHOLE)
    assert planting.exported() == near([(LEFT, *own)])
    assert planting.truth() == (near([(LEFT, *own)]), near([(LEFT, own[1], planting.end)]))
    again = planting.later()
    assert bouts(again, planting.id) == near([(LEFT, *own)])
    (sentence,) = again.session.words
    assert "1 accepted test suggestion taken back" in sentence
    assert sentence.startswith("r0: ")


def test_halves_of_a_split_planted_bout_are_planted_too(planting: Planting) -> None:
    planting.accept()
    cut = planting.start + 0.05
    planting.act(put(LEFT, planting.start, cut, id="wrong", origin=planting.wrong), put(LEFT, cut, planting.end, "new"))
    planting.act(put(LEFT, cut + 0.01, planting.end, "new"))
    assert planting.exported() == []
    assert bouts(planting.later(), planting.id) == []


def test_a_planted_bout_that_was_nudged_is_planted_still(planting: Planting) -> None:
    planting.accept()
    start, end = planting.start - 0.1, planting.end - 0.05
    planting.act(put(LEFT, start, end, id="wrong", origin=planting.wrong))
    assert planting.exported() == []
    assert bouts(planting.later(), planting.id) == []


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("what", ["relabelled", "moved"])
def test_a_planted_suggestion_that_was_corrected_is_the_persons_own_and_counts_as_seen_through(
    planting: Planting, what: str, at_once: bool
) -> None:
    right = {"relabelled": (RIGHT, planting.start, planting.end), "moved": (LEFT, 0.0, planting.end - planting.start)}
    label, start, end = right[what]
    if at_once:
        planting.accept(label=label, start=start, end=end)
    else:
        planting.accept()
        planting.act(put(label, start, end, id="wrong", origin=planting.wrong))
    planting.act(WHOLE)
    assert planting.exported() == near([(label, start, end)])
    assert planting.truth() == (near([(label, start, end)]), [])
    again = planting.later()
    assert bouts(again, planting.id) == near([(label, start, end)])
    assert again.session.words == []
    own = again.get("/api/guards").json["AB"]
    assert (own["planted"], own["planted_accepted"]) == (1, 0)


def test_relabelled_and_back_is_planted_again(planting: Planting) -> None:
    planting.accept(label=RIGHT)
    planting.act(put(LEFT, planting.start, planting.end, id="wrong", origin=planting.wrong))
    assert planting.exported() == []


def test_a_bout_of_ones_own_over_a_planted_one_is_never_lost(planting: Planting) -> None:
    planting.accept()
    planting.act(put(LEFT, 0, 3, id="own"))
    assert bouts(planting.later(), planting.id) == near([(LEFT, 0, 3)])


def test_a_planted_suggestion_is_known_however_its_confidence_was_sent(planting: Planting) -> None:
    planting.accept(origin=planting.wrong | {"score": None})
    assert planting.exported() == []


@pytest.mark.parametrize("plant", [1.0, 0.0], ids=["same", "none"])
def test_a_page_that_stayed_open_over_a_new_server_accepts_no_planted_suggestion_as_a_right_one(
    planting: Planting, plant: float
) -> None:
    planting.act(WHOLE)
    revision = opened(planting.browser, planting.id)["revision"]
    later = client(planting.study, run=planting.run, plant=plant)
    for ops in ([planting.accepting()[0]], [planting.accepting()[1]], planting.accepting()):
        answer = later.post(f"/api/recordings/{planting.id}/actions", {"revision": revision, "why": "a", "ops": ops})
        if plant:  # this server plants the same, and knows it
            assert answer.status == 200
            revision = answer.json["revision"]
        else:
            assert (answer.status, "shown before" in answer.json["error"]) == (409, True)
    assert planting.truth() == ([], near([(LEFT, planting.start, planting.end)]) if plant else [])
    assert client(planting.study).get("/api/guards").json["AB"]["planted_accepted"] == (1 if plant else 0)


def test_an_accepted_planted_span_counts_as_no_negative_while_the_server_runs(planting: Planting) -> None:
    planting.accept()
    planting.act(WHOLE)
    assert planting.truth() == ([], near([(LEFT, planting.start, planting.end)]))


def test_taking_back_cannot_be_undone_nor_anything_before_it(planting: Planting) -> None:
    planting.act(WHOLE)
    planting.accept()
    planting.browser.session.take_back()
    for browser in (planting.browser, planting.later()):
        recording = opened(browser, planting.id)
        assert (recording["undo"], recording["redo"], recording["bouts"]) == ("", "", [])
        answer = browser.post(f"/api/recordings/{planting.id}/undo", {"revision": recording["revision"]})
        assert answer.status == 400
    planting.act(put(RIGHT, 0, 1), why="add")
    assert opened(planting.browser, planting.id)["undo"] == "add"


def test_what_is_marked_as_planted_is_never_told(planting: Planting) -> None:
    planting.accept()
    assert f'"planted":[[{planting.start}' in Journal.of(planting.study).entries()[-1].body
    (bout,) = opened(planting.browser, planting.id)["bouts"]
    assert set(bout) == {"id", "label", "start", "end", "subject", "origin"}
    undone = planting.browser.post(
        f"/api/recordings/{planting.id}/undo", {"revision": opened(planting.browser, planting.id)["revision"]}
    ).json
    redone = planting.browser.post(f"/api/recordings/{planting.id}/redo", {"revision": undone["revision"]}).json
    assert set(redone["ops"][0]["bout"]) == set(bout)


def test_planted_suggestions_look_like_the_runs_own() -> None:
    rng = np.random.default_rng(5)
    own = []
    for label, count, seconds in (("sit", 30, 4.0), ("walk", 30, 1.0), ("wave", 10, 0.5)):
        for _ in range(count):
            start = float(rng.integers(0, 200) / 4 + 1 / 30)
            score = None if label == "wave" else float(rng.uniform(0.5, 0.7) + (label == "sit") * 0.25)
            own.append(Suggestion(label=label, start=start, end=start + seconds, run="r", score=score))
    scores = TimeScores(np.arange(260) / 4, rng.random((260, 4)), 0.25, np.ones(260, bool), 64.9)
    suggested = Suggested(run="r", suggestions=tuple(own[::7]), doubts=())
    made = [
        one
        for seed in range(40)
        for one in planted(suggested, scores, ("fall", "sit", "walk", "wave"), (), own, 1.0, [seed])
    ]
    assert len(made) > 100
    known = {one.score for one in own}
    length, least = {"sit": 4.0, "walk": 1.0, "wave": 0.5}, {"sit": 0.735, "walk": 0.485}
    for one in made:
        assert one.end - one.start == pytest.approx(length[one.label])  # its own label's, never "fall"
        assert 0 <= one.start < one.end <= 64.9
        assert (one.start - 1 / 30) * 4 == pytest.approx(round((one.start - 1 / 30) * 4), abs=1e-6)
        assert round(one.start, 3) != one.start
        if one.label == "wave":
            assert one.score is None
        else:
            assert one.score not in known
            assert least[one.label] <= one.score <= least[one.label] + 0.23
