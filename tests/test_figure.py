"""Timelines for a paper: sizes, letters, greys and bytes."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import matplotlib.image
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from typer.testing import CliRunner

from actscribe import packages
from actscribe.annotations import write
from actscribe.annotations.interval import Annotations, Interval
from actscribe.cli import app
from actscribe.figure import draw as module
from actscribe.figure.panels import of_files
from actscribe.timeline.score_file import write_scores
from actscribe.timeline.scores import TimeScores

LABELS = ("Ventilation", "Suction & co $x$")


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    intervals = [Interval("Ventilation", 10, 60, score=0.8), Interval(LABELS[1], 70, 80, score=0.6)]
    true = [Interval("Ventilation", 12, 55), Interval(LABELS[1], 71, 82)]
    write(tmp_path / "found.json", Annotations.of(intervals, duration=100.0, labels=LABELS), "json")
    write(tmp_path / "true.eaf", Annotations.of(true, labels=LABELS), "elan")
    return tmp_path / "found.json", tmp_path / "true.eaf"


def plot(*arguments: object, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["plot", *map(str, arguments)])
    assert done.exit_code == code, (done.output, done.exception)
    return " ".join(done.output.split())


@pytest.mark.parametrize(("width", "inches"), [("single", 89 / 25.4), ("183mm", 183 / 25.4)])
def test_figures_are_as_wide_as_asked_and_the_same_again(
    files: tuple[Path, Path], tmp_path: Path, width: str, inches: float
) -> None:
    made = {}
    for ending in ("svg", "pdf", "png"):
        path = tmp_path / f"x.{ending}"
        plot(files[0], "--truth", files[1], "--out", path, "--width", width)
        made[ending] = path.read_bytes()
        plot(files[0], "--truth", files[1], "--out", path, "--width", width, "--overwrite")
        assert path.read_bytes() == made[ending]
    svg = ElementTree.fromstring(made["svg"])
    assert float(svg.attrib["width"].removesuffix("pt")) == pytest.approx(inches * 72, abs=0.1)
    assert b"/MediaBox [ 0 0 %d" % int(inches * 72) in made["pdf"]
    assert matplotlib.image.imread(tmp_path / "x.png").shape[1] == pytest.approx(inches * 600, abs=1)
    scales = [float(scale) for scale in re.findall(rb"scale\((0\.\d+) -", made["svg"])]  # of letters, from 100 units
    assert min(scales) * 100 >= 6


def test_lanes_differ_in_grey() -> None:
    colours = (module.TRUE, module.PREDICTED, module.GROUND)
    greys = [float(np.dot(to_rgb(colour), (0.2126, 0.7152, 0.0722))) for colour in colours]
    assert np.diff(greys).min() > 0.25


def test_bars_stand_where_the_bouts_are(files: tuple[Path, Path], tmp_path: Path) -> None:
    plot(files[0], "--out", tmp_path / "x.png")
    image = matplotlib.image.imread(tmp_path / "x.png")[..., :3]
    blue = np.abs(image - np.array(to_rgb(module.PREDICTED))).max(axis=2) < 0.02
    ground = np.abs(image - np.array(to_rgb(module.GROUND))).max(axis=2) < 0.02
    rows = np.flatnonzero(ground.sum(axis=1) > 500)
    lane = rows[len(rows) // 6]
    across = np.flatnonzero(blue[lane] | ground[lane])
    left = next(x for x in across if ground[lane, x : x + 100].all())  # not the edge of a letter
    right = across[-1] + 1
    bar = np.flatnonzero(blue[lane])
    assert (bar[0] - left) / (right - left) == pytest.approx(0.10, abs=0.003)
    assert (bar[-1] - left) / (right - left) == pytest.approx(0.60, abs=0.003)


def test_letters_that_no_font_has_are_said(tmp_path: Path) -> None:
    write(tmp_path / "x.csv", Annotations.of([Interval("\U00010f00", 1, 5)]), "csv")  # Old Sogdian
    assert "No font of this machine has the letters" in plot(tmp_path / "x.csv", "--out", tmp_path / "x.svg", code=2)
    assert not (tmp_path / "x.svg").exists()


def test_what_cannot_be_drawn_is_said_first(
    files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ".svg, .pdf or .png" in plot(files[0], "--out", tmp_path / "x.jpg", code=2)
    assert "single, double, or 50 to 400 mm" in plot(files[0], "--out", tmp_path / "x.svg", "--width", "wide", code=2)
    assert "one --truth for each" in plot(files[0], files[0], "--truth", files[1], "--out", tmp_path / "x.svg", code=2)
    kept = files[0].read_bytes()
    (tmp_path / "mine.svg").write_text("mine")
    assert "exists already" in plot(files[0], "--out", tmp_path / "mine.svg", code=2)
    monkeypatch.setattr(packages, "missing", lambda modules: list(modules))
    assert "pip install 'actscribe[plot]'" in plot(tmp_path / "gone.json", "--out", tmp_path / "x.svg", code=2)
    assert files[0].read_bytes() == kept


def test_scores_beside_a_timeline_are_drawn_by_the_names_of_their_labels(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    plot(files[0], "--out", tmp_path / "without.svg")
    edges = np.arange(0, 100.1, 0.1)
    values = np.stack([np.full(1000, 0.25), np.full(1000, 0.75)], axis=1)
    scores = TimeScores((edges[:-1] + edges[1:]) / 2, values, 0.1, np.ones(1000, bool), 100.0)
    beside = tmp_path / "found.scores.parquet"
    write_scores(beside, scores, (LABELS[1], "Other"))
    (panel,) = of_files([files[0]])
    assert panel.labels == LABELS
    assert np.isnan(panel.scores.scores[:, 0]).all()
    assert set(panel.scores.scores[:, 1]) == {0.25}
    plot(files[0], "--out", tmp_path / "with.svg")
    curves = [(tmp_path / f"{name}.svg").read_text().count("#0072b2") for name in ("without", "with")]
    assert curves[0] < curves[1]
    write_scores(beside, replace(scores, scores=values + 0.5), LABELS)
    assert "a score is not in 0 to 1" in plot(files[0], "--out", tmp_path / "x.svg", code=2)
    beside.write_bytes(b"nothing")
    assert "annotate VIDEO --run RUN --scores" in plot(files[0], "--out", tmp_path / "x.svg", code=2)


def test_one_of_several_videos_in_a_file_is_chosen(tmp_path: Path) -> None:
    both = tmp_path / "both.csv"
    both.write_text("video,label,start_s,end_s\na.mp4,Suction,1,2\nb.mp4,Drying,3,9\n", encoding="utf-8")
    assert "--video" in plot(both, "--out", tmp_path / "x.svg", code=2)
    (panel,) = of_files([both], (), ["b.mp4"])
    assert (panel.title, panel.labels, panel.duration) == ("b", ("Drying",), 9)
    plot(both, both, "--video", "a.mp4", "--video", "b.mp4", "--out", tmp_path / "x.svg")
    output = plot(both, both, "--video", "a.mp4", "--out", tmp_path / "y.svg", code=2)
    assert "one --video for each timeline" in output


def test_a_timeline_is_drawn_where_nobody_annotated_the_truth(files: tuple[Path, Path], tmp_path: Path) -> None:
    blank = tmp_path / "blank.json"
    nothing = Annotations.of([], duration=100.0, labels=LABELS)
    write(blank, replace(nothing, gaps=(Interval("", 0, 100),)), "json")
    beside, alone = tmp_path / "beside.png", tmp_path / "alone.png"
    plot(files[0], "--truth", blank, "--out", beside)
    plot(files[0], "--out", alone)

    def seconds(path: Path) -> float:
        """Share of the picture's columns in which the colour of predictions is seen."""
        picture = matplotlib.image.imread(path)[..., :3]
        return float((np.abs(picture - to_rgb(module.PREDICTED)).max(-1) < 0.02).any(0).mean())

    assert seconds(beside) == pytest.approx(seconds(alone), abs=0.02)  # the legend has another place
    assert seconds(alone) > 0.3


