"""Timeline figures: what is drawn lies where the times say, and the same content gives the same bytes."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from report_runs import NAMES, multi_class, multi_label

from actscribe import annotations as annotation_files
from actscribe.annotations.interval import Annotations, Interval
from actscribe.errors import ActScribeError
from actscribe.figure.content import Content, Curves, Lane, of_files, of_run
from actscribe.figure.drawing import Look, check_figure_file, draw, parse_width

matplotlib = pytest.importorskip("matplotlib")

FOUND = (Interval("Walk", 0.0, 5.0), Interval("Öffnen $x$", 4.0, 4.0), Interval("Walk", 7.5, 10.0))
CURVES = Curves(np.array([0.0, 5.0, 10.0]), {"Walk": np.array([0.0, 1.0, np.nan])}, {"Walk": 0.5})
CONTENT = Content(("Walk", "Öffnen $x$"), (Lane("annotated", FOUND, (Interval("", 5.0, 6.0),)),), 10.0, CURVES)


def boxes(path: Path, colour: str) -> list[tuple[float, float]]:
    """Return (left, right) of the filled boxes of a colour in an SVG, in points."""
    found = []
    for element in ET.parse(path).iter():
        if element.tag.endswith("path") and f"fill: {colour}" in element.get("style", ""):
            xs = [float(x) for x in re.findall(r"[ML] ([-\d.]+) ", element.get("d", "") + " ")]
            found.append((min(xs), max(xs)))
    return found


def test_boxes_lie_where_the_times_say(tmp_path: Path) -> None:
    draw(tmp_path / "f.svg", CONTENT, Look(100.0))
    (_, first), (second, last) = sorted(boxes(tmp_path / "f.svg", "#111111"))[-2:]
    strip = boxes(tmp_path / "f.svg", "#f5f5f5")[0]  # from 0 to 10 s
    second_in_points = (strip[1] - strip[0]) / 10
    assert first - strip[0] == pytest.approx(5 * second_in_points, abs=0.01)
    assert second - strip[0] == pytest.approx(7.5 * second_in_points, abs=0.01)
    assert last == pytest.approx(strip[1], abs=0.01)
    gaps = boxes(tmp_path / "f.svg", "#dcdcdc")
    assert [round((x - strip[0]) / second_in_points, 3) for x in gaps[0]] == [5.0, 6.0]


def test_a_figure_has_the_width_asked_for_and_readable_text(tmp_path: Path) -> None:
    draw(tmp_path / "f.svg", CONTENT, Look(89.0))
    root = ET.parse(tmp_path / "f.svg").getroot()
    assert float(root.get("width", "")[:-2]) == pytest.approx(89 / 25.4 * 72, abs=0.01)
    texts = {"".join(one.itertext()).strip(): one.get("style", "") for one in root.iter() if one.tag.endswith("text")}
    assert {"Walk", "Öffnen $x$", "annotated", "not annotated", "score", "threshold", "time (min:s)"} <= set(texts)
    sizes = [float(size) for style in texts.values() for size in re.findall(r"font(?:-size)?: ([\d.]+)px", style)]
    assert len(sizes) == len(texts)
    assert min(sizes) >= 6


@pytest.mark.parametrize("ending", ["svg", "pdf", "png"])
def test_the_same_content_gives_the_same_bytes(tmp_path: Path, ending: str) -> None:
    for name in ("one", "two"):
        draw(tmp_path / f"{name}.{ending}", CONTENT)
    one = (tmp_path / f"one.{ending}").read_bytes()
    assert one == (tmp_path / f"two.{ending}").read_bytes()
    assert b"202" not in re.findall(rb"Date[^\n]*", one)


def test_lanes_can_be_told_apart_without_colour(tmp_path: Path) -> None:
    from matplotlib.colors import to_rgb

    from actscribe.figure.drawing import _COLOURS, _PATTERNS

    greys = [np.dot(to_rgb(colour), (0.2126, 0.7152, 0.0722)) for colour in _COLOURS]
    alike = [
        (a, b)
        for a in range(len(greys))
        for b in range(a)
        if abs(greys[a] - greys[b]) < 0.25 and _PATTERNS[a] == _PATTERNS[b]
    ]
    assert alike == []


def test_files_become_lanes_on_one_axis(tmp_path: Path) -> None:
    annotation_files.write(
        tmp_path / "a.json", Annotations.of(FOUND, ["v.mp4"], 12.0, ["Walk", "Öffnen $x$", "Never"]), "json"
    )
    annotation_files.write(tmp_path / "b.eaf", Annotations.of(FOUND[:1], ["v.mp4"], None, ["Walk"]), "elan")
    content = of_files([tmp_path / "a.json", tmp_path / "b.eaf"])
    assert [lane.name for lane in content.lanes] == ["a", "b"]
    assert content.duration == 12.0
    assert set(content.labels) >= {"Walk", "Öffnen $x$"}
    assert [lane.name for lane in of_files([tmp_path / "a.json", tmp_path / "b.eaf"], ["A", "B"]).lanes] == ["A", "B"]


def test_a_run_gives_its_annotation_its_timeline_and_its_scores(tmp_path: Path) -> None:
    made = multi_label(tmp_path)
    with pytest.raises(ActScribeError, match="no scores of test are kept") as error:
        of_run(made.run, "test-00")
    assert f"actscribe evaluate {made.run.folder} --split test" in error.value.hint
    made.run.save_scores("test", made.scored)
    content = of_run(made.run, "test-00")
    annotated, predicted = content.lanes
    recording = next(one for one in made.result.recordings if one.name == "test-00")
    assert (annotated.intervals, annotated.gaps) == (recording.intervals, recording.gaps)
    assert predicted.intervals == made.result.timelines["test-00"]
    assert content.labels == NAMES
    assert content.curves is not None
    assert content.curves.thresholds == {name: made.run.decisions.timeline.of(name).on for name in NAMES}
    assert of_run(made.run, "test-00", scores=False).curves is None
    with pytest.raises(ActScribeError, match="no recording 'test-99' in test"):
        of_run(made.run, "test-99")
    draw(tmp_path / "f.svg", content)


def test_trimmed_videos_have_no_timeline(tmp_path: Path) -> None:
    made = multi_class(tmp_path, recordings=10)
    with pytest.raises(ActScribeError, match="trimmed videos"):
        of_run(made.run, made.result.recordings[0].name)


def test_what_cannot_be_drawn_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.pdf").write_text("precious")
    with pytest.raises(ActScribeError, match="exists already"):
        check_figure_file(tmp_path / "mine.pdf")
    with pytest.raises(ActScribeError, match=r"\.svg, \.pdf, \.png"):
        check_figure_file(tmp_path / "f.jpg")
    with pytest.raises(ActScribeError, match="no label 'walk'"):
        draw(tmp_path / "f.svg", CONTENT, Look(labels=("walk",)))
    with pytest.raises(ActScribeError, match="nothing lies between 8 and 3 s"):
        draw(tmp_path / "f.svg", CONTENT, Look(start=8, end=3))
    annotation_files.write(tmp_path / "e.csv", Annotations.of([]), "csv")
    with pytest.raises(ActScribeError, match="no activity"):
        of_files([tmp_path / "e.csv"])
    assert not (tmp_path / "f.svg").exists()


@pytest.mark.parametrize(("text", "width"), [("single", 89.0), ("Double", 183.0), ("120", 120.0), ("85.5mm", 85.5)])
def test_widths(text: str, width: float) -> None:
    assert parse_width(text) == width


@pytest.mark.parametrize("text", ["", "wide", "10", "1e9", "nan", "-89mm"])
def test_no_widths(text: str) -> None:
    with pytest.raises(ActScribeError, match="is none"):
        parse_width(text)
