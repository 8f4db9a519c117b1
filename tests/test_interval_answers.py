"""Reading when something happens from what models write: every way that families write times, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actscribe.labels import Label
from actscribe.models.generated_text import GeneratedText
from actscribe.recognizers.interval_answers import IntervalAnswer, read_intervals

SUCTION, BABY = Label(name="Suction", aliases=("suctioning",)), Label(name="Baby visible")
PHASE = Label(name="Phase 2")
LENGTH, FRAMES = 120.0, 60


def parsed(text: str, label: Label = SUCTION) -> IntervalAnswer:
    return read_intervals(text, label, LENGTH, FRAMES, (SUCTION, BABY, PHASE))


def spans(read_intervals: IntervalAnswer) -> list[tuple[float, float]]:
    return [(one.start, one.end) for one in read_intervals.intervals]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3.5 - 7", [(3.5, 7)]),
        ("3.5s–7.25s; 9s–10s", [(3.5, 7.25), (9, 10)]),
        ("3 seconds to 7 seconds", [(3, 7)]),
        ("<3.0 seconds> - <7.0 seconds>", [(3, 7)]),  # Qwen3-VL, LFM3-VL
        ("Time 3.0s - Time 7.5s", [(3, 7.5)]),  # VideoLLaMA 3
        ("00:03 to 01:07", [(3, 67)]),  # SmolVLM2, Gemma 4
        ("00:00:03.5 -> 00:01:07", [(3.5, 67)]),
        ("<|3.0|> to <|7.0|>", [(3, 7)]),
        ("Frame 2 - Frame 4", [(2, 8)]),  # InternVL: frame k of 60 in 120 s spans 2k - 2 to 2k
        ("Frames 2-4", [(2, 8)]),
        ("Frame 2 - 8 s", [(2, 8)]),
        ("[3, 7]", [(3, 7)]),
        ("[00:03, 00:07], (8, 9)", [(3, 7), (8, 9)]),
        ('[{"start": "00:03", "end": "00:07.5"}, {"start": 8, "end": 9.5}]', [(3, 7.5), (8, 9.5)]),
        ('```json\n[{"start_time": 3, "end_time": 7, "label": "suction"}]\n```', [(3, 7)]),
        ('[{"start": 3, "end": 7, "event": "Suction", "unit": "seconds"}]', [(3, 7)]),
        ("[[1, 2], [3, 4]]", [(1, 2), (3, 4)]),
        ("Suction: 1 - 2, 3 - 4", [(1, 2), (3, 4)]),
        ("- 1 - 2\n- 3 - 4", [(1, 2), (3, 4)]),
        ("The suctioning happens from 3.0 to 5.0 seconds and between 8 and 9 seconds.", [(3, 5), (8, 9)]),
        ("none", []),
        ("None.", []),
        ("Suction: none", []),
        ("It does not happen.", []),
        ("The event does not happen in the video.", []),
        ("There is no suction in the video.", []),
        ("Suctioning is not visible.", []),
        ("No, it doesn't occur.", []),
        ("No suction.", []),
        ("1. 3.0 - 5.0\n2. 00:08 - 00:09", [(3, 5), (8, 9)]),
        ("1) Suction: 3 - 5\n2) Suction: 8 - 9", [(3, 5), (8, 9)]),
        ("[]", []),
    ],
)
def test_every_way_of_writing_times_is_read(text: str, expected: list[tuple[float, float]]) -> None:
    read_intervals = parsed(text)
    assert spans(read_intervals) == expected
    assert read_intervals == IntervalAnswer(read_intervals.intervals)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yes",
        "I cannot say when it happens.",
        "It does not happen from 1 to 2.",
        "1 - 2, but not 3 - 4",
        "It is not visible at the start.",
        "The time is not shown.",
        "It does not happen again.",
        "There is no baby in the video.",
        "It is visible in the video.",
        "2. 3.0 - 5.0\n3. 8 - 9",  # no list, so it may be 2.3
        "1. 3.0 - 5.0\n1. 8 - 9",
        "1. 3\n2. 5",
        "It happens at 3 and 47 seconds.",  # two moments
        "3.0 and 47.0",
        "1 - 2 Baby visible, 3 - 4 Suction",  # each name stands behind its interval
        "1 - 2 Suction, 3 - 4 Baby visible",
        "at 3 seconds",
        "3 - ",
        "1 - 2, 3",
        "1-2-3",
        "-3 - 5",
        "2025-01-02",
        "0:75 - 0:80",
        "1e1 - 2e1",
        "NaN - 3",
        '[{"start": NaN, "end": 3}]',
        '{"start": true, "end": 3}',
        '[{"start": 1}]',
        "[1, 2, 3]",
        "{" * 3000,
        '[{"start": 1, "end": 2}, null]',
        '{"start": {"at": 1}, "end": 2}',
        "[null, null]",
        "[1e999, 2]",
        '[{"start": 1, "end": 2, "unit": "minutes"}]',
        '[{"start": 0.1, "end": 0.2, "percent": true}]',
        '[{"start": 1, "end": 2, "event": "no suction"}]',
        '{"start": 1, "end": 2, "happens": false}',
    ],
)
def test_what_says_something_else_is_not_read(text: str) -> None:
    assert parsed(text) == IntervalAnswer(unread=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9 - 3, 4 - 5", IntervalAnswer(parsed("4 - 5").intervals, reversed=1)),
        ("4 - 5, 4 - 4", IntervalAnswer(parsed("4 - 5").intervals, reversed=1)),
        ("4 - 5, 120 - 130", IntervalAnswer(parsed("4 - 5").intervals, outside=1)),
        (
            "100 - 110, 00:04 - 00:05, 4.0 - 5.0",
            IntervalAnswer(parsed("100 - 110, 00:04 - 00:05").intervals, repeats=1),
        ),
        ("9 - 3", IntervalAnswer(unread=True, reversed=1)),
        # A model that repeats itself writes numbers that are larger than any float.
        ("9" * 400 + " - 3", IntervalAnswer(unread=True, reversed=1)),
        ("Frame " + "9" * 5000 + " - Frame 3", IntervalAnswer(unread=True, reversed=1)),
        ("Frame " + "8" * 400 + " - " + "9" * 400, IntervalAnswer(unread=True, reversed=1)),
        ("300 - 310", IntervalAnswer(unread=True, outside=1)),
        ("Baby visible: 1 - 2", IntervalAnswer(unread=True, others=1)),
        ("Phase 2: 5 - 6", IntervalAnswer(unread=True, others=1)),
        (
            '[{"start": 4, "end": 5}, {"label": "Baby Visible", "start": 6, "end": 7}]',
            IntervalAnswer(parsed("4 - 5").intervals, others=1),
        ),
    ],
)
def test_what_cannot_be_is_refused_and_counted(text: str, expected: IntervalAnswer) -> None:
    read_intervals = parsed(text)
    assert spans(read_intervals) == spans(expected)
    for name in ("unread", "reversed", "outside", "clipped", "repeats", "others"):
        assert getattr(read_intervals, name) == getattr(expected, name), name


def test_a_label_that_was_not_asked_for_ends_with_its_line() -> None:
    read_intervals = parsed("Baby visible: 1 - 2, 3 - 4\n5 - 6\nSuction: 7 - 8")
    assert spans(read_intervals) == [(5, 6), (7, 8)]
    assert (read_intervals.others, read_intervals.unread) == (2, False)
    assert spans(parsed("Phase 2: 5 - 6", PHASE)) == [(5, 6)]


def test_a_number_that_belongs_to_a_label_is_no_line_of_a_list() -> None:
    first, second = Label(name="1. Drying"), Label(name="2. Suction")
    answer = read_intervals("1. Drying: 3 - 5\n2. Suction: 8 - 9", second, LENGTH, FRAMES, (first, second))
    assert (spans(answer), answer.others) == ([(8, 9)], 1)


@pytest.mark.parametrize("name", ["Not moving", "No activity", "Without mask"])
def test_a_label_that_denies_something_does_not_hide_a_denial(name: str) -> None:
    label = Label(name=name)
    denial = name.split()[0].lower()
    assert spans(parsed(f"{name}: 3 - 5", label)) == [(3, 5)]
    assert parsed(f"{denial} 3 - 5", label).unread
    assert parsed(name, label).unread
    assert not parsed(f"It never happens: {name}.", label).unread


def test_what_oversteps_the_video_is_clipped() -> None:
    assert spans(parsed("110 - 121")) == [(110, 120)]
    assert parsed("110 - 121").clipped == 0  # whole seconds
    assert spans(parsed("110 - 200")) == [(110, 120)]
    assert parsed("110 - 200").clipped == 1
    assert spans(parsed("Frame 2 - Frame " + "9" * 400)) == [(2, 120)]
    assert parsed("Frame 2 - Frame " + "9" * 400).clipped == 1
    assert spans(parsed("Frame 0 - Frame 3")) == [(0, 6)]  # the first frame is 1, as InternVL writes them
    assert parsed("Frame 0 - Frame 3").clipped == 1


WAYS: dict[str, Callable[[float], str]] = {
    "seconds": lambda t: f"{t:.1f}",
    "unit": lambda t: f"{t:.1f} seconds",
    "tag": lambda t: f"<{t:.1f} seconds>",
    "clock": lambda t: f"{int(t // 60):02d}:{t % 60:04.1f}",
    "long clock": lambda t: f"00:{int(t // 60):02d}:{t % 60:04.1f}",
}


@given(
    st.lists(st.integers(0, 1199), min_size=2, max_size=8, unique=True),
    st.sampled_from(list(WAYS)),
    st.sampled_from([" - ", "-", " to ", "–"]),
    st.sampled_from([", ", "\n", "; ", " and ", "\n- "]),
)
def test_what_is_written_is_read_back(tenths: list[int], way: str, between: str, apart: str) -> None:
    ends = [tenth / 10 for tenth in sorted(tenths)]
    truth = list(zip(ends[::2], ends[1::2], strict=False))
    text = apart.join(f"{WAYS[way](start)}{between}{WAYS[way](end)}" for start, end in truth)
    read_intervals = parsed(text)
    np.testing.assert_allclose(spans(read_intervals), truth, atol=1e-9)
    assert [text[slice(*one.span)] for one in read_intervals.intervals] == [
        f"{WAYS[way](start)}{between}{WAYS[way](end)}" for start, end in truth
    ]
    assert spans(parsed(json.dumps([{"start": a, "end": b} for a, b in truth]))) == truth


@given(st.text(alphabet="0123456789:.-<>|[](){}, \nsatonedf\"'", max_size=30))
def test_nothing_that_is_written_stops_it(text: str) -> None:
    for start, end in spans(parsed(text)):
        assert 0 <= start < end <= LENGTH


def test_an_interval_is_as_sure_as_its_tokens() -> None:
    written = GeneratedText("1 - 2, 3", (1, 3, 5, 6, 8), (0.5, 0.8, 0.1, 1.0, 0.0))
    assert written.probability(0, 5) == pytest.approx((0.5 * 0.8 * 0.1) ** (1 / 3))
    assert written.probability(2, 3) == pytest.approx(0.8)
    assert written.probability(6, 8) == pytest.approx(1e-9)
    assert GeneratedText("1 - 2").probability(0, 5) is None