def test_what_either_of_two_did_not_annotate_is_hatched_in_their_lane(tmp_path: Path) -> None:
    """One left out the second half, the other one nothing: the hatching is in one lane, whichever is above."""
    half, whole = tmp_path / "half.json", tmp_path / "whole.json"
    nothing = Annotations.of([], duration=100.0, labels=LABELS[:1])
    write(half, replace(nothing, gaps=(Interval("", 50, 100),)), "json")
    write(whole, nothing, "json")
    hatched = {}
    for name, pair in {"below": (half, whole), "above": (whole, half), "neither": (whole, whole)}.items():
        plot(pair[0], "--truth", pair[1], "--out", tmp_path / f"{name}.png")
        grey = matplotlib.image.imread(tmp_path / f"{name}.png")[..., :3].mean(-1)
        grey = grey[:, : int(grey.shape[1] * 0.9)]  # without the legend
        lanes = np.abs(grey - to_rgb(module.GROUND)[0]) < 0.01
        rows = np.flatnonzero(lanes.mean(1) > 0.3)
        first, second = np.split(rows, [len(rows) // 2])
        hatched[name] = [float(lanes[half].mean()) for half in (first, second)]
    above, below = hatched["neither"]
    assert hatched["above"] == pytest.approx([above / 2, below], rel=0.15)
    assert hatched["below"] == pytest.approx([above, below / 2], rel=0.15)


def test_a_title_stays_on_the_page(tmp_path: Path) -> None:
    path = tmp_path / f"{'W' * 120}.json"
    write(path, Annotations.of([Interval("Ventilation", 1, 2)], duration=10.0), "json")
    plot(path, "--out", tmp_path / "x.png", "--width", "single")
    picture = matplotlib.image.imread(tmp_path / "x.png")[..., :3]
    assert picture[:, -20:].min() == 1.0
