"""The video that an annotation file is about is found in the same way by every command."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner
from videos import make_video

from actscribe.annotations import Annotations, FrameClock, Interval, read, write
from actscribe.annotations.media import resolved
from actscribe.cli import app
from actscribe.errors import ActScribeError

LABELS = """name: two
labels:
  - name: Walk
  - name: Sit
indicators:
  - {name: walking, measure: fraction, of: Walk}
"""
#: ELAN writes where the video lay on the computer of its author, and the way there from the document.
ELSEWHERE = "file:///Users/someone/films/a.mp4"


def invoke(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(one) for one in arguments], env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    return " ".join(done.output.split())


def moved(folder: Path, relative: str, video: str) -> Path:
    """Make a video of 4 s and an ELAN document from another computer; return the document."""
    (folder / video).parent.mkdir(parents=True, exist_ok=True)
    make_video(folder / video, frames=40, fps=10)
    path = folder / "codes" / "anna.eaf"
    path.parent.mkdir(exist_ok=True)
    write(path, Annotations.of([Interval("Walk", 0, 1)], "/nowhere/a.mp4"), "elan")
    text = path.read_text(encoding="utf-8").replace("file:///nowhere/a.mp4", ELSEWHERE)
    before, rest = text.split('RELATIVE_MEDIA_URL="')
    path.write_text(f'{before}RELATIVE_MEDIA_URL="{relative}{rest[rest.index(chr(34)) :]}', encoding="utf-8")
    return path


CASES = [("../films/a.mp4", "films/a.mp4"), ("./gone/a.mp4", "codes/a.mp4"), ("", "codes/a.mp4")]


@pytest.mark.parametrize(("relative", "video"), CASES)
def test_a_document_of_another_computer(tmp_path: Path, relative: str, video: str) -> None:
    path = moved(tmp_path, relative, video)
    (tmp_path / "labels.yaml").write_text(LABELS, encoding="utf-8")
    output = invoke("indicators", path, "--labels", tmp_path / "labels.yaml")
    assert "not at hand" not in output
    assert "25 %" in output

    invoke("convert", path, tmp_path / "c.xml", "--to", "cvat")
    assert read(tmp_path / "c.xml", clock=FrameClock(10)).intervals == (Interval("Walk", 0, 1),)


def test_files_that_count_frames_take_those_of_the_video_that_they_name(tmp_path: Path) -> None:
    make_video(tmp_path / "a.mp4", frames=40, fps=10)
    (tmp_path / "labels.yaml").write_text(LABELS, encoding="utf-8")
    path = tmp_path / "a.cvat.xml"
    write(path, Annotations.of([Interval("Walk", 0, 1)], "/nowhere/a.mp4", 4.0), "cvat", FrameClock(10))
    invoke("convert", path, tmp_path / "a.eaf")
    assert read(tmp_path / "a.eaf").intervals == (Interval("Walk", 0, 1),)
    invoke("plot", path, "--out", tmp_path / "a.svg")
    assert "1.00" in invoke("agreement", path, tmp_path / "a.eaf")
    assert "25 %" in invoke("indicators", path, "--labels", tmp_path / "labels.yaml")


def test_a_table_of_frames_takes_those_of_the_video_after_which_it_is_called(tmp_path: Path) -> None:
    make_video(tmp_path / "a.mp4", frames=40, fps=10)
    path = tmp_path / "a_labels.csv"
    write(path, Annotations.of([Interval("Walk", 0, 1)], duration=4.0), "deepethogram", FrameClock(10))
    invoke("convert", path, tmp_path / "a.eaf")
    assert read(tmp_path / "a.eaf").intervals == (Interval("Walk", 0, 1),)


@pytest.mark.parametrize("name", ["cvat", "deepethogram", "label-studio"])
def test_what_is_written_turns_seconds_into_frames(tmp_path: Path, name: str) -> None:
    with pytest.raises(ActScribeError, match="to turn seconds into frames"):
        write(tmp_path / "a.xml", Annotations.of([Interval("Walk", 0, 1)]), name)


def test_a_name_is_resolved_in_one_order(tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    for video in ("films/a.mp4", "a.mp4", "b.mp4"):
        (tmp_path / video).touch()
    source = tmp_path / "x.eaf"
    names = (f"{tmp_path}/films/a.mp4", "films/a.mp4", "C:\\films\\b.mp4", "gone/b.mp4", "c.mp4", "http://h/b.mp4")
    wanted = ("films/a.mp4", "films/a.mp4", "b.mp4", "b.mp4")
    assert resolved(source, names) == (*(str(tmp_path / one) for one in wanted), "c.mp4", "http://h/b.mp4")
