"""Write, then read: the identity up to each format's time resolution and the fields that it says it keeps."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from annotation_examples import annotations, eighths, on_grid, seconds, whole_key, without_overlaps
from hypothesis import given, settings
from hypothesis import strategies as st

from actscribe.annotations import FORMATS, Annotations, FrameClock, Interval, detect, read, write

FPS = 25.0
#: ELAN and WebVTT know nothing shorter than a millisecond.
SHORTEST = {"elan": 1, "vtt": 1, "cvat": 1, "label-studio": 1}
TOGGLES = ("boris", "boris-tabular")
#: A file of theirs takes a quarter of a second.
SLOWLY = ("nwb",)
#: How formats spell the name of a video: Label Studio serves files by their path from the root.
SPELLED = {"label-studio": lambda name: name.lstrip("/")}
#: Formats whose facts about the video stand in the rows.
IN_ROWS = ("boris-tabular", "boris-aggregated")


def there_and_back(original: Annotations, name: str, fps: float = FPS) -> Annotations:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"recording{FORMATS[name].ending}"
        write(path, original, name, FrameClock(fps))
        assert detect(path) == name
        return read(path, clock=FrameClock(fps))


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "deepethogram"])
def test_write_then_read_is_the_identity(name: str) -> None:
    settings(max_examples=15 if name in SLOWLY else 40)(given(data=st.data())(write_then_read))(name=name)


def write_then_read(name: str, data: st.DataObject) -> None:
    form = FORMATS[name]
    original = data.draw(annotations(eighths() if form.resolution is None else seconds()))
    original = without_overlaps(original) if name in TOGGLES else original
    is_empty = not original.intervals and not original.gaps
    if form.needs_rows and is_empty:
        return
    again = there_and_back(original, name)
    rate = FPS if form.resolution is None else 1000
    shortest = SHORTEST.get(name, 0)
    assert sorted(again.intervals, key=whole_key) == on_grid(original.intervals, rate, shortest, form.keeps)
    assert sorted(again.gaps, key=whole_key) == on_grid(original.gaps, rate, shortest, form.keeps)
    media = tuple(SPELLED.get(name, str)(file) for file in original.media)
    media = media if "further media" in form.keeps else media[:1]
    assert again.media == (media if "media" in form.keeps and not (name in IN_ROWS and is_empty) else ())
    if "labels" in form.keeps:
        assert again.labels == original.labels
    if not _keeps_length(name, original):
        assert again.duration is None
    else:
        assert again.duration == pytest.approx(original.duration, abs=0.0005 if form.resolution else 0.5 / FPS + 1e-9)


def _keeps_length(name: str, original: Annotations) -> bool:
    stands_nowhere = (name in IN_ROWS and not original.as_intervals()) or (name == "boris" and not original.media)
    return "duration" in FORMATS[name].keeps and original.duration is not None and not stands_nowhere


@pytest.mark.parametrize("name", FORMATS)
def test_a_second_trip_changes_nothing(name: str) -> None:
    example = given(original=annotations(eighths()), fps=st.sampled_from((10.0, 25.0, 30000 / 1001)))
    settings(max_examples=8 if name in SLOWLY else 25)(example(write_twice))(name=name)


def write_twice(name: str, original: Annotations, fps: float) -> None:
    original = Annotations(original.intervals, original.gaps, original.media, 25.0, original.labels)
    original = without_overlaps(original) if name in TOGGLES else original
    if FORMATS[name].needs_rows and not original.as_intervals():
        return
    once = there_and_back(original, name, fps)
    assert there_and_back(once, name, fps) == once


@given(
    spans=st.lists(
        st.tuples(st.sampled_from(("Suction", "a, b", "Ü")), st.integers(0, 60), st.integers(1, 30), st.booleans()),
        max_size=6,
    ),
    blank=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30)), max_size=2),
    fps=st.sampled_from((10.0, 25.0, 30000 / 1001)),
)
def test_deepethogram_keeps_every_frame(
    spans: list[tuple[str, int, int, bool]], blank: list[tuple[int, int]], fps: float
) -> None:
    """Compare state by frame and label (-1, 0, 1) with one drawn by hand."""
    frames = 100
    names = sorted({name for name, *_ in spans})
    expected = np.zeros((frames, len(names)), dtype=int)
    gaps = [Interval(name, first / fps, (first + n) / fps) for name, first, n, is_gap in spans if is_gap]
    gaps += [Interval("", first / fps, (first + n) / fps) for first, n in blank]
    present = [Interval(name, first / fps, (first + n) / fps) for name, first, n, is_gap in spans if not is_gap]
    for name, first, n, is_gap in spans:
        if is_gap:
            expected[first : first + n, names.index(name)] = -1
    for first, n in blank:
        expected[first : first + n] = -1
    for name, first, n, is_gap in spans:
        if not is_gap:
            expected[first : first + n, names.index(name)] = 1
    again = there_and_back(Annotations(tuple(present), tuple(gaps), (), frames / fps), "deepethogram", fps)
    assert again.duration == pytest.approx(frames / fps)
    actual = np.zeros_like(expected)
    moments = (np.arange(frames) + 0.5) / fps
    for gap in again.gaps:
        columns = range(len(names)) if not gap.label else [names.index(gap.label)]
        for column in columns:
            actual[(moments >= gap.start) & (moments < gap.end), column] = -1
    for interval in again.intervals:
        actual[(moments >= interval.start) & (moments < interval.end), names.index(interval.label)] = 1
    np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("name", FORMATS)
def test_numpy_times_and_scores_are_written_as_numbers(name: str) -> None:
    original = Annotations(
        (Interval("Suction", np.float64(1.0), np.float64(2.0), "", np.float32(0.5)),), (), (), np.float64(8.0)
    )
    again = there_and_back(original, name)
    assert [(i.label, i.start, i.end) for i in again.intervals] == [("Suction", 1.0, 2.0)]
    assert again.intervals[0].score == (0.5 if "score" in FORMATS[name].keeps else None)


@pytest.mark.parametrize(
    "name", [name for name, form in FORMATS.items() if not form.needs_rows and name != "deepethogram"]
)
def test_nothing_annotated_is_a_file_too(name: str) -> None:
    assert there_and_back(Annotations(()), name).intervals == ()


def test_endings_do_not_collide() -> None:
    endings = [form.ending for form in FORMATS.values()]
    assert len(set(endings)) == len(endings)
