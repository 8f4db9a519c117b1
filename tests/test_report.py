"""The HTML report: what it says is what was measured, and it loads nothing."""

from __future__ import annotations

import base64
import json
import math
import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from html_page import Page
from hypothesis import given
from hypothesis import strategies as st
from report_runs import EVIL, Made, by_hand, multi_class, multi_label

from actscribe.annotations.interval import Interval
from actscribe.files import content_hash
from actscribe.report import timelines, wording
from actscribe.report.page import write_report
from actscribe.report.sections import extra_sections
from actscribe.report.timelines import shown_recordings
from actscribe.report.verdict import verdict, warnings
from actscribe.video.writing import write_video

MOST_BYTES = 5_000_000


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return multi_label(tmp_path_factory.mktemp("several"), recordings=4, groups=4)


@pytest.fixture(scope="module")
def trimmed(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return multi_class(tmp_path_factory.mktemp("trimmed"))


def written(made: Made, frames: bool = False) -> str:
    return write_report(made.run, made.result, made.scored, frames).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def html(several: Made) -> str:
    return written(several)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


@pytest.fixture(scope="module")
def class_page(trimmed: Made) -> Page:
    return Page(written(trimmed))


def two(value: float) -> str:
    """Two decimals, a dash for nothing, spelled here once more on purpose."""
    return "–" if math.isnan(value) else f"{value:.2f}"


class TestSelfContained:
    def test_is_well_formed_with_unique_ids_and_links_that_lead_somewhere(self, page: Page, class_page: Page) -> None:
        for one in (page, class_page):
            assert len(one.ids) == len(set(one.ids))
            links = [values["href"] for name, values, _ in one.elements if name == "a"]
            assert links
            assert all(link[0] == "#" and link[1:] in one.ids for link in links)

    def test_loads_nothing_and_runs_nothing(self, html: str, page: Page) -> None:
        assert "http:" not in html
        assert "https:" not in html
        names = {name for name, _, _ in page.elements}
        assert not names & {"script", "link", "img", "iframe", "object", "embed", "base", "audio", "video", "image"}
        attributes = {key for _, values, _ in page.elements for key in values}
        assert not {key for key in attributes if key.startswith("on") or key in ("src", "srcset", "xlink:href")}
        assert set(re.findall(r"url\(([^)]*)\)", html)) == {"#gap-pattern"}
        assert "@import" not in html
        policy = next(values["content"] for _, values, _ in page.elements if "http-equiv" in values)
        assert policy.startswith("default-src 'none'")

    def test_every_class_of_a_drawing_has_a_style(self, html: str, page: Page) -> None:
        style = html[html.index("<style>") : html.index("</style>")]
        used = {c for _, values, path in page.elements if "svg" in path for c in values.get("class", "").split()}
        assert used - {"name"} <= set(re.findall(r"\.([a-z]+)", style))

    def test_the_same_run_gives_the_same_page_but_for_its_date(self, several: Made, html: str) -> None:
        def undated(text: str) -> str:
            return re.sub(r"ActScribe report of [^.]*\.", "", text)

        assert undated(written(several)) == undated(html)

    def test_lies_in_the_run_folder_by_split_and_leaves_nothing_else(self, several: Made) -> None:
        before = {path.name for path in several.run.folder.iterdir()} - {"report-test.html"}
        path = write_report(several.run, several.result, several.scored)
        assert path == several.run.folder / "report-test.html"
        assert {entry.name for entry in several.run.folder.iterdir()} == before | {"report-test.html"}


class TestEscaping:
    def test_a_label_that_looks_like_markup_is_only_text(self, html: str, page: Page) -> None:
        assert "<script" not in html.lower()
        assert "alert(1)" in html
        rows = page.tables["Clips of the test split, label by label."]
        assert EVIL in [row[0] for row in rows]
        assert any(EVIL in text for text, path in page.texts if path[-1] == "title" and "svg" in path)

    def test_so_are_names_of_recordings_groups_and_studies(self, tmp_path: Path) -> None:
        made = by_hand(tmp_path, (Interval("Walking", 0, 50),), (Interval("Walking", 0, 40),))
        odd = '"><img src=x onerror=alert(2)>'
        recording = replace(made.result.recordings[0], group=odd)
        made.run.facts.study = odd
        made.run.facts.notes.append(odd)
        page = Page(written(replace(made, result=replace(made.result, recordings=(recording,)))))
        assert page.text.count(odd) >= 3
        assert not [name for name, _, _ in page.elements if name == "img"]


class TestNumbers:
    def test_label_table_holds_the_measured_numbers(self, several: Made, page: Page) -> None:
        rows = page.tables["Clips of the test split, label by label."]
        assert rows[0][:4] == ["label", "precision", "recall", "F1"]
        measured = several.result.table
        assert len(rows) == 1 + len(measured)
        for cells, (_, row), place in zip(rows[1:], measured.iterrows(), range(99), strict=False):
            assert cells[:4] == [row["label"], two(row["precision"]), two(row["recall"]), two(row["f1"])]
            assert cells[5] == two(row["average_precision"])
            assert cells[6].replace("\u202f", "") == str(row["support"])
            assert cells[7:9] == [f"{100 * row[key]:.0f}\u202f%" for key in ("predicted_rate", "prior")]
            found = several.result.confidence
            expected = f"{two(found['low'][place])}–{two(found['high'][place])}" if place < len(found) else "–"
            assert cells[4] == expected
        assert [cells[9] for cells in rows[1:]] == ["0.500"] * 4 + ["–"] * 2

    def test_baselines_stand_beside(self, several: Made, page: Page) -> None:
        groups, _, *rows = next(v for k, v in page.tables.items() if k.startswith("Against answers"))
        assert groups == ["", "this recognizer", "always yes", "always no", "prior"]
        tables = [several.result.table, *several.result.baselines.values()]
        for place, cells in enumerate(rows):
            expected = [two(table[key][place]) for table in tables for key in ("f1", "average_precision")]
            assert cells[1:] == expected

    def test_timeline_table_and_joint_measures(self, several: Made, page: Page) -> None:
        _, _, *rows = page.tables["Predicted timelines against annotated ones, all recordings together."]
        events = several.result.events
        assert events is not None
        for cells, (_, row) in zip(rows, events.iterrows(), strict=True):
            assert cells[1:3] == [str(row["bouts_true"]), str(row["bouts_predicted"])]
            assert cells[3:7] == [two(row[key]) for key in ("f1@10", "f1@25", "f1@50", "edit")]
            assert cells[13] == two(row["frame_f1"])
        joint = several.result.joint
        assert f"segment F1 @10 {joint['f1@10']:.2f}, @25 {joint['f1@25']:.2f}" in page.text.replace("\n", " ")

    def test_errors_are_listed_with_their_times(self, several: Made, page: Page) -> None:
        rows = next(v for k, v in page.tables.items() if k.startswith("Where it was most sure"))[1:]
        assert len(rows) == len(several.result.errors)
        for cells, (_, row) in zip(rows, several.result.errors.iterrows(), strict=True):
            assert cells[:3] == [row["recording"], row["label"], row["kind"]]
            minutes, seconds = cells[3].split(":")
            assert int(minutes) * 60 + float(seconds) == pytest.approx(row["start"], abs=0.051)
            assert cells[5] == two(row["score"])

    def test_two_by_two_counts_add_up_to_the_annotated_clips(self, several: Made, page: Page) -> None:
        for place, name in enumerate(several.result.labels.names):
            said = [text for text, _ in page.texts if text.startswith(f"{name}: ") and " of " in text]
            counts = {m[1]: int(m[2]) for m in (re.match(r".*: (.*), (\d+) clip", text) for text in said) if m}
            row = several.result.table.iloc[place]
            assert sum(counts.values()) == row["annotated"]
            assert counts["found"] + counts["missed"] == row["support"]
            assert counts["found"] / (counts["found"] + counts["false alarm"]) == pytest.approx(row["precision"])

    def test_data_and_decisions_are_there(self, several: Made, page: Page) -> None:
        assert page.tables["Recordings."][1:] == [[s, "4", "4", "0.13", "0"] for s in ("train", "validation", "test")]
        groups, _, first, *_ = page.tables["Annotated intervals and clips per label."]
        assert groups == ["", "train", "validation", "test"]
        test = several.run.recordings("test")
        assert first[9] == str(sum(i.label == first[0] for r in test for i in r.intervals or ()))
        decisions = page.tables["Decisions, chosen on validation only."]
        assert decisions[1][:7] == ["Baby visible", "0.500", "0.550", "0.400", "0.50", "0.50", "0.00"]
        assert page.tables["Settings of the recognizer."][1:] == [["checkpoint", '"embedded"'], ["epochs", "12"]]
        assert ["torch", "2.14.0"] in page.tables["Versions."]
        assert ["seed", "7"] in page.tables["At a glance."]
        assert ["split", "test, scored 1 time"] in page.tables["At a glance."]
        assert f"actscribe evaluate {several.run.folder} --split test" in page.text


class TestVerdict:
    def test_first_sentence(self, several: Made, page: Page) -> None:
        macro = several.result.confidence.iloc[4]
        yes = several.result.baselines["always yes"]["f1"].iloc[4]
        clips = len(several.result.clips)
        assert verdict(several.result)[0] == (
            f"Macro F1 {macro['value']:.2f} (95 % interval {macro['low']:.2f}–{macro['high']:.2f}) on {clips} clips of "
            f"4 recordings of 4 groups; always answering yes would give {yes:.2f}."
        )
        assert verdict(several.result)[0] in page.text
        assert "lies above the best baseline" in verdict(several.result)[2]

    def test_of_a_multi_class_set_names_the_accuracy(self, trimmed: Made) -> None:
        goals, scores = trimmed.result.targets, trimmed.result.scores
        right = np.mean(goals.argmax(axis=1) == scores.argmax(axis=1))
        assert f"right class in {100 * right:.0f}\u202f% of the clips" in verdict(trimmed.result)[1]

    def test_says_so_when_it_is_no_better_than_saying_yes(self, tmp_path: Path) -> None:
        everywhere, somewhere = (
            (Interval("Walking", 0, 100),),
            (Interval("Walking", 0, 100), Interval("Sitting", 0, 30)),
        )
        made = by_hand(tmp_path, somewhere, (*everywhere, Interval("Sitting", 40, 90)))
        assert verdict(made.result)[2] == "That is no better than always answering yes."
        assert "no interval: a single recording" in verdict(made.result)[0]

    def test_nothing_to_measure(self, tmp_path: Path) -> None:
        made = by_hand(tmp_path, (), (Interval("Walking", 0, 40),))
        assert verdict(made.result) == (
            "Nothing can be measured: none of the 10 clips of 1 recording of 1 group shows any of the labels.",
        )
        Page(written(made))

    def test_names_labels_that_are_not_above_the_baseline(self, tmp_path: Path) -> None:
        made = multi_label(tmp_path)
        confidence = made.result.confidence.copy()
        confidence.loc[1, "low"] = 0.01
        said = verdict(replace(made.result, confidence=confidence))[2]
        assert said.endswith("Not so for Ventilation.")


class TestWarnings:
    def test_few_groups_and_few_validation_bouts_stand_at_the_top(self, page: Page) -> None:
        head = [text for text, path in page.texts if "header" in path]
        assert any(text.startswith("Only 4 groups") for text in head)
        assert "Timeline of Ventilation: chosen on only 3 validation bouts: take it as a first guess." in head

    def test_labels_without_or_with_few_clips(self, tmp_path: Path) -> None:
        made = by_hand(tmp_path, (Interval("Walking", 0, 30),), (Interval("Walking", 0, 30),))
        found = warnings(made.run, made.result)
        assert any("No clip of this split shows Sitting" in note for note in found)
        assert any("Fewer than 10 clips show Walking (3)" in note for note in found)

    def test_a_split_that_was_tuned_on_or_read_again(self, tmp_path: Path) -> None:
        made = by_hand(tmp_path, (Interval("Walking", 0, 30),), ())
        assert not any("scored" in note for note in warnings(made.run, made.result))
        made.run.facts.reads["test"] = 3
        assert any("scored 3 times" in note for note in warnings(made.run, made.result))
        assert "tuned" in warnings(made.run, replace(made.result, split="validation"))[0]
        assert "trained" in warnings(made.run, replace(made.result, split="train"))[0]

    def test_notes_of_the_run_are_not_lost(self, tmp_path: Path) -> None:
        made = multi_label(tmp_path, recordings=2, groups=2, notes=("no clip of validation shows: Suction",))
        assert "No clip of validation shows: Suction." in warnings(made.run, made.result)


def boxes(picture: str, kind: str) -> list[tuple[float, float, float]]:
    """Return (start, end, top) in seconds and pixels of the boxes of a class, all labels, for a hundred seconds."""
    plot = timelines.WIDTH - timelines.LEFT - timelines.RIGHT
    found = []
    for group in re.findall(rf'<(?:g|path)[^>]*class="{kind}"[^>]*>(?:<path d="[^"]*"><title>.*?</path>)*', picture):
        for x, y, width in re.findall(r"M([\d.]+) ([\d.]+)h([\d.]+)", group):
            start = (float(x) - timelines.LEFT) / plot * 100
            found.append((start, start + float(width) / plot * 100, float(y)))
    return found


class TestTimelines:
    @pytest.fixture
    def made(self, tmp_path: Path) -> Made:
        annotated = (Interval("Walking", 10, 20), Interval("Walking", 60, 70))
        predicted = (Interval("Walking", 15, 25, score=0.9), Interval("Walking", 61, 70, score=0.7))
        return by_hand(tmp_path, annotated, predicted, gaps=(Interval("", 40, 50),))

    def test_lanes_errors_and_gaps_lie_where_they_belong(self, made: Made) -> None:
        picture = str(shown_recordings(made.result)[0].pictures[0])
        spans = {
            kind: [box[:2] for box in boxes(picture, kind)] for kind in ("true", "found", "missed", "false", "gap")
        }
        close = 0.02
        assert np.allclose(spans["true"], [(10, 20), (60, 70)], atol=close)
        assert np.allclose(spans["found"], [(15, 25), (61, 70)], atol=close)
        assert np.allclose(spans["missed"], [(10, 15), (60, 61)], atol=close)
        assert np.allclose(spans["false"], [(20, 25)], atol=close)
        assert np.allclose(spans["gap"], [(40, 50)], atol=close)
        tops = {kind: {box[2] for box in boxes(picture, kind)} for kind in spans}
        assert tops["true"] == tops["missed"]
        assert tops["found"] == tops["false"]
        assert max(tops["true"]) < min(tops["found"])

    def test_bars_say_what_they_are(self, made: Made) -> None:
        page = Page(str(shown_recordings(made.result)[0].pictures[0]))
        titles = [text for text, path in page.texts if path[-1] == "title"]
        assert "Walking, annotated: 0:10.0–0:20.0 (10 s)" in titles
        assert "Walking, predicted: 0:15.0–0:25.0 (10 s), score 0.90" in titles

    def test_agreement_and_indicators(self, made: Made) -> None:
        shown = shown_recordings(made.result)[0]
        assert shown.agreement == pytest.approx(2 * (5 + 9) / (20 + 19))
        assert shown.absent == ("Sitting",)
        assert [row.cells for row in shown.indicators.rows] == [
            ("Walking", "0:10.0 / 0:15.0", "0:20.0 / 0:19.0", "22\u202f% / 21\u202f%", "2 / 2", "0:20.0 / 0:15.0")
        ]

    def test_a_moment_and_the_last_second_stay_visible(self, tmp_path: Path) -> None:
        moments = (Interval("Walking", 5, 5.001), Interval("Walking", 99.999, 100))
        picture = str(shown_recordings(by_hand(tmp_path, moments, ()).result)[0].pictures[0])
        found = boxes(picture, "true")
        assert len(found) == 2
        assert all(end - start > 0.15 and end < 100.01 for start, end, _ in found)

    def test_long_recordings_are_drawn_in_strips_that_cover_them(self, tmp_path: Path) -> None:
        whole = (Interval("Walking", 0, 4000),)
        shown = shown_recordings(by_hand(tmp_path, whole, whole, duration=4000.0).result)[0]
        assert len(shown.pictures) == 3
        for picture in shown.pictures:
            assert np.allclose([box[:2] for box in boxes(str(picture), "true")], [(0, 100)], atol=0.02)

    def test_many_recordings_open_the_worst_and_the_best(self, tmp_path: Path) -> None:
        made = multi_label(tmp_path, recordings=22, groups=22, duration=40.0)
        page = Page(written(made))
        folded = [
            values for name, values, _ in page.elements if name == "details" and values.get("class") == "recording"
        ]
        assert [("open" in values) for values in folded] == [True] * 3 + [False] * 16 + [True] * 3
        agreements = [shown.agreement for shown in shown_recordings(made.result)]
        assert agreements == sorted(agreements)

    def test_very_many_are_left_out_with_a_word(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        made = multi_label(tmp_path, recordings=22, groups=22, duration=40.0)
        everything = shown_recordings(made.result)
        monkeypatch.setattr(timelines, "MOST_SHOWN", 10)
        some = shown_recordings(made.result)
        wanted = [*everything[:7], *everything[-3:]]
        assert [s.recording.name for s in some] == [s.recording.name for s in wanted]
        assert "Of 22 recordings the 10 worst and best are here." in Page(written(made)).text

    def test_too_many_bouts_are_drawn_without_words(
        self, several: Made, html: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        loud = shown_recordings(several.result)
        monkeypatch.setattr(timelines, "MOST_TITLES", 1)
        silent = written(several)
        assert len(silent) < 0.9 * len(html)
        assert "in 4 recordings the bars tell no times" in Page(silent).text
        for one, other in zip(loud, shown_recordings(several.result), strict=True):
            assert boxes(str(one.pictures[0]), "found") == boxes(str(other.pictures[0]), "found")
            assert "annotated:" in str(one.pictures[0])
            assert "annotated:" not in str(other.pictures[0])


class TestMultiClass:
    def test_has_no_timelines_and_no_thresholds(self, class_page: Page) -> None:
        assert "timelines" not in class_page.ids
        assert "threshold" not in class_page.tables["Clips of the test split, label by label."][0]

    def test_confusion_shows_every_count(self, trimmed: Made, class_page: Page) -> None:
        counts = trimmed.result.confusion
        assert counts is not None
        assert (
            sum(" taken for " in text for text, path in class_page.texts if path[-1] == "title") == (counts > 0).sum()
        )
        names = trimmed.result.labels.names
        for true, said in zip(*np.nonzero(counts), strict=True):
            clips = int(counts[true, said])
            text = f"{names[true]} taken for {names[said]}: {clips} clip{'' if clips == 1 else 's'}, "
            assert any(found.startswith(text) for found, _ in class_page.texts)

    def test_mix_ups_are_the_largest_wrong_cells(self, trimmed: Made, class_page: Page) -> None:
        counts = trimmed.result.confusion
        assert counts is not None
        wrong = counts - np.diag(np.diag(counts))
        rows = class_page.tables["Most frequent mix-ups."][1:]
        expected = np.sort(wrong[wrong > 0])[::-1][:10]
        assert [int(row[2]) for row in rows] == expected.tolist()


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
            picture = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
            assert picture.shape == (144, 192, 3)
            assert picture.mean() == pytest.approx(40 + 2 * second, abs=2)
            assert values["alt"] == f"frame at {wording.clock(second)}"
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
    def test_nothing_without_files(self, several: Made) -> None:
        assert extra_sections(several.run, "test") == ()

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


class TestWording:
    @pytest.mark.parametrize(
        ("seconds", "said"),
        [
            (0, "0:00.0"),
            (9.94, "0:09.9"),
            (59.96, "1:00.0"),
            (3599.99, "1:00:00.0"),
            (7384.26, "2:03:04.3"),
            (math.nan, "–"),
        ],
    )
    def test_clock(self, seconds: float, said: str) -> None:
        assert wording.clock(seconds) == said

    @given(st.floats(0, 1e6))
    def test_clock_reads_back(self, seconds: float) -> None:
        parts = [float(part) for part in wording.clock(seconds).split(":")]
        assert sum(part * 60**place for place, part in enumerate(reversed(parts))) == pytest.approx(seconds, abs=0.0501)
        assert all(part < 60 for part in parts[1:])

    @pytest.mark.parametrize(
        ("seconds", "said"),
        [(0.44, "0.4 s"), (9.96, "10 s"), (59.7, "1 min 0 s"), (61, "1 min 1 s"), (7200, "2 h 0 min")],
    )
    def test_length(self, seconds: float, said: str) -> None:
        assert wording.length(seconds) == said

    def test_signs_shares_and_counts(self) -> None:
        assert [wording.signed(value) for value in (0.04, -0.04, 1.26, -1.26)] == ["0.0", "0.0", "+1.3", "−1.3"]
        assert [wording.percent(v) for v in (0, 0.004, 0.256)] == ["0\u202f%", "0.4\u202f%", "26\u202f%"]
        assert wording.count(1234567) == "1\u202f234\u202f567"
        assert wording.listed(["a", "b", "c"], 2) == "a, b and 1 more"
