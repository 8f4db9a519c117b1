"""What a terminal and a log show of a session."""

from __future__ import annotations

import io

from small_studies import LEFT, RIGHT

from actscribe.live.screen import Lines, drawing, lanes
from actscribe.live.session import State


def state(**changes: object) -> State:
    values: dict[str, object] = {
        "at": 60.0,
        "decided": 58.5,
        "bars": (),
        "unseen": (),
        "scores": {LEFT: 0.25, RIGHT: 0.75},
        "stride": 1.0,
        "asked_stride": 1.0,
        "latency": (0.2, 0.4),
        "sentences": (),
    }
    return State(**{**values, **changes})  # type: ignore[arg-type]


def test_lanes_fill_eighty_columns_and_show_what_is_open() -> None:
    from rich.console import Console

    from actscribe.live.causal.timeline import Bar

    bars = (Bar(LEFT, 0.0, 30.0, open=False, appeared=2.0), Bar(RIGHT, 45.0, 58.5, open=True, appeared=47.0))
    one = state(bars=bars, unseen=((31.0, 40.0),), stride=4.0, sentences=("camera 0 is gone; it is looked for",))
    drawn, axis = lanes(one, [LEFT, RIGHT], 80)
    assert all(len(f"{lane.label} {lane.cells} {lane.score}") == 80 for lane in drawn)
    cells = len(drawn[0].cells)
    assert drawn[0].cells[: cells // 4 - 1] == "█" * (cells // 4 - 1)  # 30 of 120 s
    assert "?" in drawn[0].cells
    assert "▶" in drawn[1].cells
    assert "▶" not in drawn[0].cells
    assert drawn[1].score.strip() == "0.75 0:14"
    assert "|0:30" in axis
    console = Console(width=80, record=True, file=io.StringIO(), force_terminal=True)
    console.print(drawing(one, "camera 0", [LEFT, RIGHT], console))
    text = console.export_text()
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "too slow for 1 s" in text
    assert "(95 %: 0.4 s)" in text
    assert "▶ goes on" in text
    assert "is looked for" in text
    plain = Console(width=80, record=True, file=io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    plain.print(drawing(one, "camera 0", [LEFT, RIGHT], plain))
    assert plain.export_text().isascii()


def test_of_a_long_path_the_end_is_shown_beside_the_time() -> None:
    from rich.console import Console

    console = Console(width=40, record=True, file=io.StringIO(), force_terminal=True)
    slow = state(at=36_000.0, stride=12.0, asked_stride=0.5, latency=(11.2, 13.4))
    console.print(drawing(slow, f"/home/ward/{'recordings/' * 9}baby-17.mp4", [LEFT], console))
    first, second, *_ = console.export_text().splitlines()
    assert first.startswith("10:00:00  …")
    assert first.endswith("recordings/baby-17.mp4")
    assert (len(first), len(second)) == (40, 40)
    assert second.startswith("a window every 12 s (too slow for 0.5 s)"[:39])


def test_a_log_has_a_line_for_what_people_want_to_know() -> None:
    out = io.StringIO()
    for line in (
        {"kind": "window", "start": 0.0, "end": 3.0, "scores": [0.1], "latency_s": 0.1},
        {"kind": "begins", "label": LEFT, "start": 61.0, "at": 63.0},
        {"kind": "ends", "label": LEFT, "start": 61.0, "end": 65.5, "score": 0.5, "at": 67.0},
        {"kind": "gap", "start": 70.0, "end": 3700.0},
    ):
        Lines(out).line(line)
    assert out.getvalue().splitlines() == [
        "1:01  Left lamp begins",
        "1:06  Left lamp ends, after 4.5 s",
        "1:10  not annotated until 1:01:40",
    ]
