"""The HTML report: what it says is what was measured, and it loads nothing."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from html_page import Page
from hypothesis import given
from hypothesis import strategies as st
from report_runs import EVIL, Made, by_hand, multi_class, multi_label, written

from actscribe.annotations.interval import Interval
from actscribe.evaluation.events import event_table
from actscribe.report import formatting
from actscribe.report.page import write_report
from actscribe.report.review_links import LINK_START
from actscribe.report.verdict import verdict, warnings
from actscribe.runs.evaluate import EvaluatedRun, evaluate


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return multi_label(tmp_path_factory.mktemp("several"), recordings=6, groups=6)


@pytest.fixture(scope="module")
def trimmed(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return multi_class(tmp_path_factory.mktemp("trimmed"))


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
            links = [values["href"] for name, values, _ in one.elements if name == "a" and "href" in values]
            assert links
            assert all(link[0] == "#" and link[1:] in one.ids for link in links)

    def test_moments_wait_for_review_to_make_links_of_them(self, several: Made, page: Page, html: str) -> None:
        moments = [values["data-moment"] for name, values, _ in page.elements if name == "a" and "href" not in values]
        errors, by_name = several.result.errors, {one.name: one for one in several.result.recordings}
        wanted = [(by_name[row["recording"]].id, row["start"]) for _, row in errors.iterrows()]
        pairs = [tuple(one.split("@")) for one in moments]
        for id, seconds in wanted:
            assert any(one == id and 0 <= float(at) - seconds < 0.0011 for one, at in pairs)
        assert html.count(LINK_START) == len(moments)
        first = errors.iloc[0]
        assert f"--open '{first['recording']}@" in page.text or f"--open {first['recording']}@" in page.text

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

    def test_evaluate_writes_it_from_kept_scores(self, tmp_path: Path) -> None:
        made = multi_label(tmp_path, recordings=2, groups=2, duration=40.0)
        made.run.save_scores("test", made.scored)
        done = evaluate(made.run, "test")
        headline = f"Macro F1 {done.evaluation.headline():.2f} "
        assert headline in Page(done.report.read_text(encoding="utf-8")).text
        assert (made.run.folder / "metrics-test.json").is_file()

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
        made.run.info.study = odd
        made.run.info.notes.append(odd)
        page = Page(written(replace(made, result=replace(made.result, recordings=(recording,)))))
        assert page.text.count(odd) >= 3
        assert not [name for name, _, _ in page.elements if name == "img"]


class TestNumbers:
    def test_label_table_holds_the_measured_numbers(self, several: Made, page: Page) -> None:
        rows = page.tables["Clips of the test split, label by label."]
        assert rows[0][0] == "label"
        measured = several.result.table
        assert len(rows) == 1 + len(measured)
        for cells, (_, row), index in zip(rows[1:], measured.iterrows(), range(99), strict=False):
            assert cells[0] == row["label"]
            under = dict(zip(rows[0], cells, strict=True))
            assert [under[name] for name in ("precision", "recall", "F1")] == [
                two(row[name]) for name in ("precision", "recall", "f1")
            ]
            assert under["AP"] == two(row["average_precision"])
            assert under["clips with"].replace("\u202f", "") == str(row["support"])
            assert under["predicted"] == f"{100 * row['predicted_rate']:.0f}\u202f%"
            assert under["annotated"] == f"{100 * row['prior']:.0f}\u202f%"
            confidence = several.result.confidence
            known = index < len(confidence) and np.isfinite(confidence["low"][index])
            interval = cells[rows[0].index("F1") + 1]
            assert interval == (f"{two(confidence['low'][index])}–{two(confidence['high'][index])}" if known else "–")
        assert [cells[rows[0].index("threshold")] for cells in rows[1:]] == ["0.500"] * 4 + ["–"] * 2

    def test_a_label_that_was_never_marked_has_a_dash_for_precision_and_a_reason(self, tmp_path: Path) -> None:
        annotated = (Interval("Walking", 0, 50), Interval("Sitting", 60, 90))
        made = by_hand(tmp_path, annotated, (Interval("Walking", 0, 50),))
        html = written(made)
        head, *rows = Page(html).tables["Clips of the test split, label by label."]
        precision = {row[0]: row[head.index("precision")] for row in rows}
        assert precision == {"Walking": "1.00", "Sitting": "–", "macro": "0.50", "micro": "1.00"}
        assert "a dash where none was marked" in Page(html).text
        never = next(rows for title, rows in Page(html).tables.items() if title == "Baseline: always no.")
        assert {row[1] for row in never[1:]} == {"–"}
        assert made.result.table["precision"].tolist()[:2] == [1.0, 0.0]  # files keep scikit-learn's convention
        shown = EvaluatedRun(made.run, made.result, Path()).summary()
        table = next(iter(shown.values())).set_index("label")
        assert np.isnan(table.loc["Sitting", "precision"])
        assert table["note"].tolist() == ["", "a label without precision was marked in no clip", "", ""]

    def test_a_threshold_that_was_not_chosen_is_marked(self, tmp_path: Path) -> None:
        walking = (Interval("Walking", 0, 50), Interval("Sitting", 50, 100))
        made = by_hand(tmp_path, walking, walking)
        made.run.save_operating_point(made.run.operating_point.model_copy(update={"fallbacks": ("Sitting",)}))
        page = Page(written(made))
        head, *rows = page.tables["Clips of the test split, label by label."]
        assert [row[head.index("threshold")] for row in rows] == ["0.500", "0.500 (default)", "–", "–"]
        assert page.tables["Operating point, chosen on validation only."][2][1] == "0.500 (default)"

    def test_baselines_stand_beside(self, several: Made, page: Page) -> None:
        groups, _, *rows = next(v for k, v in page.tables.items() if k.startswith("Against answers"))
        assert groups == ["", "this recognizer", "always yes", "always no", "prior"]
        tables = [several.result.table, *several.result.baselines.values()]
        for index, cells in enumerate(rows):
            expected = [two(table[key][index]) for table in tables for key in ("f1", "average_precision")]
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
        rows = next(v for k, v in page.tables.items() if k.startswith("Where the timelines are wrong"))[1:]
        assert len(rows) == len(several.result.errors)
        for cells, (_, row) in zip(rows, several.result.errors.iterrows(), strict=True):
            assert cells[:3] == [row["recording"], row["label"], row["kind"]]
            minutes, seconds = cells[3].split(":")
            assert int(minutes) * 60 + float(seconds) == pytest.approx(row["start"], abs=0.051)
            assert cells[5] == f"{row['seconds']:.1f}"
            assert cells[6] == ("whole bout" if row["whole"] else "part")
            assert cells[7] == ("–" if np.isnan(row["score"]) else two(row["score"]))

    def test_two_by_two_counts_add_up_to_the_annotated_clips(self, several: Made, page: Page) -> None:
        for index, name in enumerate(several.result.labels.names):
            texts = [text for text, _ in page.texts if text.startswith(f"{name}: ") and " of " in text]
            counts = {m[1]: int(m[2]) for m in (re.match(r".*: (.*), (\d+) clip", text) for text in texts) if m}
            row = several.result.table.iloc[index]
            assert sum(counts.values()) == row["annotated"]
            assert counts["found"] + counts["missed"] == row["support"]
            assert counts["found"] / (counts["found"] + counts["false alarm"]) == pytest.approx(row["precision"])

    def test_data_and_decisions_are_there(self, several: Made, page: Page) -> None:
        assert page.tables["Recordings."][1:] == [
            [s, "6", "6", "12 min 0 s", "0"] for s in ("train", "validation", "test")
        ]
        groups, _, first, *_ = page.tables["Annotated intervals and clips per label."]
        assert groups == ["", "train", "validation", "test"]
        test = several.run.recordings("test")
        assert first[9] == str(sum(i.label == first[0] for r in test for i in r.intervals or ()))
        decisions = page.tables["Operating point, chosen on validation only."]
        assert decisions[1][:7] == ["Baby visible", "0.500", "0.550", "0.400", "0.50", "0.50", "0.00"]
        assert page.tables["Settings of the recognizer."][1:] == [["model", '"embedded"'], ["epochs", "12"]]
        assert ["torch", "2.14.0"] in page.tables["Versions."]
        assert ["seed", "7"] in page.tables["At a glance."]
        assert ["split", "test, scored 1 time"] in page.tables["At a glance."]
        assert f"actscribe evaluate {several.run.folder} --split test" in page.text


class TestVerdict:
    def test_first_sentence(self, several: Made, page: Page) -> None:
        macro = several.result.confidence.iloc[4]
        yes = several.result.baselines["always yes"]["f1"].iloc[4]
        clips = int((~np.isnan(several.result.targets).all(axis=1)).sum())
        assert clips < len(several.result.clips)  # some are in a span that nobody annotated
        assert verdict(several.result)[0] == (
            f"Macro F1 {macro['value']:.2f} (95 % interval {macro['low']:.2f}–{macro['high']:.2f}) on {clips} clips of "
            f"6 recordings of 6 groups; always answering yes would give {yes:.2f}."
        )
        assert verdict(several.result)[0] in page.text
        assert "lies above the best baseline" in verdict(several.result)[2]

    def test_of_a_multi_class_set_names_the_accuracy(self, trimmed: Made) -> None:
        targets, scores = trimmed.result.targets, trimmed.result.scores
        right = np.mean(targets.argmax(axis=1) == scores.argmax(axis=1))
        assert f"right class in {100 * right:.0f}\u202f% of the clips" in verdict(trimmed.result)[1]

    def test_says_so_when_it_is_no_better_than_saying_yes(self, tmp_path: Path) -> None:
        everywhere, somewhere = (
            (Interval("Walking", 0, 100),),
            (Interval("Walking", 0, 100), Interval("Sitting", 0, 30)),
        )
        made = by_hand(tmp_path, somewhere, (*everywhere, Interval("Sitting", 40, 90)))
        assert verdict(made.result)[2] == "That is no better than always answering yes."
        assert "no interval: 1 group, and it needs 5)" in verdict(made.result)[0]

    def test_timelines_that_are_worse_than_the_clips_are_said_in_the_headline(self, tmp_path: Path) -> None:
        walking = (Interval("Walking", 0, 50), Interval("Sitting", 50, 100))
        good = by_hand(tmp_path / "good", walking, walking)
        assert verdict(good.result)[3].endswith(
            "F1 of time 1.00, of whole bouts (overlap of half) 1.00;"
            " marking every label all the time would reach an F1 of time of 0.67."
        )
        timelines = {"only": (Interval("Walking", 0, 10), Interval("Sitting", 50, 60))}
        events = event_table(good.result.recordings, timelines, good.result.labels)
        sentence = verdict(replace(good.result, events=events))[3]  # 2 * 10 / (10 + 50) = 0.33 of time
        assert "much worse than the decisions on clips" in sentence
        assert sentence.endswith("They are no better than marking everything.")

    def test_a_recognizer_that_marks_nothing_has_no_share_of_right_ones(self, tmp_path: Path) -> None:
        made = by_hand(tmp_path, (Interval("Walking", 0, 50),), ())
        assert verdict(made.result)[1] == "It marked no clip at all."

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
        sentence = verdict(replace(made.result, confidence=confidence))[2]
        assert sentence.endswith("That of Ventilation alone does not.")


class TestWarnings:
    def test_few_groups_stand_at_the_top(self, tmp_path: Path) -> None:
        page = Page(written(multi_label(tmp_path, recordings=4, groups=4)))
        head = [text for text, path in page.texts if "header" in path]
        assert "Only 4 groups: an interval needs 5." in head
        assert any(text.endswith("on other groups too cannot be judged from 4 groups.") for text in head)

    def test_few_validation_bouts_stand_at_the_top(self, page: Page) -> None:
        head = [text for text, path in page.texts if "header" in path]
        assert "Timeline of Ventilation: chosen on only 3 validation bouts: take it as a first guess." in head

    def test_labels_without_or_with_few_clips(self, tmp_path: Path) -> None:
        made = by_hand(tmp_path, (Interval("Walking", 0, 30),), (Interval("Walking", 0, 30),))
        notes = warnings(made.run, made.result)
        assert any("No clip of this split shows Sitting" in note for note in notes)
        assert any("Fewer than 10 clips show Walking (3)" in note for note in notes)

    def test_a_split_that_was_tuned_on_or_read_again(self, tmp_path: Path) -> None:
        made = by_hand(tmp_path, (Interval("Walking", 0, 30),), ())
        assert not any("scored" in note for note in warnings(made.run, made.result))
        made.run.info.reads["test"] = 3
        assert any("scored 3 times" in note for note in warnings(made.run, made.result))
        assert "tuned" in warnings(made.run, replace(made.result, split="validation"))[0]
        assert "trained" in warnings(made.run, replace(made.result, split="train"))[0]

    def test_notes_of_the_run_are_not_lost(self, tmp_path: Path) -> None:
        made = multi_label(tmp_path, recordings=2, groups=2, notes=("no clip of validation shows: Suction",))
        assert "No clip of validation shows: Suction." in warnings(made.run, made.result)


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
        for true, predicted in zip(*np.nonzero(counts), strict=True):
            clips = int(counts[true, predicted])
            text = f"{names[true]} taken for {names[predicted]}: {clips} clip{'' if clips == 1 else 's'}, "
            assert any(shown.startswith(text) for shown, _ in class_page.texts)

    def test_mix_ups_are_the_largest_wrong_cells(self, trimmed: Made, class_page: Page) -> None:
        counts = trimmed.result.confusion
        assert counts is not None
        wrong = counts - np.diag(np.diag(counts))
        rows = class_page.tables["Most frequent mix-ups."][1:]
        expected = np.sort(wrong[wrong > 0])[::-1][:10]
        assert [int(row[2]) for row in rows] == expected.tolist()


class TestWording:
    @pytest.mark.parametrize(
        ("seconds", "text"),
        [
            (0, "0:00.0"),
            (9.94, "0:09.9"),
            (59.96, "1:00.0"),
            (3599.99, "1:00:00.0"),
            (7384.26, "2:03:04.3"),
            (math.nan, "–"),
        ],
    )
    def test_clock(self, seconds: float, text: str) -> None:
        assert formatting.clock(seconds) == text

    @given(st.floats(0, 1e6))
    def test_clock_reads_back(self, seconds: float) -> None:
        parts = [float(part) for part in formatting.clock(seconds).split(":")]
        assert sum(part * 60**index for index, part in enumerate(reversed(parts))) == pytest.approx(seconds, abs=0.0501)
        assert all(part < 60 for part in parts[1:])

    @pytest.mark.parametrize(
        ("seconds", "text"),
        [(0.44, "0.4 s"), (9.96, "10 s"), (59.7, "1 min 0 s"), (61, "1 min 1 s"), (7200, "2 h 0 min")],
    )
    def test_length(self, seconds: float, text: str) -> None:
        assert formatting.length(seconds) == text

    def test_signs_shares_and_counts(self) -> None:
        assert [formatting.signed(value) for value in (0.04, -0.04, 1.26, -1.26)] == ["0.0", "0.0", "+1.3", "−1.3"]
        assert [formatting.percent(v) for v in (0, 0.004, 0.256)] == ["0\u202f%", "0.4\u202f%", "26\u202f%"]
        assert formatting.count(1234567) == "1\u202f234\u202f567"
        assert formatting.listed(["a", "b", "c"], 2) == "a, b and 1 more"
