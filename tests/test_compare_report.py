"""The comparison's tables and report on made-up runs: numbers against their sources, the page as a page."""

from __future__ import annotations

import csv
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from comparisons import SKILLS, made_up
from html_page import Page
from sklearn.metrics import f1_score
from systems import MULTI_CLASS, NAMES
from typer.testing import CliRunner

from actscribe.cli import app
from actscribe.compare.compare import rewrite_report
from actscribe.compare.result import assemble
from actscribe.evaluation.comparison.calibration import CALIBRATION_COLUMNS, RISK_COLUMNS
from actscribe.evaluation.comparison.curve import CURVE_COLUMNS
from actscribe.evaluation.comparison.hallucination import CLAIM_COLUMNS
from actscribe.evaluation.comparison.slices import SLICE_COLUMNS
from actscribe.evaluation.comparison.timelines import OFF_COLUMNS
from actscribe.evaluation.intervals import group_units
from actscribe.ownership import MARKER
from actscribe.report import svg
from actscribe.report.comparison import charts, sentences
from actscribe.report.comparison.charts import Series, lines
from actscribe.report.comparison.comparison import Comparison
from actscribe.report.comparison.page import content, write_comparison_report
from actscribe.report.comparison.show import show
from actscribe.report.comparison.verdict import verdict as first_sentences
from actscribe.report.table import INTERVAL
from actscribe.run_folder.comparison import write_tables
from actscribe.run_folder.run import Run

CAPTION = "Where recognizers contradict each other most surely. Look at these moments first."
FIGURES = ("forest", "heat", "calibration", "risk", "curve", "cost", "slices", "hallucination")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    folder = tmp_path_factory.mktemp("comparison")
    return assemble(folder, made_up(folder))


@pytest.fixture(scope="module")
def html(done: Comparison) -> str:
    return write_comparison_report(done).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_every_column_of_numbers_has_a_title_of_its_own_and_the_page_explains_it(done: Comparison) -> None:
    shown = content(done)
    explained_titles = {title.lower() for title, _ in shown["words"]}
    declared = {figure.key: figure.tables[0] for figure in shown["figures"]} | {"off": shown["indicator_table"]}
    for key, columns in (
        ("calibration", CALIBRATION_COLUMNS),
        ("risk", RISK_COLUMNS),
        ("curve", CURVE_COLUMNS),
        ("slices", SLICE_COLUMNS),
        ("hallucination", CLAIM_COLUMNS),
        ("off", OFF_COLUMNS),
    ):
        titles = [head.title for head in declared[key].columns if head.title != INTERVAL.title]
        assert titles == [column.title for column in columns]
        assert {column.title.lower() for column in columns if column.meaning} <= explained_titles
    assert {column.name for column in CLAIM_COLUMNS} == set(done.tables["hallucination"])


def test_headline_is_that_of_the_kept_scores(done: Comparison) -> None:
    table = done.tables["headline"].set_index("system")
    assert table.index.tolist()[:3] == list(SKILLS)
    (run,) = done.runs["vlm-yesno"]
    scored = pd.read_parquet(run.folder / "scores-test.parquet")
    truth = scored[[f"fraction: {name}" for name in NAMES]].to_numpy()
    decided = scored[[f"score: {name}" for name in NAMES]].to_numpy() >= 0.5
    known = ~pd.isna(truth).any(axis=1)
    expected = f1_score(truth[known] >= 0.5, decided[known], average="macro")
    assert table.loc["vlm-yesno", "macro_f1"] == pytest.approx(expected)
    assert table["seeds"].tolist()[:3] == [2, 1, 2]


def test_the_learning_curve_ends_with_all_recordings(done: Comparison) -> None:
    table = done.tables["learning_curve"]
    rows = table[["system", "recordings"]].values.tolist()
    assert rows == [["timesformer", 2], ["timesformer", 8], ["vlm-yesno", 8], ["vlm-lora", 2], ["vlm-lora", 8]]
    headline = done.tables["headline"].set_index("system")
    last = table[table["recordings"] == 8].set_index("system")
    for name in SKILLS:
        assert last.loc[name, "macro_f1"] == headline.loc[name, "macro_f1"]
        assert last.loc[name, "low"] == headline.loc[name, "low"]


