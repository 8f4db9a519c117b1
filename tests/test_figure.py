"""Timelines for a paper: sizes, letters, greys and bytes."""

from __future__ import annotations

import re
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

LABELS = ("Ventilation", "Suction & co $x$")


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    found = [Interval("Ventilation", 10, 60, score=0.8), Interval(LABELS[1], 70, 80, score=0.6)]
    true = [Interval("Ventilation", 12, 55), Interval(LABELS[1], 71, 82)]
    write(tmp_path / "found.json", Annotations.of(found, duration=100.0, labels=LABELS), "json")
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
    scales = [float(found) for found in re.findall(rb"scale\((0\.\d+) -", made["svg"])]  # of letters, from 100 units
    assert min(scales) * 100 >= 6


def test_lanes_differ_in_grey() -> None:
    colours = (module.TRUE, module.FOUND, module.GROUND)
    greys = [float(np.dot(to_rgb(colour), (0.2126, 0.7152, 0.0722))) for colour in colours]
    assert np.diff(greys).min() > 0.25


def test_bars_stand_where_the_bouts_are(files: tuple[Path, Path], tmp_path: Path) -> None:
    plot(files[0], "--out", tmp_path / "x.png")
    image = matplotlib.image.imread(tmp_path / "x.png")[..., :3]
    blue = np.abs(image - np.array(to_rgb(module.FOUND))).max(axis=2) < 0.02
    ground = np.abs(image - np.array(to_rgb(module.GROUND))).max(axis=2) < 0.02
    rows = np.flatnonzero(ground.sum(axis=1) > 500)
    lane = rows[len(rows) // 6]
    across = np.flatnonzero(blue[lane] | ground[lane])
    left = next(place for place in across if ground[lane, place : place + 100].all())  # not the edge of a letter
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
