"""The drawings of the report: measured back from their coordinates."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from html_page import Page
from report_runs import Made, by_hand, multi_class, multi_label, written

from actscribe.annotations.interval import Interval
from actscribe.report import charts, timelines
from actscribe.report.timelines import shown_recordings


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return multi_label(tmp_path_factory.mktemp("several"), recordings=6, groups=6)


@pytest.fixture(scope="module")
def html(several: Made) -> str:
    return written(several)


def boxes(picture: str, kind: str) -> list[tuple[float, float, float]]:
    """Return (start, end, top) in seconds and pixels of the boxes of a class, all labels, for a hundred seconds."""
    plot = timelines.WIDTH - timelines.LEFT - timelines.RIGHT
    spans = []
    for group in re.findall(
        rf'<(?:g|path)[^>]*class="{kind}"[^>]*>(?:(?:<a [^>]*>)?<path d="[^"]*"><title>.*?</path>(?:</a>)?)*', picture
    ):
        for x, y, width in re.findall(r"M([\d.]+) ([\d.]+)h([\d.]+)", group):
            start = (float(x) - timelines.LEFT) / plot * 100
            spans.append((start, start + float(width) / plot * 100, float(y)))
    return spans


class TestTimelines:
    @pytest.fixture
    def made(self, tmp_path: Path) -> Made:
        annotated = (Interval("Walking", 10, 20), Interval("Walking", 60, 70))
        predicted = (Interval("Walking", 15, 25, score=0.9), Interval("Walking", 61, 70, score=0.7))
        return by_hand(tmp_path, annotated, predicted, gaps=(Interval("", 40, 50),))

    def test_lanes_errors_and_gaps_lie_where_they_belong(self, made: Made) -> None:
        picture = str(shown_recordings(made.result)[0].pictures[0])
        spans = {
            kind: [box[:2] for box in boxes(picture, kind)] for kind in ("true", "found", "missed", "false", "gap")
        }
        close = 0.02
        assert np.allclose(spans["true"], [(10, 20), (60, 70)], atol=close)
        assert np.allclose(spans["found"], [(15, 25), (61, 70)], atol=close)
        assert np.allclose(spans["missed"], [(10, 15), (60, 61)], atol=close)
        assert np.allclose(spans["false"], [(20, 25)], atol=close)
        assert np.allclose(spans["gap"], [(40, 50)], atol=close)
        tops = {kind: {box[2] for box in boxes(picture, kind)} for kind in spans}
        assert tops["true"] == tops["missed"]
        assert tops["found"] == tops["false"]
        assert max(tops["true"]) < min(tops["found"])

    def test_bars_say_what_they_are(self, made: Made) -> None:
        page = Page(str(shown_recordings(made.result)[0].pictures[0]))
        titles = [text for text, path in page.texts if path[-1] == "title"]
        assert "Walking, annotated: 0:10.0–0:20.0 (10 s)" in titles
        assert "Walking, predicted: 0:15.0–0:25.0 (10 s), confidence 0.90" in titles

    def test_agreement_and_indicators(self, made: Made) -> None:
        shown = shown_recordings(made.result)[0]
        assert shown.agreement == pytest.approx(2 * (5 + 9) / (20 + 19))
        assert shown.absent == ("Sitting",)
        assert [row.cells for row in shown.indicators.rows] == [
            ("Walking", "0:10.0 / 0:15.0", "0:20.0 / 0:19.0", "22\u202f% / 21\u202f%", "2 / 2", "0:20.0 / 0:15.0")
        ]

    def test_a_moment_and_the_last_second_stay_visible(self, tmp_path: Path) -> None:
        moments = (Interval("Walking", 5, 5.001), Interval("Walking", 99.999, 100))
        picture = str(shown_recordings(by_hand(tmp_path, moments, ()).result)[0].pictures[0])
        bars = boxes(picture, "true")
        assert len(bars) == 2
        assert all(end - start > 0.15 and end < 100.01 for start, end, _ in bars)

    def test_long_recordings_are_drawn_in_strips_that_cover_them(self, tmp_path: Path) -> None:
        whole = (Interval("Walking", 0, 4000),)
        shown = shown_recordings(by_hand(tmp_path, whole, whole, duration=4000.0).result)[0]
        assert len(shown.pictures) == 3
        for picture in shown.pictures:
            assert np.allclose([box[:2] for box in boxes(str(picture), "true")], [(0, 100)], atol=0.02)

    def test_many_recordings_open_the_worst_and_the_best(self, tmp_path: Path) -> None:
        made = multi_label(tmp_path, recordings=22, groups=22, duration=40.0)
        page = Page(written(made))
        folded = [
            values for name, values, _ in page.elements if name == "details" and values.get("class") == "recording"
        ]
        assert [("open" in values) for values in folded] == [True] * 3 + [False] * 16 + [True] * 3
        agreements = [shown.agreement for shown in shown_recordings(made.result)]
        assert agreements == sorted(agreements)

    def test_very_many_are_left_out_with_a_word(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        made = multi_label(tmp_path, recordings=22, groups=22, duration=40.0)
        everything = shown_recordings(made.result)
        monkeypatch.setattr(timelines, "MOST_SHOWN", 10)
        some = shown_recordings(made.result)
        wanted = [*everything[:7], *everything[-3:]]
        assert [s.recording.name for s in some] == [s.recording.name for s in wanted]
        assert "Of 22 recordings the 10 worst and best are here." in Page(written(made)).text

    def test_too_many_bouts_are_drawn_without_words(
        self, several: Made, html: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        loud = shown_recordings(several.result)
        monkeypatch.setattr(timelines, "MOST_TITLES", 1)
        silent = written(several)
        assert len(silent) < 0.9 * len(html)
        assert "in 6 recordings the bars tell no times" in Page(silent).text
        for one, other in zip(loud, shown_recordings(several.result), strict=True):
            assert boxes(str(one.pictures[0]), "found") == boxes(str(other.pictures[0]), "found")
            assert "annotated:" in str(one.pictures[0])
            assert "annotated:" not in str(other.pictures[0])


def scale(value: str, low: float, high: float) -> float:
    """Return where a coordinate lies between those of 0 and 1."""
    return (float(value) - low) / (high - low)


class TestFigures:
    def test_area_under_the_drawn_curve_is_the_average_precision(self, several: Made) -> None:
        panels = charts.recall_precision_panels(several.result)
        for panel, (_, row) in zip(panels, several.result.table.iterrows(), strict=False):
            path = re.search(r'd="([^"]*)" class="curve"', str(panel.picture))
            assert path is not None
            left, bottom = charts.LEFT, charts.TOP + charts.SIDE
            area, recall = 0.0, 0.0
            for y, x in re.findall(r"V([\d.]+)H([\d.]+)", path[1]):
                right = scale(x, left, left + charts.SIDE)
                area += (right - recall) * scale(y, bottom, charts.TOP)
                recall = right
            assert recall == pytest.approx(1)
            assert area == pytest.approx(row["average_precision"], abs=0.004)
            x, y = re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', str(panel.picture))[-1]
            assert scale(x, left, left + charts.SIDE) == pytest.approx(row["recall"], abs=0.001)
            assert scale(y, bottom, charts.TOP) == pytest.approx(row["precision"], abs=0.001)

    def test_a_label_that_no_clip_shows_has_no_curve_and_the_page_says_so(self, tmp_path: Path) -> None:
        made = by_hand(tmp_path, (Interval("Walking", 0, 30),), (Interval("Walking", 0, 30),))
        assert [panel.label for panel in charts.recall_precision_panels(made.result)] == ["Walking"]
        assert "Labels that no clip shows have no curve." in written(made)

    def test_dots_bars_and_ticks_of_f1(self, several: Made) -> None:
        picture = str(charts.f1_figure(several.result))
        ends = [float(x) for x in re.findall(r'<text x="([\d.]+)" y="[\d.]+" class="tick"', picture)][:5:4]
        confidence = several.result.confidence
        dots = [scale(x, *ends) for x in re.findall(r'cx="([\d.]+)"', picture)]
        assert np.allclose(dots, confidence["value"], atol=0.001)
        bars = re.findall(r'd="M([\d.]+) [\d.]+L([\d.]+) [\d.]+" class="whisker"', picture)
        drawn = [[scale(x, *ends) for x in bar] for bar in bars]
        assert np.allclose(drawn, confidence[["low", "high"]], atol=0.001)
        ticks = [scale(x, *ends) for x in re.findall(r'd="M([\d.]+) [^"]*" class="baseline"', picture)]
        assert np.allclose(ticks, several.result.baselines["always yes"]["f1"].iloc[:5], atol=0.001)

    def test_a_tick_stands_before_the_dot_that_it_meets(self, several: Made) -> None:
        rows = re.findall(
            r'<circle [^>]*class="point"></circle>(<path [^>]*class="baseline"></path>)?',
            str(charts.f1_figure(several.result)),
        )
        assert rows
        assert all(rows)

    def test_reliability_points_are_score_against_what_came_true(self, tmp_path: Path) -> None:
        made = by_hand(tmp_path, (Interval("Walking", 0, 50),), ())
        targets = np.zeros((10, 2))
        targets[[0, 1, 2, 6], 0] = 1  # three of four at 0.8, one of six at 0.3
        scores = np.where(np.arange(10)[:, None] < 4, 0.8, 0.3) * np.ones((10, 2))
        panel = charts.reliability_panels(replace(made.result, targets=targets, scores=scores))[0]
        left, bottom = charts.LEFT, charts.TOP + charts.SIDE
        points = [
            (scale(x, left, left + charts.SIDE), scale(y, bottom, charts.TOP))
            for x, y in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', str(panel.picture))
        ]
        assert np.allclose(points, [(0.3, 1 / 6), (0.8, 0.75)], atol=0.001)

    def test_many_labels_the_weakest_first(self, tmp_path: Path) -> None:
        made = multi_class(tmp_path, classes=30, recordings=40)
        f1 = made.result.table["f1"].to_numpy()[:30]
        order = charts.label_order(made.result)
        assert np.all(np.diff(f1[order]) >= 0)
        assert len(order) == np.isfinite(f1).sum()
        assert str(charts.f1_figure(made.result)).count("<circle") == min(len(order), charts.MOST_ROWS) + 1