def test_every_figure_has_a_sentence_a_picture_and_its_table(page: Page) -> None:
    headings = {values["id"] for name, values, _ in page.elements if name == "h2"}
    assert headings >= {*FIGURES, "timelines", "disagreements", "made"}
    pictures = [values.get("aria-label") for name, values, _ in page.elements if name == "svg" and "role" in values]
    # forest, heat map, three reliability plots, risk, curve, cost, slices, hallucination, eight recordings
    assert len(pictures) == 2 + 3 + 5 + 8
    assert all(pictures)
    captions = " ".join(page.tables)
    for word in (
        "Label by label.",
        "Calibration error",
        "certain clips",
        "training recordings",
        "Cost",
        "is not there",
        "the points of the plots",
        "on parts of the test recordings",
        "Bouts of test-r0, from–to.",
    ):
        assert word in captions


def test_the_page_loads_nothing_and_is_well_formed(html: str, page: Page) -> None:
    assert len(page.ids) == len(set(page.ids))
    links = [values["href"] for name, values, _ in page.elements if name == "a" and "data-moment" not in values]
    assert all(link[0] == "#" and link[1:] in page.ids for link in links)
    assert "http:" not in html
    assert "https:" not in html
    assert not {name for name, _, _ in page.elements} & {"script", "link", "img", "iframe", "object", "embed"}
    style = html[html.index("<style>") : html.index("</style>")]
    used = {c for _, values, path in page.elements if "svg" in path for c in values.get("class", "").split()}
    assert used - {"name"} <= set(re.findall(r"\.([a-z]+)", style))


def test_sentences_say_what_the_tables_hold(done: Comparison, page: Page) -> None:
    headline = done.tables["headline"].set_index("system")
    verdict = first_sentences(done)
    assert verdict[0].startswith(f"vlm-lora has the highest macro F1: {headline.loc['vlm-lora', 'macro_f1']:.2f} (95 %")
    pair = done.tables["pairs"].set_index(["first", "second"]).loc[("timesformer", "vlm-lora")]
    assert f"{pair['difference']:.2f} above timesformer" in verdict[1]
    assert all(sentence in page.text for sentence in verdict)
    labels = done.tables["labels"]
    best = labels[labels["system"].isin(SKILLS)].groupby("label")["f1"].max()
    assert sentences.heat(done).startswith(f"{best.idxmin()} is the hardest label")
    risk = done.tables["risk_coverage"].set_index(["system", "to_person"])["macro_f1"]
    assert f"{risk[('vlm-lora', 0.2)]:.2f} instead of {risk[('vlm-lora', 0.0)]:.2f}" in sentences.risk(done)
    alarms = done.tables["hallucination"].set_index("system")["false_alarm_rate"]
    assert f"vlm-yesno marks a label in {100 * alarms['vlm-yesno']:.0f}" in sentences.hallucination(done)
    slices = done.tables["slices"]
    best = slices[slices["system"] == "vlm-lora"].groupby("slice")["macro_f1"]
    widest = best.get_group((best.max() - best.min()).idxmax())
    assert f"macro F1 {widest.min():.2f} for" in sentences.slices(done)  # no part has enough groups for an interval
    assert f"and {widest.max():.2f} " in sentences.slices(done)
    firsts = done.tables["indicators"].query("system == 'vlm-lora' and indicator == 'first_s'").set_index("label")
    name = firsts["off_by"].idxmax()
    assert f"the time to the first {name} is off by {firsts.loc[name, 'off_by']:.1f} s (95" in sentences.indicators(
        done
    )
    assert sentences.slices(done) in page.text
    assert sentences.indicators(done) in page.text
    row = done.tables["disagreements"].iloc[0]
    assert (row["says_yes"], row["says_no"].count(",")) == ("vlm-yesno", 1)
    others = row["says_no"].replace(", ", " and ")
    assert f"vlm-yesno sees {row['label']}, {others} do not" in sentences.disagreements(done)
    assert "vlm-lora reaches" in sentences.curve(done)
    assert "2.0 s" not in sentences.cost(done)
    assert sentences.cost(done).startswith("vlm-lora is quickest, 0.10 s of compute")


