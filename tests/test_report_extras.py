"""The report's pictures, further sections and size."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from html_page import Page
from PIL import Image
from report_runs import EVIL, Made, by_hand, multi_class, multi_label, written

from actscribe.annotations.interval import Interval
from actscribe.files import content_hash
from actscribe.report import formatting
from actscribe.report.page import write_report
from actscribe.report.sections import extra_sections
from actscribe.video.writing import write_video

MOST_BYTES = 5_000_000


class TestSize:
    def test_hours_with_hundreds_of_bouts(self, tmp_path: Path) -> None:
        made = multi_label(tmp_path, recordings=1, groups=1, duration=4 * 3600.0, bouts=300)
        path = write_report(made.run, made.result, made.scored)
        assert path.stat().st_size < MOST_BYTES / 2
        Page(path.read_text(encoding="utf-8"))

    def test_two_hundred_trimmed_clips_of_a_hundred_classes(self, tmp_path: Path) -> None:
        made = multi_class(tmp_path, classes=101, recordings=200)
        path = write_report(made.run, made.result, made.scored)
        assert path.stat().st_size < MOST_BYTES / 5
        page = Page(path.read_text(encoding="utf-8"))
        assert len(page.tables["Clips of the test split, label by label."]) == 1 + 101 + 2


class TestFrames:
    @pytest.fixture
    def made(self, tmp_path: Path) -> Made:
        """A video whose grey level is its second, and one long miss in it."""
        video = tmp_path / "only.mp4"
        frames = (np.full((240, 320, 3), 40 + 2 * (k // 5), dtype=np.uint8) for k in range(500))
        write_video(video, frames, 5, crf=10)
        made = by_hand(tmp_path, (Interval("Walking", 50, 90),), ())
        recording = replace(made.result.recordings[0], content=content_hash(video))
        return replace(made, result=replace(made.result, recordings=(recording,)))

    def test_none_unless_asked_for(self, made: Made) -> None:
        html = written(made)
        assert "<img" not in html
        assert "base64" not in html
        assert "only.mp4" not in html
        assert "left out, for privacy" in html

    def test_show_the_moments_that_the_recognizer_saw(self, made: Made) -> None:
        page = Page(written(made, frames=True))
        images = [values for name, values, _ in page.elements if name == "img"]
        assert len(images) == 4
        for values, second in zip(images, (51, 61, 71, 81), strict=True):
            kind, data = values["src"].split(",")
            assert kind == "data:image/jpeg;base64"
            picture = np.asarray(Image.open(BytesIO(base64.b64decode(data))))
            assert picture.shape == (144, 192, 3)
            assert picture.mean() == pytest.approx(40 + 2 * second, abs=2)
            assert values["alt"] == f"frame at {formatting.clock(second)}"
        assert "privacy" not in page.text

    def test_a_video_that_is_gone_or_another_costs_only_its_pictures(self, made: Made) -> None:
        video = made.result.recordings[0].video
        video.write_bytes(b"something else")
        assert "this is not the file the run was made with" in written(made, frames=True)
        video.unlink()
        html = written(made, frames=True)
        assert "the video is gone" in html
        assert "<img" not in html


class TestExtraSections:
    def test_nothing_without_files(self, tmp_path: Path) -> None:
        assert extra_sections(by_hand(tmp_path, (), ()).run, "test") == ()

    def test_tables_notes_and_captions(self, tmp_path: Path) -> None:
        made = multi_label(tmp_path, recordings=2, groups=2)
        records = [{"label": EVIL, "asked": 12, "rate": 0.25, "ok": True}, {"label": "Suction", "asked": 9}]
        held = {"Objects that are not there": records, "note": "Asked twice.", "notes": ["One.", "Two."]}
        (made.run.folder / "hallucination-test.json").write_text(json.dumps(held), encoding="utf-8")
        captions = [
            {"recording": "test-00", "start_s": 61.5 + k, "end_s": 64.5 + k, "caption": f"<b>{k}</b>"}
            for k in range(35)
        ]
        (made.run.folder / "captions-test.json").write_text(json.dumps(captions), encoding="utf-8")
        page = Page(written(made))
        assert page.tables["Objects that are not there"] == [
            ["label", "asked", "rate", "ok"],
            [EVIL, "12", "0.250", "yes"],
            ["Suction", "9", "–", "–"],
        ]
        assert {"Asked twice.", "One.", "Two."} <= set(page.text.splitlines())
        caption, rows = next((k, v) for k, v in page.tables.items() if k.startswith("What the model wrote"))
        assert "first 30 of 35 captions" in caption
        assert len(rows) == 31
        assert rows[1] == ["test-00", "1:01.5", "1:04.5", "<b>0</b>"]
        assert extra_sections(made.run, "validation") == ()

    @pytest.mark.parametrize("text", ["{", "3", '{"a": 3}', '[{"recording": 1}]'])
    def test_a_broken_file_is_said_not_hidden(self, tmp_path: Path, text: str) -> None:
        made = by_hand(tmp_path, (Interval("Walking", 0, 30),), ())
        for name in ("hallucination", "captions"):
            (made.run.folder / f"{name}-test.json").write_text(text, encoding="utf-8")
        notes = [note for section in extra_sections(made.run, "test") for note in section.notes]
        assert len(notes) >= 1
        assert all("could not be read" in note for note in notes)
        Page(written(made))
