"""An interval that ends after its video by less than a second is cut, and check says so."""

from __future__ import annotations

from dataclasses import astuple
from pathlib import Path

import pytest
from small_studies import LEFT, lamp_study, write_manifest

from actscribe.annotations.interval import Annotations, Interval
from actscribe.data.loading import load_data
from actscribe.data.overrun import messages, overrun_in
from actscribe.errors import ActScribeError
from actscribe.settings.study import load_study


def test_what_is_cut_is_said_with_its_file(tmp_path: Path) -> None:
    file = lamp_study(tmp_path, 6, 6.0, empty_labels="allow")
    (tmp_path / "r0.txt").write_text(f"{LEFT}\t1000\t6900\t5900\n")  # the video lasts 6 s
    (sentence,) = load_data(load_study(file)).remarks
    assert sentence.startswith(
        "1 interval ends up to 0.90 s after the video (r0.mp4: Left lamp, in r0.txt) and is cut at its end."
    )


def test_rounding_is_not_said_and_many_files_are_counted() -> None:
    made = Annotations.of([Interval("A", 0.0, 10.05), Interval("B", 1.0, 10.4)])
    one_video = overrun_in(made, 10.0, Path("a.mp4"), Path("a"))
    assert one_video is not None
    assert astuple(one_video) == (Path("a.mp4"), Path("a"), "B", 1, pytest.approx(0.4))
    assert overrun_in(made, 10.35, Path("a.mp4"), Path("a")) is None
    late = [overrun_in(made, 10.0, Path(f"{name}.mp4"), Path("all.csv")) for name in "abcde"]
    (sentence,) = messages([one for one in late if one])
    assert "5 intervals end up to 0.40 s" in sentence
    assert "(a.mp4: B, in all.csv; b.mp4: B, in all.csv; c.mp4: B, in all.csv; and 2 more videos)" in sentence


def test_a_table_that_fits_none_of_its_videos_is_told_once_with_their_number(tmp_path: Path) -> None:
    file = lamp_study(tmp_path, 6, 4.0, empty_labels="allow")
    rows = [f"{LEFT},1.0,{90 + index},r{index}.mp4\n{LEFT},91,99,r{index}.mp4\n" for index in range(6)]
    (tmp_path / "events.csv").write_text("label,start_s,end_s,video\n" + "".join(rows), encoding="utf-8")
    videos = [{"video": f"r{index}.mp4", "annotations": "events.csv", "group": f"p{index}"} for index in range(6)]
    (tmp_path / "text.mp4").write_text("no video", encoding="utf-8")
    write_manifest(tmp_path, [*videos[:5], {"video": "text.mp4", "annotations": "", "group": "q"}, videos[5]])
    with pytest.raises(ActScribeError) as refused:
        load_data(load_study(file))
    lines = [line for line in str(refused.value).splitlines() if "after its video" in line]
    assert len(lines) == 1
    assert "events.csv: 2 intervals end after its video, r0.mp4" in lines[0]
    assert lines[0].endswith("It does not fit 5 more videos either: r1.mp4, r2.mp4, r3.mp4, r4.mp4, ….")
    assert "text.mp4" in str(refused.value)