def test_moments_lead_to_review_by_a_command_and_by_what_becomes_a_link(
    done: Comparison, html: str, page: Page
) -> None:
    contents = {one.name: one.content for one in done.provenance.recordings}
    table = done.tables["disagreements"]
    wanted = [
        f"{contents[row['recording']][:16]}@{math.ceil(row['start'] * 1000 - 1e-3) / 1000:.3f}"
        for row in table.to_dict("records")
    ]
    links = [(one["data-moment"], path) for name, one, path in page.elements if "data-moment" in one]
    assert [moment for moment, path in links if "table" in path] == wanted
    bars = [moment for moment, path in links if "svg" in path]
    shown = {one.content[:16] for one in done.shared.recordings}
    assert bars
    assert {moment.partition("@")[0] for moment in bars} <= shown
    assert not any("href" in one for _, one, path in page.elements if "data-moment" in one)
    first = table.iloc[0]
    clock = next(row[1] for row in page.tables[CAPTION][1:])
    assert f"<pre>actscribe review {done.provenance.study.folder} --open {first['recording']}@{clock}</pre>" in html


def test_bouts_of_a_recording_are_there_as_times(done: Comparison, page: Page) -> None:
    recording = done.shared.recordings[1]
    rows = page.tables[f"Bouts of {recording.name}, from–to."]
    assert rows[0] == ["label", "annotated", *SKILLS]
    first = next(one for one in recording.intervals or () if one.label == rows[1][0])
    assert rows[1][1].startswith(f"0:{first.start:04.1f}–0:{first.end:04.1f}")
    assert rows[1][1].count("–") == sum(one.label == rows[1][0] for one in recording.intervals or ())
    points = page.tables["Scores and the shares that came true: the points of the plots."][1:]
    annotated = int((~np.isnan(done.shared.targets)).sum())
    decisions = [int(row[3].replace("\u202f", "")) for row in points if row[0] == "vlm-yesno"]
    assert sum(decisions) == annotated


FIRST_TABLES = (
    "All recognizers, and below them answers that never look at the video.",
    "Timelines against annotation, means over labels, with 95 % intervals.",
)


def test_heads_of_the_first_tables_are_explained_without_a_pointer(page: Page) -> None:
    """Explanations in `title` are seen by nobody with a keyboard, a finger or paper."""
    words = page.text[page.text.rindex("\nWords") :]
    words = words.casefold()
    tables = [page.tables[name][0] for name in ("Pair by pair.", "Label by label.", *FIRST_TABLES)]
    heads = {head for table in tables for head in table} - {"recognizer", "against", "label", "clips with"}
    assert {"macro F1", "95 % interval", "± seeds", "MCC", "would show", "start off (s)"} <= heads
    for head in heads:
        assert f"\n{head.casefold()}\n" in words, head


