"""Long recordings take time in proportion: four times as much work takes four times as long, not sixteen times.

Times are of this process's own processor, the shortest of several, so that a machine that is busy with other work does
not count; the bound lies halfway, on a scale of ratios, between linear (4) and quadratic (16).
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from actscribe.annotations import elan
from actscribe.annotations.interval import Interval
from actscribe.data.clips import Window, cut
from actscribe.data.recording import Recording
from actscribe.labels import LabelSet

BOUND, REPEATS = 8.0, 5
LABELS = LabelSet(name="one", labels=({"name": "Lamp"},))  # type: ignore[arg-type]


def seconds(work: Callable[[], object]) -> float:
    """Return the processor time of some work."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def ratio(prepared: Callable[[int], Callable[[], object]], size: int) -> float:
    """Return how many times longer four times the size takes: the quickest of repetitions that take turns."""
    small, large = prepared(size), prepared(4 * size)
    gc.collect()
    gc.disable()  # what the tests before have left would be gone through again and again
    try:
        times = [(seconds(small), seconds(large)) for _ in range(REPEATS)]
    finally:
        gc.enable()
    return min(long for _, long in times) / min(short for short, _ in times)


def cutting(bouts: int) -> Callable[[], object]:
    """Cutting a recording with so many bouts of two seconds, one every four, into clips a second apart."""
    shown = tuple(Interval("Lamp", 4.0 * index, 4.0 * index + 2.0) for index in range(bouts))
    recording = Recording("r", Path("r.mp4"), 4.0 * bouts, "content", "r", intervals=shown)
    return lambda: cut(recording, LABELS, Window(3.0, 1.0))


def written(path: Path, count: int) -> Path:
    """Write an ELAN document with a tier of so many annotations, and one whose annotations hang on these."""
    slots = "".join(f'<TIME_SLOT TIME_SLOT_ID="ts{index}" TIME_VALUE="{1000 * index}"/>' for index in range(2 * count))
    timed = "".join(
        f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a{index}" TIME_SLOT_REF1="ts{2 * index}"'
        f' TIME_SLOT_REF2="ts{2 * index + 1}"><ANNOTATION_VALUE>Lamp</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION>'
        "</ANNOTATION>"
        for index in range(count)
    )
    hanging = "".join(
        f'<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="b{index}" ANNOTATION_REF="a{index}"><ANNOTATION_VALUE>Left'
        "</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>"
        for index in range(count)
    )
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?><ANNOTATION_DOCUMENT AUTHOR="" DATE="2020-01-01T00:00:00+00:00"'
        ' FORMAT="3.0" VERSION="3.0"><HEADER TIME_UNITS="milliseconds"/>'
        f"<TIME_ORDER>{slots}</TIME_ORDER>"
        f'<TIER LINGUISTIC_TYPE_REF="timed" TIER_ID="lamp">{timed}</TIER>'
        f'<TIER LINGUISTIC_TYPE_REF="hanging" PARENT_REF="lamp" TIER_ID="side">{hanging}</TIER>'
        '<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="timed" TIME_ALIGNABLE="true"/>'
        '<LINGUISTIC_TYPE CONSTRAINTS="Symbolic_Association" LINGUISTIC_TYPE_ID="hanging" TIME_ALIGNABLE="false"/>'
        "</ANNOTATION_DOCUMENT>",
        encoding="utf-8",
    )
    return path


def test_cutting_into_clips_is_linear() -> None:
    assert len(cutting(10)()) == 38  # type: ignore[arg-type]
    assert ratio(cutting, 4000) < BOUND


def test_reading_elan_is_linear(tmp_path: Path) -> None:
    def reading(count: int) -> Callable[[], object]:
        path = written(tmp_path / f"{count}.eaf", count)
        (entry,) = elan.read(path)
        assert len(entry.read().intervals) == count
        return lambda: elan.read(path)[0].read()

    assert ratio(reading, 1000) < BOUND


@pytest.mark.parametrize(("power", "is_linear"), [(1, True), (2, False)])
def test_the_bound_tells_linear_work_from_quadratic_work(power: int, is_linear: bool) -> None:
    def counting(size: int) -> Callable[[], object]:
        return lambda: sum(range(size**power))

    assert (ratio(counting, {1: 500_000, 2: 700}[power]) < BOUND) == is_linear
