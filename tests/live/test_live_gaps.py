"""What no window saw is a gap, live as in the timeline at the end."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from live_lamps import Heard, Made, chosen, joined, lamps, loaded
from small_studies import LEFT

from actscribe.annotations import read
from actscribe.live.arrivals import Arrival, Event
from actscribe.live.pace import Pace
from actscribe.live.watch import watch
from actscribe.run_folder.run import Run


def test_a_camera_that_goes_away_leaves_a_gap_and_bars_on_both_sides(run: Run, tmp_path: Path) -> None:
    on = [(LEFT, 0, 60000)]
    before, after = lamps(6.0, on), lamps(6.0, on, begin=20.0)
    given = [*before, Event("lost", 6.0, "gone"), Event("back", 20.0, "back"), *after, Event("end", 26.0, "over")]
    heard = Heard()
    done = watch(chosen(Made(given)), run, tmp_path / "cut", heard, ("json",), loaded=loaded(run))
    assert [(one["start"], one["end"]) for one in heard.of("gap")] == [(6.0, 20.0)]
    assert [(one["label"], one["start"], one["end"]) for one in heard.of("ends")] == [(LEFT, 0, 6), (LEFT, 20, 26)]
    annotations = read(done.files[0])
    assert [(one.start, one.end) for one in annotations.gaps] == [(6.0, 20.0)]
    assert [(one.start, one.end) for one in annotations.intervals] == [(0.0, 6.0), (20.0, 26.0)]
    assert [one["what"] for one in heard.of("source")] == ["lost", "back", "end"]


LOST, BACK, GONE = Event("lost", 6.0, "gone"), Event("back", 14.4, "back"), Event("end", 12.0, "over")


@pytest.mark.parametrize(
    ("given", "every", "gaps"),
    [  # windows of 2 s, one a second
        pytest.param([*lamps(6.0), GONE], 1, [(6.0, 12.0)], id="pictures stop"),
        pytest.param([*lamps(6.0), LOST, GONE], 1, [(6.0, 12.0)], id="lost, and given up"),
        pytest.param([*lamps(6.8), Event("end", 6.7, "over")], 1, [(6.0, 6.7)], id="ends between windows"),
        pytest.param(
            [*lamps(6.0), LOST, BACK, *lamps(5.6, begin=14.4), Event("end", 20.0, "over")],
            1,
            [(6.0, 15.0)],
            id="back between windows",
        ),
        pytest.param(
            [*lamps(6.0), LOST, BACK, *lamps(1.0, begin=14.4), Event("end", 15.4, "over")],
            1,
            [(6.0, 15.4)],
            id="back for less than a window",
        ),
        pytest.param([*lamps(12.0), GONE], 7, [(2.0, 7.0), (9.0, 12.0)], id="few windows"),
    ],
)
def test_what_no_window_saw_is_told_as_the_timeline_has_it(
    given: list[Arrival | tuple[float, np.ndarray]],
    every: int,
    gaps: list[tuple[float, float]],
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Pace, "took", lambda self, seconds: setattr(self, "every", every))
    heard = Heard()
    done = watch(chosen(Made(given, hold_s=0.5)), run, tmp_path / "made", heard, ("json",), loaded=loaded(run))
    reported = joined([(line["start"], line["end"]) for line in heard.of("gap")])
    np.testing.assert_allclose(reported, gaps, atol=1e-6)
    np.testing.assert_allclose(heard.states[-1].unseen, gaps, atol=1e-6)
    np.testing.assert_allclose([(one.start, one.end) for one in read(done.files[0]).gaps], gaps, atol=1e-6)


def test_what_no_window_saw_between_two_sessions_is_told_once(run: Run, tmp_path: Path) -> None:
    stem = tmp_path / "made"
    first, second = Heard(), Heard()
    over = Event("end", 6.7, "over")
    watch(chosen(Made([*lamps(6.8), over]), passes=True), run, stem, first, ("json",), loaded=loaded(run))
    file = stem.with_name("made.live.jsonl")
    session, *others = file.read_bytes().splitlines(keepends=True)
    began = json.loads(session) | {"unix_s": json.loads(session)["unix_s"] - 14.4}
    file.write_bytes(json.dumps(began).encode() + b"\n" + b"".join(others))

    class Later(Made):
        def arrivals(self, begin: float, stop: threading.Event) -> Iterator[Arrival]:
            end = Event("end", begin + 5.0, "over")
            yield from Made([*lamps(5.1, begin=begin), end]).arrivals(0.0, stop)

    done = watch(chosen(Later([]), passes=True), run, stem, second, ("json",), loaded=loaded(run))
    spans = [(line["start"], line["end"]) for heard in (first, second) for line in heard.of("gap")]
    assert all(one[1] <= other[0] for one, other in pairwise(spans))
    hidden = [(one.start, one.end) for one in read(done.files[0]).gaps]
    assert len(hidden) == 2
    np.testing.assert_allclose(joined(spans), hidden, atol=0.051)  # half a step of the timeline


def test_a_window_that_was_left_while_it_was_scored_saw_nothing(run: Run, tmp_path: Path) -> None:
    def leave() -> float:
        if len(leaving.recognizer.scored) == 4:  # type: ignore[attr-defined]  # one is scored before the first
            raise KeyboardInterrupt
        return 0.0

    leaving, heard = loaded(run, leave), Heard()
    done = watch(chosen(Made([*lamps(12.0), GONE])), run, tmp_path / "made", heard, ("json",), loaded=leaving)
    assert heard.of("window")[-1]["end"] == 3.0
    reported = [(line["start"], line["end"]) for line in heard.of("gap")]
    np.testing.assert_allclose(reported, [(one.start, one.end) for one in read(done.files[0]).gaps], atol=1e-3)
    assert reported[0][0] == 3.0