def contrast(one: str, other: str) -> float:
    """Of two colours as WCAG 2 counts it."""

    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def mixed(over: str, under: str, opacity: float) -> str:
    pairs = [(int(over[i : i + 2], 16), int(under[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(opacity * a + (1 - opacity) * b):02x}" for a, b in pairs)


def test_every_text_stands_out_from_what_is_behind_it(html: str) -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    style = html[html.index("<style>") : html.index("</style>")]
    roots = re.findall(r":root \{([^}]*)\}", style)
    light, dark = (dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", root)) for root in roots)
    series = [re.findall(r"--own: (#[0-9a-f]{6})", line) for line in re.findall(r"\.one \{.*\n.*", style)]
    assert [len(colours) for colours in series] == [8, 8]
    for theme, colours in zip((light, {**light, **dark}), series, strict=True):
        paper, ink = theme["paper"], theme["ink"]
        for colour in (ink, theme["soft"], theme["blue"], *colours):
            assert contrast(colour, paper) >= 4.5
        for back in ("panel", "good-back", "amber-back"):
            assert contrast(ink, theme[back]) >= 4.5
        assert contrast(theme["amber"], theme["amber-back"]) >= 4.5
        for cell in ("cell-blue", "cell-red"):
            for share in (0.0, 0.5, 1.0):
                assert contrast(ink, mixed(theme[cell], paper, svg.shade(share))) >= 4.5


def test_recognizers_past_the_eighth_are_told_apart(html: str) -> None:
    assert charts.colour(3) == "four"
    assert charts.colour(11) == "four again"
    series = [Series("a", charts.colour(8), [0.0, 1.0], [0.5, 0.6])]
    drawn = str(lines(series, {0.0: "0", 1.0: "1"}, "x", "y", "title"))
    assert 'class="line one again"' in drawn
    assert 'class="mark one again"' in drawn
    assert 'class="wide"' in drawn
    # Nowhere else: a hollow mark is an answer that never looks, a dashed line is chance.
    assert re.findall(r"^(.*)\.again \{", html, re.MULTILINE) == [".wide .line", ".wide .mark"]


def test_heads_of_the_heat_map_are_whole(done: Comparison) -> None:
    labels = done.tables["labels"].replace({"system": {"vlm-lora": "vifi-clip-vghif"}})
    drawn = str(charts.heat_map(labels, ["timesformer", "vifi-clip-vghif"], done.shared.labels.names))
    assert ">vifi-clip-</text>" in drawn
    assert ">vghif</text>" in drawn
    assert "…" not in drawn


@pytest.mark.parametrize(("groups", "expected"), [(4, ["Only 4 groups: an interval needs 5."]), (5, [])])
def test_where_there_is_no_interval_the_reason_is_said(done: Comparison, groups: int, expected: list[str]) -> None:
    grouping = group_units([str(index) for index in range(groups)])
    assert content(replace(done, shared=replace(done.shared, grouping=grouping)))["warnings"] == expected


def test_what_holds_for_all_is_warned_of_once(tmp_path: Path) -> None:
    provenance = made_up(tmp_path, count=4, seeds=1, curve=())
    for index, folder in enumerate(sorted(one.beside for one in provenance.runs.values())):
        run = Run.open(tmp_path / folder)
        run.info.notes = ["no clip of test shows: X", *(f"note {number}" for number in range(12 if index else 0))]
        run.info.reads["test"] = 2 if index else 1
        run.save_info()
    notes = content(assemble(tmp_path, provenance))["warnings"]
    assert notes[0].startswith("Only 2 groups")
    assert notes[1].startswith(
        "Trained once, so that what another training would change is in no interval: timesformer"
    )
    assert notes[2] == "No clip of test shows: X."
    assert notes[3] == "vlm-yesno, vlm-lora: note 0."
    assert len(notes) == 13
    assert notes[-1] == "And 4 more, in the reports of the single runs."


def test_the_report_is_written_again_and_opened(done: Comparison, html: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def undated(text: str) -> str:
        return re.sub(r"ActScribe report of [^.]*\.", "", text)

    assert undated(rewrite_report(done.folder).read_text(encoding="utf-8")) == undated(html)
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    ended = CliRunner().invoke(app, ["report", str(done.folder), "--open"])
    assert ended.exit_code == 0, ended.output
    assert opened == [(done.folder / "report.html").resolve().as_uri()]
    run = done.runs["vlm-lora"][0].folder
    assert CliRunner().invoke(app, ["report", str(run)]).exit_code == 0
    assert (run / "report-test.html").is_file()
    assert CliRunner().invoke(app, ["report", str(run / "model")]).exit_code == 2


def test_trimmed_classes_have_a_report_without_timelines(tmp_path: Path) -> None:
    done = assemble(tmp_path, made_up(tmp_path, count=24, seeds=1, curve=(), labels=MULTI_CLASS))
    page = Page(write_comparison_report(done).read_text(encoding="utf-8"))
    assert "timelines" not in page.ids
    assert "curve" not in page.ids
    assert "forest" in page.ids


def test_tables_are_written_in_three_spellings(done: Comparison, tmp_path: Path) -> None:
    write_tables(tmp_path, done.tables)
    names = {path.name for path in (tmp_path / "tables").iterdir()}
    assert names == {MARKER, *(f"{name}.{ending}" for name in done.tables for ending in ("csv", "tex", "md"))}
    with (tmp_path / "tables" / "headline.csv").open(encoding="utf-8-sig", newline="") as file:
        read = [float(row["macro_f1"]) for row in csv.DictReader(file)]
    assert read == done.tables["headline"]["macro_f1"].tolist()  # unrounded


def test_a_test_split_that_shows_nothing_is_borne(tmp_path: Path) -> None:
    done = assemble(tmp_path, made_up(tmp_path, count=4, seeds=1, shown=False))
    page = Page(write_comparison_report(done).read_text(encoding="utf-8"))
    assert "Nothing can be compared: no clip of the test split shows any of the labels." in page.text
    assert {"forest", "hallucination", "timelines"} <= set(page.ids)
    show(done)
