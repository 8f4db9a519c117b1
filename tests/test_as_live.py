"""What live decisions cost, from kept scores: by hand on one recording, and through the command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from live_lamps import SECONDS, lamp_run, loaded
from short_studies import actscribe, refused
from small_studies import LEFT, RIGHT
from timelines import intervals, label_set, recording

from actscribe.data.clips import Clip
from actscribe.live.as_live import as_live, compared, shown, windows_of
from actscribe.live.causal.timeline import Bar
from actscribe.run_folder.scored_clips import ScoredClips
from actscribe.runs.evaluate import evaluate
from actscribe.timeline.segments import TimelineSettings


def test_the_table_by_hand() -> None:
    labels = label_set("A")
    one = recording([("A", 10, 20), ("A", 50, 60)])
    offline = {"r": intervals([("A", 10, 20), ("A", 51, 61)])}
    bars = {"r": [Bar("A", 12, 22, open=False, appeared=14.0), Bar("A", 40, 41, open=False, appeared=43.0)]}
    row = compared([one], offline, bars, labels).iloc[0]
    assert row["bouts"] == 2
    assert row["f1@50 offline"] == 1.0
    assert row["f1@50 live"] == pytest.approx(0.5)  # one found, one false, one missed
    assert row["seen live"] == 1
    assert row["delay_median_s"] == 4.0
    assert row["offline_begin_median_s"] == 0.5
    # 10 to 12, 20 to 22, 40 to 41 and 51 to 61 of 100 s.
    assert row["differs"] == pytest.approx(15 / 100)


def test_bars_that_were_there_already_come_at_once() -> None:
    table = compared(
        [recording([("A", 10, 20)])], {"r": []}, {"r": [Bar("A", 5, 22, open=False, appeared=7.0)]}, label_set("A")
    )
    assert table["delay_median_s"][0] == 0.0
    assert np.isnan(table["offline_begin_median_s"][0])


def test_windows_that_are_missing_end_bars_and_the_one_moved_back_is_not_live() -> None:
    clips = [Clip("r", float(start), start + 2.0) for start in (0, 1, 2, 6, 7)] + [Clip("r", 7.5, 9.5)]
    scored = ScoredClips(clips, [np.zeros(1)] * 6, np.ones((6, 1)))
    windows = windows_of(scored, recording([], 9.5), 1.0)
    assert [clip.start for clip, _ in windows] == [0, 1, 2, 6, 7]
    bars = shown(windows, TimelineSettings(step=1.0), label_set("A"), 1.0)
    assert [(bar.start, bar.end) for bar in bars] == [(0.0, 4.0), (6.0, 9.0)]


def test_a_measured_run_says_what_live_decisions_cost(tmp_path: Path) -> None:
    run = lamp_run(tmp_path / "run")
    assert "keeps no scores of test" in _refusal(tmp_path)
    evaluate(run, recognizer=loaded(run).recognizer)
    comparison = as_live(run)
    assert list(comparison.table["label"]) == [LEFT, RIGHT, "mean"]
    assert list(comparison.table["f1@50 offline"]) == [1.0, 1.0, 1.0]
    assert list(comparison.table["f1@50 live"]) == [1.0, 1.0, 1.0]
    assert (comparison.table["delay_median_s"] > 0.5).all()
    assert (comparison.table["delay_median_s"] < 3.0).all()
    assert comparison.table["differs"].max() < 1.0 / SECONDS * 2
    output = actscribe("evaluate", run.folder, "--as-live")
    assert "As seen live, beside offline" in output
    assert len(pd.read_csv(run.folder / "as-live-test.csv")) == 3


def _refusal(folder: Path) -> str:
    from actscribe.errors import ActScribeError
    from actscribe.run_folder.run import Run

    with pytest.raises(ActScribeError) as caught:
        as_live(Run.open(folder / "run"))
    return caught.value.message


def test_a_run_that_looks_ahead_is_refused_before_it_is_scored(tmp_path: Path) -> None:
    run = lamp_run(tmp_path / "run", "vlm-ground")
    assert "is asked about windows of minutes" in refused("evaluate", run.folder, "--as-live")
